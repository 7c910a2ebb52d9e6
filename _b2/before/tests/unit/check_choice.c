/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From login to profile: what is chosen, by what, and what a refusal says. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/choice.h"
#include "tests/unit/policy_text.h"

#define PROFILES                                                                                   \
    "<routes internal>\n10.0.0.0/8\n</routes>\n"                                                   \
    "<profile campus>\ntitle \"Campus network only\"\ntunnel split\nroutes internal\n</profile>\n" \
    "<profile library>\ntunnel split\nroutes internal\n</profile>\n"                               \
    "<profile full>\ntunnel full\nallow group staff\nallow user alice\n"                           \
    "assume-opt-in-from 172.16.0.0/12\n</profile>\n"                                               \
    "<group staff>\nuser sam\nuser olga\n</group>\n"                                               \
    "<user lena>\nprofile library\n</user>\n"                                                      \
    "<user olga>\nopt-in full\n</user>\n"

#define CHOOSE_ALL                                                                    \
    "choose username-suffix +\nchoose peer-info UV_TUNNEL\nchoose static-challenge\n" \
    "choose menu\n"

static const char all_means[] = CHOOSE_ALL "default-profile campus\n" PROFILES;
static const char falling_back[] =
    CHOOSE_ALL "default-profile campus\non-refused default\n" PROFILES;

struct login_case {
    struct choice_login login;
    const char *from;     /* the real address; NULL if not known */
    const char *expected; /* as describe() says it */
};

static struct choice decide(const struct policy *policy, const struct choice_login *login,
                            const char *from)
{
    struct choice_login copy = *login;
    struct choice choice;
    struct prefix prefix;

    if (from) {
        ck_assert_int_eq(prefix_parse(from, strlen(from), &prefix), PREFIX_OK);
        copy.from = &prefix;
    }
    memset(&choice, 0xa5, sizeof(choice)); /* whatever was there before must not matter */
    choice_decide(policy, &copy, &choice);
    return choice;
}

/* "bob: library, menu" or "bob: refused". */
static void describe(const struct choice *choice, char *text, size_t size)
{
    static const char *const outcomes[] = {
        [CHOICE_ERROR] = "error", [CHOICE_REFUSED] = "refused", [CHOICE_ASK] = "ask"};

    if (choice->outcome == CHOICE_GRANTED)
        snprintf(text, size, "%s: %s, %s", choice->user, choice->profile->name,
                 choice_by_name(choice->by));
    else
        snprintf(text, size, "%s: %s", choice->user, outcomes[choice->outcome]);
}

static void check_cases(const char *text, const struct login_case *cases, size_t n)
{
    struct policy *policy = policy_from_text(text, NULL);

    for (size_t i = 0; i < n; i++) {
        struct choice choice = decide(policy, &cases[i].login, cases[i].from);
        char outcome[400];

        describe(&choice, outcome, sizeof(outcome));
        ck_assert_str_eq(outcome, cases[i].expected);
        ck_assert_ptr_eq(choice.known, policy_find_user(policy, choice.user));
        if (choice.outcome == CHOICE_GRANTED)
            ck_assert(policy_allows(choice.profile, choice.known));
        else
            ck_assert_ptr_null(choice.profile);
    }
    policy_free(policy);
}

#define N(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(each_way_to_choose_reaches_the_profile)
{
    static const struct login_case cases[] = {
        {{.username = "bob"}, NULL, "bob: campus, default"},
        {{.username = "bob+library"}, NULL, "bob: library, username-suffix"},
        {{.username = "bob", .peer_info = "library"}, NULL, "bob: library, peer-info"},
        {{.username = "bob", .static_challenge = "library"},
         NULL,
         "bob: library, static-challenge"},
        {{.username = "bob", .menu = "library"}, NULL, "bob: library, menu"},
        {{.username = "lena"}, NULL, "lena: library, user-default"},
        {{.username = "lena+campus"}, NULL, "lena: campus, username-suffix"},
        {{.username = "alice+full"}, NULL, "alice: full, username-suffix"},
        {{.username = "sam", .peer_info = "full"}, NULL, "sam: full, peer-info"},
        {{.username = "olga"}, NULL, "olga: full, opt-in"},
        {{.username = "olga+campus"}, NULL, "olga: campus, username-suffix"},
    };

    check_cases(all_means, cases, N(cases));
}
END_TEST

