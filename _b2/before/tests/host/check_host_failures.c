/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each call for memory, and each call of the system, fails once, the first, the
 * second, … until a scenario passes without a failure. Whatever fails, the result is
 * the right text or a denial; never a crash, a leak or a wrong text.
 */
#include "tests/host/fakes.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#include <errno.h>

#define MANY 20000 /* more calls than any scenario has */

static const char policy[] = "choose menu\nchoose static-challenge\n";

/* What a scenario does between fakes_fail_at() and fakes_stop(). */
struct scenario {
    const char *name;
    const char *module; /* NULL: nothing is wrapped */
    const char *mode;
    const char *username;
    const char *password;
    const char *iv_sso;
    const char *answer; /* to the menu, base64; NULL if none */
    const char *profile;
};

static const struct scenario scenarios[] = {
    {"plain", NULL, NULL, "carol", HOST_PASSWORD, NULL, NULL, "campus"},
    {"suffix", "inner_v3", "check", "carol+library", HOST_PASSWORD, NULL, NULL, "library"},
    {"old module", "inner_v1", "check", "carol", HOST_PASSWORD, NULL, NULL, "campus"},
    {"full", "inner_v2", "check", "alice+full", HOST_PASSWORD, NULL, NULL, "full"},
    {"static challenge", "inner_v3", "check", "carol",
     "SCRV1:Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5:bGlicmFyeQ==", NULL, NULL, "library"},
    {"menu", "inner_v3", "check", "carol", HOST_PASSWORD, "crtext", "bGlicmFyeQ==", "library"},
    {"later", "inner_v3", "later-check", "carol+library", HOST_PASSWORD, NULL, NULL, "library"},
    {"wrong password", "inner_v3", "check", "carol", "wrong", NULL, NULL, NULL},
    {"refused", "inner_v3", "check", "carol+ful", HOST_PASSWORD, NULL, NULL, NULL},
    {"refused later", "inner_v3", "later-check", "carol+ful", HOST_PASSWORD, NULL, NULL, NULL},
    {"wrong later", "inner_v3", "later-check", "alice+full", "wrong", NULL, NULL, NULL},
};
enum { N_SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]) };

static struct host *prepare(const struct scenario *scenario)
{
    struct host *host = host_new();
    char text[2048];

    snprintf(text, sizeof(text), "%s%s", scenario->module != NULL ? policy : "", host_policy_text);
    host_policy(host, text);
    if (scenario->module != NULL)
        host_wrap(host, scenario->module, scenario->mode);
    return host;
}

static struct host_client *make_client(struct host *host, const struct scenario *scenario)
{
    struct host_client *client = host_client_new(host);

    host_login(client, scenario->username, scenario->password);
    host_set(client, "IV_SSO", scenario->iv_sso);
    host_set(client, "session_id", "AAAAAAAAAAAAAAAA");
    return client;
}

/* Logs in and connects; what it got (NULL if denied), which the caller frees. */
static char *live(struct host_client *client, const struct scenario *scenario, unsigned timeout_ms)
{
    char *text = NULL;
    int status = scenario->module != NULL ? host_auth(client) : HOST_OK;

    if (status == HOST_DEFERRED && scenario->answer != NULL)
        host_crresponse(client, scenario->answer);
    if (status == HOST_DEFERRED)
        status = host_verdict(client, timeout_ms) == '1' ? HOST_OK : HOST_ERROR;
    if (status == HOST_OK)
        host_connect(client, &text);
    host_learn(client, "add", "10.8.0.2");
    host_disconnect(client, 1, 2);
    return text;
}

/* Runs the scenario with the n-th call failing, and checks what came of it. */
static bool one_failure(struct host *host, const struct scenario *scenario, const char *right,
                        enum fake_failure what, unsigned long n, bool all_after)
{
    struct host_client *client;
    char *text;

    fakes_fail_at(what, n, all_after);
    client = make_client(host, scenario);
    text = live(client, scenario, 200);
    host_client_free(client);
    fakes_stop();
    if (text != NULL) {
        ck_assert_msg(right != NULL, "%s was let in by failure %lu", scenario->name, n);
        ck_assert_msg(strcmp(text, right) == 0, "%s: a wrong text by failure %lu:\n%s",
                      scenario->name, n, text);
    }
    free(text);
    return fakes_failed();
}

/* What the scenario gives when nothing fails. */
static char *without_failure(struct host *host, const struct scenario *scenario)
{
    struct host_client *client = make_client(host, scenario);
    char *text = live(client, scenario, HOST_PATIENCE_MS);

    ck_assert_msg((text != NULL) == (scenario->profile != NULL), "%s: %s", scenario->name,
                  host_log(host));
    if (text != NULL)
        ck_assert_str_eq(host_spool(host, SPOOL_CONNECTED, 0).profile, scenario->profile);
    host_client_free(client);
    return text;
}

static void fail_each(int i, enum fake_failure what, bool all_after)
{
    const struct scenario *scenario = &scenarios[i];
    struct host *host = prepare(scenario);
    unsigned long n = 1;
    char *right;
    char *after;

    ck_assert_msg(host_open(host), "%s", host_log(host));
    right = without_failure(host, scenario);
    while (n < MANY && one_failure(host, scenario, right, what, n, all_after))
        n++;
    ck_assert_uint_lt(n, MANY);
    if (what == FAKE_MEMORY && scenario->module != NULL)
        ck_assert_msg(n > 1, "no failure was ever met");
    after = without_failure(host, scenario); /* OpenVPN goes on */
    if (right != NULL)
        ck_assert_str_eq(after, right);
    free(right);
    free(after);
    host_free(host);
}

