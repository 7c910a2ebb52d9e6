/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of one session: what becomes of its row, its addresses and its bytes. */
#include "mgmtd/ending.h"
#include "mgmtd/memory.h"
#include "mgmtd/recorder_private.h"

#include "lib/prefix.h"
#include "lib/utf8.h"

#include <stdlib.h>
#include <string.h>

#define MAX_TEXT 256
#define MAX_HELD 64                    /* addresses of one session at a time; nobody has so many */
#define MAX_TIME INT64_C(253402300799) /* the year 9999 */

/* ── values from outside ── */

int64_t time_or(int64_t at, int64_t otherwise)
{
    return at >= 0 && at <= MAX_TIME ? at : otherwise;
}

int address_read(const char *text, char address[SESSION_ADDRESS_SIZE])
{
    char formatted[PREFIX_TEXT_SIZE];
    struct prefix prefix;

    *address = '\0';
    if (!text || prefix_parse(text, strlen(text), &prefix) != PREFIX_OK ||
        prefix.len != prefix_family_bits(prefix.family))
        return 0;
    prefix_unmap(&prefix);
    if (prefix_format_address(&prefix, formatted) >= SESSION_ADDRESS_SIZE)
        return 0;
    strcpy(address, formatted);
    return prefix.family;
}

static void set_text(char **to, const char *from)
{
    char *copy = NULL;

    if (from && *from) {
        size_t n = utf8_cut(from, strlen(from), MAX_TEXT);

        copy = memory_need(strndup(from, n));
        log_make_printable(copy);
    }
    free(*to);
    *to = copy;
}

/* What repeats the user's name is not stored a second time. */
static void set_unless_user(char **to, const char *from, const char *user)
{
    set_text(to, from);
    if (*to && strcmp(*to, user) == 0)
        set_text(to, NULL);
}

void session_name(struct session *session, const struct session_names *names)
{
    const char *user = names->user && *names->user ? names->user : names->common_name;

    set_text(&session->user, user);
    if (!session->user)
        session->user = memory_copy("");
    set_unless_user(&session->typed, names->typed, session->user);
    set_unless_user(&session->common_name, names->common_name, session->user);
    set_text(&session->profile, names->profile);
    set_text(&session->chosen_by, names->chosen_by);
    set_text(&session->program, names->program);
    set_text(&session->platform, names->platform);
    set_text(&session->routes, names->routes);
}

/* ── rows ── */

static void changed(struct recorder *recorder, struct session *session)
{
    if (chain_has(&session->in_dirty))
        return;
    session->dirty_number = recorder->dirty_number;
    session->run->n_dirty++;
    chain_add(&recorder->dirty, &session->in_dirty, session);
}

void session_changed(struct recorder *recorder, struct session *session)
{
    session->dirty_row = true;
    changed(recorder, session);
}

static void running_changed(struct recorder *recorder, struct session *session)
{
    session->dirty_running = true;
    changed(recorder, session);
}

/* What seems to be before `since`, though it came after it, is of a clock that was set back. */
static int64_t not_before(const struct recorder *recorder, int64_t at, int64_t since)
{
    int64_t latest = clock_latest(recorder);

    if (at >= since)
        return at;
    return latest > since ? latest : since;
}

static void write_held(struct recorder *recorder, const struct session *session,
                       const struct session_held *held, int64_t until, bool before_end)
{
    struct held_row row = {
        .kind = held->kind,
        .before_end = before_end,
        .session = session->id,
        .since = held->since,
        .until = until == BATCH_NONE ? until : not_before(recorder, until, held->since),
        .address = held->address,
    };

    memory_need_true(batch_held(batch_under_way(recorder), &row));
}

static void write_delta(struct recorder *recorder, const struct session *session,
                        const struct counts_delta *delta)
{
    struct traffic_row row = {delta->bucket, session->id, delta->from, delta->to, delta->since};

    if (delta->any)
        memory_need_true(batch_traffic(batch_under_way(recorder), &row));
}

/* ── beginning ── */

