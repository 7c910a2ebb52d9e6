/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy edited under a running server: the good edit counts, the bad one does not. */
#include "tests/host/fakes.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#define A_LOOK_MS 2000 /* files are looked at once a second */

#define OLD_ROUTE "route 10.0.0.0 255.0.0.0"
#define NEW_ROUTE "route 172.20.0.0 255.255.0.0"

static const char old_policy[] = "default-profile campus\n"
                                 "<routes internal>\n10.0.0.0/8\n</routes>\n"
                                 "<profile campus>\ntunnel split\nroutes internal\n</profile>\n";
static const char new_policy[] = "default-profile campus\n"
                                 "<routes internal>\n172.20.0.0/16\n</routes>\n"
                                 "<profile campus>\ntunnel split\nroutes internal\n</profile>\n";

/* A client of now gets `expected` and not `other`. */
static void expect(struct host *host, const char *expected, const char *other)
{
    char *text = host_text_for(host, "carol");

    ck_assert_msg(strstr(text, expected) != NULL, "no %s in:\n%s\nlog:\n%s", expected, text,
                  host_log(host));
    ck_assert_msg(strstr(text, other) == NULL, "%s in:\n%s", other, text);
    free(text);
}

START_TEST(a_good_edit_is_taken_at_the_next_connect)
{
    struct host *host = host_start(old_policy);

    expect(host, OLD_ROUTE, NEW_ROUTE);
    host_policy(host, new_policy);
    fakes_skip_ms(A_LOOK_MS);
    expect(host, NEW_ROUTE, OLD_ROUTE);
    host_policy(host, old_policy);
    fakes_skip_ms(A_LOOK_MS);
    expect(host, OLD_ROUTE, NEW_ROUTE);
    ck_assert_uint_eq(host_log_count(host, "error:"), 0);
    host_free(host);
}
END_TEST

static const char *const bad_policies[] = {
    "default-profile nonsense\n",
    "<profile campus>\n",
    "\"unterminated\n",
    "default-profile campus\n<profile campus>\ntunnel split\nroutes nowhere\n</profile>\n",
    "default-profile full\n<profile full>\ntunnel full\n</profile>\n",
    ("default-profile campus\n<routes all>\n0.0.0.0/1\n128.0.0.0/1\n</routes>\n"
     "<profile campus>\ntunnel split\nroutes all\n</profile>\n"),
    "default-profile campus\n<profile campus>\ntunnel split\npush \"a,b\"\n</profile>\n",
    "include /nonexistent/*.conf/x\n",
    "\xff\xfe\n",
    "",
};
enum { N_BAD = sizeof(bad_policies) / sizeof(bad_policies[0]) };

START_TEST(a_bad_edit_keeps_the_old_policy_and_is_logged_once)
{
    struct host *host = host_start(old_policy);
    unsigned logged;

    host_policy(host, bad_policies[_i]);
    fakes_skip_ms(A_LOOK_MS);
    host_log_clear(host);
    expect(host, OLD_ROUTE, NEW_ROUTE);
    logged = host_log_count(host, "error:");
    ck_assert_uint_ge(logged, 1);
    ck_assert_uint_ge(host_log_count(host, "policy.conf"), 1);
    for (int i = 0; i < 2; i++) {
        fakes_skip_ms(A_LOOK_MS);
        expect(host, OLD_ROUTE, NEW_ROUTE);
    }
    ck_assert_uint_eq(host_log_count(host, "error:"), logged);
    host_policy(host, new_policy);
    fakes_skip_ms(A_LOOK_MS);
    expect(host, NEW_ROUTE, OLD_ROUTE);
    host_free(host);
}
END_TEST

START_TEST(a_policy_that_is_bad_at_start_is_refused_with_its_line)
{
    struct host *host = host_new();

    host_policy(host, bad_policies[_i]);
    ck_assert(!host_open(host));
    ck_assert_uint_ge(host_log_count(host, "error:"), 1);
    ck_assert_uint_ge(host_log_count(host, "policy.conf"), 1);
    host_free(host);
}
END_TEST

