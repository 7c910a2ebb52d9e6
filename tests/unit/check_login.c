/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logins through a whole handle, with a real policy, real control files and a wrapped
 * plugin (inner_module.c) that answers what `says=` tells it.
 */
#include "config.h"

#include "plugin/challenge.h"
#include "plugin/connect.h"
#include "plugin/credentials.h"
#include "plugin/handle.h"
#include "plugin/login.h"

#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ERROR    OPENVPN_PLUGIN_FUNC_ERROR
#define SUCCESS  OPENVPN_PLUGIN_FUNC_SUCCESS
#define DEFERRED OPENVPN_PLUGIN_FUNC_DEFERRED

/* Nothing else says this by chance: the log is searched for it. */
#define PASSWORD "pa55-w0rd!"

static const char choices[] = "choose username-suffix +\nchoose peer-info UV_TUNNEL\n"
                              "choose static-challenge\nchoose menu\n";
static const char profiles[] = "default-profile campus\n"
                               "<routes internal>\n10.0.0.0/8\n</routes>\n"
                               "<profile campus>\nroutes internal\n</profile>\n"
                               "<profile library>\nroutes internal\n</profile>\n";
static const char full_for_alice[] = "<profile full>\ntunnel full\nallow user alice\n</profile>\n";
static const char full_for_bob[] = "<profile full>\ntunnel full\nallow user bob\n</profile>\n";

static char dir[64];
static char policy_path[128], control[128], pending[128], reason[128];
static char logged[8192];
static struct handle *handle;
static struct client *client;

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

static void put(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
}

static const char *content(const char *path)
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

static void set_up(void)
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

static void open_again(const char *module, const char *argument)
{
    handle_free(handle);
    logged[0] = '\0';
    open_plugin(module, argument);
}