void session_begin(struct recorder *recorder, struct session *session, struct run *run,
                   int64_t started)
{
    session->id = recorder->next_session++;
    sessions_index(recorder->sessions, session, SESSION_BY_ID, 0, (uint64_t)session->id);
    session->run = run;
    chain_add(&run->sessions, &session->in_run, session);
    recorder->n_open++;
    session->started = session->last_seen = started;
    counts_begin(&session->counts, started, recorder->settings.bucket_s);
    session_changed(recorder, session);
    running_changed(recorder, session);
}

void session_set_cid(struct recorder *recorder, struct session *session, int64_t cid)
{
    if (session->cid == cid)
        return;
    session->cid = cid;
    if (cid == BATCH_NONE)
        sessions_unindex(recorder->sessions, session, SESSION_BY_CID);
    else
        sessions_index(recorder->sessions, session, SESSION_BY_CID, session->run->id,
                       (uint64_t)cid);
    session_changed(recorder, session);
}

static void index_address(struct recorder *recorder, struct session *session,
                          enum session_index index, const struct server *server,
                          const char *address)
{
    if (*address)
        sessions_index(recorder->sessions, session, index, server->id,
                       sessions_address_key(recorder->sessions, address));
    else
        sessions_unindex(recorder->sessions, session, index);
}

void session_index_all(struct recorder *recorder, struct session *session,
                       const struct server *server)
{
    if (session->since != BATCH_NONE)
        sessions_index(recorder->sessions, session, SESSION_BY_FIRST, server->id,
                       sessions_first_key(session->since, session->real_port));
    index_address(recorder, session, SESSION_BY_VPN4, server, session->vpn4);
    index_address(recorder, session, SESSION_BY_VPN6, server, session->vpn6);
}

/* ── addresses ── */

static void hold(struct recorder *recorder, struct session *session, enum held_kind kind,
                 const char *address, int64_t since)
{
    if (session_holds(session, kind, address) || session->n_held >= MAX_HELD)
        return;
    write_held(recorder, session, session_hold(session, kind, address, since), BATCH_NONE, false);
    changed(recorder, session);
}

static void give_up(struct recorder *recorder, struct session *session, enum held_kind kind,
                    const char *address, int64_t until)
{
    struct session_held *held = session_holds(session, kind, address);

    if (!held)
        return;
    batch_keep(recorder, session);
    write_held(recorder, session, held, until, true);
    session_unhold(session, held);
}

/*
 * The clock was wrong and is put right: what was held is given up by the old clock and taken
 * up by the new one. Otherwise a session from 1970 would hold its address in every year since.
 */
void session_hold_anew(struct recorder *recorder, struct session *session, int64_t until,
                       int64_t since)
{
    batch_keep(recorder, session);
    for (size_t i = 0; i < session->n_held; i++) {
        if (session->held[i].since > until)
            continue; /* of the time before the clock was wrong */
        write_held(recorder, session, &session->held[i], until, true);
        session->held[i].since = since;
        write_held(recorder, session, &session->held[i], BATCH_NONE, false);
    }
}

/* The row is taken away, and another takes its place. */
static void hold_from(struct recorder *recorder, struct session *session, struct session_held *held,
                      int64_t since)
{
    struct held_row row = {
        .kind = held->kind,
        .never = true,
        .session = session->id,
        .since = held->since,
        .until = BATCH_NONE,
        .address = held->address,
    };

    memory_need_true(batch_held(batch_under_way(recorder), &row));
    held->since = since;
    write_held(recorder, session, held, BATCH_NONE, false);
}

void session_put_back_heard(struct recorder *recorder, struct session *session, int64_t by)
{
    struct session_heard *heard = &session->heard;

    heard->seen_at = clock_put_back(recorder, heard->seen_at, by, 0);
    for (int i = 0; i < COUNTS_SOURCES; i++)
        heard->counts[i].at = clock_put_back(recorder, heard->counts[i].at, by, 0);
}

