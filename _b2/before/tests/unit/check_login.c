/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logins through a whole handle (login_fixture.c): the first one, renegotiation, tokens. */
#include "plugin/login.h"

#include "tests/unit/login_fixture.h"
#include "tests/unit/unit.h"

#include <string.h>

/* ── the first login ── */

static const struct {
    struct login login;
    int status;
    const char *gets;   /* at connect; NULL: does not come so far */
    const char *reason; /* NULL: none */
} firsts[] = {
    {FIELDS("alice", PASSWORD), SUCCESS, "split", NULL},
    {FIELDS("alice+full", PASSWORD), SUCCESS, "full", NULL},
    {FIELDS("alice+FULL", PASSWORD), SUCCESS, "full", NULL},
    {FIELDS("alice+", PASSWORD), SUCCESS, "split", NULL},
    {FIELDS("alice", PASSWORD, .uv = "full"), SUCCESS, "full", NULL},
    {FIELDS("alice+campus", PASSWORD, .uv = "full"), SUCCESS, "split", NULL},
    {FIELDS("alice+ful", PASSWORD), ERROR, NULL, "There is no tunnel profile \"ful\""},
    {FIELDS("bob+full", PASSWORD), ERROR, NULL, "You may not use tunnel profile \"full\""},
    {FIELDS("bob", PASSWORD, .uv = "full"), ERROR, NULL, "You may not use"},
    /* nothing is said to one who is not authenticated */
    {FIELDS("alice", PASSWORD, .says = "1"), ERROR, NULL, NULL},
    {FIELDS("alice+ful", PASSWORD, .says = "1"), ERROR, NULL, NULL},
    {FIELDS("bob+full", PASSWORD, .says = "1"), ERROR, NULL, NULL},
    {FIELDS("alice+full", PASSWORD, .says = "3"), ERROR, NULL, NULL},
    {FIELDS("alice+full", PASSWORD, .says = "-1"), ERROR, NULL, NULL},
    /* what is no login at all */
    {FIELDS(NULL, PASSWORD), ERROR, NULL, NULL},
    {FIELDS("", PASSWORD), ERROR, NULL, NULL},
    {FIELDS("+full", PASSWORD), ERROR, NULL, NULL},
    {FIELDS("alice", NULL), ERROR, NULL, NULL},
    {FIELDS("alice", ""), ERROR, NULL, NULL},
    /* a verdict that comes later */
    {FIELDS("alice", PASSWORD, .says = "2"), DEFERRED, "split", NULL},
    {FIELDS("alice+full", PASSWORD, .says = "2"), DEFERRED, "full", NULL},
    {FIELDS("alice+ful", PASSWORD, .says = "2"), DEFERRED, NULL, NULL},
};

START_TEST(a_login_gets_what_it_said_or_is_refused)
{
    ck_assert_int_eq(verify(firsts[_i].login), firsts[_i].status);
    if (firsts[_i].reason)
        ck_assert_msg(strstr(content(reason), firsts[_i].reason) != NULL, "%s", content(reason));
    else
        ck_assert_str_eq(content(reason), "");
    ck_assert_str_eq(content(pending), "");
    if (firsts[_i].status == DEFERRED && firsts[_i].gets) {
        ck_assert_str_eq(connect_as(firsts[_i].login), "refused"); /* before the verdict */
        put(control, "1");
    }
    ck_assert_str_eq(connect_as(firsts[_i].login), firsts[_i].gets ? firsts[_i].gets : "refused");
    ck_assert_ptr_null(strstr(logged, PASSWORD));
}
END_TEST

START_TEST(a_static_challenge_is_a_choice_and_an_empty_one_is_none)
{
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"))), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "full");
    new_client();
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, ""))), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "split");
    new_client();
    ck_assert_int_eq(verify(L("alice", scrv1("", "full"))), ERROR);
    ck_assert_int_eq(verify(L("alice", "SCRV1:cHc=:")), SUCCESS);
    ck_assert_int_eq(verify(L("alice", "SCRV1:cHc=")), ERROR);
    ck_assert_int_eq(verify(L("alice", "SCRV1:c!!=:")), ERROR);
}
END_TEST

