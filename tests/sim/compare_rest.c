/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hangs on the sessions: addresses, traffic; and what stands beside: refusals, gaps. */
#include "config.h"

#include "tests/sim/compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FOREVER (INT64_MAX / 4) /* seconds */

/* ── addresses ── */

/* What is known of the session whose rows are being read; they come by session. */
static struct {
    int64_t id;
    bool vpn4, vpn6, real;
} held;

static const struct sim_session *session_of(const struct comparison *c, int64_t id)
{
    const struct compare_row *row = compare_find_row(c, id);

    return row && row->session != SIM_NONE ? &c->world->ledger.sessions[row->session] : NULL;
}

static void finish_held(struct comparison *c)
{
    const struct sim_session *session = held.id > 0 ? session_of(c, held.id) : NULL;

    if (!session)
        return;
    if ((session->vpn4.space != SIM_NOWHERE && !held.vpn4) ||
        (session->vpn6.space != SIM_NOWHERE && !held.vpn6) || !held.real)
        compare_fault(c, FAULT_HELD, "session %" PRId64 ": an address that it held is missing",
                      held.id);
}

static bool is_text_of(struct sim_address address, const char *text)
{
    char own[SIM_ADDRESS_SIZE];

    return address.space != SIM_NOWHERE && strcmp(sim_address_text(address, own), text) == 0;
}

/* From when to when the truth had it; false if never. */
static bool had_real(const struct comparison *c, const struct sim_session *session,
                     const char *text, int64_t *from, int64_t *to)
{
    int64_t until = session->end == SIM_OPEN ? c->world->now : session->ended;

    for (uint32_t i = session->last_move; i != SIM_NONE; i = c->world->ledger.moves[i].before) {
        const struct sim_move *move = &c->world->ledger.moves[i];

        if (is_text_of(move->real, text)) {
            *from = move->at;
            *to = until;
            return true;
        }
        until = move->at;
    }
    *from = session->began;
    *to = until;
    return is_text_of(session->real, text);
}

/* Seen when `status 3` came round: it may have come later, and gone earlier, not the reverse. */
static void compare_real(struct comparison *c, const struct sim_session *session, int64_t id,
                         const char *text, int64_t since, int64_t until)
{
    int64_t from, to;

    if (!had_real(c, session, text, &from, &to)) {
        compare_fault(c, FAULT_HELD, "session %" PRId64 " never was at %s", id, text);
        return;
    }
    held.real = true;
    if (is_text_of(session->real, text) && session->last_move == SIM_NONE &&
        (since > session->began / 1000 ||
         (session->end != SIM_OPEN && until < session->ended / 1000 - 1)))
        compare_fault(c, FAULT_HELD, "session %" PRId64 " at %s: %" PRId64 " to %" PRId64 " s off",
                      id, text, since - session->began / 1000, until - session->ended / 1000);
}

static void compare_vpn(struct comparison *c, const struct sim_session *session, int64_t id,
                        const char *text, int64_t since, int64_t until)
{
    struct sim_address pool = session->vpn4;
    int64_t ended = session->ended / 1000;
    bool four = is_text_of(session->vpn4, text), six = is_text_of(session->vpn6, text);

    if (!four && !six) {
        /* Told at connect, and another at once where the user has an address of his own. */
        if (pool.space != SIM_FIXED4 || until - since > 2)
            compare_fault(c, FAULT_HELD, "session %" PRId64 " never had %s", id, text);
        return;
    }
    held.vpn4 |= four;
    held.vpn6 |= six;
    if (four && session->taken != SIM_NEVER)
        ended = session->taken / 1000;
    if (session->number == 0)
        ended--; /* nobody told the end to the second */
    if (since > session->began / 1000 || (session->end != SIM_OPEN && until < ended))
        compare_fault(c, FAULT_HELD,
                      "session %" PRId64 " with %s: %" PRId64 " to %" PRId64 " s off", id, text,
                      since - session->began / 1000, until - session->ended / 1000);
}

static void compare_held(struct comparison *c, sqlite3_stmt *row)
{
    int64_t id = sqlite3_column_int64(row, 0), kind = sqlite3_column_int64(row, 1);
    const char *text = (const char *)sqlite3_column_text(row, 2);
    int64_t since = sqlite3_column_int64(row, 3);
    int64_t until =
        sqlite3_column_type(row, 4) == SQLITE_NULL ? FOREVER : sqlite3_column_int64(row, 4);
    const struct sim_session *session = session_of(c, id);

    if (id != held.id) {
        finish_held(c);
        memset(&held, 0, sizeof held);
        held.id = id;
    }
    if (!session)
        return;
    if (kind == 0)
        compare_vpn(c, session, id, text, since, until);
    else
        compare_real(c, session, id, text, since, until);
}

static void count_held(struct comparison *c, sqlite3_stmt *row)
{
    int64_t missing = sqlite3_column_int64(row, 0);

    if (missing > 0)
        compare_fault(c, FAULT_HELD, "%" PRId64 " sessions hold no address", missing);
}