static void put_back_counts(struct recorder *recorder, struct session *session, int64_t by)
{
    struct counts *counts = &session->counts;

    counts->base_at = clock_put_back(recorder, counts->base_at, by, session->started);
    counts->at = clock_put_back(recorder, counts->at, by, counts->base_at);
    if (counts->bucket > recorder->now.wall_s)
        counts_move(counts, counts->base_at, recorder->settings.bucket_s);
}

void session_put_back(struct recorder *recorder, struct session *session, int64_t by)
{
    int64_t now = recorder->now.wall_s;

    batch_keep(recorder, session);
    if (session->started > now) {
        session->started = clock_put_back(recorder, session->started, by, 0);
        session->handshake = BATCH_NONE; /* the first packet is of the old clock */
    }
    session->last_seen = clock_put_back(recorder, session->last_seen, by, session->started);
    session->real_at = clock_put_back(recorder, session->real_at, by, session->started);
    session_put_back_heard(recorder, session, by);
    put_back_counts(recorder, session, by);
    for (size_t i = 0; i < session->n_held; i++)
        if (session->held[i].since > now)
            hold_from(recorder, session, &session->held[i],
                      clock_put_back(recorder, session->held[i].since, by, session->started));
    session_changed(recorder, session);
    running_changed(recorder, session);
}

/*
 * Nothing says when a client moved: the new address may have been in use since the old one
 * was last confirmed, and the old one until now.
 */
void session_set_real(struct recorder *recorder, struct session *session, const char *real,
                      int64_t port, int64_t at)
{
    char address[SESSION_ADDRESS_SIZE];
    bool first = !*session->real;

    if (!address_read(real, address))
        return;
    batch_keep(recorder, session);
    if (strcmp(address, session->real) != 0) {
        int64_t since = first ? session->started : session->real_at;

        if (!first)
            give_up(recorder, session, HELD_REAL, session->real, at);
        strcpy(session->real, address);
        hold(recorder, session, HELD_REAL, address, since);
        session->real_port = port;
        session->real_at = at > session->started ? at : session->started;
        session_changed(recorder, session);
    } else if (port != BATCH_NONE && port != session->real_port) {
        session->real_port = port;
        session_changed(recorder, session);
    }
}

/*
 * Of another life of the server, which may be read first where many files wait. Both clocks
 * say so: one of them may have been set, or the machine started anew.
 */
static bool is_of_earlier_life(const struct session *session, const struct session *other)
{
    return session->file && other->file && session->file->start < other->file->start &&
           session->started_boot_ms >= 0 && session->started_boot_ms < other->started_boot_ms;
}

/*
 * Whoever else of that server held the VPN address has it no more. Where a status lists it
 * for both, nobody knows which of them has it: then both do. BATCH_NONE, or when somebody got
 * it who came later.
 */
static int64_t take_from_others(struct recorder *recorder, struct session *session,
                                enum session_index index, const char *address, int64_t at,
                                enum teller teller)
{
    int64_t place = session->run->server->id;
    uint64_t key = sessions_address_key(recorder->sessions, address);
    struct session *other = sessions_find(recorder->sessions, index, place, key);
    struct session *next;
    int64_t lost_at = BATCH_NONE;

    for (; other; other = next) {
        const struct session_held *held = session_holds(other, HELD_VPN, address);

        next = sessions_find_next(other, index);
        if (run_part_with(recorder, other) || other == session || !other->run ||
            other->ended != BATCH_NONE)
            continue;
        if (held && is_of_earlier_life(session, other))
            lost_at = held->since;
        else if (teller == TOLD_BY_PLUGIN || other->listed != session->listed)
            give_up(recorder, other, HELD_VPN, address, at);
    }
    return lost_at;
}

void session_learn(struct recorder *recorder, struct session *session, const char *text, int64_t at,
                   enum teller teller)
{
    char address[SESSION_ADDRESS_SIZE];
    int family = address_read(text, address);
    char *own = family == PREFIX_IPV4 ? session->vpn4 : session->vpn6;
    enum session_index index = family == PREFIX_IPV4 ? SESSION_BY_VPN4 : SESSION_BY_VPN6;
    int64_t lost_at;

