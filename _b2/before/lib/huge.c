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
    size_t page, before;

    if (size < WORTHWHILE)
        return;
    /* From page to page, so that it is all of a mapping: realloc() cannot move a part of one. */
    page = (size_t)sysconf(_SC_PAGESIZE);
    before = (uintptr_t)memory & (page - 1);
    (void)madvise((char *)memory - before, (before + size + page - 1) & ~(page - 1), MADV_HUGEPAGE);
}