START_TEST(case_and_surrounding_blanks_do_not_matter)
{
    static const struct login_case cases[] = {
        {{.username = "bob+LIBRARY"}, NULL, "bob: library, username-suffix"},
        {{.username = "bob", .static_challenge = " Library\t"},
         NULL,
         "bob: library, static-challenge"},
        {{.username = "bob", .menu = "\r\n library \r\n"}, NULL, "bob: library, menu"},
        {{.username = "bob", .static_challenge = "lib rary"}, NULL, "bob: refused"},
    };

    check_cases(all_means, cases, N(cases));
}
END_TEST

START_TEST(an_empty_choice_is_no_choice)
{
    static const struct login_case cases[] = {
        {{.username = "bob+"}, NULL, "bob: campus, default"},
        {{.username = "bob+ ", .peer_info = "", .static_challenge = " \t ", .menu = ""},
         NULL,
         "bob: campus, default"},
        {{.username = "lena+", .static_challenge = ""}, NULL, "lena: library, user-default"},
        {{.username = "olga", .menu = " "}, NULL, "olga: full, opt-in"},
    };

    check_cases(all_means, cases, N(cases));
}
END_TEST

START_TEST(the_first_choose_line_that_says_something_decides)
{
    static const struct choice_login said_all = {
        .username = "alice+full", .peer_info = "campus", .static_challenge = "library", .menu = ""};
    static const struct {
        const char *lines;
        const char *profile;
        enum choice_by by;
    } orders[] = {
        {"choose username-suffix +\nchoose peer-info UV_T\nchoose static-challenge\n", "full",
         CHOICE_BY_USERNAME_SUFFIX},
        {"choose peer-info UV_T\nchoose username-suffix +\nchoose static-challenge\n", "campus",
         CHOICE_BY_PEER_INFO},
        {"choose static-challenge\nchoose peer-info UV_T\nchoose username-suffix +\n", "library",
         CHOICE_BY_STATIC_CHALLENGE},
        {"choose menu\nchoose static-challenge\nchoose username-suffix +\n", "library",
         CHOICE_BY_STATIC_CHALLENGE},
        {"choose username-suffix +\n", "full", CHOICE_BY_USERNAME_SUFFIX},
    };

    for (size_t i = 0; i < N(orders); i++) {
        char text[2000];
        struct policy *policy = NULL;
        struct choice choice;

        snprintf(text, sizeof(text), "%sdefault-profile campus\n%s", orders[i].lines, PROFILES);
        policy = policy_from_text(text, NULL);
        choice = decide(policy, &said_all, NULL);
        ck_assert_int_eq(choice.outcome, CHOICE_GRANTED);
        ck_assert_str_eq(choice.profile->name, orders[i].profile);
        ck_assert_int_eq(choice.by, orders[i].by);
        policy_free(policy);
    }
}
END_TEST

START_TEST(means_that_the_policy_does_not_name_are_not_heard)
{
    static const struct login_case cases[] = {
        {{.username = "alice+full",
          .peer_info = "full",
          .static_challenge = "full",
          .menu = "full"},
         NULL,
         "alice+full: campus, default"},
        {{.username = "alice", .can_be_asked = true}, NULL, "alice: campus, default"},
    };

    check_cases("default-profile campus\n" PROFILES, cases, N(cases));
}
END_TEST

START_TEST(a_network_is_an_opt_in_for_those_who_may)
{
    static const struct login_case cases[] = {
        {{.username = "sam"}, "172.20.1.2", "sam: full, network"},
        {{.username = "sam"}, "172.32.0.1", "sam: campus, default"},
        {{.username = "sam"}, "2001:db8::1", "sam: campus, default"},
        {{.username = "bob"}, "172.20.1.2", "bob: campus, default"},
        {{.username = "lena"}, "172.20.1.2", "lena: library, user-default"},
        {{.username = "sam+campus"}, "172.20.1.2", "sam: campus, username-suffix"},
        {{.username = "olga"}, "172.20.1.2", "olga: full, opt-in"},
    };

    check_cases(all_means, cases, N(cases));
}
END_TEST

START_TEST(a_typo_is_refused_with_the_names_that_may_be_chosen)
{
    struct policy *policy = policy_from_text(all_means, NULL);
    struct choice_login bob = {.username = "bob+ful"};
    struct choice_login alice = {.username = "alice+ful"};
    struct choice choice = decide(policy, &bob, NULL);

    ck_assert_int_eq(choice.outcome, CHOICE_REFUSED);
    ck_assert_str_eq(choice.wanted, "ful");
    ck_assert_str_eq(choice.reason,
                     "There is no tunnel profile \"ful\". You may choose: campus, library.");
    choice = decide(policy, &alice, NULL);
    ck_assert_str_eq(choice.reason,
                     "There is no tunnel profile \"ful\". You may choose: campus, library, full.");
    policy_free(policy);
}
END_TEST