static void tear_down(void)
{
    DIR *opened = opendir(dir);
    struct dirent *entry;

    handle_free(handle);
    while (opened && (entry = readdir(opened)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(opened), entry->d_name, 0);
    if (opened)
        closedir(opened);
    rmdir(dir);
}

/* The policy is looked at once a second. */
static void change_policy(const char *first, const char *last)
{
    struct timespec second = {1, 50000000};

    write_policy(first, last);
    nanosleep(&second, NULL);
}

static void new_client(void)
{
    handle_client_free(handle, client);
    client = handle_client_new(handle);
    ck_assert_ptr_nonnull(client);
}

/* ── calls, as OpenVPN makes them ── */

struct login {
    const char *username;
    const char *password;
    const char *says; /* the wrapped plugin; NULL: "0", yes */
    const char *uv;
    const char *sso;
    const char *session_id;
    const char *session_state;
    const char *from;
};

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

static int verify(struct login login)
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
static const char *connect_as(struct login login)
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

static int answer(const char *text)
{
    char *encoded = credentials_base64(text, strlen(text));
    char line[300];
    const char *envp[] = {line, "username=alice", NULL};
    struct inner_call call = {.type = OPENVPN_PLUGIN_CLIENT_CRRESPONSE, .envp = envp};

    snprintf(line, sizeof(line), "crresponse=%s", encoded);
    free(encoded);
    return login_answer(handle, client, &call);
}

static const char *scrv1(const char *password, const char *response)
{
    static char text[600];
    char *one = credentials_base64(password, strlen(password));
    char *two = credentials_base64(response, strlen(response));

    snprintf(text, sizeof(text), "SCRV1:%s:%s", one, two);
    free(one);
    free(two);
    return text;
}

#define FIELDS(name, word, ...)                         \
    {                                                   \
        .username = name, .password = word, __VA_ARGS__ \
    }
#define L(name, word, ...) ((struct login)FIELDS(name, word, __VA_ARGS__))
#define U(...)             ((struct login){.username = __VA_ARGS__})

/* ── the first login ── */

static const struct {
    struct login login;
    int status;
    const char *gets;   /* at connect; NULL: does not come so far */
    const char *reason; /* NULL: none */
} firsts[] = {
    {FIELDS("alice", PASSWORD), SUCCESS, "split", NULL},
    {FIELDS("alice+full", PASSWORD), SUCCESS, "full", NULL},
    {FIELDS("alice+FULL", PASSWORD), SUCCESS, "full", NULL},
    {FIELDS("alice+", PASSWORD), SUCCESS, "split", NULL},
    {FIELDS("alice", PASSWORD, .uv = "full"), SUCCESS, "full", NULL},
    {FIELDS("alice+campus", PASSWORD, .uv = "full"), SUCCESS, "split", NULL},
    {FIELDS("alice+ful", PASSWORD), ERROR, NULL, "There is no tunnel profile \"ful\""},
    {FIELDS("bob+full", PASSWORD), ERROR, NULL, "You may not use tunnel profile \"full\""},
    {FIELDS("bob", PASSWORD, .uv = "full"), ERROR, NULL, "You may not use"},
    /* nothing is said to one who is not authenticated */
    {FIELDS("alice", PASSWORD, .says = "1"), ERROR, NULL, NULL},
    {FIELDS("alice+ful", PASSWORD, .says = "1"), ERROR, NULL, NULL},
    {FIELDS("bob+full", PASSWORD, .says = "1"), ERROR, NULL, NULL},
    {FIELDS("alice+full", PASSWORD, .says = "3"), ERROR, NULL, NULL},
    {FIELDS("alice+full", PASSWORD, .says = "-1"), ERROR, NULL, NULL},
    /* what is no login at all */
    {FIELDS(NULL, PASSWORD), ERROR, NULL, NULL},
    {FIELDS("", PASSWORD), ERROR, NULL, NULL},
    {FIELDS("+full", PASSWORD), ERROR, NULL, NULL},
    {FIELDS("alice", NULL), ERROR, NULL, NULL},
    {FIELDS("alice", ""), ERROR, NULL, NULL},
    /* a verdict that comes later */
    {FIELDS("alice", PASSWORD, .says = "2"), DEFERRED, "split", NULL},
    {FIELDS("alice+full", PASSWORD, .says = "2"), DEFERRED, "full", NULL},
    {FIELDS("alice+ful", PASSWORD, .says = "2"), DEFERRED, NULL, NULL},
};

START_TEST(a_login_gets_what_it_said_or_is_refused)
{
    ck_assert_int_eq(verify(firsts[_i].login), firsts[_i].status);
    if (firsts[_i].reason)
        ck_assert_msg(strstr(content(reason), firsts[_i].reason) != NULL, "%s", content(reason));
    else
        ck_assert_str_eq(content(reason), "");
    ck_assert_str_eq(content(pending), "");
    if (firsts[_i].status == DEFERRED && firsts[_i].gets) {
        ck_assert_str_eq(connect_as(firsts[_i].login), "refused"); /* before the verdict */
        put(control, "1");
    }
    ck_assert_str_eq(connect_as(firsts[_i].login), firsts[_i].gets ? firsts[_i].gets : "refused");
    ck_assert_ptr_null(strstr(logged, PASSWORD));
}
END_TEST

START_TEST(a_static_challenge_is_a_choice_and_an_empty_one_is_none)
{
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"))), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "full");
    new_client();
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, ""))), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "split");
    new_client();
    ck_assert_int_eq(verify(L("alice", scrv1("", "full"))), ERROR);
    ck_assert_int_eq(verify(L("alice", "SCRV1:cHc=:")), SUCCESS);
    ck_assert_int_eq(verify(L("alice", "SCRV1:cHc=")), ERROR);
    ck_assert_int_eq(verify(L("alice", "SCRV1:c!!=:")), ERROR);
}
END_TEST

