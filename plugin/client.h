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

/* What became of the latest authentication of a client. */
enum client_login {
    CLIENT_LOGIN_NONE, /* there was none: it is for OpenVPN to say (a token) */
    CLIENT_LOGIN_DENIED,
    CLIENT_LOGIN_GRANTED, /* unless a question is open, or a verdict still to come */
};

struct client {
    struct client *next;
    struct client **link; /* what points here */
    void *inner;          /* the wrapped plugin's own context */

    /* The login: what it typed and said. `username` is "" until one was let through. */
    char username[CLIENT_USERNAME_SIZE];
    struct said said;
    enum client_login login;
    char *verdict_file;            /* where the wrapped plugin has the last word; NULL if not */
    char state[CLIENT_STATE_SIZE]; /* the dynamic challenge it answered; "" if none */

    /* The question it has not answered yet; NULL if none. */
    char *asked_control_file;
    char *asked_reason_file;

    /* The session. */
    bool connected;
    char *held; /* its record, until it has an address; NULL: written. See plugin/session.h */
    size_t held_n;
    int64_t session;
    char profile[POLICY_MAX_NAME + 1];
    bool full;
    struct prefix from; /* where it logged in from; its family is 0 if that is not known */
};

/* Puts a new client at the head of a list. NULL when memory is out. */
struct client *client_new(struct client **list);

/* Takes it out of its list. NULL is harmless. */
void client_free(struct client *client);

/* Until the next login: denied; no question is open and no verdict to come. */
void client_deny_login(struct client *client);

/* Granted as soon as OpenVPN's control file says so. False when memory is out (then denied). */
bool client_await_verdict(struct client *client, const char *control_file);

/* Was this name authenticated, to the end? OpenVPN keeps the control file for as long as its
 * key lives (ssl.c:key_state_free), so that can be looked at. */
bool client_is_let_in(const struct client *client, const char *username);

/* Remembers what question was asked. False when memory is out. */
bool client_ask(struct client *client, const char *control_file, const char *reason_file);
void client_forget_question(struct client *client);

#endif
