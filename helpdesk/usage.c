/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cuts the time into whole days, hours and buckets, and adds up the largest that fit. */
#include "config.h"

#include "helpdesk/usage.h"

#include "helpdesk/record.h"

#define HOUR         3600
#define DAY          86400
#define USUAL_BUCKET 300

enum unit { UNIT_DAY, UNIT_HOUR, UNIT_BUCKET };

/* A range of time under way; `period` is the key where it is a time. */
struct range {
    struct usage *usage;
    struct history *history;
    int64_t period;
    bool ok; /* memory is not out */
};

static int64_t floor_to(int64_t value, int64_t unit)
{
    int64_t rest = value % unit;

    return value - (rest < 0 ? rest + unit : rest);
}

static int64_t ceil_to(int64_t value, int64_t unit)
{
    return floor_to(value + unit - 1, unit);
}

static bool is_period(enum usage_by by)
{
    return by == USAGE_BY_DAY || by == USAGE_BY_HOUR;
}

/* The one number that a statement gives. */
static int64_t get_number(struct history *history, const char *name)
{
    sqlite3_stmt *row = history_statement(history, name);
    int64_t number = row && history_row(history, row) ? record_time(row, 0) : RECORD_NONE;

    if (row)
        sqlite3_reset(row);
    return number;
}

/* ── one kind of rows ── */

static sqlite3_stmt *rows_between(struct range *range, const char *name, int64_t from, int64_t to)
{
    sqlite3_stmt *row = history_statement(range->history, name);

    if (row) {
        sqlite3_bind_int64(row, 1, from);
        sqlite3_bind_int64(row, 2, to);
    }
    return row;
}

/* Of columns user, profile, server from `at` on, the one that counts. */
static int64_t key_in(const struct range *range, sqlite3_stmt *row, int at)
{
    if (is_period(range->usage->by))
        return range->period;
    return sqlite3_column_int64(row, at + (int)range->usage->by);
}

/* Where the rows of a statement go. */
struct adding {
    struct range *range;
    struct tally *sums;
    bool by_period; /* all to the period, whatever their keys are */
};

static void add(void *arg, int64_t key, int64_t upload, int64_t download)
{
    const struct adding *adding = arg;
    struct range *range = adding->range;

    if (range->ok)
        range->ok =
            tally_add(adding->sums, adding->by_period ? range->period : key, upload, download);
}

static void add_rows(struct range *range, struct tally *sums, const char *name, int64_t from,
                     int64_t to)
{
    struct adding adding = {range, sums, is_period(range->usage->by)};
    sqlite3_stmt *row = rows_between(range, name, from, to);

    history_set_tally(range->history, add, &adding);
    if (row && history_row(range->history, row))
        sqlite3_reset(row);
    history_set_tally(range->history, NULL, NULL);
}

/* What some sessions had, to whomever they are of. */
static void add_block(struct range *range, const struct tally_sum *sums, size_t n)
{
    sqlite3_stmt *row = history_statement(range->history, "history_usage.sessions");
    int64_t ids[HISTORY_LIST];

    if (!row)
        return;
    for (size_t i = 0; i < n; i++)
        ids[i] = sums[i].key;
    history_bind_list(row, 1, ids, n);
    while (range->ok && history_row(range->history, row)) {
        const struct tally_sum *sum = &sums[(size_t)sqlite3_column_int64(row, 0) % n];

        range->ok =
            tally_add(&range->usage->sums, key_in(range, row, 1), sum->upload, sum->download);
    }
    sqlite3_reset(row);
}

/* Whose the sessions are is asked once for each, not for each bucket. */
static void add_buckets(struct range *range, int64_t from, int64_t to)
{
    struct tally sessions = {0};

    if (is_period(range->usage->by)) {
        add_rows(range, &range->usage->sums, "history_usage.buckets", from, to);
        return;
    }
    add_rows(range, &sessions, "history_usage.buckets", from, to);
    for (size_t at = 0; range->ok && at < sessions.n; at += HISTORY_LIST)
        add_block(range, sessions.sums + at,
                  sessions.n - at < HISTORY_LIST ? sessions.n - at : HISTORY_LIST);
    tally_free(&sessions);
}

/* ── ranges ── */

static void add_units(struct range *range, enum unit unit, int64_t from, int64_t to)
{
    const char *hours = range->usage->by == USAGE_BY_PROFILE ? "history_usage.hours-profile"
                                                             : "history_usage.hours-server";

    if (unit == UNIT_BUCKET)
        add_buckets(range, from, to);
    else
        add_rows(range, &range->usage->sums, unit == UNIT_DAY ? "history_usage.days" : hours, from,
                 to);
}