    if (teller == TOLD_BY_PLUGIN) {
        session->learned4 = session->learned4 || family == PREFIX_IPV4;
        session->learned6 = session->learned6 || family == PREFIX_IPV6;
    }
    if (!family || session_holds(session, HELD_VPN, address))
        return;
    batch_keep(recorder, session);
    /* Management tells of it later than it happened. */
    lost_at = take_from_others(recorder, session, index, address,
                               teller == TOLD_BY_PLUGIN ? at : recorder->now.wall_s, teller);
    /* The first of a family is the client's own; further ones are hosts behind it. */
    if (!*own || !session_holds(session, HELD_VPN, own)) {
        strcpy(own, address);
        index_address(recorder, session, index, session->run->server, own);
    }
    hold(recorder, session, HELD_VPN, address, not_before(recorder, at, session->started));
    if (lost_at != BATCH_NONE)
        give_up(recorder, session, HELD_VPN, address, lost_at);
    session_changed(recorder, session);
}

void session_expect(struct recorder *recorder, struct session *session, const char *vpn4,
                    const char *vpn6)
{
    if (address_read(vpn4, session->vpn4) != PREFIX_IPV4)
        *session->vpn4 = '\0';
    if (address_read(vpn6, session->vpn6) != PREFIX_IPV6)
        *session->vpn6 = '\0';
    if (!*session->vpn4 && !*session->vpn6)
        return;
    session->tentative_boot_ms = recorder->now.boot_ms;
    chain_add(&recorder->tentative, &session->in_tentative, session);
}

/* Where nothing was learned, what was expected is all there is; else it is what was learned. */
void session_believe_expected(struct recorder *recorder, struct session *session)
{
    char *own[] = {session->vpn4, session->vpn6};
    bool of_family[] = {session->learned4, session->learned6};
    bool learned = session->learned4 || session->learned6;

    if (!chain_has(&session->in_tentative))
        return;
    batch_keep(recorder, session);
    chain_remove(&recorder->tentative, &session->in_tentative);
    for (size_t i = 0; i < session->n_held; i++)
        learned = learned || session->held[i].kind == HELD_VPN;
    for (int i = 0; i < 2; i++)
        if (!learned && *own[i])
            hold(recorder, session, HELD_VPN, own[i], session->started);
        else if (*own[i] && !of_family[i] && !session_holds(session, HELD_VPN, own[i]))
            *own[i] = '\0';
    if (session->run)
        session_index_all(recorder, session, session->run->server);
    session_changed(recorder, session);
}

/* ── while it is open ── */

void session_seen(struct recorder *recorder, struct session *session, int64_t at)
{
    if (at <= session->last_seen)
        return;
    batch_keep(recorder, session);
    session->last_seen = at;
    running_changed(recorder, session);
}

static void note_quiet(struct session *session, const struct session_count *count)
{
    if (session->counts.from == BATCH_NONE || count->from > session->counts.from ||
        session->quiet_since_ms == BATCH_NONE) {
        session->quiet_since_ms = count->boot_ms;
        session->quiet_reports = 0;
    } else {
        session->quiet_reports++;
    }
}

void session_count(struct recorder *recorder, struct session *session, enum counts_source source,
                   const struct session_count *count)
{
    struct counts_delta delta;

    if (count->from < 0 || count->to < 0)
        return;
    batch_keep(recorder, session);
    note_quiet(session, count);
    /* A later report has these bytes, too. */
    if (batch_is_full(recorder)) {
        session_seen(recorder, session, count->at);
        return;
    }
    counts_report(&session->counts, source, count->from, count->to, count->at,
                  recorder->settings.bucket_s, &delta);
    write_delta(recorder, session, &delta);
    if (count->at > session->last_seen)
        session->last_seen = count->at;
    running_changed(recorder, session);
}

void session_forget_heard(struct server *server, struct session *session)
{
    chain_remove(&server->heard, &session->in_heard);
    session_heard_nothing(session);
}

