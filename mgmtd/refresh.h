/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Living route sets: looks up what the policies name (addresses to fetch from, hosts, groups
 * of the system), each when it is due, and sees to it that the state files have the results.
 * Fetching is part of the loop's poll; all else that may take long is done in threads. A
 * source that hangs or fails leaves everything as it is.
 */
#ifndef BYWAY_MGMTD_REFRESH_H
#define BYWAY_MGMTD_REFRESH_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/log.h"
#include "mgmtd/config.h"

struct refresh;

/* Requests are added to `multi`. Both arguments must outlive it. NULL with errno set. */
struct refresh *refresh_new(CURLM *multi, const struct log *log);

/*
 * Ends it: what is being fetched is forgotten, a file that is being written is finished. NULL
 * is harmless.
 */
void refresh_free(struct refresh *refresh);

/*
 * From now on it does what this config says, which must live until the next one is given.
 * `state_dir` is the one of the daemon's start.
 */
void refresh_configure(struct refresh *refresh, const struct config *config, const char *state_dir);

/* To be polled for reading, beside `multi`. */
int refresh_fd(const struct refresh *refresh);

/* Does what is due, milliseconds at most. When it wants to be called again, in boot_ms. */
int64_t refresh_step(struct refresh *refresh);

/* "; 5 sources, 1 of them failing" for the status line; "" without sources. Returns `text`. */
char *refresh_status(const struct refresh *refresh, char *text, size_t size);

#endif
