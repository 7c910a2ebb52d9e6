/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Authentication. Every path begins at "error"; a login gets through in let_through()
 * alone, after the wrapped plugin agreed (or while it still has the last word).
 */
#include "plugin/login.h"

#include "plugin/attempt.h"
#include "plugin/challenge.h"
#include "plugin/control_file.h"
#include "plugin/inner_env.h"
#include "plugin/records.h"
#include "plugin/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ASK_FOR_S   60
#define PROMPT_SIZE 230 /* clients cut the message at 255 bytes */
#define REASON_SIZE (CHOICE_REASON_SIZE + 32)

enum note_kind { NOTE_REFUSED = 'R', NOTE_STATE = 'S' };

static time_t now_s(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static const char *or_somebody(const char *user)
{
    return user && *user ? user : "somebody";
}

static void log_login(const struct attempt *attempt, enum log_level level, const char *what,
                      const char *detail)
{
    log_write(&attempt->handle->log, level, "login", "%s from %s: %s%s",
              or_somebody(attempt->env.username), env_peer_name(&attempt->peer), what, detail);
}

/* The one way in: the login is remembered, and the code that lets it through returned. */
static int let_through(const struct attempt *attempt, int code)
{
    struct client *client = attempt->client;

    client->login = CLIENT_LOGIN_GRANTED;
    if (attempt_is_renegotiation(attempt))
        return code;                               /* what its session was made of stays */
    if (attempt->env.username != client->username) /* the answer to a menu has that one */
        strcpy(client->username, attempt->env.username);
    client->said = attempt->said;
    explicit_bzero(client->state, sizeof(client->state));
    if (attempt->credentials.kind == CREDENTIALS_ANSWER)
        snprintf(client->state, sizeof(client->state), "%s", attempt->credentials.state);
    return code;
}

/*
 * The reason as OpenVPN sends it. From 2.6 on, clients read "TEMP[backoff N]:" as "keep the
 * password and come again in N seconds": until then the connection they had is gone.
 */
static void format_reason(const struct attempt *attempt, char text[REASON_SIZE])
{
    snprintf(text, REASON_SIZE, "%s%s", attempt->connect_anew ? "TEMP[backoff 6]:" : "",
             attempt->choice.reason);
}

static void tell_reason(const struct attempt *attempt, const char *reason_file)
{
    char text[REASON_SIZE];

    format_reason(attempt, text);
    if (!control_file_write(reason_file, text))
        log_login(attempt, LOG_LEVEL_WARNING, "the reason could not be sent", "");
}

/* Authenticated, and refused: the user is told why. */
static int refuse(const struct attempt *attempt, const char *reason_file)
{
    struct spool_record record = record_refused(&attempt->env, &attempt->peer, &attempt->choice);

    log_login(attempt, LOG_LEVEL_WARNING, "refused: ", attempt->choice.reason);
    tell_reason(attempt, reason_file);
    handle_record(attempt->handle, &record);
    return OPENVPN_PLUGIN_FUNC_ERROR;
}

static void make_prompt(const struct attempt *attempt, char prompt[PROMPT_SIZE])
{
    choice_prompt(attempt->policy, attempt->choice.known, prompt, PROMPT_SIZE);
}

/* Authenticated: the menu is shown on this connection, and the answer waited for. */
static int ask_now(const struct attempt *attempt)
{
    char prompt[PROMPT_SIZE] = "";
    char text[PROMPT_SIZE + 64];

    make_prompt(attempt, prompt);
    snprintf(text, sizeof(text), "%d\ncrtext\nCR_TEXT:R,E:%s\n", ASK_FOR_S, prompt);
    if (!control_file_write(attempt->env.pending_file, text) ||
        !client_ask(attempt->client, attempt->env.control_file, attempt->env.reason_file)) {
        log_login(attempt, LOG_LEVEL_ERROR, "the menu could not be shown: denied", "");
        return OPENVPN_PLUGIN_FUNC_ERROR;
    }
    log_login(attempt, LOG_LEVEL_NOTICE, "asked which tunnel", "");
    return let_through(attempt, OPENVPN_PLUGIN_FUNC_DEFERRED); /* as far as the question */
}

/* The wrapped plugin said yes. */
static int settle_now(const struct attempt *attempt)
{
    switch (attempt->choice.outcome) {
    case CHOICE_GRANTED:
        return let_through(attempt, OPENVPN_PLUGIN_FUNC_SUCCESS);
    case CHOICE_ASK:
        return ask_now(attempt);
    case CHOICE_REFUSED:
    case CHOICE_ERROR:
        break;
    }
    return refuse(attempt, attempt->env.reason_file);
}

/* Hands the login over, to be failed with this reason if the verdict is yes. */
static int fail_later(const struct attempt *attempt, char **private_file, const char *reason,
                      const void *note, size_t note_n)
{
    const struct verdict_job job = {
        .private_file = *private_file,
        .control_file = attempt->env.control_file,
        .reason_file = attempt->env.reason_file,
        .reason = reason,
        .note = note,
        .note_n = note_n,
    };

    if (!reason || !verdicts_hand_over(attempt->handle->verdicts, &job))
        return OPENVPN_PLUGIN_FUNC_ERROR;
    free(*private_file); /* the file is the verdict process's to remove now */
    *private_file = NULL;
    return OPENVPN_PLUGIN_FUNC_DEFERRED;
}

static int refuse_later(const struct attempt *attempt, char **private_file)
{
    struct spool_record record = record_refused(&attempt->env, &attempt->peer, &attempt->choice);
    char note[1 + SPOOL_MAX_LINE];
    char text[REASON_SIZE];

    note[0] = NOTE_REFUSED;
    format_reason(attempt, text);
    return fail_later(attempt, private_file, text, note,
                      1 + spool_format(&record, note + 1, sizeof(note) - 1));
}

/* A question cannot follow a verdict that comes later; a dynamic challenge can. */
static int ask_later(const struct attempt *attempt, char **private_file)
{
    char state[CLIENT_STATE_SIZE];
    char prompt[PROMPT_SIZE] = "";
    char note[1 + CLIENT_STATE_SIZE + CLIENT_USERNAME_SIZE];
    char *reason = NULL;
    int result;
    int n;

    if (!challenge_make_state(state))
        return OPENVPN_PLUGIN_FUNC_ERROR;
    make_prompt(attempt, prompt);
    n = snprintf(note, sizeof(note), "%c%s %s", NOTE_STATE, state, attempt->env.username);
    reason = challenge_reason(state, attempt->env.username, prompt);
    result = fail_later(attempt, private_file, reason, note, (size_t)n + 1);
    explicit_bzero(state, sizeof(state));
    free(reason);
    return result;
}

/* The wrapped plugin answers later. What Byway will not grant waits for that answer. */
static int settle_later(const struct attempt *attempt, char **private_file)
{
    switch (attempt->choice.outcome) {
    case CHOICE_GRANTED:
        if (!client_await_verdict(attempt->client, attempt->env.control_file))
            return OPENVPN_PLUGIN_FUNC_ERROR;
        return let_through(attempt, OPENVPN_PLUGIN_FUNC_DEFERRED);
    case CHOICE_ASK:
        return ask_later(attempt, private_file);
    case CHOICE_REFUSED:
    case CHOICE_ERROR:
        break;
    }
    return refuse_later(attempt, private_file);
}

/*
 * Asks the wrapped plugin. It gets OpenVPN's own control file where its word is the last
 * one, and a private one otherwise.
 */
static int ask_inner(const struct attempt *attempt, const char *control_file)
{
    struct inner_call call = *attempt->call;
    struct inner_env *env = inner_env_new((const char *const *)call.envp, attempt->credentials.user,
                                          attempt->credentials.password, control_file);
    int status = OPENVPN_PLUGIN_FUNC_ERROR;

    if (env) {
        call.envp = inner_env_get(env);
        call.return_list = NULL;
        status = handle_forward(attempt->handle, attempt->client, &call);
    }
    inner_env_free(env);
    return status;
}

static int verify_password(struct attempt *attempt)
{
    int result = OPENVPN_PLUGIN_FUNC_ERROR;
    char *private_file = NULL;

    attempt_decide(attempt, true);
    if (attempt->choice.outcome != CHOICE_GRANTED) {
        private_file = verdict_make_file(attempt->env.control_file);
        if (!private_file) {
            log_login(attempt, LOG_LEVEL_ERROR, "no file beside OpenVPN's control file: denied",
                      "");
            return OPENVPN_PLUGIN_FUNC_ERROR;
        }
    }
    switch (ask_inner(attempt, private_file ? private_file : attempt->env.control_file)) {
    case OPENVPN_PLUGIN_FUNC_SUCCESS:
        result = settle_now(attempt);
        break;
    case OPENVPN_PLUGIN_FUNC_DEFERRED:
        result = settle_later(attempt, &private_file);
        break;
    default:
        log_login(attempt, LOG_LEVEL_NOTICE, "denied by the authentication plugin", "");
        break;
    }
    verdict_remove_file(private_file);
    free(private_file);
    return result;
}

/* The state proves a password that was right; see plugin/challenge.h. */
static int verify_answer(struct attempt *attempt)
{
    const struct credentials *credentials = &attempt->credentials;
    const struct client *client = attempt->client;

    if (*client->state && challenge_equal(client->state, credentials->state) &&
        strcmp(client->username, attempt->env.username) == 0) {
        said_set(attempt->said.menu, client->said.menu); /* a renegotiation repeats its state */
    } else if (challenges_take(attempt->handle->challenges, credentials->state,
                               attempt->env.username, now_s())) {
        said_set(attempt->said.menu, credentials->response);
    } else {
        log_login(attempt, LOG_LEVEL_WARNING,
                  "denied: ", "an answer to a question that was not asked, or is no longer open");
        return OPENVPN_PLUGIN_FUNC_ERROR;
    }
    attempt_decide(attempt, false);
    return settle_now(attempt);
}

int login_verify(struct handle *handle, struct client *client, const struct inner_call *call)
{
    struct attempt attempt = {.handle = handle, .client = client, .call = call};
    int result = OPENVPN_PLUGIN_FUNC_ERROR;
    const char *problem;

    if (!client || !handle->inner)
        return OPENVPN_PLUGIN_FUNC_ERROR;
    client_deny_login(client);
    problem = attempt_read(&attempt);
    if (problem)
        log_login(&attempt, LOG_LEVEL_WARNING, "denied: ", problem);
    else if (attempt.credentials.kind == CREDENTIALS_ANSWER)
        result = verify_answer(&attempt);
    else
        result = verify_password(&attempt);
    attempt_wipe(&attempt);
    return result;
}

/* Decides a login whose menu was answered. */
static int settle_answer(struct attempt *attempt, const char *answer)
{
    const struct client *client = attempt->client;

    attempt->env.username = client->username;
    attempt->said = client->said;
    said_set(attempt->said.menu, answer);
    attempt_decide(attempt, false);
    if (attempt->choice.outcome != CHOICE_GRANTED)
        return refuse(attempt, client->asked_reason_file);
    if (!control_file_write(client->asked_control_file, "1")) {
        log_login(attempt, LOG_LEVEL_WARNING, "the answer came too late", "");
        return OPENVPN_PLUGIN_FUNC_ERROR;
    }
    return let_through(attempt, OPENVPN_PLUGIN_FUNC_SUCCESS);
}

int login_answer(struct handle *handle, struct client *client, const struct inner_call *call)
{
    struct attempt attempt = {.handle = handle, .client = client, .call = call};
    int result = OPENVPN_PLUGIN_FUNC_ERROR;
    char *answer = NULL;
    size_t n;

    attempt_begin(&attempt);
    if (!client || !client->asked_control_file) {
        if (inner_wants(handle->inner, call->type)) /* a question of its own */
            return handle_forward(handle, client, call);
        log_login(&attempt, LOG_LEVEL_NOTICE, "an answer to no question: ignored", "");
        return OPENVPN_PLUGIN_FUNC_ERROR;
    }
    n = attempt.env.crresponse ? strlen(attempt.env.crresponse) : 0;
    answer = malloc(n + 1);
    if (!answer || !attempt.env.crresponse ||
        !credentials_base64_text(attempt.env.crresponse, n, answer))
        log_login(&attempt, LOG_LEVEL_WARNING, "an answer that is malformed: denied", "");
    else
        result = settle_answer(&attempt, answer);
    if (result == OPENVPN_PLUGIN_FUNC_SUCCESS) {
        client_forget_question(client);
    } else {
        control_file_write(client->asked_control_file, "0"); /* or OpenVPN has given up already */
        client_deny_login(client);
    }
    free(answer);
    return result;
}

static void take_refusal(struct handle *handle, char *line, size_t n)
{
    struct spool_record record;

    if (n == 0 || !spool_parse(line, n - 1, &record) || record.kind != SPOOL_REFUSED)
        return;
    log_write(&handle->log, LOG_LEVEL_WARNING, "login", "%s from %s: refused: %s",
              or_somebody(record.typed), record.real ? record.real : "an unknown address",
              record.reason ? record.reason : "");
    handle_record(handle, &record);
}

void login_take_note(struct handle *handle, char *note, size_t n)
{
    char *space;

    if (n == 0)
        return;
    if (note[0] == NOTE_REFUSED) {
        take_refusal(handle, note + 1, n - 1);
    } else if (note[0] == NOTE_STATE && note[n - 1] == '\0' && (space = strchr(note, ' '))) {
        *space = '\0';
        challenges_put(handle->challenges, note + 1, space + 1, now_s());
        explicit_bzero(note, n);
    }
}
