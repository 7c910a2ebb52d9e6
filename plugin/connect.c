/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From connect to the end of a session. The profile is decided anew here, under the
 * policy of now, from what the login said: what was remembered grants nothing by itself.
 */
#include "plugin/connect.h"

#include "plugin/records.h"
#include "plugin/session.h"
#include "plugin/tokens.h"

#include "lib/choice.h"
#include "lib/push.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct connecting {
    struct handle *handle;
    struct client *client;
    const struct inner_call *call;
    const struct policy *policy;
    struct env env;
    struct said said;
    struct env_peer peer;
    struct choice choice;
};

/*
 * What this login said. Byway's own authentication hook noted it in the context; a
 * client that came back with a token has said it at an earlier login.
 */
static void recall(struct connecting *c)
{
    const struct policy_choose *choose = policy_chooses(c->policy, POLICY_MEANS_PEER_INFO);
    const char *username = c->env.username;

    if (username && strcmp(c->client->username, username) == 0)
        c->said = c->client->said;
    else if (username && c->env.session_id && c->env.session_state &&
             strcmp(c->env.session_state, "Authenticated") == 0)
        tokens_get(c->handle->tokens, c->env.session_id, username, &c->said);
    if (choose)
        said_set(c->said.peer_info, env_get((const char *const *)c->call->envp, choose->argument));
}

/*
 * OpenVPN calls this hook for authenticated clients alone; should it ever be wrong about
 * one that the wrapped plugin did not let in, it ends here. Who holds a token was let
 * in earlier, and our authentication hook was not called at all.
 */
static bool is_let_in(const struct connecting *c)
{
    const char *state = c->env.session_state;

    if (!inner_wants(c->handle->inner, OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY))
        return true;
    if (c->client->login != CLIENT_LOGIN_NONE)
        return c->env.username && client_is_let_in(c->client, c->env.username);
    return c->env.username && c->env.session_id && state && strcmp(state, "Authenticated") == 0;
}

static void decide(struct connecting *c)
{
    struct choice_login login = {
        .username = c->env.username,
        .common_name = c->env.common_name,
        .from = c->peer.prefix.family ? &c->peer.prefix : NULL,
    };

    said_apply(&c->said, &login);
    choice_decide(c->policy, &login, &c->choice);
}

static void begin_session(const struct connecting *c)
{
    struct spool_record record = record_connected(&c->env, &c->peer, &c->choice);
    struct client *client = c->client;
    char versions[SPOOL_MAX_VALUE + 1];

    policy_versions(c->policy, c->choice.profile, c->choice.known, versions, sizeof(versions));
    record.routes = *versions ? versions : NULL;
    client->said = c->said;
    client->full = c->choice.profile->full;
    client->from = c->peer.prefix;
    strcpy(client->profile, c->choice.profile->name);
    if (c->env.username && strlen(c->env.username) < sizeof(client->username))
        strcpy(client->username, c->env.username);
    if (c->env.session_id && c->env.username && (*c->said.static_challenge || *c->said.menu))
        tokens_put(c->handle->tokens, c->env.session_id, c->env.username, &c->said);
    session_begin(c->handle, client, &c->env, &record);
}

/* Puts `text` into OpenVPN's return list, which then owns it. */
static bool give_text(struct openvpn_plugin_string_list **list, char *text)
{
    struct openvpn_plugin_string_list *node = calloc(1, sizeof(*node));
    char *name = strdup("config"); /* only this name, and only its first node, is read */

    if (!node || !name) {
        free(node);
        free(name);
        return false;
    }
    node->name = name;
    node->value = text;
    *list = node;
    return true;
}

/*
 * The wrapped plugin's own connect hook, where it has one. Its text goes before ours,
 * which removes what contradicts the profile. False if it refuses.
 */
static bool ask_inner(const struct connecting *c, struct openvpn_plugin_string_list **list)
{
    struct inner_call call = *c->call;

    if (!inner_wants(c->handle->inner, call.type))
        return true;
    call.return_list = list;
    if (handle_forward(c->handle, c->client, &call) == OPENVPN_PLUGIN_FUNC_SUCCESS)
        return true;
    log_write(&c->handle->log, LOG_LEVEL_WARNING, "connect",
              "%s from %s: refused by the wrapped plugin", c->choice.user, env_peer_name(&c->peer));
    return false;
}

/* `own` (malloc'd, taken over) after the text of `list`. NULL when memory is out. */
static char *join_texts(const struct openvpn_plugin_string_list *list, char *own, size_t own_n)
{
    size_t n;
    char *text;

    while (list && (!list->name || strcmp(list->name, "config") != 0 || !list->value))
        list = list->next;
    if (!list)
        return own;
    n = strlen(list->value);
    text = n + own_n < POLICY_MAX_TEXT ? malloc(n + own_n + 2) : NULL;
    if (text) {
        memcpy(text, list->value, n);
        text[n] = '\n';
        memcpy(text + n + 1, own, own_n + 1);
    }
    free(own);
    return text;
}

