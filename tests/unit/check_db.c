/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway db check and byway db backup, as they were built, on databases that the store wrote. */
#include "tests/unit/unit.h"

#include "tests/unit/store_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char said[16384];
static char backup[150];

/* Runs the command; its exit status. What it says is in `said`. */
static int byway(const char *subcommand, const char *argument)
{
    char command[900];
    size_t n;
    FILE *pipe;
    int status;

    snprintf(command, sizeof(command), "TZ=UTC helpdesk/byway db %s %s --database %s 2>&1",
             subcommand, argument, store_path);
    pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    n = fread(said, 1, sizeof(said) - 1, pipe);
    said[n] = '\0';
    status = pclose(pipe);
    ck_assert_msg(WIFEXITED(status), "%s", said);
    return WEXITSTATUS(status);
}

static void assert_said(const char *part)
{
    ck_assert_msg(strstr(said, part) != NULL, "\"%s\" is not in:\n%s", part, said);
}

static void make_history(int sessions)
{
    struct batch *batch = first_batch();
    struct gap_row gap = {1, 1, T0, T0 + 900, BATCH_NONE, GAP_NOT_WATCHED, true, "off"};

    for (int i = 1; i <= sessions; i++) {
        struct session_row session = session_of(i, i % 2 ? "alice" : "bob");
        struct running_row running = running_of(i);
        struct traffic_row traffic = {T0 - T0 % 300, i, 10, 10, BATCH_NONE};
        struct held_row held;

        session.vpn4 = "10.8.0.2";
        if (i % 2) {
            session.ended = T0 + 1000;
            session.end_reason = END_DISCONNECTED;
        }
        held = held_of(&session, HELD_VPN, session.vpn4);
        ck_assert(batch_session(batch, &session) && batch_held(batch, &held) &&
                  batch_traffic(batch, &traffic) && (i % 2 || batch_running(batch, &running)));
    }
    ck_assert(batch_gap(batch, &gap));
    store_open_it();
    write_batch(batch);
}

/* ── check ── */

START_TEST(a_database_that_the_store_wrote_is_in_order)
{
    make_history(100);
    ck_assert_int_eq(byway("check", ""), 0);
    assert_said("Sessions   100, 50 open\n");
    assert_said("Since      2023-11-14 22:13:20 UTC");
    assert_said(" bytes a session with all that belongs to it\n");
    assert_said("Recorder   last wrote at 2023-11-14 22:13:20 UTC");
    assert_said("Gaps       not-watched: 1, 15m 00s in all; 0 that sessions may be missing in\n");
    assert_said("Verdict    in order\n");
    ck_assert_ptr_null(strstr(said, "Problem"));
}
END_TEST

START_TEST(a_new_database_is_in_order)
{
    store_open_it();
    ck_assert_int_eq(byway("check", ""), 0);
    assert_said("Sessions   0, 0 open\n");
    assert_said("Gaps       none\n");
}
END_TEST

START_TEST(each_thing_that_must_not_be_is_found)
{
    static const struct {
        const char *sql, *said;
    } cases[] = {
        {"UPDATE session SET span = 1 WHERE id = 2", "1 sessions in the class of open ones"},
        {"UPDATE session SET span = 5 WHERE id = 1", "1 sessions in a class that is not"},
        {"UPDATE session SET ended = 5, span = 0 WHERE id = 1", "1 sessions that ended before"},
        {"UPDATE session SET end_reason = NULL WHERE id = 1",
         "1 sessions that ended for no reason"},
        {"INSERT INTO running SELECT 1, last_seen, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM running LIMIT 1",
         "1 ended sessions that still run"},
        {"UPDATE held SET until = NULL, span = 8 WHERE session = 1",
         "1 ended sessions that still hold"},
        {"UPDATE held SET until = 1700000009 WHERE session = 2", "1 addresses in the class of"},
        {"UPDATE held SET span = 3 WHERE session = 1", "1 addresses in a class that is not"},
        {"DELETE FROM held WHERE session = 1", "1 sessions with an address that nobody is listed"},
        {"UPDATE session SET from_client = -1 WHERE id = 1", "1 byte counts below zero"},
        {"UPDATE session SET user = 77 WHERE id = 1",
         "1 rows of session refer to a user that is not there"},
        {"DROP INDEX gap_by_time", "the index gap_by_time is missing"},
        {"CREATE TABLE mine (a)", "there is a table mine, which is not Byway's"},
        {"ALTER TABLE gap ADD COLUMN mine TEXT", "the table gap is not as this version makes it"}};

    make_history(10);
    store_close_it();
    do_sql(store_path, cases[_i].sql);
    ck_assert_int_eq(byway("check", ""), 1);
    assert_said(cases[_i].said);
    assert_said("Verdict    not in order\n");
}
END_TEST

START_TEST(a_damaged_page_is_found_wherever_it_is)
{
    int page, pages;
    FILE *file;

    make_history(2000);
    store_close_it();
    pages = atoi(asked("PRAGMA page_count"));
    page = 2 + _i * (pages - 2) / 10;
    file = fopen(store_path, "r+");
    ck_assert_int_eq(fseek(file, (page - 1) * 4096L, SEEK_SET), 0);
    for (int i = 0; i < 4096; i++)
        fputc(0xff, file);
    fclose(file);
    ck_assert_msg(byway("check", "") == 1, "page %d of %d:\n%s", page, pages, said);
}
END_TEST

