/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wall clock is set. By a little, the gap between the two times says that they are
 * doubtful. By more than a day, one of the two clocks was wrong. Put forward, open sessions
 * hold their addresses anew. Put back, what of them lies in the future moves to where the new
 * clock would have had it; what has ended stays where it is. Doubtful is then all that the
 * old clock showed since it ran like that, and all that it really was, back to the last
 * moment before somebody may have put it forward. A clock that is put back to before that
 * moment, or to 1970, is wrong itself: what was recorded stays as it is.
 */
#include "mgmtd/recorder_private.h"

#define WRONG_S 86400 /* a clock that is set by more was not slow or fast, but wrong */

/* A clock that shows less than this (September 2020) is wrong for certain; who.sql has it, too. */
#define EARLIEST INT64_C(1600000000)

static bool is_far(int64_t at, int64_t from)
{
    return at > from + WRONG_S;
}

bool clock_was_ahead(const struct recorder *recorder, int64_t at, int64_t from)
{
    int64_t now = recorder->now.wall_s;

    return now >= recorder->clock.right_until && at > now && is_far(at, from);
}

int64_t clock_latest(const struct recorder *recorder)
{
    int64_t now = recorder->now.wall_s;

    return now > recorder->clock.right_until ? now : recorder->clock.right_until;
}

int64_t clock_put_back(const struct recorder *recorder, int64_t at, int64_t by, int64_t least)
{
    int64_t now = recorder->now.wall_s;

    if (at == BATCH_NONE || at <= now)
        return at;
    at = at - by > least ? at - by : least;
    return at < now ? at : now;
}

/* ── what is doubtful ── */

static void note(struct recorder *recorder, int64_t began, int64_t ended, int64_t count)
{
    gap_note(recorder, GAP_CLOCK, NULL, began, ended, count, NULL);
}

/* The old clock, which showed `before`, or the new one is wrong. */
static void note_doubt(struct recorder *recorder, int64_t before, int64_t by)
{
    const struct recorder_clock *clock = &recorder->clock;
    int64_t now = recorder->now.wall_s;
    bool was_wrong = before < clock->right_until;
    bool is_wrong = now < clock->right_until;

    if (was_wrong) {
        note(recorder, clock->since, before, by);
        if (!is_wrong)
            note(recorder, clock->right_until, now, by);
    } else if (is_wrong) {
        note(recorder, before, before, by); /* nothing before it is doubtful */
    } else if (by > 0) {
        note(recorder, before, now, by);
    } else if (clock->since <= now) {
        note(recorder, clock->right_until, before, by);
    } else {
        note(recorder, clock->right_until, now, by);
        note(recorder, clock->since, before, by);
    }
}

/* ── open sessions go on ── */

static void hold_anew(struct recorder *recorder, int64_t until)
{
    for (struct run *run = chain_first(&recorder->runs); run; run = chain_next(&run->link))
        for (struct session *session = chain_first(&run->sessions); session;
             session = chain_next(&session->in_run))
            session_hold_anew(recorder, session, until, recorder->now.wall_s);
}

static void put_back_run(struct recorder *recorder, struct run *run, int64_t by)
{
    for (struct session *session = chain_first(&run->sessions); session;
         session = chain_next(&session->in_run))
        session_put_back(recorder, session, by);
    /* What comes now explains no end by the old clock. */
    run_trim_tail(recorder, run, INT64_MAX);
    if (run->ended == BATCH_NONE && run->began > recorder->now.wall_s) {
        run->began = clock_put_back(recorder, run->began, by, 0);
        run->dirty = true;
    }
}

static void put_back_file(struct recorder *recorder, struct spool_file *file, int64_t by)
{
    file->last_at = clock_put_back(recorder, file->last_at, by, 0);
    file->alive_at = clock_put_back(recorder, file->alive_at, by, 0);
    gap_put_back(recorder, &file->lost, by);
    file->earlier = NULL; /* the time of a first packet does not tell the two runs apart any more */
}

