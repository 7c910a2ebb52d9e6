/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway policy check: every mistake in a policy, or what the policy comes to. */
#include "helpdesk/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/explain.h"
#include "helpdesk/output.h"
#include "helpdesk/policy_file.h"
#include "helpdesk/table.h"
#include "lib/push.h"

#define SOME_NAMES 4 /* of the users who may have a profile, as many are named */

/* Least and most, over all who can get a profile. */
struct range {
    size_t least;
    size_t most;
};

/* What a profile comes to. */
struct measure {
    bool seen;
    struct range routes;
    struct range bytes;
    struct range messages;
    struct budget_cost budget; /* the dearest */
};

static void widen(struct range *range, size_t value, bool is_first)
{
    if (is_first || value < range->least)
        range->least = value;
    if (is_first || value > range->most)
        range->most = value;
}

static bool is_dearer(const struct budget_cost *a, const struct budget_cost *b)
{
    if (a->extra_ipv4 != b->extra_ipv4)
        return a->extra_ipv4 > b->extra_ipv4;
    if (a->extra_ipv6 != b->extra_ipv6)
        return a->extra_ipv6 > b->extra_ipv6;
    return a->exact > b->exact;
}

/* What one user gets of one profile, with an IPv6 address, as that is the longer text. */
static bool measure_one(const struct policy *policy, const struct policy_profile *profile,
                        const struct policy_user *user, struct measure *measure)
{
    const struct push_connection connection = {.has_ipv6 = true};
    struct budget_cost cost;
    struct prefix_set *routes = push_routes(policy, profile, user, &cost);
    size_t n_routes = 0;
    size_t n = 0;
    char *text = push_render(policy, profile, user, &connection, &n);
    bool ok = routes && text;

    if (ok) {
        if (profile->full)
            prefix_set_cover(profile->except, &n_routes, NULL);
        else
            prefix_set_cover(routes, &n_routes, NULL);
        widen(&measure->routes, n_routes, !measure->seen);
        widen(&measure->bytes, n, !measure->seen);
        widen(&measure->messages, push_count_messages(text, n), !measure->seen);
        if (!measure->seen || is_dearer(&cost, &measure->budget))
            measure->budget = cost;
        measure->seen = true;
    }
    free(text);
    prefix_set_free(routes);
    return ok;
}

/* Each profile for each combination of route sets that somebody who may have it brings along. */
static bool measure_all(const struct policy *policy, struct measure *measures)
{
    bool *done = calloc(policy->n_extras * policy->n_profiles + 1, sizeof(*done));
    bool ok = done != NULL;

    for (size_t i = 0; ok && i < policy->n_profiles; i++) {
        done[i] = !policy->profiles[i].restricted;
        if (done[i]) /* somebody the policy does not name */
            ok = measure_one(policy, &policy->profiles[i], NULL, &measures[i]);
    }
    for (size_t slot = 0; ok && slot < policy->n_user_slots; slot++) {
        const struct policy_user *user = &policy->users[slot];

        for (size_t i = 0; ok && user->name && i < policy->n_profiles; i++) {
            bool *is_done = &done[user->extra * policy->n_profiles + i];

            if (*is_done || !policy_allows(&policy->profiles[i], user))
                continue;
            *is_done = true;
            ok = measure_one(policy, &policy->profiles[i], user, &measures[i]);
        }
    }
    free(done);
    return ok;
}

static char *range_text(char *text, size_t size, const struct range *range)
{
    if (range->least == range->most)
        snprintf(text, size, "%zu", range->most);
    else
        snprintf(text, size, "%zu to %zu", range->least, range->most);
    return text;
}

static bool is_named(const struct policy_user *user, const struct policy_profile *profile)
{
    for (size_t i = 0; user->name && i < user->n_allowed; i++)
        if (user->allowed[i] == profile)
            return true;
    return false;
}

/* "everybody", or "group staff, user alice and 7 more users". malloc'd. */
static char *who_may(const struct policy *policy, const struct policy_profile *profile)
{
    char *text = NULL;
    size_t size = 0;
    size_t named = 0;
    FILE *out = open_memstream(&text, &size);
    const char *before = "";

    if (!out)
        return NULL;
    if (!profile->restricted)
        fputs("everybody", out);
    for (size_t i = 0; i < profile->n_allow_groups; i++, before = ", ")
        fprintf(out, "%sgroup %s", before, profile->allow_groups[i]->name);
    for (size_t slot = 0; profile->restricted && slot < policy->n_user_slots; slot++) {
        if (!is_named(&policy->users[slot], profile))
            continue;
        if (named++ < SOME_NAMES)
            fprintf(out, "%suser %s", before, policy->users[slot].name);
        before = ", ";
    }
    if (named > SOME_NAMES)
        fprintf(out, " and %zu more users", named - SOME_NAMES);
    if (fclose(out) != 0) {
        free(text);
        text = NULL;
    }
    return text;
}

