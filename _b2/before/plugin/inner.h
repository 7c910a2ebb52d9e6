/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wrapped authentication plugin: loaded and called as OpenVPN itself would
 * (src/openvpn/plugin.c: plugin_init_item, plugin_open_item, plugin_call_item), with any
 * mix of the API's versions 1, 2 and 3.
 */
#ifndef BYWAY_PLUGIN_INNER_H
#define BYWAY_PLUGIN_INNER_H

#include "config.h"
#include OPENVPN_PLUGIN_HEADER

#include "lib/log.h"

#include <stdbool.h>

struct inner;

/* One call, as OpenVPN makes it. */
struct inner_call {
    int type;
    const char **argv;
    const char **envp;
    void *context;
    int cert_depth;
    openvpn_x509_cert_t *cert;
    struct openvpn_plugin_string_list **return_list; /* NULL where OpenVPN gives none */
};

/*
 * Loads the plugin that argv[0] names and opens it with argv; what else `in` has
 * (environment, call-backs, versions) is passed on. NULL if that fails: the log says why.
 */
struct inner *inner_open(const struct openvpn_plugin_args_open_in *in, const char **argv,
                         const struct log *log);

/* The same for one that dlopen(3) has loaded already; `object` is closed with it, or if it fails.
 */
struct inner *inner_open_object(void *object, const struct openvpn_plugin_args_open_in *in,
                                const char **argv, const struct log *log);

/* Closes and unloads it. NULL is harmless. */
void inner_close(struct inner *inner);

/* OpenVPN is about to exit on an error. NULL is harmless. */
void inner_abort(struct inner *inner);

/* What it asked for, as OPENVPN_PLUGIN_MASK bits. */
int inner_mask(const struct inner *inner);
bool inner_wants(const struct inner *inner, int type);

/* Its own per-client context; NULL if it keeps none. `inner` may be NULL. */
void *inner_client_new(struct inner *inner);
void inner_client_free(struct inner *inner, void *context);

/* OPENVPN_PLUGIN_FUNC_SUCCESS, _DEFERRED or, for anything else that it returns, _ERROR. */
int inner_call(struct inner *inner, const struct inner_call *call);

/*
 * The path that a plugin's name stands for. Absolute names and those that begin with
 * '.' stay as they are; others are looked for beside Byway's own shared object, then
 * where OpenVPN's plugins usually are. malloc'd; NULL when memory is out, or (errno is
 * ENOENT) when it is nowhere.
 */
char *inner_find(const char *name);

void inner_free_list(struct openvpn_plugin_string_list *list);

#endif
