/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that are the same for the same seed on every machine (splitmix64). */
#ifndef BYWAY_TESTS_SIM_RANDOM_H
#define BYWAY_TESTS_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

/* A number that belongs to the two, and tells nothing of them. */
uint64_t random_mix(uint64_t seed, uint64_t n);

uint64_t random_next(struct random *random);
/* 0 to n - 1; n is not 0. */
uint64_t random_below(struct random *random, uint64_t n);
/* True in `percent` of 100 cases. */
bool random_percent(struct random *random, unsigned percent);
/* Milliseconds until something that happens every `mean_ms` on average; at least 1. */
int64_t random_wait(struct random *random, int64_t mean_ms);

#endif
