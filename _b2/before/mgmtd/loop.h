/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon at work. */
#ifndef BYWAY_MGMTD_LOOP_H
#define BYWAY_MGMTD_LOOP_H

#include "lib/log.h"
#include "mgmtd/config.h"
#include "mgmtd/options.h"

/*
 * Runs until SIGTERM or SIGINT, reads options->config again at SIGHUP. Takes `config` over.
 * `log->max_level` follows the config. `*ready` goes to background_ready() once the daemon is
 * up. The exit status: 0 after a signal, 1 if it cannot run or go on (logged).
 */
int daemon_run(const struct options *options, struct config *config, struct log *log, int *ready);

#endif