START_TEST(when_one_request_for_memory_fails_it_is_the_right_text_or_none)
{
    fail_each(_i, FAKE_MEMORY, false);
}
END_TEST

START_TEST(when_all_requests_for_memory_fail_from_one_on_it_is_the_same)
{
    fail_each(_i, FAKE_MEMORY, true);
}
END_TEST

START_TEST(when_one_call_of_the_system_fails_it_is_the_right_text_or_none)
{
    fail_each(_i, FAKE_SYSTEM, false);
}
END_TEST

START_TEST(when_no_descriptor_can_be_had_it_is_the_right_text_or_none)
{
    fakes_set_errno(EMFILE);
    fail_each(_i, FAKE_SYSTEM, true);
}
END_TEST

/* ── at start and at reload ── */

START_TEST(when_a_request_fails_at_start_the_plugin_opens_or_does_not)
{
    const struct scenario *scenario = &scenarios[_i % 2 == 0 ? 0 : 1];
    enum fake_failure what = _i < 2 ? FAKE_MEMORY : FAKE_SYSTEM;
    struct host *host = prepare(scenario);
    unsigned long n;

    for (n = 1; n < MANY; n++) {
        bool opened;

        fakes_fail_at(what, n, false);
        opened = host_open(host);
        fakes_stop();
        if (opened) {
            char *text = host_text_for(host, "carol");

            ck_assert_ptr_nonnull(strstr(text, "route 10.0.0.0 255.0.0.0"));
            ck_assert_ptr_null(strstr(text, "push \"redirect-gateway"));
            free(text);
            host_close(host);
        }
        if (!fakes_failed())
            break;
    }
    ck_assert_uint_lt(n, MANY);
    ck_assert_uint_gt(n, 2); /* something did fail */
    host_free(host);
}
END_TEST

START_TEST(when_a_request_fails_at_reload_the_old_policy_or_the_new_one_counts)
{
    static const char one[] = "default-profile campus\n<routes r>\n10.0.0.0/8\n</routes>\n"
                              "<profile campus>\ntunnel split\nroutes r\n</profile>\n";
    static const char two[] = "default-profile campus\n<routes r>\n172.20.0.0/16\n</routes>\n"
                              "<profile campus>\ntunnel split\nroutes r\n</profile>\n";
    struct host *host = host_start(one);
    char *old_text = host_text_for(host, "carol");
    char *new_text;
    unsigned long n;

    host_policy(host, two);
    fakes_skip_ms(2000);
    new_text = host_text_for(host, "carol");
    ck_assert_str_ne(old_text, new_text);
    for (n = 1; n < MANY; n++) {
        struct host_client *client = host_client_new(host);
        char *text;

        host_policy(host, n % 2 == 0 ? two : one);
        fakes_skip_ms(2000);
        host_login(client, "carol", HOST_PASSWORD);
        fakes_fail_at(_i == 0 ? FAKE_MEMORY : FAKE_SYSTEM, n, false);
        if (host_intercepts(host, OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY))
            host_auth(client);
        host_connect(client, &text);
        fakes_stop();
        ck_assert(text == NULL || strcmp(text, old_text) == 0 || strcmp(text, new_text) == 0);
        free(text);
        host_client_free(client);
        if (!fakes_failed())
            break;
    }
    ck_assert_uint_lt(n, MANY);
    ck_assert_uint_gt(n, 2); /* something did fail */
    free(old_text);
    free(new_text);
    host_free(host);
}
END_TEST

START_TEST(a_reload_that_failed_for_want_of_memory_is_tried_again)
{
    struct host *host = host_start(host_policy_text);
    char text[2048];

    snprintf(text, sizeof(text), "%s<user dave>\nprofile library\n</user>\n", host_policy_text);
    host_policy(host, text);
    fakes_skip_ms(2000);
    fakes_fail_at(FAKE_MEMORY, 1, true);
    for (int i = 0; i < 2; i++) {
        struct host_client *client = host_client_bare(host);
        char *got;

        host_login(client, "dave", HOST_PASSWORD);
        host_connect(client, &got);
        free(got);
        host_client_free(client);
    }
    fakes_stop();
    fakes_skip_ms(2000);
    free(host_text_for(host, "dave"));
    fakes_skip_ms(2000);
    free(host_text_for(host, "dave"));
    ck_assert_str_eq(
        host_spool(host, SPOOL_CONNECTED, host_spool_count(host, SPOOL_CONNECTED) - 1).profile,
        "library");
    host_free(host);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("host: failures");
    TCase *tests = tcase_create("failures");

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, when_one_request_for_memory_fails_it_is_the_right_text_or_none, 0,
                        N_SCENARIOS);
    tcase_add_loop_test(tests, when_all_requests_for_memory_fail_from_one_on_it_is_the_same, 0,
                        N_SCENARIOS);
    tcase_add_loop_test(tests, when_one_call_of_the_system_fails_it_is_the_right_text_or_none, 0,
                        N_SCENARIOS);
    tcase_add_loop_test(tests, when_no_descriptor_can_be_had_it_is_the_right_text_or_none, 0,
                        N_SCENARIOS);
    tcase_add_loop_test(tests, when_a_request_fails_at_start_the_plugin_opens_or_does_not, 0, 4);
    tcase_add_loop_test(tests, when_a_request_fails_at_reload_the_old_policy_or_the_new_one_counts,
                        0, 2);
    tcase_add_test(tests, a_reload_that_failed_for_want_of_memory_is_tried_again);
    suite_add_tcase(suite, tests);
    return suite;
}