static bool show_profiles(const struct policy *policy, const struct measure *measures)
{
    static const struct table_column columns[] = {
        {.name = "PROFILE"},
        {.name = "TUNNEL"},
        {.name = "FOR", .folds = true},
        {.name = "ROUTES", .align = TABLE_RIGHT},
        {.name = "BYTES", .align = TABLE_RIGHT},
        {.name = "MESSAGES", .align = TABLE_RIGHT},
    };
    struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
    bool ok = table != NULL;

    for (size_t i = 0; ok && i < policy->n_profiles; i++) {
        const struct policy_profile *profile = &policy->profiles[i];
        char *who = who_may(policy, profile);
        char routes[48], bytes[48], messages[48];

        ok = who != NULL;
        if (ok)
            table_row(table, (const char *const[]){
                                 profile->name, profile->full ? "full" : "split", who,
                                 range_text(routes, sizeof(routes), &measures[i].routes),
                                 range_text(bytes, sizeof(bytes), &measures[i].bytes),
                                 range_text(messages, sizeof(messages), &measures[i].messages)});
        free(who);
    }
    ok = ok && table_print(table, NULL);
    table_free(table);
    return ok;
}

static void show_budgets(const struct policy *policy, const struct measure *measures)
{
    const char *before = "\n";

    for (size_t i = 0; i < policy->n_profiles; i++) {
        char text[EXPLAIN_BUDGET_SIZE];

        if (policy->profiles[i].budget == 0)
            continue;
        fputs(before, stdout);
        explain_budget(&policy->profiles[i], &measures[i].budget, text);
        output_field("Budget", "profile %s: %s", policy->profiles[i].name, text);
        before = "";
    }
}

static bool show_route_sets(const struct policy *policy)
{
    static const struct table_column columns[] = {
        {.name = "ROUTES"},
        {.name = "WRITTEN", .align = TABLE_RIGHT},
        {.name = "MERGED", .align = TABLE_RIGHT},
        {.name = "FETCHED FROM", .folds = true},
    };
    struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
    bool ok = table != NULL;

    for (size_t i = 0; ok && i < policy->n_route_sets; i++) {
        const struct policy_route_set *set = &policy->route_sets[i];
        char written[24], merged[24];
        size_t n;

        prefix_set_cover(set->prefixes, &n, NULL);
        snprintf(written, sizeof(written), "%zu", set->written);
        snprintf(merged, sizeof(merged), "%zu", n);
        table_row(table, (const char *const[]){set->name, written, merged,
                                               set->n_sources > 0 ? set->sources[0].what : ""});
    }
    ok = ok && table_print(table, NULL);
    table_free(table);
    return ok;
}

/* "username-suffix +, menu". */
static void show_choice(const struct policy *policy)
{
    char text[400] = "none; everybody gets their default";
    size_t n = 0;

    for (size_t i = 0; i < policy->n_choose && n < sizeof(text); i++) {
        const struct policy_choose *choose = &policy->choose[i];

        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%s%s", i > 0 ? ", then " : "",
                              policy_means_name(choose->means), choose->argument ? " " : "",
                              choose->argument ? choose->argument : "");
    }
    output_field("Choice", "%s", text);
}

static bool show_policy(const struct policy *policy, size_t n_warnings)
{
    struct measure *measures = calloc(policy->n_profiles + 1, sizeof(*measures));
    bool ok = measures && measure_all(policy, measures);

    if (ok) {
        output_field("Policy", "%s", policy->path);
        output_field("Verdict", "in order, %zu warning%s", n_warnings, n_warnings == 1 ? "" : "s");
        output_field("Default", "%s", policy->default_profile->name);
        show_choice(policy);
        output_field("Users", "%zu named, in %zu groups; %zu different combinations of routes",
                     policy->n_users, policy->n_groups, policy->n_extras);
        putchar('\n');
        ok = show_profiles(policy, measures);
        show_budgets(policy, measures);
    }
    if (ok && policy->n_route_sets > 0) {
        putchar('\n');
        ok = show_route_sets(policy);
    }
    free(measures);
    return ok;
}

static enum status run(const struct command *command, const struct options *options)
{
    struct policy_file file = {0};
    enum status status = STATUS_ERROR;
    const char *path = options->n_operands > 0 ? options->operands[0] : POLICY_FILE_DEFAULT;

    (void)command;
    if (policy_file_load(&file, path)) {
        policy_file_report(&file, stdout);
        if (!file.policy) {
            size_t n = diagnostics_errors(file.problems);

            printf("%zu error%s: a server would keep the policy it has, or not start\n", n,
                   n == 1 ? "" : "s");
            status = STATUS_NO;
        } else {
            bool ok = show_policy(file.policy, diagnostics_count(file.problems));

            status = ok ? STATUS_YES : command_error("out of memory");
        }
    }
    policy_file_free(&file);
    return status;
}

static const enum option_id taken[] = {OPTION_COUNT};

const struct command cmd_policy_check = {
    .name = "policy check",
    .operands = "[FILE]",
    .most_operands = 1,
    .operand = OPTION_FILE,
    .options = taken,
    .summary = "find every mistake in a policy, or say what it comes to",
    .help =
        "Reads a policy and all it includes, as the plugin does, and lists every error and\n"
        "warning with its file and line. A policy without errors is summed up: its profiles, who\n"
        "may have them, and what OpenVPN would be handed (routes, bytes, PUSH_REPLY messages; a\n"
        "range where it depends on the user), what a budget costs in addresses that are no\n"
        "routes of it (at most, where it depends on the user), and its route sets, as written and\n"
        "as merged.\n",
    .after = "FILE is " POLICY_FILE_DEFAULT " unless given.\n"
             "\n"
             "Exit status: 0 in order, 1 errors, 2 wrong usage or the file cannot be read.\n",
    .run = run,
};
