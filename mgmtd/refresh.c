/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Begin and end, and what is looked after in each turn of the loop. */
#include <config.h>

#include "mgmtd/refresh_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "mgmtd/clock.h"

#define TICK_MS      1000
#define PLAN_MS      2000 /* how soon a policy that changed is seen */
#define LAST_WORK_MS 5000

struct refresh *refresh_new(CURLM *multi, const struct log *log)
{
    struct refresh *refresh = calloc(1, sizeof(*refresh));

    if (refresh == NULL)
        return NULL;
    refresh->multi = multi;
    refresh->log = log;
    if (getrandom(&refresh->random, sizeof(refresh->random), GRND_NONBLOCK) < 0)
        refresh->random = (uint64_t)clock_us();
    refresh->random |= 1;
    refresh->jobs = jobs_new();
    if (refresh->jobs != NULL)
        return refresh;
    free(refresh);
    return NULL;
}

void refresh_free(struct refresh *refresh)
{
    if (refresh == NULL)
        return;
    refresh_drop_all(refresh);
    refresh_end_planner(refresh);
    if (!jobs_free(refresh->jobs, LAST_WORK_MS))
        log_write(refresh->log, LOG_LEVEL_WARNING, "refresh",
                  "a state file is still being written: leaving it at that");
    plan_free(refresh->plan);
    free(refresh->state_dir);
    free(refresh);
}

void refresh_configure(struct refresh *refresh, const struct config *config, const char *state_dir)
{
    refresh->config = &config->refresh;
    refresh_end_planner(refresh);
    if (refresh->state_dir == NULL)
        refresh->state_dir = strdup(state_dir);
    refresh->planner = refresh->state_dir == NULL
                           ? NULL
                           : planner_new(config->refresh.policies, config->refresh.n_policies,
                                         config->refresh.policies_default, state_dir);
    if (refresh->planner == NULL)
        log_write(refresh->log, LOG_LEVEL_ERROR, "refresh",
                  "memory is out: nothing is looked up for policies; try another reload");
    refresh->plan_at = 0;
}

int refresh_fd(const struct refresh *refresh)
{
    return jobs_fd(refresh->jobs);
}

/* ── a turn ── */

static void look_at_policies(struct refresh *refresh, int64_t now)
{
    if (now < refresh->plan_at || refresh->planning || refresh->planner == NULL)
        return;
    refresh->plan_at = now + PLAN_MS;
    refresh->planning = refresh_start_plan(refresh);
}

static void write_statuses(struct refresh *refresh)
{
    for (struct refresh_file *file = refresh->files; file != NULL; file = file->next)
        if (file->status_changed && !file->status_busy && refresh_start_status(refresh, file)) {
            file->status_changed = false;
            file->status_busy = true;
        }
}

static void tick(struct refresh *refresh)
{
    refresh_look_for_requests(refresh);
    refresh_give_up_late(refresh);
    refresh_ask_due(refresh);
    write_statuses(refresh);
}

int64_t refresh_step(struct refresh *refresh)
{
    int64_t now = clock_boot_ms();
    int running = 0;

    jobs_finish(refresh->jobs);
    if (refresh->fetching > 0) {
        curl_multi_perform(refresh->multi, &running);
        refresh_finish_fetches(refresh);
    }
    look_at_policies(refresh, now);
    if (now >= refresh->tick_at) {
        refresh->tick_at = now + TICK_MS;
        tick(refresh);
    }
    return refresh->tick_at;
}

char *refresh_status(const struct refresh *refresh, char *text, size_t size)
{
    size_t n = 0, failing = 0, held = 0;
    int at;

    for (const struct refresh_file *file = refresh->files; file != NULL; file = file->next)
        for (const struct refresh_source *source = file->sources; source; source = source->next) {
            n++;
            failing += source->failures > 0;
            held += source->holds > 0;
        }
    text[0] = '\0';
    if (n == 0)
        return text;
    at = snprintf(text, size, "; %zu source%s", n, n == 1 ? "" : "s");
    if (failing > 0 && at > 0 && (size_t)at < size)
        at += snprintf(text + at, size - (size_t)at, ", %zu failing", failing);
    if (held > 0 && at > 0 && (size_t)at < size)
        snprintf(text + at, size - (size_t)at, ", %zu held back", held);
    return text;
}
