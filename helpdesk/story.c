/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the addresses and the traffic of one session. */
#include "config.h"

#include "helpdesk/story.h"

#include <string.h>

#define FIRST_ROOM   16
#define MAX_RIVALS   10
#define USUAL_BUCKET 300
#define HOUR         3600

/* A row more; the old ones stay in the arena until all of it is freed. */
static void *grow(struct arena *arena, void *rows, size_t n, size_t *room, size_t size)
{
    size_t wanted = *room > 0 ? *room * 2 : FIRST_ROOM;
    void *copy = NULL;

    if (n < *room)
        return rows;
    copy = arena_array(arena, wanted, size);
    if (!copy)
        return NULL;
    if (n > 0)
        memcpy(copy, rows, n * size);
    *room = wanted;
    return copy;
}

static const char *keep(struct story *story, const char *text)
{
    return text ? arena_strdup(story->arena, text) : NULL;
}

/* ── addresses ── */

static bool read_rivals(struct story *story, struct history *history, struct story_address *address)
{
    sqlite3_stmt *row = history_statement(history, "history_sessions.rivals");
    size_t room = 0;

    if (!row)
        return true;
    sqlite3_bind_int64(row, 1, address->id);
    sqlite3_bind_int64(row, 2, address->since);
    sqlite3_bind_int64(row, 3, address->until == RECORD_NONE ? INT64_MAX / 2 : address->until);
    sqlite3_bind_int64(row, 4, story->record.id);
    while (address->n_rivals < MAX_RIVALS && history_row(history, row)) {
        struct story_rival *rivals =
            grow(story->arena, address->rivals, address->n_rivals, &room, sizeof(*rivals));

        if (!rivals)
            return false;
        address->rivals = rivals;
        rivals[address->n_rivals++] =
            (struct story_rival){.session = record_number(row, 0),
                                 .user = keep(story, record_text(row, 1)),
                                 .server = keep(story, record_text(row, 2)),
                                 .since = record_time(row, 3),
                                 .until = record_time(row, 4)};
    }
    sqlite3_reset(row);
    return true;
}

/* What came behind the last sign of life is possible only. */
static int64_t certain_until(const struct story *story, int64_t until)
{
    const struct record *record = &story->record;
    int64_t last = record->ended == RECORD_NONE ? record->last_seen : record->ended;

    if ((record->ended == RECORD_NONE && story->is_watched) || last == RECORD_NONE)
        return until;
    return until == RECORD_NONE || until > last ? last : until;
}

static bool is_watched(const struct story *story, struct history *history, int64_t now)
{
    sqlite3_stmt *row = history_statement(history, "history_sessions.is-watched");
    bool watched = false;

    if (!row)
        return false;
    sqlite3_bind_int64(row, 1, story->record.server_id);
    sqlite3_bind_int64(row, 2, now - ANSWER_STALE_S);
    watched = history_row(history, row) && sqlite3_column_int64(row, 0) != 0;
    sqlite3_reset(row);
    return watched;
}

static bool read_addresses(struct story *story, struct history *history)
{
    sqlite3_stmt *row = history_statement(history, "history_sessions.addresses");
    bool ok = true;

    if (!row)
        return true;
    sqlite3_bind_int64(row, 1, story->record.id);
    while (ok && history_row(history, row)) {
        struct story_address *addresses = grow(story->arena, story->addresses, story->n_addresses,
                                               &story->addresses_room, sizeof(*addresses));
        int64_t until = record_time(row, 3);

        ok = addresses != NULL;
        if (!ok)
            break;
        story->addresses = addresses;
        addresses[story->n_addresses] =
            (struct story_address){.is_real = sqlite3_column_int64(row, 0) != 0,
                                   .id = record_number(row, 4),
                                   .text = keep(story, record_text(row, 1)),
                                   .since = record_time(row, 2),
                                   .until = until,
                                   .certain_until = certain_until(story, until)};
        ok = addresses[story->n_addresses].text != NULL;
        if (ok && !addresses[story->n_addresses].is_real)
            ok = read_rivals(story, history, &addresses[story->n_addresses]);
        story->n_addresses++;
    }
    sqlite3_reset(row);
    return ok;
}

