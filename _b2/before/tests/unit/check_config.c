/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's config: what each line means, each mistake with its sentence, and reloading. */
#include "config.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mgmtd/config.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))
#define DAY          INT64_C(86400)

static char folder[64];
static struct diagnostics *problems;
static struct config *config;

/* ── the folder ── */

static void write_file(const char *name, const char *text, mode_t mode)
{
    char path[128];
    FILE *out;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    ck_assert_int_eq(fchmod(fileno(out), mode), 0);
    fclose(out);
}

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/byway-config.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    write_file("secret", "open sesame\n", 0600);
    write_file("public", "open sesame\n", 0644);
    write_file("empty", "", 0600);
}

static void forget(void)
{
    config_free(config);
    diagnostics_free(problems);
    config = NULL;
    problems = NULL;
}

static void teardown(void)
{
    static const char *const names[] = {"secret", "public", "empty", "mgmtd.conf"};
    char path[128];

    forget();
    for (int i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}

/* ── loading ── */

static void load(const char *text)
{
    char path[128];

    forget();
    problems = diagnostics_new();
    ck_assert_ptr_nonnull(problems);
    snprintf(path, sizeof path, "%s/mgmtd.conf", folder);
    config = config_load_text(path, text, strlen(text), problems);
    ck_assert((config == NULL) == (diagnostics_errors(problems) > 0));
}

/* All problems, one a line, without the name of the test's folder. */
static const char *told(void)
{
    static char text[20000];
    size_t n = strlen(folder) + 1;
    size_t length = 0;
    char *at;

    text[0] = '\0';
    for (size_t i = 0; i < diagnostics_count(problems) && length < sizeof text - 3000; i++) {
        char line[1500];

        diagnostic_format(diagnostics_at(problems, i), line, sizeof line);
        length += (size_t)snprintf(text + length, sizeof text - length, "%s\n", line);
    }
    while ((at = strstr(text, folder)) != NULL)
        memmove(at, at + n, strlen(at + n) + 1);
    return text;
}

/* A server that gives no reason to complain. */
#define SERVER "server campus management /run/openvpn-server/campus.sock\n"

START_TEST(a_config_of_one_server_has_the_defaults)
{
    load(SERVER);
    ck_assert_str_eq(told(), "");
    ck_assert_str_eq(config->state_dir, BYWAY_LOCALSTATEDIR "/lib/byway");
    ck_assert_str_eq(config->database, BYWAY_LOCALSTATEDIR "/lib/byway/sessions.db");
    ck_assert_str_eq(config->spool_dir, BYWAY_LOCALSTATEDIR "/lib/byway/spool");
    ck_assert_uint_eq(config->bytecount_interval_s, 10);
    ck_assert_uint_eq(config->status_interval_s, 60);
    ck_assert_uint_eq(config->bucket_s, 300);
    ck_assert_int_eq(config->retention.real_addresses, 90 * DAY);
    ck_assert_int_eq(config->retention.sessions, 365 * DAY);
    ck_assert_int_eq(config->retention.traffic, 90 * DAY);
    ck_assert_int_eq(config->log_level, LOG_LEVEL_NOTICE);
    ck_assert_uint_eq(config->n_servers, 1);
    ck_assert_str_eq(config->servers[0].name, "campus");
    ck_assert_str_eq(config->servers[0].socket, "/run/openvpn-server/campus.sock");
    ck_assert_ptr_null(config->servers[0].host);
    ck_assert_ptr_null(config->servers[0].password_file);
    ck_assert_uint_eq(config->servers[0].line, 1);
}
END_TEST

static const char everything[] = "# all words\n"
                                 "database /srv/db/byway.db\n"
                                 "state-dir /srv/state\n"
                                 "server tcp management 127.0.0.1 7505 password secret\n"
                                 "server six management 0:0::1 7505 password secret\n"
                                 "server name management localhost 65535 password secret\n"
                                 "server unix management \"/run/a b.sock\" password secret\n"
                                 "bytecount-interval 1m\n"
                                 "status-interval 5m\n"
                                 "bucket 15m\n"
                                 "retention real-addresses 7d\n"
                                 "retention sessions forever\n"
                                 "retention traffic 2y\n"
                                 "log-level debug\n";

START_TEST(every_directive_is_taken)
{
    char secret[128];

    load(everything);
    ck_assert_str_eq(told(), "");
    snprintf(secret, sizeof secret, "%s/secret", folder);
    ck_assert_str_eq(config->database, "/srv/db/byway.db");
    ck_assert_str_eq(config->spool_dir, "/srv/state/spool");
    ck_assert_uint_eq(config->n_servers, 4);
    ck_assert_str_eq(config->servers[0].host, "127.0.0.1");
    ck_assert_uint_eq(config->servers[0].port, 7505);
    ck_assert_ptr_null(config->servers[0].socket);
    ck_assert_str_eq(config->servers[0].password_file, secret);
    ck_assert_str_eq(config->servers[1].host, "::1");
    ck_assert_str_eq(config->servers[2].host, "localhost");
    ck_assert_uint_eq(config->servers[2].port, 65535);
    ck_assert_str_eq(config->servers[3].socket, "/run/a b.sock");
    ck_assert_str_eq(config->servers[3].password_file, secret);
    ck_assert_uint_eq(config->bytecount_interval_s, 60);
    ck_assert_uint_eq(config->status_interval_s, 300);
    ck_assert_uint_eq(config->bucket_s, 900);
    ck_assert_int_eq(config->retention.real_addresses, 7 * DAY);
    ck_assert_int_eq(config->retention.sessions, BATCH_NONE);
    ck_assert_int_eq(config->retention.traffic, 2 * 365 * DAY);
    ck_assert_int_eq(config->log_level, LOG_LEVEL_DEBUG);
}
END_TEST

START_TEST(the_database_is_in_the_state_directory_where_nothing_else_is_said)
{
    load(SERVER "state-dir /srv/state\n");
    ck_assert_str_eq(config->database, "/srv/state/sessions.db");
}
END_TEST

START_TEST(a_default_of_retention_gives_way_to_the_sessions)
{
    load(SERVER "retention sessions 30d\n");
    ck_assert_str_eq(told(), "");
    ck_assert_int_eq(config->retention.real_addresses, 30 * DAY);
    ck_assert_int_eq(config->retention.traffic, 30 * DAY);
}
END_TEST

START_TEST(a_config_without_servers_is_good_but_warned_about)
{
    load("");
    ck_assert_ptr_nonnull(config);
    ck_assert_ptr_nonnull(strstr(told(), "mgmtd.conf: warning: there is no \"server\""));
}
END_TEST

/* ── mistakes ── */

static const struct {
    const char *text;  /* behind a good line; it begins at line 2 */
    const char *error; /* the only one; where it is cut, its beginning counts */
} mistakes[] = {
    {"databse /x", "mgmtd.conf:2: error: unknown directive \"databse\"; did you mean "
                   "\"database\"?"},
    {"include x", "mgmtd.conf:2: error: unknown directive \"include\"\n"},
    {"database", "mgmtd.conf:2: error: too few words after \"database\"; usage: database FILE\n"},
    {"database /a /b", "mgmtd.conf:2: error: too many words after \"database\""},
    {"<database /x>\n</database>", "mgmtd.conf:2: error: <database> is not a block but a line"},
    {"database x", "mgmtd.conf:2: error: \"x\" must begin with a slash"},
    {"database ''", "mgmtd.conf:2: error: \"\" must begin with a slash"},
    {"database /x/", "mgmtd.conf:2: error: \"/x/\" is a directory; the database is a file"},
    {"database /x\ndatabase /y", "mgmtd.conf:3: error: a second \"database\"; the first is at "
                                 "mgmtd.conf:2"},
    {"state-dir x", "mgmtd.conf:2: error: \"x\" must begin with a slash"},
    {"database \"/x", "mgmtd.conf:2: error: "},
    /* durations */
    {"bytecount-interval 10", "mgmtd.conf:2: error: \"10\" is not a duration from 1s to 1h, such "
                              "as 10s or 1m\n"},
    {"bytecount-interval 0s", "mgmtd.conf:2: error: \"0s\" is not a duration from 1s"},
    {"bytecount-interval 61m", "mgmtd.conf:2: error: \"61m\" is not a duration from 1s"},
    {"status-interval 9s", "mgmtd.conf:2: error: \"9s\" is not a duration from 10s to 1h"},
    {"bucket 7m", "mgmtd.conf:2: error: \"7m\" does not divide an hour; there are 1m, 2m, 3m"},
    {"bucket 90s", "mgmtd.conf:2: error: \"90s\" does not divide"},
    {"bucket 30s", "mgmtd.conf:2: error: \"30s\" does not divide"},
    {"bucket 0m", "mgmtd.conf:2: error: \"0m\" does not divide"},
    {"bucket 2h", "mgmtd.conf:2: error: \"2h\" does not divide"},
    {"bucket five", "mgmtd.conf:2: error: \"five\" does not divide"},
    /* retention */
    {"retention session 1y", "mgmtd.conf:2: error: \"session\" is nothing that is kept; there "
                             "are real-addresses, sessions and traffic; did you mean "
                             "\"sessions\"?"},
    {"retention sessions", "mgmtd.conf:2: error: too few words after \"retention\""},
    {"retention sessions 59m", "mgmtd.conf:2: error: \"59m\" is not a duration from 1h to 100y, "
                               "such as 90d or 1y, or forever"},
    {"retention sessions 101y", "mgmtd.conf:2: error: \"101y\" is not"},
    {"retention sessions for ever", "mgmtd.conf:2: error: too many words"},
    {"retention sessions 1y\nretention sessions 1y",
     "mgmtd.conf:3: error: a second \"retention sessions\"; the first is at mgmtd.conf:2"},
    {"retention sessions 30d\nretention real-addresses 31d",
     "mgmtd.conf:3: error: real-addresses cannot be kept longer (31d) than sessions (30d)\n"},
    {"retention traffic forever", "mgmtd.conf:2: error: traffic cannot be kept longer (forever) "
                                  "than sessions (1y, the default)\n"},
    {"log-level info", "mgmtd.conf:2: error: \"info\" is no level; there are error, warning, "
                       "notice and debug\n"},
    {"log-level warnig", "mgmtd.conf:2: error: \"warnig\" is no level; there are error, warning, "
                         "notice and debug; did you mean \"warning\"?"},
    /* servers */
    {"server x management", "mgmtd.conf:2: error: too few words after \"server\"; usage: server "
                            "NAME management SOCKET | HOST PORT [password FILE]\n"},
    {"server x managment /x", "mgmtd.conf:2: error: \"managment\" where \"management\" is "
                              "expected; did you mean \"management\"?"},
    {"server ../x management /x", "mgmtd.conf:2: error: a server cannot be named \"../x\": 1 to "
                                  "64 of letters, digits"},
    {"server '' management /x", "mgmtd.conf:2: error: a server cannot be named \"\""},
    {"server Campus management /x", "mgmtd.conf:2: error: a second server \"Campus\"; the first "
                                    "is at mgmtd.conf:1\n"},
    {"server x management /run/openvpn-server/campus.sock",
     "mgmtd.conf:2: error: server \"campus\" at mgmtd.conf:1 has the same address"},
    {"server x management ::1 7 password secret\nserver y management 0::1 7 password secret",
     "mgmtd.conf:3: error: server \"x\" at mgmtd.conf:2 has the same address"},
    {"server x management ::1 7 password secret\nserver y management localhost 7 password secret",
     "mgmtd.conf:3: error: server \"x\" at mgmtd.conf:2 has the same address"},
    {"server x management run/x.sock 7", "mgmtd.conf:2: error: \"run/x.sock\" is neither the path "
                                         "of a socket, which begins with a slash, nor an address, "
                                         "nor localhost\n"},
    {"server x management vpn.example.edu 7", "mgmtd.conf:2: error: \"vpn.example.edu\" is "
                                              "neither"},
    {"server x management 127.1 7", "mgmtd.conf:2: error: \"127.1\" is neither"},
    {"server x management 0.0.0.0 7", "mgmtd.conf:2: error: \"0.0.0.0\" is neither"},
    {"server x management :: 7", "mgmtd.conf:2: error: \"::\" is neither"},
    {"server x management 127.0.0.1", "mgmtd.conf:2: error: a port must follow \"127.0.0.1\"\n"},
    {"server x management 127.0.0.1 0", "mgmtd.conf:2: error: \"0\" is not a port from 1 to "
                                        "65535\n"},
    {"server x management 127.0.0.1 65536", "mgmtd.conf:2: error: \"65536\" is not a port"},
    {"server x management 127.0.0.1 -1", "mgmtd.conf:2: error: \"-1\" is not a port"},
    {"server x management 127.0.0.1 7a", "mgmtd.conf:2: error: \"7a\" is not a port"},
    {"server x management 127.0.0.1 18446744073709551617", "mgmtd.conf:2: error: \"184467440737"},
    {"server x management /x unix", "mgmtd.conf:2: error: \"unix\" where \"password FILE\" or "
                                    "nothing is expected; a path needs no \"unix\"\n"},
    {"server x management /x password", "mgmtd.conf:2: error: \"password\" where \"password "
                                        "FILE\""},
    {"server x management ::1 7 pasword secret", "mgmtd.conf:2: error: \"pasword\" where"},
    {"server x management /x 7 password secret", "mgmtd.conf:2: error: \"7\" where"},
    {"server x management /x password none", "mgmtd.conf:2: error: the password file \"none\" "
                                             "cannot be read: No such file or directory\n"},
    {"server x management /x password empty", "mgmtd.conf:2: error: the password file \"empty\" "
                                              "is empty\n"},
    {"server x management /x password .", "mgmtd.conf:2: error: the password file \".\" is not a "
                                          "regular file\n"},
    {"server x management /a234567890123456789012345678901234567890123456789012345678901234567890"
     "12345678901234567890123456789012345678",
     "mgmtd.conf:2: error: a path of more than 107 bytes cannot be a socket: \"/a23456"},
};

START_TEST(a_mistake_is_told_with_its_line_and_what_was_meant)
{
    char text[1000];

    snprintf(text, sizeof text, SERVER "%s\n", mistakes[_i].text);
    load(text);
    ck_assert_ptr_null(config);
    ck_assert_uint_eq(diagnostics_count(problems), 1);
    ck_assert_msg(strncmp(told(), mistakes[_i].error, strlen(mistakes[_i].error)) == 0,
                  "%s\nsays: %s\n not: %s", mistakes[_i].text, told(), mistakes[_i].error);
}
END_TEST

static const struct {
    const char *line;
    const char *warning;
} doubtful[] = {
    {"server x management /x password public",
     "mgmtd.conf:1: warning: everybody on this machine can read the password file \"public\"\n"},
    {"server x management ::1 7", "mgmtd.conf:1: warning: without a password whoever can reach "
                                  "::1 port 7 controls that server\n"},
    {"server x management 10.1.1.1 7 password secret",
     "mgmtd.conf:1: warning: the password, and who is connected, can be read on the way to "
     "10.1.1.1: the management interface has no encryption\n"},
};

START_TEST(what_is_doubtful_is_warned_about)
{
    load(doubtful[_i].line);
    ck_assert_ptr_nonnull(config);
    ck_assert_str_eq(told(), doubtful[_i].warning);
}
END_TEST

START_TEST(all_mistakes_of_a_file_are_told)
{
    load("databse /x\nserver x management\nbucket 7m\nlog-level loud\n");
    ck_assert_uint_eq(diagnostics_errors(problems), 4);
}
END_TEST

START_TEST(a_password_file_that_may_not_be_read_names_the_user)
{
    if (geteuid() == 0 && seteuid(65534) != 0)
        unit_skip("cannot become another user");
    load("server x management /x password /etc/shadow\n");
    ck_assert_int_eq(seteuid(getuid()), 0);
    ck_assert_ptr_null(config);
    ck_assert_ptr_nonnull(strstr(told(), "mgmtd.conf:1: error: the password file \"/etc/shadow\" "
                                         "may not be read by the user that runs this (number "));
}
END_TEST

START_TEST(a_thousand_mistakes_are_told_and_no_more)
{
    size_t lines = 60000;
    char *text = malloc(lines * 8 + 1);

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < lines; i++)
        memcpy(text + i * 8, "bucket!\n", 9);
    load(text);
    free(text);
    ck_assert_uint_eq(diagnostics_count(problems), 1001);
    ck_assert_str_eq(diagnostics_at(problems, 1000)->text,
                     "there is more, but it is too much to tell");
}
END_TEST

