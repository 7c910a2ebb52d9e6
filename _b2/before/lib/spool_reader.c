/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mgmtd's end of the spool. Hands out complete lines only, in bounded memory, also while
 * the plugin is appending. The directory is writable for OpenVPN's user, so nothing in
 * it is trusted: not a file's type, not its length, not a byte of it.
 */
#include "config.h"

#include "lib/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_SIZE (4 * SPOOL_MAX_LINE)
#define BLOCK       4096
#define NEWBORN_S   60 /* for so long an empty file may be one that is not locked yet */

struct spool_reader {
    int fd;
    int64_t position; /* the end of the last line that was handed out or passed over */
    int64_t freed;    /* what is before is a hole */
    int64_t scanned;  /* of a line that is too long: where to go on looking for its end */
    bool gone;        /* the writer; it does not come back */
    size_t next;      /* what of the buffer was handed out */
    size_t n;
    char buffer[BUFFER_SIZE];
};

/* ── the file ── */

/* Whether a line begins there: after the LF of another, or after what was freed. */
static bool begins_line(int fd, int64_t position)
{
    char before = '\0';

    return position == 0 ||
           (pread(fd, &before, 1, position - 1) == 1 && (before == '\n' || before == '\0'));
}

/* 0, or why reading cannot begin there. */
static int check_file(int fd, int64_t position)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return errno;
    if (!S_ISREG(st.st_mode) || position < 0)
        return EINVAL;
    if (position > st.st_size)
        return ERANGE;
    return begins_line(fd, position) ? 0 : EINVAL;
}

struct spool_reader *spool_reader_open(int dir_fd, const char *name, int64_t position)
{
    const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    struct spool_reader *reader = calloc(1, sizeof *reader);
    int why;

    if (!reader)
        return NULL;
    reader->position = position;
    reader->fd = openat(dir_fd, name, O_RDWR | flags);
    if (reader->fd < 0 && (errno == EACCES || errno == EROFS))
        reader->fd = openat(dir_fd, name, O_RDONLY | flags); /* enough for all but freeing */
    why = reader->fd < 0 ? errno : check_file(reader->fd, position);
    if (why != 0) {
        spool_reader_close(reader);
        errno = why;
        return NULL;
    }
    return reader;
}

void spool_reader_close(struct spool_reader *reader)
{
    if (!reader)
        return;
    if (reader->fd >= 0)
        close(reader->fd);
    free(reader);
}

/* ── lines ── */

/* Reads the buffer afresh from `from`: an incomplete line is read again from its beginning. */
static ssize_t fill(struct spool_reader *reader, int64_t from)
{
    ssize_t n;

    do
        n = pread(reader->fd, reader->buffer, sizeof reader->buffer, from);
    while (n < 0 && errno == EINTR);
    reader->next = 0;
    reader->n = n > 0 ? (size_t)n : 0;
    return n;
}

/* The same from the first data at or after *from: a hole can be terabytes long. */
static ssize_t fill_with_data(struct spool_reader *reader, int64_t *from)
{
    off_t data = lseek(reader->fd, *from, SEEK_DATA);

    if (data > *from)
        *from = data;
    if (data >= 0 || errno != ENXIO)
        return fill(reader, *from);
    reader->n = reader->next = 0;
    return 0;
}

/* Passes over all of a line that is longer than any record. */
static enum spool_next skip_long_line(struct spool_reader *reader)
{
    for (;;) {
        ssize_t n = fill_with_data(reader, &reader->scanned);
        const char *end = n > 0 ? memchr(reader->buffer, '\n', reader->n) : NULL;

        if (n <= 0)
            return n < 0 ? SPOOL_NEXT_ERROR : SPOOL_NEXT_END;
        if (end) {
            reader->next = (size_t)(end - reader->buffer) + 1;
            reader->position = reader->scanned + (int64_t)reader->next;
            reader->scanned = 0;
            return SPOOL_NEXT_GARBAGE;
        }
        reader->scanned += n;
    }
}

/*
 * Freed space where a line should begin (a position was lost): passes over it. NULs up
 * to the end of the file are left alone: a power cut can leave them.
 */
static enum spool_next skip_freed(struct spool_reader *reader)
{
    int64_t from = reader->position;

