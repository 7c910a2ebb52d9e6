/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens and closes everything the plugin needs. Runs once per start, still with the
 * rights OpenVPN was started with; what is needed later is opened here.
 */
#include "config.h"

#include "plugin/handle.h"

#include "plugin/challenge.h"
#include "plugin/connect.h"
#include "plugin/session.h"
#include "plugin/login.h"
#include "plugin/tokens.h"
#include "plugin/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Forwards to OpenVPN's log. The name goes into its format string: no '%' in it. */
static void log_to_openvpn(void *arg, enum log_level level, const char *subsystem, const char *text)
{
    static const openvpn_plugin_log_flags_t flags[] = {
        [LOG_LEVEL_ERROR] = PLOG_ERR,
        [LOG_LEVEL_WARNING] = PLOG_WARN,
        [LOG_LEVEL_NOTICE] = PLOG_NOTE,
        [LOG_LEVEL_DEBUG] = PLOG_DEBUG,
    };
    const struct handle *handle = arg;

    handle->plugin_log(flags[level], "byway", "%s: %s", subsystem, text);
}

/* `path` as it will still be understood after a change of directory. malloc'd. */
static char *make_absolute(const char *path)
{
    char *cwd = NULL;
    char *absolute = NULL;

    if (*path == '/')
        return strdup(path);
    cwd = getcwd(NULL, 0);
    if (cwd && asprintf(&absolute, "%s/%s", cwd, path) < 0)
        absolute = NULL;
    free(cwd);
    return absolute;
}

static bool open_policy(struct handle *handle, const char *path)
{
    char *absolute = make_absolute(path);

    if (absolute)
        handle->policy = policy_in_use_new(absolute, handle->dirs, &handle->log);
    if (!handle->policy)
        log_write(&handle->log, LOG_LEVEL_ERROR, "policy",
                  "%s: no policy to start with: OpenVPN will not start", path);
    free(absolute);
    return handle->policy != NULL;
}

/* Choices that nobody could make on this server. */
static void warn_of_dead_choices(const struct handle *handle)
{
    static const enum policy_means need_login[] = {POLICY_MEANS_STATIC_CHALLENGE,
                                                   POLICY_MEANS_MENU};
    const struct policy *policy = policy_in_use_get(handle->policy);

    for (size_t i = 0; !handle->inner && i < sizeof(need_login) / sizeof(need_login[0]); i++)
        if (policy_chooses(policy, need_login[i]))
            log_write(&handle->log, LOG_LEVEL_WARNING, "policy",
                      "`choose %s` cannot work here: it needs the login, which Byway sees only "
                      "where it wraps an authentication plugin (name it after the policy in the "
                      "plugin line)",
                      policy_means_name(need_login[i]));
}

/* OpenVPN's config file without directory and ending names the spool. */
static void spool_name(const char *config, char *name, size_t size)
{
    const char *slash = config ? strrchr(config, '/') : NULL;
    const char *base = slash ? slash + 1 : config;
    const char *dot = base ? strrchr(base, '.') : NULL;

    if (!base || !*base || strcmp(base, "[CMD-LINE]") == 0)
        base = "openvpn";
    snprintf(name, size, "%.*s", dot && dot > base ? (int)(dot - base) : (int)strlen(base), base);
}

static void open_spool(struct handle *handle, const char *const *envp)
{
    struct spool_record server = spool_record_make(SPOOL_SERVER);
    const char *state_dir = policy_in_use_get(handle->policy)->state_dir;
    char name[64];
    char *path = NULL;
    int dir_fd;
    struct env env;

    env_read(envp, &env);
    spool_name(env.config, name, sizeof(name));
    server.format = SPOOL_FORMAT;
    server.daemon = name;
    server.pid = env_number(env.daemon_pid, (int64_t)getpid());
    server.start = env_number(env.daemon_start_time, (int64_t)time(NULL));
    server.plugin = PACKAGE_VERSION;
    if (asprintf(&path, "%s/spool", state_dir) < 0)
        return;
    dir_fd = dirs_get(handle->dirs, path);
    if (dir_fd >= 0)
        handle->spool = spool_writer_open(dir_fd, &server);
    if (!handle->spool)
        log_write(&handle->log, LOG_LEVEL_WARNING, "spool", "%s: %s: sessions will not be recorded",
                  path, strerror(errno));
    free(path);
}