static void put_back_server(struct recorder *recorder, struct server *server, int64_t by)
{
    int64_t now = recorder->now.wall_s;
    struct conversation *talk = &server->talk;
    struct session *candidate = chain_first(&server->candidates);

    for (; candidate; candidate = chain_next(&candidate->in_run))
        session_put_back_heard(recorder, candidate, by);
    if (server->gap.id != 0 && server->gap.began > now) {
        gap_put_back(recorder, &server->gap, by);
        server->gap_stored = true;
    }
    gap_put_back(recorder, &server->lost, by);
    talk->status_at = clock_put_back(recorder, talk->status_at, by, 0);
    talk->status_true_at = clock_put_back(recorder, talk->status_true_at, by, 0);
}

static void put_back(struct recorder *recorder, int64_t by)
{
    struct gap_row *overload = &recorder->overload;

    for (struct run *run = chain_first(&recorder->runs); run; run = chain_next(&run->link))
        put_back_run(recorder, run, by);
    for (struct spool_file *file = chain_first(&recorder->files); file;
         file = chain_next(&file->link))
        put_back_file(recorder, file, by);
    for (size_t i = 0; i < recorder->n_servers; i++)
        put_back_server(recorder, recorder->servers[i], by);
    overload->began = clock_put_back(recorder, overload->began, by, 0);
    overload->ended = clock_put_back(recorder, overload->ended, by, overload->began);
    batch_put_back(batch_under_way(recorder), recorder->now.wall_s, by);
}

/* ── set ── */

/* The records of the time that it was not looked at may have been written by the new clock. */
static void runs_since(struct recorder *recorder, int64_t unseen_ms)
{
    struct recorder_clock *clock = &recorder->clock;

    clock->since = recorder->now.wall_s - unseen_ms / 1000 - 1;
    if (clock->since < 0)
        clock->since = 0;
}

void clock_was_set(struct recorder *recorder, int64_t before, int64_t unseen_ms)
{
    struct recorder_clock *clock = &recorder->clock;
    int64_t now = recorder->now.wall_s;
    int64_t by = now - before;
    bool is_wrong = now < clock->right_until;

    if (by <= WRONG_S && by >= -WRONG_S) {
        note(recorder, before, now, by);
        return;
    }
    if (by > 0)
        hold_anew(recorder, before);
    else if (!is_wrong)
        put_back(recorder, -by);
    note_doubt(recorder, before, by);
    if ((by > 0 || is_wrong) && before > clock->right_until)
        clock->right_until = before;
    runs_since(recorder, unseen_ms);
}

/* The latest time that the last daemon's clock showed, as far as its rows say. */
static int64_t latest(const struct recorder *recorder)
{
    int64_t at = recorder->last_alive_at;

    for (const struct run *run = chain_first(&recorder->runs); run; run = chain_next(&run->link))
        for (const struct session *session = chain_first(&run->sessions); session;
             session = chain_next(&session->in_run))
            at = session->last_seen > at ? session->last_seen : at;
    return at;
}

/* Where no daemon ran for a day, the clock may have been put forward as well. */
void clock_take_up(struct recorder *recorder, int64_t right_until, int64_t since)
{
    struct recorder_clock *clock = &recorder->clock;
    int64_t now = recorder->now.wall_s;
    int64_t last = recorder->last_alive_at;

    *clock = (struct recorder_clock){
        .right_until = right_until > EARLIEST ? right_until : EARLIEST,
        .since = since == BATCH_NONE ? 0 : since,
    };
    if (is_far(latest(recorder), now))
        last = latest(recorder);
    if (last == BATCH_NONE) {
        runs_since(recorder, recorder->now.boot_ms);
    } else if (last > now + 2 || (last < EARLIEST && now >= EARLIEST)) {
        clock_was_set(recorder, last, recorder->now.boot_ms);
    } else if (is_far(now, last)) {
        clock->right_until = last > clock->right_until ? last : clock->right_until;
        runs_since(recorder, recorder->now.boot_ms);
    }
    if (recorder->last_alive_at > now)
        recorder->last_alive_at = now;
}
