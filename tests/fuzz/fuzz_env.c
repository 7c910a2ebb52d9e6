/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any environment, through the whole of the plugin: login, answers, connect, address, end.
 * Whatever a client sends, the promises must hold.
 *
 * The input is text. Each line "!CALL VERDICT" makes a call with the "name=value"
 * lines before it since the last call: auth, answer, connect, learn, end, client (a new one
 * in the place of the old). VERDICT is what the wrapped plugin returns.
 */
#include "config.h"

#include OPENVPN_PLUGIN_HEADER

#include "lib/push.h"
#include "plugin/challenge.h"
#include "plugin/connect.h"
#include "plugin/session.h"
#include "plugin/handle.h"
#include "plugin/login.h"
#include "plugin/tokens.h"
#include "plugin/verdict.h"

#include <ctype.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_VARIABLES 100
#define EXPORT        __attribute__((visibility("default")))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char policy_text[] = "choose username-suffix +\n"
                                  "choose peer-info UV_TUNNEL\n"
                                  "choose static-challenge\n"
                                  "choose menu\n"
                                  "default-profile campus\n"
                                  "<routes internal>\n10.0.0.0/8\n2606:fa00::/32\n</routes>\n"
                                  "<profile campus>\nroutes internal\n</profile>\n"
                                  "<profile library>\nroutes internal\nallow group staff\n"
                                  "</profile>\n"
                                  "<profile full>\ntunnel full\nallow user alice\n</profile>\n"
                                  "<group staff>\nuser bob\n</group>\n";

static char dir[64];
static char files[3][128]; /* control, pending, reason */
static int inner_says;
static struct handle *handle;

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "promise broken: %s\n", what);
    abort();
}

/* ── the wrapped plugin ── */

EXPORT int openvpn_plugin_open_v3(const int version,
                                  struct openvpn_plugin_args_open_in const *arguments,
                                  struct openvpn_plugin_args_open_return *retptr);
EXPORT int openvpn_plugin_func_v3(const int version,
                                  struct openvpn_plugin_args_func_in const *arguments,
                                  struct openvpn_plugin_args_func_return *retptr);
EXPORT void openvpn_plugin_close_v1(openvpn_plugin_handle_t unused);

int openvpn_plugin_open_v3(const int version, struct openvpn_plugin_args_open_in const *arguments,
                           struct openvpn_plugin_args_open_return *retptr)
{
    (void)version;
    (void)arguments;
    retptr->type_mask = OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY);
    retptr->handle = &inner_says;
    return OPENVPN_PLUGIN_FUNC_SUCCESS;
}

/* Whatever was typed, it gets one name, one password, one control file, and the name is clean. */
int openvpn_plugin_func_v3(const int version, struct openvpn_plugin_args_func_in const *arguments,
                           struct openvpn_plugin_args_func_return *retptr)
{
    const char *const *envp = (const char *const *)arguments->envp;
    unsigned names = 0, passwords = 0, controls = 0;
    struct env env;

    (void)version;
    (void)retptr;
    env_read(envp, &env);
    require(env.username && env.password && *env.password, "a login without name or password");
    require(strlen(env.username) <= POLICY_MAX_USER, "a name that is too long");
    for (; *envp; envp++) {
        names += strncmp(*envp, "username=", 9) == 0;
        passwords += strncmp(*envp, "password=", 9) == 0;
        controls += strncmp(*envp, "auth_control_file=", 18) == 0;
    }
    require(names == 1 && passwords == 1 && controls == 1, "variables twice");
    if (inner_says == OPENVPN_PLUGIN_FUNC_DEFERRED) {
        int fd = open(env.control_file, O_WRONLY);

        require(fd >= 0 && write(fd, "0", 1) == 1, "a control file that cannot be written");
        close(fd);
    }
    return inner_says;
}

void openvpn_plugin_close_v1(openvpn_plugin_handle_t unused)
{
    (void)unused;
}

/* ── the host ── */

static void swallow(void *arg, enum log_level level, const char *subsystem, const char *text)
{
    (void)arg;
    (void)level;
    (void)subsystem;
    for (; *text; text++)
        require((unsigned char)*text >= 32, "a control character in the log");
}

