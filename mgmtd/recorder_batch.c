/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the live table to batches. Rows that do not change any more are put into the next
 * batch as they are made; what is still changing waits as one latest value and is copied
 * when a batch is taken. The positions of the spools go into the same batch as the rows
 * that were made of them, so a record is counted exactly once, whenever the daemon dies.
 */
#include "mgmtd/memory.h"
#include "mgmtd/recorder_private.h"

#include "lib/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ALIVE_MS        3000
#define SESSION_WAITING 512 /* bytes of a session that waits, about */
#define FREE_EVERY      (64 * 1024)

struct batch *batch_under_way(struct recorder *recorder)
{
    if (!recorder->next)
        recorder->next = memory_need(batch_new());
    return recorder->next;
}

static size_t bytes_of(const struct batch *batch)
{
    if (!batch)
        return 0;
    return arena_used(batch->arena) + batch->sessions.room * sizeof *batch->sessions.rows +
           batch->held.room * sizeof *batch->held.rows +
           batch->running.room * sizeof *batch->running.rows +
           batch->traffic.room * sizeof *batch->traffic.rows +
           batch->refusals.room * sizeof *batch->refusals.rows +
           batch->gaps.room * sizeof *batch->gaps.rows;
}

size_t recorder_waiting(const struct recorder *recorder)
{
    return bytes_of(recorder->next) + bytes_of(recorder->packing) + recorder->in_flight_bytes +
           (recorder->dirty.n + recorder->unpacked.n) * SESSION_WAITING;
}

bool batch_is_full(const struct recorder *recorder)
{
    return bytes_of(recorder->next) > recorder->settings.max_memory;
}

/* ── copying what changed ── */

static void add_servers(struct recorder *recorder, struct batch *batch)
{
    for (size_t i = 0; i < recorder->n_servers; i++) {
        struct server *server = recorder->servers[i];
        struct server_row row = {server->id, server->name, server->spool_name};

        if (server->dirty)
            memory_need_true(batch_server(batch, &row));
        server->dirty = false;
        gap_write_open(server, batch);
    }
}

static void add_runs(struct recorder *recorder, struct batch *batch)
{
    for (struct run *run = chain_first(&recorder->runs); run; run = chain_next(&run->link)) {
        struct run_row row = {
            .id = run->id,
            .server = run->server->id,
            .pid = run->pid,
            .daemon_start = run->daemon_start,
            .connected_at = run->connected_at,
            .began = run->began,
            .ended = run->ended,
            .end_reason = run->end_reason,
            .spool = run->spool,
        };

        if (run->dirty)
            memory_need_true(batch_run(batch, &row));
        run->dirty = false;
    }
}

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

/* Every address in a row is one that was held: what is only expected is not. */
static const char *if_known(const struct session *session, const char *address, bool learned)
{
    if (!learned && chain_has(&session->in_tentative) && !session_holds(session, HELD_VPN, address))
        return NULL;
    return or_null(address);
}

static void add_session(struct batch *batch, const struct session *session)
{
    struct session_row row = {
        .id = session->id,
        .run = session->run->id,
        .started = session->started,
        .ended = session->ended,
        .gone_by = session->gone_by,
        .from_client = session->final_from,
        .to_client = session->final_to,
        .fell_back = session->fell_back,
        .real_port = session->real_port,
        .cid = session->cid,
        .number = session->number,
        .handshake = session->handshake,
        .ended_boot_ms = session->ended_boot_ms,
        .lately = session->ended != BATCH_NONE && chain_has(&session->in_run),
        .end_reason = session->end_reason,
        .user = session->user,
        .typed = session->typed,
        .common_name = session->common_name,
        .profile = session->profile,
        .chosen_by = session->chosen_by,
        .program = session->program,
        .platform = session->platform,
        .routes = session->routes,
        .real = or_null(session->real),
        .vpn4 = if_known(session, session->vpn4, session->learned4),
        .vpn6 = if_known(session, session->vpn6, session->learned6),
    };

    memory_need_true(batch_session(batch, &row));
}

