/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening, the steps of the work, and the end of it. What is slow happens in the writer. */
#include <config.h>

#include "mgmtd/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mgmtd/clock.h"
#include "mgmtd/writer.h"

#ifndef MAX_WAITING /* a test builds a daemon with less */
#define MAX_WAITING (64L * 1024 * 1024)
#endif
#define OPEN_FOR_MS       5000 /* another daemon may just be leaving */
#define OPEN_AGAIN_MS     100
#define SPOOL_INTERVAL_MS 200
#define SPOOL_STEP_US     5000 /* of reading records */
#define SPOOL_STEP        50   /* records between two looks at the clock */
#define BATCH_INTERVAL_MS 1000
#define ASK_INTERVAL_MS   1000
#define TROUBLE_AFTER_MS  5000  /* is worth a line in the log */
#define TROUBLE_EVERY_MS  60000 /* and again */
#define LAST_BATCH_MS     10000
#define DETAILS_EVERY_MS  60000

struct recording {
    const struct log *log;
    struct log fixed_log; /* for the writer's thread: nobody changes its level meanwhile */
    struct recorder *recorder;
    struct writer *writer;
    struct servers *servers;
    int64_t spool_at, batch_at, ask_at, details_at; /* boot_ms */
    int64_t told_trouble_ms; /* after how long the trouble was told last; 0: not */
    uint64_t batches;
};

/* ── opening ── */

/* A database that another daemon is about to let go of is waited for, a little. */
static enum store_result open_patiently(struct store **store, const struct config *fixed,
                                        const struct log *log)
{
    enum store_result result;

    for (int waited_ms = 0;; waited_ms += OPEN_AGAIN_MS) {
        result = store_open(store, fixed->database, fixed->bucket_s, log);
        if (result != STORE_BUSY || waited_ms >= OPEN_FOR_MS)
            return result;
        poll(NULL, 0, OPEN_AGAIN_MS);
    }
}

static bool set_aside(const char *database, char *to, size_t to_size, const struct log *log)
{
    int error = store_set_aside(database, time(NULL), to, to_size);

    if (error != 0)
        log_write(log, LOG_LEVEL_ERROR, "database", "%s is damaged and cannot be renamed: %s",
                  database, strerror(error));
    else
        log_write(log, LOG_LEVEL_ERROR, "database",
                  "%s is damaged. It is kept as %s, and a new one begins. To get out of it what "
                  "can be read: sqlite3 %s .recover",
                  database, to, to);
    return error == 0;
}

/* What the new database knows of the old one: that before now something is missing. */
static enum store_result note_loss(struct store *store, const char *where)
{
    struct batch *batch = batch_new();
    struct gap_row gap = {.id = 1,
                          .server = BATCH_NONE,
                          .ended = time(NULL),
                          .count = BATCH_NONE,
                          .kind = GAP_NOT_WATCHED};
    char reason[600];
    enum store_result result = STORE_FAILED;

    snprintf(reason, sizeof(reason),
             "the database was damaged and a new one begun; what was recorded before is in %s",
             where);
    gap.reason = reason;
    if (batch && batch_gap(batch, &gap)) {
        batch->alive_at = gap.ended;
        result = store_write(store, batch);
    }
    batch_free(batch);
    return result;
}

static enum store_result begin_anew(struct store **store, const struct config *fixed,
                                    const struct log *log)
{
    char where[512];
    enum store_result result;

    if (!set_aside(fixed->database, where, sizeof(where), log))
        return STORE_DAMAGED;
    result = open_patiently(store, fixed, log);
    if (result == STORE_OK)
        result = note_loss(*store, where);
    return result;
}

/* Damage that shows only later is not seen when the database is opened. */
static struct store *open_store(const struct config *fixed, bool is_damaged, const struct log *log)
{
    struct store *store = NULL;
    enum store_result result = is_damaged ? STORE_DAMAGED : open_patiently(&store, fixed, log);

    if (result == STORE_DAMAGED)
        result = begin_anew(&store, fixed, log);
    if (result == STORE_OK)
        return store;
    log_write(log, LOG_LEVEL_ERROR, "database", "%s: %s", fixed->database,
              store_result_text(result));
    store_close(store);
    return NULL;
}

