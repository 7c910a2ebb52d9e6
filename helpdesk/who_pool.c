/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "helpdesk/who_pool.h"

#include <stdlib.h>
#include <string.h>

#include "lib/prefix.h"

#define MAX_SERVERS 64
#define SESSIONS    2000 /* before and after that moment, of all servers together */
#define ENOUGH      20   /* addresses of one server that say what its pool is like */
#define LEAST_IPV4  24   /* a pool is at least so large, however few of it were in use */
#define LEAST_IPV6  64

/* What one server gave out of the asked address's family: the prefix that covers it all. */
struct pool {
    int64_t server_id;
    size_t n;
    struct prefix first;
    unsigned len;
};

struct who_pools {
    struct prefix asked;
    bool real_only;
    struct pool pools[MAX_SERVERS];
    size_t n;
    bool too_many;
};

static bool is_in(const struct prefix *address, const struct pool *pool)
{
    struct prefix all = pool->first;

    all.len = (uint8_t)pool->len;
    return prefix_contains(&all, address);
}

static void widen(struct pool *pool, const struct prefix *address)
{
    while (!is_in(address, pool))
        pool->len--;
    pool->n++;
}

static struct pool *pool_of(struct who_pools *pools, int64_t server_id)
{
    for (size_t i = 0; i < pools->n; i++)
        if (pools->pools[i].server_id == server_id)
            return &pools->pools[i];
    if (pools->n == MAX_SERVERS) {
        pools->too_many = true;
        return NULL;
    }
    pools->pools[pools->n] = (struct pool){.server_id = server_id};
    return &pools->pools[pools->n++];
}

static void add(struct who_pools *pools, int64_t server_id, const char *text)
{
    struct prefix address;
    struct pool *pool = NULL;

    if (!text || prefix_parse(text, strlen(text), &address) != PREFIX_OK ||
        address.family != pools->asked.family)
        return;
    pool = pool_of(pools, server_id);
    if (pool && pool->n == 0) {
        pool->first = address;
        pool->len = address.family == PREFIX_IPV4 ? LEAST_IPV4 : LEAST_IPV6;
    }
    if (pool)
        widen(pool, &address);
}

struct who_pools *who_pools_read(struct history *history, const struct who_question *question)
{
    struct who_pools *pools = calloc(1, sizeof(*pools));
    sqlite3_stmt *row = NULL;

    if (!pools)
        return NULL;
    pools->real_only = question->real_only;
    if (prefix_parse(question->address, strlen(question->address), &pools->asked) != PREFIX_OK)
        pools->real_only = true;
    row = history_statement(history, "who.given");
    if (!row)
        return pools;
    sqlite3_bind_int64(row, 1, question->to);
    sqlite3_bind_int64(row, 2, SESSIONS);
    sqlite3_bind_int64(row, 3, pools->asked.family == PREFIX_IPV6);
    while (history_row(history, row))
        add(pools, sqlite3_column_int64(row, 0), (const char *)sqlite3_column_text(row, 1));
    sqlite3_reset(row);
    return pools;
}

void who_pools_free(struct who_pools *pools)
{
    free(pools);
}

bool who_pools_may_give(const struct who_pools *pools, int64_t server_id)
{
    bool unlike_this = false, like_another = false;

    if (pools->real_only || pools->too_many)
        return true;
    for (size_t i = 0; i < pools->n; i++) {
        const struct pool *pool = &pools->pools[i];
        bool is_like = is_in(&pools->asked, pool);

        if (pool->server_id == server_id)
            unlike_this = !is_like && pool->n >= ENOUGH;
        else
            like_another = like_another || is_like;
    }
    return !unlike_this || !like_another;
}