START_TEST(more_than_a_thousand_servers_are_too_many)
{
    size_t size = (CONFIG_MAX_SERVERS + 2) * 40;
    char *text = malloc(size);
    size_t at = 0;

    ck_assert_ptr_nonnull(text);
    for (int i = 0; i < CONFIG_MAX_SERVERS; i++)
        at += (size_t)snprintf(text + at, size - at, "server s%d management /run/%d\n", i, i);
    load(text);
    ck_assert_str_eq(told(), "");
    ck_assert_uint_eq(config->n_servers, CONFIG_MAX_SERVERS);
    snprintf(text + at, size - at, "server more management /run/more\n");
    load(text);
    ck_assert_str_eq(told(), "mgmtd.conf:1001: error: more than 1000 servers\n");
    free(text);
}
END_TEST

/* ── the file ── */

static void load_file(const char *name)
{
    char path[128];

    forget();
    problems = diagnostics_new();
    snprintf(path, sizeof path, "%s/%s", folder, name);
    config = config_load(path, problems);
    ck_assert((config == NULL) == (diagnostics_errors(problems) > 0));
}

START_TEST(a_file_is_read_and_one_that_cannot_be_is_named)
{
    write_file("mgmtd.conf", SERVER, 0600);
    load_file("mgmtd.conf");
    ck_assert_str_eq(told(), "");
    ck_assert_uint_eq(config->n_servers, 1);
    load_file("none");
    ck_assert_str_eq(told(), "none: error: cannot be read: No such file or directory\n");
    load_file(".");
    ck_assert_str_eq(told(), ".: error: not a regular file\n");
}
END_TEST