START_TEST(a_login_without_context_or_files_is_an_error)
{
    const char *envp[] = {"username=alice", "password=" PASSWORD, "says=0", NULL};
    struct inner_call call = {.type = OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY, .envp = envp};

    ck_assert_int_eq(login_verify(handle, client, &call), ERROR);
    ck_assert_int_eq(login_verify(handle, NULL, &call), ERROR);
    call.type = OPENVPN_PLUGIN_CLIENT_CRRESPONSE;
    ck_assert_int_eq(login_answer(handle, NULL, &call), ERROR);
}
END_TEST

START_TEST(another_login_is_not_ones_own)
{
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"))), SUCCESS);
    ck_assert_str_eq(connect_as(U("bob")), "refused");
}
END_TEST

/* ── the menu ── */

START_TEST(the_menu_is_shown_to_those_who_can_be_asked_and_the_answer_decides)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "openurl,crtext")), DEFERRED);
    ck_assert_str_eq(content(pending), "60\ncrtext\nCR_TEXT:R,E:Which tunnel? campus, library, "
                                       "full (empty for your default)\n");
    ck_assert_str_eq(content(control), "");
    ck_assert_int_eq(answer("full"), SUCCESS);
    ck_assert_str_eq(content(control), "1");
    ck_assert_str_eq(connect_as(U("alice")), "full");
}
END_TEST

START_TEST(a_wrong_answer_fails_the_login_with_the_reason)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    ck_assert_int_eq(answer("ful"), ERROR);
    ck_assert_str_eq(content(control), "0");
    ck_assert_ptr_nonnull(strstr(content(reason), "There is no tunnel profile \"ful\""));
}
END_TEST

START_TEST(an_empty_answer_is_the_default)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    ck_assert_int_eq(answer(""), SUCCESS);
    ck_assert_str_eq(content(control), "1");
    ck_assert_str_eq(connect_as(U("alice")), "split");
}
END_TEST

START_TEST(nobody_else_is_asked)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD)), SUCCESS);
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "openurl,webauth")), SUCCESS);
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext2,xcrtext,crtex")), SUCCESS);
    ck_assert_int_eq(verify(L("alice+full", PASSWORD, .sso = "crtext")), SUCCESS);
    ck_assert_int_eq(verify(L("alice", PASSWORD, .says = "1", .sso = "crtext")), ERROR);
    ck_assert_str_eq(content(pending), "");
    ck_assert_int_eq(answer("full"), ERROR);
    ck_assert_str_eq(content(control), "");
}
END_TEST

START_TEST(a_second_answer_and_one_to_no_question_are_ignored)
{
    ck_assert_int_eq(answer("full"), ERROR);
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    ck_assert_int_eq(answer("campus"), SUCCESS);
    put(control, "");
    ck_assert_int_eq(answer("full"), ERROR);
    ck_assert_str_eq(content(control), "");
    ck_assert_str_eq(connect_as(U("alice")), "split");
}
END_TEST

START_TEST(a_new_login_on_the_connection_forgets_the_question)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    ck_assert_int_eq(verify(L("alice", PASSWORD, .says = "1", .sso = "crtext")), ERROR);
    ck_assert_int_eq(answer("full"), ERROR);
    ck_assert_str_eq(content(control), "");
}
END_TEST

static const char *const malformed[] = {
    "crresponse=*",    "crresponse=Zg",       "crresponse=AAAA",
    "crresponse=Zh==", "crresponse=Zg==Zg==", "x=y",
};

START_TEST(a_malformed_answer_fails_the_login)
{
    const char *envp[] = {malformed[_i], NULL};
    struct inner_call call = {.type = OPENVPN_PLUGIN_CLIENT_CRRESPONSE, .envp = envp};

    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    ck_assert_int_eq(login_answer(handle, client, &call), ERROR);
    ck_assert_str_eq(content(control), "0");
    ck_assert_str_eq(connect_as(U("alice")), "refused");
}
END_TEST

