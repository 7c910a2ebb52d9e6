/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The spool's writer on real files; check_spool_trouble makes the system refuse. */
#include "config.h"

#include "tests/unit/spool_fixture.h"
#include "tests/unit/spool_records.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ── the file ── */

static int64_t since_boot_ms(void)
{
    struct timespec now = {0};

    ck_assert_int_eq(clock_gettime(CLOCK_BOOTTIME, &now), 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

START_TEST(a_file_begins_with_its_server_and_is_locked)
{
    int64_t before = time(NULL);
    int64_t boot_before_ms = since_boot_ms();
    struct spool_writer *writer = spool_open_writer();
    struct spool_reader *reader;
    struct spool_record record;
    struct stat st;

    ck_assert_str_eq(spool_writer_name(writer), "campus-1700000000-42.spool");
    ck_assert_int_eq(fstatat(spool_dir_fd, spool_writer_name(writer), &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0660);
    reader = spool_reader_open(spool_dir_fd, spool_writer_name(writer), 0);
    ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_RECORD);
    ck_assert_int_eq(record.kind, SPOOL_SERVER);
    ck_assert_int_eq(record.format, SPOOL_FORMAT);
    ck_assert_int_eq(record.pid, 42);
    ck_assert_int_eq(record.start, 1700000000);
    ck_assert_str_eq(record.daemon, "campus");
    ck_assert_str_eq(record.plugin, "0.1.0");
    ck_assert_int_ge(record.at, before);
    ck_assert_int_le(record.at, time(NULL) + 1); /* which may lag behind by a tick */
    ck_assert_int_ge(record.boot_ms, boot_before_ms);
    ck_assert_int_le(record.boot_ms, since_boot_ms());
    ck_assert_int_eq(spool_reader_writer_gone(reader), 0);
    spool_writer_close(writer);
    ck_assert_int_eq(spool_reader_writer_gone(reader), 1);
    spool_reader_close(reader);
    spool_writer_close(NULL);
    spool_reader_close(NULL);
}
END_TEST

START_TEST(the_umask_does_not_change_the_mode)
{
    struct spool_writer *writer;
    struct stat st;

    umask(0777);
    writer = spool_open_writer();
    umask(022);
    ck_assert_ptr_nonnull(writer);
    ck_assert_int_eq(fstatat(spool_dir_fd, spool_writer_name(writer), &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0660);
    spool_writer_close(writer);
}
END_TEST

START_TEST(a_second_start_within_the_second_gets_a_file_of_its_own)
{
    struct spool_writer *writers[3];

    for (int i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(writers[i] = spool_open_writer());
    ck_assert_str_eq(spool_writer_name(writers[1]), "campus-1700000000-42.1.spool");
    ck_assert_str_eq(spool_writer_name(writers[2]), "campus-1700000000-42.2.spool");
    for (int i = 0; i < 3; i++) {
        ck_assert(spool_append(writers[i], 1));
        spool_expect_file(writers[i], "sc");
        spool_writer_close(writers[i]);
    }
}
END_TEST

START_TEST(a_hostile_daemon_name_makes_a_harmless_file_name)
{
    static const struct {
        const char *daemon, *name;
    } cases[] = {
        {"campus", "campus-5-6.spool"},
        {"../../etc/x", "_._.._etc_x-5-6.spool"},
        {".hidden", "_hidden-5-6.spool"},
        {"-rf", "_rf-5-6.spool"},
        {"a b\n\xc3\xa9%s", "a_b____s-5-6.spool"},
        {"", "openvpn-5-6.spool"},
        {NULL, "openvpn-5-6.1.spool"},
    };
    char longest[1000];
    struct spool_record server = spool_record_make(SPOOL_SERVER);
    struct spool_writer *writer;

    server.start = 5;
    server.pid = 6;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        server.daemon = cases[i].daemon;
        writer = spool_writer_open(spool_dir_fd, &server);
        ck_assert_ptr_nonnull(writer);
        ck_assert_str_eq(spool_writer_name(writer), cases[i].name);
        ck_assert_int_eq(faccessat(spool_dir_fd, spool_writer_name(writer), F_OK, 0), 0);
        spool_writer_close(writer);
    }
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    server.daemon = longest;
    server.start = server.pid = INT64_MIN + 1;
    writer = spool_writer_open(spool_dir_fd, &server);
    ck_assert_ptr_nonnull(writer);
    ck_assert_uint_le(strlen(spool_writer_name(writer)), 255);
    spool_writer_close(writer);
}
END_TEST

START_TEST(what_the_caller_knows_of_the_time_is_kept)
{
    struct spool_writer *writer = spool_open_writer();
    struct spool_reader *reader = spool_reader_open(spool_dir_fd, spool_writer_name(writer), 0);
    struct spool_record record = spool_record_make(SPOOL_VANISHED);

    record.at = 17;
    record.session = 3;
    ck_assert(spool_writer_append(writer, &record));
    ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_RECORD);
    ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_RECORD);
    ck_assert_int_eq(record.at, 17);
    ck_assert_int_eq(record.session, 3);
    ck_assert_int_gt(record.boot_ms, 0);
    spool_reader_close(reader);
    spool_writer_close(writer);
}
END_TEST

/* ── the cap ── */

START_TEST(the_cap_counts_what_is_unread)
{
    struct spool_writer *writer = spool_open_writer();
    struct spool_reader *reader = spool_reader_open(spool_dir_fd, spool_writer_name(writer), 0);
    struct spool_record record;
    int64_t written = 0, lost = 0, read = 0, recorded_lost = 0;
    int why = 0;

    spool_writer_set_cap(writer, 100000);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 400; i++) {
            bool ok = spool_append(writer, 1);

            written += ok;
            lost += !ok;
        }
        ck_assert_int_le(spool_size(writer) - spool_reader_position(reader), 100000);
        ck_assert_int_gt(spool_size(writer) - spool_reader_position(reader), 90000);
        while (spool_reader_next(reader, &record) == SPOOL_NEXT_RECORD) {
            read += record.kind == SPOOL_CONNECTED;
            recorded_lost += record.kind == SPOOL_LOST ? record.count : 0;
        }
        ck_assert_int_eq(spool_reader_free_before(reader, spool_reader_position(reader)), 0);
    }
    ck_assert(spool_append(writer, 1));
    written++;
    while (spool_reader_next(reader, &record) == SPOOL_NEXT_RECORD) {
        read += record.kind == SPOOL_CONNECTED;
        recorded_lost += record.kind == SPOOL_LOST ? record.count : 0;
    }
    ck_assert_int_eq(read, written);
    ck_assert_int_eq(recorded_lost, lost);
    ck_assert_uint_eq(spool_writer_take_lost(writer, &why), (uint64_t)lost);
    ck_assert_int_eq(why, EDQUOT);
    ck_assert_ptr_nonnull(strstr(spool_lost_text(why), "byway-mgmtd"));
    spool_reader_close(reader);
    spool_writer_close(writer);
}
END_TEST

