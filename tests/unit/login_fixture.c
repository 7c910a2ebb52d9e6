/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See login_fixture.h. */
#include "tests/unit/login_fixture.h"

#include "plugin/connect.h"
#include "plugin/credentials.h"
#include "plugin/login.h"
#include "tests/folder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <check.h>

const char choices[] = "choose username-suffix +\nchoose peer-info UV_TUNNEL\n"
                       "choose static-challenge\nchoose menu\n";
static const char profiles[] = "default-profile campus\n"
                               "<routes internal>\n10.0.0.0/8\n</routes>\n"
                               "<profile campus>\nroutes internal\n</profile>\n"
                               "<profile library>\nroutes internal\n</profile>\n";
const char full_for_alice[] = "<profile full>\ntunnel full\nallow user alice\n</profile>\n";
const char full_for_bob[] = "<profile full>\ntunnel full\nallow user bob\n</profile>\n";

char dir[64];
char control[128], pending[128], reason[128];
static char policy_path[128];
char logged[8192];
struct handle *handle;
struct client *client;

__attribute__((format(printf, 3, 4))) static void capture(openvpn_plugin_log_flags_t flags,
                                                          const char *name, const char *format, ...)
{
    size_t n = strlen(logged);
    va_list arguments;

    (void)flags;
    (void)name;
    va_start(arguments, format);
    vsnprintf(logged + n, sizeof(logged) - n, format, arguments);
    va_end(arguments);
}

static struct openvpn_plugin_callbacks callbacks = {.plugin_log = capture};

void put(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
}

const char *content(const char *path)
{
    static char text[2048];
    FILE *in = fopen(path, "r");
    size_t n = in ? fread(text, 1, sizeof(text) - 1, in) : 0;

    text[n] = '\0';
    if (in)
        fclose(in);
    return text;
}

static void write_policy(const char *first, const char *last)
{
    char text[2048];

    snprintf(text, sizeof(text), "state-dir %s\n%s%s%s", dir, first, profiles, last);
    put(policy_path, text);
}

/* `argument` for the wrapped plugin, NULL for none; without `module` nothing is wrapped. */
static void open_plugin(const char *module, const char *argument)
{
    const char *argv[] = {"byway.so", policy_path, module, argument, NULL};
    const char *envp[] = {NULL};
    struct openvpn_plugin_args_open_in in = {0xffff, argv, envp, &callbacks, SSLAPI_OPENSSL,
                                             "2.6",  2,    6,    "14"};

    handle = handle_new(&in);
    ck_assert_msg(handle != NULL, "%s", logged);
    client = handle_client_new(handle);
    ck_assert_ptr_nonnull(client);
}

void login_set_up(void)
{
    strcpy(dir, "/tmp/check_login.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(policy_path, sizeof(policy_path), "%s/policy.conf", dir);
    snprintf(control, sizeof(control), "%s/acf", dir);
    snprintf(pending, sizeof(pending), "%s/apf", dir);
    snprintf(reason, sizeof(reason), "%s/afr", dir);
    logged[0] = '\0';
    write_policy(choices, full_for_alice);
    open_plugin(INNER_MODULES "/inner_v3.so", NULL);
}

void open_again(const char *module, const char *argument)
{
    handle_free(handle);
    logged[0] = '\0';
    open_plugin(module, argument);
}

void login_tear_down(void)
{
    handle_free(handle);
    ck_assert(folder_remove(dir));
}

/* The policy is looked at once a second. */
void change_policy(const char *first, const char *last)
{
    struct timespec second = {1, 50000000};

    write_policy(first, last);
    nanosleep(&second, NULL);
}

void new_client(void)
{
    handle_client_free(handle, client);
    client = handle_client_new(handle);
    ck_assert_ptr_nonnull(client);
}

/* ── calls, as OpenVPN makes them ── */

static void add(char lines[16][600], const char **envp, size_t *n, const char *name,
                const char *value)
{
    if (!value)
        return;
    snprintf(lines[*n], 600, "%s=%s", name, value);
    envp[*n] = lines[*n];
    (*n)++;
    envp[*n] = NULL;
}

static void fill(const struct login *login, char lines[16][600], const char **envp)
{
    size_t n = 0;

    add(lines, envp, &n, "username", login->username);
    add(lines, envp, &n, "password", login->password);
    add(lines, envp, &n, "says", login->says ? login->says : "0");
    add(lines, envp, &n, "UV_TUNNEL", login->uv);
    add(lines, envp, &n, "IV_SSO", login->sso);
    add(lines, envp, &n, "session_id", login->session_id);
    add(lines, envp, &n, "session_state", login->session_state);
    add(lines, envp, &n, "untrusted_ip", login->from ? login->from : "192.0.2.1");
    add(lines, envp, &n, "untrusted_port", "4000");
    add(lines, envp, &n, "auth_control_file", control);
    add(lines, envp, &n, "auth_pending_file", pending);
    add(lines, envp, &n, "auth_failed_reason_file", reason);
}

int verify(struct login login)
{
    char lines[16][600];
    const char *envp[17];
    struct inner_call call = {.type = OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY, .envp = envp};

    put(control, "");
    put(pending, "");
    put(reason, "");
    fill(&login, lines, envp);
    return login_verify(handle, client, &call);
}

/* "full", "split", or "refused". */
const char *connect_as(struct login login)
{
    char lines[16][600];
    const char *envp[17];
    struct openvpn_plugin_string_list *list = NULL;
    struct inner_call call = {
        .type = OPENVPN_PLUGIN_CLIENT_CONNECT_V2, .envp = envp, .return_list = &list};
    const char *result = "refused";

    login.password = NULL;
    fill(&login, lines, envp);
    if (connect_begin(handle, client, &call) == SUCCESS)
        result = strstr(list->value, "push \"redirect-gateway") ? "full" : "split";
    inner_free_list(list);
    return result;
}

int answer(const char *text)
{
    char *encoded = credentials_base64(text, strlen(text));
    char line[300];
    const char *envp[] = {line, "username=alice", NULL};
    struct inner_call call = {.type = OPENVPN_PLUGIN_CLIENT_CRRESPONSE, .envp = envp};

    snprintf(line, sizeof(line), "crresponse=%s", encoded);
    free(encoded);
    return login_answer(handle, client, &call);
}

const char *scrv1(const char *password, const char *response)
{
    static char text[600];
    char *one = credentials_base64(password, strlen(password));
    char *two = credentials_base64(response, strlen(response));

    snprintf(text, sizeof(text), "SCRV1:%s:%s", one, two);
    free(one);
    free(two);
    return text;
}
