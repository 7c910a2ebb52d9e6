/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server that gave up its rights after the start: what was opened stays in reach,
 * and what can no longer be read is named and stops nobody. Needs root; without, the
 * tests have nothing to give up.
 */
#include "tests/host/fakes.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY    65534
#define OLD_ROUTE "route 10.0.0.0 255.0.0.0"
#define NEW_ROUTE "route 172.20.0.0 255.255.0.0"

static const char new_policy[] = "default-profile campus\n"
                                 "<routes internal>\n172.20.0.0/16\n</routes>\n"
                                 "<profile campus>\ntunnel split\nroutes internal\n</profile>\n";

static void drop_user(void)
{
    ck_assert_int_eq(setresgid(NOBODY, NOBODY, NOBODY), 0);
    ck_assert_int_eq(setresuid(NOBODY, NOBODY, NOBODY), 0);
}

static void expect(struct host *host, const char *route)
{
    char *text = host_text_for(host, "carol");

    ck_assert_msg(strstr(text, route) != NULL, "no %s in:\n%s\n%s", route, text, host_log(host));
    free(text);
}

/* The child gives its rights up, so the parent is left to clean up. */
static void in_a_child(struct host *host, void (*what)(struct host *host))
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        what(host);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "see the other message");
}

static void as_nobody_unreadable(struct host *host)
{
    drop_user();
    fakes_skip_ms(2000);
    host_log_clear(host);
    expect(host, OLD_ROUTE);
    ck_assert_uint_ge(host_log_count(host, "policy.conf"), 1);
    ck_assert_uint_ge(host_log_count(host, "Permission denied"), 1);
    host_log_clear(host);
    for (int i = 0; i < 3; i++) {
        fakes_skip_ms(2000);
        expect(host, OLD_ROUTE);
    }
    ck_assert_uint_eq(host_log_count(host, "error:"), 0);
}

START_TEST(as_nobody_an_unreadable_policy_is_named_once_and_the_old_one_kept)
{
    struct host *host;

    if (geteuid() != 0)
        unit_skip("it takes root");
    host = host_start(host_policy_text);
    host_policy(host, new_policy);
    ck_assert_int_eq(chmod(host_path(host, "policy.conf"), 0600), 0);
    in_a_child(host, as_nobody_unreadable);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_CONNECTED), 4);
    host_free(host);
}
END_TEST

static void as_nobody_readable(struct host *host)
{
    drop_user();
    fakes_skip_ms(2000);
    expect(host, NEW_ROUTE);
    ck_assert_uint_eq(host_log_count(host, "error:"), 0);
}

START_TEST(as_nobody_a_readable_policy_in_a_closed_folder_is_taken)
{
    struct host *host;

    if (geteuid() != 0)
        unit_skip("it takes root");
    host = host_start(host_policy_text);
    host_policy(host, new_policy);
    ck_assert_int_eq(chmod(host_path(host, "policy.conf"), 0644), 0);
    ck_assert_int_eq(chmod(host_dir(host), 0711), 0);
    in_a_child(host, as_nobody_readable);
    host_free(host);
}
END_TEST

static void in_a_jail(struct host *host)
{
    ck_assert_int_eq(chroot(host_path(host, "tmp")), 0);
    ck_assert_int_eq(chdir("/"), 0);
    fakes_skip_ms(2000);
    expect(host, NEW_ROUTE);
    ck_assert_uint_eq(host_log_count(host, "error:"), 0);
}

START_TEST(in_a_chroot_the_policy_and_the_spool_are_still_in_reach)
{
    struct host *host;

    if (geteuid() != 0)
        unit_skip("it takes root");
    host = host_start(host_policy_text);
    host_policy(host, new_policy);
    in_a_child(host, in_a_jail);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_CONNECTED), 1);
    host_free(host);
}
END_TEST

/* A folder of that path in the jail itself, where a user without rights may have put it. */
static void make_decoy(struct host *host, const char *name)
{
    char path[512] = "";
    char part[512];
    FILE *file;

    snprintf(path, sizeof(path), "%s/tmp%s/%s", host_dir(host), host_dir(host), name);
    for (char *at = path + 1; (at = strchr(at, '/')) != NULL; at++) {
        snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
        mkdir(part, 0755);
    }
    file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fputs("192.0.2.0/24\n", file);
    fclose(file);
}

START_TEST(in_a_chroot_a_folder_made_later_is_found_and_not_one_in_its_place)
{
    struct host *host;

    if (geteuid() != 0)
        unit_skip("it takes root");
    host = host_start(host_policy_text);
    ck_assert_int_eq(mkdir(host_path(host, "new"), 0755), 0);
    host_write(host, "new/elsewhere.list", "172.20.0.0/16\n");
    make_decoy(host, "new/elsewhere.list");
    make_decoy(host, "policy.conf");
    host_policy(host, "default-profile campus\n"
                      "<routes internal>\ninclude new/elsewhere.list\n</routes>\n"
                      "<profile campus>\ntunnel split\nroutes internal\n</profile>\n");
    in_a_child(host, in_a_jail);
    host_free(host);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("host: privileges");
    TCase *tests = tcase_create("privileges");

    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, as_nobody_an_unreadable_policy_is_named_once_and_the_old_one_kept);
    tcase_add_test(tests, as_nobody_a_readable_policy_in_a_closed_folder_is_taken);
    tcase_add_test(tests, in_a_chroot_the_policy_and_the_spool_are_still_in_reach);
    tcase_add_test(tests, in_a_chroot_a_folder_made_later_is_found_and_not_one_in_its_place);
    suite_add_tcase(suite, tests);
    return suite;
}