START_TEST(a_policy_that_is_not_there_is_refused)
{
    struct host *host = host_new();

    ck_assert(!host_open(host));
    ck_assert_uint_ge(host_log_count(host, "policy.conf"), 1);
    host_free(host);
}
END_TEST

/* ── things in the file's place ── */

static void replace_by(struct host *host, char what)
{
    const char *path = host_path(host, "policy.conf");

    ck_assert_int_eq(unlink(path), 0);
    switch (what) {
    case 'd':
        ck_assert_int_eq(mkdir(path, 0700), 0);
        break;
    case 'p':
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        break;
    case 'l': /* to itself */
        ck_assert_int_eq(symlink("policy.conf", path), 0);
        break;
    case 'z':
        ck_assert_int_eq(symlink("/dev/zero", path), 0);
        break;
    case 't':
        ck_assert_int_eq(symlink("/dev/tty", path), 0);
        break;
    default: /* nothing */
        break;
    }
}

static const char replacements[] = "dplzt-";

START_TEST(what_is_no_file_any_more_keeps_the_old_policy_and_blocks_nothing)
{
    struct host *host = host_start(old_policy);
    unsigned logged;

    replace_by(host, replacements[_i]);
    fakes_skip_ms(A_LOOK_MS);
    expect(host, OLD_ROUTE, NEW_ROUTE);
    logged = host_log_count(host, "error:");
    ck_assert_uint_ge(logged, 1);
    fakes_skip_ms(A_LOOK_MS);
    expect(host, OLD_ROUTE, NEW_ROUTE);
    ck_assert_uint_eq(host_log_count(host, "error:"), logged);
    host_remove_tree(host_path(host, "policy.conf"));
    host_policy(host, new_policy);
    fakes_skip_ms(A_LOOK_MS);
    expect(host, NEW_ROUTE, OLD_ROUTE);
    host_free(host);
}
END_TEST

START_TEST(what_is_no_file_at_start_is_refused_and_blocks_nothing)
{
    struct host *host = host_new();

    host_policy(host, old_policy);
    replace_by(host, replacements[_i]);
    ck_assert(!host_open(host));
    host_free(host);
}
END_TEST

/* ── included files ── */

#define USERS_POLICY                                                    \
    "default-profile campus\n"                                          \
    "<routes internal>\n10.0.0.0/8\ninclude internal.list\n</routes>\n" \
    "<routes extra>\n192.0.2.0/24\n</routes>\n"                         \
    "<profile campus>\ntunnel split\nroutes internal\n</profile>\n"     \
    "include users.d/*.conf\n"

START_TEST(a_file_that_appears_changes_or_goes_is_noticed)
{
    struct host *host = host_new();

    ck_assert_int_eq(mkdir(host_path(host, "users.d"), 0700), 0);
    host_write(host, "internal.list", "172.30.0.0/16\n");
    host_policy(host, USERS_POLICY);
    ck_assert_msg(host_open(host), "%s", host_log(host));
    expect(host, "route 172.30.0.0 255.255.0.0", "192.0.2.0");

    host_write(host, "users.d/carol.conf", "<user carol>\nroutes extra\n</user>\n");
    fakes_skip_ms(A_LOOK_MS);
    expect(host, "route 192.0.2.0 255.255.255.0", "198.51.100.0");

    host_write(host, "internal.list", "198.51.100.0/24\n");
    fakes_skip_ms(A_LOOK_MS);
    expect(host, "route 198.51.100.0 255.255.255.0", "172.30.0.0");

    ck_assert_int_eq(unlink(host_path(host, "users.d/carol.conf")), 0);
    fakes_skip_ms(A_LOOK_MS);
    expect(host, "route 198.51.100.0 255.255.255.0", "192.0.2.0");
    ck_assert_uint_eq(host_log_count(host, "error:"), 0);

    ck_assert_int_eq(unlink(host_path(host, "internal.list")), 0);
    fakes_skip_ms(A_LOOK_MS);
    expect(host, "route 198.51.100.0 255.255.255.0", "192.0.2.0");
    ck_assert_uint_ge(host_log_count(host, "internal.list"), 1);
    host_free(host);
}
END_TEST

