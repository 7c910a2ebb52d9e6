/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one start of the plugin holds, from open to close: OpenVPN's plugin handle.
 */
#ifndef BYWAY_PLUGIN_HANDLE_H
#define BYWAY_PLUGIN_HANDLE_H

#include "plugin/client.h"
#include "plugin/env.h"
#include "plugin/inner.h"
#include "plugin/policy_in_use.h"

#include "lib/dirs.h"
#include "lib/log.h"
#include "lib/spool.h"

struct challenges;
struct tokens;
struct verdicts;

struct handle {
    struct log log;
    plugin_log_t plugin_log; /* OpenVPN's */
    struct dirs *dirs;
    struct policy_in_use *policy;
    struct inner *inner; /* NULL: OpenVPN authenticates by other means */
    struct tokens *tokens;
    struct challenges *challenges;
    struct verdicts *verdicts;
    struct spool_writer *spool; /* NULL: sessions are not recorded */
    int64_t last_session;
    bool tun;               /* OpenVPN gives addresses at connect, not hardware addresses later */
    struct client *clients; /* all of them, those OpenVPN forgot included */
};

/*
 * argv[1] of `in` is the policy, argv[2] and the rest the wrapped plugin and what it is
 * given. NULL if anything is wrong: the log says what.
 */
struct handle *handle_new(const struct openvpn_plugin_args_open_in *in);

/* Ends everything that was started. NULL is harmless. */
void handle_free(struct handle *handle);

/* The calls it wants, as OPENVPN_PLUGIN_MASK bits. */
int handle_mask(const struct handle *handle);

/* A new client with the wrapped plugin's part; NULL when memory is out. And its end. */
struct client *handle_client_new(struct handle *handle);
void handle_client_free(struct handle *handle, struct client *client);

/* Appends to the spool, if there is one; says so in the log when records are lost. */
void handle_record(struct handle *handle, const struct spool_record *record);

/* Takes in what happened to deferred logins meanwhile; costs nothing where there are none. */
void handle_collect(struct handle *handle);

/* Makes the wrapped plugin's call of ours. OPENVPN_PLUGIN_FUNC_ERROR if there is none. */
int handle_forward(struct handle *handle, const struct client *client,
                   const struct inner_call *call);

#endif