START_TEST(a_file_of_more_than_a_mebibyte_is_refused)
{
    size_t n = 1024 * 1024 + 1;
    char *text = malloc(n + 1);

    ck_assert_ptr_nonnull(text);
    memset(text, '\n', n);
    text[n] = '\0';
    write_file("mgmtd.conf", text, 0600);
    free(text);
    load_file("mgmtd.conf");
    ck_assert_str_eq(told(), "mgmtd.conf: error: larger than 1 MiB\n");
}
END_TEST

/* ── reloading ── */

static const char *const servers[] = {
    "server a management /x",
    "server b management /x",
    "server a management /y",
    "server a management /x password secret",
    "server a management /x password public",
    "server a management ::1 7 password secret",
    "server a management ::1 8 password secret",
    "server a management 127.0.0.1 7 password secret",
    "server a management ::1 7",
};

START_TEST(a_server_is_equal_to_one_of_the_same_line_and_to_no_other)
{
    for (int i = 0; i < COUNT(servers); i++) {
        char text[200];
        struct config *other;

        load(servers[_i]);
        other = config;
        config = NULL;
        snprintf(text, sizeof text, "\n\n%s", servers[i]); /* the line does not matter */
        load(text);
        ck_assert(config_server_equal(&other->servers[0], &config->servers[0]) == (i == _i));
        config_free(other);
    }
}
END_TEST

