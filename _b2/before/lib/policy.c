/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Look-ups in a loaded policy. They run at every login, with names that come from the
 * network: they allocate nothing and change nothing.
 */
#include "lib/policy.h"

#include <string.h>

#include "lib/names.h"

void policy_free(struct policy *policy)
{
    struct arena *arena;

    if (policy == NULL)
        return;
    for (size_t i = 0; i < policy->n_route_sets; i++)
        prefix_set_free(policy->route_sets[i].prefixes);
    for (size_t i = 0; i < policy->n_profiles; i++) {
        prefix_set_free(policy->profiles[i].except);
        prefix_set_free(policy->profiles[i].opt_in_from);
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