void session_set_run(struct recorder *recorder, struct session *session, struct run *run)
{
    batch_keep(recorder, session);
    if (chain_has(&session->in_dirty)) {
        session->run->n_dirty--;
        run->n_dirty++;
    }
    session->run = run;
}

void session_move(struct recorder *recorder, struct session *session, struct run *run)
{
    struct run *old = session->run;

    status_settle(recorder, session);
    session_set_run(recorder, session, run);
    chain_remove(&old->sessions, &session->in_run);
    session_set_cid(recorder, session, BATCH_NONE);
    chain_add(&run->sessions, &session->in_run, session);
    session_index_all(recorder, session, run->server);
    session_changed(recorder, session);
}

/* ── ending ── */

enum end_reason session_disconnect_reason(const struct recorder *recorder,
                                          const struct session *session, int64_t boot_ms)
{
    struct ending_quiet quiet = {
        .final_from = session->final_from,
        .counted_from = session->counts.from,
        .reports = session->quiet_reports,
    };
    int64_t now = recorder->now.boot_ms;

    if (boot_ms < 0 || boot_ms > now)
        boot_ms = now;
    if (session->quiet_since_ms != BATCH_NONE)
        quiet.quiet_ms = boot_ms - session->quiet_since_ms;
    return ending_of_disconnect(&quiet);
}

/* The last sessions that ended together stay for a while: see ending_with_run(). */
static void into_tail(struct recorder *recorder, struct session *session)
{
    struct run *run = session->run;

    chain_remove(&run->sessions, &session->in_run);
    recorder->n_open--;
    for (int i = 0; i < SESSION_INDEXES; i++)
        if (i != SESSION_BY_ID)
            sessions_unindex(recorder->sessions, session, i);
    run_keep_ended(recorder, session);
}

void session_release(struct recorder *recorder, struct session *session)
{
    if (session->ended == BATCH_NONE || chain_has(&session->in_run) ||
        chain_has(&session->in_dirty))
        return;
    sessions_remove(recorder->sessions, session);
}

void session_end(struct recorder *recorder, struct session *session, int64_t ended, int64_t gone_by,
                 enum end_reason reason)
{
    struct counts_delta deltas[2];
    int64_t until;

    batch_keep(recorder, session);
    session_believe_expected(recorder, session);
    session_forget_heard(session->run->server, session);
    session->ended = not_before(recorder, ended, session->started);
    if (gone_by != BATCH_NONE)
        session->gone_by = gone_by > session->ended ? gone_by : session->ended;
    session->end_reason = reason;
    counts_finish(&session->counts, session->final_from, session->final_to, session->ended,
                  recorder->settings.bucket_s, deltas);
    session->final_from = session->counts.from;
    session->final_to = session->counts.to;
    write_delta(recorder, session, &deltas[0]);
    write_delta(recorder, session, &deltas[1]);
    until = session->gone_by == BATCH_NONE ? session->ended : session->gone_by;
    for (size_t i = 0; i < session->n_held; i++)
        write_held(recorder, session, &session->held[i], until, false);
    session_changed(recorder, session);
    into_tail(recorder, session);
}

int64_t gone_at_the_latest(const struct recorder *recorder, int64_t gone_by, int64_t seen,
                           enum end_reason reason)
{
    int64_t now = recorder->now.wall_s;

    if (gone_by == BATCH_NONE)
        return gone_by;
    return gone_by > now || (gone_by < seen && reason != END_SERVER_RESTART) ? now : gone_by;
}

void session_end_unseen(struct recorder *recorder, struct session *session, int64_t gone_by,
                        enum end_reason reason)
{
    int64_t seen;

    status_settle(recorder, session);
    seen = session->last_seen;
    /* Its spool would have told of its end. */
    if (session->file && session->file->alive_at > seen && !session->run->lossy)
        seen = session->file->alive_at;
    gone_by = gone_at_the_latest(recorder, gone_by, seen, reason);
    session_end(recorder, session, gone_by != BATCH_NONE && gone_by < seen ? gone_by : seen,
                gone_by, reason);
}