START_TEST(a_login_without_context_or_files_is_an_error)
{
    const char *envp[] = {"username=alice", "password=" PASSWORD, "says=0", NULL};
    struct inner_call call = {.type = OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY, .envp = envp};

    ck_assert_int_eq(login_verify(handle, client, &call), ERROR);
    ck_assert_int_eq(login_verify(handle, NULL, &call), ERROR);
    call.type = OPENVPN_PLUGIN_CLIENT_CRRESPONSE;
    ck_assert_int_eq(login_answer(handle, NULL, &call), ERROR);
}
END_TEST

START_TEST(another_login_is_not_ones_own)
{
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"))), SUCCESS);
    ck_assert_str_eq(connect_as(U("bob")), "refused");
}
END_TEST

/* ── renegotiation ── */

START_TEST(a_renegotiation_is_authenticated_again_and_changes_nothing)
{
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"))), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "full");
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"))), SUCCESS);
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"), .says = "2")), DEFERRED);
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"), .says = "1")), ERROR);
    ck_assert_str_eq(content(reason), "");
}
END_TEST

START_TEST(the_menu_is_not_shown_again)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    ck_assert_int_eq(answer("full"), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "full");
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), SUCCESS);
    ck_assert_str_eq(content(pending), "");
}
END_TEST

START_TEST(on_a_full_tunnel_who_does_not_say_so_again_connects_anew)
{
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"))), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "full");
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, ""))), ERROR);
    ck_assert_int_eq(strncmp(content(reason), "TEMP[backoff ", 13), 0);
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "library"))), ERROR);
    ck_assert_int_eq(strncmp(content(reason), "TEMP[backoff ", 13), 0);
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "ful"))), ERROR);
    ck_assert_ptr_nonnull(strstr(content(reason), "There is no tunnel profile"));
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, ""), .says = "1")), ERROR);
    ck_assert_str_eq(content(reason), "");
}
END_TEST

START_TEST(on_a_split_tunnel_who_says_nothing_more_goes_on)
{
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "library"))), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "split");
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, ""))), SUCCESS);
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"))), ERROR);
    ck_assert_int_eq(strncmp(content(reason), "TEMP[backoff ", 13), 0);
}
END_TEST

START_TEST(another_user_on_the_connection_connects_anew)
{
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice+full")), "full");
    ck_assert_int_eq(verify(L("bob", PASSWORD, .sso = "crtext")), ERROR);
    ck_assert_int_eq(strncmp(content(reason), "TEMP[backoff ", 13), 0);
    ck_assert_int_eq(verify(L("alice", PASSWORD)), ERROR);
    ck_assert_int_eq(strncmp(content(reason), "TEMP[backoff ", 13), 0);
    ck_assert_int_eq(verify(L("bob", PASSWORD, .says = "1")), ERROR);
    ck_assert_str_eq(content(reason), "");
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), SUCCESS); /* she is still who she was */
}
END_TEST

START_TEST(a_right_that_was_withdrawn_ends_at_the_renegotiation)
{
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice+full")), "full");
    change_policy(choices, full_for_bob);
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), ERROR);
    ck_assert_ptr_nonnull(strstr(content(reason), "You may not use tunnel profile \"full\""));
    change_policy("on-refused default\nchoose username-suffix +\n", full_for_bob);
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), ERROR);
    ck_assert_ptr_nonnull(strstr(content(reason), "no longer open to you"));
    change_policy(choices, "");
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), ERROR);
}
END_TEST

START_TEST(a_profile_that_turned_from_full_to_split_or_back_ends_too)
{
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice+full")), "full");
    change_policy(choices, "<profile full>\nroutes internal\n</profile>\n");
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), ERROR);
    ck_assert_ptr_nonnull(strstr(content(reason), "no longer open to you"));
    new_client();
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice+full")), "split");
    change_policy(choices, full_for_alice);
    ck_assert_int_eq(verify(L("alice+full", PASSWORD)), ERROR);
}
END_TEST

START_TEST(another_default_does_not_end_the_sessions_there_are)
{
    ck_assert_int_eq(verify(L("alice", PASSWORD)), SUCCESS);
    ck_assert_str_eq(connect_as(U("alice")), "split");
    change_policy("<user alice>\nprofile library\n</user>\n", full_for_alice);
    ck_assert_int_eq(verify(L("alice", PASSWORD)), SUCCESS);
}
END_TEST

/* ── tokens ── */