START_TEST(a_file_that_was_freed_to_its_end_has_room_again)
{
    struct spool_writer *writer = spool_open_writer();
    int fd = openat(spool_dir_fd, spool_writer_name(writer), O_RDWR);

    ck_assert(spool_append(writer, 1));
    spool_writer_set_cap(writer, spool_size(writer) + 10);
    ck_assert(!spool_append(writer, 2));
    ck_assert_int_eq(
        fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, spool_size(writer) + 4096), 0);
    ck_assert(spool_append(writer, 3));
    close(fd);
    spool_writer_close(writer);
}
END_TEST

START_TEST(sixty_four_mebibytes_are_kept_unread)
{
    struct spool_writer *writer = spool_open_writer();
    struct spool_texts texts;
    struct spool_record record = spool_filled(SPOOL_REFUSED, &texts, '\xff', 399);
    struct spool_reader *reader;
    int64_t kept = 0, read = 0;
    int64_t size;

    while (spool_writer_append(writer, &record))
        kept++;
    size = spool_size(writer);
    ck_assert_int_le(size, SPOOL_MAX_BYTES);
    ck_assert_int_gt(size, SPOOL_MAX_BYTES - SPOOL_MAX_LINE);
    reader = spool_reader_open(spool_dir_fd, spool_writer_name(writer), 0);
    while (spool_reader_next(reader, &record) == SPOOL_NEXT_RECORD)
        read += record.kind == SPOOL_REFUSED;
    ck_assert_int_eq(read, kept);
    ck_assert_int_eq(spool_reader_free_before(reader, spool_reader_position(reader)), 0);
    ck_assert(spool_append(writer, 1));
    spool_expect_story(reader, "l1c");
    spool_reader_close(reader);
    spool_writer_close(writer);
}
END_TEST

/* ── a disk that is really full, a writer that really dies ── */

#define EXPECT(what)               \
    do {                           \
        if (!(what))               \
            return __LINE__ % 255; \
    } while (0)

/* A file that takes what is left of the disk; its descriptor. */
static int fill_disk(void)
{
    static const char block[4096];
    int fd = openat(spool_dir_fd, "filler", O_WRONLY | O_CREAT | O_APPEND, 0600);

    while (fd >= 0 && write(fd, block, sizeof block) > 0)
        ;
    return fd;
}