START_TEST(a_result_of_the_daemon_is_taken_when_it_appears)
{
    static const char policy[] =
        "default-profile campus\n"
        "<routes internal>\n10.0.0.0/8\nfetch https://example.org/list every 6h\n</routes>\n"
        "<profile campus>\ntunnel split\nroutes internal\n</profile>\n";
    struct host *host = host_start(policy);

    expect(host, OLD_ROUTE, "192.0.2.0");
    host_write(host, "state/routes/internal.fetched", "192.0.2.0/24\n");
    fakes_skip_ms(A_LOOK_MS);
    expect(host, "route 192.0.2.0 255.255.255.0", "198.51.100.0");
    host_write(host, "state/routes/internal.fetched", "198.51.100.0/24\n");
    fakes_skip_ms(A_LOOK_MS);
    expect(host, "route 198.51.100.0 255.255.255.0", "192.0.2.0");
    host_free(host);
}
END_TEST

START_TEST(a_file_of_the_daemon_that_is_garbage_does_not_take_the_policy_down)
{
    static const char policy[] =
        "default-profile campus\n"
        "<routes internal>\n10.0.0.0/8\nfetch https://example.org/list every 6h\n</routes>\n"
        "<profile campus>\ntunnel split\nroutes internal\n</profile>\n";
    struct host *host = host_start(policy);

    host_write(host, "state/routes/internal.fetched", "\x01\xff<html>\n0.0.0.0/0\n");
    fakes_skip_ms(A_LOOK_MS);
    expect(host, OLD_ROUTE, "push \"redirect-gateway");
    unlink(host_path(host, "state/routes/internal.fetched"));
    ck_assert_int_eq(mkfifo(host_path(host, "state/routes/internal.fetched"), 0600), 0);
    fakes_skip_ms(A_LOOK_MS);
    expect(host, OLD_ROUTE, "push \"redirect-gateway");
    host_free(host);
}
END_TEST

/* ── too much ── */

static char *many_lines(const char *head, const char *line, size_t n, const char *tail)
{
    size_t size = strlen(head) + n * (strlen(line) + 24) + strlen(tail) + 1;
    char *text = malloc(size);
    char *at = text;

    ck_assert_ptr_nonnull(text);
    at += sprintf(at, "%s", head);
    for (size_t i = 0; i < n; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        at += sprintf(at, line, (unsigned)(i >> 8 & 255), (unsigned)(i & 255));
#pragma GCC diagnostic pop
    }
    sprintf(at, "%s", tail);
    return text;
}

START_TEST(ten_thousand_errors_do_not_flood_the_log)
{
    char *bad = many_lines(old_policy, "nonsense %u %u\n", 10000, "");
    struct host *host = host_start(old_policy);

    host_log_clear(host);
    host_policy(host, bad);
    fakes_skip_ms(A_LOOK_MS);
    expect(host, OLD_ROUTE, NEW_ROUTE);
    ck_assert_uint_ge(host_log_count(host, "error:"), 1);
    ck_assert_uint_le(host_log_count(host, "\n"), 200);
    free(bad);
    host_free(host);
}
END_TEST

/* More than 900,000 bytes of text: at 1,000,000 OpenVPN exits. */
static char *huge_policy(void)
{
    return many_lines("default-profile campus\n<routes internal>\n10.0.0.0/8\n", "11.%u.%u.1/32\n",
                      40000,
                      "</routes>\n<profile campus>\ntunnel split\nmax-routes 100000\n"
                      "routes internal\n</profile>\n");
}

