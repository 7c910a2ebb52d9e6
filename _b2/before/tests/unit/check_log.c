/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "lib/log.h"
#include "lib/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct captured {
    unsigned count;
    enum log_level level;
    char subsystem[32];
    char text[4096];
};

static void capture(void *arg, enum log_level level, const char *subsystem, const char *text)
{
    struct captured *captured = arg;

    captured->count++;
    captured->level = level;
    snprintf(captured->subsystem, sizeof captured->subsystem, "%s", subsystem);
    snprintf(captured->text, sizeof captured->text, "%s", text);
}

START_TEST(a_message_reaches_the_sink_with_its_subsystem)
{
    struct captured captured = {0};
    struct log log = {.sink = capture, .arg = &captured, .max_level = LOG_LEVEL_NOTICE};

    log_write(&log, LOG_LEVEL_WARNING, "policy", "%s has %d routes", "campus", 3);
    ck_assert_uint_eq(captured.count, 1);
    ck_assert_int_eq(captured.level, LOG_LEVEL_WARNING);
    ck_assert_str_eq(captured.subsystem, "policy");
    ck_assert_str_eq(captured.text, "campus has 3 routes");
}
END_TEST

START_TEST(what_is_less_important_than_asked_for_is_dropped)
{
    struct captured captured = {0};
    struct log log = {.sink = capture, .arg = &captured, .max_level = LOG_LEVEL_WARNING};

    log_write(&log, LOG_LEVEL_ERROR, "x", "a");
    log_write(&log, LOG_LEVEL_WARNING, "x", "b");
    log_write(&log, LOG_LEVEL_NOTICE, "x", "c");
    log_write(&log, LOG_LEVEL_DEBUG, "x", "d");
    ck_assert_uint_eq(captured.count, 2);
    ck_assert_str_eq(captured.text, "b");
}
END_TEST

START_TEST(without_a_log_or_a_sink_nothing_happens)
{
    struct log log = {.max_level = LOG_LEVEL_DEBUG};

    log_write(NULL, LOG_LEVEL_ERROR, "x", "nobody hears %s", "this");
    log_write(&log, LOG_LEVEL_ERROR, "x", "nobody hears %s", "this");
}
END_TEST

START_TEST(a_long_message_is_cut_between_characters)
{
    struct captured captured = {0};
    struct log log = {.sink = capture, .arg = &captured, .max_level = LOG_LEVEL_DEBUG};
    char text[3001] = {0};

    for (size_t i = 0; i < 1000; i++)
        memcpy(text + 3 * i, "\xe2\x82\xac", 3);
    log_write(&log, LOG_LEVEL_NOTICE, "x", "%s", text);
    ck_assert_uint_eq(strlen(captured.text), 999);
    ck_assert_mem_eq(captured.text, text, 999);
    log_write(&log, LOG_LEVEL_NOTICE, "x", "1%s", text);
    ck_assert_uint_eq(strlen(captured.text), 1000);
    ck_assert(utf8_valid(captured.text, 1000));
    ck_assert_ptr_null(strchr(captured.text, '?'));
}
END_TEST

START_TEST(control_characters_are_replaced_and_others_kept)
{
    static const struct {
        const char *raw, *shown;
    } cases[] = {
        {"", ""},
        {"plain, <text> \"100%\"", "plain, <text> \"100%\""},
        {"caf\xc3\xa9 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xf0\x9f\x98\x80"},
        {"a\nb\r\tc\x1b[2J\x7f", "a?b??c?[2J?"},
        {"\xc2\x9b"
         "2J \xc2\x85 \xc2\xa0",
         "?2J ? \xc2\xa0"},
        {"\xe2\x80\xae"
         "evil\xe2\x80\xa8line\xe2\x81\xa6",
         "?evil?line?"},
        {"\xd8\x9c\xe2\x80\x8f\xe2\x80\x90", "??\xe2\x80\x90"},
        {"ali\xe2\x80\x8b"
         "ce\xef\xbb\xbf\xf3\xa0\x81\xa1",
         "ali?ce??"},
        {"\x9b\xff\xc3", "???"},
        {"\xed\xa0\x80", "???"},
        {"\xe2\x82", "??"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[100];

        snprintf(text, sizeof text, "%s", cases[i].raw);
        log_make_printable(text);
        ck_assert_str_eq(text, cases[i].shown);
    }
}
END_TEST

START_TEST(random_bytes_become_one_line_of_utf8_that_stays_as_it_is)
{
    srand(2);
    for (int round = 0; round < 20000; round++) {
        char text[40] = {0};
        char again[40];

        for (size_t i = 0; i + 1 < sizeof text; i++)
            text[i] = (char)(rand() % 4 ? 0x80 + rand() % 0x80 : rand() % 0x80);
        log_make_printable(text);
        for (const char *c = text; *c; c++)
            if ((unsigned char)*c < 0x20 || *c == 0x7f)
                ck_abort_msg("round %d: a control character is left", round);
        memcpy(again, text, sizeof again);
        log_make_printable(again);
        if (!utf8_valid(text, strlen(text)) || strcmp(again, text) != 0)
            ck_abort_msg("round %d: \"%s\"", round, text);
    }
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("log");
    TCase *tests = tcase_create("log");

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_message_reaches_the_sink_with_its_subsystem);
    tcase_add_test(tests, what_is_less_important_than_asked_for_is_dropped);
    tcase_add_test(tests, without_a_log_or_a_sink_nothing_happens);
    tcase_add_test(tests, a_long_message_is_cut_between_characters);
    tcase_add_test(tests, control_characters_are_replaced_and_others_kept);
    tcase_add_test(tests, random_bytes_become_one_line_of_utf8_that_stays_as_it_is);
    return suite;
}
