/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that records, brought up and down together: the database, the thread that writes it,
 * the recorder, and the servers of the config. Used by the loop only.
 */
#ifndef BYWAY_MGMTD_RECORDING_H
#define BYWAY_MGMTD_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/log.h"
#include "mgmtd/config.h"
#include "mgmtd/servers.h"

struct recording;

/*
 * Opens the database of `fixed` (the config that the daemon began with), and the servers of
 * `config`. A database that is damaged, or is known to be, is set aside and a new one begun,
 * which says so in a gap. NULL if it cannot be (logged). Both configs may be freed
 * afterwards; `log` must outlive it.
 */
struct recording *recording_open(const struct config *fixed, const struct config *config,
                                 bool is_damaged, const struct log *log);

/* What of another config counts while it runs. */
void recording_configure(struct recording *recording, const struct config *config);

/* The servers, to be polled and read; owned by the recording. */
struct servers *recording_servers(struct recording *recording);

/* The descriptor that recording_news() is for. */
int recording_fd(const struct recording *recording);

/*
 * Hears what the writer says. False if the database is damaged: close the recording and open
 * it anew.
 */
bool recording_news(struct recording *recording);

/*
 * Does what is due, each a few milliseconds at most: reads the spool, hands on a batch, asks
 * the servers. When it wants to be called again, in boot_ms.
 */
int64_t recording_step(struct recording *recording);

/* One line for the service manager and the log. Returns `text`. */
char *recording_status(struct recording *recording, char *text, size_t size);

/*
 * The end of the daemon: lets the servers go, writes what there is. True if all of it is in
 * the database. Frees it.
 */
bool recording_finish(struct recording *recording);

/* Closes without writing, where the database is damaged. Frees it. NULL is harmless. */
void recording_abandon(struct recording *recording);

#endif
