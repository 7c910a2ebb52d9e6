/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads sessions, each with its words. */
#include "config.h"

#include "helpdesk/record.h"

int64_t record_number(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? RECORD_NONE
               : sqlite3_column_int64(statement, column);
}

int64_t record_time(sqlite3_stmt *statement, int column)
{
    int64_t time = record_number(statement, column);

    if (time != RECORD_NONE && time < RECORD_FIRST)
        return RECORD_FIRST;
    return time > RECORD_LAST ? RECORD_LAST : time;
}

const char *record_text(sqlite3_stmt *statement, int column)
{
    return (const char *)sqlite3_column_text(statement, column);
}

/* In the order of history_sessions.session. */
static void read_row(struct record *record, sqlite3_stmt *row)
{
    *record = (struct record){
        .id = record_number(row, 0),
        .user = record_text(row, 1),
        .typed = record_text(row, 2),
        .common_name = record_text(row, 3),
        .profile = record_text(row, 4),
        .chosen_by = record_text(row, 5),
        .fell_back = sqlite3_column_int64(row, 6) != 0,
        .server = record_text(row, 7),
        .started = record_time(row, 8),
        .ended = record_time(row, 9),
        .gone_by = record_time(row, 10),
        .end_reason = record_text(row, 11),
        .end_seen = sqlite3_column_int64(row, 12) != 0,
        .end_meaning = record_text(row, 13),
        .upload = record_number(row, 14),
        .download = record_number(row, 15),
        .vpn4 = record_text(row, 16),
        .vpn6 = record_text(row, 17),
        .real = record_text(row, 18),
        .real_port = record_number(row, 19),
        .program = record_text(row, 20),
        .platform = record_text(row, 21),
        .last_seen = record_time(row, 22),
        .counted_at = record_time(row, 23),
        .handshake_s = record_number(row, 24),
        .cid = record_number(row, 25),
        .pid = record_number(row, 26),
        .server_id = record_number(row, 27),
        .routes = record_text(row, 28),
    };
}

static sqlite3_stmt *ask(struct history *history, const int64_t *ids, size_t n)
{
    sqlite3_stmt *row = history_statement(history, "history_sessions.session");

    if (row)
        history_bind_list(row, 1, ids, n);
    return row;
}

bool record_get(struct record *record, struct history *history, int64_t id)
{
    sqlite3_stmt *row = ask(history, &id, 1);

    if (!row || !history_row(history, row))
        return false;
    read_row(record, row);
    return true;
}

void records_end(struct records *records)
{
    sqlite3_stmt *row = NULL;
    struct record record;

    if (records->n > 0 && !records->is_over)
        row = ask(records->history, records->ids, records->n);
    while (row && !records->is_over && history_row(records->history, row)) {
        read_row(&record, row);
        records->is_over = !records->visit(records->arg, &record);
    }
    if (row)
        sqlite3_reset(row);
    records->n = 0;
}

bool records_add(struct records *records, int64_t id)
{
    records->ids[records->n++] = id;
    if (records->n == HISTORY_LIST)
        records_end(records);
    return !records->is_over;
}

int64_t record_last(const struct record *record)
{
    if (record->ended == RECORD_NONE)
        return INT64_MAX;
    return record->gone_by > record->ended ? record->gone_by : record->ended;
}

int64_t record_duration(const struct record *record, int64_t now)
{
    int64_t end = record->ended == RECORD_NONE ? now : record->ended;

    return end > record->started ? end - record->started : 0;
}

struct output_value record_value(int64_t number)
{
    return number == RECORD_NONE ? output_unknown() : output_number(number);
}
