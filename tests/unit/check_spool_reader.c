/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tests/unit/spool_fixture.h"
#include "tests/unit/spool_records.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAME "campus-1-2.spool"

/* The file, cut to nothing, with `n` bytes in it. */
static void write_file(const char *text, size_t n)
{
    int fd = openat(spool_dir_fd, NAME, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || write(fd, text, n) != (ssize_t)n || close(fd) != 0)
        ck_abort_msg("%s: %s", NAME, strerror(errno));
}

static void append_file(const char *text, size_t n)
{
    int fd = openat(spool_dir_fd, NAME, O_WRONLY | O_APPEND);

    if (fd < 0 || write(fd, text, n) != (ssize_t)n || close(fd) != 0)
        ck_abort_msg("%s: %s", NAME, strerror(errno));
}

static struct spool_reader *open_reader(int64_t position)
{
    struct spool_reader *reader = spool_reader_open(spool_dir_fd, NAME, position);

    if (!reader)
        ck_abort_msg("%s: %s", NAME, strerror(errno));
    return reader;
}

static void expect_next(struct spool_reader *reader, enum spool_next expected)
{
    struct spool_record record;
    enum spool_next next = spool_reader_next(reader, &record);

    if (next != expected)
        ck_abort_msg("%d instead of %d at %lld", next, expected,
                     (long long)spool_reader_position(reader));
}

static void expect_session(struct spool_reader *reader, int64_t session)
{
    struct spool_record record;
    enum spool_next next = spool_reader_next(reader, &record);

    if (next != SPOOL_NEXT_RECORD || record.session != session)
        ck_abort_msg("%d, session %lld instead of %lld", next, (long long)record.session,
                     (long long)session);
}

/* Up to `count` lines into `text`, sessions counted from 1; ends[i] is the end of line i. */
static size_t make_lines(char *text, size_t size, size_t count, size_t *ends)
{
    struct spool_texts texts;
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        struct spool_record record = spool_random(SPOOL_CONNECTED, &texts);

        record.session = (int64_t)i + 1;
        n += spool_format(&record, text + n, size - n);
        ends[i] = n;
    }
    return n;
}

/* ── torn, long, wrong ── */

START_TEST(a_file_torn_at_any_byte_gives_its_complete_records_and_later_the_rest)
{
    enum { LINES = 3 };
    static char text[LINES * SPOOL_MAX_LINE];
    size_t ends[LINES];
    size_t n;

    srand(6);
    n = make_lines(text, sizeof text, LINES, ends);
    for (size_t cut = 0; cut <= n; cut++) {
        struct spool_reader *reader;
        size_t complete = 0;

        while (complete < LINES && ends[complete] <= cut)
            complete++;
        write_file(text, cut);
        reader = open_reader(0);
        for (size_t i = 0; i < complete; i++)
            expect_session(reader, (int64_t)i + 1);
        expect_next(reader, SPOOL_NEXT_END);
        expect_next(reader, SPOOL_NEXT_END);
        if (spool_reader_position(reader) != (int64_t)(complete ? ends[complete - 1] : 0))
            ck_abort_msg("cut %zu: position", cut);
        append_file(text + cut, n - cut);
        for (size_t i = complete; i < LINES; i++)
            expect_session(reader, (int64_t)i + 1);
        expect_next(reader, SPOOL_NEXT_END);
        spool_reader_close(reader);
    }
}
END_TEST

START_TEST(a_line_as_long_as_allowed_is_read_and_a_longer_one_is_garbage)
{
    static char line[SPOOL_MAX_LINE + 2];

    for (size_t n = SPOOL_MAX_LINE - 2; n <= SPOOL_MAX_LINE + 2; n++) {
        struct spool_reader *reader;

        memset(line, 'x', n);
        memcpy(line, "vanished\tsession=1\tx=", 21);
        line[n - 1] = '\n';
        write_file(line, n);
        append_file("vanished\tsession=2\n", 19);
        reader = open_reader(0);
        if (n <= SPOOL_MAX_LINE)
            expect_session(reader, 1);
        else
            expect_next(reader, SPOOL_NEXT_GARBAGE);
        ck_assert_int_eq(spool_reader_position(reader), (int64_t)n);
        expect_session(reader, 2);
        expect_next(reader, SPOOL_NEXT_END);
        spool_reader_close(reader);
    }
}
END_TEST

