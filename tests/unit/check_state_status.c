/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "lib/state_status.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))
#define NOON         INT64_C(1795348800) /* 2026-11-22T12:00:00Z */

static const char status_text[] = "# byway status 1\n"
                                  "# set journals\n"
                                  "\n"
                                  "source fetch https://example.org/ranges.json\n"
                                  "tried 2026-11-22T12:00:00Z\n"
                                  "good 2026-11-22T11:00:00Z\n"
                                  "due 2026-11-22T13:00:00Z\n"
                                  "failed 3 HTTP 503\n"
                                  "held 2 shrank from 1200 to 3 prefixes\n"
                                  "read 1234\n"
                                  "kept 1200\n"
                                  "dropped 34\n"
                                  "\n"
                                  "source host www.example.org\n";

static struct state_status items[] = {
    {.what = "fetch https://example.org/ranges.json",
     .tried_at = NOON,
     .good_at = NOON - 3600,
     .due_at = NOON + 3600,
     .failures = 3,
     .failure = "HTTP 503",
     .holds = 2,
     .held = "shrank from 1200 to 3 prefixes",
     .read = 1234,
     .kept = 1200,
     .dropped = 34},
    {.what = "host www.example.org"},
};

START_TEST(a_status_is_written_one_block_a_source)
{
    struct state_statuses statuses = {NULL, items, 2};
    size_t n = 0;
    char *text = state_statuses_format(STATE_FETCHED, "journals", &statuses, &n);

    ck_assert_str_eq(text, status_text);
    ck_assert_uint_eq(n, strlen(status_text));
    free(text);
}
END_TEST

START_TEST(a_status_is_read_as_it_was_written)
{
    struct state_statuses *read = state_statuses_parse(status_text, strlen(status_text));
    const struct state_status *first;

    ck_assert_uint_eq(read->n, 2);
    first = state_statuses_find(read, items[0].what);
    ck_assert_int_eq(first->tried_at, items[0].tried_at);
    ck_assert_int_eq(first->good_at, items[0].good_at);
    ck_assert_int_eq(first->due_at, items[0].due_at);
    ck_assert_uint_eq(first->failures, 3);
    ck_assert_str_eq(first->failure, "HTTP 503");
    ck_assert_uint_eq(first->holds, 2);
    ck_assert_str_eq(first->held, items[0].held);
    ck_assert_uint_eq(first->read, 1234);
    ck_assert_uint_eq(first->kept, 1200);
    ck_assert_uint_eq(first->dropped, 34);
    ck_assert_ptr_null(state_statuses_find(read, "host elsewhere"));
    ck_assert_ptr_null(read->items[1].failure);
    state_statuses_free(read);
}
END_TEST

START_TEST(a_group_has_its_status_beside_its_members)
{
    char path[STATE_PATH_SIZE];
    struct state_statuses none = {NULL, NULL, 0};
    size_t n = 0;
    char *text = state_statuses_format(STATE_MEMBERS, "physics", &none, &n);

    ck_assert_str_eq(text, "# byway status 1\n# group physics\n");
    ck_assert_str_eq(state_status_path(STATE_MEMBERS, "physics", path), "groups/physics.status");
    ck_assert_str_eq(state_status_path(STATE_RESOLVED, "a", path), "routes/a.status");
    ck_assert_str_eq(state_changes_path("a", path), "routes/a.changes");
    free(text);
}
END_TEST

START_TEST(an_error_from_the_net_forges_no_line)
{
    struct state_status forged = {.what = "fetch http://a/",
                                  .failures = 1,
                                  .failure = "x\nsource fetch http://b/\ngood "
                                             "2026-11-22T12:00:00Z\x1b[0m"};
    struct state_statuses statuses = {NULL, &forged, 1};
    size_t n = 0;
    char *text = state_statuses_format(STATE_FETCHED, "a", &statuses, &n);
    struct state_statuses *read = state_statuses_parse(text, n);

    ck_assert_uint_eq(read->n, 1);
    ck_assert_int_eq(read->items[0].good_at, 0);
    ck_assert_ptr_null(strchr(read->items[0].failure, '\x1b'));
    state_statuses_free(read);
    free(text);
}
END_TEST

START_TEST(a_status_that_is_cut_anywhere_is_read_all_the_same)
{
    for (size_t n = 0; n <= strlen(status_text); n++) {
        char *cut = strndup(status_text, n);
        struct state_statuses *read = state_statuses_parse(cut, n);

        ck_assert_ptr_nonnull(read);
        ck_assert_uint_le(read->n, 2);
        state_statuses_free(read);
        free(cut);
    }
}
END_TEST