static void remove_dir(void)
{
    for (size_t i = 0; i < 3; i++)
        unlink(files[i]);
    rmdir(dir);
}

static void make_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    require(out && fputs(text, out) >= 0 && fclose(out) == 0, "no scratch file");
}

static struct handle *make_handle(void)
{
    static struct handle made;
    static struct openvpn_plugin_callbacks callbacks;
    const char *envp[] = {NULL};
    const char *argv[] = {"stub", NULL};
    struct openvpn_plugin_args_open_in in = {~0,  argv, envp, &callbacks, SSLAPI_OPENSSL,
                                             "2", 2,    6,    "0"};
    char policy[128];

    snprintf(dir, sizeof(dir), "/dev/shm/fuzz_env.XXXXXX");
    if (!mkdtemp(dir))
        require(mkdtemp(strcpy(dir, "/tmp/fuzz_env.XXXXXX")) != NULL, "no scratch directory");
    for (size_t i = 0; i < 3; i++)
        snprintf(files[i], sizeof(files[i]), "%s/%c", dir, "car"[i]);
    snprintf(policy, sizeof(policy), "%s/policy", dir);
    make_file(policy, policy_text);
    made.log = (struct log){swallow, NULL, LOG_LEVEL_DEBUG};
    made.dirs = dirs_new();
    made.policy = policy_in_use_new(policy, made.dirs, &made.log);
    made.tokens = tokens_new(4);
    made.challenges = challenges_new(2);
    made.verdicts = verdicts_new(&made.log);
    require(made.policy && made.tokens && made.challenges && made.verdicts, "no handle");
    made.inner = inner_open_object(dlopen(NULL, RTLD_NOW), &in, argv, &made.log);
    require(made.inner != NULL, "no wrapped plugin: is the program linked with -rdynamic?");
    unlink(policy); /* loaded; what is gone is not taken over */
    atexit(remove_dir);
    return &made;
}

/* The host's files, made anew before each login as OpenVPN does. */
static void make_files(void)
{
    for (size_t i = 0; i < 3; i++) {
        int fd = open(files[i], O_WRONLY | O_CREAT | O_TRUNC, 0600);

        require(fd >= 0, "no scratch file");
        close(fd);
    }
}

static off_t file_size(const char *path)
{
    struct stat st = {0};

    return stat(path, &st) == 0 ? st.st_size : 0;
}

/* ── one input ── */

struct run {
    struct client *client;
    const char *envp[MAX_VARIABLES + 4];
    size_t n;
    bool said_full; /* the word was anywhere in the input so far */
    bool is_alice;  /* this call's user name or certificate could be hers */
};

static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);

    for (; *text; text++)
        if (strncasecmp(text, word, n) == 0)
            return true;
    return false;
}

static void check_line(const char *line, size_t n)
{
    require(n > 0 && n <= PUSH_MAX_LINE, "a line that OpenVPN splits");
    require(strncmp(line, "push \"", 6) == 0 || strncmp(line, "push-remove \"", 13) == 0,
            "a line that is no push");
    require(line[n - 1] == '"' && !memchr(line, ',', n), "a push that OpenVPN refuses");
}

static void check_result(const struct run *run, const struct openvpn_plugin_string_list *list)
{
    const char *line;

    require(list && !list->next && list->name && strcmp(list->name, "config") == 0 && list->value,
            "a result that OpenVPN does not read");
    for (line = list->value; *line;) {
        size_t n = strcspn(line, "\n");

        check_line(line, n);
        line += n + (line[n] == '\n');
    }
    if (strstr(list->value, "push \"redirect-gateway"))
        require(run->said_full && run->is_alice, "a full tunnel that was not chosen");
}

static void call_auth(struct run *run, struct inner_call *call)
{
    int status;

    make_files();
    status = login_verify(handle, run->client, call);
    if (inner_says != OPENVPN_PLUGIN_FUNC_SUCCESS && inner_says != OPENVPN_PLUGIN_FUNC_DEFERRED) {
        require(status == OPENVPN_PLUGIN_FUNC_ERROR, "in without a password");
        require(file_size(files[1]) == 0 && file_size(files[2]) == 0,
                "something told to one who is not authenticated");
    }
    if (inner_says == OPENVPN_PLUGIN_FUNC_DEFERRED)
        require(status != OPENVPN_PLUGIN_FUNC_SUCCESS, "in before the verdict");
    require(file_size(files[2]) < 1000, "a reason that OpenVPN cuts");
}

