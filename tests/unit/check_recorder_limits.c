/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the recorder does with a spool directory in disorder, and while no rows are taken. */
#include <config.h>

#include "tests/folder.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mgmtd/recorder_private.h"

#define NOW        1700000000
#define MAX_MEMORY 65536

static char folder[64];
static char spool[80];
static struct store *store;
static struct recorder *recorder;

static struct recorder_time at(int64_t s)
{
    return (struct recorder_time){.wall_s = NOW + s, .boot_ms = s * 1000};
}

static void set_up(void)
{
    struct recorder_settings settings = {
        .spool_dir = spool, .bucket_s = 300, .max_memory = MAX_MEMORY};
    char path[80];

    snprintf(folder, sizeof(folder), "/tmp/byway-limits-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(spool, sizeof(spool), "%s/spool", folder);
    ck_assert_int_eq(mkdir(spool, 0700), 0);
    snprintf(path, sizeof(path), "%s/db", folder);
    ck_assert_int_eq(store_open(&store, path, 300, NULL), STORE_OK);
    recorder = recorder_new(store, &settings, NULL, at(0));
    ck_assert_ptr_nonnull(recorder);
}

static void tear_down(void)
{
    recorder_free(recorder);
    store_close(store);
    ck_assert(folder_remove(folder));
}

static void make_spool(const char *name)
{
    char path[200];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", spool, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
}

START_TEST(files_that_cannot_be_deleted_keep_no_new_one_from_being_read)
{
    char name[40];

    for (int i = 0; i < 600; i++) {
        struct spool_file *file;

        snprintf(name, sizeof(name), "old-%d-1.spool", i);
        file = file_new(recorder, name);
        file->finished = file->stays = true;
    }
    make_spool("new-1-1.spool");
    recorder_read_spool(recorder, 10, at(1));
    ck_assert_uint_eq(recorder->files.n, 601);
}
END_TEST

START_TEST(a_spool_directory_that_was_removed_and_made_again_is_read)
{
    recorder_read_spool(recorder, 10, at(1));
    ck_assert_uint_eq(recorder->files.n, 0);
    ck_assert_int_eq(rmdir(spool), 0);
    recorder_read_spool(recorder, 10, at(2));
    ck_assert_int_eq(mkdir(spool, 0700), 0);
    make_spool("new-1-1.spool");
    recorder_read_spool(recorder, 10, at(3));
    ck_assert_uint_eq(recorder->files.n, 1);
}
END_TEST

/* Ten bytes more a bucket, as management counts them. */
static void count(struct session *session, int64_t bucket)
{
    struct session_count report = {
        .from = bucket * 10, .to = 0, .at = NOW + bucket * 300, .boot_ms = bucket * 300000};

    session_count(recorder, session, COUNTS_BYTECOUNT, &report);
}

START_TEST(reports_that_the_database_does_not_take_fill_no_memory_and_lose_no_bytes)
{
    struct server *server = server_new(recorder, 1, "main");
    struct run *run = run_new(recorder, server, 1, NOW);
    struct session *session = sessions_add(recorder->sessions, -1);
    struct batch *batch;

    session_begin(recorder, session, run, NOW);
    for (int64_t bucket = 1; bucket <= 20000; bucket++)
        count(session, bucket);
    ck_assert_uint_lt(recorder_waiting(recorder), 4 * MAX_MEMORY);
    batch = recorder_take_batch(recorder, at(20001 * 300));
    ck_assert_ptr_nonnull(batch);
    batch_free(batch);
    recorder_batch_written(recorder);
    count(session, 20002);
    ck_assert_int_eq(session->counts.from, 200020);
}
END_TEST

/* An empty one, with a writer: its descriptor. */
static int write_spool(const char *name, struct spool_file *file)
{
    char path[200];
    int dir = open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd;

    make_spool(name);
    snprintf(path, sizeof(path), "%s/%s", spool, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
    file->reader = spool_reader_open(dir, name, 0);
    ck_assert_ptr_nonnull(file->reader);
    close(dir);
    return fd;
}

START_TEST(sessions_that_end_before_their_restart_is_told_are_counted_with_the_new_run)
{
    int number = recorder_server_add(recorder, "here", at(0));
    struct server *server = recorder->servers[number];
    struct spool_file *file = file_new(recorder, "here-1-7.spool");
    struct run *old = run_new(recorder, server, 7, NOW);
    struct session *session = sessions_add(recorder->sessions, -1);
    int fd;

    fd = write_spool("here-1-7.spool", file);
    file->identified = true;
    file->pid = 7;
    file->start = file->at = NOW;
    run_bind(recorder, old, file);
    old->connected_at = NOW;
    server->run = old;
    session->file = file;
    session->since = NOW + 10;
    session_begin(recorder, session, old, NOW + 10);
    session_end(recorder, session, NOW + 11, BATCH_NONE, END_DISCONNECTED);
    ck_assert_uint_eq(old->n_dirty, 1);

    ck_assert(!run_resolve(recorder, server, 7, NOW + 5));
    ck_assert_ptr_ne(server->run, old);
    ck_assert_ptr_eq(session->run, server->run);
    ck_assert_uint_eq(old->n_dirty, 0);
    ck_assert_uint_eq(server->run->n_dirty, 1);
    close(fd);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("recorder_limits");
    TCase *tests = tcase_create("limits");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, files_that_cannot_be_deleted_keep_no_new_one_from_being_read);
    tcase_add_test(tests, a_spool_directory_that_was_removed_and_made_again_is_read);
    tcase_add_test(tests, reports_that_the_database_does_not_take_fill_no_memory_and_lose_no_bytes);
    tcase_add_test(tests,
                   sessions_that_end_before_their_restart_is_told_are_counted_with_the_new_run);
    suite_add_tcase(suite, tests);
    return suite;
}
