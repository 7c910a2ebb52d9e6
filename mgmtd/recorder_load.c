/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes up where the database stands: what was open when the last daemon ended. */
#include "mgmtd/memory.h"
#include "mgmtd/recorder_private.h"

#include <stdlib.h>
#include <string.h>

struct loading {
    struct recorder *recorder;
};

static struct server *server_of_id(const struct recorder *recorder, int64_t id)
{
    for (size_t i = 0; i < recorder->n_servers; i++)
        if (recorder->servers[i]->id == id)
            return recorder->servers[i];
    return NULL;
}

static struct run *run_of_id(const struct recorder *recorder, int64_t id)
{
    for (struct run *run = chain_first(&recorder->runs); run; run = chain_next(&run->link))
        if (run->id == id)
            return run;
    return NULL;
}

static struct session *session_of_id(const struct recorder *recorder, int64_t id)
{
    return sessions_find(recorder->sessions, SESSION_BY_ID, 0, (uint64_t)id);
}

/* ── rows, in the order the store reads them ── */

static bool on_server(void *arg, const struct server_row *row)
{
    struct loading *loading = arg;
    struct server *server = server_new(loading->recorder, row->id, row->name);

    server->spool_name = memory_copy(row->spool_name);
    server->loaded = true;
    server->dirty = false;
    return true;
}

static bool on_run(void *arg, const struct run_row *row)
{
    struct loading *loading = arg;
    struct recorder *recorder = loading->recorder;
    struct server *server = server_of_id(recorder, row->server);
    struct run *run;

    if (!server)
        return true;
    run = memory_zeroed(sizeof *run);
    *run = (struct run){
        .id = row->id,
        .server = server,
        .pid = row->pid,
        .daemon_start = row->daemon_start,
        .connected_at = row->connected_at,
        .began = row->began,
        .ended = row->ended,
        .end_reason = row->end_reason,
        .spool = memory_copy(row->spool),
    };
    chain_add(&recorder->runs, &run->link, run);
    if (run->connected_at != BATCH_NONE && run->ended == BATCH_NONE &&
        (!server->run || server->run->connected_at <= run->connected_at))
        server->run = run;
    return true;
}

/* NULL if its run is not known (any more). */
static struct session *session_new(struct recorder *recorder, const struct session_row *row)
{
    struct run *run = run_of_id(recorder, row->run);
    struct session *session;
    const struct session_names names = {row->user,     row->typed,     row->common_name,
                                        row->profile,  row->chosen_by, row->program,
                                        row->platform, row->routes};

    if (!run)
        return NULL;
    session = sessions_add(recorder->sessions, row->id);
    session->run = run;
    session->stored = true;
    session->started = session->last_seen = session->real_at = row->started;
    session->fell_back = row->fell_back;
    session->real_port = row->real_port;
    session->number = row->number;
    session->handshake = row->handshake;
    if (row->handshake != BATCH_NONE)
        session->since = row->started - row->handshake;
    session_name(session, &names);
    address_read(row->real, session->real);
    address_read(row->vpn4, session->vpn4);
    address_read(row->vpn6, session->vpn6);
    return session;
}

static bool on_session(void *arg, const struct session_row *row)
{
    struct loading *loading = arg;
    struct recorder *recorder = loading->recorder;
    struct session *session = session_new(recorder, row);

    if (!session)
        return true;
    chain_add(&session->run->sessions, &session->in_run, session);
    recorder->n_open++;
    counts_begin(&session->counts, row->started, recorder->settings.bucket_s);
    session_index_all(recorder, session, session->run->server);
    if (row->cid != BATCH_NONE) {
        session->cid = row->cid;
        sessions_index(recorder->sessions, session, SESSION_BY_CID, session->run->id,
                       (uint64_t)row->cid);
    }
    return true;
}

/* Its end may yet be explained, as if the last daemon went on: see into_tail(). */
static bool on_lately(void *arg, const struct session_row *row)
{
    struct loading *loading = arg;
    struct session *session = session_new(loading->recorder, row);

    if (!session)
        return true;
    session->ended = row->ended;
    session->gone_by = row->gone_by;
    session->ended_boot_ms = row->ended_boot_ms;
    session->end_reason = row->end_reason;
    session->final_from = row->from_client;
    session->final_to = row->to_client;
    run_keep_ended(loading->recorder, session);
    return true;
}

static bool on_running(void *arg, const struct running_row *row)
{
    struct loading *loading = arg;
    struct session *session = session_of_id(loading->recorder, row->session);
    struct counts *counts;

    if (!session)
        return true;
    counts = &session->counts;
    session->last_seen = row->last_seen > session->started ? row->last_seen : session->started;
    session->real_at = session->last_seen;
    counts->from = row->from_client;
    counts->to = row->to_client;
    counts->at = row->counted_at;
    counts->bucket = row->bucket;
    counts->base_from = row->base_from;
    counts->base_to = row->base_to;
    counts->base_at = row->base_at;
    for (int i = 0; i < COUNTS_SOURCES; i++) {
        counts->sources[i].from = row->epoch_from;
        counts->sources[i].to = row->epoch_to;
    }
    return true;
}

