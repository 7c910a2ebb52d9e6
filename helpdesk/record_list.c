/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One session, one row. */
#include "config.h"

#include "helpdesk/record_list.h"

enum {
    ID,
    USER,
    TYPED,
    COMMON_NAME,
    STARTED,
    ENDED,
    IS_OPEN,
    END_SEEN,
    GONE_BY,
    ADDRESS, /* either, for tables */
    VPN4,
    VPN6,
    UPLOAD,
    DOWNLOAD,
    DURATION,
    PROFILE,
    CHOSEN_BY,
    FELL_BACK,
    SERVER,
    REAL,
    REAL_PORT,
    END,
    PROGRAM,
    PLATFORM,
    LAST_SEEN,
    COUNTED_AT,
    HANDSHAKE,
    CLIENT_ID,
    SERVER_PID,
    ROUTES,
};
_Static_assert(ROUTES + 1 == RECORD_COLUMNS, "each column has a number");

const struct output_column record_columns[RECORD_COLUMNS] = {
    [ID] = {.key = "id", .title = "ID", .kind = OUTPUT_COUNT},
    [USER] = {.key = "user", .title = "USER", .kind = OUTPUT_TEXT, .folds = true},
    [TYPED] = {.key = "typed", .kind = OUTPUT_TEXT},
    [COMMON_NAME] = {.key = "common_name", .kind = OUTPUT_TEXT},
    [STARTED] = {.key = "started", .title = "STARTED", .kind = OUTPUT_TIME},
    [ENDED] = {.key = "ended", .title = "ENDED", .kind = OUTPUT_TIME, .unknown = "open"},
    [IS_OPEN] = {.key = "open", .kind = OUTPUT_BOOL},
    [END_SEEN] = {.key = "end_seen", .kind = OUTPUT_BOOL},
    [GONE_BY] = {.key = "gone_by", .kind = OUTPUT_TIME},
    [ADDRESS] = {.title = "ADDRESS", .kind = OUTPUT_ADDRESS, .spare = 2},
    [VPN4] = {.key = "vpn_address", .kind = OUTPUT_ADDRESS},
    [VPN6] = {.key = "vpn_address6", .kind = OUTPUT_ADDRESS},
    [UPLOAD] = {.key = "upload_bytes", .title = "UPLOAD", .kind = OUTPUT_BYTES},
    [DOWNLOAD] = {.key = "download_bytes", .title = "DOWNLOAD", .kind = OUTPUT_BYTES, .spare = 3},
    [DURATION] = {.key = "duration_s", .title = "LASTED", .kind = OUTPUT_DURATION, .spare = 8},
    [PROFILE] = {.key = "profile",
                 .title = "PROFILE",
                 .kind = OUTPUT_TEXT,
                 .unknown = "-",
                 .folds = true,
                 .spare = 4},
    [CHOSEN_BY] = {.key = "chosen_by", .kind = OUTPUT_TEXT},
    [FELL_BACK] = {.key = "fell_back", .kind = OUTPUT_BOOL},
    [SERVER] = {.key = "server", .title = "SERVER", .kind = OUTPUT_TEXT, .folds = true, .spare = 6},
    [REAL] = {.key = "real_address", .title = "REAL ADDRESS", .kind = OUTPUT_ADDRESS, .spare = 5},
    [REAL_PORT] = {.key = "real_port", .kind = OUTPUT_COUNT},
    [END] = {.key = "end_reason",
             .title = "END",
             .kind = OUTPUT_TEXT,
             .unknown = "-",
             .folds = true,
             .spare = 7},
    [PROGRAM] = {.key = "client_program",
                 .title = "CLIENT",
                 .kind = OUTPUT_TEXT,
                 .folds = true,
                 .spare = 9},
    [PLATFORM] = {.key = "client_platform", .kind = OUTPUT_TEXT},
    [LAST_SEEN] = {.key = "last_seen", .kind = OUTPUT_TIME},
    [COUNTED_AT] = {.key = "counted_at", .kind = OUTPUT_TIME},
    [HANDSHAKE] = {.key = "handshake_s", .kind = OUTPUT_DURATION},
    [CLIENT_ID] = {.key = "client_id", .kind = OUTPUT_COUNT},
    [SERVER_PID] = {.key = "server_pid", .kind = OUTPUT_COUNT},
    [ROUTES] = {.key = "routes", .kind = OUTPUT_TEXT},
};

static struct output_value end_of(const struct record *record)
{
    struct output_value value = record_value(record->ended);

    if (record->ended == RECORD_NONE)
        return output_marked(value, TABLE_GOOD);
    value.is_about = !record->end_seen;
    return output_marked(value, record->end_seen ? TABLE_PLAIN : TABLE_DOUBT);
}

void record_values(const struct record *record, int64_t now,
                   struct output_value values[RECORD_COLUMNS])
{
    bool is_open = record->ended == RECORD_NONE;

    values[ID] = record_value(record->id);
    values[USER] = output_text(record->user);
    values[TYPED] = output_text(record->typed);
    values[COMMON_NAME] = output_text(record->common_name);
    values[STARTED] = record_value(record->started);
    values[ENDED] = end_of(record);
    values[IS_OPEN] = output_number(is_open);
    values[END_SEEN] = output_number(!is_open && record->end_seen);
    values[GONE_BY] = record_value(record->gone_by);
    values[ADDRESS] = output_text(record->vpn4 ? record->vpn4 : record->vpn6);
    values[VPN4] = output_text(record->vpn4);
    values[VPN6] = output_text(record->vpn6);
    values[UPLOAD] = record_value(record->upload);
    values[DOWNLOAD] = record_value(record->download);
    values[DURATION] = output_number(record_duration(record, now));
    values[PROFILE] = output_text(record->profile);
    values[CHOSEN_BY] = output_text(record->chosen_by);
    values[FELL_BACK] = output_number(record->fell_back);
    values[SERVER] = output_text(record->server);
    values[REAL] = output_text(record->real);
    values[REAL_PORT] = record_value(record->real_port);
    values[END] = output_text(record->end_reason);
    values[PROGRAM] = output_text(record->program);
    values[PLATFORM] = output_text(record->platform);
    values[LAST_SEEN] = record_value(record->last_seen);
    values[COUNTED_AT] = record_value(record->counted_at);
    values[HANDSHAKE] = record_value(record->handshake_s);
    values[CLIENT_ID] = record_value(record->cid);
    values[SERVER_PID] = record_value(record->pid);
    values[ROUTES] = output_text(record->routes);
}