void compare_addresses(struct comparison *c)
{
    memset(&held, 0, sizeof held);
    compare_each(c,
                 "SELECT h.session, h.kind, a.text, h.since, h.until FROM held h"
                 " JOIN address a ON a.id = h.address ORDER BY h.session, h.kind, h.since",
                 compare_held);
    finish_held(c);
    compare_each(c, "SELECT count(*) FROM session WHERE id NOT IN (SELECT session FROM held)",
                 count_held);
}

/* ── traffic ── */

static void compare_sum(struct comparison *c, sqlite3_stmt *stmt)
{
    int64_t id = sqlite3_column_int64(stmt, 0);
    int64_t from = sqlite3_column_int64(stmt, 1), to = sqlite3_column_int64(stmt, 2);
    const struct compare_row *row = compare_find_row(c, id);

    if (!row) {
        compare_fault(c, FAULT_TRAFFIC, "traffic of session %" PRId64 ", which is not there", id);
        return;
    }
    if (row->closed && row->has_bytes && (from != row->from_client || to != row->to_client))
        compare_fault(c, FAULT_TRAFFIC,
                      "session %" PRId64 ": its buckets hold %" PRId64 "/%" PRId64
                      ", the session %" PRId64 "/%" PRId64,
                      id, from, to, row->from_client, row->to_client);
    if (!row->closed && (from != row->base_from || to != row->base_to))
        compare_fault(c, FAULT_TRAFFIC,
                      "open session %" PRId64 ": its buckets hold %" PRId64 "/%" PRId64
                      ", its base %" PRId64 "/%" PRId64,
                      id, from, to, row->base_from, row->base_to);
}

/* The sum of all buckets up to one lies between the counters shortly before and after its end. */
static struct {
    int64_t id;
    uint64_t from, to;
} sum;

static void compare_bucket(struct comparison *c, sqlite3_stmt *stmt)
{
    const struct compare_settings *settings = c->settings;
    int64_t id = sqlite3_column_int64(stmt, 0), bucket = sqlite3_column_int64(stmt, 1);
    const struct sim_session *session = session_of(c, id);
    int64_t end = (bucket + settings->bucket_s) * 1000;
    int64_t slack = settings->unsure_ms + settings->bytecount_ms;
    struct traffic_count low, high;
    struct traffic traffic;
    unsigned server;

    if (id != sum.id)
        memset(&sum, 0, sizeof sum);
    sum.id = id;
    sum.from += (uint64_t)sqlite3_column_int64(stmt, 2);
    sum.to += (uint64_t)sqlite3_column_int64(stmt, 3);
    if (!session)
        return;
    server = c->world->ledger.runs[session->run].server;
    if (compare_is_blind(c, server, end - 2 * slack, end + slack) ||
        (session->end != SIM_OPEN && session->ended < end + slack))
        return;
    traffic = session->traffic;
    low = traffic_at(&traffic, end - slack);
    high = traffic_at(&traffic, end + 1000);
    if (end - slack < session->began)
        low = (struct traffic_count){0, 0};
    if (sum.from < low.from_client || sum.from > high.from_client || sum.to < low.to_client ||
        sum.to > high.to_client)
        compare_fault(c, FAULT_TRAFFIC,
                      "session %" PRId64 ", bucket %" PRId64 ": %" PRIu64 "/%" PRIu64
                      " until its end, in truth %" PRIu64 "/%" PRIu64 " to %" PRIu64 "/%" PRIu64,
                      id, bucket, sum.from, sum.to, low.from_client, low.to_client,
                      high.from_client, high.to_client);
}

static void compare_usage(struct comparison *c, sqlite3_stmt *row)
{
    for (int i = 2; i < 6; i += 2)
        for (int way = 0; way < 2; way++)
            if (sqlite3_column_int64(row, way) != sqlite3_column_int64(row, i + way))
                compare_fault(c, FAULT_TRAFFIC, "%s have %" PRId64 " bytes, the buckets %" PRId64,
                              i == 2 ? "days" : "hours",
                              (int64_t)sqlite3_column_int64(row, i + way),
                              (int64_t)sqlite3_column_int64(row, way));
}

void compare_traffic(struct comparison *c)
{
    memset(&sum, 0, sizeof sum);
    compare_each(c,
                 "SELECT session, sum(from_client), sum(to_client) FROM traffic GROUP BY session",
                 compare_sum);
    if (c->settings->buckets)
        compare_each(c,
                     "SELECT session, bucket, from_client, to_client FROM traffic"
                     " ORDER BY session, bucket",
                     compare_bucket);
    compare_each(c,
                 "SELECT t.f, t.t, d.f, d.t, h.f, h.t FROM"
                 " (SELECT total(from_client) f, total(to_client) t FROM traffic) t,"
                 " (SELECT total(from_client) f, total(to_client) t FROM usage_day) d,"
                 " (SELECT total(from_client) f, total(to_client) t FROM usage_hour) h",
                 compare_usage);
}

/* ── refusals ── */

static uint64_t *refused; /* a sum for each server, of what and when */
static uint64_t n_refused;

