/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spool's writer when the system refuses: the linker puts this file's write(2),
 * flock(2), clock_gettime(2) and calloc(3) in front of the system's, so
 * that each can be made to fail, and time to pass.
 */
#include "config.h"

#include "tests/unit/spool_fixture.h"
#include "tests/unit/spool_records.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ── the system calls in front ── */

static struct {
    int write_errors;      /* so many writes fail … */
    int write_error;       /* … with this errno … */
    ssize_t write_partial; /* … after so many bytes, if not 0 */
    bool no_lock;
    bool no_memory;
    int64_t later_ms; /* the clocks are ahead */
} trouble;

ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    if (trouble.write_errors > 0) {
        trouble.write_errors--;
        if (trouble.write_partial > 0 && (size_t)trouble.write_partial < n)
            return __real_write(fd, bytes, (size_t)trouble.write_partial);
        errno = trouble.write_error;
        return -1;
    }
    return __real_write(fd, bytes, n);
}

int __wrap_flock(int fd, int operation)
{
    if (trouble.no_lock) {
        errno = ENOLCK;
        return -1;
    }
    return __real_flock(fd, operation);
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = __real_clock_gettime(clock, now);

    now->tv_sec += trouble.later_ms / 1000;
    return result;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return trouble.no_memory ? NULL : __real_calloc(count, size);
}

/* ── trouble ── */