START_TEST(a_forbidden_profile_is_refused_with_the_names_that_may_be_chosen)
{
    struct policy *policy = policy_from_text(all_means, NULL);
    struct choice_login login = {.username = "bob", .static_challenge = "FULL"};
    struct choice choice = decide(policy, &login, NULL);

    ck_assert_int_eq(choice.outcome, CHOICE_REFUSED);
    ck_assert_ptr_null(choice.profile);
    ck_assert_str_eq(choice.wanted, "FULL");
    ck_assert_str_eq(choice.reason,
                     "You may not use tunnel profile \"full\". You may choose: campus, library.");
    ck_assert(!choice.fell_back);
    policy_free(policy);
}
END_TEST

START_TEST(on_refused_default_gives_what_an_empty_choice_gives_and_says_so)
{
    static const struct {
        const char *typed;
        const char *from;
        const char *profile;
        enum choice_by by;
        bool fell_back;
    } cases[] = {
        {"bob+ful", NULL, "campus", CHOICE_BY_DEFAULT, true},
        {"bob+full", NULL, "campus", CHOICE_BY_DEFAULT, true},
        {"lena+full", NULL, "library", CHOICE_BY_USER_DEFAULT, true},
        {"sam+nothing", "172.16.0.1", "full", CHOICE_BY_NETWORK, true},
        {"bob+library", NULL, "library", CHOICE_BY_USERNAME_SUFFIX, false},
        {"bob", NULL, "campus", CHOICE_BY_DEFAULT, false},
    };
    struct policy *policy = policy_from_text(falling_back, NULL);

    for (size_t i = 0; i < N(cases); i++) {
        struct choice_login login = {.username = cases[i].typed};
        struct choice choice = decide(policy, &login, cases[i].from);

        ck_assert_int_eq(choice.outcome, CHOICE_GRANTED);
        ck_assert_str_eq(choice.profile->name, cases[i].profile);
        ck_assert_int_eq(choice.by, cases[i].by);
        ck_assert_int_eq(choice.fell_back, cases[i].fell_back);
        ck_assert_int_eq(choice.reason[0] != '\0', cases[i].fell_back);
    }
    policy_free(policy);
}
END_TEST

START_TEST(a_default_that_is_not_open_to_the_user_is_a_refusal)
{
    static const char *const on_refused[] = {"", "on-refused default\n"};

    for (size_t i = 0; i < N(on_refused); i++) {
        char text[1000];
        struct choice_login bob = {.username = "bob"};
        struct choice_login bob_wants = {.username = "bob+nothing"};
        struct choice_login alice = {.username = "alice"};
        struct policy *policy = NULL;
        struct choice choice;

        snprintf(text, sizeof(text),
                 "choose username-suffix +\ndefault-profile members\n%s"
                 "<profile members>\ntunnel split\nallow user alice\n</profile>\n"
                 "<profile guests>\ntunnel split\n</profile>\n",
                 on_refused[i]);
        policy = policy_from_text(text, NULL);
        choice = decide(policy, &bob, NULL);
        ck_assert_int_eq(choice.outcome, CHOICE_REFUSED);
        ck_assert_str_eq(choice.reason, "Your default tunnel profile \"members\" is not open to "
                                        "you. You may choose: guests.");
        choice = decide(policy, &bob_wants, NULL);
        ck_assert_int_eq(choice.outcome, CHOICE_REFUSED);
        ck_assert_str_eq(choice.reason,
                         "There is no tunnel profile \"nothing\". You may choose: guests.");
        ck_assert(!choice.fell_back);
        choice = decide(policy, &alice, NULL);
        ck_assert_int_eq(choice.outcome, CHOICE_GRANTED);
        policy_free(policy);
    }
}
END_TEST

START_TEST(who_may_choose_nothing_is_told_so)
{
    struct policy *policy = policy_from_text("default-profile members\n<profile members>\n"
                                             "tunnel split\nallow user alice\n</profile>\n",
                                             NULL);
    struct choice_login bob = {.username = "bob"};
    struct choice choice = decide(policy, &bob, NULL);

    ck_assert_int_eq(choice.outcome, CHOICE_REFUSED);
    ck_assert_str_eq(choice.reason, "Your default tunnel profile \"members\" is not open to you. "
                                    "There is none that you may choose.");
    policy_free(policy);
}
END_TEST

