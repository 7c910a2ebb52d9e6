/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the plugin's records mean. A number that was there already begins nothing, a
 * record of a session that is not open ends nothing: however often a record is read,
 * it counts once.
 */
#include "mgmtd/ending.h"
#include "mgmtd/memory.h"
#include "mgmtd/recorder_private.h"

#include <string.h>

#define LATEST 16 /* a client that comes back at once replaced one of the last sessions to end */

static struct session *session_of(struct recorder *recorder, const struct spool_file *file,
                                  int64_t number)
{
    struct session *session =
        sessions_find(recorder->sessions, SESSION_BY_NUMBER, file->id, (uint64_t)number);

    if (session) {
        status_settle(recorder, session);
        batch_keep(recorder, session);
    }
    return session;
}

/* Written before the clock was put back, it is of the future: then its age says when. */
static int64_t when(const struct recorder *recorder, const struct spool_record *record)
{
    const struct recorder_time *now = &recorder->now;
    int64_t at = time_or(record->at, now->wall_s);
    int64_t by_age = now->wall_s;

    if (record->boot_ms >= 0 && record->boot_ms < now->boot_ms)
        by_age -= (now->boot_ms - record->boot_ms) / 1000;
    return clock_was_ahead(recorder, at, by_age) ? by_age : at;
}

/* The run that was on when this client sent its first packet. */
static struct run *run_at(const struct spool_file *file, int64_t since)
{
    const struct run *run = file->run;

    if (file->earlier && run->connected_at != BATCH_NONE && since != BATCH_NONE &&
        since < run->connected_at)
        return file->earlier;
    return file->run;
}

/* ── connected ── */

static const char *common_name(const char *name, const char *user)
{
    return name && *name ? name : user ? user : "";
}

/* Where management showed no port (OpenVPN 2.6, IPv6), others may be at that address. */
static bool same_client(const struct session *session, const struct spool_record *record)
{
    char real[SESSION_ADDRESS_SIZE];

    if (session->real_port == BATCH_NONE && strcmp(common_name(session->common_name, session->user),
                                                   common_name(record->cn, record->user)) != 0)
        return false;
    return !*session->real || (address_read(record->real, real) && !strcmp(real, session->real));
}

/* What management told of this client before its record was read: a session or a candidate. */
static struct session *known_to_management(struct recorder *recorder, const struct run *run,
                                           const struct spool_record *record)
{
    int64_t ports[] = {record->port, BATCH_NONE};

    for (int i = 0; i < 2 && record->since >= 0; i++) {
        struct session *found = sessions_find(recorder->sessions, SESSION_BY_FIRST, run->server->id,
                                              sessions_first_key(record->since, ports[i]));

        for (; found; found = sessions_find_next(found, SESSION_BY_FIRST))
            if (!found->file && found->ended == BATCH_NONE && !run_takes_along(found) &&
                found->since == record->since && same_client(found, record))
                return found;
    }
    return NULL;
}

static void note_replaced(struct recorder *recorder, const struct session *session)
{
    const char *name = session->common_name ? session->common_name : session->user;
    const struct chain *tail = &session->run->tail;
    struct session *old = tail->last ? tail->last->item : NULL;

    for (int i = 0; old && i < LATEST; i++, old = chain_before(&old->in_run)) {
        const char *old_name = old->common_name ? old->common_name : old->user;

        if (!ending_is_replaced(old->end_reason, old->ended_boot_ms, session->started_boot_ms) ||
            strcmp(name, old_name) != 0)
            continue;
        old->end_reason = END_REPLACED;
        session_changed(recorder, old);
    }
}

static void tell_session(struct session *session, const struct spool_record *record, int64_t at)
{
    const struct session_names names = {
        .user = record->user,
        .typed = record->typed,
        .common_name = record->cn,
        .profile = record->profile,
        .chosen_by = record->by,
        .program = record->client,
        .platform = record->platform,
        .routes = record->routes,
    };

    session_name(session, &names);
    session->fell_back = record->fell_back == 1 ? 1 : 0;
    session->since = time_or(record->since, BATCH_NONE);
    session->handshake =
        session->since != BATCH_NONE && session->since <= at ? at - session->since : BATCH_NONE;
    session->started_boot_ms = record->boot_ms;
    session->real_port = record->port >= 0 && record->port <= 65535 ? record->port : BATCH_NONE;
}

