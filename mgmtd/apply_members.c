/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The section of a group: names, sorted. */
#include <config.h>

#include "mgmtd/apply_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_names(const char *const *names, size_t n)
{
    uint64_t hash = APPLY_HASH_START;

    for (size_t i = 0; i < n; i++)
        hash = apply_hash(hash, names[i], strlen(names[i]) + 1);
    return hash;
}

static bool has_name(const char *const *sorted, size_t n, const char *name)
{
    size_t from = 0, to = n;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = strcmp(sorted[middle], name);

        if (order == 0)
            return true;
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return false;
}

static size_t count_missing(const char *const *names, size_t n, const char *const *sorted,
                            size_t n_sorted)
{
    size_t missing = 0;

    for (size_t i = 0; i < n; i++)
        missing += !has_name(sorted, n_sorted, names[i]);
    return missing;
}

/* Those who can stand in a list. */
static bool take_members(struct applying *applying)
{
    const struct apply_task *task = applying->task;
    struct state_source *next = &applying->next;

    next->members = arena_array(applying->arena, task->n_members, sizeof(*next->members));
    if (next->members == NULL)
        return false;
    for (size_t i = 0; i < task->n_members; i++)
        if (state_is_member(task->members[i]))
            next->members[next->n_members++] = task->members[i];
    next->read = task->n_members;
    next->dropped = task->n_members - next->n_members;
    applying->outcome->read = next->read;
    applying->outcome->kept = next->n_members;
    applying->outcome->dropped = next->dropped;
    if (next->dropped > 0)
        snprintf(applying->outcome->drops, sizeof(applying->outcome->drops),
                 "names that no user can have");
    return true;
}

static bool is_too_much(const struct applying *applying, size_t was, char why[SAFETY_WHY_SIZE])
{
    double share = applying->task->rules.max_change / 100.0;
    size_t is = applying->next.n_members;

    if (is == 0 && was > 0) {
        snprintf(why, SAFETY_WHY_SIZE, "it had %zu members and has none any more", was);
        return true;
    }
    if (was == 0 || share == 0 || (was < SAFETY_SMALL && is < SAFETY_SMALL) ||
        ((double)is >= (double)was * (1 - share) && (double)is <= (double)was * (1 + share)))
        return false;
    snprintf(why, SAFETY_WHY_SIZE, "it %s from %zu members to %zu, by more than %u %%",
             is < was ? "shrank" : "grew", was, is, applying->task->rules.max_change);
    return true;
}

void apply_members(struct applying *applying)
{
    struct state_source *next = &applying->next;
    struct apply_outcome *outcome = applying->outcome;
    const char **was = applying->before == NULL ? NULL : applying->before->members;
    size_t n_was = applying->before == NULL ? 0 : applying->before->n_members;
    char why[SAFETY_WHY_SIZE];

    if (!take_members(applying)) {
        apply_out_of_memory(applying);
        return;
    }
    outcome->added = count_missing(next->members, next->n_members, was, n_was);
    outcome->removed = count_missing(was, n_was, next->members, next->n_members);
    outcome->verdict = APPLY_CHANGED;
    if (applying->before != NULL && outcome->added == 0 && outcome->removed == 0)
        outcome->verdict = APPLY_SAME;
    else if (is_too_much(applying, n_was, why))
        apply_hold(applying, hash_names(next->members, next->n_members), why);
}
