/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Look-ups in a loaded policy. They run at every login, with names that come from the
 * network: they allocate nothing and change nothing.
 */
#include "lib/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/names.h"

void policy_free(struct policy *policy)
{
    struct arena *arena;

    if (policy == NULL)
        return;
    for (size_t i = 0; i < policy->n_route_sets; i++) {
        prefix_set_free(policy->route_sets[i].prefixes);
        prefix_set_free(policy->route_sets[i].except);
    }
    for (size_t i = 0; i < policy->n_profiles; i++) {
        prefix_set_free(policy->profiles[i].except);
        prefix_set_free(policy->profiles[i].opt_in_from);
        budget_base_free(policy->bases ? policy->bases[i] : NULL);
    }
    arena = policy->arena; /* the policy itself lives in it */
    arena_free(arena);
}

const struct policy_profile *policy_find_profile(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->n_profiles; i++)
        if (names_equal(policy->profiles[i].name, name, true))
            return &policy->profiles[i];
    return NULL;
}

const struct policy_user *policy_find_user(const struct policy *policy, const char *name)
{
    size_t mask = policy->n_user_slots - 1;
    size_t at;

    if (policy->n_user_slots == 0)
        return NULL;
    at = names_hash(name, false) & mask;
    while (policy->users[at].name != NULL) {
        if (strcmp(policy->users[at].name, name) == 0)
            return &policy->users[at];
        at = (at + 1) & mask;
    }
    return NULL;
}

const struct policy_group *policy_find_group(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->n_groups; i++)
        if (strcmp(policy->groups[i].name, name) == 0)
            return &policy->groups[i];
    return NULL;
}

const struct policy_route_set *policy_find_route_set(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->n_route_sets; i++)
        if (strcmp(policy->route_sets[i].name, name) == 0)
            return &policy->route_sets[i];
    return NULL;
}

/* Both lists are in the order of policy.groups. */
static bool share_a_group(const struct policy_profile *profile, const struct policy_user *user)
{
    size_t i = 0, k = 0;

    while (i < profile->n_allow_groups && k < user->n_groups) {
        size_t a = profile->allow_groups[i]->index, b = user->groups[k]->index;

        if (a == b)
            return true;
        if (a < b)
            i++;
        else
            k++;
    }
    return false;
}

bool policy_allows(const struct policy_profile *profile, const struct policy_user *user)
{
    if (!profile->restricted)
        return true;
    if (user == NULL)
        return false;
    for (size_t i = 0; i < user->n_allowed; i++)
        if (user->allowed[i] == profile)
            return true;
    return share_a_group(profile, user);
}

const struct policy_choose *policy_chooses(const struct policy *policy, enum policy_means means)
{
    for (size_t i = 0; i < policy->n_choose; i++)
        if (policy->choose[i].means == means)
            return &policy->choose[i];
    return NULL;
}

const char *policy_means_name(enum policy_means means)
{
    switch (means) {
    case POLICY_MEANS_USERNAME_SUFFIX:
        return "username-suffix";
    case POLICY_MEANS_PEER_INFO:
        return "peer-info";
    case POLICY_MEANS_STATIC_CHALLENGE:
        return "static-challenge";
    case POLICY_MEANS_MENU:
        return "menu";
    case POLICY_MEANS_COUNT:
        break;
    }
    return "?";
}

/* The next of two sorted lists, which is taken off those that begin with it; NULL at the end. */
static const struct policy_route_set *next_set(struct policy_route_refs refs[2])
{
    const struct policy_route_set *next = NULL;

    for (int i = 0; i < 2; i++)
        if (refs[i].n > 0 && (next == NULL || refs[i].sets[0] < next))
            next = refs[i].sets[0];
    for (int i = 0; i < 2; i++)
        if (refs[i].n > 0 && refs[i].sets[0] == next) {
            refs[i].sets++;
            refs[i].n--;
        }
    return next;
}

#define MORE_SIZE 16 /* room for ",+12345" */

char *policy_versions(const struct policy *policy, const struct policy_profile *profile,
                      const struct policy_user *user, char *text, size_t size)
{
    struct policy_route_refs refs[] = {profile->routes, policy->extras[user ? user->extra : 0]};
    const struct policy_route_set *set;
    size_t at = 0, more = 0;

    text[0] = '\0';
    while (!profile->full && (set = next_set(refs)) != NULL) {
        char one[POLICY_MAX_NAME + 24];
        size_t n;

        if (set->n_sources == 0)
            continue;
        n = (size_t)snprintf(one, sizeof(one), "%s%s@%" PRId64, at > 0 ? "," : "", set->name,
                             set->version);
        if (more > 0 || at + n + MORE_SIZE > size) {
            more++;
            continue;
        }
        memcpy(text + at, one, n + 1);
        at += n;
    }
    if (more > 0)
        snprintf(text + at, size - at, "%s+%zu", at > 0 ? "," : "", more);
    return text;
}
