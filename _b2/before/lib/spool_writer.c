/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plugin's end of the spool. Runs inside OpenVPN's thread: one write(2) a record,
 * no sync, no waiting, and whatever goes wrong costs records and never more. What was
 * lost is counted, and the count is written down where the records are missing.
 */
#include "config.h"

#include "lib/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REPORT_INTERVAL_MS 60000
#define CHECK_INTERVAL_MS  60000
#define MAX_DAEMON_NAME    128
#define MAX_NAMES          1000 /* files of one daemon, start and pid */

struct spool_writer {
    int fd;
    char name[NAME_MAX + 1];
    int64_t size;       /* of the file */
    int64_t cap;        /* bytes that may be unread */
    int64_t unread;     /* at most so many are: what was found at the last look, and since */
    bool torn;          /* the file ends in a part of a record */
    bool deleted;       /* the file has no name any more */
    int64_t checked_ms; /* when that was last looked at */
    char first[SPOOL_MAX_LINE]; /* the server record, until it is written */
    size_t first_n;
    uint64_t lost;            /* not yet recorded in the file */
    uint64_t unreported_lost; /* not yet told to spool_writer_take_lost() */
    int why_lost;
    bool has_reported;
    int64_t reported_ms;
};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now = {0};

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct spool_record stamped(const struct spool_record *record)
{
    struct spool_record copy = *record;

    if (copy.at == SPOOL_NONE)
        copy.at = clock_ms(CLOCK_REALTIME) / 1000;
    if (copy.boot_ms == SPOOL_NONE)
        copy.boot_ms = clock_ms(CLOCK_BOOTTIME);
    return copy;
}

/* ── one record into the file ── */

/*
 * How much of the file is not freed: the reader punches holes from its beginning, so
 * that is everything from the first data on. (st_blocks would also count what the file
 * system has set aside behind the end, megabytes on XFS.)
 */
static int64_t unread_bytes(const struct spool_writer *writer)
{
    off_t first_data = lseek(writer->fd, 0, SEEK_DATA);

    if (first_data < 0)
        return errno == ENXIO ? 0 : writer->size;
    return writer->size - first_data;
}

/* 0, or why a line of `n` bytes must not be written now. */
static int check_room(struct spool_writer *writer, size_t n)
{
    if (writer->unread + (int64_t)n <= writer->cap)
        return 0;
    writer->unread = unread_bytes(writer);
    return writer->unread + (int64_t)n <= writer->cap ? 0 : EDQUOT;
}

/* 0, or ENOENT for a file that somebody deleted. */
static int check_name(struct spool_writer *writer)
{
    int64_t now = clock_ms(CLOCK_BOOTTIME);
    struct stat st;

    if (!writer->deleted && now - writer->checked_ms >= CHECK_INTERVAL_MS) {
        writer->checked_ms = now;
        writer->deleted = fstat(writer->fd, &st) == 0 && st.st_nlink == 0;
    }
    return writer->deleted ? ENOENT : 0;
}

/*
 * One write(2). 0, or an errno; then the file may end in a part of it. That part is not
 * cut off: a reader may be looking at those very bytes, and would mix them with what is
 * written there next. So a byte of the file never changes once it is there.
 */
static int write_once(struct spool_writer *writer, const char *text, size_t n)
{
    ssize_t written;

    do
        written = write(writer->fd, text, n);
    while (written < 0 && errno == EINTR);
    if (written < 0)
        return errno;
    writer->size += written;
    writer->unread += written;
    if (written == (ssize_t)n)
        return 0;
    writer->torn = writer->torn || written > 0;
    return ENOSPC;
}

static int write_line(struct spool_writer *writer, const char *line, size_t n)
{
    int why = check_room(writer, n);

    /* A control character makes garbage of half a record, whatever it looks like. */
    if (why == 0 && writer->torn) {
        why = write_once(writer, "\x7f\n", 2);
        writer->torn = why != 0;
    }
    return why == 0 ? write_once(writer, line, n) : why;
}

/* What must come before the next record: the server record, the number of lost ones. */
static int write_overdue(struct spool_writer *writer)
{
    struct spool_record record = spool_record_make(SPOOL_LOST);
    char line[SPOOL_MAX_LINE];
    int why = 0;

    if (writer->first_n > 0)
        why = write_line(writer, writer->first, writer->first_n);
    if (why != 0)
        return why;
    writer->first_n = 0;
    if (writer->lost == 0)
        return 0;
    record.count = writer->lost < INT64_MAX ? (int64_t)writer->lost : INT64_MAX;
    record = stamped(&record);
    why = write_line(writer, line, spool_format(&record, line, sizeof line));
    if (why == 0)
        writer->lost = 0;
    return why;
}