static void add_running(struct batch *batch, const struct session *session)
{
    const struct counts *counts = &session->counts;
    const struct counts_epoch *a = &counts->sources[COUNTS_BYTECOUNT];
    const struct counts_epoch *b = &counts->sources[COUNTS_STATUS];
    struct running_row row = {
        .session = session->id,
        .last_seen = session->last_seen,
        .from_client = counts->from,
        .to_client = counts->to,
        .counted_at = counts->at,
        .epoch_from = a->from > b->from ? a->from : b->from,
        .epoch_to = a->to > b->to ? a->to : b->to,
        .bucket = counts->bucket,
        .base_from = counts->base_from,
        .base_to = counts->base_to,
        .base_at = counts->base_at,
    };

    memory_need_true(batch_running(batch, &row));
}

static void pack(struct recorder *recorder, struct session *session)
{
    chain_remove(&recorder->unpacked, &session->in_dirty);
    session->run->n_dirty--;
    if (session->dirty_row)
        add_session(recorder->packing, session);
    if (session->dirty_running && session->ended == BATCH_NONE)
        add_running(recorder->packing, session);
    session->dirty_row = session->dirty_running = false;
    session->stored = true;
}

void batch_keep(struct recorder *recorder, struct session *session)
{
    if (chain_has(&session->in_dirty) && session->dirty_number != recorder->dirty_number)
        pack(recorder, session);
}

/* True once the batch has them all. */
static bool pack_some(struct recorder *recorder)
{
    struct session *session;

    for (size_t i = 0; i < recorder->settings.step && (session = chain_first(&recorder->unpacked));
         i++) {
        pack(recorder, session);
        session_release(recorder, session);
    }
    return recorder->unpacked.n == 0;
}

static void add_positions(struct recorder *recorder, struct batch *batch)
{
    for (struct spool_file *file = chain_first(&recorder->files); file;
         file = chain_next(&file->link)) {
        struct position_row row = {file->name, 0, file->position, file->alive_at};

        if (!file->run || (file->position == file->taken && file->alive_at == file->alive_at_taken))
            continue;
        row.run = file->run->id;
        memory_need_true(batch_position(batch, &row));
        file->taken = file->position;
        file->alive_at_taken = file->alive_at;
    }
}

static bool something_changed(const struct recorder *recorder)
{
    if (recorder->next || recorder->dirty.n > 0 || recorder->stopping)
        return true;
    if (recorder->now.boot_ms - recorder->alive_ms >= ALIVE_MS || recorder->overload.id != 0)
        return true;
    for (size_t i = 0; i < recorder->n_servers; i++)
        if (recorder->servers[i]->dirty || recorder->servers[i]->gap_dirty)
            return true;
    for (const struct run *run = chain_first(&recorder->runs); run; run = chain_next(&run->link))
        if (run->dirty)
            return true;
    for (const struct spool_file *file = chain_first(&recorder->files); file;
         file = chain_next(&file->link))
        if (file->run && file->position != file->taken)
            return true;
    return false;
}

/* What changes from now on goes into the next one: the positions are those of this moment. */
static void begin_packing(struct recorder *recorder)
{
    struct batch *batch = batch_under_way(recorder);

    recorder->packing = batch;
    recorder->next = NULL;
    recorder->unpacked = recorder->dirty;
    recorder->dirty = (struct chain){0};
    recorder->dirty_number++;
    if (recorder->overload.id != 0)
        memory_need_true(batch_gap(batch, &recorder->overload));
    recorder->overload = (struct gap_row){0};
    add_servers(recorder, batch);
    add_runs(recorder, batch);
    add_positions(recorder, batch);
    /* The next daemon takes it that no writer of a spool was gone by then. */
    batch->alive_at = recorder->last_alive_at;
    if (recorder->looked || !recorder->spool_dir || recorder->last_alive_at == BATCH_NONE)
        batch->alive_at = recorder->now.wall_s;
    batch->stopped = recorder->stopping;
    batch->clock_right = recorder->clock.right_until;
    batch->clock_since = recorder->clock.since;
    recorder->stopping = false;
    recorder->alive_ms = recorder->now.boot_ms;
    recorder->n_taken++;
}

