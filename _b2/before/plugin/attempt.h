/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One attempt to log in: what came with the call, what it says about a tunnel, what is
 * decided of that. It shows nothing to anyone; plugin/login.c does.
 */
#ifndef BYWAY_PLUGIN_ATTEMPT_H
#define BYWAY_PLUGIN_ATTEMPT_H

#include "plugin/credentials.h"
#include "plugin/handle.h"

struct attempt {
    struct handle *handle;
    struct client *client;
    const struct inner_call *call;
    const struct policy *policy;
    struct env env;
    struct credentials credentials;
    struct said said;
    struct env_peer peer;
    bool has_token; /* the password is a token of --auth-gen-token, made by OpenVPN */
    struct choice choice;
    bool connect_anew; /* refused because this connection has its tunnel already */
};

/* Reads the call. NULL if it can be gone on with, else what is wrong (a few words, for the log). */
const char *attempt_read(struct attempt *attempt);

/* Overwrites what is secret. */
void attempt_wipe(struct attempt *attempt);

/* Is this one who is connected, authenticated again? */
bool attempt_is_renegotiation(const struct attempt *attempt);

/* Fills attempt->choice. `may_ask`: the menu may be shown. */
void attempt_decide(struct attempt *attempt, bool may_ask);

/* The parts of attempt_read() that any call has: the policy, the environment, the peer. */
void attempt_begin(struct attempt *attempt);

#endif
