/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "tests/unit/management_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROMPT "ENTER PASSWORD:"

/* What answers FIRST_COMMANDS. */
#define FIRST_REPLIES                                                         \
    "OpenVPN Version: OpenVPN 2.6.14\r\nManagement Version: 5\r\nEND\r\n"     \
    "SUCCESS: pid=77\r\n1700000000,CONNECTED,SUCCESS,10.8.0.1,,,,\r\nEND\r\n" \
    "SUCCESS: env_filter_level=0\r\nSUCCESS: bytecount interval changed\r\n"  \
    "TITLE\tOpenVPN 2.6.14\r\nTIME\t2023-11-14 22:13:20\t1700000000\r\nEND\r\n"

static void assert_logged(const char *part)
{
    ck_assert_msg(strstr(logged, part), "\"%s\" is not in the log:\n%s", part, logged);
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        n++;
    return n;
}

static void with_password(const char *text)
{
    static char path[128];

    write_text("password", text);
    snprintf(path, sizeof(path), "%s", in_folder("password"));
    server.password_file = path;
}

/* ── the greeting and what follows ── */

START_TEST(on_the_greeting_it_is_attached_and_asks_for_everything_once)
{
    static const char *const greetings[] = {
        ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n",
        ">INFO:OpenVPN Management Interface Version 6 -- type 'help' for more info\r\n"};
    char version[40];
    int fd;

    begin();
    fd = accept_one();
    ck_assert_str_eq(heard(fd), "");
    ck_assert(!management_is_attached(connection));
    say(fd, greetings[_i]);
    ck_assert_str_eq(heard(fd), FIRST_COMMANDS);
    ck_assert(management_is_attached(connection));
    ck_assert_str_eq(told, "attached\n");
    snprintf(version, sizeof(version), "(management version %d)", _i + 5);
    assert_logged("notice server \"main\": attached to /tmp/");
    assert_logged(version);
    close(fd);
}
END_TEST

START_TEST(a_greeting_in_pieces_is_a_greeting)
{
    char piece[2] = "";
    int fd;

    begin();
    fd = accept_one();
    for (const char *at = GREETING; *at; at++) {
        ck_assert(!management_is_attached(connection));
        piece[0] = *at;
        say(fd, piece);
    }
    ck_assert_str_eq(heard(fd), FIRST_COMMANDS);
    close(fd);
}
END_TEST

START_TEST(a_greeting_that_never_comes_is_given_up_and_the_log_says_who_may_be_in_the_way)
{
    int fd, again;

    begin();
    fd = accept_one();
    pass(MANAGEMENT_GREETING_MS - 1);
    ck_assert(!hears_end(fd));
    pass(1);
    ck_assert(hears_end(fd));
    ck_assert_str_eq(told, "");
    assert_logged("warning server \"main\": /tmp/");
    assert_logged("no greeting in 10 s: probably another program is attached");
    pass(1300);
    again = accept_one();
    say(again, GREETING);
    ck_assert(management_is_attached(connection));
    close(again);
    close(fd);
}
END_TEST

START_TEST(a_server_on_hold_is_released_each_time)
{
    int fd = greet();

    say(fd, FIRST_REPLIES ">HOLD:Waiting for hold release:0\r\n");
    ck_assert_str_eq(heard(fd), "hold release\n");
    say(fd, ">HOLD:Waiting for hold release:0\r\n");
    ck_assert_str_eq(heard(fd), ""); /* not before the first is answered */
    say(fd, "SUCCESS: hold release succeeded\r\n>HOLD:Waiting for hold release:0\r\n");
    ck_assert_str_eq(heard(fd), "hold release\n");
    close(fd);
}
END_TEST

START_TEST(one_question_of_each_kind_waits_for_its_answer)
{
    int fd = greet();

    ck_assert(!management_ask_status(connection, now_ms)); /* of the beginning */
    ck_assert(management_ask_state(connection, now_ms));
    ck_assert(!management_ask_state(connection, now_ms));
    ck_assert_str_eq(heard(fd), "state\n");
    say(fd, FIRST_REPLIES);
    ck_assert(!management_ask_state(connection, now_ms));
    ck_assert(management_ask_status(connection, now_ms));
    say(fd, "1700000000,CONNECTED,SUCCESS,10.8.0.1,,,,\r\nEND\r\n");
    ck_assert(management_ask_state(connection, now_ms));
    ck_assert_str_eq(heard(fd), "status 3\nstate\n");
    close(fd);
}
END_TEST

START_TEST(an_error_is_an_answer_too)
{
    int fd = greet();

    say(fd, FIRST_REPLIES);
    ck_assert(management_ask_status(connection, now_ms));
    say(fd, "ERROR: The 'status' command is not supported by the current daemon mode\r\n");
    assert_logged("debug server \"main\" to \"status 3\": The 'status' command is not supported");
    ck_assert(management_ask_status(connection, now_ms));
    ck_assert(management_is_attached(connection));
    close(fd);
}
END_TEST