START_TEST(only_those_are_asked_who_can_answer_and_have_a_choice)
{
    static const struct login_case cases[] = {
        {{.username = "bob", .can_be_asked = true}, NULL, "bob: ask"},
        {{.username = "bob+", .can_be_asked = true}, NULL, "bob: ask"},
        {{.username = "olga", .can_be_asked = true}, NULL, "olga: ask"},
        {{.username = "sam", .can_be_asked = true}, "172.16.0.1", "sam: ask"},
        {{.username = "bob", .can_be_asked = false}, NULL, "bob: campus, default"},
        {{.username = "bob+library", .can_be_asked = true}, NULL, "bob: library, username-suffix"},
        {{.username = "bob+ful", .can_be_asked = true}, NULL, "bob: refused"},
        {{.username = "bob", .can_be_asked = true, .menu = ""}, NULL, "bob: campus, default"},
        {{.username = "bob", .can_be_asked = true, .menu = "full"}, NULL, "bob: refused"},
    };
    static const struct login_case alone[] = {
        {{.username = "bob", .can_be_asked = true}, NULL, "bob: only, default"},
    };

    check_cases(all_means, cases, N(cases));
    check_cases("choose menu\ndefault-profile only\n<profile only>\ntunnel split\n</profile>\n"
                "<profile other>\ntunnel full\nallow user alice\n</profile>\n",
                alone, N(alone));
}
END_TEST

START_TEST(the_user_name_comes_first_and_the_common_name_where_there_is_none)
{
    static const struct login_case cases[] = {
        {{.username = "bob", .common_name = "laptop7"}, NULL, "bob: campus, default"},
        {{.common_name = "lena"}, NULL, "lena: library, user-default"},
        {{.username = "", .common_name = "lena"}, NULL, "lena: library, user-default"},
        {{.common_name = "lena+campus"}, NULL, "lena+campus: campus, default"},
        {{.common_name = "lena", .peer_info = "campus"}, NULL, "lena: campus, peer-info"},
        {{0}, NULL, ": error"},
        {{.username = "", .common_name = ""}, NULL, ": error"},
        {{.username = "+full"}, NULL, ": error"},
        {{.username = "+full", .common_name = "alice"}, NULL, ": error"},
    };

    check_cases(all_means, cases, N(cases));
}
END_TEST

START_TEST(identity_common_name_turns_that_round_and_still_hears_the_suffix)
{
    static const struct login_case cases[] = {
        {{.username = "bob+library", .common_name = "lena"},
         NULL,
         "lena: library, username-suffix"},
        {{.username = "bob+full", .common_name = "alice"}, NULL, "alice: full, username-suffix"},
        {{.username = "alice+full", .common_name = "bob"}, NULL, "bob: refused"},
        {{.username = "+full", .common_name = "alice"}, NULL, "alice: full, username-suffix"},
        {{.username = "alice+full"}, NULL, "alice: full, username-suffix"},
        {{.username = "bob", .common_name = "alice+full"}, NULL, "alice+full: campus, default"},
    };

    check_cases("identity common-name\n" CHOOSE_ALL "default-profile campus\n" PROFILES, cases,
                N(cases));
}
END_TEST

START_TEST(the_last_separator_cuts_the_user_name)
{
    static const struct {
        const char *typed;
        const char *user;
        const char *suffix;
    } cases[] = {
        {"alice", "alice", NULL},
        {"alice+full", "alice", "full"},
        {"alice+", "alice", ""},
        {"a+b+full", "a+b", "full"},
        {"alice++full", "alice+", "full"},
        {"alice@uni+full", "alice@uni", "full"},
        {"+", "", ""},
        {"", "", NULL},
        {"+full", "", "full"},
    };
    struct policy *policy = policy_from_text(all_means, NULL);

    for (size_t i = 0; i < N(cases); i++) {
        char user[POLICY_MAX_USER + 1];
        const char *suffix = "untouched";
        bool ok = choice_split_username(policy, cases[i].typed, user, &suffix);

        ck_assert_int_eq(ok, cases[i].user[0] != '\0');
        ck_assert_str_eq(user, cases[i].user);
        ck_assert_pstr_eq(suffix, cases[i].suffix);
        ck_assert(!suffix || suffix >= cases[i].typed);
    }
    policy_free(policy);
}
END_TEST

/* What the policy says, decided a second time and as plainly as can be. */
static const char *oracle(const char *user, const char *from, const char *wanted)
{
    bool staff =
        strcmp(user, "sam") == 0 || strcmp(user, "olga") == 0 || strcmp(user, "alice") == 0;

    if (wanted) {
        if (strcasecmp(wanted, "full") == 0)
            return staff ? "full" : NULL;
        if (strcasecmp(wanted, "campus") == 0)
            return "campus";
        return strcasecmp(wanted, "library") == 0 ? "library" : NULL;
    }
    if (strcmp(user, "olga") == 0)
        return "full";
    if (staff && from && strncmp(from, "172.16.", 7) == 0)
        return "full";
    return strcmp(user, "lena") == 0 ? "library" : "campus";
}

