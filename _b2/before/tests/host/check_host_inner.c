/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wrapped authentication plugin: what it is given, and that its no is a no. */
#include "tests/host/wrapped.h"
#include "tests/unit/unit.h"

/* ── what it is given ── */

/* correct-horse-battery, library and "" in base64. */
#define SECRET64  "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"
#define LIBRARY64 "bGlicmFyeQ=="

static const struct {
    const char *username;
    const char *password;
    const char *clean;
    const char *profile;
} logins[] = {
    {"carol", HOST_PASSWORD, "carol", "campus"},
    {"carol+library", HOST_PASSWORD, "carol", "library"},
    {"carol+LIBRARY", HOST_PASSWORD, "carol", "library"},
    {"carol+", HOST_PASSWORD, "carol", "campus"},
    {"a+b+library", HOST_PASSWORD, "a+b", "library"},
    {"carol@example.org+library", HOST_PASSWORD, "carol@example.org", "library"},
    {"carol", "SCRV1:" SECRET64 ":" LIBRARY64, "carol", "library"},
    {"carol", "SCRV1:" SECRET64 ":", "carol", "campus"},
    {"alice+full", HOST_PASSWORD, "alice", "full"},
};
enum { N_LOGINS = sizeof(logins) / sizeof(logins[0]) };

START_TEST(it_is_given_the_clean_name_and_the_plain_password)
{
    struct host *host = wrapped_start(wrapped_modules[_i / N_LOGINS], "check");
    struct host_client *client =
        wrapped_login(host, logins[_i % N_LOGINS].username, logins[_i % N_LOGINS].password);
    char expected[128];
    char *calls;

    free(host_expect_connect(client));
    calls = host_inner_calls(host);
    snprintf(expected, sizeof(expected), "auth username=%s password=" HOST_PASSWORD " ",
             logins[_i % N_LOGINS].clean);
    ck_assert_msg(strstr(calls, expected) != NULL, "expected %s in:\n%s", expected, calls);
    ck_assert_str_eq(host_spool(host, SPOOL_CONNECTED, 0).profile, logins[_i % N_LOGINS].profile);
    free(calls);
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(it_has_contexts_of_its_own_that_are_all_freed)
{
    struct host *host = wrapped_start(wrapped_modules[_i], "check");
    unsigned made = 0;
    unsigned freed = 0;
    char *calls;

    for (int i = 0; i < 10; i++) {
        struct host_client *client = wrapped_login(host, "carol", HOST_PASSWORD);

        free(host_expect_connect(client));
        host_client_free(client);
    }
    host_close(host);
    calls = host_inner_calls(host);
    for (const char *at = calls; (at = strstr(at, "constructor\n")) != NULL; at++)
        made++;
    for (const char *at = calls; (at = strstr(at, "destructor\n")) != NULL; at++)
        freed++;
    ck_assert_uint_eq(made, freed);
    ck_assert_ptr_nonnull(strstr(calls, "close\n"));
    ck_assert_ptr_null(strstr(calls, "type "));
    if (_i > 0) /* version 1 has none */
        ck_assert_ptr_nonnull(strstr(calls, "context=1"));
    free(calls);
    host_free(host);
}
END_TEST

START_TEST(it_is_asked_at_every_renegotiation)
{
    struct host *host = wrapped_start("inner_v3", "check");
    struct host_client *client = wrapped_login(host, "carol+library", HOST_PASSWORD);
    char *calls;
    unsigned n = 0;

    free(host_expect_connect(client));
    for (int i = 0; i < 3; i++) {
        host_set(client, "password", HOST_PASSWORD);
        ck_assert_int_eq(host_auth(client), HOST_OK);
    }
    calls = host_inner_calls(host);
    for (const char *at = calls; (at = strstr(at, "auth username=carol ")) != NULL; at++)
        n++;
    ck_assert_uint_eq(n, 4);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_CONNECTED), 1);
    free(calls);
    host_client_free(client);
    host_free(host);
}
END_TEST

/* ── its answer ── */

START_TEST(its_no_is_a_no_whatever_was_asked_for)
{
    static const char *const names[] = {"carol", "alice+full", "carol+full", "carol+nonsense"};
    static const char *const modes[] = {"check", "error", "junk-mode"};
    struct host *host = wrapped_start(wrapped_modules[_i], "check");

    for (size_t m = 0; m < 3; m++) {
        host_inner_mode(host, modes[m]);
        for (size_t i = 0; i < 4; i++) {
            struct host_client *client = wrapped_login(host, names[i], "wrong");
            char *text;

            ck_assert_int_eq(host_auth(client), HOST_ERROR);
            ck_assert_str_eq(host_reason(client), "");
            ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
            host_client_free(client);
        }
    }
    ck_assert_uint_eq(host_spool_count(host, SPOOL_CONNECTED), 0);
    host_free(host);
}
END_TEST

