/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything a client can send, filled with what would hurt if it were not treated
 * as data. What comes out is what a harmless client gets, or a denial. That log
 * lines, reasons and texts are clean is checked by the harness at every call.
 */
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define MEGABYTE (1024 * 1024)

static const char policy[] = "choose peer-info UV_TUNNEL\n"
                             "choose static-challenge\n"
                             "choose menu\n";

/* NULL stands for a megabyte of 'a', see value(). */
static const char *const hostile[] = {
    "",
    " ",
    "carol\npush \"redirect-gateway def1\"",
    "carol\r\nroute 0.0.0.0 0.0.0.0",
    "<x>",
    "<connection>\n",
    "</profile>",
    "a,b,c",
    "\"",
    "\"; push \"redirect-gateway",
    "'single'",
    "%s%s%s%n%n%n",
    "%",
    "%41%0a",
    "\\",
    "\\\"\\",
    "#comment",
    ";comment",
    "\t\v\f",
    "\x01\x02\x1b[2J\x1b]0;title\x07",
    "\x7f",
    "\xc2\x9b"
    "31m",
    "\x9b",
    "\xff\xfe\xc0\x80",
    "\xed\xa0\x80",
    "\xe2\x80\xae"
    "drawkcab",
    "\xe2\x80\x8f",
    "\xf0\x9f\x90\x8e",
    "a\tuser=root\tb",
    "../../../../etc/passwd",
    "/dev/zero",
    "$(reboot)`reboot`",
    "=1+1",
    "full",
    "FULL",
    "+",
    "+full",
    "carol+",
    "carol++",
    "carol+full",
    "carol+ful",
    "carol+campus+full",
    "root",
    "SCRV1:",
    "SCRV1::",
    "SCRV1:!!!:???",
    "CRV1::",
    "CRV1::AAAA::full",
    "CRV1::AAAA",
    "-1",
    "99999999999999999999999999",
    "0x10",
    "300.300.300.300",
    "::ffff:10.0.0.1",
    "TEMP[backoff 30]:again",
    NULL,
};
enum { N_HOSTILE = sizeof(hostile) / sizeof(hostile[0]) };

/* What a client decides, and, to be sure, what the network or the server decides. */
static const char *const variables[] = {
    "username",      "password",       "common_name",
    "UV_TUNNEL",     "UV_OTHER",       "IV_VER",
    "IV_GUI_VER",    "IV_PLAT",        "IV_SSO",
    "IV_PROTO",      "session_id",     "session_state",
    "untrusted_ip",  "untrusted_port", "untrusted_ip6",
    "trusted_ip",    "trusted_port",   "ifconfig_pool_remote_ip",
    "time_unix",     "bytes_received", "bytes_sent",
    "time_duration", "X509_0_CN",      "tls_id_0",
};
enum { N_VARIABLES = sizeof(variables) / sizeof(variables[0]) };

/* The i-th value; a long one is made of `letter`s. The caller frees. */
static char *value(size_t i, char letter)
{
    char *long_one;

    if (hostile[i] != NULL)
        return strdup(hostile[i]);
    long_one = malloc(MEGABYTE + 1);
    ck_assert_ptr_nonnull(long_one);
    memset(long_one, letter, MEGABYTE);
    long_one[MEGABYTE] = '\0';
    return long_one;
}

static struct host *start(const char *inner_mode)
{
    struct host *host = host_new();
    char text[2048];

    snprintf(text, sizeof(text), "%s%s", policy, host_policy_text);
    host_policy(host, text);
    if (inner_mode != NULL)
        host_wrap(host, "inner_v3", inner_mode);
    ck_assert_msg(host_open(host), "%s", host_log(host));
    return host;
}

/* Printable ASCII, tabs and line ends only: so no value can forge a field or a line. */
static void check_spool_bytes(struct host *host)
{
    char *text = host_spool_text(host);

    for (const char *at = text; *at != '\0'; at++)
        host_must(*at == '\n' || *at == '\t' ||
                      ((unsigned char)*at >= 32 && (unsigned char)*at < 127),
                  "byte %d in the spool", *at);
    free(text);
}

/* A whole life with that value in that variable, whatever each hook says. */
static void live(struct host *host, const char *name, const char *bad, const char *usual)
{
    struct host_client *client = host_client_new(host);
    char *text = NULL;

    host_login(client, "carol", HOST_PASSWORD);
    host_force(client, name, bad);
    host_auth(client);
    host_crresponse(client, bad);
    if (host_connect(client, &text) == HOST_OK)
        ck_assert_msg(strcmp(text, usual) == 0, "%s changed the text:\n%s", name, text);
    free(text);
    host_learn(client, "add", "10.8.0.2");
    host_learn(client, "add", bad);
    host_disconnect(client, 1, 2);
    host_client_free(client);
    host_learn_delete(host, bad);
}