/* Management began it, since the spool turned up late or had lost records: now it is the spool's.
 */
static void take_over(struct recorder *recorder, struct session *session, struct spool_file *file,
                      const struct spool_record *record)
{
    int64_t started = session->started;

    status_settle(recorder, session);
    batch_keep(recorder, session);
    tell_session(session, record, when(recorder, record));
    session->handshake = 0;
    session->started = started;
    session->number = record->session;
    session->file = file;
    sessions_index(recorder->sessions, session, SESSION_BY_NUMBER, file->id,
                   (uint64_t)record->session);
    session_changed(recorder, session);
}

static int64_t take_cid(struct recorder *recorder, struct run *run, struct session *candidate)
{
    int64_t cid = candidate->cid;

    candidate->refused_room = false;
    candidate_drop(recorder, run->server, candidate);
    return cid;
}

static void on_connected(struct recorder *recorder, struct spool_file *file,
                         const struct spool_record *record)
{
    struct run *run = run_at(file, record->since);
    int64_t at = when(recorder, record);
    struct session *known = known_to_management(recorder, run, record);
    int64_t cid = BATCH_NONE;
    struct session *session;

    if (record->session <= file->last_number)
        return;
    file->last_number = record->session;
    if (known && known->run) {
        take_over(recorder, known, file, record);
        return;
    }
    if (known && run == run->server->run)
        cid = take_cid(recorder, run, known);
    session = sessions_add(recorder->sessions, --recorder->next_candidate);
    tell_session(session, record, at);
    session->number = record->session;
    session->file = file;
    session_begin(recorder, session, run, at);
    sessions_index(recorder->sessions, session, SESSION_BY_NUMBER, file->id,
                   (uint64_t)record->session);
    session_set_cid(recorder, session, cid);
    session_set_real(recorder, session, record->real, session->real_port, at);
    session_expect(recorder, session, record->vpn4, record->vpn6);
    session_index_all(recorder, session, run->server);
    note_replaced(recorder, session);
}

/* ── address ── */

static void on_address(struct recorder *recorder, struct spool_file *file,
                       const struct spool_record *record)
{
    struct session *session = session_of(recorder, file, record->session);
    int64_t at = when(recorder, record);

    if (!session)
        return;
    session_seen(recorder, session, at);
    session_learn(recorder, session, record->address, at, TOLD_BY_PLUGIN);
}

/* ── ends ── */

/*
 * When it ended by the wall clock, and not before the clock that cannot be set says: a
 * file is one process's, so both times are of one boot.
 */
static int64_t end_time(const struct recorder *recorder, const struct session *session,
                        const struct spool_record *record)
{
    int64_t at = when(recorder, record);
    int64_t lasted_ms = 0;
    int64_t ended;

    if (session->started_boot_ms >= 0 && record->boot_ms >= session->started_boot_ms &&
        record->boot_ms <= recorder->now.boot_ms)
        lasted_ms = record->boot_ms - session->started_boot_ms;
    ended = session->started + lasted_ms / 1000;
    if (clock_was_ahead(recorder, ended, recorder->now.wall_s)) /* it began by that clock */
        return at;
    return at > ended ? at : ended;
}

/* Its server may be known to have gone before this record was read. */
static enum end_reason with_run(const struct run *run, enum end_reason reason, int64_t ended)
{
    if (run->ended == BATCH_NONE)
        return reason;
    return ending_with_run(reason, ended, ended, run->ended, run->end_reason);
}

/* A session that management began, as its own record was lost. */
static struct session *without_number(struct recorder *recorder, const struct spool_file *file,
                                      const struct spool_record *record)
{
    int64_t since = when(recorder, record) - record->duration;
    int64_t place = file->run->server->id;

    if (!file->run->lossy || record->duration < 0 || record->duration > when(recorder, record))
        return NULL;
    for (int64_t s = since - 1; s <= since + 1; s++) {
        struct session *session = sessions_find(recorder->sessions, SESSION_BY_FIRST, place,
                                                sessions_first_key(s, record->port));

        if (session && session->run && !session->file && same_client(session, record))
            return session;
    }
    return NULL;
}