START_TEST(an_answer_that_comes_when_openvpn_has_given_up_makes_no_file)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    unlink(control);
    answer("full");
    ck_assert_int_ne(access(control, F_OK), 0);
    ck_assert_ptr_nonnull(strstr(logged, "too late"));
}
END_TEST

/* ── the menu after a verdict that comes later ── */

/* The one private file there is. */
static const char *private_file(void)
{
    static char path[400];
    DIR *opened = opendir(dir);
    struct dirent *entry;

    path[0] = '\0';
    while (opened && (entry = readdir(opened)))
        if (strncmp(entry->d_name, "acf.", 4) == 0)
            snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
    closedir(opened);
    return path;
}

static void give_verdict(const char *verdict)
{
    struct timespec moment = {0, 10000000};

    ck_assert_str_ne(private_file(), "");
    put(private_file(), verdict);
    for (int i = 0; i < 500 && !*content(control); i++)
        nanosleep(&moment, NULL);
    handle_collect(handle);
}

/* Logs in, and returns the state that the client is told; "" if none. */
static const char *get_state(const char *username, const char *verdict)
{
    static char state[64];
    const char *at;

    state[0] = '\0';
    ck_assert_int_eq(verify(L(username, PASSWORD, .says = "2", .sso = "crtext")), DEFERRED);
    ck_assert_str_eq(content(pending), "");
    give_verdict(verdict);
    ck_assert_str_eq(content(control), "0");
    at = strstr(content(reason), "CRV1:R,E:");
    if (at)
        snprintf(state, sizeof(state), "%.*s", (int)strcspn(at + 9, ":"), at + 9);
    return state;
}

static int come_back(const char *username, const char *state, const char *text)
{
    char password[200];

    snprintf(password, sizeof(password), "CRV1::%s::%s", state, text);
    return verify(
        L(username, password, .says = "1", .sso = "crtext")); /* nobody asks the wrapped one */
}

START_TEST(after_a_late_yes_the_menu_is_a_challenge_and_its_answer_a_login)
{
    char state[64];

    strcpy(state, get_state("alice", "1"));
    ck_assert_uint_eq(strlen(state), strlen(CHALLENGE_MARK) + 32);
    ck_assert_ptr_nonnull(strstr(content(reason), ":YWxpY2U=:Which tunnel?"));
    new_client();
    ck_assert_int_eq(come_back("alice", state, "full"), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "full");
    /* a renegotiation repeats the string on the same connection */
    ck_assert_int_eq(come_back("alice", state, "full"), SUCCESS);
    /* elsewhere it is used up */
    new_client();
    ck_assert_int_eq(come_back("alice", state, "full"), ERROR);
    ck_assert_str_eq(content(reason), "");
}
END_TEST

START_TEST(after_a_late_no_there_is_no_challenge)
{
    ck_assert_str_eq(get_state("alice", "0"), "");
    ck_assert_str_eq(content(reason), "");
}
END_TEST

START_TEST(a_state_is_good_for_its_own_user_alone)
{
    char state[64];

    strcpy(state, get_state("alice", "1"));
    new_client();
    ck_assert_int_eq(come_back("bob", state, "library"), ERROR);
    ck_assert_int_eq(come_back("alice", state, "full"), ERROR); /* that try used it up */
}
END_TEST

START_TEST(an_invented_state_is_denied_and_never_passed_on)
{
    ck_assert_int_eq(verify(L("alice", "CRV1::byway00::full", .sso = "crtext")), ERROR);
    ck_assert_int_eq(verify(L("alice", "CRV1::byway", .sso = "crtext")), ERROR);
    ck_assert_int_eq(verify(L("alice", "CRV1::byway::", .sso = "crtext")), ERROR);
    /* one of the wrapped plugin's own is its business */
    ck_assert_int_eq(verify(L("alice", "CRV1::otp7::123456")), SUCCESS);
}
END_TEST

