/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every hook with nothing, with too little and in the wrong order: denied or harmless. */
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#include <time.h>

#define AUTH       OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY
#define CONNECT    OPENVPN_PLUGIN_CLIENT_CONNECT_V2
#define CRRESPONSE OPENVPN_PLUGIN_CLIENT_CRRESPONSE
#define LEARN      OPENVPN_PLUGIN_LEARN_ADDRESS
#define DISCONNECT OPENVPN_PLUGIN_CLIENT_DISCONNECT
#define ROUTES     "route 10.0.0.0 255.0.0.0"
#define FULL       "push \"redirect-gateway"

/* After a disconnect OpenVPN goes on whatever it is told, so that one is not here. */
static const int hooks[] = {AUTH,
                            CONNECT,
                            CRRESPONSE,
                            LEARN,
                            OPENVPN_PLUGIN_TLS_VERIFY,
                            OPENVPN_PLUGIN_TLS_FINAL,
                            OPENVPN_PLUGIN_UP,
                            99};
enum { N_HOOKS = sizeof(hooks) / sizeof(hooks[0]) };

static struct host *start_wrapped(const char *module, const char *mode)
{
    struct host *host = host_new();

    host_policy(host, host_policy_text);
    host_wrap(host, module, mode);
    ck_assert_msg(host_open(host), "%s", host_log(host));
    return host;
}

START_TEST(the_plugin_opens_and_closes)
{
    struct host *host = host_start(host_policy_text);

    ck_assert(host_intercepts(host, CONNECT));
    ck_assert(host_intercepts(host, DISCONNECT));
    ck_assert(host_intercepts(host, LEARN));
    ck_assert_uint_eq(host_spool_count(host, SPOOL_SERVER), 1);
    host_free(host);
}
END_TEST

START_TEST(a_whole_session_gets_its_routes_and_leaves_its_records)
{
    struct host *host = host_start(host_policy_text);
    struct host_client *client = host_client_new(host);
    struct spool_record record;
    char *text;

    host_login(client, "carol", HOST_PASSWORD);
    text = host_expect_connect(client);
    ck_assert_ptr_nonnull(strstr(text, ROUTES));
    ck_assert_ptr_null(strstr(text, FULL));
    free(text);
    ck_assert_int_eq(host_learn(client, "add", "10.8.0.2"), HOST_OK);
    ck_assert_int_eq(host_disconnect(client, 1234, 5678), HOST_OK);
    host_client_free(client);
    host_learn_delete(host, "10.8.0.2");

    record = host_spool(host, SPOOL_CONNECTED, 0);
    ck_assert_str_eq(record.user, "carol");
    ck_assert_str_eq(record.profile, "campus");
    ck_assert_str_eq(record.by, "default");
    ck_assert_str_eq(record.real, "203.0.113.7");
    record = host_spool(host, SPOOL_ADDRESS, 0);
    ck_assert_str_eq(record.address, "10.8.0.2");
    record = host_spool(host, SPOOL_DISCONNECTED, 0);
    ck_assert_int_eq(record.from_client, 1234);
    ck_assert_int_eq(record.to_client, 5678);
    ck_assert_int_eq(record.duration, 61);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_VANISHED), 0);
    host_free(host);
}
END_TEST

/* A client that our hook let in, and nobody else was asked about yet. */
static struct host_client *let_in_by_us(struct host *host, const char *name)
{
    struct host_client *client = host_client_new(host);
    char *text = NULL;

    host_login(client, name, HOST_PASSWORD);
    ck_assert_int_eq(host_connect_hook(client, &text), HOST_OK);
    free(text);
    return client;
}

START_TEST(who_is_refused_by_a_script_after_us_is_a_refusal_and_no_session)
{
    struct host *host = host_start(host_policy_text);
    struct host_client *client = let_in_by_us(host, "alice+full");
    struct spool_record record;

    ck_assert_uint_eq(host_spool_count(host, SPOOL_CONNECTED), 0);
    ck_assert_int_eq(host_disconnect(client, 910, 1597), HOST_OK);
    host_client_free(client);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_CONNECTED), 0);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_DISCONNECTED), 0);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_VANISHED), 0);
    record = host_spool(host, SPOOL_REFUSED, 0);
    ck_assert_str_eq(record.user, "alice");
    ck_assert_str_eq(record.typed, "alice+full");
    ck_assert_str_eq(record.wanted, "full");
    ck_assert_str_eq(record.real, "203.0.113.7");
    ck_assert_ptr_nonnull(strstr(record.reason, "a script or another plugin refused"));
    host_free(host);
}
END_TEST