START_TEST(a_result_that_would_end_openvpn_is_refused_at_start)
{
    struct host *host = host_new();
    char *huge = huge_policy();

    host_policy(host, huge);
    ck_assert(!host_open(host));
    ck_assert_msg(host_log_count(host, "error:") >= 1, "%s", host_log(host));
    ck_assert_msg(host_log_count(host, "900,000") + host_log_count(host, "900000") >= 1, "%s",
                  host_log(host));
    free(huge);
    host_free(host);
}
END_TEST

START_TEST(a_result_that_would_end_openvpn_is_refused_at_reload)
{
    struct host *host = host_start(old_policy);
    char *huge = huge_policy();

    host_policy(host, huge);
    fakes_skip_ms(A_LOOK_MS);
    expect(host, OLD_ROUTE, "11.0.0.1");
    ck_assert_uint_ge(host_log_count(host, "error:"), 1);
    free(huge);
    host_free(host);
}
END_TEST

START_TEST(twenty_thousand_routes_are_given_where_the_policy_says_so)
{
    char *large = many_lines("default-profile campus\n<routes internal>\n10.0.0.0/8\n",
                             "11.%u.%u.1/32\n", 20000,
                             "</routes>\n<profile campus>\ntunnel split\nmax-routes 30000\n"
                             "routes internal\n</profile>\n");
    struct host *host = host_start(large);
    char *text = host_text_for(host, "carol");
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, "push \"route ")) != NULL; at++)
        n++;
    ck_assert_uint_eq(n, 20001);
    free(text);
    free(large);
    host_free(host);
}
END_TEST

/* Whatever an editor leaves half written: each cut is a policy or is refused. */
START_TEST(a_policy_cut_anywhere_never_gives_a_full_tunnel)
{
    struct host *host = host_new();
    size_t n = strlen(host_policy_text);
    char *cut = strdup(host_policy_text);

    for (; n > 0; n -= n < 7 ? n : 7) {
        cut[n] = '\0';
        host_policy(host, cut);
        if (host_open(host)) {
            char *text = host_text_for(host, "alice");

            ck_assert_ptr_null(strstr(text, "push \"redirect-gateway"));
            free(text);
            host_close(host);
        }
    }
    free(cut);
    host_free(host);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("host: reload");
    TCase *tests = tcase_create("reload");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_good_edit_is_taken_at_the_next_connect);
    tcase_add_loop_test(tests, a_bad_edit_keeps_the_old_policy_and_is_logged_once, 0, N_BAD);
    tcase_add_loop_test(tests, a_policy_that_is_bad_at_start_is_refused_with_its_line, 0, N_BAD);
    tcase_add_test(tests, a_policy_that_is_not_there_is_refused);
    tcase_add_loop_test(tests, what_is_no_file_any_more_keeps_the_old_policy_and_blocks_nothing, 0,
                        sizeof(replacements) - 1);
    tcase_add_loop_test(tests, what_is_no_file_at_start_is_refused_and_blocks_nothing, 0,
                        sizeof(replacements) - 1);
    tcase_add_test(tests, a_file_that_appears_changes_or_goes_is_noticed);
    tcase_add_test(tests, a_result_of_the_daemon_is_taken_when_it_appears);
    tcase_add_test(tests, a_file_of_the_daemon_that_is_garbage_does_not_take_the_policy_down);
    tcase_add_test(tests, ten_thousand_errors_do_not_flood_the_log);
    tcase_add_test(tests, a_result_that_would_end_openvpn_is_refused_at_start);
    tcase_add_test(tests, a_result_that_would_end_openvpn_is_refused_at_reload);
    tcase_add_test(tests, twenty_thousand_routes_are_given_where_the_policy_says_so);
    tcase_add_test(tests, a_policy_cut_anywhere_never_gives_a_full_tunnel);
    suite_add_tcase(suite, tests);
    return suite;
}
