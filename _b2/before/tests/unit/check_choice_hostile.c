/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hostile or absurd logins make of a decision: nothing but short, printable lines. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/choice.h"
#include "tests/unit/policy_text.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

#define CHOOSE_ALL                                                                    \
    "choose username-suffix +\nchoose peer-info UV_TUNNEL\nchoose static-challenge\n" \
    "choose menu\n"
#define PROFILES                                                           \
    "default-profile campus\n<profile campus>\ntunnel split\n</profile>\n" \
    "<profile library>\ntunnel split\n</profile>\n"                        \
    "<profile full>\ntunnel full\nallow user alice\n</profile>\n"

static const char all_means[] = CHOOSE_ALL PROFILES;
static const char falling_back[] = "on-refused default\n" CHOOSE_ALL PROFILES;

static struct choice decide(const struct policy *policy, const struct choice_login *login)
{
    struct choice choice;

    memset(&choice, 0xa5, sizeof(choice)); /* whatever was there before must not matter */
    choice_decide(policy, login, &choice);
    return choice;
}

START_TEST(a_name_too_long_is_an_error_and_one_that_just_fits_is_not)
{
    struct policy *policy = policy_from_text(all_means, NULL);
    char name[POLICY_MAX_USER + 20];

    for (size_t n = POLICY_MAX_USER - 1; n <= POLICY_MAX_USER + 1; n++) {
        struct choice_login by_name = {.username = name};
        struct choice_login by_certificate = {.common_name = name};
        enum choice_outcome expected = n <= POLICY_MAX_USER ? CHOICE_GRANTED : CHOICE_ERROR;
        struct choice choice;

        memset(name, 'x', n);
        name[n] = '\0';
        ck_assert_int_eq(decide(policy, &by_certificate).outcome, expected);
        strcpy(name + n, "+library");
        choice = decide(policy, &by_name);
        ck_assert_int_eq(choice.outcome, expected);
        ck_assert_uint_eq(strlen(choice.user), expected == CHOICE_GRANTED ? n : 0);
        ck_assert_int_eq(choice.reason[0] != '\0', expected == CHOICE_ERROR);
    }
    policy_free(policy);
}
END_TEST

/* `text` is one line of printable ASCII, as everything that is shown must be. */
static void check_printable(const char *text)
{
    for (; *text; text++)
        ck_assert_msg(*text >= ' ' && *text <= '~', "byte %02x", (unsigned char)*text);
}

START_TEST(nothing_hostile_gets_into_what_is_shown)
{
    static const char *const hostile[] = {
        "full\"}]; rm -rf /",
        "\x1b[2J\x1b]0;x\x07",
        "<script>alert(1)</script>",
        "a,b,c\nAUTH_FAILED",
        "\\\"%s%n%s",
        "\xc2\x9b"
        "31m",
        "\xff\xfe\x80",
        "f\xc3\xbcll",
        "'; DROP TABLE sessions; --",
        "\xe2\x80\xae"
        "lluf",
    };
    struct policy *policy = policy_from_text(falling_back, NULL);

    for (size_t i = 0; i < N(hostile); i++) {
        struct choice_login login = {.username = "bob", .static_challenge = hostile[i]};
        struct choice choice = decide(policy, &login);

        ck_assert_int_eq(choice.outcome, CHOICE_GRANTED);
        ck_assert(choice.fell_back);
        check_printable(choice.reason);
        check_printable(choice.wanted);
        ck_assert_ptr_null(strpbrk(choice.wanted, "\"'\\<>&%,;`$"));
        ck_assert_uint_gt(strlen(choice.wanted), 0);
    }
    policy_free(policy);
}
END_TEST

