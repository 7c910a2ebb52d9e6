/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a connection comes about: what is in the way, how often it is tried, TCP, passwords. */
#include "tests/unit/unit.h"

#include "tests/unit/management_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROMPT "ENTER PASSWORD:"

static void with_password(const char *text)
{
    static char path[128];

    write_text("password", text);
    snprintf(path, sizeof(path), "%s", in_folder("password"));
    server.password_file = path;
}

/* ── trying again ── */

START_TEST(tries_come_less_and_less_often_but_for_ever)
{
    int64_t waits[12];

    stop_listening();
    begin();
    for (int i = 0; i < 12; i++) {
        waits[i] = management_due_ms(connection) - now_ms;
        pass(waits[i]);
    }
    for (int i = 0; i < 12; i++) {
        int64_t least = i < 6 ? 1000 << i : 48000;

        if (least > 48000)
            least = 48000;
        ck_assert_int_ge(waits[i], least);
        ck_assert_int_le(waits[i], least + least / 4);
    }
    for (int i = 0; i < 1000; i++)
        pass(60000);
    listen_again();
    pass(60000);
    say(accept_one(), GREETING);
    ck_assert(management_is_attached(connection));
}
END_TEST

START_TEST(the_same_failure_is_logged_once_in_ten_minutes)
{
    stop_listening();
    begin();
    ck_assert_uint_eq(count(logged, "warning "), 1);
    for (int i = 0; i < 9; i++)
        pass(60000);
    ck_assert_uint_eq(count(logged, "warning "), 1);
    ck_assert_uint_gt(count(logged, "debug "), 8);
    pass(120000);
    ck_assert_uint_eq(count(logged, "warning "), 2);
    unlink(server.socket);
    pass(60000);
    ck_assert_uint_eq(count(logged, "warning "), 3); /* another reason */
}
END_TEST

START_TEST(a_connection_that_worked_is_tried_again_soon)
{
    int fd;

    stop_listening();
    begin();
    for (int i = 0; i < 10; i++)
        pass(60000);
    listen_again();
    pass(60000);
    fd = accept_one();
    say(fd, GREETING);
    say(fd, FIRST_REPLIES);
    close(fd);
    turns();
    ck_assert_int_le(management_due_ms(connection) - now_ms, 1250);
}
END_TEST

START_TEST(who_greets_and_hangs_up_is_not_tried_every_second_for_ever)
{
    int64_t wait = 0;

    begin();
    for (int i = 0; i < 8; i++) {
        int fd = accept_one();

        say(fd, GREETING);
        close(fd);
        turns();
        wait = management_due_ms(connection) - now_ms;
        pass(wait);
    }
    ck_assert_int_ge(wait, 48000);
}
END_TEST

/* ── what is in the way ── */

START_TEST(a_socket_that_is_not_there_is_told_with_the_line_openvpn_needs)
{
    unlink(server.socket);
    begin();
    assert_logged("there is no such socket: OpenVPN does not run, or its config has no "
                  "\"management FILE unix\" line with this file");
}
END_TEST

START_TEST(a_socket_that_nobody_listens_at_is_told)
{
    stop_listening();
    begin();
    assert_logged("nobody listens there: OpenVPN ended and left its socket behind");
}
END_TEST

START_TEST(a_folder_that_may_not_be_entered_is_told_with_the_acl)
{

    if (geteuid() != 0)
        unit_skip("root only: it gives its rights away");
    ck_assert_int_eq(chmod(in_folder(""), 0700), 0);
    ck_assert_int_eq(seteuid(65534), 0);
    begin();
    ck_assert_int_eq(seteuid(0), 0);
    assert_logged("tmpfiles.d, as in \"a+ /run/openvpn-server - - - - u:_byway:x\"");
}
END_TEST

