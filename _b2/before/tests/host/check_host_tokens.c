/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients that come back with a token of --auth-gen-token: connected without a login. */
#include "tests/host/host.h"
#include "tests/unit/unit.h"

static struct host *start(void)
{
    struct host *host = host_new();
    char text[2048];

    snprintf(text, sizeof(text),
             "choose peer-info UV_TUNNEL\nchoose menu\nchoose static-challenge\n%s",
             host_policy_text);
    host_policy(host, text);
    host_wrap(host, "inner_v3", "check");
    ck_assert_msg(host_open(host), "%s", host_log(host));
    return host;
}

/* The first login, as OpenVPN shows it: a session_id, and no valid state yet. */
static struct host_client *log_in(struct host *host, const char *username, const char *id)
{
    struct host_client *client = host_client_new(host);

    host_login(client, username, HOST_PASSWORD);
    host_set(client, "session_id", id);
    host_set(client, "session_state", "Initial");
    return client;
}

/* A new connection with the token: its text, NULL if it was denied. */
static char *come_back(struct host *host, const char *username, const char *id, const char *state)
{
    struct host_client *client = host_client_new(host);
    char *text;

    host_set(client, "username", username);
    host_set(client, "session_id", id);
    host_set(client, "session_state", state);
    host_tls_final(client);
    host_connect(client, &text);
    host_client_free(client);
    return text;
}

static void expect_back(struct host *host, const char *username, const char *id,
                        const char *profile)
{
    char *text = come_back(host, username, id, "Authenticated");
    size_t n = host_spool_count(host, SPOOL_CONNECTED);

    ck_assert_msg(text != NULL, "%s with %s was denied: %s", username, id, host_log(host));
    ck_assert_str_eq(host_spool(host, SPOOL_CONNECTED, n - 1).profile, profile);
    free(text);
}

START_TEST(who_comes_back_with_a_token_gets_the_profile_of_the_login)
{
    struct host *host = start();
    struct host_client *client = log_in(host, "alice+full", "AAAAAAAAAAAAAAAA");

    free(host_expect_connect(client));
    host_disconnect(client, 1, 2);
    host_client_free(client);
    expect_back(host, "alice+full", "AAAAAAAAAAAAAAAA", "full");
    host_free(host);
}
END_TEST

START_TEST(what_was_chosen_in_the_menu_is_remembered_too)
{
    struct host *host = start();
    struct host_client *client = log_in(host, "carol", "AAAAAAAAAAAAAAAA");
    char *text;

    host_set(client, "IV_SSO", "crtext");
    ck_assert_int_eq(host_auth(client), HOST_DEFERRED);
    host_crresponse(client, "bGlicmFyeQ==");
    ck_assert_int_eq(host_verdict(client, 0), '1');
    ck_assert_int_eq(host_connect(client, &text), HOST_OK);
    free(text);
    host_client_free(client);
    expect_back(host, "carol", "AAAAAAAAAAAAAAAA", "library");
    host_free(host);
}
END_TEST

START_TEST(another_session_s_choice_is_not_given)
{
    struct host *host = start();
    struct host_client *client = log_in(host, "alice", "AAAAAAAAAAAAAAAA");
    char *text;

    host_set(client, "UV_TUNNEL", "full");
    free(host_expect_connect(client));
    host_client_free(client);
    text = come_back(host, "alice", "BBBBBBBBBBBBBBBB", "Authenticated");
    if (text != NULL)
        ck_assert_ptr_null(strstr(text, "push \"redirect-gateway"));
    free(text);
    host_free(host);
}
END_TEST

START_TEST(another_user_with_the_same_session_does_not_get_it)
{
    struct host *host = start();
    struct host_client *client = log_in(host, "alice", "AAAAAAAAAAAAAAAA");
    char *text;

    host_set(client, "UV_TUNNEL", "full");
    free(host_expect_connect(client));
    host_client_free(client);
    text = come_back(host, "bob", "AAAAAAAAAAAAAAAA", "Authenticated");
    if (text != NULL)
        ck_assert_ptr_null(strstr(text, "push \"redirect-gateway"));
    free(text);
    host_free(host);
}
END_TEST