START_TEST(a_wrong_answer_to_the_challenge_is_refused_with_the_reason)
{
    char state[64];

    strcpy(state, get_state("bob", "1"));
    new_client();
    ck_assert_int_eq(come_back("bob", state, "full"), ERROR);
    ck_assert_ptr_nonnull(strstr(content(reason), "You may not use tunnel profile \"full\""));
}
END_TEST

START_TEST(a_late_refusal_is_told_and_logged_after_the_yes_alone)
{
    ck_assert_int_eq(verify(L("bob+full", PASSWORD, .says = "2")), DEFERRED);
    ck_assert_ptr_null(strstr(logged, "refused"));
    give_verdict("1");
    ck_assert_ptr_nonnull(strstr(content(reason), "You may not use"));
    ck_assert_ptr_nonnull(strstr(logged, "bob+full from 192.0.2.1: refused: You may not use"));
    logged[0] = '\0';
    ck_assert_int_eq(verify(L("bob+full", PASSWORD, .says = "2")), DEFERRED);
    give_verdict("0");
    ck_assert_str_eq(content(reason), "");
    ck_assert_str_eq(logged, "");
}
END_TEST

/* ── renegotiation ── */

START_TEST(a_renegotiation_is_authenticated_again_and_changes_nothing)
{
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"))), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "full");
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"))), SUCCESS);
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"), .says = "2")), DEFERRED);
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"), .says = "1")), ERROR);
    ck_assert_str_eq(content(reason), "");
}
END_TEST

START_TEST(the_menu_is_not_shown_again)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    ck_assert_int_eq(answer("full"), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "full");
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), SUCCESS);
    ck_assert_str_eq(content(pending), "");
}
END_TEST

START_TEST(on_a_full_tunnel_who_does_not_say_so_again_connects_anew)
{
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"))), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "full");
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, ""))), ERROR);
    ck_assert_int_eq(strncmp(content(reason), "TEMP[backoff ", 13), 0);
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "library"))), ERROR);
    ck_assert_int_eq(strncmp(content(reason), "TEMP[backoff ", 13), 0);
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "ful"))), ERROR);
    ck_assert_ptr_nonnull(strstr(content(reason), "There is no tunnel profile"));
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, ""), .says = "1")), ERROR);
    ck_assert_str_eq(content(reason), "");
}
END_TEST

START_TEST(on_a_split_tunnel_who_says_nothing_more_goes_on)
{
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "library"))), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "split");
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, ""))), SUCCESS);
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"))), ERROR);
    ck_assert_int_eq(strncmp(content(reason), "TEMP[backoff ", 13), 0);
}
END_TEST

START_TEST(another_user_on_the_connection_connects_anew)
{
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice+full")), "full");
    ck_assert_int_eq(verify(L("bob", PASSWORD, .sso = "crtext")), ERROR);
    ck_assert_int_eq(strncmp(content(reason), "TEMP[backoff ", 13), 0);
    ck_assert_int_eq(verify(L("alice", PASSWORD)), ERROR);
    ck_assert_int_eq(strncmp(content(reason), "TEMP[backoff ", 13), 0);
    ck_assert_int_eq(verify(L("bob", PASSWORD, .says = "1")), ERROR);
    ck_assert_str_eq(content(reason), "");
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), SUCCESS); /* she is still who she was */
}
END_TEST

START_TEST(a_right_that_was_withdrawn_ends_at_the_renegotiation)
{
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice+full")), "full");
    change_policy(choices, full_for_bob);
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), ERROR);
    ck_assert_ptr_nonnull(strstr(content(reason), "You may not use tunnel profile \"full\""));
    change_policy("on-refused default\nchoose username-suffix +\n", full_for_bob);
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), ERROR);
    ck_assert_ptr_nonnull(strstr(content(reason), "no longer open to you"));
    change_policy(choices, "");
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), ERROR);
}
END_TEST