START_TEST(every_combination_of_claims_is_decided_as_the_rules_say)
{
    static const char *const users[] = {"bob", "alice", "sam", "olga", "lena"};
    static const char *const froms[] = {NULL, "172.16.3.4", "192.0.2.1", "2001:db8::7"};
    static const char *const claims[] = {NULL, "", " ", "full", "Campus", "library ", "ful"};
    struct policy *policy = policy_from_text(all_means, NULL);

    for (size_t c = 0; c < 7 * 7 * 7 * 7; c++) {
        const char *said[4] = {claims[c % 7], claims[c / 7 % 7], claims[c / 49 % 7],
                               claims[c / 343]};
        const char *wanted = NULL;

        for (size_t i = 0; i < 4 && !wanted; i++)
            if (said[i] && said[i][strspn(said[i], " ")] != '\0')
                wanted = said[i];
        for (size_t u = 0; u < N(users); u++) {
            for (size_t f = 0; f < N(froms); f++) {
                char typed[64];
                char plain[16] = "";
                struct choice_login login = {.username = typed,
                                             .peer_info = said[1],
                                             .static_challenge = said[2],
                                             .menu = said[3]};
                struct choice choice;
                const char *expected;

                snprintf(typed, sizeof(typed), "%s%s%s", users[u], said[0] ? "+" : "",
                         said[0] ? said[0] : "");
                if (wanted)
                    sscanf(wanted, "%15s", plain);
                expected = oracle(users[u], froms[f], wanted ? plain : NULL);
                choice = decide(policy, &login, froms[f]);
                ck_assert_str_eq(choice.user, users[u]);
                ck_assert_int_eq(choice.outcome, expected ? CHOICE_GRANTED : CHOICE_REFUSED);
                if (expected)
                    ck_assert_str_eq(choice.profile->name, expected);
            }
        }
    }
    policy_free(policy);
}
END_TEST

START_TEST(every_way_has_a_name_and_a_sentence)
{
    for (int by = 0; by < CHOICE_BY_COUNT; by++) {
        ck_assert_uint_gt(strlen(choice_by_name((enum choice_by)by)), 0);
        ck_assert_uint_gt(strlen(choice_by_sentence((enum choice_by)by)), 0);
        for (int other = 0; other < by; other++)
            ck_assert_str_ne(choice_by_name((enum choice_by)by),
                             choice_by_name((enum choice_by)other));
    }
    ck_assert_str_eq(choice_by_name(CHOICE_BY_USERNAME_SUFFIX), "username-suffix");
    ck_assert_str_eq(choice_by_name(CHOICE_BY_COUNT), "unknown");
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("choice");
    TCase *tests = tcase_create("choice");

    tcase_add_test(tests, each_way_to_choose_reaches_the_profile);
    tcase_add_test(tests, case_and_surrounding_blanks_do_not_matter);
    tcase_add_test(tests, an_empty_choice_is_no_choice);
    tcase_add_test(tests, the_first_choose_line_that_says_something_decides);
    tcase_add_test(tests, means_that_the_policy_does_not_name_are_not_heard);
    tcase_add_test(tests, a_network_is_an_opt_in_for_those_who_may);
    tcase_add_test(tests, a_typo_is_refused_with_the_names_that_may_be_chosen);
    tcase_add_test(tests, a_forbidden_profile_is_refused_with_the_names_that_may_be_chosen);
    tcase_add_test(tests, on_refused_default_gives_what_an_empty_choice_gives_and_says_so);
    tcase_add_test(tests, a_default_that_is_not_open_to_the_user_is_a_refusal);
    tcase_add_test(tests, who_may_choose_nothing_is_told_so);
    tcase_add_test(tests, only_those_are_asked_who_can_answer_and_have_a_choice);
    tcase_add_test(tests, the_user_name_comes_first_and_the_common_name_where_there_is_none);
    tcase_add_test(tests, identity_common_name_turns_that_round_and_still_hears_the_suffix);
    tcase_add_test(tests, the_last_separator_cuts_the_user_name);
    tcase_add_test(tests, every_combination_of_claims_is_decided_as_the_rules_say);
    tcase_add_test(tests, every_way_has_a_name_and_a_sentence);
    suite_add_tcase(suite, tests);
    return suite;
}
