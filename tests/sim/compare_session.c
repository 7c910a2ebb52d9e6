/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each row of `session` against the one session of the ledger that it tells of. */
#include "config.h"

#include "tests/sim/compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char compare_session_sql[] =
    "SELECT s.id, s.run, u.name, s.started, s.ended, s.gone_by, coalesce(s.end_reason, 0),"
    " s.from_client, s.to_client, p.name, b.name, s.cid, s.number, s.typed, s.common_name,"
    " v4.text, v6.text, r.from_client, r.to_client, r.base_from, r.base_to, e.seen, s.real_port,"
    " re.text"
    " FROM session s JOIN user u ON u.id = s.user"
    " LEFT JOIN profile p ON p.id = s.profile LEFT JOIN chosen_by b ON b.id = s.chosen_by"
    " LEFT JOIN address v4 ON v4.id = s.vpn4 LEFT JOIN address v6 ON v6.id = s.vpn6"
    " LEFT JOIN address re ON re.id = s.real"
    " LEFT JOIN running r ON r.session = s.id LEFT JOIN end_reason e ON e.id = s.end_reason"
    " ORDER BY s.id";
enum column {
    ID,
    RUN,
    USER,
    STARTED,
    ENDED,
    GONE_BY,
    END_REASON,
    FROM_CLIENT,
    TO_CLIENT,
    PROFILE,
    CHOSEN_BY,
    CID,
    NUMBER,
    TYPED,
    COMMON_NAME,
    VPN4,
    VPN6,
    RUNNING_FROM,
    RUNNING_TO,
    BASE_FROM,
    BASE_TO,
    SEEN,
    REAL_PORT,
    REAL
};

static bool is_null(sqlite3_stmt *row, enum column column)
{
    return sqlite3_column_type(row, (int)column) == SQLITE_NULL;
}

static int64_t number(sqlite3_stmt *row, enum column column)
{
    return is_null(row, column) ? SIM_NEVER : sqlite3_column_int64(row, (int)column);
}

static const char *text(sqlite3_stmt *row, enum column column)
{
    const unsigned char *found = sqlite3_column_text(row, (int)column);

    return found ? (const char *)found : "";
}

/* ── which one it is ── */