START_TEST(a_line_of_megabytes_is_passed_over_as_one_also_when_it_comes_in_pieces)
{
    static char piece[50000];
    struct spool_reader *reader;

    memset(piece, 'x', sizeof piece);
    write_file("vanished\tsession=1\n", 19);
    reader = open_reader(0);
    expect_session(reader, 1);
    for (int i = 0; i < 100; i++) {
        append_file(piece, sizeof piece);
        expect_next(reader, SPOOL_NEXT_END);
        ck_assert_int_eq(spool_reader_position(reader), 19);
    }
    append_file("\nvanished\tsession=2\nvanished\tsession=3", 38);
    expect_next(reader, SPOOL_NEXT_GARBAGE);
    ck_assert_int_eq(spool_reader_position(reader), 19 + 100 * (int64_t)sizeof piece + 1);
    expect_session(reader, 2);
    expect_next(reader, SPOOL_NEXT_END);
    append_file("4\n", 2);
    expect_session(reader, 34);
    spool_reader_close(reader);
    reader = open_reader(0);
    expect_session(reader, 1);
    expect_next(reader, SPOOL_NEXT_GARBAGE);
    expect_session(reader, 2);
    spool_reader_close(reader);
}
END_TEST

START_TEST(lines_that_are_no_records_are_passed_over_one_by_one)
{
    static const char text[] = "\n\nvanished\tsession=1\nwhat is this\n\xff\xff\n"
                               "later\tx=1\nvanished\tsession=0x2\nvanished\tsession=2\n";
    struct spool_reader *reader;
    struct spool_record record;

    write_file(text, sizeof text - 1);
    reader = open_reader(0);
    expect_next(reader, SPOOL_NEXT_GARBAGE);
    expect_next(reader, SPOOL_NEXT_GARBAGE);
    expect_session(reader, 1);
    expect_next(reader, SPOOL_NEXT_GARBAGE);
    expect_next(reader, SPOOL_NEXT_GARBAGE);
    ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_RECORD);
    ck_assert_int_eq(record.kind, SPOOL_UNKNOWN);
    expect_next(reader, SPOOL_NEXT_GARBAGE);
    expect_session(reader, 2);
    expect_next(reader, SPOOL_NEXT_END);
    spool_reader_close(reader);
}
END_TEST

/* ── where reading begins ── */

