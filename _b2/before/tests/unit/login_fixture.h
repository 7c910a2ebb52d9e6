/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole handle with a real policy, real control files and a wrapped plugin
 * (inner_module.c) that answers what `says=` tells it; and the calls as OpenVPN makes them.
 */
#ifndef BYWAY_TESTS_LOGIN_FIXTURE_H
#define BYWAY_TESTS_LOGIN_FIXTURE_H

#include "config.h"

#include "plugin/handle.h"

#define ERROR    OPENVPN_PLUGIN_FUNC_ERROR
#define SUCCESS  OPENVPN_PLUGIN_FUNC_SUCCESS
#define DEFERRED OPENVPN_PLUGIN_FUNC_DEFERRED

/* Nothing else says this by chance: the log is searched for it. */
#define PASSWORD "pa55-w0rd!"

extern char dir[64];                                 /* a folder of its own */
extern char control[128], pending[128], reason[128]; /* OpenVPN's three files, in it */
extern char logged[8192];
extern struct handle *handle;
extern struct client *client;

/* A checked fixture: everything can be chosen, in every way, and alice may have "full". */
void login_set_up(void);
void login_tear_down(void);

/* A new handle. `argument` is the wrapped plugin's, NULL for none; no `module`: nothing is wrapped.
 */
void open_again(const char *module, const char *argument);

/* A new connection. */
void new_client(void);

/* The policy that is in use from now on: `first`, profiles campus and library, `last`. */
void change_policy(const char *first, const char *last);
extern const char choices[];
extern const char full_for_alice[];
extern const char full_for_bob[];

/* Writes a file; what is in one ("" if there is none), until the next call. */
void put(const char *path, const char *text);
const char *content(const char *path);

struct login {
    const char *username;
    const char *password;
    const char *says; /* the wrapped plugin; NULL: "0", yes */
    const char *uv;
    const char *sso;
    const char *session_id;
    const char *session_state;
    const char *from;
};

#define FIELDS(name, word, ...)                         \
    {                                                   \
        .username = name, .password = word, __VA_ARGS__ \
    }
#define L(name, word, ...) ((struct login)FIELDS(name, word, __VA_ARGS__))
#define U(...)             ((struct login){.username = __VA_ARGS__})

/* AUTH_USER_PASS_VERIFY, with three new files. */
int verify(struct login login);

/* CLIENT_CONNECT_V2: "full", "split", or "refused". */
const char *connect_as(struct login login);

/* CLIENT_CRRESPONSE from alice. */
int answer(const char *text);

/* A password and the answer to a static challenge, as they come. Valid until the next call. */
const char *scrv1(const char *password, const char *response);

#endif
