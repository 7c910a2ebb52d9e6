/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody at the helpdesk who never rests: runs the byway command on a database that the
 * recorder writes to, one question after the other, beside what its caller does.
 */
#ifndef BYWAY_TESTS_SIM_ASKER_H
#define BYWAY_TESTS_SIM_ASKER_H

#include <stdint.h>
#include <sys/types.h>

struct asker {
    const char *program; /* helpdesk/byway */
    const char *database;
    char notes[120]; /* a file for what the command says beside its answer */
    pid_t pid;       /* of the question under way; 0: none */
    int64_t began_ms;
    unsigned n_asked, n_found, n_failed;
    int64_t longest_ms;
};

/* Looks whether the question under way has its answer, and asks the next. Does not wait. */
void asker_turn(struct asker *asker);

/* Waits for the last answer. */
void asker_end(struct asker *asker);

#endif