START_TEST(reading_goes_on_at_any_line_and_nowhere_else)
{
    enum { LINES = 6 };
    static char text[LINES * SPOOL_MAX_LINE];
    size_t ends[LINES];
    size_t n;

    srand(7);
    n = make_lines(text, sizeof text, LINES, ends);
    write_file(text, n);
    for (size_t at = 0; at <= n + 10; at++) {
        struct spool_reader *reader = spool_reader_open(spool_dir_fd, NAME, (int64_t)at);
        int why = errno;
        size_t line = 0;

        while (line < LINES && at > 0 && ends[line] != at)
            line++;
        if (at > n || line == LINES) {
            if (reader || why != (at > n ? ERANGE : EINVAL))
                ck_abort_msg("at %zu: %s", at, strerror(why));
            continue;
        }
        for (size_t i = at == 0 ? 0 : line + 1; i < LINES; i++)
            expect_session(reader, (int64_t)i + 1);
        expect_next(reader, SPOOL_NEXT_END);
        spool_reader_close(reader);
    }
    ck_assert_ptr_null(spool_reader_open(spool_dir_fd, NAME, -1));
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(what_is_no_spool_file_is_not_opened)
{
    ck_assert_int_eq(symlinkat("/etc/passwd", spool_dir_fd, "link.spool"), 0);
    ck_assert_ptr_null(spool_reader_open(spool_dir_fd, "link.spool", 0));
    ck_assert_int_eq(errno, ELOOP);
    ck_assert_int_eq(mkfifoat(spool_dir_fd, "fifo.spool", 0600), 0);
    ck_assert_ptr_null(spool_reader_open(spool_dir_fd, "fifo.spool", 0));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(mkdirat(spool_dir_fd, "dir.spool", 0700), 0);
    ck_assert_ptr_null(spool_reader_open(spool_dir_fd, "dir.spool", 0));
    ck_assert_ptr_null(spool_reader_open(spool_dir_fd, "absent.spool", 0));
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(every_record_is_read_exactly_once_across_restarts)
{
    enum { LINES = 2000 };
    static char text[LINES * SPOOL_MAX_LINE];
    static size_t ends[LINES];
    int64_t stored = 0, session = 1;
    size_t n;

    srand(8);
    n = make_lines(text, sizeof text, LINES, ends);
    write_file(text, n);
    while (session <= LINES) {
        struct spool_reader *reader = open_reader(stored);
        int64_t first = session;

        /* What was read after the last commit is read again. */
        for (int i = rand() % 30; i > 0 && session <= LINES; i--) {
            expect_session(reader, session++);
            if (rand() % 4 == 0) {
                stored = spool_reader_position(reader);
                first = session;
                ck_assert_int_eq(spool_reader_free_before(reader, stored), 0);
            }
        }
        session = session > LINES ? session : first;
        spool_reader_close(reader);
    }
}
END_TEST

/* ── freed space ── */

static int64_t allocated(void)
{
    struct stat st;

    ck_assert_int_eq(fstatat(spool_dir_fd, NAME, &st, 0), 0);
    return (int64_t)st.st_blocks * 512;
}

START_TEST(what_was_read_is_given_back_and_what_follows_is_read)
{
    enum { LINES = 1000 };
    static char text[LINES * SPOOL_MAX_LINE];
    static size_t ends[LINES];
    struct spool_reader *reader;
    struct spool_record record;
    struct stat st;
    size_t n;

    srand(9);
    n = make_lines(text, sizeof text, LINES, ends);
    write_file(text, n);
    reader = open_reader(0);
    for (int64_t i = 1; i <= 900; i++)
        expect_session(reader, i);
    ck_assert_int_eq(spool_reader_free_before(reader, spool_reader_position(reader) + 1), EINVAL);
    ck_assert_int_eq(spool_reader_free_before(reader, -1), EINVAL);
    ck_assert_int_eq(spool_reader_free_before(reader, spool_reader_position(reader)), 0);
    ck_assert_int_eq(spool_reader_free_before(reader, 5), 0);
    ck_assert_int_le(allocated(), (int64_t)(n - ends[899]) + 2 * 4096);
    ck_assert_int_eq(fstatat(spool_dir_fd, NAME, &st, 0), 0);
    ck_assert_int_eq(st.st_size, (int64_t)n);
    expect_session(reader, 901);
    spool_reader_close(reader);

    reader = open_reader((int64_t)ends[899]);
    for (int64_t i = 901; i <= LINES; i++)
        expect_session(reader, i);
    spool_reader_close(reader);

    /* A lost position costs one piece of garbage, and the record that is cut. */
    reader = open_reader(0);
    expect_next(reader, SPOOL_NEXT_GARBAGE);
    ck_assert_int_eq(spool_reader_position(reader), (int64_t)ends[899] / 4096 * 4096);
    if (spool_reader_next(reader, &record) == SPOOL_NEXT_RECORD)
        ck_assert_int_eq(record.kind, SPOOL_UNKNOWN); /* cut in its first word */
    for (int64_t i = 901; i <= LINES; i++) {
        ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_RECORD);
        if (record.session < 901) /* what is before the position, in its block */
            i--;
        else
            ck_assert_int_eq(record.session, i);
    }
    spool_reader_close(reader);
}
END_TEST

START_TEST(holes_of_gigabytes_are_passed_over_at_once)
{
    static char zeros[200000];
    struct spool_reader *reader;
    int fd;

    /* before a line */
    write_file("vanished\tsession=1\n", 19);
    fd = openat(spool_dir_fd, NAME, O_WRONLY);
    ck_assert_int_eq(pwrite(fd, "\0\0vanished\tsession=2\nx", 22, INT64_C(1) << 36), 22);
    reader = open_reader(0);
    expect_session(reader, 1);
    expect_next(reader, SPOOL_NEXT_GARBAGE);
    expect_session(reader, 2);
    /* within a line */
    ck_assert_int_eq(pwrite(fd, "\nvanished\tsession=3\n", 20, INT64_C(1) << 37), 20);
    expect_next(reader, SPOOL_NEXT_GARBAGE);
    expect_session(reader, 3);
    /* at the end, as after a power cut */
    ck_assert_int_eq(ftruncate(fd, (INT64_C(1) << 37) + 20 + 1000000), 0);
    expect_next(reader, SPOOL_NEXT_END);
    ck_assert_int_eq(spool_reader_position(reader), (INT64_C(1) << 37) + 20);
    /* written zeros are no hole */
    ck_assert_int_eq(pwrite(fd, zeros, sizeof zeros, (INT64_C(1) << 37) + 20), sizeof zeros);
    expect_next(reader, SPOOL_NEXT_END);
    append_file("vanished\tsession=4\n", 19);
    expect_next(reader, SPOOL_NEXT_GARBAGE);
    expect_session(reader, 4);
    close(fd);
    spool_reader_close(reader);
}
END_TEST

/* ── the writer, alive and gone ── */

START_TEST(a_file_is_read_and_freed_while_it_is_written)
{
    enum { RECORDS = 20000 };
    struct spool_reader *reader = NULL;
    struct spool_record record;
    int64_t expected = 1;
    int64_t most = 0;
    pid_t child = fork();

    if (child == 0) {
        struct spool_record server = spool_record_make(SPOOL_SERVER);
        struct spool_writer *writer;

        server.daemon = "campus";
        server.start = 1;
        server.pid = 2;
        writer = spool_writer_open(spool_dir_fd, &server);
        record = spool_record_make(SPOOL_DISCONNECTED);
        record.real = "192.0.2.1";
        for (record.session = 1; record.session <= RECORDS; record.session++)
            spool_writer_append(writer, &record);
        spool_writer_close(writer);
        _exit(0);
    }
    while (!reader)
        reader = spool_reader_open(spool_dir_fd, NAME, 0);
    for (;;) {
        int gone = spool_reader_writer_gone(reader);
        enum spool_next next;

        ck_assert_int_ge(gone, 0);
        while ((next = spool_reader_next(reader, &record)) == SPOOL_NEXT_RECORD)
            if (record.kind != SPOOL_SERVER && record.session != expected++)
                ck_abort_msg("session %lld", (long long)record.session);
        ck_assert_int_eq(next, SPOOL_NEXT_END);
        ck_assert_int_eq(spool_reader_free_before(reader, spool_reader_position(reader)), 0);
        most = allocated() > most ? allocated() : most;
        if (gone)
            break;
    }
    ck_assert_int_eq(expected, RECORDS + 1);
    ck_assert_int_lt(most, spool_reader_position(reader));
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    spool_reader_close(reader);
}
END_TEST

START_TEST(a_file_is_deleted_once_it_is_read_and_its_writer_is_gone)
{
    struct spool_record server = spool_record_make(SPOOL_SERVER);
    struct spool_record record;
    struct spool_writer *writer;
    struct spool_reader *reader;

    server.daemon = "campus";
    server.start = 1;
    server.pid = 2;
    writer = spool_writer_open(spool_dir_fd, &server);
    ck_assert_str_eq(spool_writer_name(writer), NAME);
    reader = open_reader(0);
    ck_assert_int_eq(spool_reader_remove_finished(reader, spool_dir_fd, NAME), 0);
    expect_next(reader, SPOOL_NEXT_RECORD);
    ck_assert_int_eq(spool_reader_remove_finished(reader, spool_dir_fd, NAME), 0);
    record = spool_record_make(SPOOL_VANISHED);
    ck_assert(spool_writer_append(writer, &record));
    spool_writer_close(writer);
    ck_assert_int_eq(spool_reader_writer_gone(reader), 1);
    ck_assert_int_eq(spool_reader_remove_finished(reader, spool_dir_fd, NAME), 0);
    append_file("connected\tses", 13); /* as if it had been killed */
    expect_next(reader, SPOOL_NEXT_RECORD);
    ck_assert_int_eq(spool_reader_remove_finished(reader, spool_dir_fd, NAME), 1);
    ck_assert_int_eq(faccessat(spool_dir_fd, NAME, F_OK, 0), -1);
    ck_assert_int_eq(spool_reader_remove_finished(reader, spool_dir_fd, NAME), -1);
    write_file("", 0); /* another of the same name */
    ck_assert_int_eq(spool_reader_remove_finished(reader, spool_dir_fd, NAME), -1);
    ck_assert_int_eq(errno, ESTALE);
    ck_assert_int_eq(faccessat(spool_dir_fd, NAME, F_OK, 0), 0);
    spool_reader_close(reader);
}
END_TEST

START_TEST(a_young_empty_file_is_left_in_peace)
{
    struct timespec old[2] = {{.tv_sec = time(NULL) - 100}, {.tv_sec = time(NULL) - 100}};
    struct spool_reader *reader;

    write_file("", 0);
    reader = open_reader(0);
    expect_next(reader, SPOOL_NEXT_END);
    ck_assert_int_eq(spool_reader_writer_gone(reader), 0);
    ck_assert_int_eq(spool_reader_remove_finished(reader, spool_dir_fd, NAME), 0);
    ck_assert_int_eq(utimensat(spool_dir_fd, NAME, old, 0), 0);
    ck_assert_int_eq(spool_reader_writer_gone(reader), 1);
    ck_assert_int_eq(spool_reader_remove_finished(reader, spool_dir_fd, NAME), 1);
    spool_reader_close(reader);
}
END_TEST

START_TEST(one_who_may_only_read_can_read)
{
    pid_t child;
    int status = 0;

    if (geteuid() != 0)
        unit_skip("not root, so another user was not tried");
    write_file("vanished\tsession=1\n", 19);
    ck_assert_int_eq(fchmodat(spool_dir_fd, NAME, 0644, 0), 0);
    ck_assert_int_eq(fchmod(spool_dir_fd, 0755), 0);
    child = fork();
    if (child == 0) {
        struct spool_reader *reader;
        struct spool_record record;

        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(1);
        reader = spool_reader_open(spool_dir_fd, NAME, 0);
        if (!reader || spool_reader_next(reader, &record) != SPOOL_NEXT_RECORD)
            _exit(2);
        if (spool_reader_writer_gone(reader) != 1)
            _exit(3);
        spool_reader_close(reader);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("spool_reader");
    TCase *tests = tcase_create("spool_reader");

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, spool_set_up, spool_tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_file_torn_at_any_byte_gives_its_complete_records_and_later_the_rest);
    tcase_add_test(tests, a_line_as_long_as_allowed_is_read_and_a_longer_one_is_garbage);
    tcase_add_test(tests, a_line_of_megabytes_is_passed_over_as_one_also_when_it_comes_in_pieces);
    tcase_add_test(tests, lines_that_are_no_records_are_passed_over_one_by_one);
    tcase_add_test(tests, reading_goes_on_at_any_line_and_nowhere_else);
    tcase_add_test(tests, what_is_no_spool_file_is_not_opened);
    tcase_add_test(tests, every_record_is_read_exactly_once_across_restarts);
    tcase_add_test(tests, what_was_read_is_given_back_and_what_follows_is_read);
    tcase_add_test(tests, holes_of_gigabytes_are_passed_over_at_once);
    tcase_add_test(tests, a_file_is_read_and_freed_while_it_is_written);
    tcase_add_test(tests, a_file_is_deleted_once_it_is_read_and_its_writer_is_gone);
    tcase_add_test(tests, a_young_empty_file_is_left_in_peace);
    tcase_add_test(tests, one_who_may_only_read_can_read);
    return suite;
}
