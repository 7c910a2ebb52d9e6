/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Server runs: which life of an OpenVPN process it is that a management socket or a spool
 * tells of, and what ends with it.
 */
#include "mgmtd/ending.h"
#include "mgmtd/memory.h"
#include "mgmtd/recorder_private.h"

#include <stdlib.h>
#include <string.h>

#define TAIL_S            20 /* a restart is noticed after half of that, and what ended before it kept */
#define SPOOL_TURNS_UP_MS 5000 /* so long after a run is known its spool may still turn up */

struct run *run_new(struct recorder *recorder, struct server *server, int64_t pid, int64_t began)
{
    struct run *run = memory_zeroed(sizeof *run);

    *run = (struct run){
        .id = recorder->next_run++,
        .server = server,
        .pid = pid,
        .daemon_start = BATCH_NONE,
        .connected_at = BATCH_NONE,
        .began =
            clock_was_ahead(recorder, began, recorder->now.wall_s) ? recorder->now.wall_s : began,
        .ended = BATCH_NONE,
        .dirty = true,
        .author_from_ms = recorder->now.boot_ms + (recorder->spool_dir ? SPOOL_TURNS_UP_MS : 0),
    };
    chain_add(&recorder->runs, &run->link, run);
    return run;
}

void run_bind(struct recorder *recorder, struct run *run, struct spool_file *file)
{
    run->file = file;
    free(run->spool);
    run->spool = memory_copy(file->name);
    run->daemon_start = file->start;
    run->dirty = true;
    if (file->run != run) {
        file->earlier = file->run;
        file->taken = -1; /* the position's row names the run */
    }
    file->run = run;
    gap_end_lost(recorder, run->server);
}

void run_let_go(struct recorder *recorder, struct run *run)
{
    struct session *session;

    for (session = chain_first(&run->sessions); session; session = chain_next(&session->in_run)) {
        sessions_unindex(recorder->sessions, session, SESSION_BY_NUMBER);
        session->file = NULL;
    }
    for (session = chain_first(&run->tail); session; session = chain_next(&session->in_run))
        session->file = NULL;
    run->file = NULL;
}

/* They are about in the order of their ends: who ended before the first of them stays with it. */
void run_trim_tail(struct recorder *recorder, struct run *run, int64_t before)
{
    struct session *session;

    while ((session = chain_first(&run->tail)) && session->ended < before) {
        chain_remove(&run->tail, &session->in_run);
        if (!chain_has(&session->in_dirty))
            chain_add(&recorder->done, &session->in_run, session);
    }
}

void run_keep_ended(struct recorder *recorder, struct session *session)
{
    struct run *run = session->run;

    chain_add(&run->tail, &session->in_run, session);
    if (run->tail.n == 1 || session->ended > run->tail_last)
        run->tail_last = session->ended;
    run_trim_tail(recorder, run, run->tail_last - TAIL_S);
}

/* Those that ended together at the end of the run went with it. */
static void judge_tail(struct recorder *recorder, struct run *run, int64_t gone_by)
{
    struct session *session;
    int64_t last = INT64_MIN;

    for (session = chain_first(&run->tail); session; session = chain_next(&session->in_run))
        last = session->ended > last ? session->ended : last;
    for (session = chain_first(&run->tail); session; session = chain_next(&session->in_run)) {
        enum end_reason reason =
            ending_with_run(session->end_reason, session->ended, last, gone_by, run->end_reason);

        if (reason == session->end_reason)
            continue;
        session->end_reason = reason;
        session_changed(recorder, session);
    }
    run_trim_tail(recorder, run, INT64_MAX);
}

static int64_t last_sign_of(const struct run *run)
{
    int64_t last = run->began;
    const struct session *session;

    if (run->file && run->file->last_at > last)
        last = run->file->last_at;
    if (run->tail.n > 0 && run->tail_last > last)
        last = run->tail_last;
    for (session = chain_first(&run->sessions); session; session = chain_next(&session->in_run))
        if (session->last_seen > last)
            last = session->last_seen;
    return last;
}

/* ── what ends with a run ── */

