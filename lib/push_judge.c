/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with the results of a profile: a split tunnel that is a full one in
 * disguise, or more routes or bytes than clients or OpenVPN can take. Each is
 * reported once a profile, with the worst of all combinations, not once for each.
 */
#include "lib/push_private.h"

#include <stdio.h>

/* One bit of an address: as many pieces may be left of a prefix that an exception is cut from. */
#define PIECES_IPV4 32
#define PIECES_IPV6 128

/* With the longest of lines, as many are still far from POLICY_MAX_TEXT. */
#define MOST_UNSEEN_ROUTES 10000

#define ALL_OF_IPV4 (UINT64_C(1) << 32) /* addresses */
#define ALL_OF_IPV6 (UINT64_C(1) << 48) /* blocks of a /48 */

static uint64_t size_of(const struct prefix *prefix)
{
    unsigned unit = prefix->family == PREFIX_IPV4 ? 32 : 48;

    return prefix->len < unit ? UINT64_C(1) << (unit - prefix->len) : 1;
}

struct push_bulk push_bulk_of(const struct prefix_set *set)
{
    struct push_bulk bulk = {0};
    size_t n, n_ipv4;
    const struct prefix *prefixes = prefix_set_cover(set, &n, &n_ipv4);

    bulk.routes = n;
    for (size_t i = 0; i < n_ipv4; i++)
        bulk.ipv4 += size_of(&prefixes[i]);
    for (size_t i = n_ipv4; i < n; i++)
        bulk.ipv6 += size_of(&prefixes[i]);
    return bulk;
}

void push_bulk_add(struct push_bulk *bulk, const struct push_bulk *other)
{
    bulk->routes += other->routes;
    bulk->ipv4 += other->ipv4;
    bulk->ipv6 += other->ipv6;
}

void push_bulk_carve(struct push_bulk *bulk, const struct prefix_set *except)
{
    size_t n, n_ipv4;

    prefix_set_cover(except, &n, &n_ipv4);
    bulk->routes += n_ipv4 * PIECES_IPV4 + (n - n_ipv4) * PIECES_IPV6;
}

bool push_bulk_is_harmless(const struct push_bulk *bulk, const struct policy_profile *profile,
                           const struct push_worst *worst)
{
    size_t limit = worst->n_slow > 0 ? MOST_UNSEEN_ROUTES : POLICY_WARN_ROUTES;

    if (limit > profile->max_routes)
        limit = profile->max_routes;
    if (profile->budget > 0 && limit > profile->budget)
        limit = profile->budget;
    return bulk->routes <= limit && bulk->ipv4 < ALL_OF_IPV4 / 2 && bulk->ipv6 < ALL_OF_IPV6 / 8;
}

static void note_most(size_t value, size_t extra, struct push_most *most)
{
    if (value > most->value) {
        most->value = value;
        most->extra = extra;
    }
}

void push_worst_note(struct push_worst *worst, const struct policy_profile *profile, size_t extra,
                     const struct prefix_set *cover, const struct budget_cost *cost, size_t text_n)
{
    static const struct prefix assigned_ipv6 = {
        .hi = UINT64_C(0x2000) << 48, .len = 3, .family = PREFIX_IPV6};
    struct push_bulk bulk = push_bulk_of(cover);

    note_most(bulk.routes, extra, &worst->routes);
    note_most(text_n, extra, &worst->text);
    if (cost->prefixes > profile->budget)
        note_most(cost->prefixes, extra, &worst->budget);
    worst->n_slow += bulk.routes > POLICY_WARN_ROUTES;
    if (profile->full)
        return;
    if (prefix_set_is_everything(cover, PREFIX_IPV4))
        note_most(1, extra, &worst->everything_ipv4);
    else if (bulk.ipv4 >= ALL_OF_IPV4 / 2)
        note_most((size_t)(bulk.ipv4 * 100 / ALL_OF_IPV4), extra, &worst->share_ipv4);
    if (prefix_set_is_everything(cover, PREFIX_IPV6))
        note_most(1, extra, &worst->everything_ipv6);
    else if (prefix_set_contains(cover, &assigned_ipv6))
        note_most(1, extra, &worst->assigned_ipv6);
}

/* " for user "alice"", if the user's own routes or groups are to blame. */
static const char *whose(const struct policy *policy, size_t extra, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; extra > 0 && i < policy->n_user_slots; i++) {
        if (policy->users[i].name && policy->users[i].extra == extra) {
            snprintf(text, size, " for user \"%s\"", policy->users[i].name);
            break;
        }
    }
    return text;
}