START_TEST(events_between_the_lines_of_replies_are_told_in_their_order)
{
    int fd = greet();

    told[0] = '\0';
    say(fd, "OpenVPN Version: OpenVPN 2.6.14\r\n>BYTECOUNT_CLI:0,1,2\r\nEND\r\n"
            ">BYTECOUNT_CLI:0,3,4\r\nSUCCESS: pid=77\r\n");
    ck_assert_str_eq(told, "another\nbytecount\nend\nbytecount\nsuccess\n");
    close(fd);
}
END_TEST

START_TEST(asking_is_harmless_where_nobody_is_attached)
{
    begin();
    ck_assert(!management_ask_state(connection, now_ms));
    ck_assert(!management_ask_status(connection, now_ms));
    management_set_bytecount(connection, 30, now_ms);
    stop_listening();
}
END_TEST

START_TEST(another_interval_of_counts_is_asked_for_at_once_or_after_the_last_one_was_answered)
{
    int fd = greet();

    management_set_bytecount(connection, 30, now_ms); /* 10 is not answered yet */
    management_set_bytecount(connection, 60, now_ms);
    ck_assert_str_eq(heard(fd), "");
    say(fd, FIRST_REPLIES);
    ck_assert_str_eq(heard(fd), "bytecount 60\n");
    say(fd, "SUCCESS: bytecount interval changed\r\n");
    management_set_bytecount(connection, 60, now_ms);
    ck_assert_str_eq(heard(fd), "");
    management_set_bytecount(connection, 5, now_ms);
    ck_assert_str_eq(heard(fd), "bytecount 5\n");
    close(fd);
}
END_TEST

/* ── the end of a connection ── */

START_TEST(when_the_server_closes_it_is_told_and_tried_again_within_two_seconds)
{
    int fd = greet();

    say(fd, FIRST_REPLIES ">BYTECOUNT_CLI:0,1");
    close(fd);
    turns();
    ck_assert(!management_is_attached(connection));
    ck_assert_ptr_nonnull(strstr(told, "detached: OpenVPN closed the connection\n"));
    assert_logged("warning server \"main\": OpenVPN closed the connection (trying again after 1 s");
    pass(999);
    ck_assert_int_eq(management_fd(connection), -1);
    pass(1001);
    fd = accept_one();
    say(fd, ",2\r\n" GREETING); /* the half line of before is forgotten */
    ck_assert_str_eq(heard(fd), FIRST_COMMANDS);
    ck_assert_ptr_null(strstr(told, "bytecount"));
    close(fd);
}
END_TEST

START_TEST(what_came_before_the_end_is_told_before_the_end)
{
    int fd = greet();

    told[0] = '\0';
    ck_assert_int_gt(write(fd, ">BYTECOUNT_CLI:0,1,2\r\n", 22), 0);
    close(fd);
    turns();
    ck_assert_str_eq(told, "bytecount\ndetached: OpenVPN closed the connection\n");
}
END_TEST

START_TEST(a_reply_without_a_word_for_a_minute_ends_the_connection)
{
    int fd = greet();

    say(fd, FIRST_REPLIES);
    pass(10 * MANAGEMENT_REPLY_MS); /* nothing is asked: nothing is missed */
    ck_assert(management_is_attached(connection));
    management_ask_status(connection, now_ms);
    say(fd, "TITLE\tOpenVPN 2.6.14\r\nTIME\t2023-11-14 22:13:20\t1700000000\r\n"
            "HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\t"
            "Virtual IPv6 Address\tBytes Received\tBytes Sent\tConnected Since\t"
            "Connected Since (time_t)\tUsername\tClient ID\tPeer ID\tData Channel Cipher\r\n");
    for (int i = 0; i < 5; i++) {
        pass(MANAGEMENT_REPLY_MS - 1);
        say(fd, "CLIENT_LIST\talice\t192.0.2.1:1194\t10.8.0.2\t\t1\t2\t2023-11-14 22:13:20\t"
                "1700000000\talice\t0\t0\tAES-256-GCM\r\n");
    }
    ck_assert(management_is_attached(connection));
    pass(MANAGEMENT_REPLY_MS / 2);
    say(fd, ">BYTECOUNT_CLI:0,1,2\r\n"); /* is no part of a reply */
    pass(MANAGEMENT_REPLY_MS / 2);
    ck_assert(!management_is_attached(connection));
    ck_assert(strstr(told, "detached: OpenVPN has not answered \"status 3\" for 60 s"));
    close(fd);
}
END_TEST