static bool has_ipv6(const struct connecting *c)
{
    return c->env.pool_ip6 && *c->env.pool_ip6;
}

/* "3 IPv4 and 1 IPv6 routes", "everything", or "everything but 2 IPv4 prefixes". */
static void describe_routes(const struct connecting *c, char text[80])
{
    const struct policy *policy = c->policy;
    const struct policy_profile *profile = c->choice.profile;
    size_t extra = c->choice.known ? c->choice.known->extra : 0;
    const struct push_plan *plan = &policy->plans[extra * policy->n_profiles + profile->index];

    if (profile->full && plan->n_ipv4 > 0)
        snprintf(text, 80, "everything but %zu IPv4 prefixes", plan->n_ipv4);
    else if (profile->full)
        snprintf(text, 80, "everything");
    else
        snprintf(text, 80, "%zu IPv4 and %zu IPv6 routes", plan->n_ipv4,
                 has_ipv6(c) ? plan->n_ipv6 : 0);
}

static void log_connected(const struct connecting *c, size_t text_n)
{
    char routes[80];

    describe_routes(c, routes);
    log_write(&c->handle->log, LOG_LEVEL_NOTICE, "connect",
              "%s from %s: profile %s (%s%s), %s, %zu bytes", c->choice.user,
              env_peer_name(&c->peer), c->choice.profile->name, choice_by_name(c->choice.by),
              c->choice.fell_back ? ", instead of a refused one" : "", routes, text_n);
}

/* The text of the decision; NULL if it is a refusal, or when memory is out. */
static char *render(const struct connecting *c, size_t *n)
{
    const struct push_connection connection = {
        .has_ipv6 = has_ipv6(c),
        .by = c->choice.by,
        .fell_back = c->choice.fell_back,
    };
    char *text;

    if (c->choice.outcome != CHOICE_GRANTED) {
        struct spool_record record = record_refused(&c->env, &c->peer, &c->choice);

        log_write(&c->handle->log, LOG_LEVEL_WARNING, "connect", "%s from %s: refused: %s",
                  *c->choice.user ? c->choice.user : "somebody", env_peer_name(&c->peer),
                  c->choice.reason);
        handle_record(c->handle, &record);
        return NULL;
    }
    text = push_render(c->policy, c->choice.profile, c->choice.known, &connection, n);
    if (!text)
        log_write(&c->handle->log, LOG_LEVEL_ERROR, "connect",
                  "%s: profile %s could not be rendered: denied", c->choice.user,
                  c->choice.profile->name);
    return text;
}

int connect_begin(struct handle *handle, struct client *client, const struct inner_call *call)
{
    struct connecting c = {.handle = handle, .client = client, .call = call};
    struct openvpn_plugin_string_list *inner_list = NULL;
    int result = OPENVPN_PLUGIN_FUNC_ERROR;
    char *text = NULL;
    size_t n = 0;

    if (!client || !call->return_list)
        return OPENVPN_PLUGIN_FUNC_ERROR;
    session_vanish(handle, client);
    c.policy = policy_in_use_get(handle->policy);
    env_read((const char *const *)call->envp, &c.env);
    c.peer = env_peer(&c.env);
    if (!is_let_in(&c)) {
        log_write(&handle->log, LOG_LEVEL_ERROR, "connect", "%s from %s: not authenticated: denied",
                  c.env.username ? c.env.username : "somebody", env_peer_name(&c.peer));
        return OPENVPN_PLUGIN_FUNC_ERROR;
    }
    recall(&c);
    decide(&c);
    text = render(&c, &n);
    if (!text || !ask_inner(&c, &inner_list))
        goto cleanup;
    text = join_texts(inner_list, text, n);
    if (!text || !give_text(call->return_list, text))
        goto cleanup;
    text = NULL;
    begin_session(&c);
    log_connected(&c, n);
    result = OPENVPN_PLUGIN_FUNC_SUCCESS;

cleanup:
    inner_free_list(inner_list);
    free(text);
    return result;
}

int connect_learn(struct handle *handle, struct client *client, const struct inner_call *call)
{
    const char **argv = call->argv;

    if (!argv || !argv[0] || !argv[1] || !argv[2])
        return OPENVPN_PLUGIN_FUNC_ERROR;
    if (strcmp(argv[1], "delete") != 0) {
        if (!client || !client->connected)
            return OPENVPN_PLUGIN_FUNC_ERROR; /* no traffic for who was not let in */
        session_address(handle, client, argv[1], argv[2]);
    }
    if (inner_wants(handle->inner, call->type))
        return handle_forward(handle, client, call);
    return OPENVPN_PLUGIN_FUNC_SUCCESS;
}

int connect_end(struct handle *handle, struct client *client, const struct inner_call *call)
{
    if (client) {
        struct env env;

        env_read((const char *const *)call->envp, &env);
        session_end(handle, client, &env);
    }
    if (inner_wants(handle->inner, call->type))
        return handle_forward(handle, client, call);
    return OPENVPN_PLUGIN_FUNC_SUCCESS;
}
