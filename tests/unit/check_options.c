/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines: what is understood, and what is said of the others. */
#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helpdesk/command.h"
#include "lib/directive.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

static const char *const by_words[] = {"user", "profile", "server", "day", "hour", NULL};
static const struct command_words words[] = {{OPTION_BY, by_words}, {OPTION_COUNT, NULL}};
static const enum option_id taken[] = {
    OPTION_AT,         OPTION_WITHIN, OPTION_SINCE,  OPTION_UNTIL,    OPTION_USER, OPTION_ADDRESS,
    OPTION_MIN_UPLOAD, OPTION_BY,     OPTION_LIMIT,  OPTION_JSON,     OPTION_CSV,  OPTION_UTC,
    OPTION_NO_HEADER,  OPTION_OPEN,   OPTION_SERVER, OPTION_DATABASE, OPTION_COUNT};

static struct options got; /* of the last run() */

static enum status keep(const struct command *command, const struct options *options)
{
    (void)command;
    got = *options;
    return STATUS_YES;
}

static const struct command who = {.name = "who",
                                   .operands = "ADDRESS [NAME]",
                                   .least_operands = 1,
                                   .most_operands = 2,
                                   .help = "What it does.\n",
                                   .after = "Exit status: 0.\n",
                                   .options = taken,
                                   .words = words,
                                   .run = keep};

static char *argv[40];
static char said[4000]; /* on standard error */

/* Runs the words of a line, cut at blanks; '_' stands for a blank. */
static enum status run(const char *line)
{
    static char copy[1000];
    FILE *was = stderr;
    enum status status;
    int argc = 0;

