/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's side of the fake host: open, call, close, as OpenVPN's plugin.c does. */
#include "tests/host/fakes.h"
#include "tests/host/host_private.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALL_MAX_MS 5000 /* nothing may wait; this much not even a busy machine explains */

const char host_policy_text[] = "choose username-suffix +\n"
                                "default-profile campus\n"
                                "<routes internal>\n"
                                "10.0.0.0/8\n"
                                "2001:db8:1::/48\n"
                                "</routes>\n"
                                "<routes journals>\n"
                                "192.0.2.0/24\n"
                                "</routes>\n"
                                "<profile campus>\n"
                                "title \"Campus network only\"\n"
                                "tunnel split\n"
                                "routes internal\n"
                                "</profile>\n"
                                "<profile library>\n"
                                "tunnel split\n"
                                "routes internal journals\n"
                                "</profile>\n"
                                "<profile full>\n"
                                "tunnel full\n"
                                "allow user alice\n"
                                "allow user bob\n"
                                "</profile>\n";

double host_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void host_sleep_ms(unsigned ms)
{
    struct timespec span = {ms / 1000, (long)(ms % 1000) * 1000000};

    nanosleep(&span, NULL);
}

double host_enter(void)
{
    double now = host_now_ms();

    fakes_enter_plugin(true);
    return now;
}

void host_leave(double since)
{
    double took = 0;

    fakes_enter_plugin(false);
    took = host_now_ms() - since;

    host_must(took < CALL_MAX_MS, "a call held OpenVPN up for %.0f ms", took);
}

static void set_server_env(struct host *host)
{
    static const char *const usual[][2] = {
        {"daemon", "1"},
        {"daemon_log_redirect", "0"},
        {"daemon_start_time", "1700000000"},
        {"config", "campus.conf"},
        {"verb", "3"},
        {"dev", "tun0"},
        {"dev_type", "tun"},
        {"tun_mtu", "1500"},
        {"ifconfig_local", "10.8.0.1"},
        {"ifconfig_netmask", "255.255.255.0"},
        {"proto_1", "udp4"},
        {"local_port_1", "1194"},
    };
    char pid[16];

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
        host_env_set(&host->env, usual[i][0], usual[i][1]);
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    host_env_set(&host->env, "daemon_pid", pid);
}

struct host *host_new(void)
{
    static const char *const folders[] = {"state",        "state/spool", "state/routes",
                                          "state/groups", "tmp",         "inner"};
    struct host *host = calloc(1, sizeof(*host));

    host_must((host) != NULL, "no host");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    strcpy(host->dir, "/tmp/byway-host-XXXXXX");
    host_must((mkdtemp(host->dir)) != NULL, "no mkdtemp(host->dir)");
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        ck_assert_int_eq(mkdir(host_path(host, "%s", folders[i]), 0700), 0);
    host->next_port = 40000;
    host->spool_fd = -1;
    set_server_env(host);
    return host;
}

static void *symbol(void *module, const char *name)
{
    void *found = dlsym(module, name);

    host_must(found != NULL, "the plugin lacks %s", name);
    return found;
}

static void load(struct host_plugin *plugin)
{
    plugin->module = dlopen(HOST_PLUGIN, RTLD_NOW);
    host_must(plugin->module != NULL, "%s", dlerror());
    *(void **)&plugin->open = symbol(plugin->module, "openvpn_plugin_open_v3");
    *(void **)&plugin->func = symbol(plugin->module, "openvpn_plugin_func_v3");
    *(void **)&plugin->close = symbol(plugin->module, "openvpn_plugin_close_v1");
    *(void **)&plugin->constructor = symbol(plugin->module, "openvpn_plugin_client_constructor_v1");
    *(void **)&plugin->destructor = symbol(plugin->module, "openvpn_plugin_client_destructor_v1");
}

static void unload(struct host_plugin *plugin)
{
    ck_assert_int_eq(dlclose(plugin->module), 0);
    *plugin = (struct host_plugin){0};
}

/* Orphans come to this process (see host_new): true once all of them have ended. */
static bool reap_all(void)
{
    double end = host_now_ms() + HOST_PATIENCE_MS;

    while (waitpid(-1, NULL, WNOHANG) >= 0) {
        if (host_now_ms() > end)
            return false;
        host_sleep_ms(1);
    }
    return true;
}