static int on_a_small_disk(void)
{
    struct spool_reader *reader;
    struct spool_record record;
    struct spool_writer *writer;
    enum spool_next next;
    int filler, why = 0;
    int64_t written = 0, lost = 0, read = 0, recorded_lost = 0, servers = 0;

    EXPECT(unshare(CLONE_NEWNS) == 0);
    EXPECT(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    EXPECT(mount("byway-test", spool_base, "tmpfs", 0, "size=64k") == 0);
    close(spool_dir_fd);
    spool_dir_fd = open(spool_base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    filler = fill_disk();
    EXPECT(filler >= 0);
    writer = spool_open_writer();
    EXPECT(writer);
    for (int i = 0; i < 1000; i++) {
        bool ok = spool_append(writer, i);

        written += ok;
        lost += !ok;
        if (i % 300 == 299)
            EXPECT(ftruncate(filler, 0) == 0);
        if (i % 300 == 50)
            fill_disk();
    }
    EXPECT(written > 50 && lost > 500);
    EXPECT(spool_writer_take_lost(writer, &why) == (uint64_t)lost && why == ENOSPC);
    EXPECT(unlinkat(spool_dir_fd, "filler", 0) == 0 && close(filler) == 0);
    reader = spool_reader_open(spool_dir_fd, spool_writer_name(writer), 0);
    EXPECT(reader);
    spool_writer_close(writer);
    while ((next = spool_reader_next(reader, &record)) != SPOOL_NEXT_END) {
        EXPECT(next != SPOOL_NEXT_ERROR);
        servers += record.kind == SPOOL_SERVER;
        EXPECT(servers == 1 || next == SPOOL_NEXT_GARBAGE); /* and it came first */
        read += record.kind == SPOOL_CONNECTED;
        recorded_lost += record.kind == SPOOL_LOST ? record.count : 0;
    }
    EXPECT(servers == 1);
    EXPECT(read == written);
    EXPECT(recorded_lost <= lost);
    spool_reader_close(reader);
    return 0;
}

START_TEST(a_full_disk_costs_records_that_are_counted_and_nothing_else)
{
    pid_t child;
    int status = 0;

    if (geteuid() != 0)
        unit_skip("not root, so no small disk could be mounted");
    child = fork();
    if (child == 0)
        _exit(on_a_small_disk());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d (of the line %d)",
                  status, WEXITSTATUS(status));
}
END_TEST

START_TEST(a_killed_writer_leaves_complete_records_and_at_most_one_torn)
{
    struct spool_texts texts;

    srand(5);
    for (int round = 0; round < 60; round++) {
        struct spool_reader *reader;
        struct spool_record record;
        int64_t expected = 1;
        int pipe_fds[2];
        char byte;
        pid_t child;

        ck_assert_int_eq(pipe(pipe_fds), 0);
        child = fork();
        if (child == 0) {
            struct spool_writer *writer = spool_open_writer();

            record = spool_filled(SPOOL_CONNECTED, &texts, '\xff', (size_t)rand() % 300);
            for (record.session = 1;; record.session++) {
                spool_writer_append(writer, &record);
                if (record.session == 1)
                    (void)!write(pipe_fds[1], "", 1);
            }
        }
        ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 1);
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        usleep((useconds_t)rand() % 3000);
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        reader = spool_reader_open(spool_dir_fd, "campus-1700000000-42.spool", 0);
        ck_assert_ptr_nonnull(reader);
        ck_assert_int_eq(spool_reader_writer_gone(reader), 1);
        ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_RECORD);
        ck_assert_int_eq(record.kind, SPOOL_SERVER);
        while (spool_reader_next(reader, &record) == SPOOL_NEXT_RECORD)
            if (record.kind != SPOOL_CONNECTED || record.session != expected++)
                ck_abort_msg("session %lld", (long long)record.session);
        ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_END);
        ck_assert_int_gt(expected, 1);
        ck_assert_int_eq(
            spool_reader_remove_finished(reader, spool_dir_fd, "campus-1700000000-42.spool"), 1);
        spool_reader_close(reader);
    }
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("spool_writer");
    TCase *tests = tcase_create("spool_writer");

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, spool_set_up, spool_tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_file_begins_with_its_server_and_is_locked);
    tcase_add_test(tests, the_umask_does_not_change_the_mode);
    tcase_add_test(tests, a_second_start_within_the_second_gets_a_file_of_its_own);
    tcase_add_test(tests, a_hostile_daemon_name_makes_a_harmless_file_name);
    tcase_add_test(tests, what_the_caller_knows_of_the_time_is_kept);
    tcase_add_test(tests, the_cap_counts_what_is_unread);
    tcase_add_test(tests, a_file_that_was_freed_to_its_end_has_room_again);
    tcase_add_test(tests, sixty_four_mebibytes_are_kept_unread);
    tcase_add_test(tests, a_full_disk_costs_records_that_are_counted_and_nothing_else);
    tcase_add_test(tests, a_killed_writer_leaves_complete_records_and_at_most_one_torn);
    return suite;
}