START_TEST(a_full_queue_of_others_is_told)
{
    struct management *others[8] = {NULL};
    const struct management_owner nobody = {0};

    for (size_t i = 0; i < 8; i++) {
        others[i] = management_new(&server, 10, &nobody, NULL);
        management_turn(others[i], false, now_ms);
    }
    begin();
    assert_logged("another program is attached, and a further one waits");
    for (size_t i = 0; i < 8; i++)
        management_free(others[i]);
}
END_TEST

START_TEST(who_is_turned_away_is_told_of_management_client_user)
{
    begin();
    close(accept_one());
    turns();
    assert_logged("closed the connection before its greeting: if its config has "
                  "\"management-client-user\" or \"management-client-group\", name this account");
    ck_assert_str_eq(told, "");
}
END_TEST

/* ── TCP and passwords ── */

START_TEST(it_connects_to_an_address_and_a_port)
{
    static const char *const addresses[] = {"127.0.0.1", "::1"};

    server.socket = NULL;
    server.host = addresses[_i];
    server.port = listen_tcp(addresses[_i]);
    say((begin(), accept_one()), GREETING);
    ck_assert(management_is_attached(connection));
}
END_TEST

START_TEST(localhost_is_either_family)
{
    static const char *const addresses[] = {"127.0.0.1", "::1"};

    server.socket = NULL;
    server.host = "localhost";
    server.port = listen_tcp(addresses[_i]);
    say((begin(), accept_one()), GREETING);
    ck_assert(management_is_attached(connection));
}
END_TEST

START_TEST(a_port_that_nobody_listens_at_is_told)
{
    char text[80];

    server.socket = NULL;
    server.host = "localhost";
    server.port = listen_tcp("127.0.0.1");
    stop_listening();
    begin();
    snprintf(text, sizeof(text), "localhost port %u: nobody listens there", server.port);
    assert_logged(text);
}
END_TEST

START_TEST(the_password_is_given_when_asked_for_however_the_prompt_was_cut)
{
    char first[20] = "";
    int fd;

    server.socket = NULL;
    server.host = "127.0.0.1";
    server.port = listen_tcp("127.0.0.1");
    with_password("open sesame\nsecond line\n");
    begin();
    fd = accept_one();
    memcpy(first, PROMPT, (size_t)_i);
    if (_i > 0)
        say(fd, first);
    ck_assert_str_eq(heard(fd), "");
    say(fd, PROMPT + _i);
    ck_assert_str_eq(heard(fd), "open sesame\n");
    say(fd, "SUCCESS: password is correct\r\n" GREETING);
    ck_assert_str_eq(heard(fd), FIRST_COMMANDS);
    ck_assert_ptr_null(strstr(logged, "sesame"));
    close(fd);
}
END_TEST

START_TEST(a_wrong_password_is_given_once_and_the_log_says_where_it_stands)
{
    static const char *const answers[] = {PROMPT, "ERROR: bad password\r\n"};
    int fd;

    with_password("wrong\n");
    begin();
    fd = accept_one();
    say(fd, PROMPT);
    ck_assert_str_eq(heard(fd), "wrong\n");
    say(fd, answers[_i]);
    ck_assert(hears_end(fd));
    assert_logged("OpenVPN refused the password: the first line of /tmp/");
    ck_assert_ptr_null(strstr(logged, "wrong"));
    ck_assert_str_eq(told, "");
    close(fd);
}
END_TEST

START_TEST(a_corrected_password_is_taken_at_the_next_try)
{
    int fd;

    with_password("wrong\n");
    begin();
    fd = accept_one();
    say(fd, PROMPT);
    say(fd, "ERROR: bad password\r\n");
    write_text("password", "right");
    pass(1300);
    close(fd);
    fd = accept_one();
    say(fd, PROMPT);
    ck_assert_str_eq(heard(fd), "wrong\nright\n" + strlen("wrong\n"));
    close(fd);
}
END_TEST

static const struct {
    const char *text; /* of the file; NULL: there is none */
    const char *told;
} bad_passwords[] = {
    {"", "is not a password"},         {"\nsecond\n", "is not a password"},
    {"a\001b\n", "is not a password"}, {"a\tb\n", "is not a password"},
    {NULL, "cannot be read: No such"},
};

