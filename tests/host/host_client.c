/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clients of the fake host: what OpenVPN knows of each at each hook. */
#include "tests/host/host_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct host_client *make(struct host *host)
{
    struct host_client *client = calloc(1, sizeof(*client));
    char port[8];

    host_must((client) != NULL, "no client");
    client->host = host;
    for (size_t i = 0; i < host->env.n; i++) {
        char *name = strdup(host->env.entries[i]);

        *strchr(name, '=') = '\0';
        host_env_set(&client->env, name, strchr(host->env.entries[i], '=') + 1);
        free(name);
    }
    snprintf(port, sizeof(port), "%u", host->next_port);
    host->next_port = host->next_port < 60000 ? host->next_port + 1 : 40000;
    host_set(client, "untrusted_ip", "203.0.113.7");
    host_set(client, "untrusted_port", port);
    host_set(client, "IV_VER", "2.6.14");
    host_set(client, "IV_PLAT", "linux");
    host_set(client, "IV_PROTO", "990");
    return client;
}

struct host_client *host_client_bare(struct host *host)
{
    return make(host);
}

struct host_client *host_client_new(struct host *host)
{
    struct host_client *client = make(host);
    double start = host_enter();

    client->context = host->plugin.constructor(host->plugin.handle);
    host_leave(start);
    client->has_context = client->context != NULL;
    return client;
}

void host_client_destroy(struct host_client *client)
{
    if (client->has_context) {
        double start = host_enter();

        client->host->plugin.destructor(client->host->plugin.handle, client->context);
        host_leave(start);
    }
    client->has_context = false;
    client->context = NULL;
}

void host_client_free(struct host_client *client)
{
    if (client == NULL)
        return;
    host_client_destroy(client);
    host_drop_files(client);
    host_env_clear(&client->env);
    host_env_clear(&client->fixed);
    free(client);
}

void *host_context(const struct host_client *client)
{
    return client->context;
}

void host_set(struct host_client *client, const char *name, const char *value)
{
    if (host_env_get(&client->fixed, name) == NULL)
        host_env_set(&client->env, name, value);
}

void host_without(struct host_client *client, const char *name)
{
    host_env_set(&client->fixed, name, "");
    host_env_set(&client->env, name, NULL);
}

void host_force(struct host_client *client, const char *name, const char *value)
{
    host_env_set(&client->fixed, name, "");
    host_env_set(&client->env, name, value);
}

void host_login(struct host_client *client, const char *username, const char *password)
{
    host_set(client, "username", username);
    host_set(client, "password", password);
}

const char *host_get(const struct host_client *client, const char *name)
{
    return host_env_get(&client->env, name);
}

int host_hook(struct host_client *client, int type, struct openvpn_plugin_string_list **list)
{
    static const char *none[] = {NULL};
    const char **envp = client->env.n > 0 ? (const char **)client->env.entries : none;

    return host_call(client->host, type, NULL, envp, client->context, list);
}

int host_tls_final(struct host_client *client)
{
    if (!host_intercepts(client->host, OPENVPN_PLUGIN_TLS_FINAL))
        return HOST_OK;
    return host_hook(client, OPENVPN_PLUGIN_TLS_FINAL, NULL);
}

/* ── authentication ── */

static void make_file(struct host *host, const char *what, char path[128])
{
    int fd;

    snprintf(path, 128, "%s/tmp/openvpn_%s_XXXXXX", host->dir, what);
    fd = mkstemp(path);
    if (fd >= 0)
        close(fd); /* else a test has taken the directory away */
}

static void read_into(const char *path, char text[4096])
{
    char *whole = host_slurp(path);

    ck_assert_uint_lt(strlen(whole), 4096);
    strcpy(text, whole);
    free(whole);
}

static void drop(char path[128])
{
    if (path[0] != '\0')
        unlink(path);
    path[0] = '\0';
}

void host_drop_files(struct host_client *client)
{
    drop(client->control);
    drop(client->pending_path);
    drop(client->reason_path);
}

const char *host_reason(struct host_client *client)
{
    if (client->reason_path[0] != '\0') {
        read_into(client->reason_path, client->reason);
        host_check_reason(client->reason);
    }
    return client->reason;
}

const char *host_pending(const struct host_client *client)
{
    return client->pending;
}

static void make_files(struct host_client *client)
{
    host_drop_files(client);
    client->reason[0] = client->pending[0] = '\0';
    make_file(client->host, "acf", client->control);
    make_file(client->host, "apf", client->pending_path);
    make_file(client->host, "afr", client->reason_path);
    host_set(client, "auth_control_file", client->control);
    host_set(client, "auth_pending_file", client->pending_path);
    host_set(client, "auth_failed_reason_file", client->reason_path);
}

int host_auth(struct host_client *client)
{
    int status;

    make_files(client);
    status = host_hook(client, OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY, NULL);
    read_into(client->pending_path, client->pending);
    drop(client->pending_path);
    host_reason(client);
    if (status == HOST_DEFERRED)
        host_check_pending(client->pending);
    else
        host_drop_files(client); /* and, as with OpenVPN, the variables stay, stale */
    /* 2.6 sends a failed client the reason only */
    host_must(status != HOST_OK || client->reason[0] == '\0', "let in, with a reason");
    return status;
}