/* Reads where the database stands; then the store is the writer's. */
static bool bring_up(struct recording *r, const struct config *fixed, const struct config *config,
                     bool is_damaged)
{
    struct store *store = open_store(fixed, is_damaged, &r->fixed_log);
    const struct recorder_settings settings = {
        .spool_dir = fixed->spool_dir, .bucket_s = fixed->bucket_s, .max_memory = MAX_WAITING};

    if (!store)
        return false;
    r->recorder = recorder_new(store, &settings, r->log, clock_now());
    r->servers = r->recorder ? servers_new(r->recorder, r->log) : NULL;
    if (!r->servers || !servers_configure(r->servers, config)) {
        store_close(store);
        log_write(r->log, LOG_LEVEL_ERROR, "recorder", "cannot begin");
        return false;
    }
    r->writer = writer_start(store, &config->retention);
    if (!r->writer)
        log_write(r->log, LOG_LEVEL_ERROR, "recorder", "cannot start a thread: %s",
                  strerror(errno));
    return r->writer != NULL;
}

struct recording *recording_open(const struct config *fixed, const struct config *config,
                                 bool is_damaged, const struct log *log)
{
    struct recording *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->log = log;
    r->fixed_log = *log;
    if (bring_up(r, fixed, config, is_damaged))
        return r;
    recording_abandon(r);
    return NULL;
}

void recording_configure(struct recording *r, const struct config *config)
{
    if (!servers_configure(r->servers, config))
        log_write(r->log, LOG_LEVEL_ERROR, "recorder",
                  "memory is out: not all servers are watched; try another reload");
    writer_set_retention(r->writer, &config->retention);
}

struct servers *recording_servers(struct recording *r)
{
    return r->servers;
}

int recording_fd(const struct recording *r)
{
    return writer_fd(r->writer);
}

/* ── the work ── */

bool recording_news(struct recording *r)
{
    struct writer_news news = writer_take_news(r->writer);

    if (news.synced)
        recorder_synced(r->recorder);
    if (news.written) {
        recorder_batch_written(r->recorder);
        r->batches++;
    }
    return !news.damaged;
}

/* And goes on with what the sockets told. */
static int64_t read_spool(struct recording *r)
{
    int64_t began = clock_us();
    bool work = recorder_work(r->recorder, clock_now());
    bool more = true;

    while (more && clock_us() - began < SPOOL_STEP_US)
        more = recorder_read_spool(r->recorder, SPOOL_STEP, clock_now());
    return more || work ? 0 : SPOOL_INTERVAL_MS;
}

/* While the writer has one, there is nothing to hurry for: read_spool() goes on with the work. */
static int64_t give_batch(struct recording *r)
{
    struct batch *batch;

    if (!writer_is_free(r->writer))
        return BATCH_INTERVAL_MS;
    batch = recorder_take_batch(r->recorder, clock_now());
    if (batch)
        writer_give(r->writer, batch);
    return recorder_is_packing(r->recorder) ? 0 : BATCH_INTERVAL_MS;
}

/* Nothing is lost while the database takes no rows, but somebody should know. */
static void tell_trouble(struct recording *r)
{
    int64_t ms = 0;
    enum store_result trouble = writer_trouble(r->writer, &ms);

    if (trouble == STORE_OK && r->told_trouble_ms > 0) {
        r->told_trouble_ms = 0;
        log_write(r->log, LOG_LEVEL_NOTICE, "database", "the database takes rows again");
    }
    if (trouble == STORE_OK || ms < TROUBLE_AFTER_MS ||
        (r->told_trouble_ms > 0 && ms - r->told_trouble_ms < TROUBLE_EVERY_MS))
        return;
    r->told_trouble_ms = ms;
    log_write(r->log, LOG_LEVEL_WARNING, "database",
              "the database takes no rows for %" PRId64 " s, %zu KiB wait: %s", ms / 1000,
              recorder_waiting(r->recorder) / 1024, store_result_text(trouble));
}

static int64_t ask(struct recording *r)
{
    servers_ask(r->servers);
    tell_trouble(r);
    return ASK_INTERVAL_MS;
}

