/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The byte counters of one session at any time: a function of its seed, so that what was
 * counted at any moment can be told again when the database is compared.
 */
#ifndef BYWAY_TESTS_SIM_TRAFFIC_H
#define BYWAY_TESTS_SIM_TRAFFIC_H

#include <stdint.h>

/* Of each direction, what a client has counted before it is let in: every session has more. */
#define TRAFFIC_HANDSHAKE 3000

struct traffic {
    uint64_t seed;
    int64_t began_ms;
    int64_t silent_ms; /* nothing comes from the client from then on; INT64_MAX: it does */
    /* what was counted until the beginning of a minute of the session; made anew at need */
    int64_t minute;
    uint64_t from_client, to_client;
};

struct traffic_count {
    uint64_t from_client, to_client;
};

void traffic_begin(struct traffic *traffic, uint64_t seed, int64_t began_ms);

/* Never falls with the time. Quick where the time goes on, slow where it goes back. */
struct traffic_count traffic_at(struct traffic *traffic, int64_t ms);

#endif
