/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps a real byway-mgmtd: its folder and config, and it alive or not. */
#ifndef BYWAY_TESTS_SIM_KEEPER_H
#define BYWAY_TESTS_SIM_KEEPER_H

#include "tests/sim/world.h"

#include <stdbool.h>
#include <sys/types.h>

struct keeper {
    const char *program;
    char folder[80];
    char spool[96], database_folder[96], database[120], config[96], log[96];
    bool keep; /* the folder, at the end */
    pid_t pid; /* 0: it does not run */
};

/*
 * Makes the folder (in TMPDIR or /tmp, unless keeper->folder names one) and in it the config
 * for `n` servers. The program ends where that fails.
 */
void keeper_set_up(struct keeper *keeper, const struct sim_server_spec *servers, unsigned n,
                   const char *more_config);
/* Removes the folder, unless it is to be kept. */
void keeper_tear_down(struct keeper *keeper);

void keeper_start(struct keeper *keeper);
/* Signals it and waits; the exit status as of waitpid(). */
int keeper_end(struct keeper *keeper, int signal);
/* False if it ended by itself (*status as of waitpid()). */
bool keeper_lives(struct keeper *keeper, int *status);

/* Of the process: resident memory, and the time it worked, in microseconds. */
long keeper_memory_kb(const struct keeper *keeper);
int64_t keeper_work_us(const struct keeper *keeper);

#endif
