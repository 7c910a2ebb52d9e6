/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers as tables, JSON and CSV: what they look like, and that no value of any kind does
 * anything to a terminal, a spreadsheet or a program that reads lines.
 */
#include "config.h"

#include "tests/unit/unit.h"

#include <locale.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "helpdesk/fold.h"
#include "helpdesk/output.h"
#include "lib/utf8.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))
#define NOON         1795176000 /* 2026-11-20T12:00:00Z */

/* ── a small answer ── */

static const struct output_column columns[] = {
    {.key = "user", .title = "USER", .kind = OUTPUT_TEXT},
    {.key = "address", .title = "ADDRESS", .kind = OUTPUT_ADDRESS, .spare = 2},
    {.key = "from_client", .title = "UP", .kind = OUTPUT_BYTES},
    {.key = "rate", .title = "RATE", .kind = OUTPUT_RATE, .spare = 3},
    {.key = "started", .title = "FROM", .kind = OUTPUT_TIME},
    {.key = "ended", .title = "TO", .kind = OUTPUT_TIME, .unknown = "still open"},
    {.key = "seconds", .title = "FOR", .kind = OUTPUT_DURATION, .spare = 1},
    {.key = "count", .title = "N", .kind = OUTPUT_COUNT},
    {.key = "open", .title = "OPEN", .kind = OUTPUT_BOOL},
    {.key = "secret", .kind = OUTPUT_COUNT}, /* not in tables */
    {.title = "BAR", .kind = OUTPUT_TEXT},   /* in tables only */
    {.key = "client", .title = "CLIENT", .kind = OUTPUT_TEXT, .folds = true},
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static struct output_style style;
static char *written;
static size_t n_written;

static void set_up(void)
{
    ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
    style = (struct output_style){.zone = zone_utc};
    style.out = open_memstream(&written, &n_written);
    ck_assert_ptr_nonnull(style.out);
}

static void tear_down(void)
{
    if (style.out)
        fclose(style.out);
    style.out = NULL;
    free(written);
    written = NULL;
}

/* As if the command had ended. */
static const char *end_of_output(void)
{
    fclose(style.out);
    style.out = NULL;
    return written;
}

static void put_row(struct output *output, const char *user, const char *client)
{
    const struct output_value values[] = {
        output_text(user),
        output_text("10.8.0.9"),
        output_number(1300000000),
        output_number(2048),
        output_number(NOON),
        output_unknown(),
        output_number(11100),
        output_number(3),
        output_number(1),
        output_number(7),
        output_text("\xe2\x96\x88\xe2\x96\x8c"),
        output_text(client),
    };

    ck_assert(output_row(output, values));
}

static const char *answer(enum output_form form, const char *user, const char *client)
{
    struct output *output = NULL;

    style.form = form;
    output = output_new(&style, columns, N_COLUMNS);
    ck_assert_ptr_nonnull(output);
    put_row(output, user, client);
    ck_assert(output_finish(output));
    ck_assert_uint_eq(output_rows(output), 1);
    output_free(output);
    return end_of_output();
}

START_TEST(a_table_has_human_units_and_the_zone_once)
{
    ck_assert_str_eq(
        answer(OUTPUT_TABLE, "alice", "2.6.12 linux"),
        "USER  ADDRESS       UP      RATE FROM                TO            FOR N OPEN BAR "
        "CLIENT\n"
        "alice 10.8.0.9 1.2 GiB 2.0 KiB/s 2026-11-20 12:00:00 still open 3h 05m 3 yes  "
        "\xe2\x96\x88\xe2\x96\x8c  2.6.12 linux\n"
        "Times: UTC.\n");
}
END_TEST

START_TEST(json_has_raw_numbers_iso_times_and_null)
{
    ck_assert_str_eq(answer(OUTPUT_JSON, "alice", "2.6.12 linux"),
                     "[\n  {\"user\": \"alice\", \"address\": \"10.8.0.9\", \"from_client\": "
                     "1300000000, \"rate\": 2048, \"started\": \"2026-11-20T12:00:00Z\", "
                     "\"ended\": null, \"seconds\": 11100, \"count\": 3, \"open\": true, "
                     "\"secret\": 7, \"client\": \"2.6.12 linux\"}\n]\n");
}
END_TEST

START_TEST(csv_has_a_line_of_keys_and_ends_lines_as_the_rfc_says)
{
    ck_assert_str_eq(answer(OUTPUT_CSV, "alice", "2.6.12 linux"),
                     "user,address,from_client,rate,started,ended,seconds,count,open,secret,client"
                     "\r\n"
                     "\"alice\",\"10.8.0.9\",1300000000,2048,2026-11-20T12:00:00Z,,11100,3,true,7,"
                     "\"2.6.12 linux\"\r\n");
}
END_TEST

START_TEST(without_a_header_each_time_has_its_offset)
{
    style.no_header = true;
    ck_assert_str_eq(answer(OUTPUT_TABLE, "alice", "x"),
                     "alice 10.8.0.9 1.2 GiB 2.0 KiB/s 2026-11-20 12:00:00 +0000 still open 3h 05m "
                     "3 yes \xe2\x96\x88\xe2\x96\x8c x\n");
    tear_down();
    set_up();
    style.no_header = true;
    ck_assert_ptr_null(strstr(answer(OUTPUT_CSV, "alice", "x"), "user"));
}
END_TEST

START_TEST(an_answer_without_rows_is_an_empty_array_or_a_header_or_nothing)
{
    static const struct {
        enum output_form form;
        const char *text;
    } forms[] = {{OUTPUT_JSON, "[]\n"}, {OUTPUT_TABLE, ""}, {OUTPUT_CSV, "user,address,"}};
    struct output *output = NULL;

    style.form = forms[_i].form;
    output = output_new(&style, columns, N_COLUMNS);
    ck_assert(output_finish(output));
    ck_assert_uint_eq(output_rows(output), 0);
    output_free(output);
    end_of_output();
    ck_assert_uint_ge(n_written, strlen(forms[_i].text));
    ck_assert(strncmp(written, forms[_i].text, strlen(forms[_i].text)) == 0);
    if (forms[_i].form != OUTPUT_CSV)
        ck_assert_uint_eq(n_written, strlen(forms[_i].text));
}
END_TEST

/* ── times ── */

static const struct output_column times[] = {{.key = "at", .title = "AT", .kind = OUTPUT_TIME}};

static const char *show_times(enum output_form form, const char *zone, const int64_t *epochs,
                              size_t n)
{
    struct output *output = NULL;

    if (!zone_find(&style.zone, zone))
        unit_skip("the system has no time zones (Debian: tzdata)");
    style.form = form;
    output = output_new(&style, times, 1);
    for (size_t i = 0; i < n; i++)
        ck_assert(output_row(output, (struct output_value[]){output_number(epochs[i])}));
    ck_assert(output_finish(output));
    output_free(output);
    return end_of_output();
}

START_TEST(a_table_across_a_change_of_clocks_says_the_offset_of_each_time)
{
    const int64_t epochs[] = {1792888200, 1792891800, 1792895400};

    ck_assert_str_eq(show_times(OUTPUT_TABLE, "Europe/Berlin", epochs, 3),
                     "AT\n2026-10-25 02:30:00 +0200\n2026-10-25 02:30:00 +0100\n"
                     "2026-10-25 03:30:00 +0100\nTimes: Europe/Berlin.\n");
}
END_TEST

START_TEST(local_times_are_iso_times_with_their_offset)
{
    const int64_t epochs[] = {1792888200, 1792891800, -1};

    ck_assert_str_eq(show_times(OUTPUT_TABLE, "Europe/Berlin", epochs + 1, 1),
                     "AT\n2026-10-25 02:30:00\nTimes: CET (+0100).\n");
    tear_down();
    set_up();
    ck_assert_str_eq(show_times(OUTPUT_CSV, "Europe/Berlin", epochs, 3),
                     "at\r\n2026-10-25T02:30:00+02:00\r\n2026-10-25T02:30:00+01:00\r\n"
                     "1970-01-01T00:59:59+01:00\r\n");
}
END_TEST

/* ── what may come from a client ── */

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
    char cells[N_COLUMNS][200];

    check_shown(text, n_written, true);
    ck_assert_uint_eq(count_lines(text), 2);
    ck_assert_uint_eq(read_csv(text, cells, N_COLUMNS), N_COLUMNS - 1);
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
    char cells[N_COLUMNS][200];

    ck_assert_uint_eq(read_csv(answer(OUTPUT_CSV, harmless[_i], "x"), cells, N_COLUMNS),
                      N_COLUMNS - 1);
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
        char cells[N_COLUMNS][200];

        for (int i = rand() % 12; i > 0; i--)
            strcat(value, pieces[rand() % COUNT(pieces)]);
        tear_down();
        set_up();
        check_no_formula(answer(OUTPUT_CSV, value, value));
        check_shown(written, n_written, true);
        ck_assert_uint_eq(read_csv(written, cells, N_COLUMNS), N_COLUMNS - 1);
        tear_down();
        set_up();
        answer(OUTPUT_TABLE, value, value);
        check_shown(written, n_written, true);
        ck_assert_uint_eq(count_lines(written), 3);
    }
}
END_TEST

