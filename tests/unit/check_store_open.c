/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <config.h>

#include "tests/unit/unit.h"

#include "mgmtd/store_private.h"
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_opens_with(enum store_result expected, const char *said)
{
    struct store *none = NULL;
    enum store_result result = store_open(&none, store_path, 300, &store_log);

    ck_assert_msg(result == expected, "%d: %s\n%s", result, store_result_text(result),
                  store_logged);
    ck_assert_ptr_null(none);
    ck_assert_msg(strstr(store_logged, said) != NULL, "\"%s\" is not in:\n%s", said, store_logged);
    ck_assert_ptr_nonnull(strstr(store_logged, store_folder));
}

/* A database with some hundred sessions, closed. */
static void make_history(void)
{
    struct batch *batch = first_batch();
    char name[20];

    store_open_it();
    for (int i = 1; i <= 3000; i++) {
        struct session_row session;

        snprintf(name, sizeof(name), "user%d", i);
        session = session_of(i, name);
        ck_assert(batch_session(batch, &session));
    }
    write_batch(batch);
    store_close_it();
}

static void overwrite(long offset, size_t n, char byte)
{
    FILE *file = fopen(store_path, "r+");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, offset, SEEK_SET), 0);
    while (n-- > 0)
        fputc(byte, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* ── whose it is ── */

START_TEST(an_empty_file_becomes_a_database)
{
    shell("touch %s", store_path);
    store_open_it();
    ck_assert_str_eq(asked("PRAGMA user_version"), "6\n");
}
END_TEST

START_TEST(a_file_that_is_no_database_is_left_alone)
{
    shell("echo 'dear diary, today I met a database' > %s", store_path);
    for (int i = 0; i < 2; i++)
        assert_opens_with(STORE_FOREIGN, "it is not a database of Byway; name another file");
    shell("grep -q diary %s && test ! -e %s.lock", store_path, store_path);
}
END_TEST

START_TEST(another_programs_database_is_left_alone)
{
    static const char *const theirs[] = {"CREATE TABLE a (b)", "PRAGMA application_id = 17",
                                         "PRAGMA user_version = 3"};

    do_sql(store_path, theirs[_i]);
    shell("cp %s %s.before", store_path, store_path);
    assert_opens_with(STORE_FOREIGN, "it is not a database of Byway; name another file");
    shell("cmp %s %s.before", store_path, store_path);
}
END_TEST

START_TEST(a_database_of_a_newer_version_is_left_alone)
{
    make_history();
    do_sql(store_path, "PRAGMA user_version = 99");
    assert_opens_with(
        STORE_NEWER, "(schema version 99): a newer version of Byway made it; install that version");
    ck_assert_str_eq(asked("PRAGMA user_version"), "99\n");
}
END_TEST

START_TEST(a_second_daemon_is_kept_out_until_the_first_has_left)
{
    pid_t child;
    int status;

    store_open_it();
    assert_opens_with(STORE_BUSY, "another byway-mgmtd writes it");
    store_close_it();
    child = fork();
    if (child == 0) { /* one that is killed with the lock in its hands */
        store_open_it();
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    store_open_it();
}
END_TEST

START_TEST(nobody_who_only_reads_can_take_the_lock)
{
    mode_t before = umask(0);

    store_open_it();
    store_close_it();
    shell("test $(stat -c %%a %s.lock) = 600", store_path);
    shell("chmod 0640 %s.lock", store_path); /* as it once was made */
    store_open_it();
    shell("test $(stat -c %%a %s.lock) = 600", store_path);
    umask(before);
}
END_TEST

/* ── where it is ── */

START_TEST(a_missing_folder_is_said)
{
    snprintf(store_path, sizeof(store_path), "%s/nowhere/sessions.db", store_folder);
    assert_opens_with(STORE_FAILED, "cannot be opened: No such file or directory (the daemon must "
                                    "be able to write it and its folder)");
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_is_said)
{
    if (geteuid() == 0 && setresuid(65534, 65534, 0) != 0)
        unit_skip("cannot become nobody");
    snprintf(store_path, sizeof(store_path), "%s/sessions.db", store_folder);
    assert_opens_with(STORE_FAILED, "cannot be opened: Permission denied");
    ck_assert_int_eq(setresuid(0, 0, 0), 0);
}
END_TEST

START_TEST(a_database_that_cannot_be_written_is_said)
{
    make_history();
    ck_assert_int_eq(chmod(store_path, 0440), 0);
    ck_assert_int_eq(chmod(store_folder, 0777), 0);
    shell("rm -f %s.lock", store_path);
    if (geteuid() == 0 && setresuid(65534, 65534, 0) != 0)
        unit_skip("cannot become nobody");
    assert_opens_with(STORE_FAILED, "cannot be opened: Permission denied");
    ck_assert_int_eq(setresuid(0, 0, 0), 0);
}
END_TEST

/* ── damage ── */

START_TEST(a_header_that_is_gone_is_damage_since_the_lock_file_says_it_was_ours)
{
    make_history();
    overwrite(0, 100, _i ? 'x' : '\0');
    assert_opens_with(STORE_DAMAGED, "it is damaged; it has to be set aside");
}
END_TEST

START_TEST(a_file_that_was_cut_is_noticed_at_open)
{
    struct stat st;

    make_history();
    ck_assert_int_eq(stat(store_path, &st), 0);
    ck_assert_int_eq(truncate(store_path, st.st_size * _i / 10), 0);
    assert_opens_with(STORE_DAMAGED, "it is damaged; it has to be set aside");
}
END_TEST

START_TEST(the_root_of_any_table_or_index_that_is_gone_is_noticed_at_open)
{
    int root;
    char question[160];

    make_history();
    snprintf(question, sizeof(question),
             "SELECT rootpage FROM sqlite_schema WHERE rootpage > 0 ORDER BY rootpage "
             "LIMIT 1 OFFSET %d",
             _i);
    root = atoi(asked(question));
    if (root == 0)
        return; /* no more of them */
    overwrite((root - 1) * 4096L, 4096, '\0');
    assert_opens_with(STORE_DAMAGED, "it is damaged; it has to be set aside");
}
END_TEST

START_TEST(a_page_in_the_middle_that_is_gone_is_noticed_when_it_is_written_to)
{
    struct batch *batch = first_batch();
    struct session_row session = session_of(1500, "user1500");
    enum store_result result;
    int page;

    make_history();
    page = atoi(asked("SELECT pageno FROM dbstat WHERE name = 'session' AND pagetype = 'leaf' "
                      "ORDER BY path LIMIT 1 OFFSET 12"));
    ck_assert_int_gt(page, 0);
    for (int id = 1; id <= 3000; id++) {
        session.id = id;
        ck_assert(batch_session(batch, &session));
    }
    overwrite((page - 1) * 4096L, 4096, '\0');
    store_open_it(); /* what is read at open is in order */
    result = store_write(store, batch);
    ck_assert_int_eq(result, STORE_DAMAGED);
    ck_assert_ptr_nonnull(strstr(store_logged, "cannot write: database disk image is malformed"));
    batch_free(batch);
}
END_TEST

START_TEST(a_schema_that_somebody_changed_is_said_and_nothing_is_set_aside)
{
    make_history();
    do_sql(store_path, "ALTER TABLE session DROP COLUMN handshake");
    assert_opens_with(STORE_FAILED, "cannot open: table session has no column named handshake");
}
END_TEST

/* ── setting aside ── */

START_TEST(a_damaged_database_is_set_aside_whole_and_a_new_one_takes_its_place)
{
    char to[300], expected[300];

    make_history();
    overwrite(0, 100, 'x');
    shell("echo wal > %s-wal", store_path);
    ck_assert_int_eq(store_set_aside(store_path, T0, to, sizeof(to)), 0);
    snprintf(expected, sizeof(expected), "%s.damaged-20231114T221320", store_path);
    ck_assert_str_eq(to, expected);
    shell("test ! -e %s && test ! -e %s-wal && test ! -e %s-shm", store_path, store_path,
          store_path);
    shell("grep -q wal %s-wal && test -s %s", to, to);
    store_open_it();
    ck_assert_str_eq(asked("SELECT count(*) FROM session"), "0\n");
}
END_TEST

START_TEST(what_was_set_aside_before_is_never_overwritten)
{
    char to[300], expected[300];

    shell("echo one > %s", store_path);
    ck_assert_int_eq(store_set_aside(store_path, T0, to, sizeof(to)), 0);
    shell("echo two > %s", store_path);
    ck_assert_int_eq(store_set_aside(store_path, T0, to, sizeof(to)), 0);
    snprintf(expected, sizeof(expected), "%s.damaged-20231114T221320-2", store_path);
    ck_assert_str_eq(to, expected);
    shell("echo wal > %s.damaged-20231114T221320-3-wal", store_path); /* a name half taken */
    shell("echo three > %s", store_path);
    ck_assert_int_eq(store_set_aside(store_path, T0, to, sizeof(to)), 0);
    snprintf(expected, sizeof(expected), "%s.damaged-20231114T221320-4", store_path);
    ck_assert_str_eq(to, expected);
    shell("cd %s && test \"$(cat sessions.db.damaged*)\" = \"$(printf 'one\\ntwo\\nwal\\nthree')\"",
          store_folder);
}
END_TEST

START_TEST(what_another_daemon_writes_is_not_set_aside)
{
    char to[300];

    store_open_it();
    ck_assert_int_eq(store_set_aside(store_path, T0, to, sizeof(to)), EWOULDBLOCK);
    ck_assert_int_eq(access(store_path, F_OK), 0);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("store_open");
    TCase *tests = tcase_create("store_open");

    tcase_add_checked_fixture(tests, store_set_up, store_tear_down);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, an_empty_file_becomes_a_database);
    tcase_add_test(tests, a_file_that_is_no_database_is_left_alone);
    tcase_add_loop_test(tests, another_programs_database_is_left_alone, 0, 3);
    tcase_add_test(tests, a_database_of_a_newer_version_is_left_alone);
    tcase_add_test(tests, a_second_daemon_is_kept_out_until_the_first_has_left);
    tcase_add_test(tests, nobody_who_only_reads_can_take_the_lock);
    tcase_add_test(tests, a_missing_folder_is_said);
    tcase_add_test(tests, a_folder_that_cannot_be_written_is_said);
    tcase_add_test(tests, a_database_that_cannot_be_written_is_said);
    tcase_add_loop_test(tests, a_header_that_is_gone_is_damage_since_the_lock_file_says_it_was_ours,
                        0, 2);
    tcase_add_loop_test(tests, a_file_that_was_cut_is_noticed_at_open, 1, 10);
    tcase_add_loop_test(tests, the_root_of_any_table_or_index_that_is_gone_is_noticed_at_open, 0,
                        60);
    tcase_add_test(tests, a_page_in_the_middle_that_is_gone_is_noticed_when_it_is_written_to);
    tcase_add_test(tests, a_schema_that_somebody_changed_is_said_and_nothing_is_set_aside);
    tcase_add_test(tests, a_damaged_database_is_set_aside_whole_and_a_new_one_takes_its_place);
    tcase_add_test(tests, what_was_set_aside_before_is_never_overwritten);
    tcase_add_test(tests, what_another_daemon_writes_is_not_set_aside);
    suite_add_tcase(suite, tests);
    return suite;
}
