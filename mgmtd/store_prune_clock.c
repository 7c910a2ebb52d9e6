/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether retention may go by the clock. One that is far ahead of all that was recorded would
 * have everything deleted, and deleting cannot be taken back: such a time is believed only
 * after it has gone on for a week. What is known of it stands in the table `pruned`, so that
 * another start does not make a wrong clock right.
 */
#include "mgmtd/store_private.h"

#include <inttypes.h>

#define DAY     INT64_C(86400)
#define FAR_S   (30 * DAY) /* ahead of the latest time that was believed */
#define WAIT_S  (7 * DAY)  /* so long a time that is far ahead has to go on */
#define STORE_S 3600       /* what may be forgotten of it by a start */

static const char kind[] = "clock";
enum { LATEST, DOUBTED_SINCE, DOUBTED_LAST }; /* in place of the class */

/* The daemon's last sign of life is of a time that was believed, too. */
static int read_clock(struct store *store, struct prune_clock *clock)
{
    int64_t *const numbers[] = {&clock->latest, &clock->since, &clock->last};
    int rc = SQLITE_OK;

    for (int i = LATEST; rc == SQLITE_OK && i <= DOUBTED_LAST; i++)
        rc = prune_pointer(store, kind, i, numbers[i]);
    if (clock->since < 0)
        clock->since = clock->last = 0;
    if (clock->latest == INT64_MIN)
        clock->latest = store->alive_at;
    clock->is_read = rc == SQLITE_OK;
    clock->stored = clock->latest;
    return rc;
}

static int64_t known_at(const struct prune_clock *clock)
{
    return clock->last > clock->latest ? clock->last : clock->latest;
}

static int write_clock(struct store *store, struct prune_clock *clock)
{
    int rc = prune_set_pointer(store, kind, LATEST, clock->latest);

    if (rc == SQLITE_OK)
        rc = prune_set_pointer(store, kind, DOUBTED_SINCE, clock->since);
    if (rc == SQLITE_OK)
        rc = prune_set_pointer(store, kind, DOUBTED_LAST, clock->last);
    clock->stored = known_at(clock);
    return rc;
}

static void tell(const struct store *store, int64_t days)
{
    log_write(store->log, LOG_LEVEL_WARNING, "store",
              "the clock is %" PRId64 " days ahead of what was recorded last, so nothing old is "
              "deleted for a week: if it is wrong, put it right before",
              days);
}

/* True if it has gone on like this for long enough. */
static bool is_patient(const struct store *store, struct prune_clock *clock, int64_t now)
{
    bool goes_on = clock->since > 0 && now >= clock->last && now - clock->last <= FAR_S;

    if (!goes_on)
        clock->since = now;
    if (!goes_on || !clock->told)
        tell(store, (now - clock->latest) / DAY);
    clock->told = true;
    clock->last = now;
    return now - clock->since >= WAIT_S;
}

static void believe(struct prune_clock *clock, int64_t now)
{
    clock->latest = now > clock->latest ? now : clock->latest;
    clock->since = clock->last = 0;
    clock->told = false;
}

static bool is_worth_storing(const struct prune_clock *clock)
{
    return clock->stored == INT64_MIN || known_at(clock) - clock->stored >= STORE_S;
}

int prune_believes_clock(struct store *store, int64_t now, struct prune_clock *clock,
                         bool *believed)
{
    int64_t since;
    int rc = clock->is_read ? SQLITE_OK : read_clock(store, clock);

    if (rc != SQLITE_OK)
        return rc;
    since = clock->since;
    *believed =
        clock->latest == INT64_MIN || now - clock->latest <= FAR_S || is_patient(store, clock, now);
    if (*believed)
        believe(clock, now);
    if (since != clock->since || is_worth_storing(clock))
        rc = write_clock(store, clock);
    return rc;
}
