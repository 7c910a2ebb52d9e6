/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results become state files, in a folder of the test; the daemon's tests do the rest. The
 * addresses are those of nobody who runs this: a machine's own would be left out.
 */
#include "tests/unit/unit.h"

#include "mgmtd/apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW 1800000000

static char folder[64];
static const char *const both[] = {"fetch https://a/", "fetch https://b/"};
static struct apply_outcome outcome;

static void set_up(void)
{
    snprintf(folder, sizeof(folder), "/tmp/byway-apply.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void tear_down(void)
{
    static const char *const names[] = {"routes/x.fetched",
                                        "routes/x.resolved",
                                        "routes/x.changes",
                                        "groups/x.members",
                                        "routes",
                                        "groups",
                                        "."};
    char path[128];

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        remove(path);
    }
    rmdir(folder);
}

static struct apply_task task_for(enum state_kind kind, const char *what)
{
    return (struct apply_task){.file = {folder, kind, "x", both, 2},
                               .rules = {.shortest_ipv4 = 8,
                                         .shortest_ipv6 = 19,
                                         .max_change = 50,
                                         .keep_addresses_s = 100},
                               .what = what,
                               .now = NOW};
}

static enum apply_verdict fetched(const char *what, const char *body)
{
    struct apply_task task = task_for(STATE_FETCHED, what);

    task.body = body;
    task.n_body = strlen(body);
    apply_run(&task, &outcome);
    return outcome.verdict;
}

/* The lines of the file without its comments, joined by blanks. */
static const char *lines_of(const char *name)
{
    static char joined[8192];
    char path[128], line[512];
    size_t n = 0;
    FILE *in;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    in = fopen(path, "r");
    joined[0] = '\0';
    while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#')
            n += (size_t)snprintf(joined + n, sizeof(joined) - n, "%s%s", n > 0 ? " " : "", line);
    }
    if (in != NULL)
        fclose(in);
    return joined;
}

START_TEST(each_source_has_its_section_and_a_bad_result_changes_neither)
{
    ck_assert_int_eq(fetched(both[0], "20.0.2.0/24\n"), APPLY_CHANGED);
    ck_assert_int_eq(fetched(both[1], "20.0.100.0/24\n"), APPLY_CHANGED);
    ck_assert_str_eq(lines_of("routes/x.fetched"), "20.0.2.0/24 20.0.100.0/24");
    ck_assert_int_eq(fetched(both[0], "20.0.2.128/25 20.0.2.0/25\n"), APPLY_SAME);
    ck_assert_int_eq(fetched(both[0], "<p>"), APPLY_FAILED);
    ck_assert_int_eq(fetched(both[0], "10.0.0.0/8"), APPLY_FAILED);
    ck_assert_ptr_nonnull(strstr(outcome.text, "10.0.0.0/8 private"));
    ck_assert_int_eq(fetched(both[0], ""), APPLY_FAILED);
    ck_assert_str_eq(lines_of("routes/x.fetched"), "20.0.2.0/24 20.0.100.0/24");
    ck_assert_int_eq(fetched(both[0], "20.0.113.0/24"), APPLY_CHANGED);
    ck_assert_uint_eq(outcome.added, 1);
    ck_assert_uint_eq(outcome.removed, 1);
    ck_assert_str_eq(lines_of("routes/x.fetched"), "20.0.113.0/24 20.0.100.0/24");
}
END_TEST

START_TEST(the_version_of_a_file_grows_whatever_the_clock_does)
{
    struct state_statuses *statuses;
    struct apply_task task = task_for(STATE_FETCHED, both[0]);
    int64_t before = 0;

    for (int i = 0; i < 5; i++) {
        struct state_file *file;
        char body[32];
        int error;

        task.now = NOW - i * 1000;
        task.body = body;
        task.n_body = (size_t)snprintf(body, sizeof(body), "20.0.2.%d", i);
        apply_run(&task, &outcome);
        ck_assert_int_eq(outcome.verdict, APPLY_CHANGED);
        file = apply_open(&task.file, task.now, &statuses, &error);
        ck_assert_int_eq(error, 0);
        ck_assert_int_gt(file->written_at, before);
        before = file->written_at;
        state_file_free(file);
        state_statuses_free(statuses);
    }
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_a_failure_that_says_so)
{
    struct apply_task task = task_for(STATE_FETCHED, both[0]);

    task.file.state_dir = "/proc/nowhere";
    task.body = "20.0.2.0/24";
    task.n_body = strlen(task.body);
    apply_run(&task, &outcome);
    ck_assert_int_eq(outcome.verdict, APPLY_FAILED);
    ck_assert_msg(strstr(outcome.text, "/proc/nowhere") != NULL, "%s", outcome.text);
}
END_TEST

