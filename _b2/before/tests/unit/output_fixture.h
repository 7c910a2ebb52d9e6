/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An answer with a column of every kind, written into memory, for the tests of output. */
#ifndef BYWAY_TESTS_OUTPUT_FIXTURE_H
#define BYWAY_TESTS_OUTPUT_FIXTURE_H

#include "helpdesk/output.h"

#define NOON           1795176000 /* 2026-11-20T12:00:00Z */
#define OUTPUT_COLUMNS 12         /* one is not in tables, one only there */

extern const struct output_column output_columns[OUTPUT_COLUMNS];
extern struct output_style style; /* of the next answer: UTC, no terminal */
extern char *written;             /* what was, after end_of_output() */
extern size_t n_written;

/* A checked fixture; in a test, one after the other for a second answer. */
void set_up(void);
void tear_down(void);

/* As if the command had ended: what it wrote. */
const char *end_of_output(void);

/* A row of the columns, of a user who types what he likes and a client that says so. */
void put_row(struct output *output, const char *user, const char *client);

/* An answer with that one row. */
const char *answer(enum output_form form, const char *user, const char *client);

#endif