START_TEST(words_before_the_first_source_are_nobodys)
{
    static const char text[] = "tried 2026-11-22T12:00:00Z\nfailed 1 x\nkept\nsource\nkept 7\n";
    struct state_statuses *read = state_statuses_parse(text, strlen(text));

    ck_assert_uint_eq(read->n, 1);
    ck_assert_str_eq(read->items[0].what, "");
    ck_assert_int_eq(read->items[0].tried_at, 0);
    ck_assert_uint_eq(read->items[0].kept, 7);
    state_statuses_free(read);
}
END_TEST

START_TEST(a_change_is_one_line_and_is_read_as_it_was_written)
{
    static const char source[] = "fetch http://a/\n2026-11-22T12:00:00Z + 0.0.0.0/0 b";
    struct state_change change = {
        .at = NOON, .added = true, .source = source, .source_n = strlen(source)};
    struct state_change again;
    char line[STATE_CHANGE_SIZE];
    size_t n;

    ck_assert_int_eq(prefix_parse("192.0.2.0/24", 12, &change.prefix), PREFIX_OK);
    n = state_change_format(&change, line);
    ck_assert_uint_gt(n, 0);
    ck_assert_ptr_eq(memchr(line, '\n', n), line + n - 1);
    ck_assert(state_change_parse(line, n - 1, &again));
    ck_assert_int_eq(again.at, NOON);
    ck_assert(again.added);
    ck_assert_int_eq(prefix_compare(&again.prefix, &change.prefix), 0);
    ck_assert_uint_eq(again.source_n, strlen(source));
    ck_assert_int_eq(memcmp(again.source, "fetch http://a/?2026", 20), 0);
}
END_TEST

START_TEST(a_change_of_the_longest_source_fits_its_line)
{
    char source[2 * STATE_MAX_WHAT];
    struct state_change change = {.at = NOON, .source = source, .source_n = sizeof source};
    char line[STATE_CHANGE_SIZE];
    size_t n;

    memset(source, 'x', sizeof source);
    ck_assert_int_eq(prefix_parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 39, &change.prefix),
                     PREFIX_OK);
    n = state_change_format(&change, line);
    ck_assert_uint_gt(n, STATE_MAX_WHAT);
    ck_assert_int_eq(line[n - 1], '\n');
    ck_assert(state_change_parse(line, n - 1, &change));
    ck_assert(!change.added);
    ck_assert_uint_eq(change.source_n, STATE_MAX_WHAT);
}
END_TEST

static const char *const no_changes[] = {
    "",
    "2026-11-22T12:00:00Z",
    "2026-11-22T12:00:00Z +",
    "2026-11-22T12:00:00Z * 192.0.2.0/24 host a",
    "2026-11-22T12:00:00Z ++ 192.0.2.0/24 host a",
    "2026-11-22T12:00:00Z + 192.0.2.1/24 host a",
    "yesterday + 192.0.2.0/24 host a",
    "# 2026-11-22T12:00:00Z + 192.0.2.0/24 host a",
};

START_TEST(any_other_line_is_no_change)
{
    struct state_change change;

    ck_assert(!state_change_parse(no_changes[_i], strlen(no_changes[_i]), &change));
}
END_TEST

START_TEST(a_nul_is_no_sign)
{
    static const char line[] = "2026-11-22T12:00:00Z \0 192.0.2.0/24 host a";
    struct state_change change;

    ck_assert(!state_change_parse(line, sizeof line - 1, &change));
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("state_status");
    TCase *tests = tcase_create("state_status");

    tcase_add_test(tests, a_status_is_written_one_block_a_source);
    tcase_add_test(tests, a_status_is_read_as_it_was_written);
    tcase_add_test(tests, a_group_has_its_status_beside_its_members);
    tcase_add_test(tests, an_error_from_the_net_forges_no_line);
    tcase_add_test(tests, a_status_that_is_cut_anywhere_is_read_all_the_same);
    tcase_add_test(tests, words_before_the_first_source_are_nobodys);
    tcase_add_test(tests, a_change_is_one_line_and_is_read_as_it_was_written);
    tcase_add_test(tests, a_change_of_the_longest_source_fits_its_line);
    tcase_add_loop_test(tests, any_other_line_is_no_change, 0, COUNT(no_changes));
    tcase_add_test(tests, a_nul_is_no_sign);
    suite_add_tcase(suite, tests);
    return suite;
}
