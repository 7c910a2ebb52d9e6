/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directives of mgmtd.conf about living route sets. */
#include "tests/unit/unit.h"

#include "mgmtd/config.h"

#include <stdio.h>
#include <string.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))
#define SERVER       "server main management /x.sock\n"

static struct diagnostics *problems;
static struct config *config;

static void load(const char *lines)
{
    char text[70000];
    int n = snprintf(text, sizeof(text), SERVER "%s", lines);

    problems = diagnostics_new();
    config = config_load_text("/etc/byway/mgmtd.conf", text, (size_t)n, problems);
}

static void forget(void)
{
    config_free(config);
    diagnostics_free(problems);
    config = NULL;
    problems = NULL;
}

START_TEST(without_a_line_there_are_defaults_and_the_policy_beside_the_config)
{
    const struct config_refresh *refresh;

    load("");
    ck_assert_ptr_nonnull(config);
    refresh = &config->refresh;
    ck_assert_uint_eq(refresh->n_policies, 1);
    ck_assert(refresh->policies_default);
    ck_assert_str_eq(refresh->policies[0], "/etc/byway/policy.conf");
    ck_assert_ptr_null(refresh->proxy);
    ck_assert_ptr_null(refresh->ca_file);
    ck_assert_uint_eq(refresh->fetch_timeout_s, 60);
    ck_assert_uint_eq(refresh->fetch_max_size, 64 << 20);
    ck_assert_int_eq(refresh->keep_addresses_s, 7 * 86400);
    ck_assert_uint_eq(refresh->host_interval_s, 300);
    ck_assert_uint_eq(refresh->group_interval_s, 900);
    ck_assert_uint_eq(refresh->max_change, 50);
    ck_assert_uint_eq(refresh->accept_after, 0);
    ck_assert_uint_eq(refresh->shortest_ipv4, 8);
    ck_assert_uint_eq(refresh->shortest_ipv6, 19);
}
END_TEST

START_TEST(every_directive_is_taken)
{
    const struct config_refresh *refresh;

    load("policy campus.conf\npolicy /srv/staff.conf\nproxy http://proxy.example:3128\n"
         "ca-file /dev/null\nfetch-timeout 5m\nfetch-max-size 100k\nkeep-addresses 12h\n"
         "host-interval 1m\ngroup-interval 1h\nmax-change 0\naccept-after 3\n"
         "shortest-prefix 12 24\n");
    ck_assert_ptr_nonnull(config);
    ck_assert_uint_eq(diagnostics_count(problems), 0);
    refresh = &config->refresh;
    ck_assert_uint_eq(refresh->n_policies, 2);
    ck_assert(!refresh->policies_default);
    ck_assert_str_eq(refresh->policies[0], "/etc/byway/campus.conf");
    ck_assert_str_eq(refresh->policies[1], "/srv/staff.conf");
    ck_assert_str_eq(refresh->proxy, "http://proxy.example:3128");
    ck_assert_str_eq(refresh->ca_file, "/dev/null");
    ck_assert_uint_eq(refresh->fetch_timeout_s, 300);
    ck_assert_uint_eq(refresh->fetch_max_size, 100 << 10);
    ck_assert_int_eq(refresh->keep_addresses_s, 12 * 3600);
    ck_assert_uint_eq(refresh->host_interval_s, 60);
    ck_assert_uint_eq(refresh->group_interval_s, 3600);
    ck_assert_uint_eq(refresh->max_change, 0);
    ck_assert_uint_eq(refresh->accept_after, 3);
    ck_assert_uint_eq(refresh->shortest_ipv4, 12);
    ck_assert_uint_eq(refresh->shortest_ipv6, 24);
}
END_TEST

static const struct {
    const char *line, *error; /* a part of the only one */
} mistakes[] = {
    {"policy a\npolicy ./a\npolicy /etc/byway/a",
     "4: error: a second \"policy\" of \"/etc/byway/a"},
    {"polcy a", "unknown directive \"polcy\"; did you mean \"policy\"?"},
    {"proxy proxy.example", "\"proxy.example\" is not the address of a proxy, such as http://"},
    {"proxy file:///x", "it begins with http://, https://, socks4a:// or socks5h://"},
    {"proxy http://a b", "too many words after \"proxy\""},
    {"proxy http://", "is not the address of a proxy"},
    {"ca-file /nowhere/ca.pem", "the CA file \"/nowhere/ca.pem\" cannot be read: No such file"},
    {"ca-file ca.pem", "the CA file \"/etc/byway/ca.pem\" cannot be read"},
    {"fetch-timeout 0s", "\"0s\" is not a duration from 1s to 1h, such as 60s or 5m"},
    {"fetch-timeout 2h", "\"2h\" is not a duration from 1s to 1h"},
    {"fetch-max-size 10", "\"10\" is not a size from 1k to 1024m"},
    {"fetch-max-size 1025m", "\"1025m\" is not a size from 1k to 1024m"},
    {"fetch-max-size 1g", "\"1g\" is not a size"},
    {"fetch-max-size m", "\"m\" is not a size"},
    {"fetch-max-size -1k", "\"-1k\" is not a size"},
    {"fetch-max-size 99999999999m", "\"99999999999m\" is not a size"},
    {"keep-addresses 2y", "\"2y\" is not a duration from 1s to 1y, such as 7d or 12h"},
    {"host-interval 2d", "\"2d\" is not a duration from 1s to 1d, such as 5m or 1h"},
    {"group-interval often", "\"often\" is not a duration from 1s to 1d"},
    {"max-change 50%", "\"50%\" is not a percentage; 0 allows any change"},
    {"max-change -1", "\"-1\" is not a percentage"},
    {"max-change 9999999999", "\"9999999999\" is not a percentage"},
    {"accept-after 1001", "\"1001\" is not a number from 0, which is never, to 1000"},
    {"shortest-prefix 8", "too few words after \"shortest-prefix\""},
    {"shortest-prefix 0 19", "\"0\" is not the length of an IPv4 prefix, from 1 to 32"},
    {"shortest-prefix 8 129", "\"129\" is not the length of an IPv6 prefix, from 1 to 128"},
    {"max-change 1\nmax-change 2", "3: error: a second \"max-change\""},
};

START_TEST(a_mistake_is_told_with_what_was_expected)
{
    char line[1500];

    load(mistakes[_i].line);
    ck_assert_ptr_null(config);
    ck_assert_uint_eq(diagnostics_errors(problems), 1);
    diagnostic_format(diagnostics_at(problems, 0), line, sizeof(line));
    ck_assert_msg(strstr(line, mistakes[_i].error) != NULL, "%s", line);
}
END_TEST

START_TEST(more_than_a_thousand_policies_are_too_many)
{
    char lines[60000];
    size_t n = 0;

    for (int i = 0; i <= CONFIG_MAX_POLICIES; i++)
        n += (size_t)snprintf(lines + n, sizeof(lines) - n, "policy campus-%d.conf\n", i);
    load(lines);
    ck_assert_ptr_null(config);
    ck_assert_uint_eq(diagnostics_errors(problems), 1);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("config_refresh");
    TCase *tests = tcase_create("all");

    tcase_add_checked_fixture(tests, NULL, forget);
    tcase_add_test(tests, without_a_line_there_are_defaults_and_the_policy_beside_the_config);
    tcase_add_test(tests, every_directive_is_taken);
    tcase_add_loop_test(tests, a_mistake_is_told_with_what_was_expected, 0, COUNT(mistakes));
    tcase_add_test(tests, more_than_a_thousand_policies_are_too_many);
    suite_add_tcase(suite, tests);
    return suite;
}