static bool open_all(struct handle *handle, const struct openvpn_plugin_args_open_in *in)
{
    const char **argv = in->argv;

    if (!argv || !argv[0] || !argv[1]) {
        log_write(&handle->log, LOG_LEVEL_ERROR, "policy",
                  "no policy named: plugin openvpn-plugin-byway.so POLICY [PLUGIN [ARGUMENT...]]");
        return false;
    }
    handle->dirs = dirs_new();
    handle->tokens = tokens_new(TOKENS_DEFAULT);
    handle->challenges = challenges_new(CHALLENGE_MAX);
    handle->verdicts = verdicts_new(&handle->log);
    if (!handle->dirs || !handle->tokens || !handle->challenges || !handle->verdicts) {
        log_write(&handle->log, LOG_LEVEL_ERROR, "policy", "out of memory");
        return false;
    }
    if (!open_policy(handle, argv[1]))
        return false;
    if (argv[2]) {
        handle->inner = inner_open(in, &argv[2], &handle->log);
        if (!handle->inner)
            return false;
    }
    warn_of_dead_choices(handle);
    open_spool(handle, (const char *const *)in->envp);
    return true;
}

struct handle *handle_new(const struct openvpn_plugin_args_open_in *in)
{
    struct handle *handle = calloc(1, sizeof(*handle));

    if (!handle)
        return NULL;
    handle->plugin_log = in->callbacks->plugin_log;
    handle->log = (struct log){log_to_openvpn, handle, LOG_LEVEL_NOTICE};
    if (open_all(handle, in))
        return handle;
    handle_free(handle);
    return NULL;
}

void handle_free(struct handle *handle)
{
    if (!handle)
        return;
    while (handle->clients) {
        session_vanish(handle, handle->clients);
        handle_client_free(handle, handle->clients);
    }
    inner_close(handle->inner);
    verdicts_free(handle->verdicts);
    challenges_free(handle->challenges);
    tokens_free(handle->tokens);
    spool_writer_close(handle->spool);
    policy_in_use_free(handle->policy);
    dirs_free(handle->dirs);
    free(handle);
}

int handle_mask(const struct handle *handle)
{
    int mask = OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_CLIENT_CONNECT_V2) |
               OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_CLIENT_DISCONNECT) |
               OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_LEARN_ADDRESS);

    if (handle->inner)
        mask |= inner_mask(handle->inner) |
                OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY) |
                OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_CLIENT_CRRESPONSE);
    return mask;
}

struct client *handle_client_new(struct handle *handle)
{
    struct client *client = client_new(&handle->clients);

    if (client)
        client->inner = inner_client_new(handle->inner);
    return client;
}

void handle_client_free(struct handle *handle, struct client *client)
{
    inner_client_free(handle->inner, client->inner);
    client_free(client);
}

void handle_record(struct handle *handle, const struct spool_record *record)
{
    uint64_t lost;
    int why = 0;

    if (!handle->spool)
        return;
    spool_writer_append(handle->spool, record);
    lost = spool_writer_take_lost(handle->spool, &why);
    if (lost > 0)
        log_write(&handle->log, LOG_LEVEL_ERROR, "spool", "%llu record(s) lost: %s",
                  (unsigned long long)lost, spool_lost_text(why));
}

void handle_collect(struct handle *handle)
{
    char note[VERDICT_MAX_NOTE];
    size_t n;

    while ((n = verdicts_next_note(handle->verdicts, note)) > 0)
        login_take_note(handle, note, n);
}

int handle_forward(struct handle *handle, const struct client *client,
                   const struct inner_call *call)
{
    struct inner_call copy = *call;

    if (!inner_wants(handle->inner, call->type))
        return OPENVPN_PLUGIN_FUNC_ERROR;
    copy.context = client ? client->inner : NULL;
    return inner_call(handle->inner, &copy);
}
