/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading a policy when its text is cut off, and when memory runs out. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "lib/policy_load_text.h"
#include "tests/unit/policy_fixture.h"
#include "tests/unit/unit.h"

/* ── broken ── */

START_TEST(a_policy_cut_at_any_byte_does_no_harm)
{
    fixture_write_story();
    for (size_t n = 0; n <= strlen(story); n++) {
        char *exact = malloc(n > 0 ? n : 1);

        memcpy(exact, story, n);
        fixture_reset();
        policy = policy_load_text(path, exact, n, dirs, watch, problems);
        ck_assert((policy == NULL) == (diagnostics_errors(problems) > 0));
        free(exact);
    }
}
END_TEST

/* So many allocations still succeed; then one fails, or all. Negative: none fails. */
static long allocations_left = -1;
static bool only_one_fails;

static bool refuse(void)
{
    if (allocations_left > 0 && --allocations_left == 0) {
        if (only_one_fails)
            allocations_left = -1;
        return true;
    }
    return allocations_left == 0;
}

#define WRAP(type, name, parameters, arguments, none) \
    type __real_##name parameters;                    \
    type __wrap_##name parameters;                    \
    type __wrap_##name parameters                     \
    {                                                 \
        if (refuse()) {                               \
            errno = ENOMEM;                           \
            return none;                              \
        }                                             \
        return __real_##name arguments;               \
    }

WRAP(void *, malloc, (size_t n), (n), NULL)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), NULL)
WRAP(void *, realloc, (void *p, size_t n), (p, n), NULL)
WRAP(void *, reallocarray, (void *p, size_t n, size_t size), (p, n, size), NULL)
WRAP(char *, strdup, (const char *text), (text), NULL)
WRAP(char *, strndup, (const char *text, size_t n), (text, n), NULL)
WRAP(void *, mmap, (void *p, size_t n, int a, int b, int c, off_t d), (p, n, a, b, c, d),
     (void *)-1)

/* Loads the story with the n-th allocation refused. */
static void load_without(long n)
{
    struct policy *loaded;

    fixture_reset();
    dirs_free(dirs);
    dirs = dirs_new();
    allocations_left = n;
    loaded = policy_load(path, dirs, watch, problems);
    allocations_left = -1;
    policy = loaded;
    ck_assert_msg((policy == NULL) == (diagnostics_errors(problems) > 0), "at %ld: %s", n,
                  fixture_problems());
}

START_TEST(when_memory_is_out_loading_fails_cleanly)
{
    long n = 0;

    fixture_write_story();
    do {
        load_without(++n);
    } while (policy == NULL && n < 100000);
    ck_assert_int_gt(n, 100);
    ck_assert_ptr_nonnull(policy);
    ck_assert_str_eq(fixture_problems(), "");
}
END_TEST

/* What there is no memory for must not be left out: it is all or nothing. */
START_TEST(when_memory_is_short_for_a_moment_nothing_is_left_out)
{
    long n = 0;
    size_t in_a_row = 0;

    fixture_write_story();
    only_one_fails = true;
    while (in_a_row < 20 && ++n < 100000) {
        load_without(n);
        in_a_row = policy == NULL ? 0 : in_a_row + 1;
        if (policy == NULL)
            continue;
        ck_assert_msg(diagnostics_count(problems) == 0, "at %ld: %s", n, fixture_problems());
        ck_assert_uint_eq(policy->n_users, 9);
        ck_assert_str_eq(fixture_set_text(policy_find_route_set(policy, "journals")->prefixes),
                         "203.0.112.7/32\n203.0.113.0/24\n");
    }
    ck_assert_int_gt(n, 100);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("policy_broken");
    TCase *all = tcase_create("all");

    tcase_add_checked_fixture(all, fixture_setup, fixture_teardown);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, a_policy_cut_at_any_byte_does_no_harm);
    tcase_add_test(all, when_memory_is_out_loading_fails_cleanly);
    tcase_add_test(all, when_memory_is_short_for_a_moment_nothing_is_left_out);
    suite_add_tcase(suite, all);
    return suite;
}
