/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/policy: look-ups in loaded policies, and random policies against an oracle. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/policy_fixture.h"
#include "tests/unit/unit.h"

static const char *group_names(const char *user)
{
    static char text[200];
    const struct policy_user *found = policy_find_user(policy, user);

    ck_assert_msg(found != NULL, "no user %s", user);
    text[0] = '\0';
    for (size_t i = 0; i < found->n_groups; i++)
        sprintf(text + strlen(text), "%s ", found->groups[i]->name);
    return text;
}

START_TEST(users_and_groups_find_one_another)
{
    const struct policy_user *alice;
    const struct policy_group *physics;

    fixture_load_story();
    ck_assert_uint_eq(policy->n_users, 9);
    ck_assert_str_eq(group_names("alice"), "physics ");
    ck_assert_str_eq(group_names("bob"), "staff ");
    ck_assert_str_eq(group_names("carol smith"), "staff ");
    ck_assert_str_eq(group_names("dave"), "physics ");
    ck_assert_str_eq(group_names("eve smith"), "physics ");
    ck_assert_str_eq(group_names("EXAMPLE\\frank"), "physics ");
    ck_assert_str_eq(group_names("ivan"), "physics ");
    ck_assert_str_eq(group_names("gina"), "");
    ck_assert_ptr_null(policy_find_user(policy, "Alice"));
    ck_assert_ptr_null(policy_find_user(policy, "mallory"));
    ck_assert_ptr_null(policy_find_user(policy, ""));

    alice = policy_find_user(policy, "alice");
    ck_assert_ptr_eq(alice->profile, policy_find_profile(policy, "library"));
    ck_assert_ptr_eq(alice->opt_in, policy_find_profile(policy, "full"));
    ck_assert_uint_eq(alice->n_allowed, 1);
    ck_assert_ptr_null(policy_find_user(policy, "gina")->profile);
    ck_assert_ptr_eq(policy_find_user(policy, "hal")->profile, policy->default_profile);

    physics = policy_find_group(policy, "physics");
    ck_assert_uint_eq(physics->n_members, 5);
    ck_assert_uint_eq(physics->n_unix_groups, 2);
    ck_assert_str_eq(physics->unix_groups[1], "phys");
    ck_assert_uint_eq(policy_find_group(policy, "staff")->n_members, 2);
}
END_TEST

START_TEST(who_may_have_a_profile_is_decided_by_names_and_groups)
{
    const struct policy_profile *full;

    fixture_load_story();
    full = policy_find_profile(policy, "full");
    ck_assert(policy_allows(full, policy_find_user(policy, "alice")));
    ck_assert(policy_allows(full, policy_find_user(policy, "bob")));
    ck_assert(!policy_allows(full, policy_find_user(policy, "dave")));
    ck_assert(!policy_allows(full, NULL));
    ck_assert(policy_allows(policy->default_profile, NULL));
}
END_TEST

START_TEST(users_who_bring_the_same_routes_share_a_combination)
{
    const struct policy_user *alice, *dave;

    fixture_load_story();
    alice = policy_find_user(policy, "alice");
    dave = policy_find_user(policy, "dave");
    ck_assert_uint_eq(policy->n_extras, 4); /* none; physics; physics and lab; lab */
    ck_assert_uint_eq(policy->extras[0].n, 0);
    ck_assert_uint_eq(policy_find_user(policy, "bob")->extra, 0);
    ck_assert_uint_eq(policy_find_user(policy, "ivan")->extra, dave->extra);
    ck_assert_uint_ne(alice->extra, dave->extra);
    ck_assert_uint_eq(policy->extras[alice->extra].n, 2);
    ck_assert_uint_eq(alice->routes.n, 1);
    ck_assert_str_eq(policy->extras[alice->extra].sets[0]->name, "physics-cluster");
    ck_assert_str_eq(policy->extras[alice->extra].sets[1]->name, "alice-lab");
}
END_TEST

/* ── many ── */

static void print_users(char *text, size_t n_users)
{
    size_t at = (size_t)sprintf(text, "%s", PREAMBLE);

    for (size_t i = 0; i < 100; i++)
        at += (size_t)sprintf(text + at, "<routes s%zu>\n10.%zu.0.0/16\n</routes>\n", i, i);
    for (size_t i = 0; i < n_users; i++)
        at += (size_t)sprintf(text + at,
                              "<user user%zu>\nprofile campus\nroutes s%zu s%zu\n"
                              "</user>\n",
                              i, i % 10, i % 7);
}

START_TEST(twenty_thousand_users_are_all_found)
{
    enum { USERS = 20000 };
    char *text = malloc(USERS * 80 + 10000);
    char name[32];

    print_users(text, USERS);
    fixture_load_text(text);
    ck_assert_msg(policy != NULL, "%.1000s", fixture_problems());
    ck_assert_uint_eq(policy->n_users, USERS);
    for (size_t i = 0; i < USERS; i++) {
        const struct policy_user *user;

        snprintf(name, sizeof name, "user%zu", i);
        user = policy_find_user(policy, name);
        ck_assert_str_eq(user->name, name);
        ck_assert_uint_eq(policy->extras[user->extra].n, i % 10 == i % 7 ? 1 : 2);
    }
    ck_assert_uint_le(policy->n_extras, 71);
    free(text);
}
END_TEST