/* Sessions that a spool began are ended by its records, or with the file. */
static bool goes_with_run(const struct session *session)
{
    return !session->file || session->file->gone_ms != BATCH_NONE;
}

bool run_takes_along(const struct session *session)
{
    return session->run && session->run->parting && session->ended == BATCH_NONE &&
           goes_with_run(session);
}

bool run_part_with(struct recorder *recorder, struct session *session)
{
    if (!run_takes_along(session))
        return false;
    session_end_unseen(recorder, session, session->run->parting_by, session->run->parting_reason);
    return true;
}

/* Ends up to `max`; true if it was all. */
static bool part(struct recorder *recorder, struct run *run, size_t max)
{
    struct session *session = chain_first(&run->sessions);
    struct session *next;
    size_t n = 0;

    for (; session && n < max; session = next) {
        next = chain_next(&session->in_run);
        n += run_part_with(recorder, session);
    }
    if (session)
        return false;
    run->parting = false;
    recorder->n_parting--;
    return true;
}

void run_settle(struct recorder *recorder, struct run *run)
{
    if (run && run->parting)
        part(recorder, run, SIZE_MAX);
}

void run_part(struct recorder *recorder, struct run *run, int64_t gone_by, enum end_reason reason)
{
    if (run->sessions.n == 0 || run->parting)
        return;
    run->parting = true;
    run->parting_by = gone_by;
    run->parting_reason = reason;
    recorder->n_parting++;
    /* Where a spool goes on, most stay: they are not looked at again and again. */
    part(recorder, run,
         run->file && run->file->gone_ms == BATCH_NONE ? SIZE_MAX : recorder->settings.step);
}

static bool free_done(struct recorder *recorder)
{
    struct session *session;

    for (size_t i = 0; i < recorder->settings.step && (session = chain_first(&recorder->done));
         i++) {
        chain_remove(&recorder->done, &session->in_run);
        sessions_remove(recorder->sessions, session);
    }
    return recorder->done.n > 0;
}

bool run_work(struct recorder *recorder)
{
    struct run *run = recorder->n_parting > 0 ? chain_first(&recorder->runs) : NULL;

    while (run && !run->parting)
        run = chain_next(&run->link);
    if (!run)
        return free_done(recorder);
    part(recorder, run, recorder->settings.step);
    return recorder->n_parting > 0 || recorder->done.n > 0;
}

void run_end(struct recorder *recorder, struct run *run, int64_t gone_by, enum end_reason reason)
{
    int64_t last = last_sign_of(run);

    if (run->ended != BATCH_NONE)
        return;
    gone_by = gone_at_the_latest(recorder, gone_by, last, reason);
    run->ended = reason == END_SERVER_RESTART && gone_by > last ? gone_by : last;
    if (run->ended > gone_by && gone_by >= run->began)
        run->ended = gone_by;
    run->end_reason = reason;
    run->dirty = true;
    judge_tail(recorder, run, gone_by);
    run_part(recorder, run, gone_by, reason);
    if (run->server->run == run)
        status_forget(recorder, run->server);
}

static bool is_needed(const struct recorder *recorder, const struct run *run)
{
    if (run->ended == BATCH_NONE || run->dirty || run->sessions.n > 0 || run->tail.n > 0 ||
        run->n_dirty > 0)
        return true;
    for (size_t i = 0; i < recorder->n_servers; i++)
        if (recorder->servers[i]->run == run)
            return true;
    for (const struct spool_file *file = chain_first(&recorder->files); file;
         file = chain_next(&file->link))
        if (file->run == run || file->earlier == run)
            return true;
    return false;
}

void run_forget_finished(struct recorder *recorder)
{
    struct run *next;

    for (struct run *run = chain_first(&recorder->runs); run; run = next) {
        next = chain_next(&run->link);
        if (run->ended != BATCH_NONE)
            run_trim_tail(recorder, run, INT64_MAX);
        if (is_needed(recorder, run))
            continue;
        chain_remove(&recorder->runs, &run->link);
        free(run->spool);
        free(run);
    }
}

/* ── which run management is connected to ── */

/* Sessions of the spool that began in the new life are of the new run. */
static bool is_of(const struct session *session, const struct run *run)
{
    return session->file && session->since != BATCH_NONE && session->since >= run->connected_at;
}

