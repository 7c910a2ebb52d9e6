/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon at work. So far it says that it cannot. */
#include <config.h>

#include "mgmtd/loop.h"

#include <stdlib.h>

int daemon_run(const struct options *options, struct config *config, struct log *log, int *ready)
{
    (void)options;
    (void)ready;
    log_write(log, LOG_LEVEL_ERROR, "loop", "this version only checks its config (-n)");
    config_free(config);
    return EXIT_FAILURE;
}