START_TEST(its_reason_reaches_the_client)
{
    struct host *host = wrapped_start("inner_v3", "reason");
    struct host_client *client = wrapped_login(host, "carol+nonsense", HOST_PASSWORD);

    ck_assert_int_eq(host_auth(client), HOST_ERROR);
    ck_assert_str_eq(host_reason(client), "the inner plugin says no");
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_refused_profile_after_its_yes_is_explained)
{
    struct host *host = wrapped_start(wrapped_modules[_i], "check");
    struct host_client *client = wrapped_login(host, "carol+ful", HOST_PASSWORD);
    char *text;

    ck_assert_int_eq(host_auth(client), HOST_ERROR);
    ck_assert_ptr_nonnull(strstr(host_reason(client), "ful"));
    ck_assert_ptr_nonnull(strstr(host_reason(client), "campus"));
    ck_assert_ptr_nonnull(strstr(host_reason(client), "library"));
    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    ck_assert_str_eq(host_spool(host, SPOOL_REFUSED, 0).wanted, "ful");
    ck_assert_str_eq(host_spool(host, SPOOL_REFUSED, 0).user, "carol");
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_module_that_does_not_open_keeps_the_plugin_from_opening)
{
    struct host *host = host_new();

    host_policy(host, host_policy_text);
    host_wrap(host, wrapped_modules[_i], "refuse-open");
    ck_assert(!host_open(host));
    ck_assert_uint_ge(host_log_count(host, "error:"), 1);
    ck_assert_uint_ge(host_log_count(host, "inner_v"), 1);
    host_free(host);
}
END_TEST

START_TEST(a_module_that_is_not_there_or_no_plugin_is_named_in_the_error)
{
    static const char *const names[] = {"inner_v9", "inner_v3.la"};
    struct host *host = host_new();

    host_policy(host, host_policy_text);
    for (size_t i = 0; i < 2; i++) {
        host_log_clear(host);
        host_wrap(host, names[i], "check");
        ck_assert(!host_open(host));
        ck_assert_uint_ge(host_log_count(host, names[i]), 1);
    }
    host_free(host);
}
END_TEST

/* ── the static challenge ── */

START_TEST(a_malformed_static_challenge_is_denied)
{
    static const char *const passwords[] = {
        "SCRV1:",
        "SCRV1::",
        "SCRV1:::",
        "SCRV1:" SECRET64,
        "SCRV1:" SECRET64 ":!!!!",
        "SCRV1:" SECRET64 ":bGli!!!!",
        "SCRV1:" SECRET64 ":bGlicmFyeQ",
        "SCRV1:" SECRET64 ":bGlicmFyeQ==:",
        "SCRV1:" SECRET64 ":bGlicmFyeQ==:bGlicmFyeQ==",
        "SCRV1:" SECRET64 ":====",
        "SCRV1:" SECRET64 "x:" LIBRARY64,
        "SCRV1:!!!!:" LIBRARY64,
        "SCRV1::" LIBRARY64,
        "SCRV1:====:" LIBRARY64,
        "SCRV1: " SECRET64 ":" LIBRARY64,
        "SCRV1:" SECRET64 ":AAAA",                           /* NULs */
        "SCRV1:AAAA:" LIBRARY64,                             /* a password of NULs */
        "SCRV1:Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5AAAA:" LIBRARY64, /* the password, then NULs */
        "SCRV1:" SECRET64 ":ZnVsbAo=",                       /* "full\n" */
        "scrv1:" SECRET64 ":" LIBRARY64,
        "",
    };
    struct host *host = wrapped_start("inner_v3", "check");

    for (size_t i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++) {
        struct host_client *client = wrapped_login(host, "carol", passwords[i]);
        char *text;

        ck_assert_msg(host_auth(client) == HOST_ERROR, "let in with %s", passwords[i]);
        ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
        host_client_free(client);
    }
    host_free(host);
}
END_TEST

START_TEST(an_empty_password_never_reaches_the_inner_plugin)
{
    static const char *const passwords[] = {"", "SCRV1::", ("SCRV1::" LIBRARY64)};
    struct host *host = wrapped_start("inner_v3", "check");
    char *calls;

    for (size_t i = 0; i < 3; i++) {
        struct host_client *client = wrapped_login(host, "carol", passwords[i]);

        ck_assert_int_eq(host_auth(client), HOST_ERROR);
        host_client_free(client);
    }
    calls = host_inner_calls(host);
    ck_assert_ptr_null(strstr(calls, "auth "));
    free(calls);
    host_free(host);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("host: inner plugin");
    TCase *tests = tcase_create("inner");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, it_is_given_the_clean_name_and_the_plain_password, 0,
                        N_LOGINS * WRAPPED_MODULES);
    tcase_add_loop_test(tests, it_has_contexts_of_its_own_that_are_all_freed, 0, WRAPPED_MODULES);
    tcase_add_test(tests, it_is_asked_at_every_renegotiation);
    tcase_add_loop_test(tests, its_no_is_a_no_whatever_was_asked_for, 0, WRAPPED_MODULES);
    tcase_add_test(tests, its_reason_reaches_the_client);
    tcase_add_loop_test(tests, a_refused_profile_after_its_yes_is_explained, 0, WRAPPED_MODULES);
    tcase_add_loop_test(tests, a_module_that_does_not_open_keeps_the_plugin_from_opening, 0,
                        WRAPPED_MODULES);
    tcase_add_test(tests, a_module_that_is_not_there_or_no_plugin_is_named_in_the_error);
    tcase_add_test(tests, a_malformed_static_challenge_is_denied);
    tcase_add_test(tests, an_empty_password_never_reaches_the_inner_plugin);
    suite_add_tcase(suite, tests);
    return suite;
}