/* ── traffic ── */

static int64_t get_number(struct history *history, const char *name)
{
    sqlite3_stmt *row = history_statement(history, name);
    int64_t number = row && history_row(history, row) ? record_number(row, 0) : RECORD_NONE;

    if (row)
        sqlite3_reset(row);
    return number;
}

/* Buckets may have had another length once: none reaches into the next one there is. */
static bool add_traffic(struct story *story, int64_t bucket, int64_t upload, int64_t download,
                        int64_t since)
{
    struct story_traffic *rows =
        grow(story->arena, story->traffic, story->n_traffic, &story->traffic_room, sizeof(*rows));

    if (!rows)
        return false;
    story->traffic = rows;
    if (story->n_traffic > 0 && rows[story->n_traffic - 1].until > bucket)
        rows[story->n_traffic - 1].until = bucket;
    rows[story->n_traffic++] =
        (struct story_traffic){.bucket = bucket,
                               .until = bucket + story->bucket_s,
                               .since = since == RECORD_NONE ? bucket : since,
                               .upload = upload > 0 ? upload : 0,
                               .download = download > 0 ? download : 0};
    return true;
}

static bool read_traffic(struct story *story, struct history *history)
{
    sqlite3_stmt *row = history_statement(history, "history_sessions.traffic");
    bool ok = true;

    if (!row)
        return true;
    sqlite3_bind_int64(row, 1, story->record.id);
    sqlite3_bind_int64(row, 2, story->record.started - HOUR);
    sqlite3_bind_int64(row, 3, story->end);
    while (ok && history_row(history, row))
        ok = add_traffic(story, record_time(row, 0), sqlite3_column_int64(row, 1),
                         sqlite3_column_int64(row, 2), record_time(row, 3));
    sqlite3_reset(row);
    return ok;
}

/* Of an open one, what is not in a bucket yet. */
static bool read_under_way(struct story *story, struct history *history)
{
    sqlite3_stmt *row = history_statement(history, "history_sessions.under-way");
    bool ok = true;

    if (!row)
        return true;
    sqlite3_bind_int64(row, 1, story->record.id);
    if (history_row(history, row) &&
        (sqlite3_column_int64(row, 1) > 0 || sqlite3_column_int64(row, 2) > 0))
        ok = add_traffic(story, record_time(row, 0), sqlite3_column_int64(row, 1),
                         sqlite3_column_int64(row, 2), RECORD_NONE);
    sqlite3_reset(row);
    return ok;
}

/* ── all ── */

static int64_t end_of_traffic(const struct record *record, int64_t now)
{
    int64_t end = record->ended;

    if (end == RECORD_NONE)
        end = record->counted_at != RECORD_NONE ? record->counted_at : record->last_seen;
    if (end == RECORD_NONE)
        end = now;
    return end > record->started ? end : record->started;
}

enum status story_read(struct story *story, struct history *history, int64_t id, int64_t now)
{
    *story = (struct story){.arena = arena_new()};
    if (!story->arena)
        return STATUS_ERROR;
    if (!record_get(&story->record, history, id))
        return STATUS_NO;
    story->bucket_s = get_number(history, "history_usage.bucket-length");
    if (story->bucket_s <= 0 || story->bucket_s > HOUR)
        story->bucket_s = USUAL_BUCKET;
    story->is_watched = is_watched(story, history, now);
    story->oldest = get_number(history, "history_usage.oldest-bucket");
    story->end = end_of_traffic(&story->record, now);
    if (read_addresses(story, history) && read_traffic(story, history) &&
        read_under_way(story, history))
        return STATUS_YES;
    return STATUS_ERROR;
}

void story_free(struct story *story)
{
    arena_free(story->arena);
}