START_TEST(a_value_that_is_not_known_is_so_in_every_kind)
{
    struct output_value values[N_COLUMNS] = {{.is_known = false}};
    struct output *output = NULL;

    style.form = (enum output_form)_i;
    output = output_new(&style, columns, N_COLUMNS);
    ck_assert(output_row(output, values));
    ck_assert(output_finish(output));
    output_free(output);
    end_of_output();
    if (style.form == OUTPUT_CSV)
        ck_assert_str_eq(strstr(written, "\r\n"), "\r\n,,,,,,,,,,\r\n");
    else if (style.form == OUTPUT_JSON)
        ck_assert_ptr_nonnull(strstr(written, "\"count\": null, \"open\": null"));
    else
        ck_assert_ptr_nonnull(strstr(written, "?        ? "));
}
END_TEST

/* ── the terminal ── */

START_TEST(a_table_is_no_wider_than_the_terminal_while_columns_can_be_spared)
{
    static const size_t widths[] = {78, 80, 90, 100, 110, 111, 120, 200};
    const char *text = NULL;

    style.width = widths[_i];
    text =
        answer(OUTPUT_TABLE, "alice", "OpenVPN GUI 11 with a long name, and Windows 10, and more");
    for (const char *line = text, *end = NULL; *line != '\0'; line = end + 1) {
        char copy[1000];

        end = strchr(line, '\n');
        ck_assert_ptr_nonnull(end);
        snprintf(copy, sizeof(copy), "%.*s", (int)(end - line), line);
        ck_assert_msg(fold_width(copy) <= widths[_i], "%zu: %s", widths[_i], text);
    }
    ck_assert_ptr_nonnull(strstr(text, "alice"));
    ck_assert_ptr_nonnull(strstr(text, "2026-11-20 12:00:00"));
    ck_assert_int_eq(strstr(text, "10.8.0.9") == NULL, strstr(text, "ADDRESS") == NULL);
    ck_assert_int_eq(strstr(text, "left out") == NULL, strstr(text, "RATE") != NULL);
}
END_TEST