START_TEST(what_cannot_be_read_is_said_in_one_sentence)
{
    ck_assert_int_eq(byway("check", ""), 2);
    assert_said(store_path);
    snprintf(backup, sizeof(backup), "%s/b.db", store_folder);
    ck_assert_int_eq(byway("backup", backup), 2);
    assert_said(store_path);
    shell("test -z \"$(ls %s)\"", store_folder);
}
END_TEST

/* ── backup ── */

START_TEST(a_backup_has_everything_and_only_its_owner_can_read_it)
{
    struct stat st;
    char *rows;

    make_history(100);
    snprintf(backup, sizeof(backup), "%s/backup.db", store_folder);
    ck_assert_int_eq(byway("backup", backup), 0);
    assert_said("backup.db: ");
    rows = strdup(asked("SELECT * FROM session"));
    ck_assert_str_eq(asked_of(backup, "SELECT * FROM session"), rows);
    free(rows);
    ck_assert_str_eq(asked_of(backup, "PRAGMA integrity_check"), "ok\n");
    ck_assert_str_eq(asked_of(backup, "PRAGMA user_version"), "6\n");
    ck_assert_str_eq(asked_of(backup, "SELECT count(*) FROM open_sessions"), "50\n");
    ck_assert_int_eq(stat(backup, &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0600);
    shell("test ! -e %s.part", backup);
    /* It can be looked into, and the daemon takes it up. */
    store_close_it();
    strcpy(store_path, backup);
    ck_assert_int_eq(byway("check", ""), 0);
    store_open_it();
}
END_TEST

START_TEST(a_backup_overwrites_nothing)
{
    make_history(10);
    snprintf(backup, sizeof(backup), "%s/backup.db", store_folder);
    shell("echo precious > %s", backup);
    ck_assert_int_eq(byway("backup", backup), 2);
    assert_said("is there already; a backup overwrites nothing");
    shell("grep -q precious %s", backup);
    shell("mv %s %s.part", backup, backup);
    ck_assert_int_eq(byway("backup", backup), 2);
    assert_said("File exists");
    shell("grep -q precious %s.part && test ! -e %s", backup, backup);
    ck_assert_int_eq(byway("backup", store_path), 2);
    snprintf(backup, sizeof(backup), "%s/nowhere/b.db", store_folder);
    ck_assert_int_eq(byway("backup", backup), 2);
    assert_said("No such file or directory");
}
END_TEST

START_TEST(a_backup_while_the_daemon_writes_is_one_state)
{
    pid_t writer;

    make_history(10);
    store_close_it();
    writer = fork();
    if (writer == 0) { /* each transaction changes two tables alike */
        store_open_it();
        for (int i = 0; i < 1000000; i++) {
            struct batch *batch = batch_new();
            struct traffic_row traffic = {T0 - T0 % 300, 1, 1, 1, BATCH_NONE};

            ck_assert(batch_traffic(batch, &traffic));
            write_batch(batch);
            if (i % 50 == 0)
                store_checkpoint(store);
        }
    }
    for (int i = 0; i < 8; i++) {
        snprintf(backup, sizeof(backup), "%s/backup-%d.db", store_folder, i);
        ck_assert_msg(byway("backup", backup) == 0, "%s", said);
        ck_assert_str_eq(asked_of(backup, "SELECT (SELECT sum(from_client) FROM traffic) = "
                                          "(SELECT sum(from_client) FROM usage_day)"),
                         "1\n");
    }
    kill(writer, SIGKILL);
    ck_assert_int_eq(waitpid(writer, NULL, 0), writer);
    ck_assert_int_gt(atoi(asked_of(backup, "SELECT from_client FROM traffic WHERE session = 1")),
                     10);
}
END_TEST

START_TEST(a_disk_that_is_full_leaves_no_half_copy)
{
    make_history(2000);
    shell("mkdir %s/small", store_folder);
    if (geteuid() != 0 || system("unshare -m true 2>/dev/null") != 0)
        unit_skip("cannot mount a small file system");
    shell(
        "unshare -m sh -c 'mount -t tmpfs -o size=64k none %s/small && "
        "helpdesk/byway db backup %s/small/b.db --database %s 2>&1 | grep -q \"no space left\" && "
        "test -z \"$(ls %s/small)\"'",
        store_folder, store_folder, store_path, store_folder);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("db");
    TCase *tests = tcase_create("db");

    tcase_add_checked_fixture(tests, store_set_up, store_tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_database_that_the_store_wrote_is_in_order);
    tcase_add_test(tests, a_new_database_is_in_order);
    tcase_add_loop_test(tests, each_thing_that_must_not_be_is_found, 0, 14);
    tcase_add_loop_test(tests, a_damaged_page_is_found_wherever_it_is, 0, 10);
    tcase_add_test(tests, what_cannot_be_read_is_said_in_one_sentence);
    tcase_add_test(tests, a_backup_has_everything_and_only_its_owner_can_read_it);
    tcase_add_test(tests, a_backup_overwrites_nothing);
    tcase_add_test(tests, a_backup_while_the_daemon_writes_is_one_state);
    tcase_add_test(tests, a_disk_that_is_full_leaves_no_half_copy);
    suite_add_tcase(suite, tests);
    return suite;
}