static void call_connect(struct run *run, struct inner_call *call)
{
    struct openvpn_plugin_string_list *list = NULL;

    call->return_list = &list;
    if (connect_begin(handle, run->client, call) == OPENVPN_PLUGIN_FUNC_SUCCESS)
        check_result(run, list);
    else
        require(!list, "a result with a refusal");
    inner_free_list(list);
}

static void new_client(struct run *run)
{
    if (run->client) {
        session_vanish(handle, run->client);
        handle_client_free(handle, run->client);
    }
    run->client = handle_client_new(handle);
    require(run->client != NULL, "no client");
}

static void call_plugin(struct run *run, const char *what)
{
    static const char *argv[] = {"byway", "add", "10.8.0.2", "cn", NULL};
    struct inner_call call = {.argv = argv, .envp = run->envp};
    const char *space = strchr(what, ' ');

    inner_says = space ? atoi(space) : 0;
    run->envp[run->n] = NULL;
    handle_collect(handle);
    if (strncmp(what, "auth", 4) == 0) {
        call.type = OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY;
        call_auth(run, &call);
    } else if (strncmp(what, "answer", 6) == 0) {
        call.type = OPENVPN_PLUGIN_CLIENT_CRRESPONSE;
        login_answer(handle, run->client, &call);
    } else if (strncmp(what, "connect", 7) == 0) {
        call.type = OPENVPN_PLUGIN_CLIENT_CONNECT_V2;
        call_connect(run, &call);
    } else if (strncmp(what, "learn", 5) == 0) {
        call.type = OPENVPN_PLUGIN_LEARN_ADDRESS;
        connect_learn(handle, run->client, &call);
    } else if (strncmp(what, "end", 3) == 0) {
        call.type = OPENVPN_PLUGIN_CLIENT_DISCONNECT;
        connect_end(handle, run->client, &call);
    } else if (strncmp(what, "client", 6) == 0) {
        new_client(run);
    }
    run->n = 0;
    run->is_alice = false;
}

/* Our paths stand for those of the input: it must not write elsewhere. */
static const char *variable(const char *line)
{
    static char texts[3][160];
    static const char *const names[3] = {
        "auth_control_file=", "auth_pending_file=", "auth_failed_reason_file="};

    for (size_t i = 0; i < 3; i++) {
        if (strncmp(line, names[i], strlen(names[i])) != 0)
            continue;
        snprintf(texts[i], sizeof(texts[i]), "%s%s", names[i], files[i]);
        return texts[i];
    }
    return line;
}

static void take_line(struct run *run, const char *line)
{
    /* An answer and a static challenge come encoded, so the word can be anywhere in there. */
    run->said_full |= has_word(line, "full") || strncmp(line, "crresponse=", 11) == 0 ||
                      strncmp(line, "password=SCRV1:", 15) == 0;
    run->is_alice |=
        strncmp(line, "username=alice", 14) == 0 || strcmp(line, "common_name=alice") == 0;
    if (*line == '!')
        call_plugin(run, line + 1);
    else if (run->n < MAX_VARIABLES)
        run->envp[run->n++] = variable(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run run = {0};
    char *text = malloc(size + 1);
    char *line = text;

    require(text != NULL, "no memory");
    if (!handle)
        handle = make_handle();
    memcpy(text, data, size);
    text[size] = '\0';
    new_client(&run);
    while (line) {
        char *end = strchr(line, '\n');

        if (end)
            *end++ = '\0';
        take_line(&run, line);
        line = end;
    }
    session_vanish(handle, run.client);
    handle_client_free(handle, run.client);
    tokens_free(handle->tokens); /* every input begins with the same state */
    handle->tokens = tokens_new(4);
    require(!handle->clients && handle->tokens, "something left behind");
    free(text);
    return 0;
}