static const struct compare_run *run_of(const struct comparison *c, sqlite3_stmt *row)
{
    int64_t id = number(row, RUN);
    size_t low = 0, high = c->n_runs;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (c->runs[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->n_runs && c->runs[low].id == id ? &c->runs[low] : NULL;
}

static int compare_keys(const void *a, const void *b)
{
    const struct compare_key *x = a, *y = b;

    if (x->server != y->server)
        return x->server < y->server ? -1 : 1;
    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    if (x->second != y->second)
        return x->second < y->second ? -1 : 1;
    return (x->session > y->session) - (x->session < y->session);
}

void compare_index_sessions(struct comparison *c)
{
    const struct ledger *ledger = &c->world->ledger;

    c->keys = calloc(2 * (size_t)ledger->n_sessions + 1, sizeof *c->keys);
    c->matched = calloc(ledger->n_sessions + 1, sizeof *c->matched);
    if (!c->keys || !c->matched)
        exit(2);
    for (uint32_t i = 0; i < ledger->n_sessions; i++) {
        const struct sim_session *session = &ledger->sessions[i];
        struct compare_key key = {.server = ledger->runs[session->run].server,
                                  .user = session->user,
                                  .second = session->began / 1000,
                                  .session = i};

        c->keys[c->n_keys++] = key;
        if (session->created / 1000 == key.second)
            continue;
        key.second = session->created / 1000;
        c->keys[c->n_keys++] = key;
    }
    qsort(c->keys, c->n_keys, sizeof *c->keys, compare_keys);
}

/* SIM_NONE for somebody who does not exist. */
static uint32_t user_of(const struct comparison *c, const char *name)
{
    char text_of_user[SIM_NAME_SIZE];
    unsigned long n = strncmp(name, "user", 4) == 0 ? strtoul(name + 4, NULL, 10) : 0;

    for (uint32_t i = 0; i < 32 && n == 0; i++)
        if (strcmp(sim_user_text(i, text_of_user), name) == 0)
            return i;
    return n < c->world->n_users && strcmp(sim_user_text((uint32_t)n, text_of_user), name) == 0
               ? (uint32_t)n
               : SIM_NONE;
}

/* Whether it ever was at the real address of the row. */
static bool was_at(const struct comparison *c, const struct sim_session *truth, const char *real)
{
    char address[SIM_ADDRESS_SIZE];

    for (uint32_t i = truth->last_move; i != SIM_NONE; i = c->world->ledger.moves[i].before)
        if (strcmp(sim_address_text(c->world->ledger.moves[i].real, address), real) == 0)
            return true;
    return strcmp(sim_address_text(truth->real, address), real) == 0;
}

static bool could_end(const struct sim_session *truth, sqlite3_stmt *row)
{
    int64_t ended = number(row, ENDED), gone_by = number(row, GONE_BY);

    if (ended == SIM_NEVER || truth->end == SIM_OPEN)
        return ended == SIM_NEVER && truth->end == SIM_OPEN;
    return ended <= truth->ended / 1000 &&
           (gone_by == SIM_NEVER ? ended : gone_by) >= truth->ended / 1000;
}

/*
 * How well a session of the ledger fits a row: an ended row has no number by which it is
 * found, and the same user may have come twice in a second.
 */
static int fit(const struct comparison *c, const struct compare_run *run, sqlite3_stmt *row,
               uint32_t session)
{
    const struct sim_session *truth = &c->world->ledger.sessions[session];
    int64_t from = number(row, FROM_CLIENT), to = number(row, TO_CLIENT);
    struct traffic_count all = world_count(c->world, session);
    char address[SIM_ADDRESS_SIZE];
    int points = 1;

    if (strcmp(c->world->ledger.runs[truth->run].spool, run->spool) != 0)
        return 0;
    if (!is_null(row, NUMBER) && number(row, NUMBER) != truth->number)
        return 0;
    points += 4 * (strcmp(text(row, VPN4), sim_address_text(truth->vpn4, address)) == 0);
    points += 8 * was_at(c, truth, text(row, REAL));
    points += 4 * could_end(truth, row);
    /* A count that was told late is less than what there was; it is never more. */
    points += 16 * (from <= (int64_t)all.from_client && to <= (int64_t)all.to_client);
    points +=
        16 * (from == (int64_t)truth->bytes.from_client && to == (int64_t)truth->bytes.to_client);
    points += !is_null(row, CID) && number(row, CID) == (int64_t)truth->cid;
    return points;
}

/* The one that fits best; *taken if all that fit have a row already. */
static uint32_t find(const struct comparison *c, const struct compare_run *run, sqlite3_stmt *row,
                     bool *taken)
{
    struct compare_key wanted = {.server = c->server_of[run->server],
                                 .user = user_of(c, text(row, USER)),
                                 .second = number(row, STARTED)};
    uint32_t found = SIM_NONE;
    size_t low = 0, high = c->n_keys;
    int best = 0;

    *taken = false;
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (compare_keys(&c->keys[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < c->n_keys && c->keys[low].server == wanted.server &&
           c->keys[low].user == wanted.user && c->keys[low].second == wanted.second;
         low++) {
        int points = fit(c, run, row, c->keys[low].session);

        if (points > 0 && c->matched[c->keys[low].session])
            *taken = true;
        else if (points > best) {
            best = points;
            found = c->keys[low].session;
        }
    }
    return found;
}

/* ── what it says ── */

struct pair {
    struct comparison *c;
    sqlite3_stmt *row;
    const struct sim_session *truth;
    const struct sim_run *run;
    uint32_t session;
    unsigned server;
    bool spool; /* the plugin told of it */
};

static void expect_text(const struct pair *pair, enum column column, const char *expected,
                        const char *what)
{
    if (strcmp(text(pair->row, column), expected) != 0)
        compare_fault(pair->c, FAULT_WHO, "session %" PRId64 ": %s \"%s\", in truth \"%s\"",
                      number(pair->row, ID), what, text(pair->row, column), expected);
}

/* A name that is the user's is left out. */
static void expect_name(const struct pair *pair, enum column column, const char *user,
                        const char *expected, const char *what)
{
    expect_text(pair, column, strcmp(expected, user) == 0 ? "" : expected, what);
}

static void compare_names(const struct pair *pair)
{
    static const char *const by[SIM_PROFILES] = {"default", "user-default", "menu"};
    const struct sim_session *truth = pair->truth;
    const struct sim_server *server = &pair->c->world->servers[pair->server];
    struct sim_peer peer = {
        .user = truth->user, .suffix = truth->suffix, .profile = (uint8_t)truth->profile};
    char user[SIM_NAME_SIZE], typed[SIM_NAME_SIZE], address[SIM_ADDRESS_SIZE];

    sim_user_text(truth->user, user);
    sim_typed_text(&peer, typed);
    expect_text(pair, USER, user, "user");
    expect_name(pair, TYPED, user, typed, "typed");
    if (!server->spec->certificates)
        expect_name(pair, COMMON_NAME, user, typed, "common name");
    expect_text(pair, PROFILE, pair->spool ? sim_profile_text(truth->profile) : "", "profile");
    if (pair->spool)
        expect_text(pair, CHOSEN_BY, truth->suffix ? "username-suffix" : by[truth->profile],
                    "chosen by");
    if (truth->taken == SIM_NEVER)
        expect_text(pair, VPN4, sim_address_text(truth->vpn4, address), "IPv4 address");
    expect_text(pair, VPN6, sim_address_text(truth->vpn6, address), "IPv6 address");
    if (!is_null(pair->row, CID) && number(pair->row, CID) != (int64_t)truth->cid)
        compare_fault(pair->c, FAULT_WHO, "session %" PRId64 ": cid %" PRId64 ", in truth %" PRIu64,
                      number(pair->row, ID), number(pair->row, CID), truth->cid);
}

static void compare_times(const struct pair *pair)
{
    const struct sim_session *truth = pair->truth;
    int64_t id = number(pair->row, ID), started = number(pair->row, STARTED);
    int64_t ended = number(pair->row, ENDED), gone_by = number(pair->row, GONE_BY);
    int64_t began = truth->began / 1000, left = truth->ended / 1000;

    if (started < truth->created / 1000 || started > began)
        compare_fault(pair->c, FAULT_BEGIN, "session %" PRId64 ": %" PRId64 " s off", id,
                      started - began);
    if (ended == SIM_NEVER || truth->end == SIM_OPEN)
        return;
    if (gone_by == SIM_NEVER)
        gone_by = ended;
    if (ended > left + pair->c->settings->late_s || gone_by < left - 1 || ended < started ||
        gone_by < ended)
        compare_fault(pair->c, FAULT_END,
                      "session %" PRId64 " (%s): %" PRId64 " to %" PRId64 " s off", id,
                      sim_end_text((enum sim_end)truth->end), ended - left, gone_by - left);
}

#define SOON_MS  4000 /* a restart takes one or two seconds */
#define FIRST_MS 2000

/* Bits of the reasons (rows of end_reason) that may stand for an end. */
#define R(n)         (1u << (n))
#define DISCONNECTED R(1)
#define SILENT       R(2)
#define REPLACED     R(3)
#define VANISHED     R(4)
#define RESTART      R(5)
#define STOP         R(6)
#define DIED         R(7)
#define GONE         R(8)
#define LOST_SIGHT   R(9)

/* When the server was up again after that run; INT64_MAX: never. */
static int64_t next_began(const struct comparison *c, uint32_t run)
{
    const struct ledger *ledger = &c->world->ledger;

    for (uint32_t i = run + 1; i < ledger->n_runs; i++)
        if (ledger->runs[i].server == ledger->runs[run].server)
            return ledger->runs[i].began;
    return INT64_MAX;
}

static unsigned allowed_reasons(const struct pair *pair)
{
    /* Somebody who leaves a second before another of his name comes looks replaced. */
    static const unsigned with_spool[SIM_ENDS] = {
        [SIM_QUIT] = DISCONNECTED | REPLACED | RESTART | STOP,
        [SIM_TIMEOUT] = SILENT | DISCONNECTED | REPLACED | RESTART | STOP,
        [SIM_REPLACED] = REPLACED,
        [SIM_VANISHED] = VANISHED,
        [SIM_RESTART] = RESTART,
        [SIM_RELOAD] = RESTART,
        [SIM_STOP] = STOP,
        [SIM_KILLED] = DIED,
    };
    static const unsigned without[SIM_ENDS] = {
        [SIM_RESTART] = RESTART | GONE | LOST_SIGHT,
        [SIM_RELOAD] = RESTART | GONE | LOST_SIGHT,
        [SIM_STOP] = STOP | DIED | RESTART | GONE | LOST_SIGHT,
        [SIM_KILLED] = STOP | DIED | RESTART | GONE | LOST_SIGHT,
    };
    enum sim_end end = (enum sim_end)pair->truth->end;
    int64_t ended = pair->truth->ended, unsure = pair->c->settings->unsure_ms;

    if (!pair->spool) /* nobody saw it go: its server may have been seen to go first */
        return without[end] ? without[end] : GONE | RESTART | STOP | DIED | LOST_SIGHT;
    /* Only management tells of these: a daemon that is killed again and again may not get to ask.
     */
    if ((end == SIM_RESTART || end == SIM_RELOAD) &&
        compare_is_blind(pair->c, pair->server, ended - unsure, ended + unsure))
        return with_spool[end] | DISCONNECTED | SILENT | STOP;
    if ((end == SIM_RESTART || end == SIM_RELOAD) &&
        next_began(pair->c, pair->truth->run) > ended + SOON_MS)
        return with_spool[end] | DISCONNECTED | SILENT | STOP;
    return with_spool[end];
}

static void compare_reason(const struct pair *pair)
{
    int64_t reason = number(pair->row, END_REASON);
    bool closed = !is_null(pair->row, ENDED), left = pair->truth->end != SIM_OPEN;

    if (reason < 0 || reason >= COMPARE_ENDS || closed != (reason != 0)) {
        compare_fault(pair->c, FAULT_REASON, "session %" PRId64 ": reason %" PRId64,
                      number(pair->row, ID), reason);
        return;
    }
    pair->c->ends[pair->truth->end][reason]++;
    if (closed != left)
        compare_fault(pair->c, FAULT_END, "session %" PRId64 " is %s, in truth %s",
                      number(pair->row, ID), closed ? "closed" : "open",
                      sim_end_text((enum sim_end)pair->truth->end));
    else if (closed && !(allowed_reasons(pair) & R(reason)))
        compare_fault(pair->c, FAULT_REASON, "session %" PRId64 ": reason %" PRId64 ", in truth %s",
                      number(pair->row, ID), reason, sim_end_text((enum sim_end)pair->truth->end));
}

/* ── bytes ── */

static enum compare_class class_of(const struct pair *pair)
{
    const struct sim_session *truth = pair->truth;
    int64_t unsure = pair->c->settings->unsure_ms;
    bool reported =
        truth->end != SIM_OPEN && truth->end != SIM_KILLED && truth->end != SIM_VANISHED;

    if (pair->spool && reported)
        return COMPARE_EXACT;
    if (truth->told_at == SIM_NEVER)
        return COMPARE_UNKNOWN;
    if (pair->c->settings->sure_from > 0 && truth->told_at >= pair->c->settings->sure_from)
        return COMPARE_TOLD;
    /* What is told before the spool is read belongs to nobody yet: the next one counts. */
    if (truth->told_at < truth->began + FIRST_MS)
        return COMPARE_LOOSE;
    /* Believed once the same run answered again; so it must have lived on, and been heard. */
    if (pair->run->ended != SIM_NEVER && pair->run->ended < truth->told_at + unsure)
        return COMPARE_LOOSE;
    if (compare_is_blind(pair->c, pair->server, truth->told_at - unsure, truth->told_at + unsure))
        return COMPARE_LOOSE;
    return COMPARE_TOLD;
}

/* What it must have counted at least. */
static struct traffic_count least(const struct pair *pair)
{
    const struct compare_settings *settings = pair->c->settings;
    struct sim_session copy = *pair->truth;
    int64_t before = settings->unsure_ms + settings->bytecount_ms;

    if (compare_is_blind(pair->c, pair->server, copy.told_at - 2 * before,
                         copy.told_at + settings->unsure_ms) ||
        copy.told_at - before < copy.began)
        return (struct traffic_count){0, 0};
    return traffic_at(&copy.traffic, copy.told_at - before);
}

static void compare_bytes(const struct pair *pair)
{
    static const char *const names[COMPARE_CLASSES] = {"reported", "told", "at most", "none"};
    enum compare_class class = class_of(pair);
    struct traffic_count truth = world_count(pair->c->world, pair->session);
    struct traffic_count low = truth, high = truth;
    bool open = is_null(pair->row, ENDED);
    int64_t from = number(pair->row, open ? RUNNING_FROM : FROM_CLIENT);
    int64_t to = number(pair->row, open ? RUNNING_TO : TO_CLIENT);

    if (class == COMPARE_TOLD)
        low = high = pair->truth->told;
    else if (class == COMPARE_LOOSE)
        low = least(pair);
    else if (class == COMPARE_UNKNOWN)
        low = (struct traffic_count){0, 0};
    pair->c->result.classes[class].sessions++;
    if (from == SIM_NEVER && low.from_client == 0)
        return;
    if (from < (int64_t)low.from_client || from > (int64_t)high.from_client ||
        to < (int64_t)low.to_client || to > (int64_t)high.to_client) {
        pair->c->result.classes[class].wrong++;
        compare_fault(pair->c, FAULT_BYTES,
                      "session %" PRId64 " (%s): %" PRId64 "/%" PRId64 ", %s %" PRIu64 "/%" PRIu64,
                      number(pair->row, ID), sim_end_text((enum sim_end)pair->truth->end), from, to,
                      names[class], high.from_client, high.to_client);
    } else {
        pair->c->result.classes[class].missing +=
            truth.from_client - (uint64_t)from + truth.to_client - (uint64_t)to;
    }
}

/* ── all of it ── */

static void remember(struct comparison *c, sqlite3_stmt *row, uint32_t session)
{
    struct compare_row *kept;

    if (c->n_rows % 4096 == 0) {
        c->rows = realloc(c->rows, (c->n_rows + 4096) * sizeof *c->rows);
        if (!c->rows)
            exit(2);
    }
    kept = &c->rows[c->n_rows++];
    kept->id = number(row, ID);
    kept->session = session;
    kept->closed = !is_null(row, ENDED);
    kept->has_bytes = !is_null(row, FROM_CLIENT);
    kept->from_client = sqlite3_column_int64(row, FROM_CLIENT);
    kept->to_client = sqlite3_column_int64(row, TO_CLIENT);
    kept->base_from = sqlite3_column_int64(row, BASE_FROM);
    kept->base_to = sqlite3_column_int64(row, BASE_TO);
}

void compare_session(struct comparison *c, sqlite3_stmt *row)
{
    const struct compare_run *run = run_of(c, row);
    bool taken = false;
    uint32_t session = run ? find(c, run, row, &taken) : SIM_NONE;
    struct pair pair = {.c = c, .row = row, .session = session};

    c->result.sessions++;
    c->result.open += is_null(row, ENDED);
    remember(c, row, session);
    if (session == SIM_NONE) {
        compare_fault(c, taken ? FAULT_DOUBLED : FAULT_INVENTED,
                      "session %" PRId64 " of \"%s\", begun at %" PRId64 " (%s)", number(row, ID),
                      text(row, USER), number(row, STARTED), run ? run->spool : "no run");
        return;
    }
    c->matched[session] = true;
    pair.truth = &c->world->ledger.sessions[session];
    pair.run = &c->world->ledger.runs[pair.truth->run];
    pair.server = pair.run->server;
    pair.spool = pair.truth->number > 0;
    compare_names(&pair);
    compare_times(&pair);
    compare_reason(&pair);
    compare_bytes(&pair);
}

/* Where there is a spool, every session must be there; else those that were listed and stayed. */
void compare_lost(struct comparison *c)
{
    const struct ledger *ledger = &c->world->ledger;

    for (uint32_t i = 0; i < ledger->n_sessions; i++) {
        const struct sim_session *session = &ledger->sessions[i];
        const struct sim_run *run = &ledger->runs[session->run];
        char user[SIM_NAME_SIZE];

        if (c->matched[i])
            continue;
        if (session->number == 0 && (session->listed == SIM_NEVER ||
                                     compare_is_blind(c, run->server, session->listed,
                                                      session->listed + c->settings->unsure_ms) ||
                                     (session->end != SIM_OPEN &&
                                      session->ended < session->listed + c->settings->unsure_ms))) {
            c->result.unseen++;
            continue;
        }
        compare_fault(
            c, FAULT_LOST, "session %u of \"%s\" on %s (%s, number %u, cid %" PRIu64 ", %s)", i,
            sim_user_text(session->user, user), c->world->settings->servers[run->server].name,
            run->spool, session->number, session->cid, sim_end_text((enum sim_end)session->end));
    }
}
