/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One mutex guards what the two threads share; it is never held while the store works. A
 * checkpoint waits until the loop knows that the last batch is written: so "synced" always
 * means every batch that the loop knows of.
 */
#include <config.h>

#include "mgmtd/writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "mgmtd/clock.h"

#define RETRY_FIRST_MS      50
#define RETRY_MAX_MS        2000
#define SYNC_INTERVAL_MS    60000
#define SYNC_ROWS           20000  /* or after so many rows: the WAL is megabytes by then */
#define SYNC_AGAIN_MS       5000   /* after one that readers kept from ending */
#define UNCOPIED_MS         600000 /* so long is worth a line in the log */
#define PRUNE_INTERVAL_MS   600000
#define PRUNE_AGAIN_MS      60000
#define PRUNE_STEP_EVERY_MS 50 /* most of the time is left to batches and readers */
#define STUCK_AFTER_MS      15000

struct writer {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int event;
    struct retention retention;
    bool retention_is_new;
    struct batch *batch; /* until it is written */
    struct writer_news news;
    enum store_result trouble; /* of the batch */
    int64_t trouble_since;
    int64_t retry_at, retry_wait;
    int64_t sync_at;        /* at the latest; INT64_MAX: nothing to sync */
    size_t unsynced;        /* rows */
    int64_t uncopied_since; /* of the first checkpoint that did not end; 0: none */
    bool told_uncopied;
    int64_t prune_at;
    bool stopping;
    int64_t stop_by;
    bool finished;
};

/* As pthread_cond_timedwait(3) is told to count. */
static int64_t clock_ms(void)
{
    return clock_us() / 1000;
}

/* ── the thread ── called with the mutex held */

