/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of lib/state_* share; nobody else includes it. */
#ifndef BYWAY_LIB_STATE_TEXT_H
#define BYWAY_LIB_STATE_TEXT_H

#include "lib/state_file.h"

#include <stdio.h>
#include <string.h>

/* Some bytes of a text. */
struct state_piece {
    const char *text;
    size_t n;
};

/* Takes a line (without its LF and CR) off the front of *rest. False at the end. */
bool state_take_line(struct state_piece *rest, struct state_piece *line);

/* True if `line` begins with `word` and a blank (or is just that); *value is what follows. */
bool state_is_word(const struct state_piece *line, const char *word, struct state_piece *value);

/* Writes at most `max` bytes of a text, sanitised, without blanks around it. */
void state_put(FILE *out, const char *text, size_t n, size_t max);

/* "KEYWORD TEXT\n", unless text is NULL. */
void state_put_line(FILE *out, const char *keyword, const char *text, size_t max);

/* "KEYWORD TIME\n", unless it is 0. */
void state_put_time(FILE *out, const char *keyword, int64_t at);

/* A sanitised copy of at most `max` bytes in `arena`; NULL when memory is out. */
char *state_keep(struct arena *arena, const struct state_piece *piece, size_t max);

/* False for what is no number, or too large a one; *value then is as it was. */
bool state_read_number(const struct state_piece *piece, uint64_t *value);

/* The same for times. */
bool state_read_time(const struct state_piece *piece, int64_t *at);

/*
 * Ends what open_memstream() began: the text, malloc'd. NULL when memory is out, and if `ok`
 * is not set.
 */
char *state_end(FILE *out, char **text, bool ok);

#endif
