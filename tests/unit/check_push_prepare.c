/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is found when a policy is prepared: results that must not be pushed, plans that are
 * not worth their memory, options that OpenVPN would not read as they were meant.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/push.h"
#include "tests/unit/policy_text.h"
#include "tests/unit/push_reader.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* ── judgement ── */

#define SPLIT(routes) "<profile campus>\ntunnel split\n" routes "</profile>\n"

struct judgement_case {
    const char *policy;
    const char *expected; /* the only problem, as it is shown; NULL: none */
};

#define EVERYTHING(family, whose)                                       \
    " is a split tunnel, but its routes add up to all of " family whose \
    ": say \"tunnel full\" where that is meant"

static const struct judgement_case judgements[] = {
    {"<routes a>\n0.0.0.0/1\n</routes>\n<routes b>\n128.0.0.0/2\n192.0.0.0/2\n</routes>\n" SPLIT(
         "routes a b\n"),
     ":9: error: profile \"campus\"" EVERYTHING("IPv4", "")},
    {"<routes a>\n::/1\n8000::/1\n</routes>\n" SPLIT("routes a\n"),
     ":6: error: profile \"campus\"" EVERYTHING("IPv6", "")},
    {"<routes a>\n0.0.0.0/1\n</routes>\n<routes b>\n128.0.0.0/1\n</routes>\n" SPLIT(
         "routes a\n") "<group g>\nuser bob\nroutes b\n</group>\n",
     ":8: error: profile \"campus\"" EVERYTHING("IPv4", " for user \"bob\"")},
    /* One address less is not everything, but near enough to be warned of. */
    {"<routes a>\n0.0.0.0/1\n128.0.0.0/1\n</routes>\n" SPLIT("routes a\nexcept 192.0.2.1/32\n"),
     ":6: warning: profile \"campus\" is a split tunnel, but its routes are 99% of all IPv4 "
     "addresses: nearly a full tunnel, and nobody has to choose it"},
    {"<routes a>\n2000::/3\n</routes>\n" SPLIT("routes a\n"),
     ":5: warning: profile \"campus\" is a split tunnel, but its routes include 2000::/3, which "
     "is all of IPv6 that is in use"},
    {"<routes a>\n0.0.0.0/2\n64.0.0.0/3\n</routes>\n" SPLIT("routes a\n"), NULL},
    /* Whoever may not have the profile does not count. */
    {"<routes a>\n0.0.0.0/2\n64.0.0.0/3\n</routes>\n<routes b>\n96.0.0.0/3\n128.0.0.0/1\n"
     "</routes>\n" SPLIT(
         "except 128.0.0.0/1\n") "<profile staff>\ntunnel split\nroutes a\n"
                                 "allow user ann\n</profile>\n<user bob>\nroutes b\n</user>\n",
     NULL},
    {"<routes a>\n0.0.0.0/2\n64.0.0.0/3\n</routes>\n<routes b>\n96.0.0.0/3\n128.0.0.0/1\n"
     "</routes>\n" SPLIT(
         "except 128.0.0.0/1\n") "<profile staff>\ntunnel split\nroutes a\n"
                                 "allow user bob\n</profile>\n<user bob>\nroutes b\n</user>\n",
     ":14: error: profile \"staff\"" EVERYTHING("IPv4", " for user \"bob\"")},
};

/* Fails unless `expected` is the end of the only problem, or there is none. */
static void check_problems(const struct diagnostics *problems, const char *expected)
{
    char line[1500] = "";

    ck_assert_uint_eq(diagnostics_count(problems), expected ? 1 : 0);
    if (!expected)
        return;
    diagnostic_format(diagnostics_at(problems, 0), line, sizeof(line));
    ck_assert_ptr_nonnull(strstr(line, "/policy.conf:"));
    ck_assert_str_eq(strstr(line, "/policy.conf:") + strlen("/policy.conf"), expected);
}

START_TEST(a_result_that_must_not_be_is_reported_once_with_its_line)
{
    const struct judgement_case *c = &judgements[_i];
    struct diagnostics *problems = diagnostics_new();
    char text[2000];
    struct policy *policy = NULL;

    snprintf(text, sizeof(text), "default-profile campus\n%s", c->policy);
    policy = policy_from_text(text, problems);
    check_problems(problems, c->expected);
    ck_assert_int_eq(policy != NULL, !c->expected || strstr(c->expected, "warning"));
    policy_free(policy);
    diagnostics_free(problems);
}
END_TEST