static enum apply_verdict resolved(int64_t now, uint32_t address)
{
    const struct prefix host = {(uint64_t)address << 32, 0, 32, PREFIX_IPV4};
    struct state_address *seen = outcome.addresses;
    struct apply_task task = task_for(STATE_RESOLVED, both[0]);

    task.now = now;
    task.addresses = &host;
    task.n_addresses = 1;
    task.seen = seen;
    task.n_seen = seen == NULL ? 0 : outcome.n_addresses;
    apply_run(&task, &outcome);
    free(seen);
    return outcome.verdict;
}

START_TEST(an_address_stays_as_long_after_it_was_last_seen_as_the_rules_say)
{
    outcome.addresses = NULL;
    ck_assert_int_eq(resolved(NOW, 0x14000201), APPLY_CHANGED);
    ck_assert_int_eq(resolved(NOW + 10, 0x14000202), APPLY_CHANGED);
    ck_assert_uint_eq(outcome.kept, 2);
    ck_assert_int_eq(resolved(NOW + 100, 0x14000202), APPLY_CHANGED); /* when it was seen */
    ck_assert_uint_eq(outcome.kept, 2);
    ck_assert_int_eq(resolved(NOW + 105, 0x14000202), APPLY_CHANGED);
    ck_assert_uint_eq(outcome.kept, 1);
    ck_assert_uint_eq(outcome.removed, 1);
    ck_assert_int_eq(resolved(NOW + 110, 0x14000202), APPLY_SAME);
    ck_assert_int_eq(resolved(NOW + 120, 0x0a000001), APPLY_FAILED);
    free(outcome.addresses);
    outcome.addresses = NULL;
    ck_assert_int_eq(resolved(NOW + 5000, 0x14000203), APPLY_CHANGED);
    ck_assert_uint_eq(outcome.kept, 1);
    free(outcome.addresses);
    outcome.addresses = NULL;
}
END_TEST

START_TEST(a_clock_that_was_ahead_does_not_make_an_address_stay_for_ever)
{
    outcome.addresses = NULL;
    ck_assert_int_eq(resolved(NOW + 1000000, 0x14000201), APPLY_CHANGED);
    ck_assert_int_eq(resolved(NOW, 0x14000202), APPLY_CHANGED);
    ck_assert_uint_eq(outcome.kept, 2);
    for (size_t i = 0; i < outcome.n_addresses; i++)
        ck_assert_int_eq(outcome.addresses[i].seen_at, NOW);
    free(outcome.addresses);
    outcome.addresses = NULL;
}
END_TEST

START_TEST(a_plain_list_of_somebody_stays_until_every_source_has_a_result)
{
    char path[128];
    FILE *out;

    ck_assert_int_eq(fetched(both[0], "20.0.2.0/24"), APPLY_CHANGED); /* makes the folder */
    snprintf(path, sizeof(path), "%s/routes/x.fetched", folder);
    out = fopen(path, "w");
    fputs("20.0.113.0/24\n", out);
    fclose(out);
    ck_assert_int_eq(fetched(both[0], "20.0.2.0/24"), APPLY_CHANGED);
    ck_assert_ptr_nonnull(strstr(lines_of("routes/x.fetched"), "20.0.113.0/24"));
    ck_assert_int_eq(fetched(both[1], "20.0.100.0/24"), APPLY_CHANGED);
    ck_assert_str_eq(lines_of("routes/x.fetched"), "20.0.2.0/24 20.0.100.0/24");
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("apply");
    TCase *tests = tcase_create("all");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, each_source_has_its_section_and_a_bad_result_changes_neither);
    tcase_add_test(tests, the_version_of_a_file_grows_whatever_the_clock_does);
    tcase_add_test(tests, a_file_that_cannot_be_written_is_a_failure_that_says_so);
    tcase_add_test(tests, an_address_stays_as_long_after_it_was_last_seen_as_the_rules_say);
    tcase_add_test(tests, a_clock_that_was_ahead_does_not_make_an_address_stay_for_ever);
    tcase_add_test(tests, a_plain_list_of_somebody_stays_until_every_source_has_a_result);
    suite_add_tcase(suite, tests);
    return suite;
}
