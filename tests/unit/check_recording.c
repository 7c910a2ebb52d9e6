/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of the work, played as the loop takes them, on a real database and a real spool. */
#include <config.h>

#include "lib/diagnostics.h"
#include "lib/spool.h"
#include "mgmtd/clock.h"
#include "mgmtd/recording.h"
#include "tests/folder.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOON_MS  20000 /* for what takes milliseconds on an idle machine */
#define SESSIONS 3000  /* more than are ended in one step */

static char folder[64];
static struct spool_writer *spool;
static struct recording *recording;
static sqlite3 *other;
static const struct log quiet = {.sink = NULL};

static struct spool_writer *open_spool(void)
{
    struct spool_record server = spool_record_make(SPOOL_SERVER);
    struct spool_writer *writer;
    char path[100];
    int fd;

    snprintf(path, sizeof path, "%s/spool", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    server.daemon = "campus";
    server.start = 1700000000;
    server.pid = 42;
    writer = spool_writer_open(fd, &server);
    ck_assert_ptr_nonnull(writer);
    close(fd);
    return writer;
}

static void connect_client(int64_t number)
{
    struct spool_record record = spool_record_make(SPOOL_CONNECTED);

    record.session = number;
    record.user = "alice";
    ck_assert(spool_writer_append(spool, &record));
}

static void set_up(void)
{
    struct diagnostics *problems = diagnostics_new();
    struct config *config;
    char text[300];

    strcpy(folder, "/tmp/byway-recording-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    spool = open_spool();
    snprintf(text, sizeof text, "database %s/db\nstate-dir %s\n", folder, folder);
    config = config_load_text("/test.conf", text, strlen(text), problems);
    ck_assert_ptr_nonnull(config);
    recording = recording_open(config, config, false, &quiet);
    ck_assert_ptr_nonnull(recording);
    config_free(config);
    diagnostics_free(problems);
    snprintf(text, sizeof text, "%s/db", folder);
    ck_assert_int_eq(sqlite3_open(text, &other), SQLITE_OK);
    sqlite3_busy_timeout(other, SOON_MS);
}

static void tear_down(void)
{
    sqlite3_close(other);
    spool_writer_close(spool);
    ck_assert(recording_finish(recording));
    ck_assert(folder_remove(folder));
}

static void run(const char *sql)
{
    ck_assert_int_eq(sqlite3_exec(other, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int64_t open_sessions(void)
{
    sqlite3_stmt *query = NULL;
    int64_t found;

    ck_assert_int_eq(sqlite3_prepare_v2(other, "SELECT count(*) FROM running", -1, &query, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(query), SQLITE_ROW);
    found = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    return found;
}

/* What the loop does in one turn. */
static void turn(void)
{
    struct pollfd news = {.fd = recording_fd(recording), .events = POLLIN};
    int64_t wait_ms = recording_step(recording) - clock_boot_ms();

    if (poll(&news, 1, wait_ms > 0 ? (int)wait_ms : 0) > 0)
        ck_assert(recording_news(recording));
}

static int turns_of(int64_t ms)
{
    int64_t until = clock_boot_ms() + ms;
    int n = 0;

    for (; clock_boot_ms() < until; n++)
        turn();
    return n;
}

static void wait_until_open(int64_t n)
{
    int64_t until = clock_boot_ms() + SOON_MS;

    while (open_sessions() != n) {
        ck_assert_msg(clock_boot_ms() < until, "%lld are open", (long long)open_sessions());
        turn();
    }
}

/* A server goes with all its clients, and a batch is due at the same moment. */
START_TEST(while_the_database_is_locked_the_end_of_many_sessions_does_not_keep_the_loop_spinning)
{
    for (int i = 1; i <= SESSIONS; i++)
        connect_client(i);
    wait_until_open(SESSIONS);
    run("BEGIN IMMEDIATE");
    connect_client(SESSIONS + 1);
    turns_of(2500); /* the writer has it now, and cannot write it */
    spool_writer_close(spool);
    spool = NULL;
    usleep(1500 * 1000);
    ck_assert_int_lt(turns_of(500), 50);
    run("COMMIT");
    wait_until_open(0);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("recording");
    TCase *tcase = tcase_create("steps");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(
        tcase,
        while_the_database_is_locked_the_end_of_many_sessions_does_not_keep_the_loop_spinning);
    suite_add_tcase(suite, tcase);
    return suite;
}