START_TEST(who_leaves_while_a_script_is_asked_after_us_is_nothing)
{
    struct host *host = host_start(host_policy_text);

    host_client_free(let_in_by_us(host, "alice"));
    ck_assert_uint_eq(host_spool_count(host, SPOOL_CONNECTED), 0);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_VANISHED), 0);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_REFUSED), 0);
    host_free(host);
}
END_TEST

/* The numbers in a file only grow, or the daemon passes over them. */
START_TEST(sessions_are_numbered_in_the_order_in_which_they_are_let_in)
{
    struct host *host = host_start(host_policy_text);
    struct host_client *slow = let_in_by_us(host, "alice");
    struct host_client *quick = let_in_by_us(host, "bob");
    int64_t asked_at = time(NULL);
    struct spool_record record;

    ck_assert_int_eq(host_learn(quick, "add", "10.8.0.3"), HOST_OK);
    host_sleep_ms(1100);
    ck_assert_int_eq(host_learn(slow, "add", "10.8.0.2"), HOST_OK);
    ck_assert_int_eq(host_learn(slow, "add", "fd00::2"), HOST_OK);
    record = host_spool(host, SPOOL_CONNECTED, 0);
    ck_assert_str_eq(record.user, "bob");
    ck_assert_int_eq(record.session, 1);
    record = host_spool(host, SPOOL_CONNECTED, 1);
    ck_assert_str_eq(record.user, "alice");
    ck_assert_int_eq(record.session, 2);
    ck_assert_int_gt(record.at, asked_at); /* times only grow, too: when the client was let in */
    ck_assert_int_eq(host_spool(host, SPOOL_ADDRESS, 0).session, 1);
    ck_assert_int_eq(host_spool(host, SPOOL_ADDRESS, 2).session, 2);
    host_client_free(quick);
    host_client_free(slow);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_VANISHED), 2);
    host_free(host);
}
END_TEST

