/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * <user>, and everybody else the policy names. While it is read, users are drafts in the
 * order in which they were first named; at the end they become a hash table.
 */
#include "config.h"

#include "lib/policy_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool pairs_add(struct build *build, struct pairs *pairs, size_t user, size_t of)
{
    if (pairs->n == pairs->room) {
        size_t room = pairs->room == 0 ? 256 : pairs->room * 2;
        struct pair *items = reallocarray(pairs->items, room, sizeof(*items));

        if (items == NULL)
            return build_out_of_memory(build);
        pairs->items = items;
        pairs->room = room;
    }
    pairs->items[pairs->n++] = (struct pair){(uint32_t)user, (uint32_t)of};
    return true;
}

static bool grow(struct build *build)
{
    size_t room = build->drafts_room == 0 ? 64 : build->drafts_room * 2;
    struct draft_user *drafts = reallocarray(build->drafts, room, sizeof(*drafts));

    if (drafts == NULL)
        return build_out_of_memory(build);
    build->drafts = drafts;
    build->drafts_room = room;
    return true;
}

size_t build_add_user(struct build *build, const char *name)
{
    size_t index = names_find(build->users, name);
    char *kept;

    if (index != NAMES_NONE)
        return index;
    index = names_count(build->users);
    if (index == build->drafts_room && !grow(build))
        return NAMES_NONE;
    kept = arena_strdup(build->policy->arena, name);
    if (kept == NULL || !names_add(build->users, kept)) {
        build_out_of_memory(build);
        return NAMES_NONE;
    }
    build->drafts[index] = (struct draft_user){.user.name = kept};
    return index;
}

size_t build_user(struct build *build, const struct directive *at, const char *name)
{
    if (name[0] != '\0' && strlen(name) <= POLICY_MAX_USER && build_is_text(name))
        return build_add_user(build, name);
    build_error(build, at,
                "\"%.80s\" cannot be a user name: 1 to %d bytes without control "
                "characters",
                name, POLICY_MAX_USER);
    return NAMES_NONE;
}

/* The profile a line of <user> names; NULL with an error. */
static const struct policy_profile *find_profile(struct build *build, const struct directive *line)
{
    size_t index = build_find(build, &build->profiles, "profile", line, line->argv[1]);

    return index == NAMES_NONE ? NULL : &build->policy->profiles[index];
}

static void apply_profile(struct build *build, const struct directive *line)
{
    struct draft_user *draft = &build->drafts[build->user];
    const struct policy_profile *profile = find_profile(build, line);

    if (profile == NULL)
        return;
    if (profile->full) {
        build_error(build, line,
                    "a full tunnel is never a default, and \"%s\" is one; if %.255s "
                    "asked for it, write \"opt-in %s\"",
                    profile->name, draft->user.name, profile->name);
        return;
    }
    draft->user.profile = profile;
    draft->profile_at = line;
}

static void apply_opt_in(struct build *build, const struct directive *line)
{
    struct draft_user *draft = &build->drafts[build->user];
    const struct policy_profile *profile = find_profile(build, line);

    if (profile == NULL)
        return;
    if (!profile->full) {
        build_error(build, line,
                    "\"%s\" is a split tunnel, which needs no opt-in; write "
                    "\"profile %s\"",
                    profile->name, profile->name);
        return;
    }
    draft->user.opt_in = profile;
    draft->opt_in_at = line;
}

static const struct word words[] = {
    {"opt-in", 1, 1, WORD_ONCE, "PROFILE", apply_opt_in},
    {"profile", 1, 1, WORD_ONCE, "PROFILE", apply_profile},
    {"routes", 1, WORDS_ANY, WORD_REPEATED, "NAME|PREFIX...", build_add_routes},
};

const struct context policy_user_context = {
    .name = "<user>",
    .words = words,
    .n = sizeof(words) / sizeof(*words),
};

void build_user_block(struct build *build, const struct directive *block, size_t index)
{
    struct policy_route_refs refs = {0};

    build->user = index;
    build->block = block;
    build_begin_routes(build, &refs);
    build_apply(build, &policy_user_context, block, block->children);
    build_end_routes(build);
    build->drafts[index].user.routes = refs;
}

/* For each user, what the pairs say: all in one list, that of user u from start[u] to start[u + 1].
 */
struct slices {
    uint32_t *of;
    size_t *start;
};

static void slices_free(struct slices *slices)
{
    free(slices->of);
    free(slices->start);
}

