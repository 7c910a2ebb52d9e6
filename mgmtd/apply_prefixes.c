/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections of prefixes: of a list that was fetched, and of a host's addresses. */
#include <config.h>

#include "mgmtd/apply_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgmtd/range_list.h"
#include "mgmtd/resolve.h"

/* False with a verdict: without them the server's own address could become a route. */
static bool make_rules(struct applying *applying, struct safety_rules *safety)
{
    const struct apply_rules *rules = &applying->task->rules;

    *safety = (struct safety_rules){.shortest_ipv4 = rules->shortest_ipv4,
                                    .shortest_ipv6 = rules->shortest_ipv6,
                                    .max_change = rules->max_change};
    applying->own = resolve_own_addresses(&safety->n_own);
    safety->own = applying->own;
    if (applying->own == NULL)
        apply_fail(applying, "cannot be judged: the addresses of this machine are not known: %s",
                   strerror(errno));
    return applying->own != NULL;
}

/* What was left out, for the file and for the log. */
static bool note_drops(struct applying *applying)
{
    const struct safety_dropped *list;
    struct state_source *next = &applying->next;
    struct apply_outcome *outcome = applying->outcome;
    size_t at = 0;

    outcome->dropped = next->dropped = safety_sieve_dropped(applying->sieve, &list);
    next->n_drops = next->dropped < STATE_MAX_DROPS ? next->dropped : STATE_MAX_DROPS;
    next->drops = arena_array(applying->arena, next->n_drops, sizeof(*next->drops));
    for (size_t i = 0; i < next->n_drops && next->drops != NULL; i++) {
        char what[PREFIX_TEXT_SIZE];

        prefix_format(&list[i].prefix, what);
        next->drops[i] = (struct state_drop){.what = arena_strdup(applying->arena, what),
                                             .why = safety_reason_text(list[i].reason)};
        if (next->drops[i].what == NULL)
            return false;
        if (at < sizeof(outcome->drops))
            at += (size_t)snprintf(outcome->drops + at, sizeof(outcome->drops) - at, "%s%s %s",
                                   i > 0 ? ", " : "", what, next->drops[i].why);
    }
    return next->drops != NULL;
}

static uint64_t hash_set(const struct prefix_set *set)
{
    size_t n = 0;
    const struct prefix *cover = prefix_set_cover(set, &n, NULL);
    uint64_t hash = APPLY_HASH_START;

    for (size_t i = 0; i < n; i++) {
        const uint64_t words[3] = {cover[i].hi, cover[i].lo,
                                   (uint64_t)cover[i].len << 8 | cover[i].family};

        hash = apply_hash(hash, words, sizeof(words));
    }
    return hash;
}

static size_t count_prefixes(const struct prefix_set *set)
{
    size_t n = 0;

    prefix_set_cover(set, &n, NULL);
    return n;
}

/* ── fetched ── */

/* Reads the body into the sieve; false with a verdict. */
static bool sieve_body(struct applying *applying, const struct safety_rules *rules)
{
    const struct apply_task *task = applying->task;
    enum range_list_result result;
    size_t n_read = 0;

    applying->sieve = safety_sieve_new(rules);
    if (applying->sieve == NULL) {
        apply_out_of_memory(applying);
        return false;
    }
    result = range_list_read(task->body, task->n_body, task->where, task->n_where,
                             safety_sieve_take, applying->sieve, &n_read);
    applying->outcome->read = applying->next.read = n_read;
    if (result != RANGE_LIST_OK)
        apply_fail(applying, "%s", range_list_text(result));
    return result == RANGE_LIST_OK;
}

/* The prefixes as they were, also where there was no section. */
static bool take_before(struct applying *applying)
{
    applying->was = prefix_set_new();
    if (applying->was == NULL)
        return false;
    return applying->before == NULL ||
           (prefix_set_add_set(applying->was, applying->before->prefixes) &&
            prefix_set_minimise(applying->was));
}

static void compare(struct applying *applying, const struct safety_rules *rules)
{
    char why[SAFETY_WHY_SIZE];

    applying->outcome->kept = count_prefixes(applying->is);
    applying->outcome->verdict = APPLY_CHANGED;
    if (applying->outcome->kept == 0)
        apply_fail(applying, "has no prefix that may be used; left out: %s",
                   applying->outcome->drops);
    else if (applying->before != NULL && prefix_set_equal(applying->was, applying->is))
        applying->outcome->verdict = APPLY_SAME;
    else if (!safety_accepts(rules, applying->was, applying->is, why))
        apply_hold(applying, hash_set(applying->is), why);
}

void apply_fetched(struct applying *applying)
{
    struct safety_rules rules;

    if (!make_rules(applying, &rules) || !sieve_body(applying, &rules))
        return;
    applying->next.prefixes = applying->is = safety_sieve_finish(applying->sieve);
    applying->next.etag = applying->task->etag;
    applying->next.modified = applying->task->modified;
    if (applying->is == NULL || !note_drops(applying) || !take_before(applying))
        apply_out_of_memory(applying);
    else
        compare(applying, &rules);
}

/* ── a host ── */

static int by_time_seen(const void *a, const void *b)
{
    const struct state_address *x = a, *y = b;

    if (x->seen_at != y->seen_at)
        return x->seen_at < y->seen_at ? 1 : -1;
    return prefix_compare(&x->prefix, &y->prefix);
}

