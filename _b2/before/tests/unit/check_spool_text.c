/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/spool_records.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Parses a copy that ends where the malloc'd block ends, so that the sanitizer watches. */
static bool parse_copy(const char *line, size_t n, struct spool_record *record, char **copy)
{
    *copy = malloc(n ? n : 1);
    memcpy(*copy, line, n);
    return spool_parse(*copy, n, record);
}

START_TEST(a_record_is_written_as_the_header_says)
{
    struct spool_record record = spool_record_make(SPOOL_ADDRESS);
    char line[SPOOL_MAX_LINE];
    size_t n;

    record.at = 1700000000;
    record.session = 7;
    record.address = "10.8.0.2 100%\t\xc3\xa9";
    record.change = "";
    n = spool_format(&record, line, sizeof line);
    ck_assert_uint_eq(n, strlen("address\tat=1700000000\tsession=7\taddress=10.8.0.2 "
                                "100%25%09%C3%A9\tchange=\n"));
    ck_assert_mem_eq(
        line, "address\tat=1700000000\tsession=7\taddress=10.8.0.2 100%25%09%C3%A9\tchange=\n", n);
}
END_TEST

START_TEST(a_new_record_has_no_fields)
{
    for (int kind = SPOOL_SERVER; kind < SPOOL_KIND_COUNT; kind++) {
        struct spool_record record = spool_record_make(kind);
        char line[SPOOL_MAX_LINE];
        size_t n = spool_format(&record, line, sizeof line);

        ck_assert_uint_eq(n, strlen(spool_kind_name(kind)) + 1);
    }
}
END_TEST

START_TEST(random_records_of_every_kind_come_back_as_they_were)
{
    struct spool_texts texts;

    srand(3);
    for (int round = 0; round < 40000; round++) {
        enum spool_kind kind = (enum spool_kind)(SPOOL_SERVER + round % (SPOOL_KIND_COUNT - 1));
        struct spool_record record = spool_random(kind, &texts);
        struct spool_record back;
        char line[SPOOL_MAX_LINE];
        size_t n = spool_format(&record, line, sizeof line);
        const char *different = "";
        char *copy = NULL;

        for (size_t i = 0; i + 1 < n; i++)
            if (line[i] != '\t' && (line[i] < 0x20 || line[i] > 0x7e))
                ck_abort_msg("round %d: a byte 0x%02x", round, (unsigned char)line[i]);
        if (n == 0 || line[n - 1] != '\n')
            ck_abort_msg("round %d: no line", round);
        if (parse_copy(line, n - 1, &back, &copy))
            different = spool_difference(&record, &back);
        if (different)
            ck_abort_msg("round %d: field \"%s\" of \"%.*s\"", round, different, (int)n, line);
        free(copy);
    }
}
END_TEST

START_TEST(the_longest_record_of_every_kind_fits_a_line)
{
    static const char bytes[] = {'\xff', 'a', '\n'};
    struct spool_texts texts;
    size_t longest = 0;

    for (int kind = SPOOL_SERVER; kind < SPOOL_KIND_COUNT; kind++)
        for (size_t i = 0; i < sizeof bytes; i++) {
            struct spool_record record = spool_filled(kind, &texts, bytes[i], 399);
            struct spool_record back;
            char line[SPOOL_MAX_LINE];
            size_t n = spool_format(&record, line, sizeof line);

            ck_assert_uint_gt(n, 0);
            longest = n > longest ? n : longest;
            ck_assert(spool_parse(line, n - 1, &back));
            ck_assert_ptr_null(spool_difference(&record, &back));
        }
    /* If this falls, the limits of lib/spool_text.c can be raised. */
    ck_assert_uint_gt(longest, SPOOL_MAX_LINE - 400);
}
END_TEST

START_TEST(a_line_that_does_not_fit_is_not_written_at_all)
{
    struct spool_texts texts;
    struct spool_record record = spool_filled(SPOOL_CONNECTED, &texts, '%', 50);
    char whole[SPOOL_MAX_LINE];
    size_t n = spool_format(&record, whole, sizeof whole);

    for (size_t size = 0; size < n; size++) {
        char *line = malloc(size ? size : 1);

        if (spool_format(&record, line, size) != 0)
            ck_abort_msg("fits %zu", size);
        free(line);
    }
    ck_assert_uint_eq(spool_format(&record, whole, n), n);
    record.kind = SPOOL_UNKNOWN;
    ck_assert_uint_eq(spool_format(&record, whole, sizeof whole), 0);
    record.kind = SPOOL_KIND_COUNT;
    ck_assert_uint_eq(spool_format(&record, whole, sizeof whole), 0);
}
END_TEST

START_TEST(a_long_value_is_cut_between_characters_and_not_within_an_escape)
{
    struct spool_record record = spool_record_make(SPOOL_REFUSED);
    struct spool_record back;
    char user[400];
    char line[SPOOL_MAX_LINE];
    size_t n;

    for (size_t shift = 0; shift < 3; shift++) {
        memset(user, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof user; i += 3)
            memcpy(user + i, "\xe2\x82\xac", 4);
        record.user = user;
        n = spool_format(&record, line, sizeof line);
        ck_assert(spool_parse(line, n - 1, &back));
        ck_assert_uint_eq(strlen(back.user), shift + (SPOOL_MAX_VALUE - shift) / 3 * 3);
        ck_assert_int_eq(strncmp(back.user, user, strlen(back.user)), 0);
    }
}
END_TEST