    for (;;) {
        ssize_t n = fill_with_data(reader, &from);

        if (n <= 0)
            return n < 0 ? SPOOL_NEXT_ERROR : SPOOL_NEXT_END;
        while (reader->next < reader->n && reader->buffer[reader->next] == '\0')
            reader->next++;
        if (reader->next < reader->n) {
            reader->position = from + (int64_t)reader->next;
            return SPOOL_NEXT_GARBAGE;
        }
        from += n;
    }
}

/* The LF of the next line, read if need be; NULL if it is not there. *n as of fill(). */
static char *find_end(struct spool_reader *reader, ssize_t *n)
{
    char *end = memchr(reader->buffer + reader->next, '\n', reader->n - reader->next);

    *n = (ssize_t)(reader->n - reader->next);
    if (end)
        return end;
    *n = fill(reader, reader->position);
    return *n > 0 ? memchr(reader->buffer, '\n', reader->n) : NULL;
}

enum spool_next spool_reader_next(struct spool_reader *reader, struct spool_record *record)
{
    enum spool_next found = SPOOL_NEXT_GARBAGE;
    size_t length;
    char *line;
    char *end;
    ssize_t n;

    *record = spool_record_make(SPOOL_UNKNOWN);
    if (reader->scanned > 0)
        return skip_long_line(reader);
    end = find_end(reader, &n);
    line = reader->buffer + reader->next;
    if (n > 0 && *line == '\0')
        return skip_freed(reader);
    if (!end && n >= SPOOL_MAX_LINE) {
        reader->scanned = reader->position + n;
        return skip_long_line(reader);
    }
    if (!end)
        return n < 0 ? SPOOL_NEXT_ERROR : SPOOL_NEXT_END;
    length = (size_t)(end - line);
    if (length < SPOOL_MAX_LINE && spool_parse(line, length, record))
        found = SPOOL_NEXT_RECORD;
    reader->next += length + 1;
    reader->position += (int64_t)length + 1;
    return found;
}

int64_t spool_reader_position(const struct spool_reader *reader)
{
    return reader->position;
}

/* ── what was read ── */

int spool_reader_free_before(struct spool_reader *reader, int64_t position)
{
    int64_t end = position / BLOCK * BLOCK;

    if (position < 0 || position > reader->position)
        return EINVAL;
    if (end <= reader->freed)
        return 0;
    while (fallocate(reader->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, reader->freed,
                     end - reader->freed) != 0)
        if (errno != EINTR)
            return errno;
    reader->freed = end;
    return 0;
}

/*
 * The writer locks before it writes, so only an empty file can be one that is not locked
 * yet; trying its lock just then would make the writer fail to get it.
 */
static bool is_newborn(const struct stat *st)
{
    return st->st_size == 0 && time(NULL) - st->st_mtim.tv_sec < NEWBORN_S;
}

int spool_reader_writer_gone(struct spool_reader *reader)
{
    struct stat st;

    if (reader->gone)
        return 1;
    if (fstat(reader->fd, &st) != 0)
        return -1;
    if (is_newborn(&st))
        return 0;
    if (flock(reader->fd, LOCK_SH | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? 0 : -1;
    flock(reader->fd, LOCK_UN);
    reader->gone = true;
    return 1;
}

/* 1 if a complete line is left to read, 0 if not, -1 with errno set. */
static int has_more(struct spool_reader *reader)
{
    int64_t from = reader->position;

    for (;;) {
        ssize_t n = fill_with_data(reader, &from);
        bool found = n > 0 && memchr(reader->buffer, '\n', reader->n);

        reader->n = 0;
        if (found)
            return 1;
        if (n <= 0)
            return n < 0 ? -1 : 0;
        from += n;
    }
}

int spool_reader_remove_finished(struct spool_reader *reader, int dir_fd, const char *name)
{
    int gone = spool_reader_writer_gone(reader);
    int more = gone == 1 ? has_more(reader) : 0;
    struct stat ours, theirs;

    if (gone != 1 || more != 0)
        return gone < 0 || more < 0 ? -1 : 0;
    if (fstat(reader->fd, &ours) != 0 || fstatat(dir_fd, name, &theirs, AT_SYMLINK_NOFOLLOW) != 0)
        return -1;
    if (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino) {
        errno = ESTALE;
        return -1;
    }
    return unlinkat(dir_fd, name, 0) == 0 ? 1 : -1;
}
