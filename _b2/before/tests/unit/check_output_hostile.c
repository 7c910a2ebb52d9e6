/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may come from a client, in every form of an answer: it does nothing to a terminal, a
 * spreadsheet or a program that reads lines.
 */
#include "config.h"

#include "tests/unit/unit.h"

#include <locale.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utf8.h"
#include "tests/unit/output_fixture.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

static const char *const hostile[] = {
    "",
    " ",
    "\n",
    "alice\nbob 10.8.0.66",
    "alice\r\nbob,10.8.0.66",
    "\r",
    "\x1b[2J\x1b[H",
    "\x1b]0;title\x07",
    "\x1b]8;;http://x/\x1b\\link",
    "\x9b"
    "2J",
    "\xc2\x9b"
    "2J",
    "a\bb\x7f",
    "\t=1+1",
    "\xe2\x80\xae"
    "ecila",
    "\xe2\x81\xa7"
    "x\xe2\x81\xa9",
    "\xe2\x80\xa8\xe2\x80\xa9\xc2\x85",
    "ali\xe2\x80\x8b"
    "ce",
    "\xf3\xa0\x81\xa1x",
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "=cmd|' /C calc'!A0",
    " =1+1",
    "\xc2\xa0=1+1",
    "'=1+1",
    "\"=1+1",
    "\"\"\"=1+1\"",
    "a,=1+1",
    "a\",=1+1,\"",
    "a;=1+1;b",
    "a; =1+1",
    "a|=1+1",
    "a\t=1+1",
    "\xef\xbc\x9d"
    "1+1",
    "\xef\xbc\x8b\xef\xbc\x8d\xef\xbc\xa0",
    "\xe2\x88\x92"
    "1",
    "DDE(\"cmd\";\"/C calc\")",
    "\"",
    "\"\"",
    "'",
    "\\",
    "\\\"",
    "\\u0000",
    "%s%n%d",
    "$(id) `id`",
    "<script>",
    "\xff\xfe",
    "\xc3",
    "abc\xe2\x82",
    "\xed\xa0\x80",
    "\xf4\x90\x80\x80",
    "\xc0\x80",
    "\xf0\x9f\x98\x80 caf\xc3\xa9 \xe4\xba\xba",
    "e\xcc\x81\xcc\x81\xcc\x81",
    "null",
    "{\"user\": \"root\"}",
    "]",
    "still open",
    "Times: UTC.",
};

/* Every byte must be of a character that only shows. */
static void check_shown(const char *text, size_t n, bool may_end_lines)
{
    for (size_t i = 0; i < n;) {
        size_t length = utf8_character(text + i, n - i);
        uint32_t code = length > 0 ? utf8_code_point(text + i, length) : 0;
        bool is_end = may_end_lines && (code == '\n' || code == '\r');

        if (length == 0 || (utf8_is_control(code) && !is_end))
            ck_abort_msg("byte 0x%02x at %zu of: %s", (unsigned char)text[i], i, text);
        i += length;
    }
}

static size_t count_lines(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

START_TEST(no_value_forges_a_line_or_moves_the_cursor_in_a_table)
{
    const char *text = answer(OUTPUT_TABLE, hostile[_i], hostile[_i]);

    check_shown(text, n_written, true);
    ck_assert_uint_eq(count_lines(text), 3);
    ck_assert_ptr_null(strchr(text, '\r'));
}
END_TEST

START_TEST(no_value_does_so_in_a_locale_that_knows_no_utf8)
{
    const char *text = NULL;

    ck_assert_ptr_nonnull(setlocale(LC_ALL, "C"));
    text = answer(OUTPUT_TABLE, hostile[_i], hostile[_i]);
    check_shown(text, n_written, true);
    ck_assert_uint_eq(count_lines(text), 3);
}
END_TEST

START_TEST(no_value_breaks_a_narrow_table_with_colours)
{
    const char *text = NULL;

    style.width = 60;
    style.colours = true;
    text = answer(OUTPUT_TABLE, hostile[_i], hostile[_i]);
    for (const char *c = strchr(text, '\x1b'); c; c = strchr(c + 1, '\x1b'))
        ck_assert_msg(c[1] == '[' && c[2 + strspn(c + 2, "0123456789;")] == 'm', "%s", text);
}
END_TEST

/* What SQLite's reader finds in JSON; the oracle. */
static char *from_json(const char *json, const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    char *found = NULL;

    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT json_extract(?, ?)", -1, &statement, NULL),
                     SQLITE_OK);
    sqlite3_bind_text(statement, 1, json, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, path, -1, SQLITE_STATIC);
    ck_assert_msg(sqlite3_step(statement) == SQLITE_ROW, "%s in: %s", sqlite3_errmsg(db), json);
    if (sqlite3_column_text(statement, 0))
        found = strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return found;
}

START_TEST(json_gives_every_value_back)
{
    const char *text = answer(OUTPUT_JSON, hostile[_i], hostile[_i]);
    char *user = from_json(text, "$[0].user");
    char *count = from_json(text, "$[0].count");

    check_shown(text, n_written, true);
    ck_assert_uint_eq(count_lines(text), 3);
    ck_assert_str_eq(count, "3");
    if (utf8_valid(hostile[_i], strlen(hostile[_i])))
        ck_assert_str_eq(user, hostile[_i]);
    else
        ck_assert_ptr_nonnull(strstr(user, "\xef\xbf\xbd"));
    free(user);
    free(count);
}
END_TEST

