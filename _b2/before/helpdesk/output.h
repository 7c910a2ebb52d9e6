/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers, for people and for programs: rows of columns, as a table, JSON or CSV. A command
 * says once what its columns are and hands over values; how they look is decided here. What
 * comes from outside is made harmless here and nowhere else: no byte of it reaches a
 * terminal as anything but a character, or a program as anything but data.
 *
 * JSON and CSV are written row by row, in memory that does not grow; a table is written in
 * blocks of OUTPUT_BLOCK rows, each fitted by itself.
 */
#ifndef BYWAY_HELPDESK_OUTPUT_H
#define BYWAY_HELPDESK_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "helpdesk/table.h"
#include "helpdesk/zone.h"

/* ── text ── */

/* "label   text", the label in a column of its own; control characters in `text` become '?'. */
void output_field(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ── rows ── */

#define OUTPUT_BLOCK 5000

enum output_form { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV };

/* What a value is; then what a table, and what JSON and CSV show of it. */
enum output_kind {
    OUTPUT_TEXT,     /* text */
    OUTPUT_ADDRESS,  /* text, never folded */
    OUTPUT_BYTES,    /* 1.2 GiB; the number */
    OUTPUT_RATE,     /* 1.2 MiB/s; the bytes a second */
    OUTPUT_TIME,     /* 2026-11-20 13:05:07, the zone below the table; ISO 8601 with the offset */
    OUTPUT_DURATION, /* 3h 05m; the seconds */
    OUTPUT_COUNT,    /* the number */
    OUTPUT_BOOL,     /* yes, no; true, false */
};

struct output_column {
    const char *key;   /* in JSON and CSV: stable; NULL: not there */
    const char *title; /* in a table; NULL: not there */
    enum output_kind kind;
    const char *unknown; /* what a table shows for a value that is not known; NULL: "?" */
    bool folds;          /* as in a table_column */
    unsigned spare;      /* as in a table_column */
};

struct output_style {
    enum output_form form;
    struct zone zone;
    FILE *out;
    bool no_header; /* neither headings nor the line with the zone: each time has its offset */
    bool colours;
    size_t width; /* of the terminal; 0: there is none */
};

/* Standard output as it is: its width, and colours unless NO_COLOR is set. */
struct output_style output_standard(enum output_form form, bool utc, bool no_header);

/* A value. Text is copied when its row is. */
struct output_value {
    bool is_known;
    bool is_about;    /* of a time: a table puts ~ before it */
    int64_t number;   /* bytes, epoch seconds, seconds, 0 or 1 */
    const char *text; /* of text and addresses */
    enum table_mark mark;
};

struct output_value output_unknown(void);
struct output_value output_number(int64_t number);
struct output_value output_text(const char *text); /* NULL: not known */
struct output_value output_marked(struct output_value value, enum table_mark mark);

struct output;

/* `columns` must stay. NULL when memory is out. Freeing NULL is harmless. */
struct output *output_new(const struct output_style *style, const struct output_column *columns,
                          size_t n);
void output_free(struct output *output);

/* One value a column. False when going on is useless: memory is out, or nobody reads. */
bool output_row(struct output *output, const struct output_value *values);

/* Ends the table, array or file. False if memory ran out at any point. */
bool output_finish(struct output *output);

size_t output_rows(const struct output *output);

#endif