START_TEST(what_is_no_password_is_not_sent)
{
    int fd;

    with_password("x");
    if (bad_passwords[_i].text)
        write_text("password", bad_passwords[_i].text);
    else
        unlink(server.password_file);
    begin();
    fd = accept_one();
    say(fd, PROMPT);
    ck_assert_str_eq(heard(fd), "");
    assert_logged(bad_passwords[_i].told);
    close(fd);
}
END_TEST

START_TEST(a_password_has_at_most_512_bytes)
{
    char text[600], expected[602];
    int fd;

    memset(text, 'x', sizeof(text));
    text[512 + _i] = '\0';
    snprintf(expected, sizeof(expected), "%s\n", text);
    with_password(text);
    begin();
    fd = accept_one();
    say(fd, PROMPT);
    ck_assert_str_eq(heard(fd), _i == 0 ? expected : "");
    close(fd);
}
END_TEST

START_TEST(a_server_that_asks_for_a_password_we_have_not_is_told)
{
    int fd;

    begin();
    fd = accept_one();
    say(fd, PROMPT);
    assert_logged("the server asks for a password: put \"password FILE\" at the end");
    close(fd);
}
END_TEST

START_TEST(who_asks_for_the_password_after_the_greeting_does_not_get_it)
{
    int fd;

    with_password("secret\n");
    fd = greet();
    say(fd, "\r\n" PROMPT "\r\n" PROMPT);
    ck_assert_str_eq(heard(fd), "");
    close(fd);
}
END_TEST

static TCase *in_the_way(void)
{
    TCase *tests = management_case("in the way");

    tcase_add_test(tests, tries_come_less_and_less_often_but_for_ever);
    tcase_add_test(tests, the_same_failure_is_logged_once_in_ten_minutes);
    tcase_add_test(tests, a_connection_that_worked_is_tried_again_soon);
    tcase_add_test(tests, who_greets_and_hangs_up_is_not_tried_every_second_for_ever);
    tcase_add_test(tests, a_socket_that_is_not_there_is_told_with_the_line_openvpn_needs);
    tcase_add_test(tests, a_socket_that_nobody_listens_at_is_told);
    tcase_add_test(tests, a_folder_that_may_not_be_entered_is_told_with_the_acl);
    tcase_add_test(tests, a_full_queue_of_others_is_told);
    tcase_add_test(tests, who_is_turned_away_is_told_of_management_client_user);
    return tests;
}

static TCase *passwords(void)
{
    TCase *tests = management_case("passwords");

    tcase_add_loop_test(tests, it_connects_to_an_address_and_a_port, 0, 2);
    tcase_add_loop_test(tests, localhost_is_either_family, 0, 2);
    tcase_add_test(tests, a_port_that_nobody_listens_at_is_told);
    tcase_add_loop_test(tests, the_password_is_given_when_asked_for_however_the_prompt_was_cut, 0,
                        (int)strlen(PROMPT));
    tcase_add_loop_test(tests, a_wrong_password_is_given_once_and_the_log_says_where_it_stands, 0,
                        2);
    tcase_add_test(tests, a_corrected_password_is_taken_at_the_next_try);
    tcase_add_loop_test(tests, what_is_no_password_is_not_sent, 0,
                        sizeof(bad_passwords) / sizeof(*bad_passwords));
    tcase_add_loop_test(tests, a_password_has_at_most_512_bytes, 0, 2);
    tcase_add_test(tests, a_server_that_asks_for_a_password_we_have_not_is_told);
    tcase_add_test(tests, who_asks_for_the_password_after_the_greeting_does_not_get_it);
    return tests;
}

Suite *unit_suite(void)
{
    Suite *suite = suite_create("management_connect");

    suite_add_tcase(suite, in_the_way());
    suite_add_tcase(suite, passwords());
    return suite;
}
