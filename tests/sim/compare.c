/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tests/sim/compare.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 8 /* faults of a kind */

static void *needed(void *p)
{
    if (!p) {
        fprintf(stderr, "sim: out of memory\n");
        exit(2);
    }
    return p;
}

void compare_fault(struct comparison *c, enum compare_fault kind, const char *format, ...)
{
    static const char *const names[FAULT_KINDS] = {
        "database", "lost",  "invented", "doubled", "who",     "begin", "end",
        "reason",   "bytes", "address",  "traffic", "refusal", "gap"};
    va_list args;

    c->result.faults++;
    if (c->faults_of_kind[kind]++ >= SHOWN)
        return;
    fprintf(c->settings->report, "# %s: ", names[kind]);
    va_start(args, format);
    vfprintf(c->settings->report, format, args);
    va_end(args);
    fputc('\n', c->settings->report);
}

void compare_each(struct comparison *c, const char *sql,
                  void (*row)(struct comparison *c, sqlite3_stmt *row))
{
    sqlite3_stmt *statement = NULL;
    int result;

    if (sqlite3_prepare_v2(c->db, sql, -1, &statement, NULL) == SQLITE_OK)
        while ((result = sqlite3_step(statement)) == SQLITE_ROW)
            row(c, statement);
    if (sqlite3_finalize(statement) != SQLITE_OK || !statement)
        compare_fault(c, FAULT_DATABASE, "%s: %s", sql, sqlite3_errmsg(c->db));
}

/* Those of one server come one after the other: the last that begins before `to` decides. */
bool compare_is_blind(const struct comparison *c, unsigned server, int64_t from, int64_t to)
{
    uint32_t low = c->first_blind[server], high = c->first_blind[server + 1];
    const struct sim_blind *blind;

    if (!c->world->settings->servers[server].management)
        return true;
    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (c->blinds[middle].from <= to)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == c->first_blind[server])
        return false;
    blind = &c->blinds[low - 1];
    return blind->to == SIM_NEVER || blind->to >= from;
}

static void index_blinds(struct comparison *c)
{
    const struct ledger *ledger = &c->world->ledger;
    uint32_t n = 0;

    c->blinds = needed(calloc(ledger->n_blinds + 1, sizeof *c->blinds));
    c->first_blind = needed(calloc(c->world->settings->n_servers + 1, sizeof *c->first_blind));
    for (unsigned server = 0; server < c->world->settings->n_servers; server++) {
        c->first_blind[server] = n;
        for (uint32_t i = 0; i < ledger->n_blinds; i++)
            if (ledger->blinds[i].server == server)
                c->blinds[n++] = ledger->blinds[i];
    }
    c->first_blind[c->world->settings->n_servers] = n;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const struct compare_row *)a)->id, y = ((const struct compare_row *)b)->id;

    return (x > y) - (x < y);
}

struct compare_row *compare_find_row(const struct comparison *c, int64_t id)
{
    struct compare_row key = {.id = id};

    return c->n_rows > 0 ? bsearch(&key, c->rows, c->n_rows, sizeof key, by_id) : NULL;
}

/* ── servers and runs ── */

static void add_server(struct comparison *c, sqlite3_stmt *row)
{
    const struct sim_settings *world = c->world->settings;
    int64_t id = sqlite3_column_int64(row, 0);
    const char *name = (const char *)sqlite3_column_text(row, 1);

    if (id < 0 || id >= c->n_server_of)
        return;
    for (unsigned i = 0; i < world->n_servers; i++)
        if (strcmp(world->servers[i].name, name) == 0)
            c->server_of[id] = i;
    if (c->server_of[id] == SIM_NONE)
        compare_fault(c, FAULT_INVENTED, "there is no server \"%s\"", name);
}

static void add_run(struct comparison *c, sqlite3_stmt *row)
{
    const char *spool = (const char *)sqlite3_column_text(row, 3);
    struct compare_run *run;

    if (c->n_runs % 1024 == 0)
        c->runs = needed(realloc(c->runs, (c->n_runs + 1024) * sizeof *c->runs));
    run = &c->runs[c->n_runs++];
    *run = (struct compare_run){.id = sqlite3_column_int64(row, 0),
                                .server = sqlite3_column_int64(row, 1),
                                .connected_at = sqlite3_column_type(row, 2) == SQLITE_NULL
                                                    ? SIM_NEVER
                                                    : sqlite3_column_int64(row, 2)};
    snprintf(run->spool, sizeof run->spool, "%s", spool ? spool : "");
}

