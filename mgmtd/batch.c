/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows in arrays that double, strings in an arena. Decides nothing. */
#include "mgmtd/batch.h"

#include "lib/arena.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_ROOM 16

struct batch *batch_new(void)
{
    struct batch *batch = calloc(1, sizeof *batch);

    if (!batch)
        return NULL;
    batch->alive_at = batch->clock_right = batch->clock_since = BATCH_NONE;
    batch->arena = arena_new();
    if (!batch->arena || getrandom(&batch->id, sizeof batch->id, 0) != sizeof batch->id) {
        arena_free(batch->arena);
        free(batch);
        return NULL;
    }
    return batch;
}

void batch_free(struct batch *batch)
{
    if (!batch)
        return;
    free(batch->servers.rows);
    free(batch->runs.rows);
    free(batch->sessions.rows);
    free(batch->held.rows);
    free(batch->running.rows);
    free(batch->traffic.rows);
    free(batch->refusals.rows);
    free(batch->gaps.rows);
    free(batch->positions.rows);
    arena_free(batch->arena);
    free(batch);
}

/* Room for one more row of `size` bytes in *rows; false when memory is out. */
static bool make_room(void *rows, size_t n, size_t *room, size_t size)
{
    size_t more = *room ? 2 * *room : FIRST_ROOM;
    void *bigger;

    if (n < *room)
        return true;
    memcpy(&bigger, rows, sizeof bigger);
    bigger = reallocarray(bigger, more, size);
    if (!bigger)
        return false;
    memcpy(rows, &bigger, sizeof bigger);
    *room = more;
    return true;
}

#define ROOM_FOR_ONE(table) \
    make_room(&(table)->rows, (table)->n, &(table)->room, sizeof *(table)->rows)

/* Puts copies in the place of `n` strings; false when memory is out. */
static bool copy_strings(struct batch *batch, const char **const strings[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!*strings[i])
            continue;
        *strings[i] = arena_strdup(batch->arena, *strings[i]);
        if (!*strings[i])
            return false;
    }
    return true;
}

#define COPY_STRINGS(batch, ...)                             \
    copy_strings(batch, (const char **const[]){__VA_ARGS__}, \
                 sizeof((const char **const[]){__VA_ARGS__}) / sizeof(char **))

bool batch_server(struct batch *batch, const struct server_row *row)
{
    struct server_row copy = *row;

    if (!ROOM_FOR_ONE(&batch->servers) || !COPY_STRINGS(batch, &copy.name, &copy.spool_name))
        return false;
    batch->servers.rows[batch->servers.n++] = copy;
    return true;
}

bool batch_run(struct batch *batch, const struct run_row *row)
{
    struct run_row copy = *row;

    if (!ROOM_FOR_ONE(&batch->runs) || !COPY_STRINGS(batch, &copy.spool))
        return false;
    batch->runs.rows[batch->runs.n++] = copy;
    return true;
}

bool batch_session(struct batch *batch, const struct session_row *row)
{
    struct session_row copy = *row;

    if (!ROOM_FOR_ONE(&batch->sessions) ||
        !COPY_STRINGS(batch, &copy.user, &copy.typed, &copy.common_name, &copy.profile,
                      &copy.chosen_by, &copy.program, &copy.platform, &copy.real, &copy.vpn4,
                      &copy.vpn6, &copy.routes))
        return false;
    batch->sessions.rows[batch->sessions.n++] = copy;
    return true;
}

bool batch_held(struct batch *batch, const struct held_row *row)
{
    struct held_row copy = *row;

    if (!ROOM_FOR_ONE(&batch->held) || !COPY_STRINGS(batch, &copy.address))
        return false;
    batch->held.rows[batch->held.n++] = copy;
    return true;
}

bool batch_running(struct batch *batch, const struct running_row *row)
{
    if (!ROOM_FOR_ONE(&batch->running))
        return false;
    batch->running.rows[batch->running.n++] = *row;
    return true;
}

bool batch_traffic(struct batch *batch, const struct traffic_row *row)
{
    if (!ROOM_FOR_ONE(&batch->traffic))
        return false;
    batch->traffic.rows[batch->traffic.n++] = *row;
    return true;
}

bool batch_refusal(struct batch *batch, const struct refusal_row *row)
{
    struct refusal_row copy = *row;

    if (!ROOM_FOR_ONE(&batch->refusals) ||
        !COPY_STRINGS(batch, &copy.user, &copy.typed, &copy.common_name, &copy.wanted, &copy.reason,
                      &copy.real))
        return false;
    batch->refusals.rows[batch->refusals.n++] = copy;
    return true;
}

bool batch_gap(struct batch *batch, const struct gap_row *row)
{
    struct gap_row copy = *row;

    if (!ROOM_FOR_ONE(&batch->gaps) || !COPY_STRINGS(batch, &copy.reason))
        return false;
    batch->gaps.rows[batch->gaps.n++] = copy;
    return true;
}

bool batch_position(struct batch *batch, const struct position_row *row)
{
    struct position_row copy = *row;

    if (!ROOM_FOR_ONE(&batch->positions) || !COPY_STRINGS(batch, &copy.file))
        return false;
    batch->positions.rows[batch->positions.n++] = copy;
    return true;
}

void batch_put_back(struct batch *batch, int64_t now, int64_t by)
{
    for (size_t i = 0; i < batch->gaps.n; i++) {
        struct gap_row *gap = &batch->gaps.rows[i];

        if (gap->began <= now && gap->ended > now)
            gap->ended = now;
    }
    batch->back_to = now;
    batch->back_by += by;
}
