/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads from the database what an answer about an address is made of. */
#include "config.h"

#include "helpdesk/who.h"

#include <stdlib.h>
#include <string.h>

#include "helpdesk/who_pool.h"
#include "lib/arena.h"

#define ALIVE_S 15 /* the daemon says that it lives every few seconds */

/* One question on its way. */
struct asking {
    struct history *history;
    const struct who_question *question;
    struct who_answer *answer;
    int64_t bucket_s;
    int64_t first_bucket; /* what is left of the traffic begins here; WHO_NONE: nothing is */
    int64_t alive_at;     /* WHO_NONE: never */
    bool failed;          /* memory is out */
};

/* ── columns ── */

static int64_t number_in(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL ? WHO_NONE
                                                           : sqlite3_column_int64(row, column);
}

/* NULL for no text, and when memory is out. */
static const char *text_in(struct asking *asking, sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    char *copy = NULL;

    if (text)
        copy = arena_strdup(asking->answer->arena, text);
    if (sqlite3_column_type(row, column) != SQLITE_NULL && !copy)
        asking->failed = true;
    return copy;
}

static void bind_text(sqlite3_stmt *statement, int parameter, const char *text)
{
    sqlite3_bind_text(statement, parameter, text, -1, SQLITE_STATIC);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ── candidates ── */

static bool make_room(void **items, size_t n, size_t *room, size_t size)
{
    size_t wanted = *room > 0 ? *room * 2 : 8;
    void *more = NULL;

    if (n < *room)
        return true;
    more = reallocarray(*items, wanted, size);
    if (!more)
        return false;
    *items = more;
    *room = wanted;
    return true;
}

/* The columns of who.sql's `candidates`, in their order. */
static struct who_candidate candidate_of(struct asking *asking, sqlite3_stmt *row)
{
    struct who_candidate candidate = {
        .session = number_in(row, 0),
        .since = number_in(row, 1),
        .until = number_in(row, 2),
        .user = text_in(asking, row, 3),
        .typed = text_in(asking, row, 4),
        .profile = text_in(asking, row, 5),
        .chosen_by = text_in(asking, row, 6),
        .fell_back = sqlite3_column_int64(row, 7) != 0,
        .server_id = number_in(row, 8),
        .server = text_in(asking, row, 9),
        .started = number_in(row, 10),
        .ended = number_in(row, 11),
        .gone_by = number_in(row, 12),
        .end_reason = text_in(asking, row, 13),
        .last_seen = number_in(row, 14),
        .real = text_in(asking, row, 15),
        .real_port = number_in(row, 16),
        .vpn4 = text_in(asking, row, 17),
        .vpn6 = text_in(asking, row, 18),
        .program = text_in(asking, row, 19),
        .platform = text_in(asking, row, 20),
        .in_all = {.upload = number_in(row, 21), .download = number_in(row, 22)},
        .in_window = {.from = number_in(row, 23),
                      .until = number_in(row, 24),
                      .upload = number_in(row, 25),
                      .download = number_in(row, 26)},
    };

    candidate.in_all.from = candidate.started;
    candidate.in_all.until =
        candidate.ended != WHO_NONE ? candidate.ended : candidate.in_window.until;
    /* A session is known to have lived until it was last seen; what is later is possible. */
    candidate.certain_since = candidate.since;
    candidate.certain_until = candidate.until == WHO_NONE
                                  ? candidate.last_seen
                                  : least(candidate.until, candidate.last_seen);
    return candidate;
}

static void read_candidates(struct asking *asking, bool is_real)
{
    const struct who_question *question = asking->question;
    struct who_answer *answer = asking->answer;
    sqlite3_stmt *row = history_statement(asking->history, "who.candidates");

    if (!row)
        return;
    bind_text(row, 1, question->address);
    sqlite3_bind_int64(row, 2, is_real);
    sqlite3_bind_int64(row, 3, question->from);
    sqlite3_bind_int64(row, 4, question->to);
    bind_text(row, 5, question->server);
    while (!asking->failed && history_row(asking->history, row)) {
        if (!make_room((void **)&answer->candidates, answer->n, &answer->room,
                       sizeof(*answer->candidates))) {
            asking->failed = true;
            break;
        }
        answer->candidates[answer->n] = candidate_of(asking, row);
        answer->candidates[answer->n++].is_real = is_real;
    }
    sqlite3_reset(row);
}

/* ── real addresses ── */

/*
 * Nobody says when a client moved: the address it left and the one it took overlap by the
 * time in which it happened. Certain is what no other address of the session overlaps.
 */
static void narrow(struct who_candidate *candidate, int64_t since, int64_t until)
{
    if (since == candidate->since && until == candidate->until)
        return;
    if (since >= candidate->since)
        candidate->certain_until = least(candidate->certain_until, since);
    else if (until == WHO_NONE || until > candidate->certain_since)
        candidate->certain_since = until == WHO_NONE ? INT64_MAX : until;
}

/* The last address has no row among those that were left. */
static void narrow_by_last(struct asking *asking, struct who_candidate *candidate)
{
    sqlite3_stmt *row = history_statement(asking->history, "who.last-move");

    if (!row)
        return;
    sqlite3_bind_int64(row, 1, candidate->session);
    if (history_row(asking->history, row) && number_in(row, 0) != WHO_NONE)
        narrow(candidate, number_in(row, 0), number_in(row, 1));
    sqlite3_reset(row);
}

/* Where it was at the asked moment, and how sure that is if that is what was asked. */
static void read_moves(struct asking *asking, struct who_candidate *candidate)
{
    sqlite3_stmt *row = history_statement(asking->history, "who.moves");
    bool found = false, moved = false;

    if (!row)
        return;
    sqlite3_bind_int64(row, 1, candidate->session);
    for (; !asking->failed && history_row(asking->history, row); moved = true) {
        int64_t since = sqlite3_column_int64(row, 1), until = number_in(row, 2);

        if (candidate->is_real)
            narrow(candidate, since, until);
        else if (!found && until >= asking->question->asked)
            candidate->real = text_in(asking, row, 0);
        found = found || until >= asking->question->asked;
    }
    sqlite3_reset(row);
    if (!candidate->is_real) {
        if (found)
            candidate->real_port = WHO_NONE;
        return;
    }
    if (moved)
        narrow_by_last(asking, candidate);
    if (!candidate->real || strcmp(candidate->real, asking->question->address) != 0)
        candidate->real_port = WHO_NONE;
    candidate->real = asking->question->address;
}

/* ── bytes ── */

static void add(int64_t *to, int64_t bytes)
{
    *to = bytes > INT64_MAX - *to ? INT64_MAX : *to + bytes;
}

static void add_bytes(struct who_bytes *bytes, const struct who_bytes *more)
{
    if (bytes->upload == WHO_NONE) {
        *bytes = *more;
        return;
    }
    add(&bytes->upload, more->upload);
    add(&bytes->download, more->download);
    bytes->from = least(bytes->from, more->from);
    bytes->until = most(bytes->until, more->until);
}

/* What the buckets say that the window touches; `running` is not yet in them. */
static void read_traffic(struct asking *asking, struct who_candidate *candidate)
{
    const struct who_question *question = asking->question;
    const struct who_bytes running = candidate->in_window;
    struct who_bytes *bytes = &candidate->in_window;
    int64_t from = most(question->from, candidate->started);
    int64_t to =
        candidate->gone_by == WHO_NONE ? question->to : least(question->to, candidate->gone_by);
    sqlite3_stmt *row = history_statement(asking->history, "who.traffic");

    *bytes = (struct who_bytes){WHO_NONE, WHO_NONE, WHO_NONE, WHO_NONE};
    if (!row)
        return;
    sqlite3_bind_int64(row, 1, candidate->session);
    sqlite3_bind_int64(row, 2, from - asking->bucket_s + 1);
    sqlite3_bind_int64(row, 3, to);
    while (history_row(asking->history, row)) {
        int64_t bucket = sqlite3_column_int64(row, 0), since = number_in(row, 1);
        struct who_bytes more = {.upload = sqlite3_column_int64(row, 2),
                                 .download = sqlite3_column_int64(row, 3),
                                 .from = since == WHO_NONE ? bucket : since,
                                 .until = bucket + asking->bucket_s};

        add_bytes(bytes, &more);
    }
    sqlite3_reset(row);
    if (running.upload != WHO_NONE && running.from <= to && running.until >= from)
        add_bytes(bytes, &running);
    if (bytes->upload == WHO_NONE && candidate->in_all.upload != WHO_NONE &&
        asking->first_bucket != WHO_NONE && asking->first_bucket <= from &&
        from <= candidate->last_seen)
        *bytes = (struct who_bytes){0, 0, from, least(to, candidate->last_seen)};
    if (bytes->upload != WHO_NONE) {
        bytes->from = most(bytes->from, candidate->started);
        if (candidate->ended != WHO_NONE)
            bytes->until = least(bytes->until, most(candidate->ended, bytes->from));
    }
}

/* ── what may be missing ── */

static void add_gap(struct asking *asking, const struct who_gap *gap)
{
    struct who_answer *answer = asking->answer;

    if (make_room((void **)&answer->gaps, answer->n_gaps, &answer->gaps_room,
                  sizeof(*answer->gaps)))
        answer->gaps[answer->n_gaps++] = *gap;
    else
        asking->failed = true;
}

static void read_gaps(struct asking *asking)
{
    sqlite3_stmt *row = history_statement(asking->history, "who.gaps");

    if (!row)
        return;
    sqlite3_bind_int64(row, 1, asking->question->from);
    sqlite3_bind_int64(row, 2, asking->question->to);
    bind_text(row, 3, asking->question->server);
    while (!asking->failed && history_row(asking->history, row)) {
        struct who_gap gap = {
            .kind = (enum who_gap_kind)sqlite3_column_int(row, 0),
            .server_id = number_in(row, 1),
            .server = text_in(asking, row, 2),
            .began = number_in(row, 3),
            .ended = number_in(row, 4),
            .count = number_in(row, 5),
            .reason = text_in(asking, row, 6),
        };

        add_gap(asking, &gap);
    }
    sqlite3_reset(row);
}

/* Before a server was on record nobody knows who it served. */
static void read_beginnings(struct asking *asking)
{
    sqlite3_stmt *row = history_statement(asking->history, "who.beginnings");

    if (!row)
        return;
    bind_text(row, 1, asking->question->server);
    while (!asking->failed && history_row(asking->history, row)) {
        struct who_gap gap = {.kind = WHO_GAP_BEFORE,
                              .server_id = number_in(row, 0),
                              .server = text_in(asking, row, 1),
                              .began = WHO_NONE,
                              .ended = number_in(row, 2),
                              .count = WHO_NONE};

        if (gap.ended != WHO_NONE && gap.ended > asking->question->from)
            add_gap(asking, &gap);
    }
    sqlite3_reset(row);
}

/*
 * Of servers that have other addresses it does not matter what is missing; of one that was
 * asked for by name it does, since whoever asks may know of other addresses of it.
 */
static void drop_gaps_of_others(struct asking *asking)
{
    struct who_answer *answer = asking->answer;
    struct who_pools *pools = NULL;
    size_t kept = 0;

    if (answer->n_gaps == 0 || asking->question->server)
        return;
    pools = who_pools_read(asking->history, asking->question);
    if (!pools) {
        asking->failed = true;
        return;
    }
    for (size_t i = 0; i < answer->n_gaps; i++)
        if (answer->gaps[i].server_id == WHO_NONE ||
            who_pools_may_give(pools, answer->gaps[i].server_id))
            answer->gaps[kept++] = answer->gaps[i];
    answer->n_gaps = kept;
    who_pools_free(pools);
}

static bool was_vpn(struct asking *asking)
{
    sqlite3_stmt *row = history_statement(asking->history, "who.is-vpn");
    bool found = false;

    if (row) {
        bind_text(row, 1, asking->question->address);
        found = history_row(asking->history, row);
        sqlite3_reset(row);
    }
    return found;
}

/* Whether the daemon runs, and what was deleted. */
static void read_recorder(struct asking *asking)
{
    const struct who_question *question = asking->question;
    sqlite3_stmt *row = history_statement(asking->history, "who.recorder");
    struct who_gap stopped = {.kind = WHO_GAP_STOPPED, .server_id = WHO_NONE, .ended = WHO_NONE};
    struct who_gap deleted = {.kind = WHO_GAP_DELETED, .server_id = WHO_NONE, .began = WHO_NONE};
    bool runs = false, real_matters = true;

    stopped.began = deleted.ended = WHO_NONE;
    real_matters = question->real_only || !was_vpn(asking);
    if (!row)
        return;
    if (history_row(asking->history, row)) {
        stopped.began = number_in(row, 0);
        runs = sqlite3_column_int64(row, 1) == 0 && stopped.began != WHO_NONE &&
               stopped.began >= question->now - ALIVE_S;
        /* By a clock that was put back since: nobody knows when that was. */
        if (stopped.began > question->now + ALIVE_S) {
            stopped.began = WHO_NONE;
            runs = false;
        }
        asking->bucket_s = most(1, sqlite3_column_int64(row, 2));
        deleted.ended = number_in(row, 3);
        if (real_matters)
            deleted.ended = most(deleted.ended, number_in(row, 4));
        asking->first_bucket = number_in(row, 5);
    }
    sqlite3_reset(row);
    if (!runs && (stopped.began == WHO_NONE || stopped.began < question->to))
        add_gap(asking, &stopped);
    if (deleted.ended != WHO_NONE && deleted.ended > question->from)
        add_gap(asking, &deleted);
}

/* ── all of it ── */

static bool is_fine(const struct asking *asking)
{
    char why[HISTORY_WHY_SIZE];

    return !asking->failed && history_trouble(asking->history, why) == HISTORY_FINE;
}

bool who_ask(struct history *history, const struct who_question *question,
             struct who_answer *answer)
{
    struct asking asking = {.history = history, .question = question, .answer = answer};

    *answer = (struct who_answer){.arena = arena_new()};
    if (!answer->arena)
        return false;
    if (!question->real_only)
        read_candidates(&asking, false);
    read_candidates(&asking, true);
    read_recorder(&asking);
    read_gaps(&asking);
    read_beginnings(&asking);
    drop_gaps_of_others(&asking);
    for (size_t i = 0; is_fine(&asking) && i < answer->n; i++) {
        read_moves(&asking, &answer->candidates[i]);
        read_traffic(&asking, &answer->candidates[i]);
    }
    who_judge(question, answer);
    return is_fine(&asking);
}

void who_free(struct who_answer *answer)
{
    arena_free(answer->arena);
    free(answer->candidates);
    free(answer->gaps);
    *answer = (struct who_answer){0};
}