static bool on_held(void *arg, const struct held_row *row)
{
    struct loading *loading = arg;
    struct session *session = session_of_id(loading->recorder, row->session);

    if (session && row->address)
        session_hold(session, row->kind, row->address, row->since);
    return true;
}

static bool on_gap(void *arg, const struct gap_row *row)
{
    struct loading *loading = arg;
    struct server *server = server_of_id(loading->recorder, row->server);

    if (server && row->kind == GAP_SPOOL_LOST)
        gap_load_deleted(server, row);
    if (!server || row->kind != GAP_NOT_WATCHED)
        return true;
    server->gap = *row;
    server->gap_reason = memory_copy(row->reason);
    server->gap.reason = server->gap_reason;
    server->gap_stored = true;
    return true;
}

static bool on_position(void *arg, const struct position_row *row)
{
    struct loading *loading = arg;
    struct recorder *recorder = loading->recorder;
    struct run *run = run_of_id(recorder, row->run);
    struct spool_file *file;

    if (!run)
        return true;
    file = file_new(recorder, row->file);
    file_identify(file, NULL);
    if (run->server->spool_name) {
        free(file->daemon);
        file->daemon = memory_copy(run->server->spool_name);
    }
    file->pid = run->pid;
    file->start = run->daemon_start;
    file->at = run->began;
    file->run = run;
    file->position = file->taken = file->written = row->position;
    file->alive_at = file->alive_at_taken = row->alive_at;
    return true;
}

/* ── what belongs together ── */

static struct spool_file *file_of_spool(const struct recorder *recorder, const char *name)
{
    for (struct spool_file *file = chain_first(&recorder->files); file;
         file = chain_next(&file->link))
        if (name && strcmp(file->name, name) == 0)
            return file;
    return NULL;
}

static void join_session(struct recorder *recorder, struct session *session,
                         struct spool_file *file)
{
    /* Management began it, so records were lost; it is not the spool that will tell of its end. */
    session->run->lossy = session->run->lossy || session->number == BATCH_NONE;
    if (session->number != BATCH_NONE) {
        session->file = file;
        sessions_index(recorder->sessions, session, SESSION_BY_NUMBER, file->id,
                       (uint64_t)session->number);
        if (session->number > file->last_number)
            file->last_number = session->number;
    }
    if (session->last_seen > file->last_at)
        file->last_at = session->last_seen; /* at the latest */
}

static struct spool_file *file_of_server(const struct recorder *recorder,
                                         const struct server *server)
{
    for (struct spool_file *file = chain_first(&recorder->files); file;
         file = chain_next(&file->link))
        if (file->run->server == server)
            return file;
    return NULL;
}

/* The gap of a spool that was deleted: of that file, if it was not let go of yet. */
static void join_lost(struct recorder *recorder, struct server *server)
{
    struct spool_file *file = server->run ? server->run->file : file_of_server(recorder, server);

    if (file) {
        file->lost = server->lost;
        server->lost.id = 0;
    } else if (!server->run) {
        gap_end_lost(recorder, server);
    }
}

static void join(struct recorder *recorder)
{
    for (struct run *run = chain_first(&recorder->runs); run; run = chain_next(&run->link)) {
        struct spool_file *file = file_of_spool(recorder, run->spool);
        struct session *session;

        run->file = file;
        if (!file)
            continue;
        if (file->run != run && file->run->began > run->began)
            file->earlier = run;
        file->last_at = run->began;
        for (session = chain_first(&run->sessions); session; session = chain_next(&session->in_run))
            join_session(recorder, session, file);
        for (session = chain_first(&run->tail); session; session = chain_next(&session->in_run))
            session->file = file;
    }
    for (size_t i = 0; i < recorder->n_servers; i++) {
        struct server *server = recorder->servers[i];

        if (server->gap.id != 0 && server->run)
            server->gap_spool = server->run->file;
        if (server->lost.id != 0)
            join_lost(recorder, server);
    }
}

bool recorder_load(struct recorder *recorder, struct store *store)
{
    struct loading loading = {.recorder = recorder};
    const struct store_reader reader = {
        .arg = &loading,
        .server = on_server,
        .run = on_run,
        .session = on_session,
        .lately = on_lately,
        .running = on_running,
        .held = on_held,
        .gap = on_gap,
        .position = on_position,
    };
    struct store_state state = {
        .alive_at = BATCH_NONE, .clock_right = BATCH_NONE, .clock_since = BATCH_NONE};
    enum store_result result = store_read(store, &reader, &state);

    if (result != STORE_OK) {
        log_write(recorder->log, LOG_LEVEL_ERROR, "recorder", "the database cannot be read: %s",
                  store_result_text(result));
        return false;
    }
    recorder->next_server = state.next_server;
    recorder->next_run = state.next_run;
    recorder->next_session = state.next_session;
    recorder->next_refusal = state.next_refusal;
    recorder->next_gap = state.next_gap;
    recorder->last_alive_at = state.alive_at;
    join(recorder);
    clock_take_up(recorder, state.clock_right, state.clock_since);
    return true;
}
