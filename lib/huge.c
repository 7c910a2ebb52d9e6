/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lets large arrays stand on huge pages, where the system has them. */
#include "lib/huge.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Two huge pages of the common size. */
#define WORTHWHILE (4u << 20)

void huge_advise(void *memory, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t before = (uintptr_t)memory & (page - 1);

    /* All of the mapping, or realloc() could not move it as one. */
    if (size >= WORTHWHILE)
        (void)madvise((char *)memory - before, (before + size + page - 1) & ~(page - 1),
                      MADV_HUGEPAGE);
}