START_TEST(columns_are_left_out_in_their_order)
{
    static const struct {
        size_t width;
        bool has_rate, has_address, has_duration;
    } cases[] = {{112, true, true, true},
                 {111, false, true, true},
                 {102, false, true, true},
                 {101, false, false, true},
                 {92, false, false, false}};
    const char *text = NULL;

    style.width = cases[_i].width;
    text = answer(OUTPUT_TABLE, "alice", "this is a client of about 30 l");
    ck_assert_msg((strstr(text, "RATE") != NULL) == cases[_i].has_rate, "%s", text);
    ck_assert_msg((strstr(text, "ADDRESS") != NULL) == cases[_i].has_address, "%s", text);
    ck_assert_msg((strstr(text, "FOR") != NULL) == cases[_i].has_duration, "%s", text);
}
END_TEST

START_TEST(colours_are_only_where_they_were_asked_for)
{
    static const struct output_column one[] = {{.key = "a", .title = "A", .kind = OUTPUT_TEXT}};
    struct output *output = NULL;

    style.form = OUTPUT_TABLE;
    style.colours = _i == 1;
    output = output_new(&style, one, 1);
    output_row(output,
               (struct output_value[]){output_marked(output_text("two people"), TABLE_BAD)});
    ck_assert(output_finish(output));
    output_free(output);
    ck_assert_int_eq(strchr(end_of_output(), '\x1b') != NULL, _i == 1);
}
END_TEST