    snprintf(copy, sizeof(copy), "who %s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        for (char *c = word; (c = strchr(c, '_'));)
            *c = ' ';
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    memset(said, 0, sizeof(said));
    stderr = fmemopen(said, sizeof(said) - 1, "w");
    status = command_run(&who, argc, argv);
    fclose(stderr);
    stderr = was;
    return status;
}

START_TEST(options_and_operands_stand_in_any_order)
{
    static const char *const lines[] = {
        "10.8.0.9 bob --user alice --limit 5 --json --open",
        "--user alice 10.8.0.9 --limit=5 --open bob --json",
        "--json --open --user=alice --limit 5 -- 10.8.0.9 bob",
    };

    ck_assert_int_eq(run(lines[_i]), STATUS_YES);
    ck_assert_str_eq(said, "");
    ck_assert_str_eq(options_text(&got, OPTION_USER, "nobody"), "alice");
    ck_assert_int_eq(options_number(&got, OPTION_LIMIT, 7), 5);
    ck_assert_int_eq(got.form, OUTPUT_JSON);
    ck_assert(got.value[OPTION_OPEN].is_given && !got.value[OPTION_CSV].is_given);
    ck_assert_int_eq(got.n_operands, 2);
    ck_assert_str_eq(got.operands[0], "10.8.0.9");
    ck_assert_str_eq(got.operands[1], "bob");
}
END_TEST

START_TEST(what_was_not_given_has_its_usual_value)
{
    unsetenv("BYWAY_DATABASE");
    setenv("BYWAY_MGMTD_CONF", "/nonexistent", 1);
    ck_assert_int_eq(run("x"), STATUS_YES);
    ck_assert_str_eq(options_text(&got, OPTION_USER, "nobody"), "nobody");
    ck_assert_int_eq(options_number(&got, OPTION_LIMIT, 7), 7);
    ck_assert_int_eq(got.form, OUTPUT_TABLE);
    ck_assert_str_eq(options_database(&got), BYWAY_LOCALSTATEDIR "/lib/byway/sessions.db");
    setenv("BYWAY_DATABASE", "/elsewhere", 1);
    ck_assert_int_eq(run("x"), STATUS_YES);
    ck_assert_str_eq(options_database(&got), "/elsewhere");
    ck_assert_int_eq(run("x --database /here"), STATUS_YES);
    ck_assert_str_eq(options_database(&got), "/here");
}
END_TEST

/* What the daemon's config may be, and which database that is. */
static const struct {
    const char *config, *database;
} configs[] = {
    {"", DATABASE_FILE_DEFAULT},
    {"server campus management /run/campus.sock\n", DATABASE_FILE_DEFAULT},
    {"database /srv/byway.db\n", "/srv/byway.db"},
    {"state-dir /srv/byway\n", "/srv/byway/sessions.db"},
    {"state-dir /srv/byway\n# the disk of its own\ndatabase \"/a b/byway.db\"\n", "/a b/byway.db"},
    {"database byway.db\nstate-dir /srv/byway\n", "/srv/byway/sessions.db"},
    {"database\nstate-dir /a /b\n", DATABASE_FILE_DEFAULT},
    {"databse /srv/byway.db\n\"\nstate-dir /srv/byway\n", "/srv/byway/sessions.db"},
    {"<database /srv>\n</database>\n", DATABASE_FILE_DEFAULT},
    {"\xff\xfe\x01\n<", DATABASE_FILE_DEFAULT},
};

START_TEST(the_database_is_that_of_the_daemons_config)
{
    char path[] = "/tmp/byway-options-XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, configs[_i].config, strlen(configs[_i].config)),
                     (ssize_t)strlen(configs[_i].config));
    close(fd);
    unsetenv("BYWAY_DATABASE");
    setenv("BYWAY_MGMTD_CONF", path, 1);
    ck_assert_int_eq(run("x"), STATUS_YES);
    unlink(path);
    ck_assert_str_eq(options_database(&got), configs[_i].database);
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(a_config_that_cannot_be_read_is_none)
{
    static const char *const paths[] = {"/nonexistent", "/", "/dev/zero"};

    unsetenv("BYWAY_DATABASE");
    setenv("BYWAY_MGMTD_CONF", paths[_i], 1);
    ck_assert_int_eq(run("x"), STATUS_YES);
    ck_assert_str_eq(options_database(&got), DATABASE_FILE_DEFAULT);
    ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(a_path_that_is_too_long_is_no_database)
{
    static char config[5000];
    char path[] = "/tmp/byway-options-XXXXXX";
    int fd = mkstemp(path);

    memset(config, 'a', sizeof(config));
    memcpy(config, "state-dir /", 11);
    config[DIRECTIVE_MAX_LINE - 1] = '\0';
    ck_assert_int_eq(write(fd, config, strlen(config)), (ssize_t)strlen(config));
    close(fd);
    unsetenv("BYWAY_DATABASE");
    setenv("BYWAY_MGMTD_CONF", path, 1);
    ck_assert_int_eq(run("x"), STATUS_YES);
    unlink(path);
    ck_assert_str_eq(options_database(&got), DATABASE_FILE_DEFAULT);
}
END_TEST

START_TEST(times_durations_sizes_addresses_and_words_are_read)
{
    setenv("TZ", "UTC", 1);
    ck_assert_int_eq(run("x --at 2026-11-20_13:05 --within 1h30m --min-upload 1.5GiB --by day"),
                     STATUS_YES);
    ck_assert_int_eq(got.value[OPTION_AT].when.epoch, 1795179900);
    ck_assert_int_eq(got.value[OPTION_AT].when.last, 1795179959);
    ck_assert_int_eq(options_number(&got, OPTION_WITHIN, 0), 5400);
    ck_assert_int_eq(options_number(&got, OPTION_MIN_UPLOAD, 0), 1610612736);
    ck_assert_int_eq(options_number(&got, OPTION_BY, 0), 3);
    ck_assert_int_eq(run("x --at -2h --address 2001:DB8:0::1"), STATUS_YES);
    ck_assert_int_eq(got.value[OPTION_AT].when.epoch, got.now - 7200);
    ck_assert_str_eq(options_text(&got, OPTION_ADDRESS, ""), "2001:db8::1");
    ck_assert_int_eq(run("x --address ::FFFF:192.0.2.1"), STATUS_YES);
    ck_assert_str_eq(options_text(&got, OPTION_ADDRESS, ""), "192.0.2.1");
    ck_assert_int_eq(run("x --csv --limit 0 --by user"), STATUS_YES);
    ck_assert_int_eq(got.form, OUTPUT_CSV);
    ck_assert_int_eq(options_number(&got, OPTION_LIMIT, 7), 0);
}
END_TEST

START_TEST(utc_counts_for_times_that_are_typed_wherever_it_stands)
{
    setenv("TZ", "America/New_York", 1);
    ck_assert_int_eq(run("x --at 2026-11-20_13:05 --utc"), STATUS_YES);
    ck_assert_int_eq(got.value[OPTION_AT].when.epoch, 1795179900);
    ck_assert_str_eq(got.zone.name, "UTC");
    ck_assert_int_eq(run("x --at 2026-11-20_13:05"), STATUS_YES);
    ck_assert_int_eq(got.value[OPTION_AT].when.epoch, 1795179900 + 5 * 3600);
    ck_assert_str_eq(got.zone.name, "America/New_York");
}
END_TEST

START_TEST(a_doubtful_time_is_a_note_not_an_error)
{
    setenv("TZ", "America/New_York", 1);
    ck_assert_int_eq(run("x --at 2026-11-01_01:30"), STATUS_YES);
    ck_assert_ptr_nonnull(strstr(said, "byway: --at \"2026-11-01 01:30\": Clocks in "
                                       "America/New_York showed 01:30 twice"));
    ck_assert_int_eq(run("x --at 2026-11-01_01:30_EST"), STATUS_YES);
    ck_assert_str_eq(said, "");
}
END_TEST

static const struct {
    const char *line, *says;
} wrong[] = {
    {"", "ADDRESS [NAME] is missing"},
    {"a b c", "\"c\" is one argument too many"},
    {"x --jsn", "there is no option \"--jsn\"; did you mean --json?"},
    {"x --usr=alice", "there is no option \"--usr\"; did you mean --user?"},
    {"x --frobnicate", "there is no option \"--frobnicate\"\n"},
    {"x --profile p", "there is no option \"--profile\"\n"},
    {"x --u", "--u is the beginning of several options"},
    {"x --json=yes", "--json takes no value"},
    {"x --user", "--user needs a value"},
    {"x -x", "there is no option -x"},
    {"x -2h", "there is no option -2 (put --"},
    {"x --user a --user b", "--user is there twice"},
    {"x --json --csv", "exclude one another"},
    {"x --at soon", "--at: \"soon\": "},
    {"x --at 2026-02-30", "there is no 30 February 2026"},
    {"x --since today --until yesterday", "--since is after --until"},
    {"x --within 5", "--within: \"5\" is not a length of time"},
    {"x --limit many", "--limit: \"many\" is not a number"},
    {"x --limit -1", "--limit: \"-1\" is not a number"},
    {"x --limit 99999999999", "is not a number from 0 to 999999999"},
    {"x --min-upload big", "is not a size"},
    {"x --address 10.8.0.0/24", "--address: \"10.8.0.0/24\" is not an IPv4 or IPv6 address"},
    {"x --address 010.8.0.9", "is not an IPv4 or IPv6 address"},
    {"x --by usr", "--by knows no \"usr\"; did you mean \"user\"?"},
    {"x --by colour", "it takes one of user, profile, server, day, hour"},
    {"x --\x1b[2J", "there is no option \"--?[2J\""},
    {"x --at \x1b]0;x\x07", "--at: \"?]0;x?\""},
    {"x y \xe2\x80\xae", "\"?\" is one argument too many"},
};

START_TEST(what_is_wrong_is_said_with_the_way_to_learn_more)
{
    ck_assert_int_eq(run(wrong[_i].line), STATUS_ERROR);
    ck_assert_msg(strncmp(said, "byway: who: ", 12) == 0, "%s", said);
    ck_assert_msg(strstr(said, wrong[_i].says) != NULL, "%s", said);
    ck_assert_ptr_nonnull(strstr(said, "usage: byway who [OPTION...] ADDRESS [NAME]\n"));
    ck_assert_ptr_nonnull(strstr(said, "More: byway who --help\n"));
    ck_assert_ptr_null(strchr(said, '\x1b'));
}
END_TEST

START_TEST(help_names_every_option_and_is_asked_for_anywhere)
{
    char text[6000] = "";
    FILE *was = stdout;

    stdout = fmemopen(text, sizeof(text) - 1, "w");
    got.n_operands = 42;
    ck_assert_int_eq(run("x --at soon --help"), STATUS_YES);
    fclose(stdout);
    stdout = was;
    ck_assert_int_eq(got.n_operands, 42); /* it did not run */
    for (const enum option_id *id = taken; *id != OPTION_COUNT; id++)
        ck_assert_msg(strstr(text, option_name(*id)) != NULL, "%s: %s", option_name(*id), text);
    ck_assert_ptr_nonnull(strstr(text, "usage: byway who [OPTION...] ADDRESS [NAME]\n"));
    ck_assert_ptr_nonnull(strstr(text, "what to add up by: user, profile, server, day, hour\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nTIME is 2026-11-20 13:05"));
    ck_assert_int_eq(run("--user --help x"), STATUS_YES);
    ck_assert_str_eq(options_text(&got, OPTION_USER, ""), "--help");
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("options");
    TCase *tests = tcase_create("options");

    tcase_add_loop_test(tests, options_and_operands_stand_in_any_order, 0, 3);
    tcase_add_test(tests, what_was_not_given_has_its_usual_value);
    tcase_add_loop_test(tests, the_database_is_that_of_the_daemons_config, 0, COUNT(configs));
    tcase_add_loop_test(tests, a_config_that_cannot_be_read_is_none, 0, 3);
    tcase_add_test(tests, a_path_that_is_too_long_is_no_database);
    tcase_add_test(tests, times_durations_sizes_addresses_and_words_are_read);
    tcase_add_test(tests, utc_counts_for_times_that_are_typed_wherever_it_stands);
    tcase_add_test(tests, a_doubtful_time_is_a_note_not_an_error);
    tcase_add_loop_test(tests, what_is_wrong_is_said_with_the_way_to_learn_more, 0, COUNT(wrong));
    tcase_add_test(tests, help_names_every_option_and_is_asked_for_anywhere);
    suite_add_tcase(suite, tests);
    return suite;
}