/* Those that have ended by now, too. */
static void move_sessions(struct recorder *recorder, struct run *from, struct run *to)
{
    struct session *next;

    for (struct session *session = chain_first(&from->sessions); session; session = next) {
        next = chain_next(&session->in_run);
        if (is_of(session, to))
            session_move(recorder, session, to);
    }
    for (struct session *session = chain_first(&from->tail); session; session = next) {
        next = chain_next(&session->in_run);
        if (!is_of(session, to))
            continue;
        session_set_run(recorder, session, to);
        chain_remove(&from->tail, &session->in_run);
        chain_add(&to->tail, &session->in_run, session);
        to->tail_last = session->ended;
        session_changed(recorder, session);
    }
}

/* The same process, another CONNECTED: SIGUSR1 or SIGHUP. */
static struct run *restarted(struct recorder *recorder, struct server *server, struct run *old,
                             struct spool_file *file, int64_t connected_at)
{
    struct run *run = run_new(recorder, server, old->pid, connected_at);

    run->connected_at = connected_at;
    if (file)
        run_bind(recorder, run, file);
    if (file && old->file == file)
        move_sessions(recorder, old, run);
    run_end(recorder, old, connected_at, END_SERVER_RESTART);
    return run;
}

/* A run of a spool that no management was matched to until now. */
static void adopt(struct run *run, struct server *server, int64_t connected_at)
{
    run->connected_at = connected_at;
    run->server = server;
    run->dirty = true;
}

static struct run *run_of_file(struct recorder *recorder, struct server *server, int64_t pid,
                               struct spool_file *file, int64_t connected_at)
{
    struct run *run = file->run;

    if (!run) {
        run = run_new(recorder, server, pid, file->at);
        run_bind(recorder, run, file);
    }
    if (run->connected_at == BATCH_NONE && run->ended == BATCH_NONE) {
        struct session *session;

        adopt(run, server, connected_at);
        for (session = chain_first(&run->sessions); session; session = chain_next(&session->in_run))
            session_index_all(recorder, session, server);
    } else if (run->connected_at != connected_at) {
        run = restarted(recorder, server, run, file, connected_at);
    }
    return run;
}

static void remember_spool_name(struct server *server, const struct spool_file *file)
{
    if (!file->daemon || (server->spool_name && strcmp(server->spool_name, file->daemon) == 0))
        return;
    free(server->spool_name);
    server->spool_name = memory_copy(file->daemon);
    server->dirty = true;
}

/* Another run than before: nothing that was told of client ids is true any more. */
static void leave(struct recorder *recorder, struct server *server, struct run *old,
                  const struct run *run)
{
    bool same_process = old->pid == run->pid;

    if (!same_process)
        gap_end_lost(recorder, server);
    status_forget(recorder, server);
    if (old->ended == BATCH_NONE && (!old->file || same_process))
        run_end(recorder, old, run->connected_at,
                same_process ? END_SERVER_RESTART : END_SERVER_DIED);
}

bool run_resolve(struct recorder *recorder, struct server *server, int64_t pid,
                 int64_t connected_at)
{
    struct run *old = server->run;
    struct spool_file *file;
    struct run *run;

    if (old && old->ended == BATCH_NONE && old->pid == pid && old->connected_at == connected_at)
        return true;
    run_settle(recorder, old);
    file = file_of_pid(recorder, server, pid, connected_at);
    if (file) {
        run_settle(recorder, file->run);
        run = run_of_file(recorder, server, pid, file, connected_at);
        remember_spool_name(server, file);
    } else if (old && old->ended == BATCH_NONE && old->pid == pid) {
        run = restarted(recorder, server, old, NULL, connected_at);
    } else {
        run = run_new(recorder, server, pid, connected_at);
        run->connected_at = connected_at;
    }
    server->run = run;
    if (old && old != run)
        leave(recorder, server, old, run);
    log_write(recorder->log, LOG_LEVEL_NOTICE, "recorder",
              "%s: process %lld, connected since %lld%s", server->name, (long long)pid,
              (long long)connected_at, run->file ? ", with the plugin's spool" : "");
    return false;
}
