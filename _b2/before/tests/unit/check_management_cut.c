/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * However a dialogue is cut into pieces, the same is told of it. The dialogues in
 * tests/scenario/captures are what OpenVPN 2.6.14 and 2.7.6 really sent; the .events
 * beside each is what must be told of it.
 */
#include "tests/unit/management_told.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

static const char *const captures[] = {"2.6.14-udp", "2.6.14-tcp-client-auth", "2.7.6-udp",
                                       "2.7.6-tcp-client-auth"};

/* Something of everything, in lines that are short. */
static const char dialogue[] =
    "ENTER PASSWORD:ENTER PASSWORD:SUCCESS: password is correct\r\n"
    ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n"
    ">HOLD:Waiting for hold release:0\r\nEN\r\n\r\n\n\r\rE\nENTER PASSWORD\r\n"
    "1763643900,CONNECTED,SUCCESS,10.8.0.1,,,,\r\n>BYTECOUNT_CLI:1,2,3\r\nEND\r\n"
    ">CLIENT:ESTABLISHED,7\r\n>CLIENT:ENV,username=x,END\r\n>STATE:1,EXITING,SIGTERM\n"
    ">CLIENT:ENV,IV_VER=1\r\n>CLIENT:ENV,IV_GUI_VER=2\r\n>CLIENT:ENV,trusted_ip=x\r\n"
    ">CLIENT:ENV,END\r\n>CLIENT:DISCONNECT,8\r\n>CLIENT:ESTABLISHED,9\r\n>CLIENT:ENV,END\r\n"
    "TIME\tx\t17\r\nHEADER\tCLIENT_LIST\tClient ID\tUsername\tReal Address\r\n"
    "CLIENT_LIST\t3\talice\tudp6:[::1]:1\r\nCLIENT_LIST\t3\talice\r\nEND\r\n"
    "SUCCESS: pid=5\r\nERROR: x\r\n>BYTECOUNT_CLI:1,2,9223372036854775808\r\n>FATAL:x\r\n";

static char *read_file(const char *name, const char *suffix, size_t *n)
{
    const char *source = getenv("srcdir");
    char path[500];
    char *text = NULL;
    FILE *in = NULL;

    snprintf(path, sizeof(path), "%s/tests/scenario/captures/%s%s", source ? source : ".", name,
             suffix);
    in = fopen(path, "rb");
    if (!in)
        ck_abort_msg("%s cannot be read", path);
    text = calloc(1, 1 << 20);
    *n = fread(text, 1, (1 << 20) - 1, in);
    fclose(in);
    return text;
}

/* Where the next cut is; then all the rest. */
struct cut {
    size_t first;
};

static size_t cut_once(void *arg, size_t left)
{
    struct cut *cut = arg;
    size_t piece = cut->first && cut->first < left ? cut->first : left;

    cut->first = 0;
    return piece;
}

static size_t cut_to_size(void *arg, size_t left)
{
    size_t size = *(size_t *)arg;

    return size < left ? size : left;
}

static size_t cut_anywhere(void *arg, size_t left)
{
    size_t size = 1 + (size_t)rand() % *(size_t *)arg;

    return size < left ? size : left;
}

static void check_same(const char *bytes, size_t n, management_cutter *cutter, void *arg,
                       const char *expected, const char *how, size_t where)
{
    char *told = management_told(bytes, n, cutter, arg, true);

    if (strcmp(told, expected) != 0)
        ck_abort_msg("cut %s %zu:\n%s\ninstead of\n%s", how, where, told, expected);
    free(told);
}

START_TEST(a_dialogue_cut_at_any_byte_is_told_the_same)
{
    size_t n = sizeof(dialogue) - 1;
    char *whole = management_told(dialogue, n, management_whole, NULL, true);

    ck_assert_ptr_nonnull(strstr(whole, "ESTABLISHED cid=9"));
    for (size_t at = 1; at < n; at++) {
        struct cut cut = {at};

        check_same(dialogue, n, cut_once, &cut, whole, "at", at);
    }
    for (size_t size = 1; size < 80; size++) {
        size_t piece = size;

        check_same(dialogue, n, cut_to_size, &piece, whole, "into pieces of", size);
    }
    free(whole);
}
END_TEST

