/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the fake host share among themselves; tests include host.h only. */
#ifndef BYWAY_TESTS_HOST_PRIVATE_H
#define BYWAY_TESTS_HOST_PRIVATE_H

#include "tests/host/host.h"

/* Variables as "name=value", NULL-terminated, each malloc'd. */
struct host_env {
    char **entries;
    size_t n;
    size_t room;
};

void host_env_set(struct host_env *env, const char *name, const char *value);
const char *host_env_get(const struct host_env *env, const char *name);
void host_env_clear(struct host_env *env);

struct host_plugin {
    void *module;
    __typeof__(openvpn_plugin_open_v3) *open;
    __typeof__(openvpn_plugin_func_v3) *func;
    __typeof__(openvpn_plugin_close_v1) *close;
    __typeof__(openvpn_plugin_client_constructor_v1) *constructor;
    __typeof__(openvpn_plugin_client_destructor_v1) *destructor;
    openvpn_plugin_handle_t handle;
    int type_mask;
};

struct host {
    char dir[64];
    struct host_env env;       /* of the server: at open, and a part of every hook's */
    struct host_plugin plugin; /* .handle is NULL while it is not open */
    char inner[512];           /* the module to wrap; "" if none */
    void *top_context;         /* OpenVPN makes one for itself, too */
    char *log;
    size_t log_n;
    unsigned fds_before;
    unsigned next_port;
    struct spool_reader *reader; /* holds the strings of host_spool_at() */
    int spool_fd;
    bool torn_records;
};

struct host_client {
    struct host *host;
    void *context;
    bool has_context;
    struct host_env env;
    struct host_env fixed; /* names only, "name=": what host_set() no longer changes */
    char control[128];
    char pending_path[128];
    char reason_path[128];
    char pending[4096];
    char reason[4096];
};

/* The callbacks that a plugin gets. They write to the host that host_callbacks_use() named. */
struct openvpn_plugin_callbacks *host_callbacks_use(struct host *host);

/* What must hold after every call, and of every text for OpenVPN; see host_check.c. */
void host_check_log_line(const char *line);
void host_check_result(int type, int status, const struct openvpn_plugin_string_list *list);
void host_check_text(const char *text);
void host_check_reason(const char *reason);
void host_check_pending(const char *pending);

/* Around every call of the plugin: notes its time, and lets fakes.h fail things in it. */
double host_enter(void);
void host_leave(double since);

double host_now_ms(void);
char *host_slurp(const char *path);

#endif