START_TEST(a_token_that_openvpn_does_not_vouch_for_lets_nobody_in)
{
    static const char *const states[] = {NULL,
                                         "",
                                         "Initial",
                                         "Invalid",
                                         "Expired",
                                         "AuthenticatedEmptyUser",
                                         "ExpiredEmptyUser",
                                         "authenticated",
                                         "Authenticated "};
    struct host *host = start();
    struct host_client *client = log_in(host, "alice+full", "AAAAAAAAAAAAAAAA");

    free(host_expect_connect(client));
    host_client_free(client);
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        char *text = come_back(host, "alice+full", "AAAAAAAAAAAAAAAA", states[i]);

        ck_assert_msg(text == NULL, "let in with session_state=%s", states[i]);
    }
    host_free(host);
}
END_TEST

START_TEST(a_failed_login_leaves_nothing_for_its_session)
{
    struct host *host = start();
    struct host_client *client = log_in(host, "alice", "AAAAAAAAAAAAAAAA");
    char *text;

    host_set(client, "UV_TUNNEL", "full");
    host_set(client, "password", "wrong");
    ck_assert_int_eq(host_auth(client), HOST_ERROR);
    host_client_free(client);
    text = come_back(host, "alice", "AAAAAAAAAAAAAAAA", "Authenticated");
    if (text != NULL)
        ck_assert_ptr_null(strstr(text, "push \"redirect-gateway"));
    free(text);
    host_free(host);
}
END_TEST

START_TEST(a_session_from_before_a_restart_gets_the_default_and_never_full)
{
    struct host *host = start();
    struct host_client *client = log_in(host, "alice", "AAAAAAAAAAAAAAAA");

    host_set(client, "UV_TUNNEL", "full");
    free(host_expect_connect(client));
    host_client_free(client);
    host_close(host);
    ck_assert(host_open(host));
    expect_back(host, "alice", "AAAAAAAAAAAAAAAA", "campus");
    host_free(host);
}
END_TEST

START_TEST(a_profile_taken_away_meanwhile_is_not_given_back)
{
    static const char stricter[] =
        "choose username-suffix +\nchoose peer-info UV_TUNNEL\n"
        "default-profile campus\n<routes internal>\n10.0.0.0/8\n</routes>\n"
        "<profile campus>\ntunnel split\nroutes internal\n</profile>\n"
        "<profile full>\ntunnel full\nallow user bob\n</profile>\n";
    struct host *host = start();
    struct host_client *client = log_in(host, "alice+full", "AAAAAAAAAAAAAAAA");
    char *text;

    free(host_expect_connect(client));
    host_client_free(client);
    host_policy(host, stricter);
    host_sleep_ms(1100);
    text = come_back(host, "alice+full", "AAAAAAAAAAAAAAAA", "Authenticated");
    ck_assert(text == NULL || strstr(text, "push \"redirect-gateway") == NULL);
    free(text);
    host_free(host);
}
END_TEST

START_TEST(the_latest_of_many_sessions_is_still_remembered)
{
    struct host *host = start();

    for (int i = 0; i < 12000; i++) {
        struct host_client *client;
        char id[32];
        char *text;

        snprintf(id, sizeof(id), "session%d", i);
        client = log_in(host, "carol", id);
        host_set(client, "password", "SCRV1:Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5:bGlicmFyeQ==");
        host_must(host_auth_quick(client) == HOST_OK, "%s", host_log(host));
        host_must(host_connect(client, &text) == HOST_OK, "%s", host_log(host));
        free(text);
        host_client_free(client);
    }
    expect_back(host, "carol", "session11999", "library");
    expect_back(host, "carol", "session11000", "library");
    expect_back(host, "carol", "session0", "campus");
    host_free(host);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("host: tokens");
    TCase *tests = tcase_create("tokens");

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, who_comes_back_with_a_token_gets_the_profile_of_the_login);
    tcase_add_test(tests, what_was_chosen_in_the_menu_is_remembered_too);
    tcase_add_test(tests, another_session_s_choice_is_not_given);
    tcase_add_test(tests, another_user_with_the_same_session_does_not_get_it);
    tcase_add_test(tests, a_token_that_openvpn_does_not_vouch_for_lets_nobody_in);
    tcase_add_test(tests, a_failed_login_leaves_nothing_for_its_session);
    tcase_add_test(tests, a_session_from_before_a_restart_gets_the_default_and_never_full);
    tcase_add_test(tests, a_profile_taken_away_meanwhile_is_not_given_back);
    tcase_add_test(tests, the_latest_of_many_sessions_is_still_remembered);
    suite_add_tcase(suite, tests);
    return suite;
}
