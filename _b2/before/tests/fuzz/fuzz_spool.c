/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spool's reader over arbitrary bytes. The first byte says where the file is cut in
 * two: the reader reads up to there, and then the rest. What it hands out is held
 * against a second reading of the bytes in memory, and each record against itself,
 * written and read again.
 */
#include "lib/spool.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_spool: not so: %s\n", what);
        abort();
    }
}

/* parse → format → parse → format gives the same line again, if nothing had to be cut. */
static void check_fixed_point(const struct spool_record *record)
{
    struct spool_record again;
    char first[SPOOL_MAX_LINE], second[SPOOL_MAX_LINE], line[SPOOL_MAX_LINE];
    size_t n = spool_format(record, first, sizeof first);

    check((n == 0) == (record->kind == SPOOL_UNKNOWN), "every known record can be written");
    if (n == 0)
        return;
    check(first[n - 1] == '\n' && !memchr(first, '\n', n - 1), "a record is one line");
    memcpy(line, first, n);
    check(spool_parse(line, n - 1, &again), "what was written can be read");
    check(again.kind == record->kind && again.session == record->session, "and says the same");
    check(spool_format(&again, second, sizeof second) == n && memcmp(first, second, n) == 0,
          "and is written the same");
}

/* The next item of what is in memory: what the reader should say, and where it should be. */
static enum spool_next expected_next(const uint8_t *data, size_t size, size_t *position)
{
    const uint8_t *from = data + *position;
    size_t left = size - *position;
    const uint8_t *end = left ? memchr(from, '\n', left) : NULL;
    struct spool_record record;
    char line[SPOOL_MAX_LINE];
    size_t n = end ? (size_t)(end - from) : left;
    size_t zeros = 0;

    while (zeros < left && from[zeros] == '\0')
        zeros++;
    if (zeros > 0) {
        *position += zeros < left ? zeros : 0;
        return zeros < left ? SPOOL_NEXT_GARBAGE : SPOOL_NEXT_END;
    }
    if (!end)
        return SPOOL_NEXT_END;
    *position += n + 1;
    if (n >= SPOOL_MAX_LINE)
        return SPOOL_NEXT_GARBAGE;
    memcpy(line, from, n);
    return spool_parse(line, n, &record) ? SPOOL_NEXT_RECORD : SPOOL_NEXT_GARBAGE;
}

static void read_to_end(struct spool_reader *reader, const uint8_t *data, size_t size,
                        size_t *position)
{
    enum spool_next next;

    do {
        struct spool_record record;
        enum spool_next expected = expected_next(data, size, position);

        next = spool_reader_next(reader, &record);
        check(next == expected, "the reader finds what is there");
        check(spool_reader_position(reader) == (int64_t)*position, "and is where it should be");
        if (next == SPOOL_NEXT_RECORD)
            check_fixed_point(&record);
    } while (next != SPOOL_NEXT_END);
}

/* A file of this process's own, in memory, for all its runs. */
static struct {
    char name[64];
    int fd;
} file = {.fd = -1};

static void delete_file(void)
{
    unlink(file.name);
}

static void empty_file(void)
{
    if (file.fd < 0) {
        snprintf(file.name, sizeof file.name, "/dev/shm/byway-fuzz-spool-%d", (int)getpid());
        file.fd = open(file.name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        atexit(delete_file);
    }
    check(file.fd >= 0 && ftruncate(file.fd, 0) == 0, "the file can be emptied");
}

static void append_file(const uint8_t *data, size_t size)
{
    check(size == 0 || write(file.fd, data, size) == (ssize_t)size, "the file can be written");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spool_reader *reader = NULL;
    size_t position = 0;
    size_t cut;

    if (size == 0)
        return 0;
    cut = (size_t)data[0] * (size - 1) / 255;
    data++;
    size--;
    empty_file();
    append_file(data, cut);
    reader = spool_reader_open(AT_FDCWD, file.name, 0);
    check(reader != NULL, "the file can be opened");
    read_to_end(reader, data, cut, &position);
    append_file(data + cut, size - cut);
    read_to_end(reader, data, size, &position);
    check(spool_reader_free_before(reader, (int64_t)position) == 0, "what was read can be freed");
    spool_reader_close(reader);
    return 0;
}