int host_auth_quick(struct host_client *client)
{
    static const char *const names[][2] = {{"auth_control_file", "acf"},
                                           {"auth_pending_file", "apf"},
                                           {"auth_failed_reason_file", "afr"}};

    for (size_t i = 0; i < 3; i++)
        host_set(client, names[i][0], host_path(client->host, "tmp/quick_%s", names[i][1]));
    return host_hook(client, OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY, NULL);
}

char host_verdict(struct host_client *client, unsigned timeout_ms)
{
    double end = host_now_ms() + timeout_ms;

    do {
        char *text = host_slurp(client->control);
        char verdict = text[0];

        host_must(strlen(text) <= 1, "the control file has more than one byte: %s", text);
        free(text);
        if (verdict == '0' || verdict == '1')
            return verdict;
        host_sleep_ms(5);
    } while (host_now_ms() < end);
    return '-';
}

int host_crresponse(struct host_client *client, const char *base64)
{
    int status;

    host_set(client, "crresponse", base64);
    status = host_hook(client, OPENVPN_PLUGIN_CLIENT_CRRESPONSE, NULL);
    host_set(client, "crresponse", NULL);
    return status;
}

/* ── the session ── */

static void set_trusted(struct host_client *client)
{
    host_set(client, "password", NULL);
    host_set(client, "trusted_ip", host_get(client, "untrusted_ip"));
    host_set(client, "trusted_ip6", host_get(client, "untrusted_ip6"));
    host_set(client, "trusted_port", host_get(client, "untrusted_port"));
    if (host_get(client, "common_name") == NULL)
        host_set(client, "common_name", host_get(client, "username"));
}

static void set_pool(struct host_client *client)
{
    char now[24];

    snprintf(now, sizeof(now), "%lld", (long long)time(NULL));
    host_set(client, "time_unix", now);
    host_set(client, "time_ascii", "2026-11-22 15:00:00");
    host_set(client, "ifconfig_pool_remote_ip", "10.8.0.2");
    host_set(client, "ifconfig_pool_netmask", "255.255.255.0");
}

int host_connect_hook(struct host_client *client, char **text)
{
    struct openvpn_plugin_string_list *list = NULL;
    int status;

    *text = NULL;
    set_trusted(client);
    set_pool(client);
    status = host_hook(client, OPENVPN_PLUGIN_CLIENT_CONNECT_V2, &list);
    if (status == HOST_OK && list != NULL) {
        *text = list->value;
        list->value = NULL;
    }
    host_free_list(list);
    return status;
}

int host_connect(struct host_client *client, char **text)
{
    int status = host_connect_hook(client, text);
    const char *address = host_get(client, "ifconfig_pool_remote_ip");

    if (status == HOST_OK && address)
        host_learn(client, "add", address);
    return status;
}

int host_learn(struct host_client *client, const char *what, const char *address)
{
    const char *name = host_get(client, "common_name");
    const char *argv[] = {HOST_PLUGIN, what, address, name != NULL ? name : "", NULL};
    struct openvpn_plugin_args_func_in in = {
        .type = OPENVPN_PLUGIN_LEARN_ADDRESS,
        .argv = argv,
        .envp = (const char **)client->env.entries,
        .handle = client->host->plugin.handle,
        .per_client_context = client->context,
        .current_cert_depth = -1,
    };
    struct openvpn_plugin_args_func_return out = {0};
    double start = host_enter();
    int status = client->host->plugin.func(OPENVPN_PLUGINv3_STRUCTVER, &in, &out);

    host_leave(start);
    host_check_result(OPENVPN_PLUGIN_LEARN_ADDRESS, status, NULL);
    return status;
}

int host_learn_delete(struct host *host, const char *address)
{
    const char *argv[] = {HOST_PLUGIN, "delete", address, NULL};
    const char *envp[] = {NULL};
    struct openvpn_plugin_args_func_in in = {
        .type = OPENVPN_PLUGIN_LEARN_ADDRESS,
        .argv = argv,
        .envp = envp,
        .handle = host->plugin.handle,
        .per_client_context = host->top_context,
        .current_cert_depth = -1,
    };
    struct openvpn_plugin_args_func_return out = {0};
    double start = host_enter();
    int status = host->plugin.func(OPENVPN_PLUGINv3_STRUCTVER, &in, &out);

    host_leave(start);
    return status;
}

int host_disconnect(struct host_client *client, long from_client, long to_client)
{
    char number[24];

    snprintf(number, sizeof(number), "%ld", from_client);
    host_set(client, "bytes_received", number);
    snprintf(number, sizeof(number), "%ld", to_client);
    host_set(client, "bytes_sent", number);
    host_set(client, "time_duration", "61");
    return host_hook(client, OPENVPN_PLUGIN_CLIENT_DISCONNECT, NULL);
}

char *host_expect_connect(struct host_client *client)
{
    struct host *host = client->host;
    char *text;

    if (host_intercepts(host, OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY))
        host_must(host_auth(client) == HOST_OK, "not let in: %s", host_log(host));
    ck_assert_int_eq(host_tls_final(client), HOST_OK);
    host_must(host_connect(client, &text) == HOST_OK, "not connected: %s", host_log(host));
    host_must((text) != NULL, "no text");
    return text;
}

char *host_text_for(struct host *host, const char *username)
{
    struct host_client *client = host_client_new(host);
    char *text;

    host_login(client, username, HOST_PASSWORD);
    text = host_expect_connect(client);
    host_client_free(client);
    return text;
}