START_TEST(a_profile_that_turned_from_full_to_split_or_back_ends_too)
{
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice+full")), "full");
    change_policy(choices, "<profile full>\nroutes internal\n</profile>\n");
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), ERROR);
    ck_assert_ptr_nonnull(strstr(content(reason), "no longer open to you"));
    new_client();
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice+full")), "split");
    change_policy(choices, full_for_alice);
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), ERROR);
}
END_TEST

START_TEST(another_default_does_not_end_the_sessions_there_are)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD)), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "split");
    change_policy("<user alice>\nprofile library\n</user>\n", full_for_alice);
    ck_assert_int_eq(verify(L("alice", PASSWORD)), SUCCESS);
}
END_TEST

/* ── tokens ── */

START_TEST(a_client_with_a_token_gets_what_it_chose_before)
{
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"), .session_id = "id1",
                              .session_state = "Initial")),
                     SUCCESS);
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id1", .session_state = "Initial")),
                     "full");
    new_client();
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id1", .session_state = "Authenticated")),
                     "full");
    new_client();
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id2", .session_state = "Authenticated")),
                     "split");
    new_client();
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id1", .session_state = "Initial")),
                     "refused");
    new_client();
    ck_assert_str_eq(connect_as(U("bob", .session_id = "id1", .session_state = "Authenticated")),
                     "split");
}
END_TEST

START_TEST(external_auth_sees_the_token_and_the_choice_stays)
{
    const char *token = "SESS_ID_AT_abc";

    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"), .session_id = "id1",
                              .session_state = "Initial")),
                     SUCCESS);
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id1", .session_state = "Initial")),
                     "full");
    ck_assert_int_eq(verify(L("alice", token, .session_id = "id1", .session_state = "Authenticated",
                              .sso = "crtext")),
                     SUCCESS);
    ck_assert_int_eq(
        verify(L("alice", token, .says = "1", .session_id = "id1", .session_state = "Expired")),
        ERROR);
    new_client();
    ck_assert_int_eq(verify(L("alice", token, .session_id = "id1", .session_state = "Authenticated",
                              .sso = "crtext")),
                     SUCCESS);
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id1", .session_state = "Authenticated")),
                     "full");
}
END_TEST

START_TEST(a_token_of_unknown_memory_gets_the_default_and_is_not_asked)
{
    const char *token = "SESS_ID_AT_abc";

    ck_assert_int_eq(verify(L("alice", token, .session_id = "id9", .session_state = "Authenticated",
                              .sso = "crtext")),
                     SUCCESS);
    ck_assert_str_eq(content(pending), "");
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id9", .session_state = "Authenticated")),
                     "split");
}
END_TEST

START_TEST(a_token_that_openvpn_does_not_vouch_for_brings_no_choice_back)
{
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"), .session_id = "id1",
                              .session_state = "Initial")),
                     SUCCESS);
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id1", .session_state = "Initial")),
                     "full");
    new_client();
    ck_assert_int_eq(
        verify(L("alice", "SESS_ID_AT_abc", .session_id = "id1", .session_state = "Expired")),
        SUCCESS); /* the wrapped plugin's decision */
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id1", .session_state = "Expired")),
                     "split");
}
END_TEST

/* ── what else the wrapped plugin asks for ── */

/* AUTH_USER_PASS_VERIFY with DISCONNECT, LEARN_ADDRESS, CONNECT_V2 and CRRESPONSE. */
#define MANY_CALLS "mask=33696"

static int call_with(int type, const char **argv, const char *says, const char *gives,
                     struct openvpn_plugin_string_list **list)
{
    const char *envp[] = {says, gives ? gives : "gave=nothing", "username=alice",
                          "crresponse=Zg==", NULL};
    struct inner_call call = {.type = type, .argv = argv, .envp = envp, .return_list = list};

    switch (type) {
    case OPENVPN_PLUGIN_CLIENT_CONNECT_V2:
        return connect_begin(handle, client, &call);
    case OPENVPN_PLUGIN_LEARN_ADDRESS:
        return connect_learn(handle, client, &call);
    case OPENVPN_PLUGIN_CLIENT_DISCONNECT:
        return connect_end(handle, client, &call);
    default:
        return login_answer(handle, client, &call);
    }
}