START_TEST(a_server_that_does_not_read_is_still_read)
{
    char line[100];
    int fd = greet();
    int small = 1;

    /* It reads nothing: what we ask soon does not fit its socket any more. */
    ck_assert_int_eq(
        setsockopt(management_fd(connection), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    say(fd, FIRST_REPLIES);
    while (!management_wants_write(connection)) {
        ck_assert(management_ask_state(connection, now_ms));
        say(fd, "1700000000,CONNECTED,SUCCESS,10.8.0.1,,,,\r\nEND\r\n");
    }
    told[0] = '\0';
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), ">BYTECOUNT_CLI:0,%d,2\r\n", i);
        ck_assert_int_gt(write(fd, line, strlen(line)), 0);
        management_turn(connection, true, false, now_ms);
    }
    ck_assert_uint_eq(count(told, "bytecount"), 1000);
    ck_assert(management_is_attached(connection));
    while (*heard(fd)) /* and now it does */
        continue;
    ck_assert(!management_wants_write(connection));
    close(fd);
}
END_TEST

START_TEST(one_turn_reads_a_bounded_piece)
{
    static char lots[4 * MANAGEMENT_READ_BYTES];
    int fd = greet();
    ssize_t sent;
    int turns_needed = 0;

    memset(lots, '\n', sizeof(lots));
    sent = write(fd, lots, sizeof(lots));
    ck_assert_int_gt(sent, MANAGEMENT_READ_BYTES);
    while (management_turn(connection, true, false, now_ms))
        turns_needed++;
    ck_assert_int_ge(turns_needed, (int)(sent / MANAGEMENT_READ_BYTES));
    close(fd);
}
END_TEST

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
        management_turn(others[i], false, false, now_ms);
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

/* ── hostile servers ── */

START_TEST(garbage_is_read_for_ever_and_nothing_comes_of_it)
{
    static char noise[30000];
    unsigned seed = (unsigned)_i;
    int fd = greet();

    for (int round = 0; round < 40; round++) {
        for (size_t i = 0; i < sizeof(noise); i++)
            noise[i] = (char)rand_r(&seed);
        ck_assert_int_eq(write(fd, noise, sizeof(noise)), sizeof(noise));
        turns();
        told[0] = logged[0] = '\0';
    }
    say(fd, "\r\nERROR: x\r\nSUCCESS: y\r\nEND\r\n>HOLD:\r\n");
    ck_assert(management_is_attached(connection));
    close(fd);
}
END_TEST

START_TEST(answers_that_nobody_asked_for_are_passed_over)
{
    int fd = greet();

    say(fd, FIRST_REPLIES);
    for (int i = 0; i < 100; i++)
        say(fd, "END\r\nSUCCESS: x\r\nERROR: y\r\n");
    ck_assert(management_is_attached(connection));
    ck_assert(management_ask_state(connection, now_ms));
    ck_assert_str_eq(heard(fd), "state\n");
    close(fd);
}
END_TEST

static TCase *make_case(const char *name)
{
    TCase *tests = tcase_create(name);

    tcase_add_checked_fixture(tests, management_set_up, management_tear_down);
    return tests;
}

static TCase *attached(void)
{
    TCase *tests = make_case("attached");

    tcase_add_loop_test(tests, on_the_greeting_it_is_attached_and_asks_for_everything_once, 0, 2);
    tcase_add_test(tests, a_greeting_in_pieces_is_a_greeting);
    tcase_add_test(tests,
                   a_greeting_that_never_comes_is_given_up_and_the_log_says_who_may_be_in_the_way);
    tcase_add_test(tests, a_server_on_hold_is_released_each_time);
    tcase_add_test(tests, one_question_of_each_kind_waits_for_its_answer);
    tcase_add_test(tests, an_error_is_an_answer_too);
    tcase_add_test(tests, events_between_the_lines_of_replies_are_told_in_their_order);
    tcase_add_test(tests, asking_is_harmless_where_nobody_is_attached);
    tcase_add_test(
        tests, another_interval_of_counts_is_asked_for_at_once_or_after_the_last_one_was_answered);
    tcase_add_test(tests, when_the_server_closes_it_is_told_and_tried_again_within_two_seconds);
    tcase_add_test(tests, what_came_before_the_end_is_told_before_the_end);
    tcase_add_test(tests, a_reply_without_a_word_for_a_minute_ends_the_connection);
    tcase_add_test(tests, a_server_that_does_not_read_is_still_read);
    tcase_add_test(tests, one_turn_reads_a_bounded_piece);
    tcase_add_loop_test(tests, garbage_is_read_for_ever_and_nothing_comes_of_it, 0, 3);
    tcase_add_test(tests, answers_that_nobody_asked_for_are_passed_over);
    return tests;
}

static TCase *in_the_way(void)
{
    TCase *tests = make_case("in the way");

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
    TCase *tests = make_case("passwords");

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
    Suite *suite = suite_create("management");

    suite_add_tcase(suite, attached());
    suite_add_tcase(suite, in_the_way());
    suite_add_tcase(suite, passwords());
    return suite;
}
