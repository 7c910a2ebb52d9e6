/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "plugin/challenge.h"
#include "plugin/credentials.h"

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static const struct policy_choose all_choices[] = {
    {POLICY_MEANS_USERNAME_SUFFIX, "+"},
    {POLICY_MEANS_STATIC_CHALLENGE, NULL},
    {POLICY_MEANS_MENU, NULL},
};

static struct policy policy_with(size_t n)
{
    struct policy policy = {0};

    memcpy(policy.choose, all_choices, n * sizeof(all_choices[0]));
    policy.n_choose = n;
    return policy;
}

static const struct {
    const char *username;
    const char *password;
    enum credentials_kind kind;
    const char *user;
    const char *plain;
    const char *response;
    const char *state;
} cases[] = {
    {"alice", "secret", CREDENTIALS_PLAIN, "alice", "secret", "", ""},
    {"alice+full", "secret", CREDENTIALS_PLAIN, "alice", "secret", "", ""},
    {"a+b+full", "secret", CREDENTIALS_PLAIN, "a+b", "secret", "", ""},
    {"alice+", "secret", CREDENTIALS_PLAIN, "alice", "secret", "", ""},
    {"alice", "SCRV1:c2VjcmV0:ZnVsbA==", CREDENTIALS_PLAIN, "alice", "secret", "full", ""},
    {"alice", "SCRV1:c2VjcmV0:", CREDENTIALS_PLAIN, "alice", "secret", "", ""},
    {"alice", "SCRV1:YQpi:", CREDENTIALS_PLAIN, "alice", "a_b", "", ""},
    {"alice", "scrv1:c2VjcmV0:", CREDENTIALS_PLAIN, "alice", "scrv1:c2VjcmV0:", "", ""},
    {"alice", "CRV1::byway0::full", CREDENTIALS_ANSWER, "alice", "", "full", "byway0"},
    {"alice", "CRV1::byway0::", CREDENTIALS_ANSWER, "alice", "", "", "byway0"},
    {"alice", "CRV1::byway0::a::b", CREDENTIALS_ANSWER, "alice", "", "a::b", "byway0"},
    {"alice", "CRV1::other::1", CREDENTIALS_PLAIN, "alice", "CRV1::other::1", "", ""},
    {"alice", "CRV1:byway0::1", CREDENTIALS_PLAIN, "alice", "CRV1:byway0::1", "", ""},
};

START_TEST(names_and_passwords_are_taken_apart)
{
    struct policy policy = policy_with(3);
    struct credentials got;

    credentials_read(&policy, cases[_i].username, cases[_i].password, &got);
    ck_assert_int_eq(got.kind, cases[_i].kind);
    ck_assert_str_eq(got.user, cases[_i].user);
    ck_assert_str_eq(got.password, cases[_i].plain);
    ck_assert_str_eq(got.response, cases[_i].response);
    ck_assert_str_eq(got.state, cases[_i].state);
    ck_assert_ptr_null(got.problem);
    credentials_wipe(&got);
    ck_assert_ptr_null(got.password);
}
END_TEST

static const struct {
    const char *username;
    const char *password;
} bad[] = {
    {NULL, "secret"},
    {"alice", NULL},
    {NULL, NULL},
    {"", "secret"},
    {"+", "secret"},
    {"+full", "secret"},
    {"alice", ""},
    {"alice", "SCRV1:"},
    {"alice", "SCRV1::"},
    {"alice", "SCRV1::ZnVsbA=="},
    {"alice", "SCRV1:c2VjcmV0"},
    {"alice", "SCRV1:c2VjcmV0:ZnVsbA"},
    {"alice", "SCRV1:c2VjcmV0:ZnVsbA==:"},
    {"alice", "SCRV1:c2VjcmV0:Zn=sbA=="},
    {"alice", "SCRV1:c2Vj mV0:"},
    {"alice", "SCRV1:c2VjAHQ=:"}, /* "sec\0t" */
    {"alice", "SCRV1:=:="},
    {"alice", "SCRV1:====:"},
    {"alice", "CRV1::byway0"},
    {"alice", "CRV1::byway0:full"},
};

START_TEST(what_is_malformed_is_denied_without_a_word_of_the_password)
{
    struct policy policy = policy_with(3);
    struct credentials got;

    credentials_read(&policy, bad[_i].username, bad[_i].password, &got);
    ck_assert_int_eq(got.kind, CREDENTIALS_BAD);
    ck_assert_ptr_nonnull(got.problem);
    ck_assert_ptr_null(strstr(got.problem, "c2"));
    credentials_wipe(&got);
    credentials_wipe(&got);
}
END_TEST

START_TEST(what_the_policy_does_not_choose_is_the_wrapped_plugins_own)
{
    struct policy policy = policy_with(0);
    struct credentials got;

    credentials_read(&policy, "alice+full", "SCRV1:c2VjcmV0:ZnVsbA==", &got);
    ck_assert_str_eq(got.user, "alice+full");
    ck_assert_str_eq(got.password, "SCRV1:c2VjcmV0:ZnVsbA==");
    credentials_wipe(&got);
    credentials_read(&policy, "alice", "CRV1::byway0::full", &got);
    ck_assert_int_eq(got.kind, CREDENTIALS_PLAIN);
    ck_assert_str_eq(got.password, "CRV1::byway0::full");
    credentials_wipe(&got);
}
END_TEST

START_TEST(a_password_cut_anywhere_is_never_taken_for_more_than_it_is)
{
    static const char whole[] = "SCRV1:c2VjcmV0:ZnVsbA==";
    struct policy policy = policy_with(3);

    for (size_t n = 1; n < sizeof(whole) - 1; n++) {
        char *part = strndup(whole, n);
        struct credentials got;

        credentials_read(&policy, "alice", part, &got);
        ck_assert(n < 6 || n == 15 ? got.kind == CREDENTIALS_PLAIN
                                   : got.kind == CREDENTIALS_BAD || n == 19);
        credentials_wipe(&got);
        free(part);
    }
}
END_TEST

