/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database as the helpdesk opens it: written by the daemon's own store, read by an
 * account that may read and nothing else, in every state that a file can be in.
 */
#include "config.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpdesk/history.h"
#include "tests/unit/store_fixture.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))
#define HELPDESK     50017 /* user and group of the reader: nobody else's */

static char why[HISTORY_WHY_SIZE];

/* A session that goes on, and its counts. */
static void add_session(struct batch *batch, int64_t id)
{
    struct session_row session = session_of(id, "alice");
    struct running_row running = running_of(id);

    ck_assert(batch_session(batch, &session) && batch_running(batch, &running));
}

/* The database with three open sessions; the daemon runs. */
static void make_database(void)
{
    struct batch *batch = first_batch();

    store_open_it();
    for (int64_t id = 1; id <= 3; id++)
        add_session(batch, id);
    write_batch(batch);
}

/* How many rows a statement gives; -1 where it failed. */
static int count_rows(struct history *history, const char *name)
{
    sqlite3_stmt *statement = history_statement(history, name);
    int n = 0;

    while (statement && history_row(history, statement))
        n++;
    return history_trouble(history, why) == HISTORY_FINE ? n : -1;
}

static enum history_trouble open_it(const char *path)
{
    enum history_trouble trouble = HISTORY_FINE;
    struct history *history = history_open(path, &trouble, why);

    if (history)
        ck_assert_int_eq(count_rows(history, "resume.sessions"), 3);
    ck_assert_int_eq(history == NULL, trouble != HISTORY_FINE);
    history_close(history);
    return trouble;
}

/* ── by whom ── */

