/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/sim/timers.h"

#include <stdio.h>
#include <stdlib.h>

static void swap(struct timer *a, struct timer *b)
{
    struct timer c = *a;

    *a = *b;
    *b = c;
}

static bool is_before(const struct timer *a, const struct timer *b)
{
    if (a->ms != b->ms)
        return a->ms < b->ms;
    return a->kind != b->kind ? a->kind < b->kind : a->id < b->id;
}

void timers_set(struct timers *timers, struct timer timer)
{
    uint32_t i = timers->n;

    if (timers->n == timers->room) {
        timers->room = timers->room > 0 ? timers->room * 2 : 1024;
        timers->heap = realloc(timers->heap, timers->room * sizeof *timers->heap);
        if (!timers->heap) {
            fprintf(stderr, "sim: out of memory\n");
            exit(2);
        }
    }
    timers->heap[timers->n++] = timer;
    for (; i > 0 && is_before(&timers->heap[i], &timers->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&timers->heap[i], &timers->heap[(i - 1) / 2]);
}

bool timers_take(struct timers *timers, int64_t ms, struct timer *timer)
{
    uint32_t i = 0;

    if (timers->n == 0 || timers->heap[0].ms > ms)
        return false;
    *timer = timers->heap[0];
    timers->heap[0] = timers->heap[--timers->n];
    for (;;) {
        uint32_t child = 2 * i + 1;

        if (child + 1 < timers->n && is_before(&timers->heap[child + 1], &timers->heap[child]))
            child++;
        if (child >= timers->n || !is_before(&timers->heap[child], &timers->heap[i]))
            return true;
        swap(&timers->heap[i], &timers->heap[child]);
        i = child;
    }
}

void timers_free(struct timers *timers)
{
    free(timers->heap);
    *timers = (struct timers){0};
}
