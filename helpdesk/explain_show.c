/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway explain's answer, for people and for programs. */
#include "helpdesk/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/json.h"
#include "helpdesk/output.h"
#include "helpdesk/table.h"

/* "campus, library, full": what this user may choose. malloc'd. */
static char *may_choose(const struct explanation *explanation)
{
    const struct policy *policy = explanation->policy;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const char *before = "";

    if (!out)
        return NULL;
    for (size_t i = 0; i < policy->n_profiles; i++) {
        if (!policy_allows(&policy->profiles[i], explanation->choice.known))
            continue;
        fprintf(out, "%s%s", before, policy->profiles[i].name);
        before = ", ";
    }
    if (fclose(out) != 0) {
        free(text);
        text = NULL;
    }
    return text;
}

/* "named in the policy; groups physics, staff". malloc'd. */
static char *standing(const struct policy_user *user)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fputs(user ? "named in the policy" : "not named in the policy", out);
    for (size_t i = 0; user && i < user->n_groups; i++)
        fprintf(out, "%s%s", i == 0 ? "; in " : ", ", user->groups[i]->name);
    if (fclose(out) != 0) {
        free(text);
        text = NULL;
    }
    return text;
}

static bool show_user(const struct explanation *explanation)
{
    const struct choice *choice = &explanation->choice;
    char *known = standing(choice->known);
    char *profiles = may_choose(explanation);
    bool ok = known && profiles;

    if (ok && choice->user[0] != '\0')
        output_field("User", "%s (%s)", choice->user, known);
    if (ok && choice->user[0] != '\0')
        output_field("May have", "%s", profiles[0] != '\0' ? profiles : "nothing");
    if (ok && choice->wanted[0] != '\0')
        output_field("Asked for", "%s", choice->wanted);
    free(known);
    free(profiles);
    return ok;
}

static void show_grant(const struct explanation *explanation)
{
    const struct choice *choice = &explanation->choice;
    const struct policy_profile *profile = choice->profile;
    size_t n_routes = pushed_count(&explanation->pushed, PUSHED_ROUTE);

    output_field("Gets", "%s, \"%s\": a %s tunnel", profile->name, profile->title,
                 profile->full ? "full" : "split");
    output_field("Because", "%s (%s)", explain_by(choice->by), choice_by_name(choice->by));
    if (choice->fell_back)
        output_field("Instead", "%s", choice->reason);
    if (explanation->prompt[0] != '\0')
        output_field("Asked", "if the client can: %s", explanation->prompt);
    output_field("Is told", "%s", explanation->pushed.message);
    output_field("Pushed", "%zu route%s, %zu bytes, %zu message%s%s", n_routes,
                 n_routes == 1 ? "" : "s", explanation->bytes, explanation->messages,
                 explanation->messages == 1 ? "" : "s",
                 explanation->has_ipv6 ? "" : " (the client has no IPv6 address)");
    if (profile->budget > 0) {
        char text[EXPLAIN_BUDGET_SIZE];

        output_field("Budget", "%s", explain_budget(profile, &explanation->budget, text));
    }
}

static bool show_options(const struct explanation *explanation)
{
    static const struct table_column columns[] = {
        {.name = "OPTION", .folds = true},
        {.name = "BECAUSE OF", .folds = true},
    };
    struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
    bool ok = table != NULL;

    for (size_t i = 0; ok && i < explanation->pushed.n; i++) {
        const struct pushed_option *option = &explanation->pushed.options[i];
        char why[1000];

        if (option->kind == PUSHED_MESSAGE || option->kind == PUSHED_REMOVAL)
            continue;
        explain_why(explanation, option, why, sizeof(why));
        table_row(table, (const char *const[]){option->text, why});
    }
    ok = ok && table_print(table, NULL);
    table_free(table);
    return ok;
}

/* The server's own pushes that are taken back, in one line. */
static void show_removals(const struct explanation *explanation)
{
    char text[600] = "";
    size_t n = 0;

    for (size_t i = 0; i < explanation->pushed.n && n < sizeof(text); i++) {
        const struct pushed_option *option = &explanation->pushed.options[i];
        int length = (int)strcspn(option->text, "\t") - (option->text[0] != '\0');

        if (option->kind != PUSHED_REMOVAL || strchr(option->text, '\t'))
            continue;
        length += option->text[length] != ' '; /* a blank at the end is no news */
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s", n > 0 ? ", " : "", length,
                              option->text);
    }
    if (n > 0)
        output_field("Removed", "what the server's own config pushes of: %s", text);
}