static int call_open(struct host *host, int version, const char **argv)
{
    struct host_plugin *plugin = &host->plugin;
    struct openvpn_plugin_args_open_in in = {
        .type_mask = (1 << OPENVPN_PLUGIN_N) - 1,
        .argv = argv,
        .envp = (const char **)host->env.entries,
        .callbacks = host_callbacks_use(host),
        .ssl_api = SSLAPI_OPENSSL,
        .ovpn_version = "2.6.14",
        .ovpn_version_major = 2,
        .ovpn_version_minor = 6,
        .ovpn_version_patch = ".14",
    };
    struct openvpn_plugin_args_open_return out = {0};
    double start = host_enter();
    int status = plugin->open(version, &in, &out);

    host_leave(start);
    plugin->handle = status == HOST_OK ? out.handle : NULL;
    plugin->type_mask = status == HOST_OK ? out.type_mask : 0;
    return status;
}

static bool open_version(struct host *host, int version)
{
    char policy[128];
    char inner_dir[128];
    const char *argv[] = {HOST_PLUGIN, policy, NULL, inner_dir, NULL};
    double start;

    host_must((host->plugin.module) == NULL, "there is host->plugin.module");
    snprintf(policy, sizeof(policy), "%s/policy.conf", host->dir);
    snprintf(inner_dir, sizeof(inner_dir), "%s/inner", host->dir);
    argv[2] = host->inner[0] != '\0' ? host->inner : NULL;
    host->fds_before = host_count_fds();
    load(&host->plugin);
    if (call_open(host, version, argv) != HOST_OK) {
        unload(&host->plugin);
        ck_assert_uint_eq(host_count_fds(), host->fds_before);
        host_must(reap_all(), "the plugin left a process");
        return false;
    }
    host_must((host->plugin.handle) != NULL, "no host->plugin.handle");
    start = host_enter();
    host->top_context = host->plugin.constructor(host->plugin.handle);
    host_leave(start);
    return true;
}

bool host_open(struct host *host)
{
    return open_version(host, OPENVPN_PLUGINv3_STRUCTVER);
}

bool host_speaks_version(struct host *host, int version)
{
    bool opened = open_version(host, version);

    if (opened)
        host_close(host);
    return opened;
}

struct host *host_start(const char *policy)
{
    struct host *host = host_new();

    host_policy(host, policy);
    host_must(host_open(host), "the plugin does not open: %s", host_log(host));
    return host;
}

void host_close_unchecked(struct host *host)
{
    struct host_plugin *plugin = &host->plugin;
    double start = host_enter();

    if (host->reader != NULL)
        spool_reader_close(host->reader);
    if (host->spool_fd >= 0)
        close(host->spool_fd);
    host->reader = NULL;
    host->spool_fd = -1;
    if (host->top_context != NULL)
        plugin->destructor(plugin->handle, host->top_context);
    host->top_context = NULL;
    plugin->close(plugin->handle);
    host_leave(start);
    unload(plugin);
}

void host_close(struct host *host)
{
    host_close_unchecked(host);
    host_must(host_count_fds() <= host->fds_before, "the plugin left descriptors open");
    host_must(reap_all(), "the plugin left a process");
}

void host_free(struct host *host)
{
    if (host == NULL)
        return;
    if (host->plugin.handle != NULL)
        host_close(host);
    host_remove_tree(host->dir);
    host_env_clear(&host->env);
    free(host->log);
    free(host);
}

int host_call(struct host *host, int type, const char *argument, const char **envp, void *context,
              struct openvpn_plugin_string_list **list)
{
    const char *argv[] = {HOST_PLUGIN, argument, NULL};
    struct openvpn_plugin_args_func_in in = {
        .type = type,
        .argv = argv,
        .envp = envp,
        .handle = host->plugin.handle,
        .per_client_context = context,
        .current_cert_depth = -1,
        .current_cert = NULL,
    };
    struct openvpn_plugin_args_func_return out = {.return_list = list};
    double start = host_enter();
    int status = host->plugin.func(OPENVPN_PLUGINv3_STRUCTVER, &in, &out);

    host_leave(start);
    host_check_result(type, status, list != NULL ? *list : NULL);
    return status;
}

void host_free_list(struct openvpn_plugin_string_list *list)
{
    while (list != NULL) {
        struct openvpn_plugin_string_list *next = list->next;

        free(list->name);
        free(list->value);
        free(list);
        list = next;
    }
}

bool host_intercepts(const struct host *host, int type)
{
    return (host->plugin.type_mask & OPENVPN_PLUGIN_MASK(type)) != 0;
}

void host_setenv(struct host *host, const char *name, const char *value)
{
    host_env_set(&host->env, name, value);
}

const char *host_log(const struct host *host)
{
    return host->log != NULL ? host->log : "";
}

void host_log_clear(struct host *host)
{
    free(host->log);
    host->log = NULL;
    host->log_n = 0;
}

unsigned host_log_count(const struct host *host, const char *needle)
{
    const char *at = host_log(host);
    unsigned n = 0;

    while ((at = strstr(at, needle)) != NULL) {
        at += strlen(needle);
        n++;
    }
    return n;
}