START_TEST(no_value_of_a_client_changes_the_text_or_forges_a_line)
{
    struct host *host = start("check");
    char *usual = host_text_for(host, "carol");
    const char *name = variables[_i];

    for (size_t i = 0; i < N_HOSTILE; i++) {
        char *bad = value(i, 'a');

        live(host, name, bad, usual);
        free(bad);
    }
    check_spool_bytes(host);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_CONNECTED),
                      host_spool_count(host, SPOOL_DISCONNECTED) +
                          host_spool_count(host, SPOOL_VANISHED));
    free(usual);
    host_free(host);
}
END_TEST

/* What counts where OpenVPN authenticates by other means. */
static const char *const names[] = {"username", "common_name", "UV_TUNNEL", "session_id",
                                    "trusted_ip"};
enum { N_NAMES = sizeof(names) / sizeof(names[0]) };

START_TEST(without_an_inner_plugin_it_is_the_same)
{
    struct host *host = start(NULL);
    char *usual = host_text_for(host, "carol");

    for (size_t i = 0; i < N_HOSTILE; i++) {
        char *bad = value(i, 'a');

        live(host, names[_i], bad, usual);
        free(bad);
    }
    check_spool_bytes(host);
    free(usual);
    host_free(host);
}
END_TEST

START_TEST(all_variables_at_once_are_a_megabyte_each)
{
    struct host *host = start("check");
    struct host_client *client = host_client_new(host);
    char *text = NULL;

    for (size_t i = 0; i < N_VARIABLES; i++) {
        char *bad = value(N_HOSTILE - 1, '<');

        host_force(client, variables[i], bad);
        free(bad);
    }
    ck_assert_int_eq(host_auth(client), HOST_ERROR);
    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    host_disconnect(client, 1, 2);
    host_client_free(client);
    check_spool_bytes(host);
    host_free(host);
}
END_TEST

START_TEST(a_profile_that_is_no_name_is_refused_with_one_printable_line)
{
    static const char *const bad[] = {"<x>", "a\nb", "%n%n", "\x1b[2J", "\xff", "\"", "a,b", "\\"};
    struct host *host = start("check");

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct host_client *client = host_client_new(host);
        char typed[64];
        char *text;

        snprintf(typed, sizeof(typed), "carol+%s", bad[i]);
        host_login(client, typed, HOST_PASSWORD);
        ck_assert_int_eq(host_auth(client), HOST_ERROR);
        ck_assert_msg(strstr(host_reason(client), "campus") != NULL, "reason: %s",
                      host_reason(client));
        ck_assert_ptr_null(strchr(host_reason(client), '\n'));
        ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
        host_client_free(client);
    }
    ck_assert_uint_eq(host_spool_count(host, SPOOL_REFUSED), sizeof(bad) / sizeof(bad[0]));
    check_spool_bytes(host);
    host_free(host);
}
END_TEST

START_TEST(what_was_typed_is_in_the_spool_as_it_was_typed)
{
    static const char typed[] = "carol\n<x>%\t\"\xff+campus";
    struct host *host = start("check");
    struct host_client *client = host_client_new(host);
    struct spool_record record;

    host_login(client, typed, HOST_PASSWORD);
    ck_assert_int_eq(host_auth(client), HOST_OK);
    host_client_free(client);
    client = host_client_new(host);
    host_login(client, typed, HOST_PASSWORD);
    free(host_expect_connect(client));
    record = host_spool(host, SPOOL_CONNECTED, 0);
    ck_assert_str_eq(record.typed, typed);
    ck_assert_str_eq(record.user, "carol\n<x>%\t\"\xff");
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(random_bytes_in_every_variable_do_no_harm)
{
    struct host *host = start("check");
    unsigned seed = 12345;

    for (int round = 0; round < 400; round++) {
        struct host_client *client = host_client_new(host);
        char *text = NULL;

        host_login(client, "carol", HOST_PASSWORD);
        for (size_t i = 0; i < N_VARIABLES; i++) {
            char bytes[48];
            size_t n = (size_t)rand_r(&seed) % (sizeof(bytes) - 1);

            if (rand_r(&seed) % 3 != 0)
                continue;
            for (size_t k = 0; k < n; k++)
                bytes[k] = (char)(rand_r(&seed) % 255 + 1);
            bytes[n] = '\0';
            host_force(client, variables[i], bytes);
        }
        host_auth(client);
        host_connect(client, &text);
        free(text);
        host_learn(client, "add", "10.8.0.2");
        host_disconnect(client, 1, 2);
        host_client_free(client);
    }
    check_spool_bytes(host);
    host_free(host);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("host: hostile clients");
    TCase *tests = tcase_create("hostile");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, no_value_of_a_client_changes_the_text_or_forges_a_line, 0,
                        N_VARIABLES);
    tcase_add_loop_test(tests, without_an_inner_plugin_it_is_the_same, 0, N_NAMES);
    tcase_add_test(tests, all_variables_at_once_are_a_megabyte_each);
    tcase_add_test(tests, a_profile_that_is_no_name_is_refused_with_one_printable_line);
    tcase_add_test(tests, what_was_typed_is_in_the_spool_as_it_was_typed);
    tcase_add_test(tests, random_bytes_in_every_variable_do_no_harm);
    suite_add_tcase(suite, tests);
    return suite;
}