START_TEST(its_own_text_at_connect_comes_before_ours)
{
    struct openvpn_plugin_string_list *list = NULL;

    open_again(INNER_MODULES "/inner_v3.so", MANY_CALLS);
    ck_assert_int_eq(verify(L("alice", PASSWORD)), SUCCESS);
    ck_assert_int_eq(call_with(OPENVPN_PLUGIN_CLIENT_CONNECT_V2, NULL, "says=0",
                               "gives=push \"inactive 60\"", &list),
                     SUCCESS);
    ck_assert_int_eq(strncmp(list->value, "push \"inactive 60\"\npush", 23), 0);
    ck_assert_ptr_nonnull(strstr(list->value, "push \"route 10.0.0.0 255.0.0.0\""));
    ck_assert_ptr_null(list->next);
    inner_free_list(list);
}
END_TEST

START_TEST(it_may_refuse_at_connect_and_not_put_it_off)
{
    static const char *const answers[] = {"says=1", "says=2", "says=7"};

    open_again(INNER_MODULES "/inner_v3.so", MANY_CALLS);
    for (size_t i = 0; i < 3; i++) {
        struct openvpn_plugin_string_list *list = NULL;

        ck_assert_int_eq(verify(L("alice", PASSWORD)), SUCCESS);
        ck_assert_int_eq(call_with(OPENVPN_PLUGIN_CLIENT_CONNECT_V2, NULL, answers[i],
                                   "gives=push \"x\"", &list),
                         ERROR);
        ck_assert_ptr_null(list);
        ck_assert(!client->connected);
    }
}
END_TEST

START_TEST(it_is_told_of_addresses_and_of_the_end)
{
    const char *argv[] = {"byway.so", "add", "10.8.0.2", "alice", NULL};
    struct openvpn_plugin_string_list *list = NULL;

    open_again(INNER_MODULES "/inner_v3.so", MANY_CALLS);
    ck_assert_int_eq(verify(L("alice", PASSWORD)), SUCCESS);
    ck_assert_int_eq(call_with(OPENVPN_PLUGIN_CLIENT_CONNECT_V2, NULL, "says=0", NULL, &list),
                     SUCCESS);
    inner_free_list(list);
    ck_assert_int_eq(call_with(OPENVPN_PLUGIN_LEARN_ADDRESS, argv, "says=0", NULL, NULL), SUCCESS);
    ck_assert_int_eq(call_with(OPENVPN_PLUGIN_LEARN_ADDRESS, argv, "says=1", NULL, NULL), ERROR);
    ck_assert_int_eq(call_with(OPENVPN_PLUGIN_CLIENT_DISCONNECT, NULL, "says=1", NULL, NULL),
                     ERROR);
    ck_assert(!client->connected);
}
END_TEST

START_TEST(answers_to_its_own_questions_are_its_own)
{
    open_again(INNER_MODULES "/inner_v3.so", MANY_CALLS);
    ck_assert_int_eq(call_with(OPENVPN_PLUGIN_CLIENT_CRRESPONSE, NULL, "says=0", NULL, NULL),
                     SUCCESS);
    ck_assert_ptr_null(strstr(logged, "ignored"));
    /* but not those to ours */
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    ck_assert_int_eq(call_with(OPENVPN_PLUGIN_CLIENT_CRRESPONSE, NULL, "says=0", NULL, NULL),
                     ERROR);
    ck_assert_str_eq(content(control), "0"); /* "f" is no profile */
}
END_TEST

