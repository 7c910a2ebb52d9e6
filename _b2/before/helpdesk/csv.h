/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CSV as in RFC 4180: commas, lines that end with CR and LF, quotes around text. It will be opened
 * in a spreadsheet, so no text can become a formula there: not where it begins, and not behind a
 * character that a spreadsheet of another country, or one that takes quotes for text, would end a
 * cell at.
 */
#ifndef BYWAY_HELPDESK_CSV_H
#define BYWAY_HELPDESK_CSV_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct csv {
    FILE *out;
    bool has_cells; /* in the line under way */
};

/* Printable text; an apostrophe is put before what would begin a formula. */
void csv_text(struct csv *csv, const char *text);
void csv_number(struct csv *csv, int64_t value);
/* A word of our own: true, an ISO time, a column's name. */
void csv_word(struct csv *csv, const char *word);
void csv_empty(struct csv *csv);
void csv_end_line(struct csv *csv);

#endif
