/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thread and its database, both real; another connection of SQLite plays the others. */
#include <config.h>

#include "tests/folder.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "mgmtd/writer.h"

#define SOON_MS 20000 /* for what takes milliseconds on an idle machine */

static char folder[64];
static char path[96];
static struct writer *writer;
static sqlite3 *other;
static const struct retention forever = {BATCH_NONE, BATCH_NONE, BATCH_NONE};

static void set_up(void)
{
    struct store *store = NULL;

    snprintf(folder, sizeof(folder), "/tmp/byway-writer-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/db", folder);
    ck_assert_int_eq(store_open(&store, path, 300, NULL), STORE_OK);
    writer = writer_start(store, &forever);
    ck_assert_ptr_nonnull(writer);
    ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
    sqlite3_busy_timeout(other, SOON_MS);
}

static void tear_down(void)
{
    if (writer)
        ck_assert_int_eq(writer_stop(writer, SOON_MS), WRITER_DONE);
    writer = NULL;
    sqlite3_close(other);
    ck_assert(folder_remove(folder));
}

static void run(const char *sql)
{
    char *error = NULL;

    ck_assert_msg(sqlite3_exec(other, sql, NULL, NULL, &error) == SQLITE_OK, "%s: %s", sql, error);
}

static int64_t number(const char *sql)
{
    sqlite3_stmt *query = NULL;
    int64_t found;

    ck_assert_int_eq(sqlite3_prepare_v2(other, sql, -1, &query, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(query), SQLITE_ROW);
    found = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    return found;
}

/* A batch with a server of this number. */
static struct batch *make(int64_t id)
{
    struct batch *batch = batch_new();
    char name[32];
    struct server_row row = {.id = id, .name = name};

    snprintf(name, sizeof(name), "server-%ld", (long)id);
    ck_assert(batch_server(batch, &row));
    batch->alive_at = 1700000000;
    return batch;
}

/* Until there is news; false if there is none in that time. */
static bool hears(struct writer_news *news, int ms)
{
    struct pollfd wanted = {.fd = writer_fd(writer), .events = POLLIN};

    if (poll(&wanted, 1, ms) != 1)
        return false;
    *news = writer_take_news(writer);
    return true;
}

static void wait_for_written(void)
{
    struct writer_news news = {0};

    while (!news.written)
        ck_assert(hears(&news, SOON_MS));
}

static void nap(long ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&wait, NULL);
}

START_TEST(a_batch_is_written_and_told)
{
    ck_assert(writer_is_free(writer));
    for (int64_t id = 1; id <= 20; id++) {
        writer_give(writer, make(id));
        wait_for_written();
        ck_assert(writer_is_free(writer));
        ck_assert_int_eq(number("SELECT count(*) FROM server"), id);
    }
}
END_TEST

START_TEST(it_is_not_free_before_its_news_is_taken)
{
    writer_give(writer, make(1));
    ck_assert(!writer_is_free(writer));
    for (int i = 0; number("SELECT count(*) FROM server") == 0; i++) {
        ck_assert_int_lt(i, SOON_MS / 10);
        nap(10);
    }
    ck_assert(!writer_is_free(writer));
    wait_for_written();
    ck_assert(writer_is_free(writer));
}
END_TEST

START_TEST(a_batch_waits_for_a_lock_and_the_trouble_is_told)
{
    struct writer_news news;
    int64_t ms = -1;

    ck_assert_int_eq(writer_trouble(writer, &ms), STORE_OK);
    ck_assert_int_eq(ms, 0);
    run("BEGIN IMMEDIATE");
    writer_give(writer, make(1));
    ck_assert(!hears(&news, 700));
    ck_assert_int_eq(writer_trouble(writer, &ms), STORE_BUSY);
    ck_assert_int_gt(ms, 300);
    run("ROLLBACK");
    wait_for_written();
    ck_assert_int_eq(writer_trouble(writer, &ms), STORE_OK);
    ck_assert_int_eq(number("SELECT count(*) FROM server"), 1);
}
END_TEST

/* So many gaps: megabytes of rows. */
static struct batch *make_many(int64_t first, int64_t n)
{
    struct batch *batch = make(1);
    struct gap_row gap = {.server = 1, .kind = GAP_NOT_WATCHED, .count = BATCH_NONE};

    for (gap.id = first; gap.id < first + n; gap.id++) {
        gap.began = gap.ended = 1700000000 + gap.id;
        ck_assert(batch_gap(batch, &gap));
    }
    return batch;
}

START_TEST(many_rows_are_synced_and_that_is_told_after_they_are_known_to_be_written)
{
    struct writer_news news = {0};

    writer_give(writer, make_many(1, 30000));
    ck_assert(hears(&news, SOON_MS));
    ck_assert(news.written && !news.synced);
    ck_assert(hears(&news, SOON_MS));
    ck_assert(news.synced && !news.written);
    ck_assert(!hears(&news, 200));
}
END_TEST