START_TEST(opening_fails_with_its_reason_and_leaves_nothing)
{
    char command[200];

    errno = 0;
    ck_assert_ptr_null(spool_open_writer_in(-1));
    ck_assert_int_eq(errno, EBADF);
    trouble.no_lock = true;
    errno = 0;
    ck_assert_ptr_null(spool_open_writer());
    ck_assert_int_eq(errno, ENOLCK);
    trouble.no_lock = false;
    trouble.no_memory = true;
    ck_assert_ptr_null(spool_open_writer());
    trouble.no_memory = false;
    snprintf(command, sizeof command, "test -z \"$(ls -A %s)\"", spool_base);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(an_interrupted_write_is_tried_again)
{
    struct spool_writer *writer = spool_open_writer();

    trouble.write_errors = 3;
    trouble.write_error = EINTR;
    ck_assert(spool_append(writer, 1));
    spool_expect_file(writer, "sc");
    spool_writer_close(writer);
}
END_TEST

START_TEST(records_that_cannot_be_written_are_counted_and_the_count_is_recorded)
{
    struct spool_writer *writer = spool_open_writer();
    int why = 0;

    ck_assert(spool_append(writer, 1));
    trouble.write_errors = 3;
    trouble.write_error = EDQUOT;
    for (int i = 0; i < 3; i++)
        ck_assert(!spool_append(writer, 2));
    ck_assert_uint_eq(spool_writer_take_lost(writer, &why), 3);
    ck_assert_int_eq(why, EDQUOT);
    ck_assert(spool_append(writer, 3));
    ck_assert(spool_append(writer, 4));
    spool_expect_file(writer, "scl3cc");
    spool_writer_close(writer);
}
END_TEST

START_TEST(the_count_is_recorded_also_when_the_writer_closes)
{
    struct spool_writer *writer = spool_open_writer();
    struct spool_reader *reader = spool_reader_open(spool_dir_fd, spool_writer_name(writer), 0);

    trouble.write_errors = 2;
    trouble.write_error = ENOSPC;
    ck_assert(!spool_append(writer, 1));
    ck_assert(!spool_append(writer, 2));
    spool_writer_close(writer);
    spool_expect_story(reader, "sl2");
    spool_reader_close(reader);
}
END_TEST

START_TEST(half_a_record_becomes_garbage_and_no_byte_of_it_changes)
{
    struct spool_writer *writer = spool_open_writer();
    char story[200] = "s";
    size_t n = 1;

    for (ssize_t part = 1; part < 40; part++) {
        int64_t size = spool_size(writer);
        int why = 0;

        trouble.write_errors = 1;
        trouble.write_partial = part;
        ck_assert(!spool_append(writer, 1));
        ck_assert_int_eq(spool_size(writer), size + part);
        trouble.later_ms += 61000;
        ck_assert_uint_eq(spool_writer_take_lost(writer, &why), 1);
        ck_assert_int_eq(why, ENOSPC);
        ck_assert(spool_append(writer, 2));
        n += (size_t)snprintf(story + n, sizeof story - n, "?l1c");
    }
    trouble.later_ms = 0;
    spool_expect_file(writer, story);
    spool_writer_close(writer);
}
END_TEST

START_TEST(the_end_of_half_a_record_is_itself_written_whole_or_again)
{
    struct spool_writer *writer = spool_open_writer();

    trouble.write_errors = 1;
    trouble.write_partial = 20;
    ck_assert(!spool_append(writer, 1));
    trouble.write_errors = 1;
    trouble.write_partial = 1; /* of "\x7f\n" */
    ck_assert(!spool_append(writer, 2));
    trouble.write_errors = 1;
    trouble.write_partial = 0;
    trouble.write_error = EIO;
    ck_assert(!spool_append(writer, 3));
    ck_assert(spool_append(writer, 4));
    spool_expect_file(writer, "s?l3c");
    spool_writer_close(writer);
}
END_TEST

START_TEST(a_server_record_that_had_to_wait_is_still_the_first)
{
    struct spool_writer *writer;
    struct spool_reader *reader;

    trouble.write_errors = 3;
    trouble.write_error = ENOSPC;
    writer = spool_open_writer();
    ck_assert_ptr_nonnull(writer);
    ck_assert_int_eq(spool_size(writer), 0);
    reader = spool_reader_open(spool_dir_fd, spool_writer_name(writer), 0);
    ck_assert_int_eq(spool_reader_writer_gone(reader), 0);
    ck_assert(!spool_append(writer, 1));
    ck_assert(!spool_append(writer, 2));
    ck_assert_int_eq(spool_size(writer), 0);
    ck_assert(spool_append(writer, 3));
    spool_expect_file(writer, "sl2c");
    spool_reader_close(reader);
    spool_writer_close(writer);
}
END_TEST

START_TEST(half_a_server_record_is_followed_by_a_whole_one)
{
    struct spool_writer *writer;

    trouble.write_errors = 1;
    trouble.write_partial = 30;
    writer = spool_open_writer();
    ck_assert(spool_append(writer, 1));
    spool_expect_file(writer, "?sc");
    spool_writer_close(writer);
}
END_TEST

/* Appends records of which many are at first written in part. Never returns. */
static void write_in_parts(int64_t records)
{
    struct spool_writer *writer = spool_open_writer();

    srand(10);
    trouble.write_error = ENOSPC;
    for (int64_t session = 1; session <= records; session++) {
        trouble.write_errors = rand() % 2;
        trouble.write_partial = 1 + rand() % 600;
        spool_append(writer, session);
    }
    trouble.write_errors = 0;
    spool_writer_close(writer);
    _exit(0);
}

START_TEST(a_reader_beside_a_writer_in_trouble_loses_nothing)
{
    enum { RECORDS = 20000 };
    struct spool_reader *reader = NULL;
    int64_t read = 0, lost = 0;
    pid_t child = fork();

    if (child == 0)
        write_in_parts(RECORDS);
    while (!reader)
        reader = spool_reader_open(spool_dir_fd, "campus-1700000000-42.spool", 0);
    for (;;) {
        int gone = spool_reader_writer_gone(reader);
        struct spool_record record;
        enum spool_next next;

        while ((next = spool_reader_next(reader, &record)) != SPOOL_NEXT_END) {
            if (next == SPOOL_NEXT_ERROR ||
                (record.kind == SPOOL_CONNECTED && record.session != ++read + lost))
                ck_abort_msg("session %lld", (long long)record.session);
            lost += record.kind == SPOOL_LOST ? record.count : 0;
        }
        if (gone)
            break;
    }
    ck_assert_int_eq(read + lost, RECORDS);
    ck_assert_int_gt(lost, RECORDS / 10);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    spool_reader_close(reader);
}
END_TEST

START_TEST(losses_are_told_once_a_minute)
{
    struct spool_writer *writer = spool_open_writer();
    int why = 0;

    ck_assert_uint_eq(spool_writer_take_lost(writer, &why), 0);
    trouble.write_error = ENOSPC;
    trouble.write_errors = 1000;
    ck_assert(!spool_append(writer, 1));
    ck_assert_uint_eq(spool_writer_take_lost(writer, &why), 1);
    ck_assert_int_eq(why, ENOSPC);
    for (int i = 0; i < 5; i++) {
        trouble.later_ms += 11000;
        ck_assert(!spool_append(writer, 1));
        ck_assert_uint_eq(spool_writer_take_lost(writer, &why), 0);
    }
    trouble.later_ms += 11000;
    ck_assert_uint_eq(spool_writer_take_lost(writer, &why), 5);
    ck_assert_uint_eq(spool_writer_take_lost(writer, &why), 0);
    trouble.later_ms += 3600 * 1000;
    ck_assert_uint_eq(spool_writer_take_lost(writer, &why), 0);
    trouble.later_ms = 0; /* Check looks at the clock, too */
    spool_writer_close(writer);
}
END_TEST

START_TEST(a_deleted_file_is_noticed_within_a_minute)
{
    struct spool_writer *writer = spool_open_writer();
    int why = 0;

    ck_assert_int_eq(unlinkat(spool_dir_fd, spool_writer_name(writer), 0), 0);
    trouble.later_ms = 61000;
    ck_assert(!spool_append(writer, 1));
    ck_assert(!spool_append(writer, 2));
    ck_assert_uint_eq(spool_writer_take_lost(writer, &why), 2);
    ck_assert_int_eq(why, ENOENT);
    ck_assert_ptr_nonnull(strstr(spool_lost_text(why), "deleted"));
    ck_assert_str_eq(spool_lost_text(ENOSPC), strerror(ENOSPC));
    trouble.later_ms = 0;
    spool_writer_close(writer);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("spool_trouble");
    TCase *tests = tcase_create("spool_trouble");

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, spool_set_up, spool_tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, opening_fails_with_its_reason_and_leaves_nothing);
    tcase_add_test(tests, an_interrupted_write_is_tried_again);
    tcase_add_test(tests, records_that_cannot_be_written_are_counted_and_the_count_is_recorded);
    tcase_add_test(tests, the_count_is_recorded_also_when_the_writer_closes);
    tcase_add_test(tests, half_a_record_becomes_garbage_and_no_byte_of_it_changes);
    tcase_add_test(tests, the_end_of_half_a_record_is_itself_written_whole_or_again);
    tcase_add_test(tests, a_server_record_that_had_to_wait_is_still_the_first);
    tcase_add_test(tests, half_a_server_record_is_followed_by_a_whole_one);
    tcase_add_test(tests, a_reader_beside_a_writer_in_trouble_loses_nothing);
    tcase_add_test(tests, losses_are_told_once_a_minute);
    tcase_add_test(tests, a_deleted_file_is_noticed_within_a_minute);
    return suite;
}
