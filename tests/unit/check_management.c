/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "tests/unit/management_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

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
        management_read(connection);
        management_turn(connection, false, now_ms);
    }
    ck_assert_uint_eq(count(told, "bytecount"), 1000);
    ck_assert(management_is_attached(connection));
    while (*heard(fd)) /* and now it does */
        continue;
    ck_assert(!management_wants_write(connection));
    close(fd);
}
END_TEST

START_TEST(all_that_came_is_read_at_once_and_worked_on_in_bounded_pieces)
{
    static char lots[4 * MANAGEMENT_TURN_BYTES];
    int fd = greet();
    ssize_t sent;
    int turns_needed = 0;

    memset(lots, '\n', sizeof(lots));
    sent = write(fd, lots, sizeof(lots));
    ck_assert_int_gt(sent, MANAGEMENT_TURN_BYTES);
    ck_assert_uint_eq(management_read(connection), (size_t)sent);
    ck_assert_uint_eq(management_read(connection), 0);
    while (management_turn(connection, false, now_ms))
        turns_needed++;
    ck_assert_int_ge(turns_needed, (int)(sent / MANAGEMENT_TURN_BYTES));
    close(fd);
}
END_TEST

/* Long lines of nothing, and a count at each end. */
static void fill(char *text, size_t n)
{
    memset(text, 'x', n);
    for (size_t i = 0; i < n; i += 16000)
        text[i] = '\n';
    memcpy(text, ">BYTECOUNT_CLI:0,1,2\n", 21);
    memcpy(text + n - 22, "\n>BYTECOUNT_CLI:0,3,4\n", 22);
}

static void say_while_it_reads(int fd, const char *text, size_t n)
{
    size_t said = 0;

    while (said < n) {
        ssize_t sent = send(fd, text + said, n - said, MSG_DONTWAIT);

        said += sent > 0 ? (size_t)sent : 0;
        if (sent < 0 && management_read(connection) == 0)
            turns();
    }
}

START_TEST(who_is_far_behind_reads_no_more_until_it_has_worked_and_loses_nothing)
{
    static char lots[1 << 16];
    int fd = greet();
    size_t n = 0;

    fill(lots, sizeof(lots));
    told[0] = '\0';
    for (; management_wants_read(connection); n++) {
        ck_assert_int_eq(send(fd, lots, sizeof(lots), MSG_DONTWAIT), sizeof(lots));
        ck_assert_uint_eq(management_read(connection), sizeof(lots));
    }
    ck_assert_uint_eq(n * sizeof(lots), MANAGEMENT_KEPT_BYTES);
    ck_assert_uint_eq(management_read(connection), 0);
    ck_assert_int_le(management_due_ms(connection), now_ms);
    while (!management_wants_read(connection))
        ck_assert(management_turn(connection, false, now_ms));
    say_while_it_reads(fd, lots, sizeof(lots));
    turns();
    ck_assert_uint_eq(count(told, "bytecount"), 2 * (n + 1));
    told[0] = '\0';
    for (int i = 0; i < 400; i++)
        say_while_it_reads(fd, lots, sizeof(lots));
    turns();
    ck_assert_uint_eq(count(told, "bytecount"), 2 * 400);
    ck_assert_uint_eq(management_garbage(connection), 0);
    close(fd);
}
END_TEST

START_TEST(a_reply_that_was_read_in_time_is_not_missed_while_it_waits)
{
    int fd = greet();

    ck_assert_int_gt(write(fd, FIRST_REPLIES, strlen(FIRST_REPLIES)), 0);
    ck_assert_uint_gt(management_read(connection), 0);
    now_ms += 2 * MANAGEMENT_REPLY_MS;
    turns();
    ck_assert(management_is_attached(connection));
    ck_assert_uint_eq(count(told, "detached"), 0);
    close(fd);
}
END_TEST

START_TEST(what_was_said_before_a_command_could_not_be_sent_is_told)
{
    int fd = greet();

    say(fd, FIRST_REPLIES);
    told[0] = '\0';
    ck_assert_int_gt(write(fd, ">BYTECOUNT_CLI:0,1,2\r\n", 22), 0);
    close(fd);
    management_ask_state(connection, now_ms);
    turns();
    ck_assert_str_eq(told, "bytecount\ndetached: OpenVPN closed the connection\n");
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

static TCase *attached(void)
{
    TCase *tests = management_case("attached");

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
    tcase_add_test(tests, all_that_came_is_read_at_once_and_worked_on_in_bounded_pieces);
    tcase_add_test(tests, who_is_far_behind_reads_no_more_until_it_has_worked_and_loses_nothing);
    tcase_add_test(tests, a_reply_that_was_read_in_time_is_not_missed_while_it_waits);
    tcase_add_test(tests, what_was_said_before_a_command_could_not_be_sent_is_told);
    tcase_add_loop_test(tests, garbage_is_read_for_ever_and_nothing_comes_of_it, 0, 3);
    tcase_add_test(tests, answers_that_nobody_asked_for_are_passed_over);
    return tests;
}

Suite *unit_suite(void)
{
    Suite *suite = suite_create("management");

    suite_add_tcase(suite, attached());
    return suite;
}