START_TEST(a_reader_that_stays_does_not_keep_what_is_written_from_being_synced)
{
    struct writer_news news = {0};

    writer_give(writer, make_many(1, 10));
    wait_for_written();
    run("BEGIN");
    ck_assert_int_eq(number("SELECT count(*) FROM gap"), 10);
    writer_give(writer, make_many(11, 20000)); /* enough for a checkpoint, which cannot end */
    wait_for_written();
    for (int i = 0; !news.synced; i++) { /* as the recorder writes every few seconds */
        ck_assert_int_lt(i, 200);
        writer_give(writer, make_many(20011 + 10 * i, 10));
        for (news.written = false; !news.written;)
            ck_assert(hears(&news, SOON_MS));
        hears(&news, 200);
    }
    ck_assert_int_eq(number("SELECT count(*) FROM gap"), 10);
    run("ROLLBACK");
}
END_TEST

START_TEST(it_ends_with_its_last_batch_written)
{
    writer_give(writer, make(1));
    ck_assert_int_eq(writer_stop(writer, SOON_MS), WRITER_DONE);
    writer = NULL;
    ck_assert_int_eq(number("SELECT count(*) FROM server"), 1);
}
END_TEST

START_TEST(it_ends_within_its_time_though_the_database_is_locked)
{
    run("BEGIN IMMEDIATE");
    writer_give(writer, make(1));
    ck_assert_int_eq(writer_stop(writer, 300), WRITER_UNWRITTEN);
    writer = NULL;
    run("ROLLBACK");
    ck_assert_int_eq(number("SELECT count(*) FROM server"), 0);
}
END_TEST

START_TEST(what_is_too_old_is_pruned_soon_after_another_retention_is_set)
{
    const struct retention year = {
        .real_addresses = 365 * 86400, .sessions = 365 * 86400, .traffic = 365 * 86400};

    writer_give(writer, make(1));
    wait_for_written();
    run("INSERT INTO refusal (id, at, server, user) VALUES (1, 1, 1, 'somebody')");
    writer_set_retention(writer, &year);
    for (int i = 0; number("SELECT count(*) FROM refusal") > 0; i++) {
        ck_assert_int_lt(i, SOON_MS / 10);
        nap(10);
    }
}
END_TEST

/* Noise in the middle: what is looked at when it is opened is whole. */
static void damage(void)
{
    static const char noise[4096] = "this is no page of a database";
    int fd = open(path, O_WRONLY);
    off_t end = lseek(fd, 0, SEEK_END);

    ck_assert_int_gt(end, 200 * 4096);
    for (off_t at = end / 4096 / 3 * 4096; at < end / 4096 / 3 * 4096 + 10 * 4096; at += 4096)
        ck_assert_int_eq(pwrite(fd, noise, sizeof(noise), at), sizeof(noise));
    close(fd);
}

START_TEST(a_damaged_database_is_told_and_left_alone)
{
    struct writer_news news = {0};
    struct store *store = NULL;

    writer_give(writer, make_many(1, 30000));
    ck_assert_int_eq(writer_stop(writer, SOON_MS), WRITER_DONE);
    damage();
    ck_assert_int_eq(store_open(&store, path, 300, NULL), STORE_OK);
    writer = writer_start(store, &forever);
    writer_give(writer, make_many(1, 30000));
    while (!news.damaged)
        ck_assert(hears(&news, SOON_MS));
    ck_assert(!news.written);
    ck_assert(!writer_is_free(writer));
    ck_assert_int_eq(writer_stop(writer, 0), WRITER_UNWRITTEN);
    writer = NULL;
}
END_TEST

/* The signals that a thread of this process has blocked, as /proc says. */
static unsigned long long blocked(const char *thread)
{
    char name[300], line[200];
    unsigned long long mask = 0;
    FILE *file;

    snprintf(name, sizeof(name), "/proc/self/task/%s/status", thread);
    file = fopen(name, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "SigBlk: %llx", &mask) == 1)
            break;
    fclose(file);
    return mask;
}

START_TEST(its_thread_takes_no_signal)
{
    DIR *threads = opendir("/proc/self/task");
    struct dirent *entry;
    int others = 0;

    ck_assert_ptr_nonnull(threads);
    while ((entry = readdir(threads))) {
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
            continue;
        others++;
        /* SIGHUP, SIGINT, SIGALRM, SIGTERM, SIGCHLD */
        ck_assert_uint_eq(blocked(entry->d_name) & 0x16003, 0x16003);
    }
    closedir(threads);
    ck_assert_int_eq(others, 1);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("writer");
    TCase *tests = tcase_create("writer");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, a_batch_is_written_and_told);
    tcase_add_test(tests, it_is_not_free_before_its_news_is_taken);
    tcase_add_test(tests, a_batch_waits_for_a_lock_and_the_trouble_is_told);
    tcase_add_test(tests, many_rows_are_synced_and_that_is_told_after_they_are_known_to_be_written);
    tcase_add_test(tests, a_reader_that_stays_does_not_keep_what_is_written_from_being_synced);
    tcase_add_test(tests, it_ends_with_its_last_batch_written);
    tcase_add_test(tests, it_ends_within_its_time_though_the_database_is_locked);
    tcase_add_test(tests, what_is_too_old_is_pruned_soon_after_another_retention_is_set);
    tcase_add_test(tests, a_damaged_database_is_told_and_left_alone);
    tcase_add_test(tests, its_thread_takes_no_signal);
    suite_add_tcase(suite, tests);
    return suite;
}
