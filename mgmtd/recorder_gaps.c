/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The times when something may be missing. */
#include "mgmtd/memory.h"
#include "mgmtd/recorder_private.h"

#include <stdio.h>
#include <stdlib.h>

#define COVERED_RESTART_S 60
#define WHY_DELETED       "the spool file was deleted"

static void write_gap(struct recorder *recorder, const struct gap_row *row)
{
    memory_need_true(batch_gap(batch_under_way(recorder), row));
}

void gap_note(struct recorder *recorder, enum gap_kind kind, const struct server *server,
              int64_t began, int64_t ended, int64_t count, const char *reason)
{
    struct gap_row row = {
        .id = recorder->next_gap++,
        .kind = kind,
        .server = server ? server->id : BATCH_NONE,
        .began = began < ended ? began : ended,
        .ended = began < ended ? ended : began,
        .count = count,
        .reason = reason,
    };

    write_gap(recorder, &row);
}

/* When the last daemon was alive, this one was not yet. */
static int64_t watched_until(const struct recorder *recorder, const struct server *server)
{
    int64_t now = recorder->now.wall_s;

    if (!server->loaded || recorder->last_alive_at == BATCH_NONE)
        return now;
    return recorder->last_alive_at < now ? recorder->last_alive_at : now;
}

void gap_begin_not_watched(struct recorder *recorder, struct server *server, const char *why)
{
    char reason[LOG_TEXT_SIZE];

    if (server->gap.id != 0)
        return;
    server->gap = (struct gap_row){
        .id = recorder->next_gap++,
        .kind = GAP_NOT_WATCHED,
        .server = server->id,
        .began = server->talk.attached ? recorder->now.wall_s : watched_until(recorder, server),
        .ended = BATCH_NONE,
        .count = BATCH_NONE,
    };
    free(server->gap_reason);
    server->gap_reason = NULL;
    if (why) {
        snprintf(reason, sizeof reason, "%s", why);
        log_make_printable(reason);
        server->gap_reason = memory_copy(reason);
    }
    server->gap.reason = server->gap_reason;
    server->gap_spool = server->run ? server->run->file : NULL;
    server->gap_dirty = true;
    server->gap_stored = false;
}

/* A gap is a row while it lasts, so that a daemon that is killed leaves it open. */
void gap_write_open(struct server *server, struct batch *batch)
{
    if (server->gap_dirty)
        memory_need_true(batch_gap(batch, &server->gap));
    server->gap_stored = server->gap_stored || server->gap_dirty;
    server->gap_dirty = false;
}

/*
 * Whether the plugin tells of the time that nobody watched: the same spool was there
 * before and after, or the server began a new one in a moment.
 */
static bool is_covered(const struct server *server, int64_t ended)
{
    const struct spool_file *after = server->run ? server->run->file : NULL;

    if (!after || server->run->lossy)
        return false;
    return after->at <= server->gap.began || after == server->gap_spool ||
           (server->gap_spool && !server->gap_spool->missing &&
            ended - server->gap.began <= COVERED_RESTART_S);
}

void gap_end_not_watched(struct recorder *recorder, struct server *server)
{
    int64_t now = clock_latest(recorder);

    if (server->gap.id == 0)
        return;
    server->gap.ended = now > server->gap.began ? now : server->gap.began;
    server->gap.covered = is_covered(server, server->gap.ended);
    if (server->gap_stored || server->gap.ended > server->gap.began)
        write_gap(recorder, &server->gap);
    server->gap = (struct gap_row){0};
    server->gap_dirty = false;
    server->gap_spool = NULL;
}

/* From the last look at which it was still there. */
bool gap_begin_deleted(struct recorder *recorder, struct spool_file *file)
{
    int64_t began = file->alive_at != BATCH_NONE ? file->alive_at : file->last_at;

    if (file->lost.id != 0)
        return false;
    file->lost = (struct gap_row){
        .id = recorder->next_gap++,
        .kind = GAP_SPOOL_LOST,
        .server = file->run->server->id,
        .began = began == BATCH_NONE ? recorder->now.wall_s : began,
        .ended = BATCH_NONE,
        .count = BATCH_NONE,
        .reason = WHY_DELETED,
    };
    write_gap(recorder, &file->lost);
    return true;
}

static void end_deleted(struct recorder *recorder, struct gap_row *lost)
{
    int64_t now = clock_latest(recorder);

    if (lost->id == 0)
        return;
    lost->ended = now > lost->began ? now : lost->began;
    write_gap(recorder, lost);
    lost->id = 0;
}

void gap_end_deleted(struct recorder *recorder, struct spool_file *file)
{
    end_deleted(recorder, &file->lost);
}

void gap_leave_deleted(struct spool_file *file, struct server *server)
{
    if (server->lost.id != 0)
        return;
    server->lost = file->lost;
    file->lost.id = 0;
}

void gap_end_lost(struct recorder *recorder, struct server *server)
{
    end_deleted(recorder, &server->lost);
}

void gap_load_deleted(struct server *server, const struct gap_row *row)
{
    server->lost = *row;
    server->lost.reason = WHY_DELETED;
}

/* One that lasts: the clock was put back. */
void gap_put_back(struct recorder *recorder, struct gap_row *gap, int64_t by)
{
    if (gap->id == 0 || gap->began <= recorder->now.wall_s)
        return;
    gap->began = clock_put_back(recorder, gap->began, by, 0);
    write_gap(recorder, gap);
}

/* One more session was not begun, or not recorded, for want of memory. */
void gap_overload(struct recorder *recorder, const struct server *server)
{
    struct gap_row *row = &recorder->overload;

    if (row->id == 0)
        *row = (struct gap_row){
            .id = recorder->next_gap++,
            .kind = GAP_OVERLOAD,
            .server = server->id,
            .began = recorder->now.wall_s,
            .count = 0,
        };
    if (row->server != server->id)
        row->server = BATCH_NONE;
    row->ended = recorder->now.wall_s > row->began ? recorder->now.wall_s : row->began;
    row->count++;
}
