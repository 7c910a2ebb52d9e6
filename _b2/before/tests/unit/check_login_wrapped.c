/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the wrapped plugin is asked beside passwords, and a handle that wraps none. */
#include "plugin/connect.h"
#include "plugin/login.h"

#include "tests/unit/login_fixture.h"
#include "tests/unit/unit.h"

#include <string.h>

/* ── what else the wrapped plugin asks for ── */

/* AUTH_USER_PASS_VERIFY with DISCONNECT, LEARN_ADDRESS, CONNECT_V2 and CRRESPONSE. */
#define MANY_CALLS "mask=33696"

static int call_with(int type, const char **argv, const char *says, const char *gives,
                     struct openvpn_plugin_string_list **list)
{
    const char *envp[] = {says, gives ? gives : "gave=nothing", "username=alice",
                          "crresponse=Zg==", NULL};
    struct inner_call call = {.type = type, .argv = argv, .envp = envp, .return_list = list};

    switch (type) {
    case OPENVPN_PLUGIN_CLIENT_CONNECT_V2:
        return connect_begin(handle, client, &call);
    case OPENVPN_PLUGIN_LEARN_ADDRESS:
        return connect_learn(handle, client, &call);
    case OPENVPN_PLUGIN_CLIENT_DISCONNECT:
        return connect_end(handle, client, &call);
    default:
        return login_answer(handle, client, &call);
    }
}

START_TEST(its_own_text_at_connect_comes_before_ours)
{
    struct openvpn_plugin_string_list *list = NULL;

    open_again(INNER_MODULES "/inner_v3.so", MANY_CALLS);
    ck_assert_int_eq(verify(L("alice", PASSWORD)), SUCCESS);
    ck_assert_int_eq(call_with(OPENVPN_PLUGIN_CLIENT_CONNECT_V2, NULL, "says=0",
                               "gives=push \"inactive 60\"", &list),
                     SUCCESS);
    ck_assert_int_eq(strncmp(list->value, "push \"inactive 60\"\npush", 23), 0);
    ck_assert_ptr_nonnull(strstr(list->value, "push \"route 10.0.0.0 255.0.0.0\""));
    ck_assert_ptr_null(list->next);
    inner_free_list(list);
}
END_TEST

START_TEST(it_may_refuse_at_connect_and_not_put_it_off)
{
    static const char *const answers[] = {"says=1", "says=2", "says=7"};

    open_again(INNER_MODULES "/inner_v3.so", MANY_CALLS);
    for (size_t i = 0; i < 3; i++) {
        struct openvpn_plugin_string_list *list = NULL;

        ck_assert_int_eq(verify(L("alice", PASSWORD)), SUCCESS);
        ck_assert_int_eq(call_with(OPENVPN_PLUGIN_CLIENT_CONNECT_V2, NULL, answers[i],
                                   "gives=push \"x\"", &list),
                         ERROR);
        ck_assert_ptr_null(list);
        ck_assert(!client->connected);
    }
}
END_TEST

START_TEST(it_is_told_of_addresses_and_of_the_end)
{
    const char *argv[] = {"byway.so", "add", "10.8.0.2", "alice", NULL};
    struct openvpn_plugin_string_list *list = NULL;

    open_again(INNER_MODULES "/inner_v3.so", MANY_CALLS);
    ck_assert_int_eq(verify(L("alice", PASSWORD)), SUCCESS);
    ck_assert_int_eq(call_with(OPENVPN_PLUGIN_CLIENT_CONNECT_V2, NULL, "says=0", NULL, &list),
                     SUCCESS);
    inner_free_list(list);
    ck_assert_int_eq(call_with(OPENVPN_PLUGIN_LEARN_ADDRESS, argv, "says=0", NULL, NULL), SUCCESS);
    ck_assert_int_eq(call_with(OPENVPN_PLUGIN_LEARN_ADDRESS, argv, "says=1", NULL, NULL), ERROR);
    ck_assert_int_eq(call_with(OPENVPN_PLUGIN_CLIENT_DISCONNECT, NULL, "says=1", NULL, NULL),
                     ERROR);
    ck_assert(!client->connected);
}
END_TEST

START_TEST(answers_to_its_own_questions_are_its_own)
{
    open_again(INNER_MODULES "/inner_v3.so", MANY_CALLS);
    ck_assert_int_eq(call_with(OPENVPN_PLUGIN_CLIENT_CRRESPONSE, NULL, "says=0", NULL, NULL),
                     SUCCESS);
    ck_assert_ptr_null(strstr(logged, "ignored"));
    /* but not those to ours */
    ck_assert_int_eq(verify(L("alice", PASSWORD, .sso = "crtext")), DEFERRED);
    ck_assert_int_eq(call_with(OPENVPN_PLUGIN_CLIENT_CRRESPONSE, NULL, "says=0", NULL, NULL),
                     ERROR);
    ck_assert_str_eq(content(control), "0"); /* "f" is no profile */
}
END_TEST

START_TEST(without_one_the_choices_that_need_it_are_warned_about)
{
    open_again(NULL, NULL);
    ck_assert_ptr_nonnull(strstr(logged, "`choose static-challenge` cannot work here"));
    ck_assert_ptr_nonnull(strstr(logged, "`choose menu` cannot work here"));
    ck_assert_ptr_null(strstr(logged, "`choose username-suffix`"));
    ck_assert_int_eq(
        handle_mask(handle) & OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY), 0);
    ck_assert_int_eq(verify(L("alice", PASSWORD)), ERROR);
    ck_assert_str_eq(connect_as(U("alice+full")), "full");
    ck_assert_str_eq(connect_as(U("bob+full")), "refused");
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("login_wrapped");
    TCase *tcase = tcase_create("login_wrapped");

    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, login_set_up, login_tear_down);
    tcase_add_test(tcase, its_own_text_at_connect_comes_before_ours);
    tcase_add_test(tcase, it_may_refuse_at_connect_and_not_put_it_off);
    tcase_add_test(tcase, it_is_told_of_addresses_and_of_the_end);
    tcase_add_test(tcase, answers_to_its_own_questions_are_its_own);
    tcase_add_test(tcase, without_one_the_choices_that_need_it_are_warned_about);
    suite_add_tcase(suite, tcase);
    return suite;
}
