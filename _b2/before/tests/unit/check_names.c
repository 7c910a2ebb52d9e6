/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/names: what was added is found, in its order, and nothing else. */
#include "lib/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

/* So many allocations still succeed; negative: all. */
static long allocations_left = -1;

static bool refuse(void)
{
    if (allocations_left > 0)
        allocations_left--;
    return allocations_left == 0;
}

#define WRAP(name, parameters, arguments) \
    void *__real_##name parameters;       \
    void *__wrap_##name parameters;       \
    void *__wrap_##name parameters        \
    {                                     \
        if (refuse()) {                   \
            errno = ENOMEM;               \
            return NULL;                  \
        }                                 \
        return __real_##name arguments;   \
    }

WRAP(calloc, (size_t n, size_t size), (n, size))
WRAP(realloc, (void *p, size_t n), (p, n))

START_TEST(names_keep_the_order_in_which_they_came)
{
    struct names *names = names_new(false);

    ck_assert_ptr_null(names_list(names)[0]);
    ck_assert(names_add(names, "b"));
    ck_assert(names_add(names, "a"));
    ck_assert(names_add(names, ""));
    ck_assert_uint_eq(names_count(names), 3);
    ck_assert_uint_eq(names_find(names, "b"), 0);
    ck_assert_uint_eq(names_find(names, "a"), 1);
    ck_assert_uint_eq(names_find(names, ""), 2);
    ck_assert_uint_eq(names_find(names, "B"), NAMES_NONE);
    ck_assert_str_eq(names_list(names)[1], "a");
    ck_assert_ptr_null(names_list(names)[3]);
    names_free(names);
}
END_TEST

START_TEST(case_is_disregarded_for_ascii_letters_alone_and_only_where_wished)
{
    struct names *names = names_new(true);

    ck_assert(names_add(names, "Full\xc3\x89"));
    ck_assert_uint_eq(names_find(names, "fULL\xc3\x89"), 0);
    ck_assert_uint_eq(names_find(names, "full\xc3\xa9"), NAMES_NONE);
    ck_assert_uint_eq(names_find(names, "full"), NAMES_NONE);
    ck_assert(names_equal("aZ@", "Az@", true));
    ck_assert(!names_equal("aZ", "Az", false));
    ck_assert(!names_equal("@", "`", true)); /* these differ by the same bit as letters do */
    ck_assert(!names_equal("a", "ab", true));
    ck_assert(names_hash("aZ", true) == names_hash("Az", true));
    names_free(names);
}
END_TEST

START_TEST(fifty_thousand_names_are_found_and_no_others)
{
    enum { COUNT = 50000 };
    static char text[COUNT][16];
    struct names *names = names_new(false);
    char other[20];

    for (size_t i = 0; i < COUNT; i++) {
        snprintf(text[i], sizeof text[i], "user%zu", i * 7);
        ck_assert_uint_eq(names_find(names, text[i]), NAMES_NONE);
        ck_assert(names_add(names, text[i]));
    }
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert_uint_eq(names_find(names, text[i]), i);
        snprintf(other, sizeof other, "user%zu", i * 7 + 1);
        ck_assert_uint_eq(names_find(names, other), NAMES_NONE);
    }
    names_free(names);
}
END_TEST

START_TEST(without_memory_a_name_is_not_added_and_the_others_stay)
{
    static char text[100][8];

    for (long allowed = 1; allowed < 14; allowed++) {
        struct names *names;
        size_t n = 0;

        allocations_left = allowed;
        names = names_new(false);
        for (; names != NULL && n < 100; n++) {
            snprintf(text[n], sizeof text[n], "%zu", n);
            if (!names_add(names, text[n]))
                break;
        }
        allocations_left = -1;
        for (size_t i = 0; i < n; i++)
            ck_assert_uint_eq(names_find(names, text[i]), i);
        if (names != NULL) {
            ck_assert_uint_eq(names_count(names), n);
            ck_assert_uint_eq(names_find(names, "x"), NAMES_NONE);
            ck_assert_ptr_null(names_list(names)[n]);
        }
        names_free(names);
    }
    names_free(NULL);
}
END_TEST

static const struct {
    const char *text;
    bool plain;
} plain[] = {
    {"campus", true},
    {"Campus-2.old_1", true},
    {"_", true},
    {"7", true},
    {"a234567890123456789012345678901234567890123456789012345678901234", true},
    {"a2345678901234567890123456789012345678901234567890123456789012345", false},
    {"", false},
    {".campus", false},
    {"..", false},
    {"-campus", false},
    {"cam pus", false},
    {"cam/pus", false},
    {"cam\npus", false},
    {"caf\xc3\xa9", false},
};

START_TEST(a_plain_name_can_be_part_of_the_name_of_a_file)
{
    ck_assert(names_is_plain(plain[_i].text) == plain[_i].plain);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("names");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, 60);
    tcase_add_test(all, names_keep_the_order_in_which_they_came);
    tcase_add_test(all, case_is_disregarded_for_ascii_letters_alone_and_only_where_wished);
    tcase_add_test(all, fifty_thousand_names_are_found_and_no_others);
    tcase_add_test(all, without_memory_a_name_is_not_added_and_the_others_stay);
    tcase_add_loop_test(all, a_plain_name_can_be_part_of_the_name_of_a_file, 0,
                        (int)(sizeof plain / sizeof *plain));
    suite_add_tcase(suite, all);
    return suite;
}