START_TEST(lines_that_no_writer_writes_are_refused)
{
    static const char *const lines[] = {
        "",
        " ",
        "\t",
        "Connected",
        "connected ",
        "connected\t",
        "connected\tat",
        "connected\t=1",
        "connected\tat=1\t",
        "connected\tat=",
        "connected\tat=-",
        "connected\tat=-0",
        "connected\tat=01",
        "connected\tat=+1",
        "connected\tat= 1",
        "connected\tat=1 ",
        "connected\tat=0x1",
        "connected\tat=9223372036854775808",
        "connected\tat=-9223372036854775808",
        "connected\tat=99999999999999999999999",
        "connected\tat=1\tat=1",
        "connected\tuser=a\tuser=b",
        "connected\tuser=%",
        "connected\tuser=%4",
        "connected\tuser=%0",
        "connected\tuser=%00",
        "connected\tuser=%0a",
        "connected\tuser=%41",
        "connected\tuser=%G0",
        "connected\tuser=a\x01",
        "connected\tuser=a\x7f",
        "connected\tuser=\xc3\xa9",
        "connected\tuser=a\r",
        "connected\tUser=a",
        "connected\tshoe size=46",
        "connected\tshoe_size=%zz",
        "later\tx",
        "lat er",
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct spool_record record;
        char *copy = NULL;

        ck_assert_msg(!parse_copy(lines[i], strlen(lines[i]), &record, &copy), "\"%s\"", lines[i]);
        ck_assert_int_eq(record.kind, SPOOL_UNKNOWN);
        ck_assert_ptr_null(record.user);
        ck_assert(record.at == SPOOL_NONE);
        free(copy);
    }
}
END_TEST

START_TEST(records_and_keys_of_a_later_version_are_passed_over)
{
    char later[] = "floated\tat=1\treal=10.0.0.1\tx=";
    char more[] = "vanished\tat=1\tshoe_size=46%25\tsession=9\tuser=eve";
    struct spool_record record;

    ck_assert(spool_parse(later, strlen(later), &record));
    ck_assert_int_eq(record.kind, SPOOL_UNKNOWN);
    ck_assert(record.at == SPOOL_NONE);
    ck_assert(spool_parse(more, strlen(more), &record));
    ck_assert_int_eq(record.kind, SPOOL_VANISHED);
    ck_assert_int_eq(record.at, 1);
    ck_assert_int_eq(record.session, 9);
    ck_assert_ptr_null(record.user); /* no field of this kind */
}
END_TEST

START_TEST(random_damage_never_reads_beyond_the_line)
{
    struct spool_texts texts;

    srand(4);
    for (int round = 0; round < 40000; round++) {
        enum spool_kind kind = (enum spool_kind)(SPOOL_SERVER + rand() % (SPOOL_KIND_COUNT - 1));
        struct spool_record record = spool_random(kind, &texts);
        char line[SPOOL_MAX_LINE];
        size_t n = spool_format(&record, line, sizeof line);
        char *copy = NULL;

        for (int i = rand() % 3; i >= 0; i--)
            line[(size_t)rand() % n] = (char)rand();
        parse_copy(line, (size_t)rand() % n, &record, &copy);
        n = spool_format(&record, line, sizeof line);
        if ((n == 0) != (record.kind == SPOOL_UNKNOWN))
            ck_abort_msg("round %d: kind %d gives %zu bytes", round, record.kind, n);
        free(copy);
    }
}
END_TEST

START_TEST(every_kind_has_a_name)
{
    static const char *const names[] = {"unknown",      "server",   "connected", "address",
                                        "disconnected", "vanished", "refused",   "lost"};

    for (int kind = SPOOL_UNKNOWN; kind < SPOOL_KIND_COUNT; kind++)
        ck_assert_str_eq(spool_kind_name(kind), names[kind]);
    ck_assert_str_eq(spool_kind_name(SPOOL_KIND_COUNT), "unknown");
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("spool_text");
    TCase *tests = tcase_create("spool_text");

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_record_is_written_as_the_header_says);
    tcase_add_test(tests, a_new_record_has_no_fields);
    tcase_add_test(tests, random_records_of_every_kind_come_back_as_they_were);
    tcase_add_test(tests, the_longest_record_of_every_kind_fits_a_line);
    tcase_add_test(tests, a_line_that_does_not_fit_is_not_written_at_all);
    tcase_add_test(tests, a_long_value_is_cut_between_characters_and_not_within_an_escape);
    tcase_add_test(tests, lines_that_no_writer_writes_are_refused);
    tcase_add_test(tests, records_and_keys_of_a_later_version_are_passed_over);
    tcase_add_test(tests, random_damage_never_reads_beyond_the_line);
    tcase_add_test(tests, every_kind_has_a_name);
    return suite;
}