START_TEST(a_server_is_found_by_its_name)
{
    load(everything);
    ck_assert_ptr_eq(config_find_server(config, "six"), &config->servers[1]);
    ck_assert_ptr_null(config_find_server(config, "seven"));
}
END_TEST

static const struct {
    const char *line;
    const char *name;
} differences[] = {
    {"", NULL},
    {"database /x", "database"},
    {"state-dir /x\ndatabase " BYWAY_LOCALSTATEDIR "/lib/byway/sessions.db", "state-dir"},
    {"bucket 1m", "bucket"},
    {"bucket 5m", NULL},
    {"status-interval 5m\nretention sessions 1d\nlog-level debug\nbytecount-interval 1m", NULL},
};

START_TEST(what_counts_only_from_the_next_start_on_is_named)
{
    struct config *running;
    const char *name;

    load("");
    running = config;
    config = NULL;
    load(differences[_i].line);
    name = config_fixed_difference(running, config);
    ck_assert_pstr_eq(name, differences[_i].name);
    config_free(running);
}
END_TEST

static void count_line(void *arg, enum log_level level, const char *subsystem, const char *text)
{
    ck_assert_str_eq(subsystem, "config");
    ck_assert(level == LOG_LEVEL_ERROR || strstr(text, "warning") != NULL);
    ++*(unsigned *)arg;
}

