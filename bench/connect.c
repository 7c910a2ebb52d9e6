/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times what a client's connect costs OpenVPN's thread: the decision of the plugin,
 * called through its .so as OpenVPN calls it, and beside it, in the same run and for
 * the same text, the ways that were there before: a ccd file, a client-connect script
 * in sh and one in Python. Run by bench/connect_decision, which makes the policies.
 *
 *   connect-bench load PLUGIN POLICY RUNS
 *   connect-bench plugin PLUGIN POLICY USERS CONNECTS [TEXT-OUT]
 *   connect-bench reload PLUGIN POLICY FILE RUNS CONNECTS
 *   connect-bench ccd TEXT CONNECTS
 *   connect-bench script COMMAND TEXT CONNECTS     (COMMAND TEXT OUT)
 *
 * Prints p50, p99 and max in microseconds, and the size of the text. `reload` puts FILE.0,
 * FILE.1 … in the place of FILE, and prints p50 and p99 of the connects before that, p50 and max
 * of those that find the change, p50 and max of their CPU time, and p50 and p99 of those after
 * them.
 */
#include "config.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include OPENVPN_PLUGIN_HEADER

struct plugin {
    int (*open)(int, struct openvpn_plugin_args_open_in const *,
                struct openvpn_plugin_args_open_return *);
    int (*func)(int, struct openvpn_plugin_args_func_in const *,
                struct openvpn_plugin_args_func_return *);
    void (*close)(openvpn_plugin_handle_t);
    void *(*constructor)(openvpn_plugin_handle_t);
    void (*destructor)(openvpn_plugin_handle_t, void *);
    openvpn_plugin_handle_t handle;
};

static void die(const char *what)
{
    fprintf(stderr, "connect-bench: %s\n", what);
    exit(EXIT_FAILURE);
}

static double clock_us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void report(double *us, size_t n, size_t bytes)
{
    qsort(us, n, sizeof *us, by_size);
    printf("%.2f %.2f %.2f %zu\n", us[n / 2], us[n * 99 / 100], us[n - 1], bytes);
    free(us);
}

static double *room_for(size_t n)
{
    double *us = n ? calloc(n, sizeof *us) : NULL;

    if (!us)
        die("how many times?");
    return us;
}

/* ── what OpenVPN offers a plugin ── */

