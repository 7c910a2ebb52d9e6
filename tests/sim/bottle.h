/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon without its processes: the real parser, recorder and store, driven by the
 * simulated world's clock. Does once a (simulated) second what mgmtd's loop does, so a day
 * takes minutes.
 */
#ifndef BYWAY_TESTS_SIM_BOTTLE_H
#define BYWAY_TESTS_SIM_BOTTLE_H

#include "tests/sim/world.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bottle;

struct bottle_settings {
    const char *database, *spool_dir;
    int bytecount_s, status_s, bucket_s;
    bool verbose; /* what it logs goes to standard error */
};

struct bottle *bottle_new(struct world *world, const struct bottle_settings *settings);
void bottle_free(struct bottle *bottle);

/* The daemon begins. */
void bottle_start(struct bottle *bottle);
/* It leaves in good order, or without a word, with what it had not written yet. */
void bottle_stop(struct bottle *bottle);
void bottle_kill(struct bottle *bottle);
bool bottle_runs(const struct bottle *bottle);

/* Its connection to that server is lost until `ms`. */
void bottle_cut(struct bottle *bottle, unsigned server, int64_t ms);

/* What it does in one turn of its loop, at the world's time. */
void bottle_turn(struct bottle *bottle);
/* Until everything that was told and spooled is in the database. */
void bottle_settle(struct bottle *bottle);

/* Sessions it holds for open, bytes that wait, lines that it could not read. */
size_t bottle_open(const struct bottle *bottle);
size_t bottle_waiting(const struct bottle *bottle);
uint64_t bottle_garbage(const struct bottle *bottle);
uint64_t bottle_lines(const struct bottle *bottle);

#endif
