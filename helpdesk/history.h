/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder's database, opened to be read: while the daemon writes and while it does not
 * run, by an account that may read the file and nothing more. It is in WAL mode, so readers
 * and the writer never wait for one another; the daemon leaves the side files (-wal, -shm)
 * that such an account needs. Nothing here can write, and one command sees one state of the
 * database from its first answer to its last.
 *
 * All SQL is in sql/ and is named: "history.begin" is `begin` of history.sql.
 */
#ifndef BYWAY_HELPDESK_HISTORY_H
#define BYWAY_HELPDESK_HISTORY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct history;

/* What can be wrong with a database. */
enum history_trouble {
    HISTORY_FINE,
    HISTORY_MISSING,    /* there is no such file */
    HISTORY_FORBIDDEN,  /* this account may not read it, or not enter its folder */
    HISTORY_NO_FILE,    /* a folder, a device */
    HISTORY_EMPTY,      /* nothing was written yet */
    HISTORY_FOREIGN,    /* another program's */
    HISTORY_OLDER,      /* the daemon has not brought its schema up yet */
    HISTORY_NEWER,      /* a later version of Byway made it */
    HISTORY_DAMAGED,    /* its pages contradict one another */
    HISTORY_SIDE_FILES, /* -wal or -shm are missing or may not be read */
    HISTORY_UNFINISHED, /* a write was cut off, and a reader may not put it back (a hot journal) */
    HISTORY_BUSY,       /* another program keeps it locked */
    HISTORY_NO_MEMORY,
    HISTORY_FAILED, /* reading failed: input and output, or a statement that does not fit */
};

#define HISTORY_WHY_SIZE 700

/*
 * NULL if it cannot be read; then *trouble says which of them it is and `why` in a sentence
 * what that is and what to do. Waits up to five seconds where a lock is in the way, which
 * only happens while somebody puts a WAL in order after a crash.
 */
struct history *history_open(const char *path, enum history_trouble *trouble,
                             char why[HISTORY_WHY_SIZE]);
void history_close(struct history *history); /* NULL is harmless */

/*
 * A statement of sql/ by its name, without values and at its beginning; it belongs to the
 * history and is prepared once. NULL when that failed: history_trouble() has it.
 */
sqlite3_stmt *history_statement(struct history *history, const char *name);

/* Steps a statement: true for a row, false at the end and when reading failed. */
bool history_row(struct history *history, sqlite3_stmt *statement);

/*
 * What the aggregate tally(key, a, b) of SQL does with each row of a statement, until it is
 * set to something else; NULL (as it is at first): nothing.
 */
typedef void history_tally_fn(void *arg, int64_t key, int64_t a, int64_t b);
void history_set_tally(struct history *history, history_tally_fn *add, void *arg);

/*
 * Binds a list of at most HISTORY_LIST numbers, "[1,2]", for json_each(): asking for many
 * things at once takes half the time of asking for each.
 */
#define HISTORY_LIST 256
void history_bind_list(sqlite3_stmt *statement, int at, const int64_t *numbers, size_t n);

/* Whether anything failed since it was opened, and what. */
enum history_trouble history_trouble(const struct history *history, char why[HISTORY_WHY_SIZE]);

#endif
