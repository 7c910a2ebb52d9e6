/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/tables.h"

#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <string.h>

/*
 * Of each kind of row what a scenario expects: a column "@x" is a time, "_x" is shown
 * without its name, NULL is not shown.
 */
static const char *const queries[] = {
    "SELECT 'server' AS _k, id AS _id, name AS _name, spool_name AS spool FROM server",

    "SELECT 'run' AS _k, r.id AS _id, server, pid, daemon_start AS '@start',"
    " connected_at AS '@connected', began AS '@began', ended AS '@ended', e.name AS reason, spool"
    " FROM server_run AS r LEFT JOIN end_reason AS e ON e.id = end_reason",

    "SELECT 'session' AS _k, s.id AS _id, run, u.name AS user, typed, common_name AS cn,"
    " started AS '@started', ended AS '@ended', gone_by AS '@gone_by', e.name AS reason,"
    " from_client AS 'from', to_client AS 'to', p.name AS profile, b.name AS 'by',"
    " iif(fell_back, 1, NULL) AS fell_back, nullif(c.program, '') AS program,"
    " nullif(c.platform, '') AS platform, a.text AS real, real_port AS port, a4.text AS vpn4,"
    " a6.text AS vpn6, cid, number, handshake, routes FROM session AS s"
    " JOIN user AS u ON u.id = s.user LEFT JOIN end_reason AS e ON e.id = end_reason"
    " LEFT JOIN profile AS p ON p.id = profile LEFT JOIN chosen_by AS b ON b.id = chosen_by"
    " LEFT JOIN client AS c ON c.id = client LEFT JOIN address AS a ON a.id = real"
    " LEFT JOIN address AS a4 ON a4.id = vpn4 LEFT JOIN address AS a6 ON a6.id = vpn6",

    "SELECT 'running' AS _k, session AS _id, last_seen AS '@seen', from_client AS 'from',"
    " to_client AS 'to', counted_at AS '@at', nullif(epoch_from, 0) AS epoch_from,"
    " nullif(epoch_to, 0) AS epoch_to FROM running",

    "SELECT 'held' AS _k, h.session AS _id, iif(kind, 'real', 'vpn') AS _kind, a.text AS _address,"
    " since AS '@since', until AS '@until', iif(EXISTS (SELECT 1 FROM held_before AS b"
    " WHERE b.session = h.session AND b.kind = h.kind AND b.address = h.address"
    " AND b.since = h.since AND b.until = h.until), 'before', NULL) AS _before"
    " FROM held AS h JOIN address AS a ON a.id = address",

    "SELECT 'traffic' AS _k, session AS _id, bucket AS '@bucket', from_client AS 'from',"
    " to_client AS 'to', since AS '@since' FROM traffic",

    "SELECT 'refusal' AS _k, id AS _id, server, at AS '@at', user, typed, common_name AS cn, "
    "wanted,"
    " reason, real, real_port AS port FROM refusal",

    "SELECT 'gap' AS _k, k.name AS _kind, server, began AS '@began', ended AS '@ended',"
    " iif(covered, 'covered', NULL) AS _covered, count, reason AS why"
    " FROM gap JOIN gap_kind AS k ON k.id = kind",

    "SELECT 'position' AS _k, file AS _file FROM spool_position",
};

/* Rows that cannot be true. */
static const char *const never[] = {
    "SELECT id FROM session WHERE ended < started OR gone_by < ended",
    "SELECT id FROM session WHERE (ended IS NULL) <> (end_reason IS NULL)",
    "SELECT id FROM session WHERE ended IS NULL AND id NOT IN (SELECT session FROM running)",
    "SELECT session FROM running WHERE session IN (SELECT id FROM session WHERE ended IS NOT NULL)",
    "SELECT session FROM held WHERE until < since OR (span = 8) <> (until IS NULL)",
    "SELECT session FROM held JOIN session ON session.id = session WHERE since < started",
    "SELECT session FROM held JOIN session ON session.id = session"
    " WHERE until IS NULL AND ended IS NOT NULL",
    "SELECT session.id FROM session WHERE vpn4 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM held"
    " WHERE held.session = session.id AND held.kind = 0 AND held.address = session.vpn4)",
    "SELECT session.id FROM session WHERE ended IS NOT NULL AND from_client IS NOT NULL"
    " AND from_client <> (SELECT coalesce(sum(from_client), 0) FROM traffic"
    " WHERE traffic.session = session.id)",
    "SELECT session.id FROM session WHERE ended IS NOT NULL AND to_client IS NOT NULL"
    " AND to_client <> (SELECT coalesce(sum(to_client), 0) FROM traffic"
    " WHERE traffic.session = session.id)",
    "SELECT 1 WHERE (SELECT total(from_client) + total(to_client) FROM traffic)"
    " <> (SELECT total(from_client) + total(to_client) FROM usage_day)",
    /* In the future, by more than the clock may be put back without being taken for wrong. */
    "SELECT session.id FROM session, recorder WHERE ended IS NULL AND started > alive_at + 86400",
    "SELECT session FROM running, recorder"
    " WHERE max(last_seen, bucket, base_at, coalesce(counted_at, 0)) > alive_at + 86400",
    "SELECT session FROM held, recorder WHERE until IS NULL AND since > alive_at + 86400",
    "SELECT server_run.id FROM server_run, recorder"
    " WHERE ended IS NULL AND began > alive_at + 86400",
    "SELECT gap.id FROM gap, recorder WHERE ended IS NULL AND began > alive_at + 86400",
    "PRAGMA foreign_key_check",
};

static void show_column(sqlite3_stmt *row, int i, int64_t base, FILE *out)
{
    const char *name = sqlite3_column_name(row, i);

    if (sqlite3_column_type(row, i) == SQLITE_NULL)
        return;
    if (i > 0)
        fputc(' ', out);
    if (*name == '@')
        fprintf(out, "%s=%+lld", name + 1, (long long)(sqlite3_column_int64(row, i) - base));
    else if (*name == '_')
        fprintf(out, "%s", (const char *)sqlite3_column_text(row, i));
    else
        fprintf(out, "%s=%s", name, (const char *)sqlite3_column_text(row, i));
}

static sqlite3_stmt *prepared(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    ck_assert_msg(rc == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    return statement;
}

void tables_show(const char *path, int64_t base, FILE *out)
{
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        sqlite3_stmt *rows = prepared(db, queries[i]);

        while (sqlite3_step(rows) == SQLITE_ROW) {
            for (int column = 0; column < sqlite3_column_count(rows); column++)
                show_column(rows, column, base, out);
            fputc('\n', out);
        }
        sqlite3_finalize(rows);
    }
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        sqlite3_stmt *rows = prepared(db, never[i]);

        if (sqlite3_step(rows) != SQLITE_DONE)
            fprintf(out, "WRONG %s: %s\n", never[i], (const char *)sqlite3_column_text(rows, 0));
        sqlite3_finalize(rows);
    }
    sqlite3_close(db);
}
