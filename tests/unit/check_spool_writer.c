/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The linker puts this file's write(2), ftruncate(2), flock(2), clock_gettime(2) and
 * calloc(3) in front of the system's, so that each can be made to fail or pass time.
 */
#include "config.h"

#include "tests/unit/spool_records.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ── the system calls in front ── */

static struct {
    int write_errors;      /* so many writes fail … */
    int write_error;       /* … with this errno … */
    ssize_t write_partial; /* … after so many bytes, if not 0 */
    bool no_truncate;
    bool no_lock;
    bool no_memory;
    int64_t later_ms; /* the clocks are ahead */
} trouble;

ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);
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

int __wrap_ftruncate(int fd, off_t size)
{
    if (trouble.no_truncate) {
        errno = EIO;
        return -1;
    }
    return __real_ftruncate(fd, size);
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

/* ── helpers ── */

static char base[64];
static int dir_fd = -1;

static void set_up(void)
{
    snprintf(base, sizeof base, "/tmp/byway-writer-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    dir_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(dir_fd, 0);
}

static void tear_down(void)
{
    char command[100];

    memset(&trouble, 0, sizeof trouble);

    close(dir_fd);
    snprintf(command, sizeof command, "rm -rf %s", base);
    ck_assert_int_eq(system(command), 0);
}

static struct spool_writer *open_writer(int fd)
{
    struct spool_record server = spool_record_make(SPOOL_SERVER);

    server.daemon = "campus";
    server.start = 1700000000;
    server.pid = 42;
    server.plugin = "0.1.0";
    return spool_writer_open(fd, &server);
}

/* A record of about 600 bytes with the number `session`. */
static bool append(struct spool_writer *writer, int64_t session)
{
    struct spool_record record = spool_record_make(SPOOL_CONNECTED);
    char user[201];

    memset(user, '%', 200);
    user[200] = '\0';
    record.session = session;
    record.user = user;
    return spool_writer_append(writer, &record);
}

static int64_t size_of(const struct spool_writer *writer)
{
    struct stat st;

    ck_assert_int_eq(fstatat(dir_fd, spool_writer_name(writer), &st, 0), 0);
    return st.st_size;
}

/* Reads on and holds it against a story: one letter a line (as the kinds begin, ? for
 * garbage), "l3" for three lost. */
static void expect_story(struct spool_reader *reader, const char *story)
{
    char seen[2000] = "";
    size_t n = 0;

    for (;;) {
        struct spool_record record;
        enum spool_next next = spool_reader_next(reader, &record);

        if (next == SPOOL_NEXT_END || n > sizeof seen - 30)
            break;
        ck_assert_int_ne(next, SPOOL_NEXT_ERROR);
        if (next == SPOOL_NEXT_GARBAGE)
            seen[n++] = '?';
        else
            seen[n++] = spool_kind_name(record.kind)[0];
        if (record.kind == SPOOL_LOST)
            n += (size_t)snprintf(seen + n, 24, "%lld", (long long)record.count);
    }
    seen[n] = '\0';
    ck_assert_str_eq(seen, story);
}

static void expect_file(const struct spool_writer *writer, const char *story)
{
    struct spool_reader *reader = spool_reader_open(dir_fd, spool_writer_name(writer), 0);

    ck_assert_ptr_nonnull(reader);
    expect_story(reader, story);
    ck_assert_int_eq(spool_reader_position(reader), size_of(writer));
    spool_reader_close(reader);
}

/* ── the file ── */

START_TEST(a_file_begins_with_its_server_and_is_locked)
{
    struct spool_writer *writer = open_writer(dir_fd);
    struct spool_reader *reader;
    struct spool_record record;
    struct timespec now;
    struct stat st;

    ck_assert_str_eq(spool_writer_name(writer), "campus-1700000000-42.spool");
    ck_assert_int_eq(fstatat(dir_fd, spool_writer_name(writer), &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0660);
    reader = spool_reader_open(dir_fd, spool_writer_name(writer), 0);
    ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_RECORD);
    ck_assert_int_eq(record.kind, SPOOL_SERVER);
    ck_assert_int_eq(record.format, SPOOL_FORMAT);
    ck_assert_int_eq(record.pid, 42);
    ck_assert_int_eq(record.start, 1700000000);
    ck_assert_str_eq(record.daemon, "campus");
    ck_assert_str_eq(record.plugin, "0.1.0");
    ck_assert_int_le(llabs((long long)record.at - (long long)time(NULL)), 2);
    ck_assert_int_eq(clock_gettime(CLOCK_BOOTTIME, &now), 0);
    ck_assert_int_le(now.tv_sec * 1000LL - record.boot_ms, 2000);
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
    writer = open_writer(dir_fd);
    umask(022);
    ck_assert_ptr_nonnull(writer);
    ck_assert_int_eq(fstatat(dir_fd, spool_writer_name(writer), &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0660);
    spool_writer_close(writer);
}
END_TEST

START_TEST(a_second_start_within_the_second_gets_a_file_of_its_own)
{
    struct spool_writer *writers[3];

    for (int i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(writers[i] = open_writer(dir_fd));
    ck_assert_str_eq(spool_writer_name(writers[1]), "campus-1700000000-42.1.spool");
    ck_assert_str_eq(spool_writer_name(writers[2]), "campus-1700000000-42.2.spool");
    for (int i = 0; i < 3; i++) {
        ck_assert(append(writers[i], 1));
        expect_file(writers[i], "sc");
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
        writer = spool_writer_open(dir_fd, &server);
        ck_assert_ptr_nonnull(writer);
        ck_assert_str_eq(spool_writer_name(writer), cases[i].name);
        ck_assert_int_eq(faccessat(dir_fd, spool_writer_name(writer), F_OK, 0), 0);
        spool_writer_close(writer);
    }
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    server.daemon = longest;
    server.start = server.pid = INT64_MIN + 1;
    writer = spool_writer_open(dir_fd, &server);
    ck_assert_ptr_nonnull(writer);
    ck_assert_uint_le(strlen(spool_writer_name(writer)), 255);
    spool_writer_close(writer);
}
END_TEST

START_TEST(opening_fails_with_its_reason_and_leaves_nothing)
{
    char command[100];

    errno = 0;
    ck_assert_ptr_null(open_writer(-1));
    ck_assert_int_eq(errno, EBADF);
    trouble.no_lock = true;
    errno = 0;
    ck_assert_ptr_null(open_writer(dir_fd));
    ck_assert_int_eq(errno, ENOLCK);
    trouble.no_lock = false;
    trouble.no_memory = true;
    ck_assert_ptr_null(open_writer(dir_fd));
    trouble.no_memory = false;
    snprintf(command, sizeof command, "test -z \"$(ls -A %s)\"", base);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(what_the_caller_knows_of_the_time_is_kept)
{
    struct spool_writer *writer = open_writer(dir_fd);
    struct spool_reader *reader = spool_reader_open(dir_fd, spool_writer_name(writer), 0);
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

/* ── trouble ── */

START_TEST(an_interrupted_write_is_tried_again)
{
    struct spool_writer *writer = open_writer(dir_fd);

    trouble.write_errors = 3;
    trouble.write_error = EINTR;
    ck_assert(append(writer, 1));
    expect_file(writer, "sc");
    spool_writer_close(writer);
}
END_TEST

START_TEST(records_that_cannot_be_written_are_counted_and_the_count_is_recorded)
{
    struct spool_writer *writer = open_writer(dir_fd);
    int why = 0;

    ck_assert(append(writer, 1));
    trouble.write_errors = 3;
    trouble.write_error = EDQUOT;
    for (int i = 0; i < 3; i++)
        ck_assert(!append(writer, 2));
    ck_assert_uint_eq(spool_writer_take_lost(writer, &why), 3);
    ck_assert_int_eq(why, EDQUOT);
    ck_assert(append(writer, 3));
    ck_assert(append(writer, 4));
    expect_file(writer, "scl3cc");
    spool_writer_close(writer);
}
END_TEST

START_TEST(the_count_is_recorded_also_when_the_writer_closes)
{
    struct spool_writer *writer = open_writer(dir_fd);
    struct spool_reader *reader = spool_reader_open(dir_fd, spool_writer_name(writer), 0);

    trouble.write_errors = 2;
    trouble.write_error = ENOSPC;
    ck_assert(!append(writer, 1));
    ck_assert(!append(writer, 2));
    spool_writer_close(writer);
    expect_story(reader, "sl2");
    spool_reader_close(reader);
}
END_TEST

START_TEST(a_partial_write_is_cut_off_again)
{
    struct spool_writer *writer = open_writer(dir_fd);
    int64_t size = size_of(writer);
    int why = 0;

    for (ssize_t part = 1; part < 60; part++) {
        trouble.write_errors = 1;
        trouble.write_partial = part;
        ck_assert(!append(writer, 1));
        ck_assert_int_eq(size_of(writer), size);
        ck_assert(append(writer, 2));
        ck_assert_int_gt(size_of(writer), size);
        size = size_of(writer);
    }
    ck_assert_uint_eq(spool_writer_take_lost(writer, &why), 59);
    ck_assert_int_eq(why, ENOSPC);
    spool_writer_close(writer);
}
END_TEST

START_TEST(half_a_record_that_cannot_be_cut_off_becomes_garbage)
{
    struct spool_writer *writer = open_writer(dir_fd);
    char story[200] = "s";
    size_t n = 1;

    trouble.no_truncate = true;
    for (ssize_t part = 1; part < 40; part++) {
        trouble.write_errors = 1;
        trouble.write_partial = part;
        ck_assert(!append(writer, 1));
        ck_assert(append(writer, 2));
        n += (size_t)snprintf(story + n, sizeof story - n, "?l1c");
    }
    expect_file(writer, story);
    spool_writer_close(writer);
}
END_TEST

START_TEST(the_end_of_half_a_record_is_itself_written_whole_or_again)
{
    struct spool_writer *writer = open_writer(dir_fd);

    trouble.no_truncate = true;
    trouble.write_errors = 1;
    trouble.write_partial = 20;
    ck_assert(!append(writer, 1));
    trouble.write_errors = 1;
    trouble.write_partial = 1; /* of "\x7f\n" */
    ck_assert(!append(writer, 2));
    trouble.write_errors = 1;
    trouble.write_partial = 0;
    trouble.write_error = EIO;
    ck_assert(!append(writer, 3));
    ck_assert(append(writer, 4));
    expect_file(writer, "s?l3c");
    spool_writer_close(writer);
}
END_TEST

START_TEST(a_server_record_that_had_to_wait_is_still_the_first)
{
    struct spool_writer *writer;
    struct spool_reader *reader;

    trouble.write_errors = 3;
    trouble.write_error = ENOSPC;
    writer = open_writer(dir_fd);
    ck_assert_ptr_nonnull(writer);
    ck_assert_int_eq(size_of(writer), 0);
    reader = spool_reader_open(dir_fd, spool_writer_name(writer), 0);
    ck_assert_int_eq(spool_reader_writer_gone(reader), 0);
    ck_assert(!append(writer, 1));
    ck_assert(!append(writer, 2));
    ck_assert_int_eq(size_of(writer), 0);
    ck_assert(append(writer, 3));
    expect_file(writer, "sl2c");
    spool_reader_close(reader);
    spool_writer_close(writer);
}
END_TEST

START_TEST(half_a_server_record_is_followed_by_a_whole_one)
{
    struct spool_writer *writer;

    trouble.no_truncate = true;
    trouble.write_errors = 1;
    trouble.write_partial = 30;
    writer = open_writer(dir_fd);
    ck_assert(append(writer, 1));
    expect_file(writer, "?sc");
    spool_writer_close(writer);
}
END_TEST

START_TEST(losses_are_told_once_a_minute)
{
    struct spool_writer *writer = open_writer(dir_fd);
    int why = 0;

    ck_assert_uint_eq(spool_writer_take_lost(writer, &why), 0);
    trouble.write_error = ENOSPC;
    trouble.write_errors = 1000;
    ck_assert(!append(writer, 1));
    ck_assert_uint_eq(spool_writer_take_lost(writer, &why), 1);
    ck_assert_int_eq(why, ENOSPC);
    for (int i = 0; i < 5; i++) {
        trouble.later_ms += 11000;
        ck_assert(!append(writer, 1));
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
    struct spool_writer *writer = open_writer(dir_fd);
    int why = 0;

    ck_assert_int_eq(unlinkat(dir_fd, spool_writer_name(writer), 0), 0);
    trouble.later_ms = 61000;
    ck_assert(!append(writer, 1));
    ck_assert(!append(writer, 2));
    ck_assert_uint_eq(spool_writer_take_lost(writer, &why), 2);
    ck_assert_int_eq(why, ENOENT);
    ck_assert_ptr_nonnull(strstr(spool_lost_text(why), "deleted"));
    ck_assert_str_eq(spool_lost_text(ENOSPC), strerror(ENOSPC));
    trouble.later_ms = 0;
    spool_writer_close(writer);
}
END_TEST

/* ── the cap ── */

START_TEST(the_cap_counts_what_is_unread)
{
    struct spool_writer *writer = open_writer(dir_fd);
    struct spool_reader *reader = spool_reader_open(dir_fd, spool_writer_name(writer), 0);
    struct spool_record record;
    int64_t written = 0, lost = 0, read = 0, recorded_lost = 0;
    int why = 0;

    spool_writer_set_cap(writer, 100000);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 400; i++) {
            bool ok = append(writer, 1);

            written += ok;
            lost += !ok;
        }
        ck_assert_int_le(size_of(writer) - spool_reader_position(reader), 100000);
        ck_assert_int_gt(size_of(writer) - spool_reader_position(reader), 90000);
        while (spool_reader_next(reader, &record) == SPOOL_NEXT_RECORD) {
            read += record.kind == SPOOL_CONNECTED;
            recorded_lost += record.kind == SPOOL_LOST ? record.count : 0;
        }
        ck_assert_int_eq(spool_reader_free_before(reader, spool_reader_position(reader)), 0);
    }
    ck_assert(append(writer, 1));
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

START_TEST(sixty_four_mebibytes_are_kept_unread)
{
    struct spool_writer *writer = open_writer(dir_fd);
    struct spool_texts texts;
    struct spool_record record = spool_filled(SPOOL_REFUSED, &texts, '\xff', 399);
    struct spool_reader *reader;
    int64_t kept = 0, read = 0;
    int64_t size;

    while (spool_writer_append(writer, &record))
        kept++;
    size = size_of(writer);
    ck_assert_int_le(size, SPOOL_MAX_BYTES);
    ck_assert_int_gt(size, SPOOL_MAX_BYTES - SPOOL_MAX_LINE);
    reader = spool_reader_open(dir_fd, spool_writer_name(writer), 0);
    while (spool_reader_next(reader, &record) == SPOOL_NEXT_RECORD)
        read += record.kind == SPOOL_REFUSED;
    ck_assert_int_eq(read, kept);
    ck_assert_int_eq(spool_reader_free_before(reader, spool_reader_position(reader)), 0);
    ck_assert(append(writer, 1));
    expect_story(reader, "l1c");
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
    int fd = openat(dir_fd, "filler", O_WRONLY | O_CREAT | O_APPEND, 0600);

    while (fd >= 0 && __real_write(fd, block, sizeof block) > 0)
        ;
    return fd;
}

static int on_a_small_disk(void)
{
    struct spool_reader *reader;
    struct spool_record record;
    struct spool_writer *writer;
    int filler, why = 0;
    int64_t written = 0, lost = 0, read = 0, recorded_lost = 0, servers = 0;

    EXPECT(unshare(CLONE_NEWNS) == 0);
    EXPECT(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    EXPECT(mount("byway-test", base, "tmpfs", 0, "size=64k") == 0);
    close(dir_fd);
    dir_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    filler = fill_disk();
    EXPECT(filler >= 0);
    writer = open_writer(dir_fd);
    EXPECT(writer);
    for (int i = 0; i < 1000; i++) {
        bool ok = append(writer, i);

        written += ok;
        lost += !ok;
        if (i % 300 == 299)
            EXPECT(ftruncate(filler, 0) == 0);
        if (i % 300 == 50)
            fill_disk();
    }
    EXPECT(written > 50 && lost > 500);
    EXPECT(spool_writer_take_lost(writer, &why) == (uint64_t)lost && why == ENOSPC);
    EXPECT(unlinkat(dir_fd, "filler", 0) == 0 && close(filler) == 0);
    reader = spool_reader_open(dir_fd, spool_writer_name(writer), 0);
    EXPECT(reader);
    spool_writer_close(writer);
    while (spool_reader_next(reader, &record) == SPOOL_NEXT_RECORD) {
        servers += record.kind == SPOOL_SERVER;
        EXPECT(servers == 1); /* and it came first */
        read += record.kind == SPOOL_CONNECTED;
        recorded_lost += record.kind == SPOOL_LOST ? record.count : 0;
    }
    EXPECT(spool_reader_next(reader, &record) == SPOOL_NEXT_END);
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
            struct spool_writer *writer = open_writer(dir_fd);

            record = spool_filled(SPOOL_CONNECTED, &texts, '\xff', (size_t)rand() % 300);
            for (record.session = 1;; record.session++) {
                spool_writer_append(writer, &record);
                if (record.session == 1)
                    (void)!__real_write(pipe_fds[1], "", 1);
            }
        }
        ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 1);
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        usleep((useconds_t)rand() % 3000);
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        reader = spool_reader_open(dir_fd, "campus-1700000000-42.spool", 0);
        ck_assert_ptr_nonnull(reader);
        ck_assert_int_eq(spool_reader_writer_gone(reader), 1);
        ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_RECORD);
        ck_assert_int_eq(record.kind, SPOOL_SERVER);
        while (spool_reader_next(reader, &record) == SPOOL_NEXT_RECORD)
            if (record.kind != SPOOL_CONNECTED || record.session != expected++)
                ck_abort_msg("session %lld", (long long)record.session);
        ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_END);
        ck_assert_int_gt(expected, 1);
        ck_assert_int_eq(spool_reader_remove_finished(reader, dir_fd, "campus-1700000000-42.spool"),
                         1);
        spool_reader_close(reader);
    }
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("spool_writer");
    TCase *tests = tcase_create("spool_writer");

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_file_begins_with_its_server_and_is_locked);
    tcase_add_test(tests, the_umask_does_not_change_the_mode);
    tcase_add_test(tests, a_second_start_within_the_second_gets_a_file_of_its_own);
    tcase_add_test(tests, a_hostile_daemon_name_makes_a_harmless_file_name);
    tcase_add_test(tests, opening_fails_with_its_reason_and_leaves_nothing);
    tcase_add_test(tests, what_the_caller_knows_of_the_time_is_kept);
    tcase_add_test(tests, an_interrupted_write_is_tried_again);
    tcase_add_test(tests, records_that_cannot_be_written_are_counted_and_the_count_is_recorded);
    tcase_add_test(tests, the_count_is_recorded_also_when_the_writer_closes);
    tcase_add_test(tests, a_partial_write_is_cut_off_again);
    tcase_add_test(tests, half_a_record_that_cannot_be_cut_off_becomes_garbage);
    tcase_add_test(tests, the_end_of_half_a_record_is_itself_written_whole_or_again);
    tcase_add_test(tests, a_server_record_that_had_to_wait_is_still_the_first);
    tcase_add_test(tests, half_a_server_record_is_followed_by_a_whole_one);
    tcase_add_test(tests, losses_are_told_once_a_minute);
    tcase_add_test(tests, a_deleted_file_is_noticed_within_a_minute);
    tcase_add_test(tests, the_cap_counts_what_is_unread);
    tcase_add_test(tests, sixty_four_mebibytes_are_kept_unread);
    tcase_add_test(tests, a_full_disk_costs_records_that_are_counted_and_nothing_else);
    tcase_add_test(tests, a_killed_writer_leaves_complete_records_and_at_most_one_torn);
    return suite;
}
