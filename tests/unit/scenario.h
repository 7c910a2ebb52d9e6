/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a scenario of tests/scenario (its README says what one looks like) through the real
 * parser and recorder, whole, in pieces and with interruptions.
 */
#ifndef BYWAY_TESTS_SCENARIO_H
#define BYWAY_TESTS_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a scenario is run. */
struct scenario_way {
    size_t chunk; /* bytes of management input fed at a time; 0: as many as there are; SIZE_MAX: at
                     random */
    long kill_at; /* the daemon is killed at this moment; -1: never */
    long tear_at; /* the spool is looked at when so many bytes of it are there; -1: never */
    bool tear_and_kill;
    size_t step; /* sessions the recorder works on at a time; 0: many */
};

/* What a run came to. */
struct scenario_result {
    char *shown;    /* every row, sorted */
    char *expected; /* what the file says */
    long moments;   /* at which it could have been killed */
    long spooled;   /* bytes */
};

struct scenario_result scenario_run(const char *path, const struct scenario_way *way);
void scenario_free(struct scenario_result *result);

/* "ADDRESS TIME VERDICT USER …": who had that address, and is it certain? Ends the test if not. */
void scenario_who(const char *database, int64_t now, const char *question);

/* Takes the lines of `text` that begin with `word` away. */
void scenario_without(char *text, const char *word);

#endif
