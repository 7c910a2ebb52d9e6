/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The question which tunnel: asked at once, or as a challenge after a verdict that comes later. */
#include "plugin/challenge.h"
#include "plugin/login.h"

#include "tests/unit/login_fixture.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ── the menu ── */

START_TEST(the_menu_is_shown_to_those_who_can_be_asked_and_the_answer_decides)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "openurl,crtext")), DEFERRED);
    ck_assert_str_eq(content(pending), "60\ncrtext\nCR_TEXT:R,E:Which tunnel? campus, library, "
                                       "full (empty for your default)\n");
    ck_assert_str_eq(content(control), "");
    ck_assert_int_eq(answer("full"), SUCCESS);
    ck_assert_str_eq(content(control), "1");
    ck_assert_str_eq(connect_as(U("alice")), "full");
}
END_TEST

START_TEST(a_wrong_answer_fails_the_login_with_the_reason)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    ck_assert_int_eq(answer("ful"), ERROR);
    ck_assert_str_eq(content(control), "0");
    ck_assert_ptr_nonnull(strstr(content(reason), "There is no tunnel profile \"ful\""));
}
END_TEST

START_TEST(an_empty_answer_is_the_default)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    ck_assert_int_eq(answer(""), SUCCESS);
    ck_assert_str_eq(content(control), "1");
    ck_assert_str_eq(connect_as(U("alice")), "split");
}
END_TEST

START_TEST(nobody_else_is_asked)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD)), SUCCESS);
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "openurl,webauth")), SUCCESS);
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext2,xcrtext,crtex")), SUCCESS);
    ck_assert_int_eq(verify(L("alice+full", PASSWORD, .sso = "crtext")), SUCCESS);
    ck_assert_int_eq(verify(L("alice", PASSWORD, .says = "1", .sso = "crtext")), ERROR);
    ck_assert_str_eq(content(pending), "");
    ck_assert_int_eq(answer("full"), ERROR);
    ck_assert_str_eq(content(control), "");
}
END_TEST

START_TEST(a_second_answer_and_one_to_no_question_are_ignored)
{
    ck_assert_int_eq(answer("full"), ERROR);
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    ck_assert_int_eq(answer("campus"), SUCCESS);
    put(control, "");
    ck_assert_int_eq(answer("full"), ERROR);
    ck_assert_str_eq(content(control), "");
    ck_assert_str_eq(connect_as(U("alice")), "split");
}
END_TEST

START_TEST(a_new_login_on_the_connection_forgets_the_question)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    ck_assert_int_eq(verify(L("alice", PASSWORD, .says = "1", .sso = "crtext")), ERROR);
    ck_assert_int_eq(answer("full"), ERROR);
    ck_assert_str_eq(content(control), "");
}
END_TEST

static const char *const malformed[] = {
    "crresponse=*",    "crresponse=Zg",       "crresponse=AAAA",
    "crresponse=Zh==", "crresponse=Zg==Zg==", "x=y",
};

START_TEST(a_malformed_answer_fails_the_login)
{
    const char *envp[] = {malformed[_i], NULL};
    struct inner_call call = {.type = OPENVPN_PLUGIN_CLIENT_CRRESPONSE, .envp = envp};

    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    ck_assert_int_eq(login_answer(handle, client, &call), ERROR);
    ck_assert_str_eq(content(control), "0");
    ck_assert_str_eq(connect_as(U("alice")), "refused");
}
END_TEST

START_TEST(an_answer_that_comes_when_openvpn_has_given_up_makes_no_file)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    unlink(control);
    answer("full");
    ck_assert_int_ne(access(control, F_OK), 0);
    ck_assert_ptr_nonnull(strstr(logged, "too late"));
}
END_TEST

/* ── the menu after a verdict that comes later ── */

/* The one private file there is. */
static const char *private_file(void)
{
    static char path[400];
    DIR *opened = opendir(dir);
    struct dirent *entry;

    path[0] = '\0';
    while (opened && (entry = readdir(opened)))
        if (strncmp(entry->d_name, "acf.", 4) == 0)
            snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
    closedir(opened);
    return path;
}

static void give_verdict(const char *verdict)
{
    struct timespec moment = {0, 10000000};

    ck_assert_str_ne(private_file(), "");
    put(private_file(), verdict);
    for (int i = 0; i < 3000 && !*content(control); i++)
        nanosleep(&moment, NULL);
    handle_collect(handle);
}

/* Logs in, and returns the state that the client is told; "" if none. */
static const char *get_state(const char *username, const char *verdict)
{
    static char state[64];
    const char *at;

    state[0] = '\0';
    ck_assert_int_eq(verify(L(username, PASSWORD, .says = "2", .sso = "crtext")), DEFERRED);
    ck_assert_str_eq(content(pending), "");
    give_verdict(verdict);
    ck_assert_str_eq(content(control), "0");
    at = strstr(content(reason), "CRV1:R,E:");
    if (at)
        snprintf(state, sizeof(state), "%.*s", (int)strcspn(at + 9, ":"), at + 9);
    return state;
}

