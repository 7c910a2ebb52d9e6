/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The OpenVPN servers of the config: a connection for each, what is told on it brought to
 * the recorder, and what the recorder wants to know asked. Reading comes before everything
 * else, and how long a socket that had something was left unread is measured.
 */
#ifndef BYWAY_MGMTD_SERVERS_H
#define BYWAY_MGMTD_SERVERS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/log.h"
#include "mgmtd/config.h"
#include "mgmtd/recorder.h"

struct servers;

/* None yet. Both arguments must outlive it. NULL when memory is out. */
struct servers *servers_new(struct recorder *recorder, const struct log *log);
/* Closes every connection without telling the recorder. NULL is harmless. */
void servers_free(struct servers *servers);

/*
 * Makes them those of the config: what is new is connected to, what is gone is let go, what
 * changed connects anew, and the rest stays as it is. False when memory is out: some are
 * missing then.
 */
bool servers_configure(struct servers *servers, const struct config *config);

size_t servers_count(const struct servers *servers);
size_t servers_attached(const struct servers *servers);

/* When one of them wants a turn even if nothing happens, in recorder_time's boot_ms. */
int64_t servers_due_ms(const struct servers *servers);

/* Writes servers_count() entries, for servers_turn() after the poll. */
void servers_poll(const struct servers *servers, struct curl_waitfd *fds);

/*
 * Reads what is there, works on some milliseconds' worth of it and does what is due.
 * `polled_us` is when the poll ended, and `waited` whether it had to wait for something
 * (clock_us()).
 */
void servers_turn(struct servers *servers, const struct curl_waitfd *fds, int64_t polled_us,
                  bool waited);

/*
 * Asks what the recorder wishes for, and `status 3` at its interval. To be called once a
 * second; where something was read, servers_turn() does it, too.
 */
void servers_ask(struct servers *servers);

/* The longest that a socket with something to read was left unread, in microseconds. */
int64_t servers_longest_unread_us(const struct servers *servers);

/* Lines that could not be read, on the connections that stand. */
uint64_t servers_garbage(const struct servers *servers);

#endif
