/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of every command that answers in rows: opens the database, writes rows, ends with what
 * the person must know about them. Rows and notes go to standard output as one answer for
 * people; programs get the rows there, and the notes stand on standard error.
 */
#ifndef BYWAY_HELPDESK_ANSWER_H
#define BYWAY_HELPDESK_ANSWER_H

#include "helpdesk/command.h"
#include "helpdesk/history.h"
#include "helpdesk/output.h"

/* A recorder that runs says so every few seconds. */
#define ANSWER_STALE_S 60

struct answer {
    const struct options *options;
    struct history *history;
    struct output *output;
    struct output_style style;
};

/*
 * Opens the database, and what rows of these columns are written to (none: the command
 * writes by itself). False, and said, if that fails. answer_close() in any case.
 */
bool answer_open(struct answer *answer, const struct options *options,
                 const struct output_column *columns, size_t n);

/* The same for a command that asks no database. */
bool answer_begin(struct answer *answer, const struct options *options,
                  const struct output_column *columns, size_t n);

/* Ends the rows; `otherwise` is said where there are none. Gives the exit status. */
enum status answer_finish(struct answer *answer, enum status status, const char *otherwise);

/* Something that belongs to the answer but is no row; after answer_finish(). */
void answer_note(const struct answer *answer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void answer_close(struct answer *answer);

/* A time as it is written in notes: "2026-11-20 13:05:07 CET". Returns `text`. */
#define ANSWER_TIME_SIZE (ZONE_STAMP_SIZE + ZONE_NAME_SIZE + 1)
char *answer_time(const struct answer *answer, int64_t epoch, char text[ANSWER_TIME_SIZE]);

/* How many rows a table has where the person did not say: --limit, or `usual`; 0: all. */
int64_t answer_limit(const struct options *options, enum option_id id, int64_t usual);

/*
 * What may be missing between `first` and `last` (of one server, or of any: RECORD_NONE):
 * times in which nobody watched, records that were lost, a recorder that does not run.
 * `bytes`: the answer is about bytes in time, too, and not only about sessions.
 */
void answer_caveats(const struct answer *answer, int64_t first, int64_t last, int64_t server,
                    bool bytes);

#endif