struct batch *recorder_take_batch(struct recorder *recorder, struct recorder_time now)
{
    struct batch *batch;

    recorder_tick(recorder, now);
    if (!recorder->packing && recorder->n_parting > 0)
        run_work(recorder);
    if (!recorder->packing && recorder->n_parting > 0)
        return NULL;
    if (recorder->in_flight || (!recorder->packing && !something_changed(recorder)))
        return NULL;
    if (!recorder->packing)
        begin_packing(recorder);
    if (!pack_some(recorder))
        return NULL;
    batch = recorder->packing;
    recorder->packing = NULL;
    run_forget_finished(recorder);
    recorder->in_flight = true;
    recorder->in_flight_bytes = bytes_of(batch);
    return batch;
}

bool recorder_is_packing(const struct recorder *recorder)
{
    return recorder->packing != NULL || recorder->n_parting > 0;
}

void recorder_batch_written(struct recorder *recorder)
{
    recorder->in_flight = false;
    recorder->in_flight_bytes = 0;
    recorder->n_written = recorder->n_taken;
    for (struct spool_file *file = chain_first(&recorder->files); file;
         file = chain_next(&file->link))
        file->written = file->taken;
}

/* ── what is safely stored ── */

static void forget_file(struct recorder *recorder, struct spool_file *file)
{
    struct position_row row = {file->name, file->run ? file->run->id : 0, BATCH_NONE, BATCH_NONE};

    if (file->run)
        memory_need_true(batch_position(batch_under_way(recorder), &row));
    for (struct run *run = chain_first(&recorder->runs); run; run = chain_next(&run->link))
        if (run->file == file)
            run->file = NULL;
    for (size_t i = 0; i < recorder->n_servers; i++)
        if (recorder->servers[i]->gap_spool == file)
            recorder->servers[i]->gap_spool = NULL;
    chain_remove(&recorder->files, &file->link);
    spool_reader_close(file->reader);
    free(file->daemon);
    free(file->name);
    free(file);
}

/* Deletes a finished file; true if it is not there any more. */
static bool remove_file(struct recorder *recorder, struct spool_file *file)
{
    int removed = file->reader && !file->missing
                      ? spool_reader_remove_finished(file->reader, recorder->dir_fd, file->name)
                      : 1;

    if (removed == 1)
        recorder->complained = false;
    if (removed >= 0 || errno == ENOENT)
        return removed != 0;
    if (!recorder->complained)
        log_write(recorder->log, LOG_LEVEL_WARNING, "spool",
                  "%s is done with, but stays, and so may others: %s", file->name, strerror(errno));
    recorder->complained = true;
    file->stays = true;
    spool_reader_close(file->reader);
    file->reader = NULL;
    return false;
}

void recorder_synced(struct recorder *recorder)
{
    struct spool_file *next;

    for (struct spool_file *file = chain_first(&recorder->files); file; file = next) {
        next = chain_next(&file->link);
        if (file->finished && file->finished_batch <= recorder->n_written &&
            (!file->run || file->written == file->position) && !file->stays) {
            if (remove_file(recorder, file))
                forget_file(recorder, file);
        } else if (file->reader && file->written - file->freed >= FREE_EVERY) {
            spool_reader_free_before(file->reader, file->written);
            file->freed = file->written;
        }
    }
}

void recorder_stop(struct recorder *recorder, struct recorder_time now)
{
    recorder_tick(recorder, now);
    recorder->stopping = true;
}
