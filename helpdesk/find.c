/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Candidates from the best index, then the other filters, then the order. */
#include "config.h"

#include "helpdesk/find.h"

#include <stdlib.h>

#include "helpdesk/record.h"

#define FIRST_ROOM 256

const char *const find_orders[] = {"started", "ended", "duration", "upload", "download", NULL};

struct found {
    int64_t key, started, id;
};

/* What has passed, where it must be sorted: never more than twice the limit. */
struct found_list {
    struct found *items;
    size_t n, room;
    int64_t least; /* once some were cut off: what has a smaller key would be, too */
};

/* ── order ── */

static int compare(const void *a, const void *b)
{
    const struct found *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? 1 : -1;
    if (x->started != y->started)
        return x->started < y->started ? 1 : -1;
    return (x->id < y->id) - (x->id > y->id);
}

static void sort_and_cut(struct find *find, struct found_list *list)
{
    if (list->n > 0)
        qsort(list->items, list->n, sizeof(*list->items), compare);
    if (find->limit > 0 && list->n > (size_t)find->limit) {
        list->n = (size_t)find->limit;
        list->least = list->items[list->n - 1].key;
        find->more = true;
    }
}

static bool add(struct find *find, struct found_list *list, const struct found *found)
{
    if (find->limit > 0 && list->n >= 2 * (size_t)find->limit)
        sort_and_cut(find, list);
    if (list->n == list->room) {
        size_t room = list->room > 0 ? list->room * 2 : FIRST_ROOM;
        struct found *items = reallocarray(list->items, room, sizeof(*items));

        if (!items)
            return false;
        list->items = items;
        list->room = room;
    }
    list->items[list->n++] = *found;
    return true;
}

/* ── the other filters ── */

static void bind(sqlite3_stmt *statement, int at, int64_t value)
{
    if (value != FIND_ANY)
        sqlite3_bind_int64(statement, at, value);
}

static int64_t difference(int64_t end, int64_t begin)
{
    int64_t seconds = 0;

    return __builtin_sub_overflow(end, begin, &seconds) ? INT64_MAX : seconds;
}

/* Columns from `at` on: started, ended (INT64_MAX: open), upload, download. */
static int64_t key_of(const struct find *find, sqlite3_stmt *row, int at)
{
    int64_t started = sqlite3_column_int64(row, at);
    int64_t ended = sqlite3_column_int64(row, at + 1);

    switch (find->order) {
    case FIND_BY_STARTED:
        return started;
    case FIND_BY_ENDED:
        return ended;
    case FIND_BY_DURATION:
        return difference(ended == INT64_MAX ? find->now : ended, started);
    case FIND_BY_UPLOAD:
        return record_number(row, at + 2);
    case FIND_BY_DOWNLOAD:
        return record_number(row, at + 3);
    }
    return 0;
}

/* 1: passed, 0: not, -1: reading failed. */
static int match(const struct find *find, struct history *history, struct found *found)
{
    sqlite3_stmt *row = history_statement(history, "history_sessions.match");

    if (!row)
        return -1;
    sqlite3_bind_int64(row, 1, found->id);
    bind(row, 2, find->user);
    bind(row, 3, find->profile);
    bind(row, 4, find->server);
    bind(row, 5, find->open ? 1 : FIND_ANY);
    bind(row, 6, find->min_upload);
    bind(row, 7, find->address != FIND_ANY ? find->real : FIND_ANY);
    sqlite3_bind_int64(row, 8, find->first);
    sqlite3_bind_int64(row, 9, find->last);
    if (!history_row(history, row))
        return 0;
    found->key = key_of(find, row, 0);
    return 1;
}

/* ── candidates ── */

static bool by_address(const struct find *find)
{
    return find->address != FIND_ANY || find->real != FIND_ANY;
}

/* Nothing that an index is of narrows it but the time. */
static bool is_about_all(const struct find *find)
{
    return !by_address(find) && find->user == FIND_ANY && !find->open;
}

/* Whether all that fits must be seen before the first can be shown. */
static bool must_see_all(const struct find *find)
{
    return find->order != FIND_BY_STARTED ||
           (find->min_upload != FIND_ANY && is_about_all(find)); /* few of very many */
}

