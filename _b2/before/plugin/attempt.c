/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads an attempt to log in and decides it. Tells no one. */
#include "plugin/attempt.h"

#include "plugin/tokens.h"

#include <stdio.h>
#include <string.h>

#define TOKEN_PREFIX "SESS_ID_AT_" /* of --auth-gen-token's passwords: OpenVPN's auth_token.h */

/* What a token's holder said when it typed something last. */
static void recall_said(struct attempt *attempt)
{
    const struct env *env = &attempt->env;

    if (attempt->client->connected)
        attempt->said = attempt->client->said;
    else if (env->session_id && strcmp(env->session_state, "Authenticated") == 0)
        tokens_get(attempt->handle->tokens, env->session_id, env->username, &attempt->said);
}

static void read_said(struct attempt *attempt)
{
    const struct policy_choose *choose = policy_chooses(attempt->policy, POLICY_MEANS_PEER_INFO);

    attempt->has_token = attempt->env.session_state &&
                         strncmp(attempt->env.password, TOKEN_PREFIX, strlen(TOKEN_PREFIX)) == 0;
    if (attempt->has_token)
        recall_said(attempt);
    else if (attempt->credentials.kind == CREDENTIALS_PLAIN)
        said_set(attempt->said.static_challenge, attempt->credentials.response);
    if (choose)
        said_set(attempt->said.peer_info,
                 env_get((const char *const *)attempt->call->envp, choose->argument));
}

void attempt_begin(struct attempt *attempt)
{
    attempt->policy = policy_in_use_get(attempt->handle->policy);
    env_read((const char *const *)attempt->call->envp, &attempt->env);
    attempt->peer = env_peer(&attempt->env);
}

const char *attempt_read(struct attempt *attempt)
{
    const struct env *env = &attempt->env;

    attempt_begin(attempt);
    if (!env->control_file || !env->pending_file || !env->reason_file)
        return "OpenVPN named no control files";
    credentials_read(attempt->policy, env->username, env->password, &attempt->credentials);
    if (attempt->credentials.kind == CREDENTIALS_BAD)
        return attempt->credentials.problem;
    if (strlen(env->username) >= CLIENT_USERNAME_SIZE)
        return "a user name that is too long";
    read_said(attempt);
    return NULL;
}

void attempt_wipe(struct attempt *attempt)
{
    credentials_wipe(&attempt->credentials);
}

bool attempt_is_renegotiation(const struct attempt *attempt)
{
    return attempt->client->connected &&
           strcmp(attempt->client->username, attempt->env.username) == 0;
}

/* IV_SSO is a list of what the client can be asked, with commas. */
static bool can_be_asked(const struct env *env)
{
    const char *word = env->iv_sso;

    while (word && *word) {
        size_t n = strcspn(word, ",");

        if (n == strlen("crtext") && strncmp(word, "crtext", n) == 0)
            return true;
        word += n + (word[n] == ',');
    }
    return false;
}

/* `from`: where it logged in from; its family is 0 if that is not known. */
static void decide(struct attempt *attempt, const struct prefix *from, bool may_ask)
{
    struct choice_login login = {
        .username = attempt->env.username,
        .common_name = attempt->env.common_name,
        .from = from->family ? from : NULL,
        .can_be_asked = may_ask,
    };

    said_apply(&attempt->said, &login);
    choice_decide(attempt->policy, &login, &attempt->choice);
}

static bool says_nothing(const struct attempt *attempt)
{
    return attempt->choice.outcome == CHOICE_GRANTED &&
           (attempt->choice.by == CHOICE_BY_DEFAULT ||
            attempt->choice.by == CHOICE_BY_USER_DEFAULT);
}

static void refuse(struct attempt *attempt, const char *reason)
{
    attempt->choice.outcome = CHOICE_REFUSED;
    snprintf(attempt->choice.reason, sizeof(attempt->choice.reason), "%s", reason);
}

static void refuse_to_connect_anew(struct attempt *attempt, const char *reason)
{
    refuse(attempt, reason);
    attempt->connect_anew = true;
}

/* The decision would be another one now: may the session keep the profile it has? */
static void keep_or_refuse(struct attempt *attempt)
{
    const struct client *client = attempt->client;
    const struct policy_profile *profile = policy_find_profile(attempt->policy, client->profile);
    bool keep = profile
                    ? profile->full == client->full && policy_allows(profile, attempt->choice.known)
                    : !client->full;

    if (keep)
        attempt->choice.outcome = CHOICE_GRANTED;
    else if (attempt->choice.outcome == CHOICE_GRANTED)
        refuse(attempt, "The tunnel you are on is no longer open to you. Please connect again.");
}

static void decide_renegotiation(struct attempt *attempt)
{
    const struct client *client = attempt->client;
    struct choice *choice = &attempt->choice;

    strcpy(attempt->said.menu, client->said.menu);
    decide(attempt, &client->from, false);
    if (choice->outcome == CHOICE_GRANTED && choice->profile->full == client->full &&
        strcmp(choice->profile->name, client->profile) == 0)
        return;
    if (said_equal(&attempt->said, &client->said) || (says_nothing(attempt) && !client->full))
        keep_or_refuse(attempt);
    else if (choice->outcome == CHOICE_GRANTED)
        refuse_to_connect_anew(attempt, "You asked for another tunnel: connecting anew.");
}

void attempt_decide(struct attempt *attempt, bool may_ask)
{
    bool connected = attempt->client->connected;

    if (attempt_is_renegotiation(attempt)) {
        decide_renegotiation(attempt);
        return;
    }
    decide(attempt, &attempt->peer.prefix,
           may_ask && !connected && !attempt->has_token && can_be_asked(&attempt->env));
    if (connected && attempt->choice.outcome == CHOICE_GRANTED)
        refuse_to_connect_anew(attempt,
                               "This connection began with another login: connecting anew.");
}
