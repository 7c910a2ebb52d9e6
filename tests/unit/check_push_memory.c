/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory running out at every single allocation, one after the other. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/push.h"
#include "tests/unit/policy_text.h"

/* The linker sends all allocations of this program here (--wrap). */
void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *memory, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *memory, size_t n);

static long allowed = -1; /* allocations until they fail; below 0: all succeed */

static bool fails(void)
{
    if (allowed < 0)
        return false;
    if (allowed == 0)
        return true;
    allowed--;
    return false;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *memory, size_t n)
{
    return fails() ? NULL : __real_realloc(memory, n);
}

static const char text[] =
    "default-profile campus\n<routes in>\n10.0.0.0/8\n2001:db8::/32\n</routes>\n"
    "<routes lab>\n192.0.2.0/24\n</routes>\n"
    "<profile campus>\ntunnel split\nroutes in\nexcept 10.1.0.0/16\nmessage \"Hello\"\n"
    "</profile>\n<profile full>\ntunnel full\nexcept 192.168.0.0/16\nallow user alice\n"
    "</profile>\n<user alice>\nroutes lab\n</user>\n"
    "<routes many>\n20.0.0.0/25\n20.0.1.0/25\n20.0.2.0/23\n20.0.8.0/25\n20.0.9.0/25\n20.0.10.0/23\n"
    "except 20.0.5.5/32\n</routes>\n<profile few>\nroutes many\nbudget 3\n</profile>\n";

#define MOST 2000 /* no call here takes as many */

START_TEST(a_connect_without_memory_gets_nothing_and_leaks_nothing)
{
    struct policy *policy = policy_from_text(text, NULL);
    const struct policy_user *alice = policy_find_user(policy, "alice");
    struct push_connection connection = {.has_ipv6 = true};

    if (_i == 1) /* as if it had been over the budget */
        for (size_t i = 0; i < policy->n_extras * policy->n_profiles; i++)
            policy->plans[i].ipv4.text = NULL;
    for (size_t p = 0; p < policy->n_profiles; p++) {
        size_t n, n_whole;
        char *whole = push_render(policy, &policy->profiles[p], alice, &connection, &n_whole);
        char *result = NULL;
        long limit = 0;

        ck_assert_ptr_nonnull(whole);
        for (; !result && limit < MOST; limit++) {
            allowed = limit;
            result = push_render(policy, &policy->profiles[p], alice, &connection, &n);
            allowed = -1;
            ck_assert_uint_eq(n, result ? n_whole : 0);
        }
        ck_assert_int_gt(limit, 1);
        ck_assert_str_eq(result, whole);
        free(result);
        free(whole);
    }
    policy_free(policy);
}
END_TEST

START_TEST(the_routes_of_a_result_are_all_of_them_or_none)
{
    struct policy *policy = policy_from_text(text, NULL);

    for (size_t p = 0; p < policy->n_profiles; p++) {
        struct prefix_set *routes = NULL;
        long limit = 0;

        for (; !routes && limit < MOST; limit++) {
            allowed = limit;
            routes = push_routes(policy, &policy->profiles[p], NULL, NULL);
            allowed = -1;
        }
        ck_assert_ptr_nonnull(routes);
        ck_assert_int_gt(limit, 1);
        prefix_set_free(routes);
    }
    policy_free(policy);
}
END_TEST

START_TEST(a_policy_without_memory_is_not_prepared_and_says_so)
{
    struct policy *policy = policy_from_text(text, NULL);
    bool ok = false;
    long limit = 0;

    for (; !ok && limit < MOST; limit++) {
        struct diagnostics *problems = diagnostics_new();

        allowed = limit;
        ok = push_prepare(policy, problems);
        allowed = -1;
        ck_assert_int_eq(ok, diagnostics_errors(problems) == 0);
        diagnostics_free(problems);
    }
    ck_assert(ok);
    ck_assert_int_gt(limit, 5);
    policy_free(policy);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("push_memory");
    TCase *tests = tcase_create("push_memory");

    tcase_add_loop_test(tests, a_connect_without_memory_gets_nothing_and_leaks_nothing, 0, 2);
    tcase_add_test(tests, the_routes_of_a_result_are_all_of_them_or_none);
    tcase_add_test(tests, a_policy_without_memory_is_not_prepared_and_says_so);
    suite_add_tcase(suite, tests);
    return suite;
}