void find_assume_time(struct find *find)
{
    int64_t last = find->last < find->now ? find->last : find->now;

    if (find->first != RECORD_FIRST || !is_about_all(find) || !must_see_all(find))
        return;
    find->first = last - INT64_C(86400) * FIND_USUAL_DAYS;
    find->is_assumed = true;
}

static const char *candidates_name(const struct find *find)
{
    if (by_address(find))
        return "history_sessions.find-held";
    if (find->user != FIND_ANY)
        return "history_sessions.find-user";
    if (find->open)
        return "history_sessions.find-open";
    return must_see_all(find) ? "history_sessions.find-any-order" : "history_sessions.find-all";
}

static sqlite3_stmt *candidates(const struct find *find, struct history *history)
{
    sqlite3_stmt *statement = history_statement(history, candidates_name(find));

    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, find->first);
    sqlite3_bind_int64(statement, 2, find->last);
    if (by_address(find)) {
        sqlite3_bind_int64(statement, 3, find->address == FIND_ANY);
        sqlite3_bind_int64(statement, 4, find->address != FIND_ANY ? find->address : find->real);
    } else if (find->user != FIND_ANY) {
        sqlite3_bind_int64(statement, 3, find->user);
    } else if (must_see_all(find) && !find->open) {
        sqlite3_bind_int64(statement, 3, find->order == FIND_BY_DOWNLOAD);
        bind(statement, 4, find->min_upload);
    }
    return statement;
}

/* Filters that the candidates have not passed by being candidates. */
static bool has_filters(const struct find *find)
{
    return find->profile != FIND_ANY || find->server != FIND_ANY ||
           (find->min_upload != FIND_ANY && !(is_about_all(find) && must_see_all(find))) ||
           (find->user != FIND_ANY && by_address(find)) ||
           (find->address != FIND_ANY && find->real != FIND_ANY) ||
           (find->open && (by_address(find) || find->user != FIND_ANY));
}

/* In the order of the candidates: nothing is kept, and the limit ends the search. */
static bool visit_at_once(struct find *find, struct history *history,
                          bool (*visit)(void *arg, int64_t id), void *arg)
{
    sqlite3_stmt *row = candidates(find, history);
    int64_t n = 0;

    while (row && !find->more && history_row(history, row)) {
        struct found found = {.id = sqlite3_column_int64(row, 0)};

        if (has_filters(find) && match(find, history, &found) != 1)
            continue;
        if (find->limit > 0 && n == find->limit)
            find->more = true;
        else if (n++, !visit(arg, found.id))
            break;
    }
    if (row)
        sqlite3_reset(row);
    return true;
}

/*
 * Whether a candidate passes, and its key. What has ended and is about all has its key in
 * the index, so that its row need not be read where others are larger.
 */
static bool passes(const struct find *find, struct history *history, const struct found_list *list,
                   sqlite3_stmt *row, struct found *found)
{
    bool has_key = is_about_all(find) && sqlite3_column_int64(row, 2) != INT64_MAX;

    found->id = sqlite3_column_int64(row, 0);
    found->started = sqlite3_column_int64(row, 1);
    if (has_key)
        found->key = key_of(find, row, 1);
    if (has_key && find->more && found->key < list->least)
        return false;
    return (has_key && !has_filters(find)) || match(find, history, found) == 1;
}

static bool visit_sorted(struct find *find, struct history *history,
                         bool (*visit)(void *arg, int64_t id), void *arg)
{
    struct found_list list = {0};
    sqlite3_stmt *row = candidates(find, history);
    struct found found;
    bool ok = true;

    while (ok && row && history_row(history, row))
        if (passes(find, history, &list, row, &found))
            ok = add(find, &list, &found);
    if (ok)
        sort_and_cut(find, &list);
    for (size_t i = 0; ok && i < list.n; i++)
        if (!visit(arg, list.items[i].id))
            break;
    free(list.items);
    return ok;
}

bool find_sessions(struct find *find, struct history *history, bool (*visit)(void *arg, int64_t id),
                   void *arg)
{
    find->more = false;
    return must_see_all(find) ? visit_sorted(find, history, visit, arg)
                              : visit_at_once(find, history, visit, arg);
}
