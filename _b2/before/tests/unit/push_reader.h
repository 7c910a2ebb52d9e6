/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a client-connect result as OpenVPN 2.6 does, server first and then client, and
 * says what the client is left with. Written from OpenVPN's options.c and push.c, not
 * from lib/push, so that the two can be held against each other.
 */
#ifndef BYWAY_TESTS_PUSH_READER_H
#define BYWAY_TESTS_PUSH_READER_H

#include <stdbool.h>
#include <stddef.h>

#define READER_MAX_WORDS 16
#define READER_WORD_SIZE 256

struct reader_words {
    size_t n;
    char word[READER_MAX_WORDS][READER_WORD_SIZE];
};

/* One line in words, with OpenVPN's quoting; false where OpenVPN would log an error. */
bool reader_parse_line(const char *line, struct reader_words *words);

/* The options that reach the client, each as a string; `mistakes` counts what OpenVPN
 * would have complained about, and whatever else no result of ours may contain. */
struct reader {
    char **options;
    size_t n;
    size_t mistakes;
    char mistake[300]; /* the first one */
};

/* `server_pushes`: what the server's own config pushes to everybody; NULL-terminated. */
void reader_read(struct reader *reader, const char *const *server_pushes, const char *text,
                 size_t n);
void reader_free(struct reader *reader);

/* How many of the options begin with these words. */
size_t reader_count(const struct reader *reader, const char *start);

/* Is exactly this option there? */
bool reader_has(const struct reader *reader, const char *option);

#endif