static int64_t tell_details(struct recording *r)
{
    log_write(r->log, LOG_LEVEL_DEBUG, "recorder",
              "%" PRIu64 " batches written; a socket with something to read waited for %" PRId64
              " ms at most; %" PRIu64 " lines could not be read",
              r->batches, servers_longest_unread_us(r->servers) / 1000,
              servers_garbage(r->servers));
    return DETAILS_EVERY_MS;
}

int64_t recording_step(struct recording *r)
{
    const struct {
        int64_t *at;
        int64_t (*work)(struct recording *r); /* after how many milliseconds again */
    } steps[] = {{&r->spool_at, read_spool},
                 {&r->batch_at, give_batch},
                 {&r->ask_at, ask},
                 {&r->details_at, tell_details}};
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        int64_t now = clock_boot_ms();

        if (now >= *steps[i].at)
            *steps[i].at = now + steps[i].work(r);
        next = *steps[i].at < next ? *steps[i].at : next;
    }
    return next;
}

char *recording_status(struct recording *r, char *text, size_t size)
{
    int64_t ms = 0;
    enum store_result trouble = writer_trouble(r->writer, &ms);
    int n = snprintf(text, size, "%zu of %zu servers attached, %zu sessions open",
                     servers_attached(r->servers), servers_count(r->servers),
                     recorder_open(r->recorder));

    if (trouble != STORE_OK && ms >= TROUBLE_AFTER_MS && n > 0 && (size_t)n < size)
        snprintf(text + n, size - (size_t)n, "; the database takes no rows for %" PRId64 " s: %s",
                 ms / 1000, store_result_text(trouble));
    return text;
}

/* ── the end ── */

/* Until the writer has no batch any more. */
static bool wait_for_writer(struct recording *r, int64_t until_ms)
{
    struct pollfd news = {.fd = recording_fd(r), .events = POLLIN};

    while (!writer_is_free(r->writer)) {
        int64_t left = until_ms - clock_boot_ms();

        if (left <= 0 || !recording_news(r))
            return false;
        if (!writer_is_free(r->writer))
            poll(&news, 1, (int)left);
    }
    return true;
}

static bool stop_writer(struct recording *r, int64_t wait_ms)
{
    enum writer_end end = r->writer ? writer_stop(r->writer, wait_ms) : WRITER_DONE;

    r->writer = NULL;
    if (end != WRITER_STUCK)
        return end == WRITER_DONE;
    log_write(r->log, LOG_LEVEL_ERROR, "database", "the disk does not answer: leaving it at that");
    _exit(EXIT_FAILURE); /* what exit(3) runs may wait for that disk */
}

static void free_all(struct recording *r)
{
    servers_free(r->servers);
    recorder_free(r->recorder);
    free(r);
}

static void give_whole_batch(struct recording *r)
{
    struct batch *batch;

    do
        batch = recorder_take_batch(r->recorder, clock_now());
    while (recorder_is_packing(r->recorder));
    if (batch)
        writer_give(r->writer, batch);
}

static bool write_the_rest(struct recording *r)
{
    int64_t until = clock_boot_ms() + LAST_BATCH_MS;
    bool ok = wait_for_writer(r, until);

    while (recorder_work(r->recorder, clock_now()))
        continue;
    recorder_stop(r->recorder, clock_now());
    /* One may be half put together. */
    for (int i = 0; ok && i < 2; i++) {
        give_whole_batch(r);
        ok = wait_for_writer(r, until);
    }
    return ok;
}

bool recording_finish(struct recording *r)
{
    bool ok;

    tell_details(r);
    /* OpenVPN has nobody then who could be slow in reading. */
    servers_free(r->servers);
    r->servers = NULL;
    ok = write_the_rest(r);
    if (!ok)
        log_write(r->log, LOG_LEVEL_ERROR, "database",
                  "the last rows could not be written in %d s; the spool still has its part",
                  LAST_BATCH_MS / 1000);
    ok = stop_writer(r, 0) && ok;
    free_all(r);
    return ok;
}

void recording_abandon(struct recording *r)
{
    if (!r)
        return;
    /* OpenVPN has nobody then who could be slow in reading. */
    servers_free(r->servers);
    r->servers = NULL;
    stop_writer(r, 0);
    free_all(r);
}