static void log_line(openvpn_plugin_log_flags_t flags, const char *name, const char *format, ...)
{
    va_list args;

    if (!(flags & PLOG_ERR))
        return;
    va_start(args, format);
    fprintf(stderr, "%s: ", name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static void log_vline(openvpn_plugin_log_flags_t flags, const char *name, const char *format,
                      va_list args)
{
    (void)flags, (void)name, (void)format, (void)args;
}

static void zero(void *data, size_t n)
{
    explicit_bzero(data, n);
}

static int no_encode(const void *data, int size, char **text)
{
    (void)data, (void)size, (void)text;
    return -1;
}

static int no_decode(const char *text, void *data, int size)
{
    (void)text, (void)data, (void)size;
    return -1;
}

static struct openvpn_plugin_callbacks callbacks = {log_line, log_vline, zero, no_encode,
                                                    no_decode};

static struct plugin plugin_find(const char *path)
{
    struct plugin plugin = {0};
    void *so = dlopen(path, RTLD_NOW);

    if (!so)
        die(dlerror());
    *(void **)&plugin.open = dlsym(so, "openvpn_plugin_open_v3");
    *(void **)&plugin.func = dlsym(so, "openvpn_plugin_func_v3");
    *(void **)&plugin.close = dlsym(so, "openvpn_plugin_close_v1");
    *(void **)&plugin.constructor = dlsym(so, "openvpn_plugin_client_constructor_v1");
    *(void **)&plugin.destructor = dlsym(so, "openvpn_plugin_client_destructor_v1");
    if (!plugin.open || !plugin.func || !plugin.close || !plugin.constructor || !plugin.destructor)
        die("that is not the plugin");
    return plugin;
}

static void plugin_start(struct plugin *plugin, const char *path, const char *policy)
{
    const char *argv[] = {path, policy, NULL};
    const char *envp[] = {"daemon_pid=1", "daemon_start_time=1", "daemon=0", NULL};
    struct openvpn_plugin_args_open_in in = {.type_mask = 0xffff,
                                             .argv = argv,
                                             .envp = envp,
                                             .callbacks = &callbacks,
                                             .ssl_api = SSLAPI_OPENSSL,
                                             .ovpn_version = "2.6.14",
                                             .ovpn_version_major = 2,
                                             .ovpn_version_minor = 6,
                                             .ovpn_version_patch = ".14"};
    struct openvpn_plugin_args_open_return out = {0};

    if (plugin->open(OPENVPN_PLUGINv3_STRUCTVER, &in, &out) != OPENVPN_PLUGIN_FUNC_SUCCESS)
        die("the plugin refused to open");
    plugin->handle = out.handle;
}

static int plugin_call(struct plugin *plugin, int type, const char **envp, void *client,
                       struct openvpn_plugin_string_list **list)
{
    const char *argv[] = {"plugin", NULL};
    struct openvpn_plugin_args_func_in in = {.type = type,
                                             .argv = argv,
                                             .envp = envp,
                                             .handle = plugin->handle,
                                             .per_client_context = client};
    struct openvpn_plugin_args_func_return out = {list};

    return plugin->func(OPENVPN_PLUGINv3_STRUCTVER, &in, &out);
}

static size_t take_text(struct openvpn_plugin_string_list *list, const char *keep)
{
    size_t n = list && list->value ? strlen(list->value) : 0;
    FILE *out = keep ? fopen(keep, "w") : NULL;

    if (out) {
        fputs(list->value, out);
        fclose(out);
    }
    if (list) {
        free(list->name);
        free(list->value);
        free(list);
    }
    return n;
}

/* ── the four measurements ── */

static void time_load(const char *path, const char *policy, size_t runs)
{
    struct plugin plugin = plugin_find(path);
    double *us = room_for(runs);

    for (size_t i = 0; i < runs; i++) {
        double began = now_us();

        plugin_start(&plugin, path, policy);
        us[i] = now_us() - began;
        plugin.close(plugin.handle);
    }
    report(us, runs, 0);
}

/* One connect of that user, and the end of it: what the first took, in microseconds. */
static double time_connect(struct plugin *plugin, unsigned user, const char *keep, size_t *bytes)
{
    char username[32] = "";
    const char *envp[] = {username,
                          "common_name=somebody",
                          "trusted_ip=192.0.2.7",
                          "trusted_port=40000",
                          "untrusted_ip=192.0.2.7",
                          "untrusted_port=40000",
                          "ifconfig_pool_remote_ip=10.8.0.2",
                          "ifconfig_pool_netmask=255.255.0.0",
                          "IV_VER=2.6.14",
                          "IV_PLAT=linux",
                          "IV_PROTO=990",
                          "time_unix=1763800000",
                          "time_ascii=2025-11-22 08:26:40",
                          "daemon_pid=1",
                          "daemon_start_time=1",
                          "bytes_received=1",
                          "bytes_sent=1",
                          NULL};
    struct openvpn_plugin_string_list *list = NULL;
    void *client = plugin->constructor(plugin->handle);
    double began, us;
    int status;

    snprintf(username, sizeof username, "username=user%u", user);
    began = now_us();
    status = plugin_call(plugin, OPENVPN_PLUGIN_CLIENT_CONNECT_V2, envp, client, &list);
    us = now_us() - began;
    if (status != OPENVPN_PLUGIN_FUNC_SUCCESS)
        die("a connect was refused");
    *bytes = take_text(list, keep);
    plugin_call(plugin, OPENVPN_PLUGIN_CLIENT_DISCONNECT, envp, client, NULL);
    plugin->destructor(plugin->handle, client);
    return us;
}

static void time_plugin(const char *path, const char *policy, unsigned users, size_t connects,
                        const char *keep)
{
    struct plugin plugin = plugin_find(path);
    double *us = room_for(connects);
    size_t bytes = 0;

    srand(2026);
    plugin_start(&plugin, path, policy);
    for (size_t i = 0; i < connects; i++)
        us[i] = time_connect(&plugin, (unsigned)rand() % users, i == 0 ? keep : NULL, &bytes);
    plugin.close(plugin.handle);
    report(us, connects, bytes);
}

/* The plugin looks for changes once a second. */
static void wait_a_second(void)
{
    struct timespec time = {.tv_sec = 1, .tv_nsec = 100000000};

    nanosleep(&time, NULL);
}

static void replace(const char *file, size_t number)
{
    char next[512];

    snprintf(next, sizeof next, "%s.%zu", file, number);
    if (rename(next, file) != 0)
        die("cannot put the next file in the place of the last");
}

static void time_reload(const char *path, const char *policy, const char *file, size_t runs,
                        size_t connects)
{
    struct plugin plugin = plugin_find(path);
    double *before = room_for(runs * connects);
    double *at = room_for(runs);
    double *cpu = room_for(runs);
    double *after = room_for(runs * connects);
    size_t n = runs * connects, bytes = 0;

    plugin_start(&plugin, path, policy);
    for (size_t run = 0; run < runs; run++) {
        for (size_t i = 0; i < connects; i++)
            before[run * connects + i] = time_connect(&plugin, 0, NULL, &bytes);
        replace(file, run);
        wait_a_second();
        cpu[run] = clock_us(CLOCK_PROCESS_CPUTIME_ID);
        at[run] = time_connect(&plugin, 0, NULL, &bytes);
        cpu[run] = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu[run];
        for (size_t i = 0; i < connects; i++)
            after[run * connects + i] = time_connect(&plugin, 0, NULL, &bytes);
    }
    plugin.close(plugin.handle);
    qsort(before, n, sizeof *before, by_size);
    qsort(at, runs, sizeof *at, by_size);
    qsort(cpu, runs, sizeof *cpu, by_size);
    qsort(after, n, sizeof *after, by_size);
    printf("%.2f %.2f %.2f %.2f %.2f %.2f %.2f %.2f\n", before[n / 2], before[n * 99 / 100],
           at[runs / 2], at[runs - 1], cpu[runs / 2], cpu[runs - 1], after[n / 2],
           after[n * 99 / 100]);
    free(before);
    free(at);
    free(cpu);
    free(after);
}

static size_t read_lines(const char *path)
{
    FILE *in = fopen(path, "r");
    char line[256];
    size_t n = 0;

    if (!in)
        die("cannot read the text");
    while (fgets(line, sizeof line, in))
        n += strlen(line);
    fclose(in);
    return n;
}

static void time_ccd(const char *text, size_t connects)
{
    double *us = room_for(connects);
    size_t bytes = 0;

    for (size_t i = 0; i < connects; i++) {
        double began = now_us();

        bytes = read_lines(text);
        us[i] = now_us() - began;
    }
    report(us, connects, bytes);
}

static void time_script(const char *command, const char *text, size_t connects)
{
    double *us = room_for(connects);
    char out[] = "/tmp/connect-bench-XXXXXX";
    int fd = mkstemp(out);
    size_t bytes = 0;

    if (fd < 0)
        die("no temporary file");
    close(fd);
    for (size_t i = 0; i < connects; i++) {
        double began = now_us();
        pid_t child = fork();
        int status = 0;

        if (child == 0) {
            execl(command, command, text, out, (char *)NULL);
            _exit(127);
        }
        if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
            die("the script failed");
        bytes = read_lines(out);
        us[i] = now_us() - began;
    }
    unlink(out);
    report(us, connects, bytes);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "load") == 0)
        time_load(argv[2], argv[3], strtoul(argv[4], NULL, 10));
    else if ((argc == 6 || argc == 7) && strcmp(argv[1], "plugin") == 0)
        time_plugin(argv[2], argv[3], (unsigned)strtoul(argv[4], NULL, 10),
                    strtoul(argv[5], NULL, 10), argv[6]);
    else if (argc == 7 && strcmp(argv[1], "reload") == 0)
        time_reload(argv[2], argv[3], argv[4], strtoul(argv[5], NULL, 10),
                    strtoul(argv[6], NULL, 10));
    else if (argc == 4 && strcmp(argv[1], "ccd") == 0)
        time_ccd(argv[2], strtoul(argv[3], NULL, 10));
    else if (argc == 5 && strcmp(argv[1], "script") == 0)
        time_script(argv[2], argv[3], strtoul(argv[4], NULL, 10));
    else
        die("usage: see the top of bench/connect.c");
    return EXIT_SUCCESS;
}
