/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of one session. After our connect hook OpenVPN still asks scripts and other
 * plugins, which may refuse the client. On a tun device it then gives the addresses (LEARN_ADDRESS)
 * to whom all of them let in, and to nobody else: until that, `connected` is held back.
 */
#ifndef BYWAY_PLUGIN_SESSION_H
#define BYWAY_PLUGIN_SESSION_H

#include "plugin/handle.h"

struct env;

/* Our connect hook lets the client in: `record` is of kind `connected`, without a session. */
void session_begin(struct handle *handle, struct client *client, const struct env *env,
                   const struct spool_record *record);

/* OpenVPN gives it an address, so it is in. */
void session_address(struct handle *handle, struct client *client, const char *change,
                     const char *address);

/* The end that OpenVPN tells of, also of a client that was refused after our hook. */
void session_end(struct handle *handle, struct client *client, const struct env *env);

/* The client is gone; if its session had no end, this is it. */
void session_vanish(struct handle *handle, struct client *client);

#endif