/* `n` prefixes that do not merge: every second /24, or /48 for IPv6. */
static void write_routes(FILE *out, const char *name, unsigned first, unsigned n, bool ipv6)
{
    fprintf(out, "<routes %s>\n", name);
    for (unsigned i = first; i < first + n; i++) {
        if (ipv6)
            fprintf(out, "2001:%x:%x::/48\n", 0xd00 + (i >> 15), (i & 0x7fff) << 1);
        else
            fprintf(out, "%u.%u.%u.0/24\n", 10 + (i >> 15), i >> 7 & 255, (i & 127) << 1);
    }
    fputs("</routes>\n", out);
}

struct size_case {
    unsigned routes;
    bool ipv6;
    const char *lines; /* of the profile */
    const char *expected;
};

static const struct size_case sizes[] = {
    {1000, false, "", NULL},
    {1001, false, "",
     ": warning: profile \"campus\" comes to 1001 routes (1 of 1 combinations of route sets are "
     "over 1000): clients get slower with the square of it"},
    {5000, true, "",
     ": warning: profile \"campus\" comes to 5000 routes (1 of 1 combinations of route sets are "
     "over 1000): clients get slower with the square of it"},
    {5001, false, "",
     ": error: profile \"campus\" comes to 5001 routes, more than 5000: use fewer or larger "
     "prefixes, or allow it with \"max-routes 5001\""},
    {5001, false, "max-routes 5001\n",
     ": warning: profile \"campus\" comes to 5001 routes (1 of 1 combinations of route sets are "
     "over 1000): clients get slower with the square of it"},
    {11, true, "max-routes 10\n",
     ": error: profile \"campus\" comes to 11 routes, more than 10: use fewer or larger prefixes, "
     "or allow it with \"max-routes 11\""},
};

/* The text up to, and the number of, the line where <profile campus> begins. */
static char *sized_policy(const struct size_case *c, unsigned *line)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    fputs("default-profile campus\n", out);
    write_routes(out, "many", 0, c->routes, c->ipv6);
    fprintf(out, "<profile campus>\ntunnel split\nroutes many\n%s</profile>\n", c->lines);
    ck_assert_int_eq(fclose(out), 0);
    *line = c->routes + 4;
    return text;
}

START_TEST(too_many_routes_are_an_error_and_many_a_warning)
{
    struct diagnostics *problems = diagnostics_new();
    char expected[300];
    unsigned line = 0;
    char *text = sized_policy(&sizes[_i], &line);
    struct policy *policy = policy_from_text(text, problems);

    if (sizes[_i].expected)
        snprintf(expected, sizeof(expected), ":%u%s", line, sizes[_i].expected);
    check_problems(problems, sizes[_i].expected ? expected : NULL);
    ck_assert_int_eq(policy != NULL, diagnostics_errors(problems) == 0);
    policy_free(policy);
    diagnostics_free(problems);
    free(text);
}
END_TEST

START_TEST(a_result_that_would_end_the_server_is_an_error_whatever_max_routes_says)
{
    static const struct size_case big = {25000, false, "max-routes 100000\n", NULL};
    struct diagnostics *problems = diagnostics_new();
    unsigned line = 0;
    char *text = sized_policy(&big, &line);
    bool found = false;

    ck_assert_ptr_null(policy_from_text(text, problems));
    for (size_t i = 0; i < diagnostics_count(problems); i++)
        found |= diagnostics_at(problems, i)->level == DIAGNOSTIC_ERROR &&
                 strstr(diagnostics_at(problems, i)->text, "at most 900000 are allowed");
    ck_assert(found);
    ck_assert_uint_eq(diagnostics_errors(problems), 1);
    diagnostics_free(problems);
    free(text);
}
END_TEST

START_TEST(many_combinations_make_one_warning_not_many)
{
    struct diagnostics *problems = diagnostics_new();
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct policy *policy = NULL;
    const char *found = NULL;

    fputs("default-profile campus\n", out);
    write_routes(out, "many", 0, 990, false);
    for (unsigned i = 0; i < 40; i++) {
        char name[16];

        snprintf(name, sizeof(name), "own%u", i);
        write_routes(out, name, 10000 + 100 * i, i, false);
        fprintf(out, "<user user%u>\nroutes %s\n</user>\n", i, name);
    }
    fputs("<profile campus>\ntunnel split\nroutes many\n</profile>\n", out);
    fclose(out);
    policy = policy_from_text(text, problems);
    ck_assert_ptr_nonnull(policy);
    for (size_t i = 0; i < diagnostics_count(problems); i++)
        if (strstr(diagnostics_at(problems, i)->text, "comes to")) {
            ck_assert_ptr_null(found);
            found = diagnostics_at(problems, i)->text;
        }
    ck_assert_ptr_nonnull(found);
    ck_assert_ptr_nonnull(strstr(found, "comes to 1029 routes for user \"user39\" (29 of 4"));
    policy_free(policy);
    diagnostics_free(problems);
    free(text);
}
END_TEST