bool spool_writer_append(struct spool_writer *writer, const struct spool_record *record)
{
    struct spool_record copy = stamped(record);
    char line[SPOOL_MAX_LINE];
    size_t n = spool_format(&copy, line, sizeof line);
    int why = n > 0 ? check_name(writer) : EINVAL;

    if (why == 0)
        why = write_overdue(writer);
    if (why == 0)
        why = write_line(writer, line, n);
    if (why == 0)
        return true;
    writer->lost++;
    writer->unreported_lost++;
    writer->why_lost = why;
    return false;
}

uint64_t spool_writer_take_lost(struct spool_writer *writer, int *why)
{
    uint64_t count = writer->unreported_lost;
    int64_t now;

    if (count == 0)
        return 0;
    now = clock_ms(CLOCK_BOOTTIME);
    if (writer->has_reported && now - writer->reported_ms < REPORT_INTERVAL_MS)
        return 0;
    writer->has_reported = true;
    writer->reported_ms = now;
    writer->unreported_lost = 0;
    *why = writer->why_lost;
    return count;
}

const char *spool_lost_text(int why)
{
    if (why == EDQUOT)
        return "too much is unread (is byway-mgmtd running?), or the disk quota is used up";
    if (why == ENOENT)
        return "the spool file was deleted (a restart of OpenVPN begins another)";
    return strerror(why);
}

/* ── the file ── */

/* "<daemon>-<start>-<pid>" and, for further files, ".<n>". */
static void make_name(char name[NAME_MAX + 1], const struct spool_record *server, unsigned n)
{
    const char *daemon = server->daemon && server->daemon[0] ? server->daemon : "openvpn";
    long long start = server->start == SPOOL_NONE ? 0 : server->start;
    long long pid = server->pid == SPOOL_NONE ? 0 : server->pid;
    char further[16] = "";

    if (n > 0)
        snprintf(further, sizeof further, ".%u", n);
    snprintf(name, NAME_MAX + 1, "%.*s-%lld-%lld%s" SPOOL_SUFFIX, MAX_DAEMON_NAME, daemon, start,
             pid, further);
    for (char *c = name; *c; c++)
        if (!(*c >= 'a' && *c <= 'z') && !(*c >= 'A' && *c <= 'Z') && !(*c >= '0' && *c <= '9') &&
            *c != '_' && (c == name || (*c != '-' && *c != '.')))
            *c = '_';
}

/* A file that was not there before; -1 with errno set. */
static int create_file(int dir_fd, const struct spool_record *server, char name[NAME_MAX + 1])
{
    int fd = -1;

    for (unsigned n = 0; fd < 0 && n < MAX_NAMES; n++) {
        make_name(name, server, n);
        fd = openat(dir_fd, name,
                    O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY,
                    0660);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    return fd;
}

struct spool_writer *spool_writer_open(int dir_fd, const struct spool_record *server)
{
    struct spool_writer *writer = calloc(1, sizeof *writer);
    struct spool_record first = stamped(server);
    int saved;

    if (!writer)
        return NULL;
    first.kind = SPOOL_SERVER;
    if (first.format == SPOOL_NONE)
        first.format = SPOOL_FORMAT;
    writer->first_n = spool_format(&first, writer->first, sizeof writer->first);
    writer->cap = SPOOL_MAX_BYTES;
    writer->checked_ms = clock_ms(CLOCK_BOOTTIME);
    writer->fd = create_file(dir_fd, &first, writer->name);
    if (writer->fd < 0)
        goto fail;
    /* The umask is OpenVPN's. And nothing is written before the lock is held: see the reader. */
    if (fchmod(writer->fd, 0660) != 0 || flock(writer->fd, LOCK_EX | LOCK_NB) != 0) {
        saved = errno;
        unlinkat(dir_fd, writer->name, 0);
        close(writer->fd);
        errno = saved;
        goto fail;
    }
    write_overdue(writer);
    return writer;
fail:
    free(writer);
    return NULL;
}

void spool_writer_close(struct spool_writer *writer)
{
    if (!writer)
        return;
    if (writer->lost > 0 && !writer->deleted)
        write_overdue(writer);
    close(writer->fd);
    free(writer);
}

void spool_writer_set_cap(struct spool_writer *writer, int64_t bytes)
{
    writer->cap = bytes;
}

const char *spool_writer_name(const struct spool_writer *writer)
{
    return writer->name;
}
