/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to happen when, in the order of time (a heap). */
#ifndef BYWAY_TESTS_SIM_TIMERS_H
#define BYWAY_TESTS_SIM_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

struct timer {
    int64_t ms;
    uint32_t kind, id, generation; /* as whoever set it wants */
};

struct timers {
    struct timer *heap;
    uint32_t n, room;
};

void timers_set(struct timers *timers, struct timer timer);
/* The next one, if it is due at `ms` or before. */
bool timers_take(struct timers *timers, int64_t ms, struct timer *timer);
void timers_free(struct timers *timers);

#endif
