/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and calls the wrapped plugin. What it is given (clean name, plain password) is
 * its callers' business; its answer is passed on as it is, but for a number that means
 * nothing: that is an error.
 */
#include "config.h"

#include "plugin/inner.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define API_VERSION \
    3 /* OpenVPN's OPENVPN_PLUGIN_VERSION, which its header defines for hosts only */

#define MAX_ARGV 16 /* OpenVPN passes up to three */

struct inner {
    char *name; /* as the administrator wrote it: its argv[0] */
    void *object;
    openvpn_plugin_handle_t handle;
    int mask;
    openvpn_plugin_handle_t (*open1)(unsigned *, const char **, const char **);
    openvpn_plugin_handle_t (*open2)(unsigned *, const char **, const char **,
                                     struct openvpn_plugin_string_list **);
    int (*open3)(const int, struct openvpn_plugin_args_open_in const *,
                 struct openvpn_plugin_args_open_return *);
    int (*func1)(openvpn_plugin_handle_t, const int, const char **, const char **);
    int (*func2)(openvpn_plugin_handle_t, const int, const char **, const char **, void *,
                 struct openvpn_plugin_string_list **);
    int (*func3)(const int, struct openvpn_plugin_args_func_in const *,
                 struct openvpn_plugin_args_func_return *);
    void (*close1)(openvpn_plugin_handle_t);
    void (*abort1)(openvpn_plugin_handle_t);
    void *(*client_new)(openvpn_plugin_handle_t);
    void (*client_free)(openvpn_plugin_handle_t, void *);
    int (*min_version)(void);
    int (*starts_at)(void);
};

struct symbol {
    const char *name;
    size_t offset;
};

#define SYMBOL(text, member)                                   \
    {                                                          \
        "openvpn_plugin_" text, offsetof(struct inner, member) \
    }

static const struct symbol symbols[] = {
    SYMBOL("open_v1", open1),
    SYMBOL("open_v2", open2),
    SYMBOL("open_v3", open3),
    SYMBOL("func_v1", func1),
    SYMBOL("func_v2", func2),
    SYMBOL("func_v3", func3),
    SYMBOL("close_v1", close1),
    SYMBOL("abort_v1", abort1),
    SYMBOL("client_constructor_v1", client_new),
    SYMBOL("client_destructor_v1", client_free),
    SYMBOL("min_version_required_v1", min_version),
    SYMBOL("select_initialization_point_v1", starts_at),
};

void inner_free_list(struct openvpn_plugin_string_list *list)
{
    while (list) {
        struct openvpn_plugin_string_list *next = list->next;

        free(list->name);
        free(list->value);
        free(list);
        list = next;
    }
}

/* What keeps this object from being used as a plugin; NULL if nothing. */
static const char *find_symbols(struct inner *inner)
{
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        void *found = dlsym(inner->object, symbols[i].name);

        memcpy((char *)inner + symbols[i].offset, &found, sizeof(found));
    }
    if (!inner->open1 && !inner->open2 && !inner->open3)
        return "it has no openvpn_plugin_open function: is it an OpenVPN plugin?";
    if (!inner->func1 && !inner->func2 && !inner->func3)
        return "it has no openvpn_plugin_func function";
    if (!inner->close1)
        return "it has no openvpn_plugin_close_v1 function";
    if (inner->min_version && inner->min_version() > API_VERSION)
        return "it needs a newer plugin interface than this OpenVPN has";
    if (inner->starts_at && inner->starts_at() != OPENVPN_PLUGIN_INIT_PRE_DAEMON)
        return "it wants to be opened at another point of OpenVPN's start than Byway is";
    return NULL;
}

static void open_it(struct inner *inner, const struct openvpn_plugin_args_open_in *in,
                    const char **argv)
{
    struct openvpn_plugin_string_list *list = NULL;
    unsigned mask = (unsigned)in->type_mask;

    if (inner->open3) {
        struct openvpn_plugin_args_open_in args = {in->type_mask,
                                                   argv,
                                                   in->envp,
                                                   in->callbacks,
                                                   in->ssl_api,
                                                   in->ovpn_version,
                                                   in->ovpn_version_major,
                                                   in->ovpn_version_minor,
                                                   in->ovpn_version_patch};
        struct openvpn_plugin_args_open_return out = {0, NULL, &list};

        if (inner->open3(OPENVPN_PLUGINv3_STRUCTVER, &args, &out) == OPENVPN_PLUGIN_FUNC_SUCCESS)
            inner->handle = out.handle;
        mask = (unsigned)out.type_mask;
    } else if (inner->open2) {
        inner->handle = inner->open2(&mask, argv, in->envp, &list);
    } else {
        inner->handle = inner->open1(&mask, argv, in->envp);
    }
    inner->mask = (int)mask;
    inner_free_list(list);
}

