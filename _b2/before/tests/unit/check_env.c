/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugin/env.h"

#include "lib/prefix.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct env read_env(const char *const *envp)
{
    struct env env;

    env_read(envp, &env);
    return env;
}

START_TEST(an_empty_environment_has_nothing)
{
    const char *const none[] = {NULL};
    struct env empty = {0};
    struct env env = read_env(none);

    ck_assert_mem_eq(&env, &empty, sizeof(env));
    env = read_env(NULL);
    ck_assert_mem_eq(&env, &empty, sizeof(env));
}
END_TEST

START_TEST(a_value_is_all_after_the_first_equals_sign)
{
    const char *const envp[] = {"username=a=b", "password==", "common_name=", NULL};
    struct env env = read_env(envp);

    ck_assert_str_eq(env.username, "a=b");
    ck_assert_str_eq(env.password, "=");
    ck_assert_str_eq(env.common_name, "");
}
END_TEST

START_TEST(of_a_name_that_is_there_twice_the_first_counts)
{
    const char *const envp[] = {"username=alice", "username=mallory", NULL};

    ck_assert_str_eq(read_env(envp).username, "alice");
}
END_TEST

START_TEST(an_empty_user_name_is_none)
{
    const char *const envp[] = {"username=", NULL};

    ck_assert_ptr_null(read_env(envp).username);
}
END_TEST

START_TEST(names_that_only_look_like_ours_are_passed_over)
{
    const char *const envp[] = {
        "usernam=1",   "username2=2", "USERNAME=3",     "username",  "=username", "",
        " username=4", "xusername=5", "trusted_ip66=6", "IV_SSOO=7", "iv_sso=8",  NULL};
    struct env empty = {0};
    struct env env = read_env(envp);

    ck_assert_mem_eq(&env, &empty, sizeof(env));
}
END_TEST

START_TEST(addresses_of_both_families_are_kept_apart)
{
    const char *const envp[] = {"trusted_ip6=2001:db8::1", "trusted_ip=192.0.2.1",
                                "ifconfig_pool_remote_ip6=fd00::2",
                                "ifconfig_pool_remote_ip=10.8.0.2", NULL};
    struct env env = read_env(envp);

    ck_assert_str_eq(env.trusted_ip, "192.0.2.1");
    ck_assert_str_eq(env.trusted_ip6, "2001:db8::1");
    ck_assert_str_eq(env.pool_ip, "10.8.0.2");
    ck_assert_str_eq(env.pool_ip6, "fd00::2");
}
END_TEST

START_TEST(any_other_variable_can_be_looked_up)
{
    const char *const envp[] = {"UV_TUNNELX=no", "UV_TUNNEL=full", "UV_TUNNEL=later", NULL};

    ck_assert_str_eq(env_get(envp, "UV_TUNNEL"), "full");
    ck_assert_ptr_null(env_get(envp, "UV_TUN"));
    ck_assert_ptr_null(env_get(envp, "UV_OTHER"));
    ck_assert_ptr_null(env_get(NULL, "UV_TUNNEL"));
}
END_TEST

static const struct {
    const char *text;
    int64_t value;
} numbers[] = {
    {NULL, -7},
    {"", -7},
    {"0", 0},
    {"18446744", 18446744},
    {"9223372036854775807", INT64_MAX},
    {"9223372036854775808", -7},
    {"-1", -7},
    {"+1", -7},
    {" 1", -7},
    {"1 ", -7},
    {"0x10", -7},
    {"1e3", -7},
    {"99999999999999999999999999", -7},
};

START_TEST(only_a_plain_decimal_number_is_a_number)
{
    ck_assert_int_eq(env_number(numbers[_i].text, -7), numbers[_i].value);
}
END_TEST

static const struct {
    const char *const envp[5];
    const char *address; /* NULL: none */
    const char *port;
} reals[] = {
    {{NULL}, NULL, NULL},
    {{"untrusted_ip=192.0.2.1", "untrusted_port=4000"}, "192.0.2.1", "4000"},
    {{"untrusted_ip=192.0.2.1", "untrusted_port=1", "trusted_ip=192.0.2.2", "trusted_port=2"},
     "192.0.2.2",
     "2"},
    {{"untrusted_ip6=2001:db8::9", "untrusted_port=1"}, "2001:db8::9", "1"},
    {{"trusted_ip6=fe80::1%eth0", "trusted_port=1"}, "fe80::1%eth0", "1"},
    {{"untrusted_ip=192.0.2.1/8", "untrusted_port=1"}, NULL, NULL},
    {{"untrusted_ip=somewhere", "untrusted_port=1"}, NULL, NULL},
    {{"trusted_ip=", "untrusted_ip=192.0.2.1", "untrusted_port=1"}, "192.0.2.1", "1"},
};

START_TEST(the_real_address_is_the_proven_one_where_there_is_one)
{
    struct env env = read_env(reals[_i].envp);
    struct env_peer peer = env_peer(&env);

    ck_assert_pstr_eq(peer.address, reals[_i].address);
    ck_assert_pstr_eq(peer.port, reals[_i].port);
    ck_assert_uint_eq(peer.prefix.family != 0, peer.address != NULL);
    if (peer.address)
        ck_assert_uint_eq(peer.prefix.len, prefix_family_bits(peer.prefix.family));
    ck_assert_ptr_nonnull(env_peer_name(&peer));
}
END_TEST

/* Against a second, slow way of saying the same. */
START_TEST(random_environments_read_as_a_plain_search_says)
{
    static const char *const names[] = {"username", "password", "common_name", "trusted_ip",
                                        "IV_SSO",   "config",   "user",        "x"};
    char text[12][40];
    const char *envp[13];

    srand(7);
    for (int round = 0; round < 20000; round++) {
        int n = rand() % 12;
        struct env env;

        for (int i = 0; i < n; i++) {
            snprintf(text[i], sizeof(text[i]), "%s=%d", names[rand() % 8], rand() % 100);
            envp[i] = text[i];
        }
        envp[n] = NULL;
        env_read(envp, &env);
        ck_assert_pstr_eq(env.username, env_get(envp, "username"));
        ck_assert_pstr_eq(env.password, env_get(envp, "password"));
        ck_assert_pstr_eq(env.common_name, env_get(envp, "common_name"));
        ck_assert_pstr_eq(env.trusted_ip, env_get(envp, "trusted_ip"));
        ck_assert_pstr_eq(env.iv_sso, env_get(envp, "IV_SSO"));
        ck_assert_pstr_eq(env.config, env_get(envp, "config"));
    }
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("env");
    TCase *tcase = tcase_create("env");

    tcase_add_test(tcase, an_empty_environment_has_nothing);
    tcase_add_test(tcase, a_value_is_all_after_the_first_equals_sign);
    tcase_add_test(tcase, of_a_name_that_is_there_twice_the_first_counts);
    tcase_add_test(tcase, an_empty_user_name_is_none);
    tcase_add_test(tcase, names_that_only_look_like_ours_are_passed_over);
    tcase_add_test(tcase, addresses_of_both_families_are_kept_apart);
    tcase_add_test(tcase, any_other_variable_can_be_looked_up);
    tcase_add_loop_test(tcase, only_a_plain_decimal_number_is_a_number, 0,
                        sizeof(numbers) / sizeof(numbers[0]));
    tcase_add_loop_test(tcase, the_real_address_is_the_proven_one_where_there_is_one, 0,
                        sizeof(reals) / sizeof(reals[0]));
    tcase_add_test(tcase, random_environments_read_as_a_plain_search_says);
    suite_add_tcase(suite, tcase);
    return suite;
}