START_TEST(a_hundred_kilobytes_are_cut_not_believed)
{
    enum { SIZE = 100 * 1024 };
    static char text[SIZE + 1];
    struct policy *policy = policy_from_text(all_means, NULL);
    struct choice_login logins[] = {
        {.username = text},
        {.common_name = text},
        {.username = "bob", .peer_info = text},
        {.username = "bob", .static_challenge = text},
        {.username = "bob", .menu = text},
    };
    static const char fills[] = {'x', '+', ' ', '\xff', '\n'};

    for (size_t f = 0; f < sizeof(fills); f++) {
        memset(text, fills[f], SIZE);
        for (size_t i = 0; i < N(logins); i++) {
            struct choice choice = decide(policy, &logins[i]);

            ck_assert_uint_le(strlen(choice.wanted), POLICY_MAX_NAME);
            ck_assert_uint_lt(strlen(choice.reason), CHOICE_REASON_SIZE);
            check_printable(choice.reason);
            if (fills[f] == 'x' && i >= 2)
                ck_assert_str_eq(choice.wanted + POLICY_MAX_NAME - 4, "x...");
        }
    }
    policy_free(policy);
}
END_TEST

/* A policy of `n` profiles with the longest of names. */
static char *many_profiles(size_t n)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    fputs("choose username-suffix +\nchoose menu\ndefault-profile p0000\n", out);
    fputs("<profile p0000>\ntunnel split\n</profile>\n", out);
    for (size_t i = 1; i < n; i++)
        fprintf(out, "<profile p%04zu-%0*d>\ntunnel split\n</profile>\n", i, POLICY_MAX_NAME - 6,
                0);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

START_TEST(a_thousand_profiles_still_make_one_line)
{
    static const size_t counts[] = {1, 2, 8, 9, 10, 11, 12, 100, 1000};

    for (size_t i = 0; i < N(counts); i++) {
        char *text = many_profiles(counts[i]);
        struct policy *policy = policy_from_text(text, NULL);
        struct choice_login login = {.username = "bob+nothing"};
        struct choice choice = decide(policy, &login);
        char prompt[1000];

        check_printable(choice.reason);
        ck_assert_uint_lt(strlen(choice.reason), CHOICE_REASON_SIZE);
        ck_assert_str_eq(choice.reason + strlen(choice.reason) - 1, ".");
        choice_prompt(policy, NULL, prompt, sizeof(prompt));
        check_printable(prompt);
        ck_assert_uint_le(strlen(prompt), 200);
        if (counts[i] == 1000) {
            ck_assert_ptr_nonnull(strstr(choice.reason, " more."));
            ck_assert_ptr_nonnull(strstr(prompt, "p0000"));
            ck_assert_ptr_nonnull(strstr(prompt, " more (empty for your default)"));
        }
        policy_free(policy);
        free(text);
    }
}
END_TEST

START_TEST(the_prompt_names_what_the_user_may_choose_whatever_its_buffer)
{
    struct policy *policy = policy_from_text(all_means, NULL);
    char prompt[256];

    choice_prompt(policy, NULL, prompt, sizeof(prompt));
    ck_assert_str_eq(prompt, "Which tunnel? campus, library (empty for your default)");
    choice_prompt(policy, policy_find_user(policy, "alice"), prompt, sizeof(prompt));
    ck_assert_str_eq(prompt, "Which tunnel? campus, library, full (empty for your default)");
    for (size_t size = 1; size < 80; size++) {
        memset(prompt, 'x', sizeof(prompt));
        choice_prompt(policy, NULL, prompt, size);
        ck_assert_uint_lt(strlen(prompt), size);
        ck_assert_int_eq(prompt[size], 'x');
    }
    policy_free(policy);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("choice_hostile");
    TCase *tests = tcase_create("choice_hostile");

    tcase_add_test(tests, a_name_too_long_is_an_error_and_one_that_just_fits_is_not);
    tcase_add_test(tests, nothing_hostile_gets_into_what_is_shown);
    tcase_add_test(tests, a_hundred_kilobytes_are_cut_not_believed);
    tcase_add_test(tests, a_thousand_profiles_still_make_one_line);
    tcase_add_test(tests, the_prompt_names_what_the_user_may_choose_whatever_its_buffer);
    suite_add_tcase(suite, tests);
    return suite;
}