static int by_address(const void *a, const void *b)
{
    const struct state_address *x = a, *y = b;
    int order = prefix_compare(&x->prefix, &y->prefix);

    if (order != 0)
        return order;
    return x->seen_at == y->seen_at ? 0 : x->seen_at < y->seen_at ? 1 : -1;
}

/* Sorts by address and leaves each once, as it was last seen. */
static size_t merge_addresses(struct state_address *list, size_t n)
{
    size_t kept = 0;

    if (n > 1)
        qsort(list, n, sizeof(*list), by_address);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || prefix_compare(&list[kept - 1].prefix, &list[i].prefix) != 0)
            list[kept++] = list[i];
    return kept;
}

static void add_good(const struct apply_task *task, const struct safety_rules *rules,
                     const struct state_address *from, size_t n_from, struct state_address *list,
                     size_t *n)
{
    for (size_t i = 0; i < n_from; i++) {
        int64_t seen = from[i].seen_at > task->now ? task->now : from[i].seen_at;

        if (seen > 0 && task->now - seen > task->rules.keep_addresses_s)
            continue;
        if (safety_judge(rules, &from[i].prefix) == SAFETY_GOOD)
            list[(*n)++] = (struct state_address){from[i].prefix, seen > 0 ? seen : task->now};
    }
}

/*
 * What was seen now, in the file, or since that was written: less what was not seen for too
 * long, or may not be used. At most APPLY_MAX_ADDRESSES, the last seen.
 */
static bool collect_addresses(struct applying *applying, const struct safety_rules *rules)
{
    const struct apply_task *task = applying->task;
    const struct state_source *before = applying->before;
    size_t n_before = before == NULL ? 0 : before->n_addresses, n = 0;
    struct state_address *list =
        calloc(task->n_addresses + task->n_seen + n_before + 1, sizeof(*list));

    if (list == NULL)
        return false;
    for (size_t i = 0; i < task->n_addresses; i++)
        if (safety_judge(rules, &task->addresses[i]) == SAFETY_GOOD)
            list[n++] = (struct state_address){task->addresses[i], task->now};
    if (before != NULL)
        add_good(task, rules, before->addresses, n_before, list, &n);
    add_good(task, rules, task->seen, task->n_seen, list, &n);
    n = merge_addresses(list, n);
    if (n > APPLY_MAX_ADDRESSES) {
        qsort(list, n, sizeof(*list), by_time_seen);
        n = merge_addresses(list, APPLY_MAX_ADDRESSES);
    }
    applying->outcome->addresses = list;
    applying->outcome->n_addresses = n;
    return true;
}

static bool add_addresses(struct prefix_set *set, const struct state_address *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!prefix_set_add(set, &list[i].prefix))
            return false;
    return prefix_set_minimise(set);
}

/*
 * When an address was last seen changes each time; the file has it so exactly that nothing
 * is forgotten too early by a daemon that starts anew.
 */
static bool is_stale(const struct applying *applying)
{
    int64_t allowed = applying->task->rules.keep_addresses_s / 4;

    for (size_t i = 0; i < applying->outcome->n_addresses; i++) {
        const struct state_address *now = &applying->outcome->addresses[i];

        for (size_t j = 0; j < applying->before->n_addresses; j++)
            if (prefix_compare(&now->prefix, &applying->before->addresses[j].prefix) == 0 &&
                now->seen_at - applying->before->addresses[j].seen_at > allowed)
                return true;
    }
    return false;
}

/* The resolver's answer as it is: what of it may be used, and what is left out. */
static bool sieve_addresses(struct applying *applying, const struct safety_rules *rules)
{
    const struct apply_task *task = applying->task;
    bool ok;

    applying->sieve = safety_sieve_new(rules);
    ok = applying->sieve != NULL;
    for (size_t i = 0; ok && i < task->n_addresses; i++)
        ok = safety_sieve_take(applying->sieve, &task->addresses[i], PREFIX_OK);
    applying->outcome->read = applying->next.read = task->n_addresses;
    return ok && note_drops(applying);
}

static void compare_addresses(struct applying *applying)
{
    struct apply_outcome *outcome = applying->outcome;
    bool same = applying->before != NULL && prefix_set_equal(applying->was, applying->is);

    applying->next.addresses = outcome->addresses;
    applying->next.n_addresses = outcome->kept = outcome->n_addresses;
    outcome->verdict = same && !is_stale(applying) ? APPLY_SAME : APPLY_CHANGED;
}

void apply_resolved(struct applying *applying)
{
    const struct state_source *before = applying->before;
    struct safety_rules rules;
    bool ok;

    if (!make_rules(applying, &rules))
        return;
    ok = sieve_addresses(applying, &rules);
    if (ok && applying->outcome->dropped == applying->task->n_addresses) {
        apply_fail(applying, "has no address that may be used; left out: %s",
                   applying->outcome->drops);
        return;
    }
    applying->was = prefix_set_new();
    ok = ok && applying->was != NULL && collect_addresses(applying, &rules);
    applying->is = ok ? safety_sieve_finish(applying->sieve) : NULL;
    ok = applying->is != NULL &&
         add_addresses(applying->was, before == NULL ? NULL : before->addresses,
                       before == NULL ? 0 : before->n_addresses) &&
         add_addresses(applying->is, applying->outcome->addresses, applying->outcome->n_addresses);
    if (ok)
        compare_addresses(applying);
    else
        apply_out_of_memory(applying);
}
