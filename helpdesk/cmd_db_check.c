/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * byway db check: whether the recorder's database contradicts itself, and what is in it.
 * Reads everything, so it takes as long as the disk does. Changes nothing.
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/command.h"
#include "helpdesk/history.h"
#include "helpdesk/human.h"
#include "helpdesk/option_table.h"
#include "sql/sql.h"

struct check {
    struct history *history;
    size_t n_problems;
};

static void problem(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void problem(struct check *check, const char *format, ...)
{
    char text[600];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    output_field("Problem", "%s", text);
    check->n_problems++;
}

static const char *text(sqlite3_stmt *row, int column)
{
    const char *value = (const char *)sqlite3_column_text(row, column);

    return value ? value : "";
}

/* ── what can be wrong ── */

static void check_integrity(struct check *check)
{
    sqlite3_stmt *row = history_statement(check->history, "check.integrity");

    while (row && history_row(check->history, row))
        if (strcmp(text(row, 0), "ok") != 0)
            problem(check, "%s", text(row, 0));
}

/* A new database, in memory; NULL when memory is out. */
static sqlite3 *make_new(void)
{
    size_t n;
    const char *const *steps = sql_steps(&n);
    sqlite3 *db = NULL;
    int rc = sqlite3_open(":memory:", &db);

    for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
        rc = sqlite3_exec(db, steps[i], NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return db;
    sqlite3_close(db);
    return NULL;
}

/* What one database has and the other has not, or has otherwise: both lists are sorted. */
static void compare_schemas(struct check *check, sqlite3_stmt *is, sqlite3_stmt *wanted)
{
    bool has = history_row(check->history, is), wants = sqlite3_step(wanted) == SQLITE_ROW;

    while (has || wants) {
        int order = !has ? 1 : !wants ? -1 : strcmp(text(is, 0), text(wanted, 0));

        if (order == 0)
            order = strcmp(text(is, 1), text(wanted, 1));
        if (order > 0)
            problem(check, "the %s %s is missing", text(wanted, 0), text(wanted, 1));
        else if (order < 0)
            problem(check, "there is a %s %s, which is not Byway's", text(is, 0), text(is, 1));
        else if (strcmp(text(is, 2), text(wanted, 2)) != 0)
            problem(check, "the %s %s is not as this version makes it", text(is, 0), text(is, 1));
        has = order <= 0 ? history_row(check->history, is) : has;
        wants = order >= 0 ? sqlite3_step(wanted) == SQLITE_ROW : wants;
    }
}

static bool check_schema(struct check *check)
{
    sqlite3_stmt *is = history_statement(check->history, "check.schema");
    sqlite3_stmt *wanted = NULL;
    sqlite3 *new = make_new();
    bool ok =
        new &&sqlite3_prepare_v2(new, sql_find("check.schema"), -1, &wanted, NULL) == SQLITE_OK;

    if (ok && is)
        compare_schemas(check, is, wanted);
    sqlite3_finalize(wanted);
    sqlite3_close(new);
    return ok;
}

static void check_references(struct check *check)
{
    sqlite3_stmt *row = history_statement(check->history, "check.references");

    while (row && history_row(check->history, row))
        problem(check, "%s rows of %s refer to a %s that is not there", text(row, 2), text(row, 0),
                text(row, 1));
}

static void check_contradictions(struct check *check)
{
    sqlite3_stmt *row = history_statement(check->history, "check.contradictions");

    while (row && history_row(check->history, row))
        if (sqlite3_column_int64(row, 0) > 0)
            problem(check, "%s %s", text(row, 0), text(row, 1));
}

/* ── what there is ── */

/* "2026-11-20 13:05:07 CET (+0100)", or "?". */
#define WHEN_SIZE (ZONE_STAMP_SIZE + ZONE_TEXT_SIZE)
static const char *when(sqlite3_stmt *row, int column, const struct options *options,
                        char shown[WHEN_SIZE])
{
    char stamp[ZONE_STAMP_SIZE], zone[ZONE_TEXT_SIZE];
    int64_t epoch = sqlite3_column_int64(row, column);

    if (sqlite3_column_type(row, column) == SQLITE_NULL)
        return "?";
    snprintf(shown, WHEN_SIZE, "%s %s", zone_stamp(&options->zone, epoch, stamp),
             zone_text(&options->zone, epoch, zone));
    return shown;
}

static void show_sum(struct check *check, const struct options *options)
{
    sqlite3_stmt *row = history_statement(check->history, "check.sum");
    char size[HUMAN_SIZE], first[WHEN_SIZE], last[WHEN_SIZE];
    int64_t sessions, bytes;

    if (!row || !history_row(check->history, row))
        return;
    sessions = sqlite3_column_int64(row, 0);
    bytes = sqlite3_column_int64(row, 4);
    output_field("Sessions", "%" PRId64 ", %s open", sessions, text(row, 1));
    if (sessions > 0) {
        output_field("Since", "%s", when(row, 2, options, first));
        output_field("Until", "%s", when(row, 3, options, last));
        output_field("Size", "%s, %" PRId64 " bytes a session with all that belongs to it",
                     human_bytes(bytes, size), bytes / sessions);
    } else {
        output_field("Size", "%s", human_bytes(bytes, size));
    }
    output_field("Recorder", "%s %s",
                 sqlite3_column_int(row, 6) != 0 ? "was stopped after" : "last wrote at",
                 when(row, 5, options, last));
}

static void show_gaps(struct check *check)
{
    sqlite3_stmt *row = history_statement(check->history, "check.gaps");
    char length[HUMAN_SIZE];
    int n = 0;

    while (row && history_row(check->history, row)) {
        int64_t open = sqlite3_column_int64(row, 2);
        const char *lasts = sqlite3_column_int64(row, 4) > 0 ? ", and it lasts" : "";

        output_field(n++ == 0 ? "Gaps" : "",
                     "%s: %s, %s in all%s; %" PRId64 " that sessions may be missing in",
                     text(row, 0), text(row, 1),
                     human_duration(sqlite3_column_int64(row, 3), length), lasts, open);
    }
    if (n == 0)
        output_field("Gaps", "none");
}

/* ── the command ── */

static enum status check_all(struct check *check, const struct options *options)
{
    char why[HISTORY_WHY_SIZE];

    output_field("Database", "%s", options_database(options));
    show_sum(check, options);
    show_gaps(check);
    check_integrity(check);
    if (!check_schema(check))
        return command_error("out of memory");
    check_references(check);
    check_contradictions(check);
    switch (history_trouble(check->history, why)) {
    case HISTORY_FINE:
        break;
    case HISTORY_DAMAGED:
        problem(check, "%s", why);
        break;
    default:
        return command_error("%s", why);
    }
    output_field("Verdict", check->n_problems == 0 ? "in order" : "not in order");
    return check->n_problems == 0 ? STATUS_YES : STATUS_NO;
}

static enum status run(const struct command *command, const struct options *options)
{
    enum history_trouble trouble;
    char why[HISTORY_WHY_SIZE];
    struct check check = {.history = history_open(options_database(options), &trouble, why)};
    enum status status;

    (void)command;
    if (check.history == NULL) {
        command_error("%s", why);
        return trouble == HISTORY_DAMAGED ? STATUS_NO : STATUS_ERROR;
    }
    status = check_all(&check, options);
    history_close(check.history);
    return status;
}

static const enum option_id taken[] = {OPTION_UTC, OPTION_DATABASE, OPTION_COUNT};

const struct command cmd_db_check = {
    .name = "db check",
    .options = taken,
    .summary = "read all of the database and say whether it is in order",
    .help =
        "Reads every page of the recorder's database and looks for damage, for tables and\n"
        "indexes that are not as this version makes them, for references to what is not there,\n"
        "and for rows that contradict one another. Says how many sessions there are, how much\n"
        "room one takes, and the gaps in what was recorded. Changes nothing, and can be run\n"
        "while the daemon writes; the daemon's log of changes grows for as long as it takes.\n",
    .after = "Exit status: 0 in order, 1 not in order, 2 it cannot be read.\n",
    .run = run,
};