static void on_disconnected(struct recorder *recorder, struct spool_file *file,
                            const struct spool_record *record)
{
    struct session *session = session_of(recorder, file, record->session);
    enum end_reason reason;
    int64_t ended;

    if (!session)
        session = without_number(recorder, file, record);
    if (!session)
        return;
    status_settle(recorder, session);
    batch_keep(recorder, session);
    ended = end_time(recorder, session, record);
    session->final_from = record->from_client < 0 ? BATCH_NONE : record->from_client;
    session->final_to = record->to_client < 0 ? BATCH_NONE : record->to_client;
    session_set_real(recorder, session, record->real,
                     record->port >= 0 && record->port <= 65535 ? record->port : BATCH_NONE, ended);
    session->ended_boot_ms = record->boot_ms;
    reason = session_disconnect_reason(recorder, session, record->boot_ms);
    session_end(recorder, session, ended, BATCH_NONE, with_run(session->run, reason, ended));
}

static void on_vanished(struct recorder *recorder, struct spool_file *file,
                        const struct spool_record *record)
{
    struct session *session = session_of(recorder, file, record->session);

    if (session)
        session_end(recorder, session, end_time(recorder, session, record), BATCH_NONE,
                    END_VANISHED);
}

/* ── the rest ── */

static const char *printable(char *copy, size_t size, const char *text)
{
    if (!text)
        return NULL;
    strncpy(copy, text, size - 1);
    copy[size - 1] = '\0';
    log_make_printable(copy);
    return copy;
}

static void on_refused(struct recorder *recorder, struct spool_file *file,
                       const struct spool_record *record)
{
    char user[SPOOL_MAX_VALUE + 1], typed[SPOOL_MAX_VALUE + 1], cn[SPOOL_MAX_VALUE + 1];
    char wanted[SPOOL_MAX_VALUE + 1], reason[SPOOL_MAX_VALUE + 1], real[SESSION_ADDRESS_SIZE];
    struct refusal_row row = {
        .id = recorder->next_refusal++,
        .at = when(recorder, record),
        .server = file->run->server->id,
        .user = printable(user, sizeof user, record->user),
        .typed = printable(typed, sizeof typed, record->typed),
        .common_name = printable(cn, sizeof cn, record->cn),
        .wanted = printable(wanted, sizeof wanted, record->wanted),
        .reason = printable(reason, sizeof reason, record->reason),
        .real = address_read(record->real, real) ? real : NULL,
        .real_port = record->port >= 0 && record->port <= 65535 ? record->port : BATCH_NONE,
    };

    if (row.user && row.typed && strcmp(row.user, row.typed) == 0)
        row.typed = NULL;
    memory_need_true(batch_refusal(batch_under_way(recorder), &row));
}

static void on_lost(struct recorder *recorder, struct spool_file *file,
                    const struct spool_record *record)
{
    int64_t at = when(recorder, record);

    file->run->lossy = true;
    file->garbage = 0; /* what a full disk left of a record is among those lost */
    gap_note(recorder, GAP_SPOOL_LOST, file->run->server,
             file->last_at == BATCH_NONE ? at : file->last_at, at, record->count, NULL);
}

typedef void record_handler(struct recorder *recorder, struct spool_file *file,
                            const struct spool_record *record);

static record_handler *const handlers[SPOOL_KIND_COUNT] = {
    [SPOOL_CONNECTED] = on_connected,       [SPOOL_ADDRESS] = on_address,
    [SPOOL_DISCONNECTED] = on_disconnected, [SPOOL_VANISHED] = on_vanished,
    [SPOOL_REFUSED] = on_refused,           [SPOOL_LOST] = on_lost,
};

void record_take(struct recorder *recorder, struct spool_file *file,
                 const struct spool_record *record)
{
    if (handlers[record->kind])
        handlers[record->kind](recorder, file, record);
    if (record->at != SPOOL_NONE)
        file->last_at = when(recorder, record);
}
