/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread that owns the database, so that the loop never waits for a lock or a disk. It
 * takes one batch at a time and tries it until the database has it; between batches it
 * checkpoints and prunes, a small step at a time.
 *
 * All functions are for the loop's thread. Its descriptor says when there is news.
 */
#ifndef BYWAY_MGMTD_WRITER_H
#define BYWAY_MGMTD_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "mgmtd/batch.h"
#include "mgmtd/store.h"

struct writer;

/*
 * Takes the open store over (if it fails, too: then it is closed). NULL with errno set. The
 * thread gets no signals.
 */
struct writer *writer_start(struct store *store, const struct retention *retention);

/* To be polled for reading. */
int writer_fd(const struct writer *writer);

/* True if it has no batch, and the news of the last one was taken. */
bool writer_is_free(const struct writer *writer);

/* Takes the batch over. Only if writer_is_free(). */
void writer_give(struct writer *writer, struct batch *batch);

/* In this order. */
struct writer_news {
    bool synced;  /* all batches written so far, as the last news had it, are on the disk */
    bool written; /* the batch is in the database; the writer is free */
    bool damaged; /* the database cannot be used any more: stop, set it aside */
};
struct writer_news writer_take_news(struct writer *writer);

/*
 * Why the batch is not written: the last result, and in *ms how long that has gone on.
 * STORE_OK if there is no trouble.
 */
enum store_result writer_trouble(struct writer *writer, int64_t *ms);

void writer_set_retention(struct writer *writer, const struct retention *retention);

enum writer_end {
    WRITER_DONE,      /* everything is written, the store is closed */
    WRITER_UNWRITTEN, /* the same, but the last batch is not written */
    WRITER_STUCK      /* the thread still runs, in the hands of the disk: only _exit(2) is left */
};

/* Ends it; a batch that is under way is tried for `wait_ms` more. Frees it unless it is stuck. */
enum writer_end writer_stop(struct writer *writer, int64_t wait_ms);

#endif