static void read_servers(struct comparison *c)
{
    c->n_server_of = 4096;
    c->server_of = needed(calloc((size_t)c->n_server_of, sizeof *c->server_of));
    for (int64_t i = 0; i < c->n_server_of; i++)
        c->server_of[i] = SIM_NONE;
    compare_each(c, "SELECT id, name FROM server", add_server);
    compare_each(c, "SELECT id, server, connected_at, spool FROM server_run ORDER BY id", add_run);
}

/* ── all of it ── */

static void check_integrity(struct comparison *c, sqlite3_stmt *row)
{
    const char *said = (const char *)sqlite3_column_text(row, 0);

    if (strcmp(said, "ok") != 0)
        compare_fault(c, FAULT_DATABASE, "%s", said);
}

static void check_foreign_key(struct comparison *c, sqlite3_stmt *row)
{
    compare_fault(c, FAULT_DATABASE, "a row of %s refers to nothing",
                  (const char *)sqlite3_column_text(row, 0));
}

static void summarise_ends(const struct comparison *c)
{
    static const char *const reasons[COMPARE_ENDS] = {
        "open",    "disconnected", "silent",      "replaced", "vanished",
        "restart", "server-stop",  "server-died", "gone",     "lost-sight"};
    FILE *report = c->settings->report;

    fprintf(report, "# %-10s", "");
    for (int i = 0; i < COMPARE_ENDS; i++)
        fprintf(report, " %12s", reasons[i]);
    for (int end = 0; end < SIM_ENDS; end++) {
        fprintf(report, "\n# %-10s", sim_end_text((enum sim_end)end));
        for (int i = 0; i < COMPARE_ENDS; i++)
            fprintf(report, " %12" PRIu64, c->ends[end][i]);
    }
    fputc('\n', report);
}

static void summarise(const struct comparison *c)
{
    static const char *const classes[COMPARE_CLASSES] = {"end reported", "last count told",
                                                         "gap or dead server", "never counted"};
    const struct compare_result *result = &c->result;
    FILE *report = c->settings->report;

    summarise_ends(c);
    fprintf(report,
            "# %u sessions in the ledger, %" PRIu64 " in the database (%" PRIu64 " open), %" PRIu64
            " that nobody could have seen\n",
            c->world->ledger.n_sessions, result->sessions, result->open, result->unseen);
    for (int i = 0; i < COMPARE_CLASSES; i++)
        fprintf(report,
                "# %-19s %8" PRIu64 " sessions, %" PRIu64 " wrong, the others %" PRIu64
                " bytes apart from the truth\n",
                classes[i], result->classes[i].sessions, result->classes[i].wrong,
                result->classes[i].missing);
    fprintf(report, "# %" PRIu64 " faults\n", result->faults);
}

static void release(struct comparison *c)
{
    sqlite3_close(c->db);
    free(c->server_of);
    free(c->runs);
    free(c->keys);
    free(c->matched);
    free(c->blinds);
    free(c->first_blind);
    free(c->rows);
}

struct compare_result compare(struct world *world, const struct compare_settings *settings)
{
    struct comparison c = {.world = world, .settings = settings};

    if (sqlite3_open_v2(settings->database, &c.db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
        compare_fault(&c, FAULT_DATABASE, "%s: %s", settings->database, sqlite3_errmsg(c.db));
        release(&c);
        return c.result;
    }
    compare_each(&c, "PRAGMA integrity_check(5)", check_integrity);
    compare_each(&c, "PRAGMA foreign_key_check", check_foreign_key);
    read_servers(&c);
    compare_index_sessions(&c);
    index_blinds(&c);
    compare_each(&c, compare_session_sql, compare_session);
    compare_lost(&c);
    compare_addresses(&c);
    compare_traffic(&c);
    compare_refusals(&c);
    compare_gaps(&c);
    summarise(&c);
    release(&c);
    return c.result;
}