START_TEST(problems_are_logged_as_what_they_are)
{
    unsigned lines = 0;
    struct log log = {.sink = count_line, .arg = &lines, .max_level = LOG_LEVEL_DEBUG};

    load("bucket 7m\nserver x management ::1 7\n");
    config_tell(problems, &log);
    ck_assert_uint_eq(lines, 2);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("config");
    TCase *tests = tcase_create("all");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_config_of_one_server_has_the_defaults);
    tcase_add_test(tests, every_directive_is_taken);
    tcase_add_test(tests, the_database_is_in_the_state_directory_where_nothing_else_is_said);
    tcase_add_test(tests, a_default_of_retention_gives_way_to_the_sessions);
    tcase_add_test(tests, a_config_without_servers_is_good_but_warned_about);
    tcase_add_loop_test(tests, a_mistake_is_told_with_its_line_and_what_was_meant, 0,
                        COUNT(mistakes));
    tcase_add_loop_test(tests, what_is_doubtful_is_warned_about, 0, COUNT(doubtful));
    tcase_add_test(tests, all_mistakes_of_a_file_are_told);
    tcase_add_test(tests, a_password_file_that_may_not_be_read_names_the_user);
    tcase_add_test(tests, a_thousand_mistakes_are_told_and_no_more);
    tcase_add_test(tests, more_than_a_thousand_servers_are_too_many);
    tcase_add_test(tests, a_file_is_read_and_one_that_cannot_be_is_named);
    tcase_add_test(tests, a_file_of_more_than_a_mebibyte_is_refused);
    tcase_add_loop_test(tests, a_server_is_equal_to_one_of_the_same_line_and_to_no_other, 0,
                        COUNT(servers));
    tcase_add_test(tests, a_server_is_found_by_its_name);
    tcase_add_loop_test(tests, what_counts_only_from_the_next_start_on_is_named, 0,
                        COUNT(differences));
    tcase_add_test(tests, problems_are_logged_as_what_they_are);
    suite_add_tcase(suite, tests);
    return suite;
}