START_TEST(without_one_the_choices_that_need_it_are_warned_about)
{
    open_again(NULL, NULL);
    ck_assert_ptr_nonnull(strstr(logged, "`choose static-challenge` cannot work here"));
    ck_assert_ptr_nonnull(strstr(logged, "`choose menu` cannot work here"));
    ck_assert_ptr_null(strstr(logged, "`choose username-suffix`"));
    ck_assert_int_eq(
        handle_mask(handle) & OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY), 0);
    ck_assert_int_eq(verify(L("alice", PASSWORD)), ERROR);
    ck_assert_str_eq(connect_as(U("alice+full")), "full");
    ck_assert_str_eq(connect_as(U("bob+full")), "refused");
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("login");
    TCase *tcase = tcase_create("login");

    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_login_gets_what_it_said_or_is_refused, 0,
                        sizeof(firsts) / sizeof(firsts[0]));
    tcase_add_test(tcase, a_static_challenge_is_a_choice_and_an_empty_one_is_none);
    tcase_add_test(tcase, a_login_without_context_or_files_is_an_error);
    tcase_add_test(tcase, another_login_is_not_ones_own);
    tcase_add_test(tcase, the_menu_is_shown_to_those_who_can_be_asked_and_the_answer_decides);
    tcase_add_test(tcase, a_wrong_answer_fails_the_login_with_the_reason);
    tcase_add_test(tcase, an_empty_answer_is_the_default);
    tcase_add_test(tcase, nobody_else_is_asked);
    tcase_add_test(tcase, a_second_answer_and_one_to_no_question_are_ignored);
    tcase_add_test(tcase, a_new_login_on_the_connection_forgets_the_question);
    tcase_add_loop_test(tcase, a_malformed_answer_fails_the_login, 0,
                        sizeof(malformed) / sizeof(malformed[0]));
    tcase_add_test(tcase, an_answer_that_comes_when_openvpn_has_given_up_makes_no_file);
    tcase_add_test(tcase, after_a_late_yes_the_menu_is_a_challenge_and_its_answer_a_login);
    tcase_add_test(tcase, after_a_late_no_there_is_no_challenge);
    tcase_add_test(tcase, a_state_is_good_for_its_own_user_alone);
    tcase_add_test(tcase, an_invented_state_is_denied_and_never_passed_on);
    tcase_add_test(tcase, a_wrong_answer_to_the_challenge_is_refused_with_the_reason);
    tcase_add_test(tcase, a_late_refusal_is_told_and_logged_after_the_yes_alone);
    tcase_add_test(tcase, a_renegotiation_is_authenticated_again_and_changes_nothing);
    tcase_add_test(tcase, the_menu_is_not_shown_again);
    tcase_add_test(tcase, on_a_full_tunnel_who_does_not_say_so_again_connects_anew);
    tcase_add_test(tcase, on_a_split_tunnel_who_says_nothing_more_goes_on);
    tcase_add_test(tcase, another_user_on_the_connection_connects_anew);
    tcase_add_test(tcase, a_right_that_was_withdrawn_ends_at_the_renegotiation);
    tcase_add_test(tcase, a_profile_that_turned_from_full_to_split_or_back_ends_too);
    tcase_add_test(tcase, another_default_does_not_end_the_sessions_there_are);
    tcase_add_test(tcase, a_client_with_a_token_gets_what_it_chose_before);
    tcase_add_test(tcase, external_auth_sees_the_token_and_the_choice_stays);
    tcase_add_test(tcase, a_token_of_unknown_memory_gets_the_default_and_is_not_asked);
    tcase_add_test(tcase, a_token_that_openvpn_does_not_vouch_for_brings_no_choice_back);
    tcase_add_test(tcase, its_own_text_at_connect_comes_before_ours);
    tcase_add_test(tcase, it_may_refuse_at_connect_and_not_put_it_off);
    tcase_add_test(tcase, it_is_told_of_addresses_and_of_the_end);
    tcase_add_test(tcase, answers_to_its_own_questions_are_its_own);
    tcase_add_test(tcase, without_one_the_choices_that_need_it_are_warned_about);
    suite_add_tcase(suite, tcase);
    return suite;
}