/* ── memory ── */

#define LARGE_SETS 800

/* Far more text than plans may take: each user brings a set, each set comes on top of 4,900. */
static char *large_policy(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    fputs("default-profile campus\n", out);
    write_routes(out, "many", 0, 4900, false);
    for (unsigned i = 0; i < LARGE_SETS; i++) {
        char name[16];

        snprintf(name, sizeof(name), "own%u", i);
        write_routes(out, name, 40000 + 16 * i, 1 + i % 7, false);
        fprintf(out, "<user user%u>\nroutes %s\n</user>\n", i, name);
    }
    fputs("<profile campus>\ntunnel split\nroutes many\nexcept 10.3.0.0/16\n</profile>\n", out);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

START_TEST(plans_beyond_the_memory_for_them_are_rendered_at_connect_and_say_the_same)
{
    char *text = large_policy();
    struct diagnostics *problems = diagnostics_new();
    struct policy *policy = policy_from_text(text, problems);
    size_t unrendered = 0;
    size_t rendered = 0;

    ck_assert_ptr_nonnull(policy);
    ck_assert_uint_eq(diagnostics_count(problems), 1); /* the warning of many routes */
    for (size_t i = 0; i < policy->n_extras * policy->n_profiles; i++) {
        unrendered += policy->plans[i].ipv4.text == NULL;
        rendered += policy->plans[i].ipv4.text ? policy->plans[i].ipv4.n : 0;
    }
    ck_assert_uint_gt(unrendered, 0);
    ck_assert_uint_lt(unrendered, LARGE_SETS / 2);
    ck_assert_uint_le(rendered, 128UL << 20);
    for (unsigned i = LARGE_SETS - 20; i < LARGE_SETS; i++) {
        const struct push_connection connection = {.has_ipv6 = i % 2};
        const struct policy_profile *profile = policy_find_profile(policy, "campus");
        char name[16];
        struct prefix_set *routes = NULL;
        struct reader reader;
        size_t n, n_routes;
        char *result = NULL;

        snprintf(name, sizeof(name), "user%u", i);
        result = push_render(policy, profile, policy_find_user(policy, name), &connection, &n);
        ck_assert_ptr_nonnull(result);
        reader_read(&reader, NULL, result, n);
        ck_assert_msg(reader.mistakes == 0, "%s", reader.mistake);
        routes = push_routes(policy, profile, policy_find_user(policy, name), NULL);
        prefix_set_cover(routes, &n_routes, NULL);
        ck_assert_uint_eq(n_routes, 4900 - 128 + 1 + i % 7);
        ck_assert_uint_eq(reader_count(&reader, "route "), n_routes);
        prefix_set_free(routes);
        reader_free(&reader);
        free(result);
    }
    policy_free(policy);
    diagnostics_free(problems);
    free(text);
}
END_TEST

/* ── options to be passed on ── */

static const char *const good_options[] = {
    "explicit-exit-notify 1",
    "ping 10",
    "dhcp-option NTP 10.1.1.1",
    "dns server 1 resolve-domains example.edu",
    "echo forget-passwords",
    "comp-lzo no",
    "compress migrate",
    "setenv-safe COLOUR \"light blue\"",
    "setenv-safe PATH C:\\\\temp",
    "setenv-safe NAME it's",
    "setenv-safe QUOTE 'say \"hi\"'",
    "  tun-mtu 1400",
    "register-dns",
    "route-metric 5",
    "route-gateway 10.8.0.1",
    "block-outside-dns",
};

START_TEST(an_option_in_order_reaches_the_client_as_it_was_written)
{
    const char *option = good_options[_i];
    struct arena *arena = arena_new();
    char line[512];
    struct reader reader;

    ck_assert_pstr_eq(push_check_option(option), NULL);
    snprintf(line, sizeof(line), "push \"%s\"\n", push_escape_option(arena, option));
    reader_read(&reader, NULL, line, strlen(line));
    ck_assert_msg(reader.mistakes == 0, "%s", reader.mistake);
    ck_assert_uint_eq(reader.n, 1);
    ck_assert_str_eq(reader.options[0], option);
    reader_free(&reader);
    arena_free(arena);
}
END_TEST

static const struct {
    const char *option;
    const char *why; /* part of the reason */
} bad_options[] = {
    {"", "empty"},
    {"   ", "empty"},
    {"# comment", "# or ;"},
    {"ping 10 # often", "# or ;"},
    {"ping \\# x", "# or ;"},
    {"route 10.0.0.0 255.0.0.0", "<routes"},
    {"  route 10.0.0.0 255.0.0.0", "<routes"},
    {"\"route\" 10.0.0.0 255.0.0.0", "<routes"},
    {"'route' 10.0.0.0 255.0.0.0", "<routes"},
    {"\\ route 10.0.0.0 255.0.0.0", "<routes"},
    {"route-ipv6 ::/0", "<routes"},
    {"redirect-gateway def1", "tunnel"},
    {"redirect-private", "tunnel"},
    {"block-ipv6", "tunnel"},
    {"\"block-ipv6\"", "tunnel"},
    {"ifconfig 10.8.0.9 255.255.255.0", "OpenVPN itself"},
    {"peer-id 3", "OpenVPN itself"},
    {"push-continuation 2", "OpenVPN itself"},
    {"auth-token abc", "OpenVPN itself"},
    {"--ping 10", "dashes"},
    {"ping 10, ping-restart 60", "comma"},
    {"ping 10\n</x>", "control"},
    {"ping \x1b[2J", "control"},
    {"ping \x7f", "control"},
    {"echo \"open", "quote"},
    {"echo 'open", "quote"},
    {"echo \\x", "backslash"},
    {"echo end\\", "backslash"},
    {"a b c d e f g h i j k l m n o p q", "16 words"},
};

START_TEST(an_option_that_must_not_be_pushed_is_refused_with_the_reason)
{
    const char *why = push_check_option(bad_options[_i].option);

    ck_assert_ptr_nonnull(why);
    ck_assert_msg(strstr(why, bad_options[_i].why), "\"%s\"", why);
}
END_TEST

START_TEST(the_longest_option_fits_and_one_byte_more_does_not)
{
    static const char *const fills[] = {"x", "\\\\", "\xc3\xbc"};

    for (size_t f = 0; f < N(fills); f++) {
        struct arena *arena = arena_new();
        char option[400] = "echo ";

        while (!push_check_option(option)) {
            char line[512];
            struct reader reader;

            snprintf(line, sizeof(line), "push \"%s\"\n", push_escape_option(arena, option));
            reader_read(&reader, NULL, line, strlen(line));
            ck_assert_msg(reader.mistakes == 0, "%s", reader.mistake);
            reader_free(&reader);
            strcat(option, fills[f]);
        }
        ck_assert_ptr_nonnull(strstr(push_check_option(option), "too long"));
        ck_assert_uint_gt(strlen(option), f == 1 ? 120 : 240);
        arena_free(arena);
    }
}
END_TEST

/* Whatever passes the check must come out as it went in; this makes up what to check. */
START_TEST(no_option_that_passes_the_check_is_read_differently_by_openvpn)
{
    static const char pieces[] = "ab \t\"'\\#;,-\x80\x01route";
    size_t passed = 0;

    srand(20261122);
    for (int round = 0; round < 200000; round++) {
        struct arena *arena = NULL;
        char option[24], line[128];
        size_t n = (size_t)rand() % (sizeof(option) - 1);
        struct reader reader;

        for (size_t i = 0; i < n; i++)
            option[i] = pieces[(size_t)rand() % (sizeof(pieces) - 1)];
        option[n] = '\0';
        if (push_check_option(option))
            continue;
        passed++;
        arena = arena_new();
        snprintf(line, sizeof(line), "push \"%s\"\n", push_escape_option(arena, option));
        reader_read(&reader, NULL, line, strlen(line));
        ck_assert_msg(reader.mistakes == 0, "\"%s\": %s", option, reader.mistake);
        ck_assert_uint_eq(reader.n, 1);
        ck_assert_str_eq(reader.options[0], option);
        reader_free(&reader);
        arena_free(arena);
    }
    ck_assert_uint_gt(passed, 1000);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("push_prepare");
    TCase *tests = tcase_create("push_prepare");

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, a_result_that_must_not_be_is_reported_once_with_its_line, 0,
                        (int)N(judgements));
    tcase_add_loop_test(tests, too_many_routes_are_an_error_and_many_a_warning, 0, (int)N(sizes));
    tcase_add_test(tests, a_result_that_would_end_the_server_is_an_error_whatever_max_routes_says);
    tcase_add_test(tests, many_combinations_make_one_warning_not_many);
    tcase_add_test(tests,
                   plans_beyond_the_memory_for_them_are_rendered_at_connect_and_say_the_same);
    tcase_add_loop_test(tests, an_option_in_order_reaches_the_client_as_it_was_written, 0,
                        (int)N(good_options));
    tcase_add_loop_test(tests, an_option_that_must_not_be_pushed_is_refused_with_the_reason, 0,
                        (int)N(bad_options));
    tcase_add_test(tests, the_longest_option_fits_and_one_byte_more_does_not);
    tcase_add_test(tests, no_option_that_passes_the_check_is_read_differently_by_openvpn);
    suite_add_tcase(suite, tests);
    return suite;
}