/* A bridge learns hardware addresses, and only once the client sends something. */
START_TEST(without_addresses_to_wait_for_a_session_begins_with_our_hook)
{
    struct host *host = host_new();
    struct host_client *client;

    host_policy(host, host_policy_text);
    if (_i == 0)
        host_setenv(host, "dev_type", "tap");
    if (_i == 1)
        host_setenv(host, "dev_type", NULL);
    ck_assert(host_open(host));
    client = host_client_new(host);
    if (_i == 2)
        host_without(client, "ifconfig_pool_remote_ip");
    host_login(client, "alice", HOST_PASSWORD);
    free(host_expect_connect(client));
    ck_assert_uint_eq(host_spool_count(host, SPOOL_CONNECTED), 1);
    ck_assert_int_eq(host_disconnect(client, 1, 2), HOST_OK);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_DISCONNECTED), 1);
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(every_hook_denies_when_nothing_is_set)
{
    const char *empty[] = {NULL};
    struct host *host = start_wrapped("inner_v3", "check");
    struct openvpn_plugin_string_list *list = NULL;
    struct host_client *client = host_client_new(host);
    int type = hooks[_i];

    ck_assert_int_ne(host_call(host, type, NULL, empty, host_context(client), NULL), HOST_OK);
    ck_assert_int_ne(host_call(host, type, NULL, empty, NULL, NULL), HOST_OK);
    ck_assert_int_ne(host_call(host, type, NULL, NULL, host_context(client), NULL), HOST_OK);
    ck_assert_int_ne(host_call(host, type, NULL, NULL, NULL, NULL), HOST_OK);
    ck_assert_int_ne(host_call(host, type, NULL, empty, host_context(client), &list), HOST_OK);
    ck_assert_ptr_null(list);
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_hook_that_was_not_asked_for_is_denied)
{
    static const int odd[] = {-1, 0, 6, 11, 13, 14, 15, 16, 99, 1 << 30};
    struct host *host = host_start(host_policy_text);
    struct openvpn_plugin_string_list *list = NULL;
    struct host_client *client = host_client_new(host);

    host_login(client, "alice", HOST_PASSWORD);
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        ck_assert_int_ne(host_hook(client, odd[i], &list), HOST_OK);
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(an_older_interface_is_refused)
{
    struct host *host = host_new();

    host_policy(host, host_policy_text);
    ck_assert(!host_speaks_version(host, 4));
    ck_assert(!host_speaks_version(host, 0));
    ck_assert(host_speaks_version(host, 6));
    host_free(host);
}
END_TEST

/* What OpenVPN always gives; each is left out once. */
static const char *const given[] = {"username",
                                    "password",
                                    "common_name",
                                    "untrusted_ip",
                                    "untrusted_port",
                                    "trusted_ip",
                                    "trusted_port",
                                    "auth_control_file",
                                    "auth_pending_file",
                                    "auth_failed_reason_file",
                                    "ifconfig_pool_remote_ip",
                                    "ifconfig_pool_netmask",
                                    "time_unix",
                                    "time_ascii",
                                    "bytes_received",
                                    "bytes_sent",
                                    "time_duration",
                                    "IV_VER",
                                    "IV_PLAT",
                                    "IV_PROTO",
                                    "IV_SSO",
                                    "daemon_pid",
                                    "daemon_start_time",
                                    "daemon",
                                    "config",
                                    "verb"};
enum { N_GIVEN = sizeof(given) / sizeof(given[0]) };

/* Without a name, a password or a place for the verdict nobody can be let in. */
static bool is_needed_to_authenticate(const char *name)
{
    return strcmp(name, "username") == 0 || strcmp(name, "password") == 0;
}

START_TEST(a_missing_variable_never_gives_more_than_the_policy_says)
{
    const char *missing = given[_i];
    struct host *host = start_wrapped("inner_v3", "check");
    char *usual = host_text_for(host, "carol");
    struct host_client *client = host_client_new(host);
    char *text = NULL;
    int status;

    host_without(client, missing);
    host_login(client, "carol", HOST_PASSWORD);
    status = host_auth(client);
    if (is_needed_to_authenticate(missing))
        ck_assert_int_eq(status, HOST_ERROR);
    if (host_connect(client, &text) == HOST_OK)
        ck_assert_str_eq(text, usual);
    if (status != HOST_OK)
        ck_assert_ptr_null(text);
    free(text);
    host_learn(client, "add", "10.8.0.2");
    host_disconnect(client, 1, 2);
    host_client_free(client);
    free(usual);
    host_free(host);
}
END_TEST

START_TEST(a_missing_byte_count_is_recorded_as_unknown)
{
    struct host *host = host_start(host_policy_text);
    struct host_client *client = host_client_new(host);
    struct spool_record record;

    host_without(client, "bytes_received");
    host_without(client, "time_duration");
    host_login(client, "carol", HOST_PASSWORD);
    free(host_expect_connect(client));
    host_disconnect(client, 1, 2);
    record = host_spool(host, SPOOL_DISCONNECTED, 0);
    ck_assert_int_eq(record.from_client, SPOOL_NONE);
    ck_assert_int_eq(record.to_client, 2);
    ck_assert_int_eq(record.duration, SPOOL_NONE);
    host_client_free(client);
    host_free(host);
}
END_TEST

static const char *const modules[] = {"inner_v1", "inner_v2", "inner_v3"};
enum { N_MODULES = sizeof(modules) / sizeof(modules[0]) };

START_TEST(who_was_not_authenticated_is_not_connected)
{
    struct host *host = start_wrapped(modules[_i], "check");
    struct host_client *client = host_client_new(host);
    char *text;

    host_login(client, "alice+full", HOST_PASSWORD);
    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    ck_assert_ptr_null(text);
    host_login(client, "alice+full", "wrong");
    ck_assert_int_eq(host_auth(client), HOST_ERROR);
    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    ck_assert_ptr_null(text);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_CONNECTED), 0);
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_no_at_renegotiation_takes_the_earlier_yes_back)
{
    struct host *host = start_wrapped("inner_v3", "check");
    struct host_client *client = host_client_new(host);
    char *text;

    host_login(client, "carol", HOST_PASSWORD);
    ck_assert_int_eq(host_auth(client), HOST_OK);
    host_login(client, "carol", "wrong");
    ck_assert_int_eq(host_auth(client), HOST_ERROR);
    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(one_client_s_yes_is_not_another_s)
{
    struct host *host = start_wrapped("inner_v3", "check");
    struct host_client *good = host_client_new(host);
    struct host_client *bad = host_client_new(host);
    char *text;

    host_login(good, "carol", HOST_PASSWORD);
    ck_assert_int_eq(host_auth(good), HOST_OK);
    host_login(bad, "carol", HOST_PASSWORD);
    ck_assert_int_eq(host_connect(bad, &text), HOST_ERROR);
    host_login(bad, "carol", "wrong");
    ck_assert_int_eq(host_auth(bad), HOST_ERROR);
    ck_assert_int_eq(host_connect(bad, &text), HOST_ERROR);
    ck_assert_int_eq(host_connect(good, &text), HOST_OK);
    free(text);
    host_client_free(good);
    host_client_free(bad);
    host_free(host);
}
END_TEST

START_TEST(the_name_that_connects_is_the_name_that_was_authenticated)
{
    struct host *host = start_wrapped("inner_v3", "check");
    struct host_client *client = host_client_new(host);
    char *text;

    host_login(client, "carol", HOST_PASSWORD);
    ck_assert_int_eq(host_auth(client), HOST_OK);
    host_set(client, "username", "alice+full");
    if (host_connect(client, &text) == HOST_OK)
        ck_assert_ptr_null(strstr(text, FULL));
    free(text);
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(without_a_context_of_its_own_nobody_is_let_in)
{
    struct host *host = start_wrapped("inner_v3", "check");
    struct host_client *client = host_client_bare(host);
    char *text;

    host_login(client, "carol", HOST_PASSWORD);
    ck_assert_int_eq(host_auth(client), HOST_ERROR);
    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    host_learn(client, "add", "10.8.0.2");
    host_disconnect(client, 1, 2);
    host_crresponse(client, "YQ==");
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_connect_that_cannot_return_a_text_is_denied)
{
    struct host *host = host_start(host_policy_text);
    struct host_client *client = host_client_new(host);

    host_login(client, "carol", HOST_PASSWORD);
    if (host_intercepts(host, AUTH))
        ck_assert_int_eq(host_auth(client), HOST_OK);
    ck_assert_int_eq(host_hook(client, CONNECT, NULL), HOST_ERROR);
    host_client_free(client);
    host_free(host);
}
END_TEST

/* ── the wrong order ── */

/* One step of a client's life; what it answers is checked by the harness alone. */
static void step(struct host_client *client, char what)
{
    char *text = NULL;

    switch (what) {
    case 'a':
        host_login(client, "carol", HOST_PASSWORD);
        host_auth(client);
        break;
    case 'w':
        host_login(client, "carol", "wrong");
        ck_assert_int_eq(host_auth(client), HOST_ERROR);
        break;
    case 'r':
        host_crresponse(client, "bGlicmFyeQ==");
        break;
    case 't':
        host_tls_final(client);
        break;
    case 'c':
        host_connect(client, &text);
        break;
    case 'l':
        host_learn(client, "add", "10.8.0.2");
        break;
    case 'u':
        host_learn(client, "update", "10.8.0.3");
        break;
    case 'd':
        host_disconnect(client, 10, 20);
        break;
    default:
        ck_abort_msg("no such step: %c", what);
    }
    free(text);
}

static const char *const orders[] = {
    "",     "a",    "c",     "d",     "l",    "r",    "dd",    "dc",    "ld",    "lc",
    "rr",   "ra",   "rac",   "arc",   "acr",  "acrd", "acc",   "acdd",  "acdl",  "acdc",
    "acda", "wc",   "wcd",   "wd",    "awc",  "aac",  "acac",  "acld",  "acldl", "aclulud",
    "at",   "atcl", "acldc", "acaal", "acwd", "adcl", "arrrc", "acrrr", "wrc",   "twcld",
};
enum { N_ORDERS = sizeof(orders) / sizeof(orders[0]) };

static size_t count(const char *order, char what)
{
    size_t n = 0;

    for (; *order != '\0'; order++)
        n += *order == what;
    return n;
}

START_TEST(any_order_of_hooks_is_harmless_and_every_session_ends_once)
{
    struct host *host = start_wrapped(modules[_i % N_MODULES], "check");
    struct host_client *client = host_client_new(host);
    const char *order = orders[_i / N_MODULES];
    size_t begun;

    for (const char *at = order; *at != '\0'; at++)
        step(client, *at);
    host_client_destroy(client);
    begun = host_spool_count(host, SPOOL_CONNECTED);
    ck_assert_uint_le(begun, count(order, 'c'));
    ck_assert_uint_eq(begun, host_spool_count(host, SPOOL_DISCONNECTED) +
                                 host_spool_count(host, SPOOL_VANISHED));
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_session_that_only_vanishes_is_recorded_as_vanished)
{
    struct host *host = host_start(host_policy_text);
    struct host_client *client = host_client_new(host);
    struct spool_record begun;
    struct spool_record ended;

    host_login(client, "carol", HOST_PASSWORD);
    free(host_expect_connect(client));
    host_client_free(client);
    begun = host_spool(host, SPOOL_CONNECTED, 0);
    ended = host_spool(host, SPOOL_VANISHED, 0);
    ck_assert_int_eq(ended.session, begun.session);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_DISCONNECTED), 0);
    host_free(host);
}
END_TEST