/* The oracle: the second line of a file as RFC 4180 has it; the number of cells. */
static size_t read_csv(const char *text, char cells[][200], size_t room)
{
    const char *c = strstr(text, "\r\n") + 2;
    size_t n = 0;

    for (;; c++) {
        size_t at = 0;
        bool is_quoted = *c == '"';

        ck_assert_uint_lt(n, room);
        for (c += is_quoted; is_quoted ? *c != '"' || c[1] == '"' : !strchr(",\r", *c); c++) {
            ck_assert(*c != '\0' && (is_quoted || (*c != '"' && *c != '\n')));
            c += is_quoted && *c == '"';
            cells[n][at++] = *c;
        }
        cells[n++][at] = '\0';
        c += is_quoted;
        if (*c != ',')
            break;
    }
    ck_assert_str_eq(c, "\r\n");
    return n;
}

/* Whether a spreadsheet would take this for a formula. */
static bool is_formula(const char *cell)
{
    static const char *const starts[] = {"=",
                                         "+",
                                         "-",
                                         "@",
                                         "\xef\xbc\x9d",
                                         "\xef\xbc\x8b",
                                         "\xef\xbc\x8d",
                                         "\xef\xbc\xa0",
                                         "\xe2\x88\x92"};

    cell += strspn(cell, " \"");
    while (strncmp(cell, "\xc2\xa0", 2) == 0)
        cell += 2;
    for (int i = 0; i < COUNT(starts); i++)
        if (strncmp(cell, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

/* However a spreadsheet of whatever country cuts the file up. */
static void check_no_formula(const char *text)
{
    static const char *const separators[] = {",\r\n", ";\r\n", "|\r\n", "\t\r\n", ",;|\r\n\t"};

    for (int i = 0; i < COUNT(separators); i++) {
        char *copy = strdup(text);

        for (char *c = strtok(copy, separators[i]); c; c = strtok(NULL, separators[i]))
            ck_assert_msg(!is_formula(c), "%s in: %s", c, text);
        free(copy);
    }
}

START_TEST(csv_keeps_its_cells_apart_and_none_is_a_formula)
{
    const char *text = answer(OUTPUT_CSV, hostile[_i], hostile[_i]);
    char cells[OUTPUT_COLUMNS][200];

    check_shown(text, n_written, true);
    ck_assert_uint_eq(count_lines(text), 2);
    ck_assert_uint_eq(read_csv(text, cells, OUTPUT_COLUMNS), OUTPUT_COLUMNS - 1);
    ck_assert_str_eq(cells[7], "3");
    check_no_formula(text);
}
END_TEST

START_TEST(csv_gives_a_harmless_value_back)
{
    static const char *const harmless[] = {
        "alice", "a, b",          "say \"hi\"",  "'quoted'", "caf\xc3\xa9",        "a-b",
        "a=b",   "x@example.org", "2001:db8::1", "",         "OpenVPN 3.git:HEAD", "100%",
    };
    char cells[OUTPUT_COLUMNS][200];

    ck_assert_uint_eq(read_csv(answer(OUTPUT_CSV, harmless[_i], "x"), cells, OUTPUT_COLUMNS),
                      OUTPUT_COLUMNS - 1);
    ck_assert_str_eq(cells[0], harmless[_i]);
}
END_TEST

START_TEST(random_text_is_harmless_in_every_form)
{
    static const char *const pieces[] = {"=",
                                         "+",
                                         "-",
                                         "@",
                                         ",",
                                         ";",
                                         "|",
                                         "\"",
                                         "'",
                                         " ",
                                         "\n",
                                         "\r",
                                         "\t",
                                         "\x1b",
                                         "a",
                                         "1",
                                         "\xe2\x80\xae",
                                         "\xff",
                                         "\xc2\x85",
                                         "\xef\xbc\x9d",
                                         "\\",
                                         "{",
                                         "]",
                                         "\xc2\xa0"};
    srand(4);
    for (int round = 0; round < 1500; round++) {
        char value[100] = "";
        char cells[OUTPUT_COLUMNS][200];

        for (int i = rand() % 12; i > 0; i--)
            strcat(value, pieces[rand() % COUNT(pieces)]);
        tear_down();
        set_up();
        check_no_formula(answer(OUTPUT_CSV, value, value));
        check_shown(written, n_written, true);
        ck_assert_uint_eq(read_csv(written, cells, OUTPUT_COLUMNS), OUTPUT_COLUMNS - 1);
        tear_down();
        set_up();
        answer(OUTPUT_TABLE, value, value);
        check_shown(written, n_written, true);
        ck_assert_uint_eq(count_lines(written), 3);
    }
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("output_hostile");
    TCase *tests = tcase_create("output_hostile");

    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, no_value_forges_a_line_or_moves_the_cursor_in_a_table, 0,
                        COUNT(hostile));
    tcase_add_loop_test(tests, no_value_does_so_in_a_locale_that_knows_no_utf8, 0, COUNT(hostile));
    tcase_add_loop_test(tests, no_value_breaks_a_narrow_table_with_colours, 0, COUNT(hostile));
    tcase_add_loop_test(tests, json_gives_every_value_back, 0, COUNT(hostile));
    tcase_add_loop_test(tests, csv_keeps_its_cells_apart_and_none_is_a_formula, 0, COUNT(hostile));
    tcase_add_loop_test(tests, csv_gives_a_harmless_value_back, 0, 12);
    tcase_add_test(tests, random_text_is_harmless_in_every_form);
    suite_add_tcase(suite, tests);
    return suite;
}