bool explain_text(const struct explanation *explanation)
{
    if (!show_user(explanation))
        return false;
    if (explanation->choice.outcome != CHOICE_GRANTED) {
        output_field("Refused", "%s", explanation->choice.reason);
        return true;
    }
    show_grant(explanation);
    show_removals(explanation);
    putchar('\n');
    return show_options(explanation);
}

static void json_names(struct json *json, const struct explanation *explanation)
{
    const struct policy *policy = explanation->policy;
    const struct policy_user *user = explanation->choice.known;

    json_array(json, "groups");
    for (size_t i = 0; user && i < user->n_groups; i++)
        json_string(json, NULL, user->groups[i]->name);
    json_end(json);
    json_array(json, "may_choose");
    for (size_t i = 0; i < policy->n_profiles; i++)
        if (policy_allows(&policy->profiles[i], user))
            json_string(json, NULL, policy->profiles[i].name);
    json_end(json);
}

static void json_origins(struct json *json, const struct explanation *explanation,
                         const char *option)
{
    const struct origins *origins = &explanation->origins;
    struct prefix prefix;
    bool is_split = !explanation->choice.profile->full && origin_prefix(option, &prefix);

    json_array(json, "origins");
    for (size_t i = 0; is_split && i < origins->n; i++) {
        if (!origin_has(&origins->items[i], &prefix))
            continue;
        json_object(json, NULL);
        json_string(json, "routes", origins->items[i].set->name);
        json_string(json, origins->items[i].what, origins->items[i].name);
        json_end(json);
    }
    json_end(json);
}

static void json_options(struct json *json, const struct explanation *explanation)
{
    json_array(json, "options");
    for (size_t i = 0; i < explanation->pushed.n; i++) {
        const struct pushed_option *option = &explanation->pushed.options[i];
        char why[1000];

        json_object(json, NULL);
        json_string(json, "kind", pushed_kind_name(option->kind));
        json_string(json, "option", option->text);
        explain_why(explanation, option, why, sizeof(why));
        json_string(json, "why", why);
        if (option->kind == PUSHED_ROUTE)
            json_origins(json, explanation, option->text);
        json_end(json);
    }
    json_end(json);
}

static void json_budget(struct json *json, const struct explanation *explanation)
{
    const struct budget_cost *cost = &explanation->budget;

    if (explanation->choice.profile->budget == 0) {
        json_null(json, "budget");
        return;
    }
    json_object(json, "budget");
    json_number(json, "routes", (int64_t)explanation->choice.profile->budget);
    json_number(json, "exact_routes", (int64_t)cost->exact);
    json_number(json, "extra_ipv4_addresses", (int64_t)cost->extra_ipv4);
    json_number(json, "extra_ipv6_networks", (int64_t)cost->extra_ipv6);
    json_end(json);
}

static void json_grant(struct json *json, const struct explanation *explanation)
{
    const struct choice *choice = &explanation->choice;

    json_string(json, "profile", choice->profile->name);
    json_string(json, "title", choice->profile->title);
    json_string(json, "tunnel", choice->profile->full ? "full" : "split");
    json_string(json, "by", choice_by_name(choice->by));
    json_string(json, "why", explain_by(choice->by));
    json_bool(json, "fell_back", choice->fell_back);
    json_string(json, "message", explanation->pushed.message);
    json_bool(json, "ipv6", explanation->has_ipv6);
    json_number(json, "routes", pushed_count(&explanation->pushed, PUSHED_ROUTE));
    json_number(json, "bytes", explanation->bytes);
    json_number(json, "push_messages", explanation->messages);
    json_budget(json, explanation);
    json_options(json, explanation);
}

void explain_json(const struct explanation *explanation)
{
    const struct choice *choice = &explanation->choice;
    struct json json = {.out = stdout};
    bool granted = choice->outcome == CHOICE_GRANTED;

    json_object(&json, NULL);
    json_string(&json, "user", choice->user);
    json_bool(&json, "known", choice->known != NULL);
    json_names(&json, explanation);
    json_string(&json, "wanted", choice->wanted[0] != '\0' ? choice->wanted : NULL);
    json_bool(&json, "granted", granted);
    json_string(&json, "reason", choice->reason[0] != '\0' ? choice->reason : NULL);
    json_string(&json, "menu", explanation->prompt[0] != '\0' ? explanation->prompt : NULL);
    if (granted)
        json_grant(&json, explanation);
    json_end(&json);
}
