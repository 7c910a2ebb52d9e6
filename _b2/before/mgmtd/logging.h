/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the daemon's log lines go. */
#ifndef BYWAY_MGMTD_LOGGING_H
#define BYWAY_MGMTD_LOGGING_H

#include <stdbool.h>

#include "lib/log.h"

/*
 * In the foreground standard error: with the level as systemd's journal reads it where that
 * is the journal, else as plain text. In the background syslog(3), and standard error for as
 * long as that leads to whoever started the daemon.
 */
log_sink *logging_sink(bool foreground);

#endif