/* Runs as the reader; what it returns, which is below 100. */
static int as_reader(int (*what)(void))
{
    pid_t child;
    int status = 0;

    if (geteuid() != 0)
        unit_skip("another user can only be played by root");
    child = fork();
    if (child == 0) {
        if (setgroups(0, NULL) != 0 || setgid(HELPDESK) != 0 || setuid(HELPDESK) != 0)
            _exit(99);
        _exit(what());
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The sentence comes back through a file that both can write. */
static char *shared_why;

static int reader_opens(void)
{
    enum history_trouble trouble = HISTORY_FINE;
    struct history *history = history_open(store_path, &trouble, shared_why);
    int n = history ? count_rows(history, "resume.sessions") : 0;

    history_close(history);
    return history && n != 3 ? 98 : (int)trouble;
}

static int reader_writes(void)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(store_path, &db, SQLITE_OPEN_READWRITE, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "DELETE FROM session", NULL, NULL, NULL);
    sqlite3_close(db);
    return rc & 0xff;
}

static enum history_trouble opened_by_reader(void)
{
    int result;

    shared_why =
        mmap(NULL, HISTORY_WHY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    result = as_reader(reader_opens);
    memcpy(why, shared_why, sizeof(why));
    munmap(shared_why, HISTORY_WHY_SIZE);
    ck_assert_int_lt(result, 90);
    return (enum history_trouble)result;
}

/* As the packaging notes have it: the folder and the files are of the readers' group. */
static void let_group_read(void)
{
    shell("chgrp -R %d %s && chmod 2750 %s && chmod 640 %s/*", HELPDESK, store_folder, store_folder,
          store_folder);
}

/* ── in order ── */

START_TEST(it_is_read_while_the_daemon_runs_and_when_it_does_not)
{
    make_database();
    ck_assert_msg(open_it(store_path) == HISTORY_FINE, "%s", why);
    store_close_it();
    ck_assert_msg(open_it(store_path) == HISTORY_FINE, "%s", why);
    ck_assert_msg(open_it(store_path) == HISTORY_FINE, "%s", why);
    shell("test -e %s-wal && test -e %s-shm", store_path, store_path);
}
END_TEST

START_TEST(somebody_of_the_group_reads_it_and_cannot_write)
{
    make_database();
    if (geteuid() == 0)
        let_group_read();
    ck_assert_msg(opened_by_reader() == HISTORY_FINE, "%s", why);
    ck_assert_int_eq(as_reader(reader_writes), SQLITE_READONLY);
    store_close_it();
    ck_assert_msg(opened_by_reader() == HISTORY_FINE, "%s", why);
    ck_assert_int_eq(as_reader(reader_writes), SQLITE_READONLY);
    store_open_it();
    ck_assert_msg(opened_by_reader() == HISTORY_FINE, "%s", why);
    ck_assert_str_eq(asked("SELECT count(*) FROM session"), "3\n");
}
END_TEST

/* A daemon that was killed leaves a WAL that nobody put in order. */
START_TEST(somebody_of_the_group_reads_it_after_a_kill)
{
    pid_t child;
    int status = 0;

    make_database();
    store_close_it();
    child = fork();
    if (child == 0) {
        struct batch *batch = batch_new();

        store_open_it();
        batch->alive_at = T0 + 5;
        write_batch(batch);
        raise(SIGKILL);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (geteuid() == 0)
        let_group_read();
    ck_assert_msg(opened_by_reader() == HISTORY_FINE, "%s", why);
    ck_assert_msg(open_it(store_path) == HISTORY_FINE, "%s", why);
}
END_TEST

START_TEST(a_statement_cannot_write)
{
    enum history_trouble trouble = HISTORY_FINE;
    struct history *history = NULL;

    make_database();
    history = history_open(store_path, &trouble, why);
    ck_assert_ptr_nonnull(history);
    ck_assert_int_eq(count_rows(history, "schema.views-made"), -1);
    ck_assert_int_ne(history_trouble(history, why), HISTORY_FINE);
    history_close(history);
}
END_TEST

START_TEST(one_command_sees_one_state)
{
    enum history_trouble trouble = HISTORY_FINE;
    struct history *history = NULL;
    struct batch *batch = batch_new();

    make_database();
    history = history_open(store_path, &trouble, why);
    ck_assert_int_eq(count_rows(history, "resume.sessions"), 3);
    add_session(batch, 4);
    batch->alive_at = T0;
    write_batch(batch);
    ck_assert_int_eq(count_rows(history, "resume.sessions"), 3);
    ck_assert_int_eq(count_rows(history, "resume.running"), 3);
    history_close(history);
    ck_assert_str_eq(asked("SELECT count(*) FROM session"), "4\n");
}
END_TEST

/* Writes batch after batch until it is told to end. */
static void write_for_long(void)
{
    store_open_it();
    for (int64_t id = 4;; id++) {
        struct batch *batch = batch_new();

        batch->alive_at = T0 + id;
        if (id < 1500)
            add_session(batch, id);
        write_batch(batch);
        if (id % 50 == 0)
            store_checkpoint(store);
    }
}

START_TEST(readers_never_fail_and_see_whole_batches_while_the_daemon_writes)
{
    int before = 0;
    pid_t child;

    make_database();
    store_close_it();
    child = fork();
    if (child == 0)
        write_for_long();
    for (int round = 0; round < 300; round++) {
        enum history_trouble trouble = HISTORY_FINE;
        struct history *history = history_open(store_path, &trouble, why);
        int n;

        ck_assert_msg(history != NULL, "%s", why);
        n = count_rows(history, "resume.sessions");
        ck_assert_msg(n >= before, "%d, then %d: %s", before, n, why);
        ck_assert_int_eq(count_rows(history, "resume.running"), n);
        history_close(history);
        before = n;
    }
    ck_assert_int_gt(before, 3);
    ck_assert_int_eq(waitpid(child, NULL, WNOHANG), 0); /* it did not fail */
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}
END_TEST

/* ── not in order ── */

/* Each makes something of the closed database that is not one. */
static const struct {
    const char *command; /* $DB is the database */
    enum history_trouble trouble;
    const char *says;
} states[] = {
    {"rm $DB", HISTORY_MISSING, "there is no such database"},
    {"rm $DB && mkdir $DB", HISTORY_NO_FILE, "that is no file"},
    {"rm $DB && mkfifo $DB", HISTORY_NO_FILE, "that is no file"},
    {"rm $DB && ln -s $DB.gone $DB", HISTORY_MISSING, "there is no such database"},
    {": >$DB", HISTORY_EMPTY, "has not written to it yet"},
    {"rm $DB* && echo 'no database at all' >$DB", HISTORY_FOREIGN, "not a database of Byway"},
    {"echo 'no database at all' >$DB", HISTORY_DAMAGED, "is damaged"},
    {"dd if=/dev/zero of=$DB bs=4096 seek=1 count=30 conv=notrunc status=none", HISTORY_DAMAGED,
     "is damaged"},
    {"dd if=/dev/urandom of=$DB bs=1 seek=100 count=900 conv=notrunc status=none", HISTORY_DAMAGED,
     "is damaged"},
    {"truncate -s 4096 $DB", HISTORY_DAMAGED, "is damaged"},
};

static void run_on_database(const char *command)
{
    setenv("DB", store_path, 1);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(each_state_of_the_file_has_its_sentence)
{
    char start[200];

    make_database();
    store_checkpoint(store);
    store_close_it();
    shell("rm -f %s-wal %s-shm", store_path, store_path);
    run_on_database(states[_i].command);
    ck_assert_msg(open_it(store_path) == states[_i].trouble, "%d: %s", _i, why);
    snprintf(start, sizeof(start), "%s: ", store_path);
    ck_assert_msg(strncmp(why, start, strlen(start)) == 0, "%s", why);
    ck_assert_msg(strstr(why, states[_i].says) != NULL, "%s", why);
    ck_assert_int_eq(why[strlen(why) - 1], '.');
}
END_TEST

static const struct {
    const char *sql;
    enum history_trouble trouble;
} schemas[] = {
    {"PRAGMA user_version = 999", HISTORY_NEWER},
    {"PRAGMA user_version = 0", HISTORY_OLDER},
    {"PRAGMA application_id = 42", HISTORY_FOREIGN},
    {"PRAGMA application_id = 0", HISTORY_FOREIGN},
};

START_TEST(a_database_of_another_version_or_program_is_told_apart)
{
    make_database();
    store_close_it();
    do_sql(store_path, schemas[_i].sql);
    ck_assert_msg(open_it(store_path) == schemas[_i].trouble, "%s", why);
}
END_TEST

START_TEST(damage_in_the_middle_is_an_error_not_a_shorter_answer)
{
    enum history_trouble trouble = HISTORY_FINE;
    struct history *history = NULL;
    struct batch *batch = batch_new();

    make_database();
    batch->alive_at = T0;
    for (int64_t id = 4; id <= 3000; id++)
        add_session(batch, id);
    write_batch(batch);
    ck_assert(store_checkpoint(store));
    store_close_it();
    shell("rm -f %s-wal %s-shm", store_path, store_path);
    shell("s=$(stat -c %%s %s); dd if=/dev/zero of=%s bs=4096 seek=$((s / 8192)) count=20 "
          "conv=notrunc status=none",
          store_path, store_path);
    history = history_open(store_path, &trouble, why);
    ck_assert_msg(history == NULL || count_rows(history, "resume.sessions") == -1 ||
                      count_rows(history, "resume.running") == -1 ||
                      count_rows(history, "resume.held") == -1,
                  "nothing was noticed");
    if (history)
        ck_assert_int_eq(history_trouble(history, why), HISTORY_DAMAGED);
    ck_assert_ptr_nonnull(strstr(why, "damaged"));
    history_close(history);
}
END_TEST

START_TEST(without_rights_the_sentence_names_the_group_or_an_administrator)
{
    struct group *group = NULL;

    make_database();
    store_close_it();
    shell("chmod 755 %s && chmod 600 %s", store_folder, store_path);
    ck_assert_int_eq(opened_by_reader(), HISTORY_FORBIDDEN);
    ck_assert_ptr_nonnull(strstr(why, "you may not read this database (an administrator can"));
    shell("chgrp 1 %s && chmod 640 %s", store_path, store_path);
    group = getgrgid(1);
    ck_assert_int_eq(opened_by_reader(), HISTORY_FORBIDDEN);
    if (group) {
        ck_assert_ptr_nonnull(strstr(why, "(members of the group "));
        ck_assert_ptr_nonnull(strstr(why, group->gr_name));
    }
    shell("chmod 644 %s && chmod 700 %s", store_path, store_folder);
    ck_assert_int_eq(opened_by_reader(), HISTORY_FORBIDDEN);
    ck_assert_msg(strstr(why, "is closed to you; an administrator can") != NULL, "%s", why);
}
END_TEST

/* A copy, or a database whose side files somebody has tidied away. */
START_TEST(without_side_files_a_reader_is_told_how_they_come_back)
{
    make_database();
    store_close_it();
    if (geteuid() == 0)
        let_group_read();
    shell("rm -f %s-wal %s-shm", store_path, store_path);
    ck_assert_msg(opened_by_reader() == HISTORY_SIDE_FILES, "%s", why);
    ck_assert_ptr_nonnull(strstr(why, "byway-mgmtd) makes them when it starts"));
    store_open_it();
    store_close_it();
    ck_assert_msg(opened_by_reader() == HISTORY_FINE, "%s", why);
}
END_TEST

/* Not in WAL mode, and killed while it wrote: what SQLite calls a hot journal. */
START_TEST(a_write_that_was_cut_off_is_said_to_be_so)
{
    pid_t child;

    make_database();
    store_close_it();
    do_sql(store_path, "PRAGMA journal_mode = DELETE");
    child = fork();
    if (child == 0) {
        sqlite3 *db = NULL;

        sqlite3_open(store_path, &db);
        sqlite3_exec(db,
                     "PRAGMA cache_size = 2; BEGIN; "
                     "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n LIMIT 9999) "
                     "INSERT INTO user SELECT i, hex(randomblob(40)) FROM n",
                     NULL, NULL, NULL);
        raise(SIGKILL);
    }
    waitpid(child, NULL, 0);
    ck_assert_msg(open_it(store_path) == HISTORY_UNFINISHED, "%s", why);
    store_open_it(); /* the daemon puts it in order */
    ck_assert_msg(open_it(store_path) == HISTORY_FINE, "%s", why);
}
END_TEST

START_TEST(a_program_that_locks_readers_out_is_waited_for_then_told)
{
    sqlite3 *db = NULL;

    make_database();
    store_close_it();
    ck_assert_int_eq(sqlite3_open(store_path, &db), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(db, "PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE", NULL, NULL, NULL),
        SQLITE_OK);
    ck_assert_msg(open_it(store_path) == HISTORY_BUSY, "%s", why);
    sqlite3_close(db);
}
END_TEST

START_TEST(a_name_is_a_file_whatever_sqlite_would_take_it_for)
{
    static const char *const names[] = {":memory:", "", "file:sessions.db?mode=memory",
                                        "file:%2e%2e", "x\x1b[2Jy"};

    ck_assert_int_eq(chdir(store_folder), 0);
    ck_assert_msg(open_it(names[_i]) == HISTORY_MISSING, "%s", why);
    ck_assert_ptr_null(strchr(why, '\x1b'));
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("history");
    TCase *tests = tcase_create("history");

    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, store_set_up, store_tear_down);
    tcase_add_test(tests, it_is_read_while_the_daemon_runs_and_when_it_does_not);
    tcase_add_test(tests, somebody_of_the_group_reads_it_and_cannot_write);
    tcase_add_test(tests, somebody_of_the_group_reads_it_after_a_kill);
    tcase_add_test(tests, a_statement_cannot_write);
    tcase_add_test(tests, one_command_sees_one_state);
    tcase_add_test(tests, readers_never_fail_and_see_whole_batches_while_the_daemon_writes);
    tcase_add_loop_test(tests, each_state_of_the_file_has_its_sentence, 0, COUNT(states));
    tcase_add_loop_test(tests, a_database_of_another_version_or_program_is_told_apart, 0,
                        COUNT(schemas));
    tcase_add_test(tests, damage_in_the_middle_is_an_error_not_a_shorter_answer);
    tcase_add_test(tests, without_rights_the_sentence_names_the_group_or_an_administrator);
    tcase_add_test(tests, without_side_files_a_reader_is_told_how_they_come_back);
    tcase_add_test(tests, a_write_that_was_cut_off_is_said_to_be_so);
    tcase_add_test(tests, a_program_that_locks_readers_out_is_waited_for_then_told);
    tcase_add_loop_test(tests, a_name_is_a_file_whatever_sqlite_would_take_it_for, 0, 5);
    suite_add_tcase(suite, tests);
    return suite;
}