static void report_everything(const struct push_most *most, const char *family,
                              const struct policy *policy, const struct policy_profile *profile,
                              struct diagnostics *problems)
{
    char user[POLICY_MAX_USER + 16];

    diagnostics_add(problems, DIAGNOSTIC_ERROR, profile->file, profile->line,
                    "profile \"%s\" is a split tunnel, but its routes add up to all of %s%s: say "
                    "\"tunnel full\" where that is meant",
                    profile->name, family, whose(policy, most->extra, user, sizeof(user)));
}

static void report_breadth(const struct push_worst *worst, const struct policy *policy,
                           const struct policy_profile *profile, struct diagnostics *problems)
{
    char user[POLICY_MAX_USER + 16];

    if (worst->everything_ipv4.value > 0)
        report_everything(&worst->everything_ipv4, "IPv4", policy, profile, problems);
    else if (worst->share_ipv4.value > 0)
        diagnostics_add(problems, DIAGNOSTIC_WARNING, profile->file, profile->line,
                        "profile \"%s\" is a split tunnel, but its routes are %zu%% of all IPv4 "
                        "addresses%s: nearly a full tunnel, and nobody has to choose it",
                        profile->name, worst->share_ipv4.value,
                        whose(policy, worst->share_ipv4.extra, user, sizeof(user)));
    if (worst->everything_ipv6.value > 0)
        report_everything(&worst->everything_ipv6, "IPv6", policy, profile, problems);
    else if (worst->assigned_ipv6.value > 0)
        diagnostics_add(problems, DIAGNOSTIC_WARNING, profile->file, profile->line,
                        "profile \"%s\" is a split tunnel, but its routes include 2000::/3, "
                        "which is all of IPv6 that is in use%s",
                        profile->name,
                        whose(policy, worst->assigned_ipv6.extra, user, sizeof(user)));
}

static void report_length(const struct push_worst *worst, const struct policy *policy,
                          const struct policy_profile *profile, struct diagnostics *problems)
{
    char user[POLICY_MAX_USER + 16];

    if (worst->budget.value > 0)
        diagnostics_add(problems, DIAGNOSTIC_ERROR, profile->file, profile->line,
                        "profile \"%s\" has a \"budget\" of %zu, but the exceptions allow no cover "
                        "of fewer than %zu routes%s: say \"budget %zu\"",
                        profile->name, profile->budget, worst->budget.value,
                        whose(policy, worst->budget.extra, user, sizeof(user)),
                        worst->budget.value);
    whose(policy, worst->routes.extra, user, sizeof(user));
    if (worst->routes.value > profile->max_routes)
        diagnostics_add(problems, DIAGNOSTIC_ERROR, profile->file, profile->line,
                        "profile \"%s\" comes to %zu routes%s, more than %zu: use fewer or larger "
                        "prefixes, or allow it with \"max-routes %zu\"",
                        profile->name, worst->routes.value, user, profile->max_routes,
                        worst->routes.value);
    else if (worst->routes.value > POLICY_WARN_ROUTES)
        diagnostics_add(problems, DIAGNOSTIC_WARNING, profile->file, profile->line,
                        "profile \"%s\" comes to %zu routes%s (%zu of %zu combinations of route "
                        "sets are over %d): clients get slower with the square of it",
                        profile->name, worst->routes.value, user, worst->n_slow,
                        profile->full ? (size_t)1 : policy->n_extras, POLICY_WARN_ROUTES);
    if (worst->text.value > POLICY_MAX_TEXT)
        diagnostics_add(problems, DIAGNOSTIC_ERROR, profile->file, profile->line,
                        "profile \"%s\" comes to %zu bytes for OpenVPN%s, which at 1000000 would "
                        "end the server: at most %d are allowed",
                        profile->name, worst->text.value,
                        whose(policy, worst->text.extra, user, sizeof(user)), POLICY_MAX_TEXT);
}

void push_worst_report(const struct push_worst *worst, const struct policy *policy,
                       const struct policy_profile *profile, const struct push_frame *frame,
                       struct diagnostics *problems)
{
    const struct push_text *parts[] = {&frame->head, &frame->with_ipv6, &frame->without_ipv6,
                                       &frame->title, &frame->tail};

    report_breadth(worst, policy, profile, problems);
    report_length(worst, policy, profile, problems);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (push_is_safe(parts[i]))
            continue;
        diagnostics_add(problems, DIAGNOSTIC_ERROR, profile->file, profile->line,
                        "profile \"%s\" has a \"dns\", \"search-domain\" or \"push\" that OpenVPN "
                        "could not read: a line over 255 bytes, a comma or a quote",
                        profile->name);
        break;
    }
}