/*
 * A random policy, and what it must come to, worked out the simple way: who is in which
 * group, who may have which profile, which sets a user brings.
 */
enum { SETS = 6, GROUPS = 5, USERS = 12, PROFILES = 4 };
static bool in_group[USERS][GROUPS], group_set[GROUPS][SETS], user_set[USERS][SETS];
static bool allow_user[PROFILES][USERS], allow_group[PROFILES][GROUPS];

static void shake(bool *bits, size_t n, unsigned *seed, int one_in)
{
    for (size_t i = 0; i < n; i++)
        bits[i] = rand_r(seed) % one_in == 0;
}

static void print_random(char *text, unsigned seed)
{
    size_t at = (size_t)sprintf(text, "%s", PREAMBLE);

    shake(&in_group[0][0], sizeof in_group, &seed, 3);
    shake(&group_set[0][0], sizeof group_set, &seed, 3);
    shake(&user_set[0][0], sizeof user_set, &seed, 5);
    shake(&allow_user[0][0], sizeof allow_user, &seed, 8);
    shake(&allow_group[0][0], sizeof allow_group, &seed, 4);
    for (int g = 0; g < GROUPS; g++) {
        at += (size_t)sprintf(text + at, "<group g%d>\n", g);
        for (int u = 0; u < USERS; u++)
            for (int times = rand_r(&seed) % 3 + 1; in_group[u][g] && times > 0; times--)
                at += (size_t)sprintf(text + at, "user u%d\n", u);
        for (int s = SETS - 1; s >= 0; s--)
            if (group_set[g][s])
                at += (size_t)sprintf(text + at, "routes s%d\n", s);
        at += (size_t)sprintf(text + at, "</group>\n");
    }
    for (int p = 0; p < PROFILES; p++) {
        at += (size_t)sprintf(text + at, "<profile p%d>\nroutes internal\n", p);
        for (int u = 0; u < USERS; u++)
            if (allow_user[p][u])
                at += (size_t)sprintf(text + at, "allow user u%d\n", u);
        for (int g = GROUPS - 1; g >= 0; g--)
            if (allow_group[p][g])
                at += (size_t)sprintf(text + at, "allow group g%d g%d\n", g, g);
        at += (size_t)sprintf(text + at, "</profile>\n");
    }
    for (int u = 0; u < USERS; u++) {
        at += (size_t)sprintf(text + at, "<user u%d>\n", u);
        for (int s = 0; s < SETS; s++)
            if (user_set[u][s])
                at += (size_t)sprintf(text + at, "routes s%d s%d\n", s, s);
        at += (size_t)sprintf(text + at, "</user>\n");
    }
    for (int s = 0; s < SETS; s++)
        at += (size_t)sprintf(text + at, "<routes s%d>\n10.%d.0.0/16\n</routes>\n", s, s);
}

static void check_random_user(int u)
{
    char name[8];
    const struct policy_user *user;
    const struct policy_route_refs *extra;
    size_t n = 0;

    snprintf(name, sizeof name, "u%d", u);
    user = policy_find_user(policy, name);
    extra = &policy->extras[user->extra];
    for (int s = 0; s < SETS; s++) {
        bool brings = user_set[u][s];

        for (int g = 0; g < GROUPS; g++)
            brings = brings || (in_group[u][g] && group_set[g][s]);
        snprintf(name, sizeof name, "s%d", s);
        if (brings)
            ck_assert_str_eq(extra->sets[n++]->name, name);
    }
    ck_assert_uint_eq(extra->n, n);
    for (int p = 0; p < PROFILES; p++) {
        bool restricted = false, allowed = allow_user[p][u];

        for (int other = 0; other < USERS; other++)
            restricted = restricted || allow_user[p][other];
        for (int g = 0; g < GROUPS; g++) {
            restricted = restricted || allow_group[p][g];
            allowed = allowed || (in_group[u][g] && allow_group[p][g]);
        }
        snprintf(name, sizeof name, "p%d", p);
        ck_assert(policy_allows(policy_find_profile(policy, name), user) ==
                  (!restricted || allowed));
    }
}

START_TEST(random_policies_come_to_what_the_oracle_says)
{
    static char text[20000];

    for (unsigned seed = 1; seed <= 300; seed++) {
        print_random(text, seed);
        fixture_load_text(text);
        ck_assert_msg(policy != NULL, "seed %u: %s", seed, fixture_problems());
        for (size_t i = 0; i < policy->n_extras; i++)
            for (size_t k = 0; k < i; k++)
                ck_assert(policy->extras[i].n != policy->extras[k].n || policy->extras[i].n == 0 ||
                          memcmp(policy->extras[i].sets, policy->extras[k].sets,
                                 policy->extras[i].n * sizeof *policy->extras[i].sets) != 0);
        for (int u = 0; u < USERS; u++)
            check_random_user(u);
    }
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("policy");
    TCase *all = tcase_create("all");

    tcase_add_checked_fixture(all, fixture_setup, fixture_teardown);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, users_and_groups_find_one_another);
    tcase_add_test(all, who_may_have_a_profile_is_decided_by_names_and_groups);
    tcase_add_test(all, users_who_bring_the_same_routes_share_a_combination);
    tcase_add_test(all, twenty_thousand_users_are_all_found);
    tcase_add_test(all, random_policies_come_to_what_the_oracle_says);
    suite_add_tcase(suite, all);
    return suite;
}
