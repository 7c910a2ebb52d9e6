/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sessions a question is about: the filters that commands share, and the search for
 * what passes them. A session is found if it may have lived at any moment of the time asked
 * about, not only if it began then.
 */
#ifndef BYWAY_HELPDESK_FIND_H
#define BYWAY_HELPDESK_FIND_H

#include <stdbool.h>
#include <stdint.h>

#include "helpdesk/command.h"
#include "helpdesk/history.h"

#define FIND_ANY INT64_MIN
/* The words of --sort, in this order; all but the first need every session that is found. */
enum find_order {
    FIND_BY_STARTED,
    FIND_BY_ENDED,
    FIND_BY_DURATION,
    FIND_BY_UPLOAD,
    FIND_BY_DOWNLOAD,
};

extern const char *const find_orders[];

struct find {
    int64_t first, last; /* the time asked about: epoch seconds, both included */
    int64_t now;
    /* FIND_ANY, or the number of a word */
    int64_t user, profile, server;
    int64_t address, real; /* held in that time */
    bool open;
    int64_t min_upload; /* or FIND_ANY */
    enum find_order order;
    int64_t limit;   /* 0: none */
    bool is_assumed; /* nobody asked for `first`: see find_assume_time() */
    bool more;       /* after find_sessions(): the limit left some out */
};

/*
 * From the options of a command (which need not take all of them). STATUS_NO: a name is not
 * in the database, which standard error is told with the nearest; STATUS_ERROR: said, too.
 */
enum status find_read(struct find *find, struct history *history, const struct command *command,
                      const struct options *options);

/* The same of the time and the server alone. */
enum status find_read_place(struct find *find, struct history *history,
                            const struct command *command, const struct options *options);

/*
 * What would have to read every session there is, because the largest of all are wanted and
 * neither a time nor a user, an address or --open narrows it, is taken to be about the last
 * FIND_USUAL_DAYS days. The person must be told if find->is_assumed.
 */
#define FIND_USUAL_DAYS 30
void find_assume_time(struct find *find);

/* Calls `visit` for each, in order; false from it ends the search. False: memory is out. */
bool find_sessions(struct find *find, struct history *history, bool (*visit)(void *arg, int64_t id),
                   void *arg);

#endif
