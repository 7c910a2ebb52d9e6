/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mgmtd/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *memory_need(void *pointer)
{
    if (pointer)
        return pointer;
    fputs("byway-mgmtd: out of memory: ending; nothing that was recorded is lost\n", stderr);
    exit(1);
}

void memory_need_true(bool done)
{
    static char something;

    memory_need(done ? &something : NULL);
}

void *memory_zeroed(size_t size)
{
    return memory_need(calloc(1, size));
}

char *memory_copy(const char *text)
{
    return text ? memory_need(strdup(text)) : NULL;
}

void *memory_array(void *array, size_t count, size_t size)
{
    return memory_need(reallocarray(array, count, size));
}
