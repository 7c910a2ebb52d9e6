/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spool files that somebody deleted while OpenVPN writes to them. Its plugin begins no other
 * before it is restarted, so from then on sessions are management's to begin and to end.
 */
#include "mgmtd/recorder_private.h"

#define DELETED_MS 120000 /* so long may management take to say that the server lives */

static void tell_deleted(struct recorder *recorder, const struct spool_file *file)
{
    log_write(recorder->log, LOG_LEVEL_WARNING, "spool",
              "%s was deleted while OpenVPN writes it: restart OpenVPN, so that the plugin begins "
              "another",
              file->name);
}

/* Its sessions were last seen when they were, and are over if the next life has begun. */
static void give_up_run(struct recorder *recorder, struct run *run)
{
    int64_t gone_by = run_next_began(recorder, run, recorder->now.wall_s);
    enum end_reason reason = run->ended == BATCH_NONE ? END_LOST_SIGHT : run->end_reason;
    struct session *session;

    run_end(recorder, run, gone_by, reason);
    run_settle(recorder, run);
    while ((session = chain_first(&run->sessions)))
        session_end_unseen(recorder, session, gone_by, reason);
}

static void give_up_runs(struct recorder *recorder, const struct spool_file *file)
{
    for (struct run *run = chain_first(&recorder->runs); run; run = chain_next(&run->link))
        if (run->file == file)
            give_up_run(recorder, run);
}

/* The same process, restarted inside: its plugin has no other spool, as far as is known. */
static bool goes_on_without(const struct spool_file *file)
{
    const struct run *run = file->run->server->run;

    return run && run != file->run && run->pid == file->run->pid && run->ended == BATCH_NONE &&
           !run->file;
}

static void give_up(struct recorder *recorder, struct spool_file *file)
{
    bool known = file_is_known_to_have_ended(recorder, file);

    give_up_runs(recorder, file);
    if (!known)
        gap_begin_deleted(recorder, file);
    if (!known && goes_on_without(file))
        gap_leave_deleted(file, file->run->server);
    file_note_finished(recorder, file, known);
}

/* They lived when their spool was last looked at: what comes now does not say so. */
static void see_sessions(struct recorder *recorder, const struct spool_file *file)
{
    for (struct run *run = chain_first(&recorder->runs); run; run = chain_next(&run->link)) {
        struct session *session =
            run->file == file && !run->lossy ? chain_first(&run->sessions) : NULL;

        for (; session; session = chain_next(&session->in_run))
            if (session->file == file)
                session_seen(recorder, session, file->alive_at);
    }
}

void deleted_while_read(struct recorder *recorder, struct spool_file *file)
{
    if (gap_begin_deleted(recorder, file)) {
        see_sessions(recorder, file);
        tell_deleted(recorder, file);
    }
    file->run->lossy = true;
}

/* Management, once it is connected, will say whether the process lives on. */
static bool may_live_on(const struct recorder *recorder, const struct spool_file *file)
{
    const struct run *run = file->run;

    return run && run->ended == BATCH_NONE && run->server->run == run && run->server->configured &&
           recorder->now.boot_ms - file->missing_ms < DELETED_MS;
}

void deleted_while_away(struct recorder *recorder, struct spool_file *file)
{
    if (may_live_on(recorder, file))
        file->run->server->talk.wants_state = true;
    else
        give_up(recorder, file);
}

void deleted_but_alive(struct recorder *recorder, struct run *run)
{
    struct spool_file *file = run->file;

    if (!file || !file->missing || file->finished)
        return;
    gap_begin_deleted(recorder, file);
    gap_leave_deleted(file, run->server);
    see_sessions(recorder, file);
    run_let_go(recorder, run);
    give_up_runs(recorder, file); /* earlier ones */
    file_note_finished(recorder, file, false);
    run->server->talk.wants_status = true;
    tell_deleted(recorder, file);
}