/* ── size ── */

#ifdef __SANITIZE_ADDRESS__ /* which is slow, and keeps freed memory for a while */
#define MANY      100000
#define ALLOWANCE 65536 /* KiB; all rows of a table would take 150 MiB */
#else
#define MANY      1000000
#define ALLOWANCE 8192
#endif

START_TEST(a_million_rows_need_no_memory_of_their_own)
{
    struct rusage before, after;
    struct output *output = NULL;

    fclose(style.out);
    style.out = fopen("/dev/null", "w");
    style.form = (enum output_form)_i;
    output = output_new(&style, columns, N_COLUMNS);
    for (int i = 0; i < 2 * OUTPUT_BLOCK; i++) /* what buffers and blocks need */
        put_row(output, "alice", "2.6.12 linux");
    getrusage(RUSAGE_SELF, &before);
    for (int i = 0; i < (style.form == OUTPUT_TABLE ? MANY / 10 : MANY); i++)
        put_row(output, "alice", "2.6.12 linux");
    getrusage(RUSAGE_SELF, &after);
    ck_assert(output_finish(output));
    output_free(output);
    ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, ALLOWANCE);
}
END_TEST

START_TEST(a_row_that_cannot_be_written_ends_the_answer)
{
    struct output *output = NULL;
    bool ok = true;

    fclose(style.out);
    style.out = fopen("/dev/full", "w");
    style.form = OUTPUT_CSV;
    output = output_new(&style, times, 1);
    for (int i = 0; i < 100000 && ok; i++)
        ok = output_row(output, (struct output_value[]){output_number(NOON)});
    ck_assert(!ok);
    ck_assert_uint_lt(output_rows(output), 1000);
    output_free(output);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("output");
    TCase *tests = tcase_create("output");

    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_table_has_human_units_and_the_zone_once);
    tcase_add_test(tests, json_has_raw_numbers_iso_times_and_null);
    tcase_add_test(tests, csv_has_a_line_of_keys_and_ends_lines_as_the_rfc_says);
    tcase_add_test(tests, without_a_header_each_time_has_its_offset);
    tcase_add_loop_test(tests, an_answer_without_rows_is_an_empty_array_or_a_header_or_nothing, 0,
                        3);
    tcase_add_test(tests, a_table_across_a_change_of_clocks_says_the_offset_of_each_time);
    tcase_add_test(tests, local_times_are_iso_times_with_their_offset);
    tcase_add_loop_test(tests, no_value_forges_a_line_or_moves_the_cursor_in_a_table, 0,
                        COUNT(hostile));
    tcase_add_loop_test(tests, no_value_does_so_in_a_locale_that_knows_no_utf8, 0, COUNT(hostile));
    tcase_add_loop_test(tests, no_value_breaks_a_narrow_table_with_colours, 0, COUNT(hostile));
    tcase_add_loop_test(tests, json_gives_every_value_back, 0, COUNT(hostile));
    tcase_add_loop_test(tests, csv_keeps_its_cells_apart_and_none_is_a_formula, 0, COUNT(hostile));
    tcase_add_loop_test(tests, csv_gives_a_harmless_value_back, 0, 12);
    tcase_add_test(tests, random_text_is_harmless_in_every_form);
    tcase_add_loop_test(tests, a_value_that_is_not_known_is_so_in_every_kind, 0, 3);
    tcase_add_loop_test(tests, a_table_is_no_wider_than_the_terminal_while_columns_can_be_spared, 0,
                        8);
    tcase_add_loop_test(tests, columns_are_left_out_in_their_order, 0, 5);
    tcase_add_loop_test(tests, colours_are_only_where_they_were_asked_for, 0, 2);
    tcase_add_loop_test(tests, a_million_rows_need_no_memory_of_their_own, 0, 3);
    tcase_add_test(tests, a_row_that_cannot_be_written_ends_the_answer);
    suite_add_tcase(suite, tests);
    return suite;
}
