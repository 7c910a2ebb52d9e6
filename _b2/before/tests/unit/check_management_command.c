/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "mgmtd/management_command.h"

#include <stdint.h>
#include <string.h>

static const struct {
    enum management_command command;
    int64_t number;
    const char *line; /* "": refused */
} lines[] = {
    {COMMAND_VERSION, 0, "version\n"},
    {COMMAND_PID, 0, "pid\n"},
    {COMMAND_STATE_ALL, 0, "state all\n"},
    {COMMAND_STATE, 0, "state\n"},
    {COMMAND_ENV_FILTER, 0, "env-filter 0\n"},
    {COMMAND_BYTECOUNT, 10, "bytecount 10\n"},
    {COMMAND_BYTECOUNT, 86400, "bytecount 86400\n"},
    {COMMAND_STATUS, 0, "status 3\n"},
    {COMMAND_HOLD_RELEASE, 0, "hold release\n"},
    {COMMAND_BYTECOUNT, -1, ""},
    {COMMAND_BYTECOUNT, 86401, ""},
    {COMMAND_BYTECOUNT, INT64_MAX, ""},
    {COMMAND_BYTECOUNT, INT64_MIN, ""},
    {COMMAND_ENV_FILTER, 4, ""},
    {COMMAND_STATUS, 1, ""},
    {COMMAND_VERSION, 2, ""},
    {COMMAND_COUNT, 0, ""},
    {(enum management_command) - 1, 0, ""},
    {(enum management_command)1000, 0, ""},
};

START_TEST(a_command_is_a_row_of_the_table_and_a_number_or_nothing)
{
    char line[COMMAND_SIZE + 1];
    size_t n = management_command_write(line, COMMAND_SIZE, lines[_i].command, lines[_i].number);

    ck_assert_uint_eq(n, strlen(lines[_i].line));
    if (n > 0)
        ck_assert_str_eq(line, lines[_i].line);
}
END_TEST

START_TEST(a_command_that_does_not_fit_is_not_cut)
{
    char line[COMMAND_SIZE];

    for (int c = 0; c < COMMAND_COUNT; c++) {
        size_t n = management_command_write(line, sizeof(line), (enum management_command)c, 0);

        ck_assert_uint_gt(n, 0);
        for (size_t size = 0; size <= n; size++)
            ck_assert_uint_eq(management_command_write(line, size, (enum management_command)c, 0),
                              0);
    }
}
END_TEST

START_TEST(no_command_makes_openvpn_wait_for_a_reader_or_touches_a_client)
{
    static const char *const never[] = {"state on", "log",  "kill",   "signal", "client-",
                                        "echo",     "push", "verb",   "exit",   "username",
                                        "password", "\r",   "needok", " on"};
    char line[COMMAND_SIZE + 1];

    for (int c = 0; c < COMMAND_COUNT; c++) {
        ck_assert_uint_gt(
            management_command_write(line, COMMAND_SIZE, (enum management_command)c, 0), 0);
        for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
            ck_assert_ptr_null(strstr(line, never[i]));
    }
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("management_command");
    TCase *tests = tcase_create("management_command");

    tcase_add_loop_test(tests, a_command_is_a_row_of_the_table_and_a_number_or_nothing, 0,
                        sizeof(lines) / sizeof(*lines));
    tcase_add_test(tests, a_command_that_does_not_fit_is_not_cut);
    tcase_add_test(tests, no_command_makes_openvpn_wait_for_a_reader_or_touches_a_client);
    suite_add_tcase(suite, tests);
    return suite;
}
