/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `budget` in a profile: what is pushed then, and what is said where it cannot be kept. */
#include "tests/unit/policy_fixture.h"
#include "tests/unit/unit.h"

#include "lib/push.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIXES \
    "<routes a>\n20.0.0.0/24\n20.0.2.0/24\n20.0.8.0/24\n2001:db8::/48\n2001:db8:2::/48\n"
#define USERS \
    "<user alice>\nroutes more\n</user>\n<routes more>\n30.0.0.0/24\n30.0.2.0/24\n</routes>\n"

/* A policy with such a line in its profile, and one in its route set. */
static void load(const char *in_profile, const char *in_set, const char *users)
{
    char text[1200];

    snprintf(text, sizeof text,
             "default-profile campus\n" PREFIXES "%s\n</routes>\n<profile campus>\nroutes a\n%s\n"
             "</profile>\n%s",
             in_set, in_profile, users);
    fixture_load_text(text);
}

static const char *routes(const char *user, struct budget_cost *cost)
{
    const struct policy_user *known = policy_find_user(policy, user);
    struct prefix_set *set = push_routes(policy, policy->default_profile, known, cost);
    const char *text = fixture_set_text(set);

    prefix_set_free(set);
    return text;
}

START_TEST(a_profile_without_a_budget_is_exact)
{
    struct budget_cost cost;

    load("", "", "");
    ck_assert_str_eq(routes("bob", &cost),
                     "20.0.0.0/24\n20.0.2.0/24\n20.0.8.0/24\n2001:db8::/48\n2001:db8:2::/48\n");
    ck_assert_uint_eq(cost.exact, 0);
}
END_TEST

START_TEST(a_budget_is_for_both_families_together_and_for_what_the_user_brings)
{
    struct budget_cost cost;

    load("budget 3", "", USERS);
    ck_assert_str_eq(fixture_problems(), "");
    ck_assert_str_eq(routes("bob", &cost), "20.0.0.0/22\n20.0.8.0/24\n2001:db8::/46\n");
    ck_assert_uint_eq(cost.exact, 5);
    ck_assert_uint_eq(cost.extra_ipv4, 512);
    ck_assert_uint_eq(cost.extra_ipv6, 131072);
    ck_assert_str_eq(routes("alice", &cost), "20.0.0.0/20\n30.0.0.0/22\n2001:db8::/46\n");
    ck_assert_uint_eq(cost.exact, 7);
}
END_TEST

START_TEST(what_is_pushed_is_the_cover)
{
    struct push_connection connection = {.has_ipv6 = true};
    const struct push_plan *plan;
    size_t n = 0;
    char *text;

    load("budget 3", "", "");
    plan = &policy->plans[0];
    text = push_render(policy, policy->default_profile, NULL, &connection, &n);
    ck_assert_ptr_nonnull(strstr(text, "route 20.0.0.0 255.255.252.0"));
    ck_assert_ptr_nonnull(strstr(text, "route-ipv6 2001:db8::/46"));
    ck_assert_ptr_null(strstr(text, "20.0.2.0"));
    ck_assert_uint_eq(plan->n_ipv4 + plan->n_ipv6, 3);
    free(text);
}
END_TEST

START_TEST(no_exception_is_covered_whether_the_profile_or_the_set_has_it)
{
    load("budget 4\nexcept 20.0.1.1/32", "", "");
    ck_assert_str_eq(routes("bob", NULL), "20.0.0.0/24\n20.0.2.0/24\n20.0.8.0/24\n2001:db8::/46\n");
    load("budget 4", "except 2001:db8:1::/64", "");
    ck_assert_str_eq(routes("bob", NULL),
                     "20.0.0.0/22\n20.0.8.0/24\n2001:db8::/48\n2001:db8:2::/48\n");
}
END_TEST

START_TEST(a_budget_that_cannot_be_kept_is_an_error_that_says_what_can)
{
    load("budget 3\nexcept 20.0.1.1/32", "except 2001:db8:1::/64", "");
    ck_assert_ptr_null(policy);
    ck_assert_str_eq(fixture_problem(0),
                     "policy.conf:10: error: profile \"campus\" has a \"budget\" of 3, but the "
                     "exceptions allow no cover of fewer than 5 routes: say \"budget 5\"");
    load("budget 5\nexcept 20.0.1.1/32", "except 2001:db8:1::/64", USERS);
    ck_assert_ptr_null(policy);
    ck_assert_ptr_nonnull(strstr(fixture_problem(0), "than 6 routes for user \"alice\": say"));
    load("budget 6\nexcept 20.0.1.1/32", "except 2001:db8:1::/64", USERS);
    ck_assert_ptr_nonnull(policy);
}
END_TEST

START_TEST(a_budget_has_a_sense_in_split_tunnels_only_and_below_max_routes)
{
    load("budget 20\nmax-routes 19", "", "");
    ck_assert_ptr_nonnull(strstr(fixture_problem(0), "error: the \"budget\" of <profile campus> is "
                                                     "larger than its max-routes, 19"));
    load("budget 0", "", "");
    ck_assert_ptr_nonnull(strstr(fixture_problem(0), "error: \"0\" is not a number from 1 to"));
    fixture_load_text(PREAMBLE "choose menu\n<profile all>\ntunnel full\nbudget 7\n</profile>\n");
    ck_assert_ptr_nonnull(policy);
    ck_assert_ptr_nonnull(strstr(fixture_problem(0), "warning: a budget has no effect in a full"));
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("push_budget");
    TCase *tests = tcase_create("push_budget");

    tcase_add_checked_fixture(tests, fixture_setup, fixture_teardown);
    tcase_add_test(tests, a_profile_without_a_budget_is_exact);
    tcase_add_test(tests, a_budget_is_for_both_families_together_and_for_what_the_user_brings);
    tcase_add_test(tests, what_is_pushed_is_the_cover);
    tcase_add_test(tests, no_exception_is_covered_whether_the_profile_or_the_set_has_it);
    tcase_add_test(tests, a_budget_that_cannot_be_kept_is_an_error_that_says_what_can);
    tcase_add_test(tests, a_budget_has_a_sense_in_split_tunnels_only_and_below_max_routes);
    suite_add_tcase(suite, tests);
    return suite;
}