/* Whole units in the middle, what is smaller before and behind them. */
static void add_range(struct range *range, enum unit unit, int64_t from, int64_t to)
{
    int64_t size = unit == UNIT_DAY ? DAY : HOUR;
    int64_t middle = unit == UNIT_BUCKET ? from : ceil_to(from, size);
    int64_t end = unit == UNIT_BUCKET ? to : floor_to(to, size);

    if (from >= to)
        return;
    if (middle >= end) {
        add_range(range, UNIT_BUCKET, from, to);
        return;
    }
    add_units(range, unit, middle, end);
    if (unit != UNIT_BUCKET) {
        add_range(range, UNIT_BUCKET, from, middle);
        add_range(range, UNIT_BUCKET, end, to);
    }
}

/* ── days and hours ── */

/* When the day or hour behind the one that begins at `period` does. */
static int64_t next_period(const struct usage *usage, int64_t period)
{
    struct zone_time wall;
    int64_t next = period + HOUR;

    if (usage->by == USAGE_BY_DAY) {
        wall = zone_at(&usage->zone, period + DAY + DAY / 4);
        next = zone_day_begins(&usage->zone, &wall);
    } else { /* where clocks are set by half an hour, an hour has one and a half, or half */
        wall = zone_at(&usage->zone, next);
        next -= wall.minute * 60 + wall.second;
    }
    return next > period ? next : period + HOUR;
}

static int64_t period_of(const struct usage *usage, int64_t at)
{
    struct zone_time wall = zone_at(&usage->zone, at);

    if (usage->by == USAGE_BY_DAY)
        return zone_day_begins(&usage->zone, &wall);
    return at - wall.minute * 60 - wall.second;
}

static void add_periods(struct range *range, int64_t from, int64_t to)
{
    struct usage *usage = range->usage;
    int64_t oldest = get_number(range->history, "history_usage.oldest");
    int64_t next = 0;

    from = from < oldest ? oldest : from;
    range->period = period_of(usage, from);
    for (; range->ok && range->period < to; range->period = next) {
        next = next_period(usage, range->period);
        range->ok = tally_add(&usage->sums, range->period, 0, 0);
        add_range(range, UNIT_HOUR, range->period > from ? range->period : from,
                  next < to ? next : to);
    }
}

/* What the sessions have in the bucket that has not ended. */
static void add_under_way(struct range *range, int64_t from, int64_t to)
{
    struct usage *usage = range->usage;
    sqlite3_stmt *row = rows_between(range, "history_usage.under-way", from, to);

    while (range->ok && row && history_row(range->history, row)) {
        if (is_period(usage->by))
            range->period = period_of(usage, record_time(row, 0));
        range->ok = tally_add(&usage->sums, key_in(range, row, 1), sqlite3_column_int64(row, 4),
                              sqlite3_column_int64(row, 5));
    }
    if (row)
        sqlite3_reset(row);
}

/* ── all ── */

static int64_t bucket_length(struct history *history)
{
    int64_t length = get_number(history, "history_usage.bucket-length");

    return length > 0 && length <= HOUR ? length : USUAL_BUCKET;
}

/* Whole buckets; whole days or hours where there are no buckets any more. */
static void round_out(struct usage *usage, struct history *history, int64_t *from, int64_t *to)
{
    int64_t size = usage->by == USAGE_BY_USER ? DAY : HOUR;
    int64_t oldest = get_number(history, "history_usage.oldest-bucket");

    oldest = oldest == RECORD_NONE ? INT64_MAX : oldest;
    usage->bucket_s = bucket_length(history);
    *from = floor_to(usage->first, usage->bucket_s);
    *to = usage->last >= usage->now ? floor_to(usage->now, DAY) + 2 * DAY
                                    : ceil_to(usage->last + 1, usage->bucket_s);
    if (*from < oldest)
        *from = floor_to(*from, size);
    if (*to < oldest)
        *to = ceil_to(*to, size);
    usage->first = *from;
    usage->last = usage->last >= usage->now ? usage->now : *to - 1;
}

bool usage_add_up(struct usage *usage, struct history *history)
{
    struct range range = {.usage = usage, .history = history, .ok = true};
    int64_t from = 0, to = 0;

    round_out(usage, history, &from, &to);
    if (is_period(usage->by))
        add_periods(&range, from, to);
    else
        add_range(&range, usage->by == USAGE_BY_USER ? UNIT_DAY : UNIT_HOUR, from, to);
    add_under_way(&range, from, to);
    if (is_period(usage->by))
        tally_sort_by_key(&usage->sums);
    else
        tally_sort(&usage->sums);
    tally_trim(&usage->sums);
    return range.ok;
}
