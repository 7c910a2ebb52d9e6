/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decides and renders a login with the plugin's own code, and finds the reasons. */
#include "helpdesk/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the budget costs, and what would be routed without it. */
static bool find_budget(struct explanation *explanation)
{
    const struct choice *choice = &explanation->choice;
    struct policy_profile exact = *choice->profile;
    struct prefix_set *routes;

    exact.budget = 0;
    routes = push_routes(explanation->policy, choice->profile, choice->known, &explanation->budget);
    explanation->exact = push_routes(explanation->policy, &exact, choice->known, NULL);
    prefix_set_free(routes);
    return routes && explanation->exact;
}

static bool render(struct explanation *explanation)
{
    const struct choice *choice = &explanation->choice;
    const struct push_connection connection = {
        .has_ipv6 = explanation->has_ipv6, .by = choice->by, .fell_back = choice->fell_back};
    char *text = push_render(explanation->policy, choice->profile, choice->known, &connection,
                             &explanation->bytes);
    bool ok = text && pushed_read(&explanation->pushed, text, explanation->bytes) &&
              origins_find(&explanation->origins, choice->profile, choice->known) &&
              (choice->profile->budget == 0 || find_budget(explanation));

    if (ok)
        explanation->messages = push_count_messages(text, explanation->bytes);
    free(text);
    return ok;
}

bool explain_login(struct explanation *explanation, const struct policy *policy,
                   const struct choice_login *login, bool has_ipv6)
{
    struct choice_login asking = *login;
    struct choice asked;

    *explanation = (struct explanation){.policy = policy, .has_ipv6 = has_ipv6};
    choice_decide(policy, login, &explanation->choice);
    asking.can_be_asked = true;
    choice_decide(policy, &asking, &asked);
    if (asked.outcome == CHOICE_ASK)
        choice_prompt(policy, asked.known, explanation->prompt, sizeof(explanation->prompt));
    return explanation->choice.outcome != CHOICE_GRANTED || render(explanation);
}

const char *explain_by(enum choice_by by)
{
    switch (by) {
    case CHOICE_BY_DEFAULT:
        return "the policy's default";
    case CHOICE_BY_USER_DEFAULT:
        return "the user's default";
    case CHOICE_BY_USERNAME_SUFFIX:
        return "chosen with the suffix of the user name";
    case CHOICE_BY_PEER_INFO:
        return "chosen in the client's configuration";
    case CHOICE_BY_STATIC_CHALLENGE:
        return "chosen at login, in the answer to the static challenge";
    case CHOICE_BY_MENU:
        return "chosen from the menu";
    case CHOICE_BY_OPT_IN:
        return "the user's opt-in";
    case CHOICE_BY_NETWORK:
        return "assumed for the network the user is on";
    case CHOICE_BY_COUNT:
        break;
    }
    return "unknown";
}

void explain_free(struct explanation *explanation)
{
    pushed_free(&explanation->pushed);
    origins_free(&explanation->origins);
    prefix_set_free(explanation->exact);
}

char *explain_budget(const struct policy_profile *profile, const struct budget_cost *cost,
                     char text[EXPLAIN_BUDGET_SIZE])
{
    char ipv6[80] = "";

    if (cost->extra_ipv6 > 0)
        snprintf(ipv6, sizeof(ipv6), " and %" PRIu64 " IPv6 /64 networks", cost->extra_ipv6);
    if (cost->exact <= profile->budget)
        snprintf(text, EXPLAIN_BUDGET_SIZE, "%zu routes are within the %zu allowed, and are exact",
                 cost->exact, profile->budget);
    else
        snprintf(text, EXPLAIN_BUDGET_SIZE,
                 "%zu routes instead of %zu, which add %" PRIu64 " IPv4 addresses%s",
                 cost->prefixes, cost->exact, cost->extra_ipv4, ipv6);
    return text;
}

/* "routes internal (profile campus), lab (user alice)". */
static void why_route(const struct explanation *explanation, const char *option, char *text,
                      size_t size)
{
    const struct origins *origins = &explanation->origins;
    struct prefix prefix;
    size_t n = 0;

    if (explanation->choice.profile->full) {
        snprintf(text, size, "except in profile %s", explanation->choice.profile->name);
        return;
    }
    text[0] = '\0';
    if (!origin_prefix(option, &prefix))
        return;
    for (size_t i = 0; i < origins->n && n < size; i++) {
        const struct origin *origin = &origins->items[i];

        if (origin_has(origin, &prefix))
            n += (size_t)snprintf(text + n, size - n, "%s%s (%s %s)", n > 0 ? ", " : "routes ",
                                  origin->set->name, origin->what, origin->name);
    }
    if (explanation->exact && !prefix_set_contains(explanation->exact, &prefix) && n < size)
        snprintf(text + n, size - n, "; wider than these: budget of profile %s",
                 explanation->choice.profile->name);
}

static const char *why_tunnel(const char *option)
{
    if (strncmp(option, "redirect-gateway", 16) == 0)
        return "tunnel full";
    if (strncmp(option, "redirect-private", 16) == 0)
        return "the tunnel's own packets must not enter it";
    return "no IPv6 past a full tunnel without IPv6";
}

void explain_why(const struct explanation *explanation, const struct pushed_option *option,
                 char *text, size_t size)
{
    const char *profile = explanation->choice.profile->name;

    switch (option->kind) {
    case PUSHED_ROUTE:
        why_route(explanation, option->text, text, size);
        break;
    case PUSHED_TUNNEL:
        snprintf(text, size, "%s", why_tunnel(option->text));
        break;
    case PUSHED_DNS:
        snprintf(text, size, "dns or search-domain of profile %s", profile);
        break;
    case PUSHED_OTHER:
        snprintf(text, size, "push of profile %s", profile);
        break;
    case PUSHED_REMOVAL:
        snprintf(text, size, "not what the server pushes to everybody");
        break;
    case PUSHED_MESSAGE:
        snprintf(text, size, "message to the user");
        break;
    }
}