static void tell_loop(struct writer *w)
{
    uint64_t one = 1;

    /* It can only fail when the loop has 2^64 pieces of news waiting. */
    while (write(w->event, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

static size_t count_rows(const struct batch *b)
{
    return b->servers.n + b->runs.n + b->sessions.n + b->held.n + b->running.n + b->traffic.n +
           b->refusals.n + b->gaps.n + b->positions.n;
}

static void note_damage(struct writer *w)
{
    w->news.damaged = true;
    tell_loop(w);
}

static void note_written(struct writer *w)
{
    w->batch = NULL;
    w->trouble = STORE_OK;
    w->retry_at = w->retry_wait = 0;
    w->news.written = true;
    tell_loop(w);
}

static void note_trouble(struct writer *w, enum store_result result)
{
    int64_t now = clock_ms();

    if (w->trouble == STORE_OK)
        w->trouble_since = now;
    w->trouble = result;
    w->retry_wait = w->retry_wait ? w->retry_wait * 2 : RETRY_FIRST_MS;
    if (w->retry_wait > RETRY_MAX_MS)
        w->retry_wait = RETRY_MAX_MS;
    w->retry_at = now + w->retry_wait;
}

static void write_batch(struct writer *w)
{
    struct batch *batch = w->batch;
    size_t rows = count_rows(batch);
    enum store_result result;

    pthread_mutex_unlock(&w->mutex);
    result = store_write(w->store, batch);
    if (result == STORE_OK)
        batch_free(batch);
    pthread_mutex_lock(&w->mutex);
    if (result == STORE_OK) {
        note_written(w);
        w->unsynced += rows;
        if (w->sync_at == INT64_MAX)
            w->sync_at = clock_ms() + SYNC_INTERVAL_MS;
        if (w->unsynced >= SYNC_ROWS)
            w->sync_at = 0;
    } else if (result == STORE_DAMAGED) {
        note_damage(w);
    } else {
        note_trouble(w, result);
    }
}

/* Usually somebody's transaction that was begun and forgotten. */
static void note_uncopied(struct writer *w)
{
    int64_t now = clock_ms();

    if (w->uncopied_since == 0)
        w->uncopied_since = now;
    if (w->told_uncopied || now - w->uncopied_since < UNCOPIED_MS)
        return;
    w->told_uncopied = true;
    store_tell_uncopied(w->store, (now - w->uncopied_since) / 60000);
}

static void sync_now(struct writer *w)
{
    bool ok, copied;

    pthread_mutex_unlock(&w->mutex);
    ok = store_checkpoint(w->store);
    copied = ok && store_is_copied(w->store);
    pthread_mutex_lock(&w->mutex);
    w->sync_at = copied ? INT64_MAX : clock_ms() + SYNC_AGAIN_MS;
    if (copied) {
        w->uncopied_since = 0;
        w->told_uncopied = false;
    } else {
        note_uncopied(w);
    }
    if (!ok)
        return;
    w->unsynced = 0;
    w->news.synced = true;
    tell_loop(w);
}

static void prune_step(struct writer *w)
{
    struct retention retention = w->retention;
    enum store_result result;
    bool more = false;

    w->retention_is_new = false;
    pthread_mutex_unlock(&w->mutex);
    result = store_prune(w->store, &retention, time(NULL), &more);
    pthread_mutex_lock(&w->mutex);
    if (result == STORE_DAMAGED)
        note_damage(w);
    else if (w->retention_is_new)
        w->prune_at = 0;
    else if (result != STORE_OK)
        w->prune_at = clock_ms() + PRUNE_AGAIN_MS;
    else
        w->prune_at = clock_ms() + (more ? PRUNE_STEP_EVERY_MS : PRUNE_INTERVAL_MS);
    /* What was pruned is in the WAL, too. */
    if (result == STORE_OK && w->sync_at == INT64_MAX)
        w->sync_at = clock_ms() + SYNC_INTERVAL_MS;
}

/* When the next thing is to be done. */
static int64_t next_due(const struct writer *w)
{
    int64_t due = w->prune_at;

    if (w->news.damaged)
        return w->stopping ? w->stop_by : INT64_MAX;
    if (w->batch)
        return w->retry_at;
    if (!w->news.written && w->sync_at < due)
        due = w->sync_at;
    return due;
}

static void wait_until(struct writer *w, int64_t due)
{
    struct timespec at = {.tv_sec = (time_t)(due / 1000), .tv_nsec = (long)(due % 1000) * 1000000};

    if (due == INT64_MAX)
        pthread_cond_wait(&w->changed, &w->mutex);
    else
        pthread_cond_timedwait(&w->changed, &w->mutex, &at);
}

/* Something that is due, or waiting for it. */
static void step(struct writer *w)
{
    int64_t now = clock_ms();
    int64_t due = next_due(w);

    if (now < due)
        wait_until(w, w->stopping && w->stop_by < due ? w->stop_by : due);
    else if (w->batch)
        write_batch(w);
    else if (!w->news.written && now >= w->sync_at)
        sync_now(w);
    else
        prune_step(w);
}

/* Until there is no batch, or no time left for it. */
static bool goes_on(const struct writer *w)
{
    if (!w->stopping)
        return true;
    return w->batch && !w->news.damaged && clock_ms() < w->stop_by;
}

static void *run(void *arg)
{
    struct writer *w = arg;

    pthread_mutex_lock(&w->mutex);
    while (goes_on(w))
        step(w);
    pthread_mutex_unlock(&w->mutex);
    store_close(w->store);
    pthread_mutex_lock(&w->mutex);
    w->finished = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

/* ── the loop's side ── */

static void destroy(struct writer *w)
{
    batch_free(w->batch);
    close(w->event);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->mutex);
    free(w);
}

static struct writer *make(void)
{
    struct writer *w = calloc(1, sizeof(*w));
    pthread_condattr_t monotonic;

    if (!w)
        return NULL;
    w->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->event < 0) {
        free(w);
        return NULL;
    }
    pthread_mutex_init(&w->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return w;
}

/* An errno or 0. The new thread inherits that every signal is blocked. */
static int start_thread(struct writer *w)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

struct writer *writer_start(struct store *store, const struct retention *retention)
{
    struct writer *w = make();
    int error = w ? 0 : errno;

    if (w) {
        w->store = store;
        w->retention = *retention;
        w->sync_at = INT64_MAX;
        error = start_thread(w);
    }
    if (error == 0)
        return w;
    if (w)
        destroy(w);
    store_close(store);
    errno = error;
    return NULL;
}

int writer_fd(const struct writer *w)
{
    return w->event;
}

bool writer_is_free(const struct writer *writer)
{
    struct writer *w = (struct writer *)writer;
    bool is_free;

    pthread_mutex_lock(&w->mutex);
    is_free = !w->batch && !w->news.written && !w->news.damaged;
    pthread_mutex_unlock(&w->mutex);
    return is_free;
}

void writer_give(struct writer *w, struct batch *batch)
{
    pthread_mutex_lock(&w->mutex);
    w->batch = batch;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
}

struct writer_news writer_take_news(struct writer *w)
{
    struct writer_news news;
    uint64_t count;

    while (read(w->event, &count, sizeof(count)) < 0 && errno == EINTR)
        continue;
    pthread_mutex_lock(&w->mutex);
    news = w->news;
    w->news.synced = w->news.written = false; /* damage stays */
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
    return news;
}

enum store_result writer_trouble(struct writer *w, int64_t *ms)
{
    enum store_result trouble;

    pthread_mutex_lock(&w->mutex);
    trouble = w->trouble;
    *ms = trouble == STORE_OK ? 0 : clock_ms() - w->trouble_since;
    pthread_mutex_unlock(&w->mutex);
    return trouble;
}

void writer_set_retention(struct writer *w, const struct retention *retention)
{
    pthread_mutex_lock(&w->mutex);
    w->retention = *retention;
    w->retention_is_new = true; /* also to a step that is under way by the one before */
    w->prune_at = 0;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
}

enum writer_end writer_stop(struct writer *w, int64_t wait_ms)
{
    int64_t stuck_at = clock_ms() + wait_ms + STUCK_AFTER_MS;
    enum writer_end end;

    pthread_mutex_lock(&w->mutex);
    w->stopping = true;
    w->stop_by = clock_ms() + wait_ms;
    pthread_cond_broadcast(&w->changed);
    while (!w->finished && clock_ms() < stuck_at)
        wait_until(w, stuck_at);
    end = !w->finished ? WRITER_STUCK : w->batch ? WRITER_UNWRITTEN : WRITER_DONE;
    pthread_mutex_unlock(&w->mutex);
    if (end == WRITER_STUCK)
        return end;
    pthread_join(w->thread, NULL);
    destroy(w);
    return end;
}