START_TEST(a_disconnect_of_who_never_connected_is_not_recorded)
{
    struct host *host = start_wrapped("inner_v3", "check");
    struct host_client *client = host_client_new(host);

    host_login(client, "carol", "wrong");
    host_auth(client);
    host_disconnect(client, 1, 2);
    host_client_free(client);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_DISCONNECTED), 0);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_VANISHED), 0);
    host_free(host);
}
END_TEST

START_TEST(clients_left_over_at_close_do_no_harm)
{
    struct host *host = host_start(host_policy_text);
    struct host_client *client = host_client_new(host);

    host_login(client, "carol", HOST_PASSWORD);
    free(host_expect_connect(client));
    /* OpenVPN destroys every instance before it closes its plugins; so does host_free's caller */
    host_client_free(client);
    host_close(host);
    ck_assert(host_open(host));
    ck_assert_uint_eq(host_spool_count(host, SPOOL_SERVER), 1);
    host_free(host);
}
END_TEST

/* OpenVPN can be given the plugin twice, and keeps one copy of its code. */
START_TEST(two_servers_in_one_process_are_kept_apart)
{
    struct host *one = host_start(host_policy_text);
    struct host *two = host_start("default-profile office\n"
                                  "<routes r>\n172.20.0.0/16\n</routes>\n"
                                  "<profile office>\ntunnel split\nroutes r\n</profile>\n");
    char *first = host_text_for(one, "carol");
    char *second = host_text_for(two, "carol");

    ck_assert_ptr_nonnull(strstr(first, ROUTES));
    ck_assert_ptr_nonnull(strstr(second, "route 172.20.0.0 255.255.0.0"));
    ck_assert_ptr_null(strstr(second, ROUTES));
    ck_assert_str_eq(host_spool(two, SPOOL_CONNECTED, 0).profile, "office");
    host_free(two);
    ck_assert_str_eq(host_spool(one, SPOOL_CONNECTED, 0).profile, "campus");
    free(first);
    free(second);
    host_free(one);
}
END_TEST