/* What keeps the opened plugin from being wrapped; NULL if nothing. */
static const char *check_mask(const struct inner *inner, int supported)
{
    int deferring = OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_CLIENT_CONNECT_DEFER) |
                    OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_CLIENT_CONNECT_DEFER_V2);

    if (!inner->handle)
        return "its initialization failed: its own messages are above";
    if (!inner_wants(inner, OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY))
        return "it does not check user names and passwords: give it a plugin line of its own";
    if (inner->mask & ~supported)
        return "it asks for calls that this OpenVPN does not make";
    if (inner->mask & deferring)
        return "it wants to answer client-connect later, which cannot be wrapped";
    return NULL;
}

static void log_problem(const struct log *log, const char *name, const char *problem)
{
    log_write(log, LOG_LEVEL_ERROR, "inner", "cannot wrap %s: %s", name, problem);
}

struct inner *inner_open_object(void *object, const struct openvpn_plugin_args_open_in *in,
                                const char **argv, const struct log *log)
{
    struct inner *inner = calloc(1, sizeof(*inner));
    const char *problem = "out of memory";

    if (!inner) {
        dlclose(object);
        goto fail;
    }
    inner->object = object;
    inner->name = strdup(argv[0]);
    if (!inner->name)
        goto fail;
    problem = find_symbols(inner);
    if (problem)
        goto fail;
    open_it(inner, in, argv);
    problem = check_mask(inner, in->type_mask);
    if (!problem)
        return inner;

fail:
    log_problem(log, argv[0], problem);
    inner_close(inner);
    return NULL;
}

struct inner *inner_open(const struct openvpn_plugin_args_open_in *in, const char **argv,
                         const struct log *log)
{
    char *path = inner_find(argv[0]);
    void *object = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    struct inner *inner = NULL;

    if (!path)
        log_problem(log, argv[0],
                    errno == ENOENT ? "no such plugin beside Byway's or in OpenVPN's plugin "
                                      "directories: give its full path"
                                    : "out of memory");
    else if (!object)
        log_problem(log, argv[0], dlerror());
    else
        inner = inner_open_object(object, in, argv, log);
    free(path);
    return inner;
}

void inner_close(struct inner *inner)
{
    if (!inner)
        return;
    if (inner->handle)
        inner->close1(inner->handle);
    if (inner->object)
        dlclose(inner->object);
    free(inner->name);
    free(inner);
}

void inner_abort(struct inner *inner)
{
    if (inner && inner->abort1)
        inner->abort1(inner->handle);
}

int inner_mask(const struct inner *inner)
{
    return inner->mask;
}

bool inner_wants(const struct inner *inner, int type)
{
    return inner && type >= 0 && type < OPENVPN_PLUGIN_N && inner->mask & OPENVPN_PLUGIN_MASK(type);
}

void *inner_client_new(struct inner *inner)
{
    return inner && inner->client_new ? inner->client_new(inner->handle) : NULL;
}

void inner_client_free(struct inner *inner, void *context)
{
    if (inner && inner->client_free)
        inner->client_free(inner->handle, context);
}

/* The call's argv with the plugin's own name at its head, as OpenVPN would make it. */
static void fill_argv(const struct inner *inner, const char **from, const char *argv[MAX_ARGV])
{
    size_t n = 0;

    argv[n++] = inner->name;
    for (size_t i = 1; from && from[0] && from[i] && n < MAX_ARGV - 1; i++)
        argv[n++] = from[i];
    argv[n] = NULL;
}

int inner_call(struct inner *inner, const struct inner_call *call)
{
    const char *argv[MAX_ARGV];
    int status;

    fill_argv(inner, call->argv, argv);

    if (inner->func3) {
        struct openvpn_plugin_args_func_in in = {call->type,    argv,          call->envp,
                                                 inner->handle, call->context, call->cert_depth,
                                                 call->cert};
        struct openvpn_plugin_args_func_return out = {call->return_list};

        status = inner->func3(OPENVPN_PLUGINv3_STRUCTVER, &in, &out);
    } else if (inner->func2) {
        status = inner->func2(inner->handle, call->type, argv, call->envp, call->context,
                              call->return_list);
    } else {
        status = inner->func1(inner->handle, call->type, argv, call->envp);
    }
    if (status == OPENVPN_PLUGIN_FUNC_SUCCESS || status == OPENVPN_PLUGIN_FUNC_DEFERRED)
        return status;
    return OPENVPN_PLUGIN_FUNC_ERROR;
}