START_TEST(base64_is_read_back_as_it_was_written)
{
    srand(3);
    for (int round = 0; round < 20000; round++) {
        char bytes[64], back[128];
        size_t n = (size_t)(rand() % 60);
        char *text;

        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)(32 + rand() % 95);
        bytes[n] = '\0';
        text = credentials_base64(bytes, n);
        ck_assert_uint_eq(strlen(text), (n + 2) / 3 * 4);
        ck_assert(credentials_base64_text(text, strlen(text), back));
        ck_assert_str_eq(back, bytes);
        free(text);
    }
}
END_TEST

START_TEST(random_text_is_either_canonical_base64_or_refused)
{
    static const char letters[] = "ABCDwxyz0189+/==!: ";

    srand(5);
    for (int round = 0; round < 200000; round++) {
        char text[16], back[32], *again;
        size_t n = (size_t)(rand() % 13);

        for (size_t i = 0; i < n; i++)
            text[i] = letters[rand() % (int)(sizeof(letters) - 1)];
        text[n] = '\0';
        if (!credentials_base64_text(text, n, back) || strchr(back, '_'))
            continue;
        again = credentials_base64(back, strlen(back));
        ck_assert_str_eq(again, text);
        free(again);
    }
}
END_TEST

/* ── challenges ── */

START_TEST(states_are_marked_long_and_never_the_same)
{
    char one[CLIENT_STATE_SIZE], two[CLIENT_STATE_SIZE];

    ck_assert(challenge_make_state(one) && challenge_make_state(two));
    ck_assert_uint_eq(strlen(one), strlen(CHALLENGE_MARK) + 32);
    ck_assert_int_eq(strncmp(one, CHALLENGE_MARK, strlen(CHALLENGE_MARK)), 0);
    ck_assert_str_ne(one, two);
}
END_TEST

START_TEST(a_state_is_good_once_for_its_user_in_its_time)
{
    struct challenges *challenges = challenges_new(4);

    challenges_put(challenges, "byway1", "alice", 100);
    ck_assert(!challenges_take(challenges, "byway2", "alice", 100));
    ck_assert(!challenges_take(challenges, "", "alice", 100));
    ck_assert(!challenges_take(challenges, "byway", "alice", 100));
    ck_assert(!challenges_take(challenges, "byway11", "alice", 100));
    ck_assert(challenges_take(challenges, "byway1", "alice", 100 + CHALLENGE_LIFE_S - 1));
    ck_assert(!challenges_take(challenges, "byway1", "alice", 101));
    challenges_put(challenges, "byway1", "alice", 100);
    ck_assert(!challenges_take(challenges, "byway1", "alice", 100 + CHALLENGE_LIFE_S));
    challenges_put(challenges, "byway1", "alice", 100);
    ck_assert(!challenges_take(challenges, "byway1", "bob", 100));
    ck_assert(!challenges_take(challenges, "byway1", "alice", 100));
    challenges_free(challenges);
    challenges_free(NULL);
}
END_TEST

START_TEST(the_oldest_state_makes_room)
{
    struct challenges *challenges = challenges_new(2);

    challenges_put(challenges, "byway1", "u", 0);
    challenges_put(challenges, "byway2", "u", 0);
    challenges_put(challenges, "byway3", "u", 0);
    ck_assert(!challenges_take(challenges, "byway1", "u", 1));
    ck_assert(challenges_take(challenges, "byway2", "u", 1));
    ck_assert(challenges_take(challenges, "byway3", "u", 1));
    challenges_free(challenges);
}
END_TEST

START_TEST(texts_are_equal_or_not_whatever_their_lengths)
{
    ck_assert(challenge_equal("", ""));
    ck_assert(challenge_equal("abc", "abc"));
    ck_assert(!challenge_equal("abc", "abd"));
    ck_assert(!challenge_equal("abc", "ab"));
    ck_assert(!challenge_equal("abc", "abcd"));
    ck_assert(!challenge_equal("abc", ""));
    ck_assert(!challenge_equal("", "abc"));
}
END_TEST

START_TEST(the_reason_is_what_clients_read_as_a_challenge)
{
    char *reason = challenge_reason("byway1", "alice", "Which tunnel?");

    ck_assert_str_eq(reason, "CRV1:R,E:byway1:YWxpY2U=:Which tunnel?");
    free(reason);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("credentials");
    TCase *tcase = tcase_create("credentials");

    tcase_add_loop_test(tcase, names_and_passwords_are_taken_apart, 0,
                        sizeof(cases) / sizeof(cases[0]));
    tcase_add_loop_test(tcase, what_is_malformed_is_denied_without_a_word_of_the_password, 0,
                        sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(tcase, what_the_policy_does_not_choose_is_the_wrapped_plugins_own);
    tcase_add_test(tcase, a_password_cut_anywhere_is_never_taken_for_more_than_it_is);
    tcase_add_test(tcase, base64_is_read_back_as_it_was_written);
    tcase_add_test(tcase, random_text_is_either_canonical_base64_or_refused);
    tcase_add_test(tcase, states_are_marked_long_and_never_the_same);
    tcase_add_test(tcase, a_state_is_good_once_for_its_user_in_its_time);
    tcase_add_test(tcase, the_oldest_state_makes_room);
    tcase_add_test(tcase, texts_are_equal_or_not_whatever_their_lengths);
    tcase_add_test(tcase, the_reason_is_what_clients_read_as_a_challenge);
    suite_add_tcase(suite, tcase);
    return suite;
}
