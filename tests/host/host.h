/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stand-in for OpenVPN: loads the built plugin as OpenVPN does and calls it with
 * the same structures, environments, callbacks and files, but goes where a real
 * server cannot easily be brought. It also checks at each call what must always
 * hold (see host_check.c), so that every test checks it.
 */
#ifndef BYWAY_TESTS_HOST_H
#define BYWAY_TESTS_HOST_H

#include "config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <check.h>
#include OPENVPN_PLUGIN_HEADER

#include "lib/spool.h"
#include "tests/host/inner.h" /* HOST_PASSWORD */

#define HOST_OK       OPENVPN_PLUGIN_FUNC_SUCCESS
#define HOST_ERROR    OPENVPN_PLUGIN_FUNC_ERROR
#define HOST_DEFERRED OPENVPN_PLUGIN_FUNC_DEFERRED

/* As ck_assert_msg(), which writes to a file also when all is well: too slow in a loop. */
#define host_must(condition, ...)      \
    do {                               \
        if (!(condition))              \
            ck_abort_msg(__VA_ARGS__); \
    } while (0)

struct host;
struct host_client;

/*
 * The policy of most tests: campus (the default, 10.0.0.0/8 and a /32), library,
 * and full for alice and bob; chosen by a suffix after '+'.
 */
extern const char host_policy_text[];

/* ── the server ── */

/* A server with a directory of its own (policy.conf, state/, tmp/), not opened yet. */
struct host *host_new(void);

/* The directory, and a path in it (valid until the eighth next call). */
const char *host_dir(const struct host *host);
const char *host_path(struct host *host, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes a file below the directory as an editor does: a new one, renamed into place. */
void host_write(struct host *host, const char *name, const char *text);

/* The same for policy.conf, with the line `state-dir …` before the text. */
void host_policy(struct host *host, const char *text);

/* A file below the directory; "" if there is none. The caller frees. */
char *host_read(struct host *host, const char *name);

/*
 * Has the plugin wrap tests/host's inner module ("inner_v1", …). Call it before
 * host_open(). `mode` is what it does, see inner.h; it can be set again at any time.
 */
void host_wrap(struct host *host, const char *module, const char *mode);
void host_inner_mode(struct host *host, const char *mode);

/* What the inner module was asked, one line a call; see inner.h. The caller frees. */
char *host_inner_calls(struct host *host);

/* Sets (value NULL: removes) a variable of the server's environment. */
void host_setenv(struct host *host, const char *name, const char *value);

/* True if the plugin opened. host_start() writes the policy, opens and insists. */
bool host_open(struct host *host);
struct host *host_start(const char *policy);

/* True if the plugin opens (and closes again) for a host of that structure version. */
bool host_speaks_version(struct host *host, int version);

/* Closes the plugin, unloads it, checks that no descriptor and no child is left. */
void host_close(struct host *host);
void host_close_unchecked(struct host *host);

/* host_close() where it is open, then removes the directory. NULL is harmless. */
void host_free(struct host *host);

bool host_intercepts(const struct host *host, int type);

/* The log since the last host_log_clear(): one "error: …", "note: …" line a message. */
const char *host_log(const struct host *host);
void host_log_clear(struct host *host);
unsigned host_log_count(const struct host *host, const char *needle);

/* The i-th record of this server's spool; false if there are fewer. Its strings live
 * until the next call. */
bool host_spool_at(struct host *host, size_t i, struct spool_record *record);

/* From now on the spool may have lines that are no records: a disk was full. */
void host_expect_torn_records(struct host *host);

/* The file as it is, and its path. The caller frees. */
char *host_spool_text(struct host *host);
char *host_spool_name(struct host *host);

/* The i-th record of that kind must be there. */
struct spool_record host_spool(struct host *host, enum spool_kind kind, size_t i);
size_t host_spool_count(struct host *host, enum spool_kind kind);

/* ── clients ── */

/* A client instance: calls the constructor. host_client_bare() has no context at all. */
struct host_client *host_client_new(struct host *host);
struct host_client *host_client_bare(struct host *host);

/* Calls the destructor, removes its files. NULL is harmless. */
void host_client_free(struct host_client *client);

/* The destructor alone, so that a test can see the order of things. */
void host_client_destroy(struct host_client *client);

/* Sets (value NULL: removes) a variable of the client; it stays so for every later hook. */
void host_set(struct host_client *client, const char *name, const char *value);

/* Whatever a hook brings along by itself: this variable is not there, or has this value. */
void host_without(struct host_client *client, const char *name);
void host_force(struct host_client *client, const char *name, const char *value);

/* username and password (NULL: none of that). */
void host_login(struct host_client *client, const char *username, const char *password);

/* The value that the client has now; NULL if none. */
const char *host_get(const struct host_client *client, const char *name);

/* The hooks, with the variables that OpenVPN has at each. They return the plugin's answer. */
int host_tls_final(struct host_client *client);
int host_auth(struct host_client *client);       /* with three new files, as each time */
int host_auth_quick(struct host_client *client); /* with the same files as before */
int host_crresponse(struct host_client *client, const char *base64);
int host_connect_hook(struct host_client *client, char **text); /* the caller frees the text */
int host_connect(struct host_client *client, char **text);      /* and its address is learned */
int host_learn(struct host_client *client, const char *what, const char *address);
int host_learn_delete(struct host *host, const char *address); /* empty environment, no name */
int host_disconnect(struct host_client *client, long from_client, long to_client);

/* Any hook, with the variables of the client as they are. `list` may be NULL. */
int host_hook(struct host_client *client, int type, struct openvpn_plugin_string_list **list);

/* The lowest: envp and context as given. argv[0] is the plugin's path, then `argument`. */
int host_call(struct host *host, int type, const char *argument, const char **envp, void *context,
              struct openvpn_plugin_string_list **list);
void host_free_list(struct openvpn_plugin_string_list *list);
void *host_context(const struct host_client *client);

/* ── what an authentication left ── */

/* The text of auth_failed_reason_file and of auth_pending_file after host_auth(). */
const char *host_reason(struct host_client *client);
const char *host_pending(const struct host_client *client);

/*
 * Waits for the verdict in the control file: '1', '0', or '-' if none came in time.
 * HOST_PATIENCE_MS is for what must come: no busy machine takes that long.
 */
#define HOST_PATIENCE_MS 30000
char host_verdict(struct host_client *client, unsigned timeout_ms);

/* Removes the files as OpenVPN does when the client is gone or has its verdict. */
void host_drop_files(struct host_client *client);

/* ── one line for the usual ── */

/* Login with the right password and connect: the text, which the caller frees. */
char *host_expect_connect(struct host_client *client);

/* A new client of that name, logged in and connected: for tests that need its text only. */
char *host_text_for(struct host *host, const char *username);

/* ── files and processes ── */

unsigned host_count_fds(void);
unsigned host_count_children(void);
pid_t host_child(unsigned i); /* the i-th child process; 0 if there are fewer */
bool host_is_zombie(pid_t pid);
bool host_is_empty(struct host *host, const char *folder);
void host_remove_tree(const char *path);
void host_sleep_ms(unsigned ms);

#endif