static uint64_t refusal_sum(int64_t at, const char *user, const char *real, int64_t port)
{
    uint64_t value = random_mix((uint64_t)at, (uint64_t)port);

    for (const char *c = user; *c; c++)
        value = random_mix(value, (unsigned char)*c);
    for (const char *c = real; *c; c++)
        value = random_mix(value, (unsigned char)*c);
    return value;
}

static void add_refusal(struct comparison *c, sqlite3_stmt *row)
{
    int64_t server = sqlite3_column_int64(row, 0);
    const char *user = (const char *)sqlite3_column_text(row, 2);
    const char *real = (const char *)sqlite3_column_text(row, 3);

    n_refused++;
    if (server >= 0 && server < c->n_server_of && c->server_of[server] != SIM_NONE)
        refused[c->server_of[server]] -=
            refusal_sum(sqlite3_column_int64(row, 1), user ? user : "", real ? real : "",
                        sqlite3_column_int64(row, 4));
}

void compare_refusals(struct comparison *c)
{
    const struct ledger *ledger = &c->world->ledger;
    char user[SIM_NAME_SIZE], real[SIM_ADDRESS_SIZE];

    n_refused = 0;
    refused = calloc(c->world->settings->n_servers, sizeof *refused);
    if (!refused)
        exit(2);
    for (uint32_t i = 0; i < ledger->n_refusals; i++) {
        const struct sim_refusal *r = &ledger->refusals[i];

        refused[r->server] += refusal_sum(r->at / 1000, sim_user_text(r->user, user),
                                          sim_address_text(r->real, real), r->port);
    }
    compare_each(c, "SELECT server, at, user, real, real_port FROM refusal", add_refusal);
    if (n_refused != ledger->n_refusals)
        compare_fault(c, FAULT_REFUSAL, "%" PRIu64 " refusals, in truth %u", n_refused,
                      ledger->n_refusals);
    for (unsigned i = 0; i < c->world->settings->n_servers; i++)
        if (refused[i] != 0)
            compare_fault(c, FAULT_REFUSAL, "those of server %s are not the true ones",
                          c->world->settings->servers[i].name);
    free(refused);
}

/* ── gaps ── */

/* The rows, by server and time, and how far those of each server were looked at. */
struct gap {
    unsigned server;
    int64_t began, ended;
};
static struct gap *gaps;
static size_t n_gaps;

static void add_gap(struct comparison *c, sqlite3_stmt *row)
{
    int64_t server = sqlite3_column_int64(row, 0);
    bool lasts = sqlite3_column_type(row, 2) == SQLITE_NULL;

    if (server < 0 || server >= c->n_server_of || c->server_of[server] == SIM_NONE)
        return;
    if (n_gaps % 1024 == 0) {
        gaps = realloc(gaps, (n_gaps + 1024) * sizeof *gaps);
        if (!gaps)
            exit(2);
    }
    gaps[n_gaps++] = (struct gap){c->server_of[server], sqlite3_column_int64(row, 1),
                                  lasts ? INT64_MAX : sqlite3_column_int64(row, 2)};
}

/* Until when the rows cover the time from `from` on, to the second. */
static int64_t covered_from(unsigned server, int64_t from, size_t *cursor)
{
    int64_t covered = from;

    while (*cursor < n_gaps && (gaps[*cursor].server != server || gaps[*cursor].ended < from))
        ++*cursor;
    for (size_t i = *cursor; i < n_gaps; i++) {
        if (gaps[i].server != server)
            continue;
        if (gaps[i].began > covered + 1)
            break;
        if (gaps[i].ended > covered)
            covered = gaps[i].ended;
    }
    return covered;
}

/* Whenever nobody listened, a row must say so. */
static void compare_gaps_of(struct comparison *c, unsigned server)
{
    size_t cursor = 0;

    for (uint32_t i = c->first_blind[server]; i < c->first_blind[server + 1]; i++) {
        const struct sim_blind *blind = &c->blinds[i];
        int64_t to = blind->to == SIM_NEVER ? c->world->now : blind->to;
        int64_t covered;

        if (blind->from <= c->world->settings->begin || to - blind->from < 1000)
            continue; /* before the daemon was first started; too short for seconds */
        covered = covered_from(server, blind->from / 1000, &cursor);
        if (covered < to / 1000 - 1)
            compare_fault(c, FAULT_GAP,
                          "%s was not watched from %" PRId64 " to %" PRId64
                          ", and no row says so from %" PRId64 " on",
                          c->world->settings->servers[server].name, blind->from / 1000, to / 1000,
                          covered);
    }
}

void compare_gaps(struct comparison *c)
{
    n_gaps = 0;
    compare_each(c,
                 "SELECT server, began, ended FROM gap WHERE kind = 1 AND server NOT NULL"
                 " ORDER BY server, began",
                 add_gap);
    for (unsigned i = 0; i < c->world->settings->n_servers; i++)
        compare_gaps_of(c, i);
    free(gaps);
    gaps = NULL;
}
