/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for the live table. Where there is none left the daemon says so and ends with
 * status 1: what is recorded survives kill -9 at any moment, so it survives that, too,
 * and starting again needs less memory than going on with half of what was seen.
 */
#ifndef BYWAY_MGMTD_MEMORY_H
#define BYWAY_MGMTD_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* `pointer`, unless it is NULL: then the process ends. */
void *memory_need(void *pointer);
/* The same for functions that say false when memory is out. */
void memory_need_true(bool done);

void *memory_zeroed(size_t size);
/* A copy of a string; NULL of NULL. */
char *memory_copy(const char *text);
/* realloc() of an array of `count` things. */
void *memory_array(void *array, size_t count, size_t size);

#endif