/* Any byte of it may also be the last that comes. */
START_TEST(a_dialogue_that_breaks_off_tells_the_beginning_of_the_whole)
{
    size_t n = sizeof(dialogue) - 1;
    char *whole = management_told(dialogue, n, management_whole, NULL, true);

    for (size_t end = 0; end < n; end++) {
        char *told = management_told(dialogue, end, management_whole, NULL, true);
        char *count = strstr(told, "\ngarbage ");

        if (count)
            count[1] = '\0';
        if (strncmp(told, whole, strlen(told)) != 0)
            ck_abort_msg("until byte %zu: %s", end, told);
        free(told);
    }
    free(whole);
}
END_TEST

START_TEST(what_openvpn_really_sends_is_told_as_it_was_meant)
{
    for (size_t i = 0; i < N(captures); i++) {
        size_t n = 0, m = 0;
        char *said = read_file(captures[i], ".txt", &n);
        char *expected = read_file(captures[i], ".events", &m);
        char *told = management_told(said, n, management_whole, NULL, false);

        ck_assert_str_eq(told, expected);
        ck_assert_ptr_null(strstr(told, "arbage"));
        free(told);
        free(expected);
        free(said);
    }
}
END_TEST

START_TEST(what_openvpn_really_sends_may_come_in_any_pieces)
{
    srand(1);
    for (size_t i = 0; i < N(captures); i++) {
        size_t n = 0, one = 1;
        char *said = read_file(captures[i], ".txt", &n);
        char *whole = management_told(said, n, management_whole, NULL, true);

        check_same(said, n, cut_to_size, &one, whole, "into pieces of", 1);
        for (size_t round = 0; round < 50; round++) {
            size_t most = 2 + (size_t)rand() % 2000;

            check_same(said, n, cut_anywhere, &most, whole, "into pieces up to", most);
        }
        free(whole);
        free(said);
    }
}
END_TEST

START_TEST(a_line_of_any_length_may_come_in_any_pieces)
{
    size_t n = 3 * MANAGEMENT_MAX_LINE;
    char *said = malloc(n);

    srand(2);
    for (int round = 0; round < 300; round++) {
        size_t most = 1 + (size_t)rand() % (2 * MANAGEMENT_MAX_LINE);
        size_t length = MANAGEMENT_MAX_LINE - 3 + (size_t)rand() % 6;
        char *whole = NULL;

        memset(said, 'x', n);
        memcpy(said, ">FATAL:", 7);
        memcpy(said + length, "\nEND\n", 5);
        whole = management_told(said, length + 5, management_whole, NULL, true);
        ck_assert_int_eq(strstr(whole, "FATAL") != NULL, length <= MANAGEMENT_MAX_LINE);
        ck_assert_ptr_nonnull(strstr(whole, "END"));
        check_same(said, length + 5, cut_anywhere, &most, whole, "into pieces up to", most);
        free(whole);
    }
    free(said);
}
END_TEST

/* Lines of real dialogues, put together from halves, with bytes changed. */
START_TEST(random_damage_is_told_the_same_in_any_pieces)
{
    srand(3);
    for (int round = 0; round < 400; round++) {
        size_t n = sizeof(dialogue) - 1, most = 1 + (size_t)rand() % 200;
        char said[sizeof(dialogue)];
        char *whole = NULL;

        memcpy(said, dialogue, sizeof(dialogue));
        for (int change = rand() % 30; change >= 0; change--) {
            size_t at = (size_t)rand() % n, from = (size_t)rand() % n;
            size_t length = (size_t)rand() % 30;

            if (rand() % 2)
                said[at] = (char)rand();
            else if (at + length < n && from + length < n)
                memmove(said + at, dialogue + from, length);
        }
        whole = management_told(said, n, management_whole, NULL, true);
        check_same(said, n, cut_anywhere, &most, whole, "into pieces up to", most);
        free(whole);
    }
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("management_cut");
    TCase *cut = tcase_create("cut");

    tcase_set_timeout(cut, 30);
    tcase_add_test(cut, a_dialogue_cut_at_any_byte_is_told_the_same);
    tcase_add_test(cut, a_dialogue_that_breaks_off_tells_the_beginning_of_the_whole);
    tcase_add_test(cut, what_openvpn_really_sends_is_told_as_it_was_meant);
    tcase_add_test(cut, what_openvpn_really_sends_may_come_in_any_pieces);
    tcase_add_test(cut, a_line_of_any_length_may_come_in_any_pieces);
    tcase_add_test(cut, random_damage_is_told_the_same_in_any_pieces);
    suite_add_tcase(suite, cut);
    return suite;
}