static int come_back(const char *username, const char *state, const char *text)
{
    char password[200];

    snprintf(password, sizeof(password), "CRV1::%s::%s", state, text);
    return verify(
        L(username, password, .says = "1", .sso = "crtext")); /* nobody asks the wrapped one */
}

START_TEST(after_a_late_yes_the_menu_is_a_challenge_and_its_answer_a_login)
{
    char state[64];

    strcpy(state, get_state("alice", "1"));
    ck_assert_uint_eq(strlen(state), strlen(CHALLENGE_MARK) + 32);
    ck_assert_ptr_nonnull(strstr(content(reason), ":YWxpY2U=:Which tunnel?"));
    new_client();
    ck_assert_int_eq(come_back("alice", state, "full"), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "full");
    /* a renegotiation repeats the string on the same connection */
    ck_assert_int_eq(come_back("alice", state, "full"), SUCCESS);
    /* elsewhere it is used up */
    new_client();
    ck_assert_int_eq(come_back("alice", state, "full"), ERROR);
    ck_assert_str_eq(content(reason), "");
}
END_TEST

START_TEST(after_a_late_no_there_is_no_challenge)
{
    ck_assert_str_eq(get_state("alice", "0"), "");
    ck_assert_str_eq(content(reason), "");
}
END_TEST

START_TEST(a_state_is_good_for_its_own_user_alone)
{
    char state[64];

    strcpy(state, get_state("alice", "1"));
    new_client();
    ck_assert_int_eq(come_back("bob", state, "library"), ERROR);
    ck_assert_int_eq(come_back("alice", state, "full"), ERROR); /* that try used it up */
}
END_TEST

START_TEST(an_invented_state_is_denied_and_never_passed_on)
{
    ck_assert_int_eq(verify(L("alice", "CRV1::byway00::full", .sso = "crtext")), ERROR);
    ck_assert_int_eq(verify(L("alice", "CRV1::byway", .sso = "crtext")), ERROR);
    ck_assert_int_eq(verify(L("alice", "CRV1::byway::", .sso = "crtext")), ERROR);
    /* one of the wrapped plugin's own is its business */
    ck_assert_int_eq(verify(L("alice", "CRV1::otp7::123456")), SUCCESS);
}
END_TEST

START_TEST(a_wrong_answer_to_the_challenge_is_refused_with_the_reason)
{
    char state[64];

    strcpy(state, get_state("bob", "1"));
    new_client();
    ck_assert_int_eq(come_back("bob", state, "full"), ERROR);
    ck_assert_ptr_nonnull(strstr(content(reason), "You may not use tunnel profile \"full\""));
}
END_TEST

START_TEST(a_late_refusal_is_told_and_logged_after_the_yes_alone)
{
    ck_assert_int_eq(verify(L("bob+full", PASSWORD, .says = "2")), DEFERRED);
    ck_assert_ptr_null(strstr(logged, "refused"));
    give_verdict("1");
    ck_assert_ptr_nonnull(strstr(content(reason), "You may not use"));
    ck_assert_ptr_nonnull(strstr(logged, "bob+full from 192.0.2.1: refused: You may not use"));
    logged[0] = '\0';
    ck_assert_int_eq(verify(L("bob+full", PASSWORD, .says = "2")), DEFERRED);
    give_verdict("0");
    ck_assert_str_eq(content(reason), "");
    ck_assert_str_eq(logged, "");
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("login_menu");
    TCase *tcase = tcase_create("login_menu");

    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, login_set_up, login_tear_down);
    tcase_add_test(tcase, the_menu_is_shown_to_those_who_can_be_asked_and_the_answer_decides);
    tcase_add_test(tcase, a_wrong_answer_fails_the_login_with_the_reason);
    tcase_add_test(tcase, an_empty_answer_is_the_default);
    tcase_add_test(tcase, nobody_else_is_asked);
    tcase_add_test(tcase, a_second_answer_and_one_to_no_question_are_ignored);
    tcase_add_test(tcase, a_new_login_on_the_connection_forgets_the_question);
    tcase_add_loop_test(tcase, a_malformed_answer_fails_the_login, 0,
                        sizeof(malformed) / sizeof(malformed[0]));
    tcase_add_test(tcase, an_answer_that_comes_when_openvpn_has_given_up_makes_no_file);
    tcase_add_test(tcase, after_a_late_yes_the_menu_is_a_challenge_and_its_answer_a_login);
    tcase_add_test(tcase, after_a_late_no_there_is_no_challenge);
    tcase_add_test(tcase, a_state_is_good_for_its_own_user_alone);
    tcase_add_test(tcase, an_invented_state_is_denied_and_never_passed_on);
    tcase_add_test(tcase, a_wrong_answer_to_the_challenge_is_refused_with_the_reason);
    tcase_add_test(tcase, a_late_refusal_is_told_and_logged_after_the_yes_alone);
    suite_add_tcase(suite, tcase);
    return suite;
}