START_TEST(a_client_with_a_token_gets_what_it_chose_before)
{
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"), .session_id = "id1",
                              .session_state = "Initial")),
                     SUCCESS);
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id1", .session_state = "Initial")),
                     "full");
    new_client();
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id1", .session_state = "Authenticated")),
                     "full");
    new_client();
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id2", .session_state = "Authenticated")),
                     "split");
    new_client();
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id1", .session_state = "Initial")),
                     "refused");
    new_client();
    ck_assert_str_eq(connect_as(U("bob", .session_id = "id1", .session_state = "Authenticated")),
                     "split");
}
END_TEST

START_TEST(external_auth_sees_the_token_and_the_choice_stays)
{
    const char *token = "SESS_ID_AT_abc";

    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"), .session_id = "id1",
                              .session_state = "Initial")),
                     SUCCESS);
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id1", .session_state = "Initial")),
                     "full");
    ck_assert_int_eq(verify(L("alice", token, .session_id = "id1", .session_state = "Authenticated",
                              .sso = "crtext")),
                     SUCCESS);
    ck_assert_int_eq(
        verify(L("alice", token, .says = "1", .session_id = "id1", .session_state = "Expired")),
        ERROR);
    new_client();
    ck_assert_int_eq(verify(L("alice", token, .session_id = "id1", .session_state = "Authenticated",
                              .sso = "crtext")),
                     SUCCESS);
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id1", .session_state = "Authenticated")),
                     "full");
}
END_TEST

START_TEST(a_token_of_unknown_memory_gets_the_default_and_is_not_asked)
{
    const char *token = "SESS_ID_AT_abc";

    ck_assert_int_eq(verify(L("alice", token, .session_id = "id9", .session_state = "Authenticated",
                              .sso = "crtext")),
                     SUCCESS);
    ck_assert_str_eq(content(pending), "");
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id9", .session_state = "Authenticated")),
                     "split");
}
END_TEST

START_TEST(a_token_that_openvpn_does_not_vouch_for_brings_no_choice_back)
{
    ck_assert_int_eq(verify(L("alice", scrv1(PASSWORD, "full"), .session_id = "id1",
                              .session_state = "Initial")),
                     SUCCESS);
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id1", .session_state = "Initial")),
                     "full");
    new_client();
    ck_assert_int_eq(
        verify(L("alice", "SESS_ID_AT_abc", .session_id = "id1", .session_state = "Expired")),
        SUCCESS); /* the wrapped plugin's decision */
    ck_assert_str_eq(connect_as(U("alice", .session_id = "id1", .session_state = "Expired")),
                     "split");
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("login");
    TCase *tcase = tcase_create("login");

    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, login_set_up, login_tear_down);
    tcase_add_loop_test(tcase, a_login_gets_what_it_said_or_is_refused, 0,
                        sizeof(firsts) / sizeof(firsts[0]));
    tcase_add_test(tcase, a_static_challenge_is_a_choice_and_an_empty_one_is_none);
    tcase_add_test(tcase, a_login_without_context_or_files_is_an_error);
    tcase_add_test(tcase, another_login_is_not_ones_own);
    tcase_add_test(tcase, a_renegotiation_is_authenticated_again_and_changes_nothing);
    tcase_add_test(tcase, the_menu_is_not_shown_again);
    tcase_add_test(tcase, on_a_full_tunnel_who_does_not_say_so_again_connects_anew);
    tcase_add_test(tcase, on_a_split_tunnel_who_says_nothing_more_goes_on);
    tcase_add_test(tcase, another_user_on_the_connection_connects_anew);
    tcase_add_test(tcase, a_right_that_was_withdrawn_ends_at_the_renegotiation);
    tcase_add_test(tcase, a_profile_that_turned_from_full_to_split_or_back_ends_too);
    tcase_add_test(tcase, another_default_does_not_end_the_sessions_there_are);
    tcase_add_test(tcase, a_client_with_a_token_gets_what_it_chose_before);
    tcase_add_test(tcase, external_auth_sees_the_token_and_the_choice_stays);
    tcase_add_test(tcase, a_token_of_unknown_memory_gets_the_default_and_is_not_asked);
    tcase_add_test(tcase, a_token_that_openvpn_does_not_vouch_for_brings_no_choice_back);
    suite_add_tcase(suite, tcase);
    return suite;
}
