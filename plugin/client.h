/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the plugin knows of one client: OpenVPN's per-client context. It lives from
 * the first packet to the destructor, and is the same in the authentication hooks,
 * the connect hooks and every renegotiation between them.
 */
#ifndef BYWAY_PLUGIN_CLIENT_H
#define BYWAY_PLUGIN_CLIENT_H

#include "plugin/said.h"

#include "lib/prefix.h"

#include <stdint.h>

/* A user, a separator, a profile, a NUL. A longer name is no one's, and is refused. */
#define CLIENT_USERNAME_SIZE (POLICY_MAX_USER + 1 + POLICY_MAX_NAME + 1)
#define CLIENT_STATE_SIZE    48 /* of a dynamic challenge: see plugin/challenge.h */

struct client {
    struct client *next;
    struct client **link; /* what points here */
    void *inner;          /* the wrapped plugin's own context */

    /* The login: what it typed and said. `username` is "" until one was let through. */
    char username[CLIENT_USERNAME_SIZE];
    struct said said;
    char state[CLIENT_STATE_SIZE]; /* the dynamic challenge it answered; "" if none */

    /* The question it has not answered yet; NULL if none. */
    char *asked_control_file;
    char *asked_reason_file;

    /* The session. */
    bool connected;
    int64_t session;
    char profile[POLICY_MAX_NAME + 1];
    bool full;
    bool has_from;
    struct prefix from;
};

/* Puts a new client at the head of a list. NULL when memory is out. */
struct client *client_new(struct client **list);

/* Takes it out of its list. NULL is harmless. */
void client_free(struct client *client);

/* Remembers what question was asked. False when memory is out. */
bool client_ask(struct client *client, const char *control_file, const char *reason_file);
void client_forget_question(struct client *client);

#endif