/* Sorted by user, and for each in the order of their index (there are few). */
static bool slices_make(struct build *build, const struct pairs *pairs, size_t n_users,
                        struct slices *slices)
{
    size_t *start = calloc(n_users + 2, sizeof(*start));

    slices->start = start;
    slices->of = calloc(pairs->n + 1, sizeof(*slices->of));
    if (slices->of == NULL || start == NULL)
        return build_out_of_memory(build);
    for (size_t i = 0; i < pairs->n; i++)
        start[pairs->items[i].user + 2]++;
    for (size_t i = 2; i < n_users + 2; i++)
        start[i] += start[i - 1];
    for (size_t i = 0; i < pairs->n; i++)
        slices->of[start[pairs->items[i].user + 1]++] = pairs->items[i].of;
    return true;
}

static int compare_indexes(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* One user's slice, sorted and each index once; *n is how many. */
static const uint32_t *slice(const struct slices *slices, size_t user, size_t *n)
{
    uint32_t *of = slices->of + slices->start[user];
    size_t count = slices->start[user + 1] - slices->start[user];

    *n = 0;
    if (count > 1)
        qsort(of, count, sizeof(*of), compare_indexes);
    for (size_t i = 0; i < count; i++)
        if (*n == 0 || of[*n - 1] != of[i])
            of[(*n)++] = of[i];
    return of;
}

static bool set_groups(struct build *build, struct policy_user *user, const uint32_t *of, size_t n)
{
    user->groups = arena_array(build->policy->arena, n, sizeof(*user->groups));
    if (user->groups == NULL)
        return build_out_of_memory(build);
    for (size_t i = 0; i < n; i++) {
        user->groups[i] = &build->policy->groups[of[i]];
        build->policy->groups[of[i]].n_members++;
    }
    user->n_groups = n;
    return true;
}

static bool set_allowed(struct build *build, struct policy_user *user, const uint32_t *of, size_t n)
{
    user->allowed = arena_array(build->policy->arena, n, sizeof(*user->allowed));
    if (user->allowed == NULL)
        return build_out_of_memory(build);
    for (size_t i = 0; i < n; i++)
        user->allowed[i] = &build->policy->profiles[of[i]];
    user->n_allowed = n;
    return true;
}

static bool link_users(struct build *build)
{
    size_t n_users = names_count(build->users);
    struct slices groups = {0}, allowed = {0};
    bool ok = slices_make(build, &build->members, n_users, &groups) &&
              slices_make(build, &build->allowed, n_users, &allowed);

    for (size_t i = 0; ok && i < n_users; i++) {
        struct policy_user *user = &build->drafts[i].user;
        size_t n = 0;
        const uint32_t *of = slice(&groups, i, &n);

        ok = set_groups(build, user, of, n);
        if (ok) {
            of = slice(&allowed, i, &n);
            ok = set_allowed(build, user, of, n);
        }
    }
    slices_free(&groups);
    slices_free(&allowed);
    return ok;
}

/* A profile that a user is given without having chosen it must be one the user may have. */
static void check_user(struct build *build, const struct draft_user *draft)
{
    const struct policy_user *user = &draft->user;

    if (user->profile != NULL && !policy_allows(user->profile, user))
        build_error(build, draft->profile_at, "<profile %s> does not allow user \"%.255s\"",
                    user->profile->name, user->name);
    if (user->opt_in != NULL && !policy_allows(user->opt_in, user))
        build_error(build, draft->opt_in_at, "<profile %s> does not allow user \"%.255s\"",
                    user->opt_in->name, user->name);
}

/* Moves the drafts to where policy_find_user() looks. */
static void make_table(struct build *build)
{
    struct policy *policy = build->policy;
    size_t n = names_count(build->users);
    size_t n_slots = 8;

    while (n_slots < n + n / 2)
        n_slots *= 2;
    policy->users = arena_array(policy->arena, n_slots, sizeof(*policy->users));
    if (policy->users == NULL) {
        build_out_of_memory(build);
        return;
    }
    policy->n_user_slots = n_slots;
    policy->n_users = n;
    for (size_t i = 0; i < n; i++) {
        const struct policy_user *user = &build->drafts[i].user;
        size_t at = names_hash(user->name, false) & (n_slots - 1);

        while (policy->users[at].name != NULL)
            at = (at + 1) & (n_slots - 1);
        policy->users[at] = *user;
    }
}

void build_finish_users(struct build *build)
{
    size_t n = names_count(build->users);

    if (!link_users(build))
        return;
    for (size_t i = 0; i < n; i++)
        check_user(build, &build->drafts[i]);
    build_extras(build);
    if (!build->out_of_memory)
        make_table(build);
}