START_TEST(a_thousand_openings_leave_nothing_behind)
{
    struct host *host = start_wrapped("inner_v3", "later-check");

    for (int i = 0; i < 1000; i++) {
        host_close(host);
        ck_assert_msg(host_open(host), "%s", host_log(host));
    }
    host_free(host);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("host: hooks");
    TCase *tests = tcase_create("hooks");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_plugin_opens_and_closes);
    tcase_add_test(tests, a_whole_session_gets_its_routes_and_leaves_its_records);
    tcase_add_test(tests, who_is_refused_by_a_script_after_us_is_a_refusal_and_no_session);
    tcase_add_test(tests, who_leaves_while_a_script_is_asked_after_us_is_nothing);
    tcase_add_test(tests, sessions_are_numbered_in_the_order_in_which_they_are_let_in);
    tcase_add_loop_test(tests, without_addresses_to_wait_for_a_session_begins_with_our_hook, 0, 3);
    tcase_add_loop_test(tests, every_hook_denies_when_nothing_is_set, 0, N_HOOKS);
    tcase_add_test(tests, a_hook_that_was_not_asked_for_is_denied);
    tcase_add_test(tests, an_older_interface_is_refused);
    tcase_add_loop_test(tests, a_missing_variable_never_gives_more_than_the_policy_says, 0,
                        N_GIVEN);
    tcase_add_test(tests, a_missing_byte_count_is_recorded_as_unknown);
    tcase_add_loop_test(tests, who_was_not_authenticated_is_not_connected, 0, N_MODULES);
    tcase_add_test(tests, a_no_at_renegotiation_takes_the_earlier_yes_back);
    tcase_add_test(tests, one_client_s_yes_is_not_another_s);
    tcase_add_test(tests, the_name_that_connects_is_the_name_that_was_authenticated);
    tcase_add_test(tests, without_a_context_of_its_own_nobody_is_let_in);
    tcase_add_test(tests, a_connect_that_cannot_return_a_text_is_denied);
    tcase_add_loop_test(tests, any_order_of_hooks_is_harmless_and_every_session_ends_once, 0,
                        N_ORDERS * N_MODULES);
    tcase_add_test(tests, a_session_that_only_vanishes_is_recorded_as_vanished);
    tcase_add_test(tests, a_disconnect_of_who_never_connected_is_not_recorded);
    tcase_add_test(tests, clients_left_over_at_close_do_no_harm);
    tcase_add_test(tests, two_servers_in_one_process_are_kept_apart);
    tcase_add_test(tests, a_thousand_openings_leave_nothing_behind);
    suite_add_tcase(suite, tests);
    return suite;
}
