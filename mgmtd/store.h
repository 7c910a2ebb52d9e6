/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database of the recorder: SQLite, WAL, one writer. It knows rows and nothing of
 * OpenVPN. All its SQL is in sql/, embedded at build, prepared once. A store belongs to
 * one thread at a time (mgmtd/writer: its own).
 */
#ifndef BYWAY_MGMTD_STORE_H
#define BYWAY_MGMTD_STORE_H

#include "lib/log.h"
#include "mgmtd/batch.h"

#include <stdbool.h>
#include <stdint.h>

struct store;

#define STORE_TEXT_MAX 500 /* bytes of a text; what is longer is cut */

enum store_result {
    STORE_OK,
    STORE_BUSY,    /* somebody holds a lock: try again soon */
    STORE_FULL,    /* no space: try again later */
    STORE_FAILED,  /* input or output failed, memory is out: try again later */
    STORE_DAMAGED, /* not a database any more: store_close(), store_set_aside() and open anew */
    STORE_NEWER,   /* at open: a later version of Byway made it */
    STORE_FOREIGN  /* at open: another program's database */
};

/* In words that say what to do. */
const char *store_result_text(enum store_result result);

/*
 * Opens or makes the database, brings its schema up step by step (each in a transaction),
 * and takes the lock that keeps a second daemon out (STORE_BUSY then). *store is NULL
 * unless STORE_OK. Never waits for locks.
 */
enum store_result store_open(struct store **store, const char *path, int64_t bucket_s,
                             const struct log *log);
/* Checkpoints what it can and closes. NULL is harmless. */
void store_close(struct store *store);

/*
 * Renames a damaged database and its side files to `PATH.damaged-YYYYMMDDTHHMMSS[-N]`;
 * nothing is overwritten. 0 or an errno. `to` gets the new name.
 */
int store_set_aside(const char *path, int64_t now, char *to, size_t to_size);

/*
 * One transaction with the whole batch, or nothing. A batch that is in the database already
 * (its commit went through though it did not seem so) is not written again.
 */
enum store_result store_write(struct store *store, const struct batch *batch);

/*
 * Copies the WAL back into the database, in a way that readers and writers go on. True if
 * everything committed before the call is synced: only then may what it was made of (the
 * spool) be freed. Where a reader's transaction keeps the WAL from being copied, each commit
 * from then on syncs the WAL, so that after the next one this is true all the same.
 */
bool store_checkpoint(struct store *store);
/* True if the last checkpoint copied the whole WAL: then it does not grow. */
bool store_is_copied(const struct store *store);
/* Says in the log that it was false for so long, and what to do. */
void store_tell_uncopied(const struct store *store, int64_t minutes);

/* ── what the recorder takes up again ── */

struct store_state {
    int64_t next_server, next_run, next_session, next_refusal, next_gap;
    int64_t alive_at; /* BATCH_NONE: never */
    bool stopped;
    int64_t clock_right, clock_since; /* as the last batch said */
};

/* Called for every row; strings are valid during the call only. False ends the reading. */
struct store_reader {
    void *arg;
    bool (*server)(void *arg, const struct server_row *row);     /* all */
    bool (*run)(void *arg, const struct run_row *row);           /* not ended, or with a position */
    bool (*session)(void *arg, const struct session_row *row);   /* open */
    bool (*lately)(void *arg, const struct session_row *row);    /* ended a moment ago, by ends */
    bool (*running)(void *arg, const struct running_row *row);   /* of those */
    bool (*held)(void *arg, const struct held_row *row);         /* of those, not given up */
    bool (*gap)(void *arg, const struct gap_row *row);           /* not ended */
    bool (*position)(void *arg, const struct position_row *row); /* all */
};

enum store_result store_read(struct store *store, const struct store_reader *reader,
                             struct store_state *state);

/* ── retention ── */

/* Seconds; BATCH_NONE: for ever. */
struct retention {
    int64_t real_addresses, sessions, traffic;
};

/*
 * One small step (a few milliseconds, one transaction) of deleting what is older. Open
 * sessions stay. STORE_OK with *more = true if there is more to do. A `now` that is 30 days
 * ahead of the last one, or of when the last daemon lived, is believed only after a week:
 * until then nothing is deleted.
 */
enum store_result store_prune(struct store *store, const struct retention *retention, int64_t now,
                              bool *more);

#endif
