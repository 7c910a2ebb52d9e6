/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is on record of one session, and how lists of sessions show it. */
#ifndef BYWAY_HELPDESK_RECORD_H
#define BYWAY_HELPDESK_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "helpdesk/history.h"
#include "helpdesk/output.h"

#define RECORD_NONE INT64_MIN /* a number that is not known */

/* The first and the last second there are. */
#define RECORD_FIRST (-(INT64_C(1) << 60))
#define RECORD_LAST  (INT64_C(1) << 60)

/* Times are epoch seconds; strings are NULL where nothing is known. */
struct record {
    int64_t id;
    const char *user, *typed, *common_name;
    const char *profile, *chosen_by;
    bool fell_back;
    const char *server;
    int64_t server_id;
    int64_t started;
    int64_t ended;   /* the last moment it is known to have lived; RECORD_NONE: open */
    int64_t gone_by; /* where the end was not seen: it had ended at the latest then */
    const char *end_reason, *end_meaning;
    bool end_seen;            /* false of open ones, too */
    int64_t upload, download; /* bytes, so far or in all */
    const char *vpn4, *vpn6, *real;
    int64_t real_port;
    const char *program, *platform;
    const char *routes;            /* versions of those that are looked up: "journals@1763643900" */
    int64_t last_seen, counted_at; /* of open ones: the last sign of life, the last counts */
    int64_t handshake_s, cid, pid;
};

/*
 * False if there is no such session, or reading failed (history_trouble()). The strings stay
 * until the next call.
 */
bool record_get(struct record *record, struct history *history, int64_t id);

/*
 * Many: their numbers are gathered and asked for together, which takes half the time. `visit`
 * is called for each that there is, in their order; false from it, and nothing more is asked.
 * The strings of a record stay until `visit` returns.
 */
struct records {
    struct history *history;
    bool (*visit)(void *arg, const struct record *record);
    void *arg;
    int64_t ids[HISTORY_LIST];
    size_t n;
    bool is_over; /* `visit` wanted no more */
};

/* False once nothing more is wanted. records_end() when all were added. */
bool records_add(struct records *records, int64_t id);
void records_end(struct records *records);

/* Until when it may have lived; INT64_MAX if it is open. */
int64_t record_last(const struct record *record);

/* How long it lasts or lasted. */
int64_t record_duration(const struct record *record, int64_t now);

/*
 * Reads a column that may be NULL. Times are cut to what lengths can be added to and taken
 * from: a damaged database has any.
 */
int64_t record_number(sqlite3_stmt *statement, int column);
int64_t record_time(sqlite3_stmt *statement, int column);
const char *record_text(sqlite3_stmt *statement, int column);

/* A number as a value: RECORD_NONE is not known. */
struct output_value record_value(int64_t number);

#endif
