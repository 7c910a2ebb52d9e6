/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a source is asked, how long that may take, and what its answer changes. */
#include <config.h>

#include "mgmtd/refresh_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mgmtd/clock.h"

#define LOOKUP_TIMEOUT_MS 30000
#define TURN_TIMEOUT_MS   600000 /* for its turn behind others */
#define RETRY_FETCH_S     60     /* after the first failure; doubled with each */
#define RETRY_LOOKUP_S    15
#define MAX_DOUBLINGS     12
#define MAX_RETRY_S       3600

int64_t refresh_every_s(const struct refresh *refresh, const struct refresh_source *source)
{
    switch (source->file->kind) {
    case STATE_FETCHED:
        break;
    case STATE_RESOLVED:
        return refresh->config->host_interval_s;
    case STATE_MEMBERS:
        return refresh->config->group_interval_s;
    }
    return source->plan->every_s;
}

bool refresh_is_busy(const struct refresh_source *source)
{
    return source->fetch != NULL || source->task != NULL;
}

/* Up to `most`, for machines that were all started at once. */
static int64_t jitter(struct refresh *refresh, int64_t most)
{
    refresh->random ^= refresh->random << 13;
    refresh->random ^= refresh->random >> 7;
    refresh->random ^= refresh->random << 17;
    return most > 0 ? (int64_t)(refresh->random % (uint64_t)(most + 1)) : 0;
}

static void plan_next(struct refresh *refresh, struct refresh_source *source)
{
    int64_t wait_ms = refresh_every_s(refresh, source) * 1000;

    source->due_ms = clock_boot_ms() + wait_ms + jitter(refresh, wait_ms / 20);
}

/* What was asked for is done, unless it was asked for meanwhile: then it is due again. */
static void end_request(struct refresh_source *source)
{
    if (source->again)
        source->due_ms = 0;
    else
        source->accept = false;
    source->again = false;
}

/* Sooner than usual, and later with each failure; not before the server wants it. */
static void plan_retry(struct refresh *refresh, struct refresh_source *source,
                       int64_t retry_after_s)
{
    int64_t every = refresh_every_s(refresh, source);
    int64_t wait = source->file->kind == STATE_FETCHED ? RETRY_FETCH_S : RETRY_LOOKUP_S;
    unsigned doublings = source->failures > 0 ? source->failures - 1 : 0;

    wait <<= doublings < MAX_DOUBLINGS ? doublings : MAX_DOUBLINGS;
    if (wait > MAX_RETRY_S)
        wait = MAX_RETRY_S;
    if (wait > every)
        wait = every;
    if (wait < retry_after_s)
        wait = retry_after_s;
    source->due_ms = clock_boot_ms() + wait * 1000 + jitter(refresh, wait * 250);
}

/* ── asking ── */

/* All 0 where there is none. */
static struct stat look_at_file(const struct refresh *refresh, const struct refresh_file *file)
{
    char name[STATE_PATH_SIZE];
    struct stat now = {0};
    char *path = NULL;

    if (asprintf(&path, "%s/%s", refresh->state_dir,
                 state_file_path(file->kind, file->plan->name, name)) < 0)
        return file->as_known;
    if (stat(path, &now) != 0)
        now = errno == ENOENT ? (struct stat){0} : file->as_known;
    free(path);
    return now;
}

void refresh_note_file(const struct refresh *refresh, struct refresh_file *file)
{
    file->as_known = look_at_file(refresh, file);
}

/* "Not modified" is about what we had: where somebody changed that, all of it is wanted. */
static void forget_what_others_changed(const struct refresh *refresh, struct refresh_file *file)
{
    struct stat now = look_at_file(refresh, file), *known = &file->as_known;

    if (now.st_ino == known->st_ino && now.st_dev == known->st_dev &&
        now.st_size == known->st_size && now.st_mtim.tv_sec == known->st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == known->st_mtim.tv_nsec)
        return;
    for (struct refresh_source *source = file->sources; source != NULL; source = source->next)
        source->etag[0] = source->modified[0] = '\0';
    file->as_known = now;
}

static bool start_fetch(struct refresh *refresh, struct refresh_source *source)
{
    const struct config_refresh *config = refresh->config;
    const struct fetch_settings settings = {.proxy = config->proxy,
                                            .ca_file = config->ca_file,
                                            .timeout_s = config->fetch_timeout_s,
                                            .max_size = config->fetch_max_size};

    forget_what_others_changed(refresh, source->file);
    if (fetch_is_file(source->plan->target))
        return refresh_start_file(refresh, source);
    source->fetch = fetch_start(refresh->multi, &settings, source->plan->target, source->etag,
                                source->modified, source);
    if (source->fetch != NULL)
        refresh->fetching++;
    return source->fetch != NULL;
}

static void ask(struct refresh *refresh, struct refresh_source *source)
{
    bool ok = source->file->kind == STATE_FETCHED ? start_fetch(refresh, source)
                                                  : refresh_start_lookup(refresh, source);

    source->tried_at = time(NULL);
    source->began_ms = clock_boot_ms();
    if (!ok)
        refresh_note_failure(refresh, source, "cannot be asked: it is no URL, or memory is out", 0);
}

void refresh_ask_due(struct refresh *refresh)
{
    int64_t now = clock_boot_ms();

    for (struct refresh_file *file = refresh->files; file != NULL; file = file->next)
        for (struct refresh_source *source = file->sources; source && file->is_open;
             source = source->next) {
            if (now < source->due_ms || refresh_is_busy(source))
                continue;
            if (file->kind == STATE_FETCHED && refresh->fetching >= REFRESH_MAX_FETCHES)
                continue;
            ask(refresh, source);
        }
}

/* What to say of a look-up that goes on for too long; NULL of one that does not. */
static const char *why_late(struct refresh *refresh, const struct refresh_source *source)
{
    int64_t now = clock_boot_ms();
    int64_t begun_ms = refresh_begun_ms(refresh, source);

    if (begun_ms > 0)
        return now - begun_ms > LOOKUP_TIMEOUT_MS ? "was not answered in 30 s" : NULL;
    return now - source->began_ms > TURN_TIMEOUT_MS
               ? "was not asked: for 10 minutes too many others were not answered"
               : NULL;
}

/* A request ends by its own limit; a look-up has none. */
void refresh_give_up_late(struct refresh *refresh)
{
    for (struct refresh_file *file = refresh->files; file != NULL; file = file->next)
        for (struct refresh_source *source = file->sources; source; source = source->next) {
            const char *why = source->task == NULL ? NULL : why_late(refresh, source);

            if (why != NULL && refresh_abandon(refresh, source))
                refresh_note_failure(refresh, source, why, 0);
        }
}

/* ── answers ── */

/* Once a row of failures, and when the reason is another one. */
void refresh_note_failure(struct refresh *refresh, struct refresh_source *source, const char *why,
                          int64_t retry_after_s)
{
    char name[REFRESH_NAME_SIZE];
    bool is_news = source->failures == 0 || strcmp(source->failure, why) != 0;

    source->failures++;
    if (source->failure != why)
        snprintf(source->failure, sizeof(source->failure), "%s", why);
    plan_retry(refresh, source, retry_after_s);
    end_request(source);
    source->file->status_changed = true;
    log_write(refresh->log, is_news ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, "refresh",
              "%s: %s; %s, and it is tried again in %" PRId64 " s", refresh_name(source, name), why,
              source->good_at > 0 ? "what it last gave stays in use" : "there is no result yet",
              source->due_ms > 0 ? (source->due_ms - clock_boot_ms()) / 1000 : 0);
}

/* What every good answer means. */
static void note_good(struct refresh *refresh, struct refresh_source *source)
{
    char name[REFRESH_NAME_SIZE];

    if (source->failures > 0)
        log_write(refresh->log, LOG_LEVEL_NOTICE, "refresh", "%s: answers again",
                  refresh_name(source, name));
    source->failures = 0;
    source->failure[0] = '\0';
    source->file->status_changed = true;
    plan_next(refresh, source);
    end_request(source);
}

static void end_hold(struct refresh_source *source)
{
    source->good_at = time(NULL);
    source->holds = 0;
    source->held[0] = '\0';
    source->held_hash = 0;
}

void refresh_note_same(struct refresh *refresh, struct refresh_source *source)
{
    note_good(refresh, source);
    end_hold(source);
}

static void tell_change(struct refresh *refresh, struct refresh_source *source,
                        const struct apply_outcome *outcome)
{
    char name[REFRESH_NAME_SIZE];

    log_write(refresh->log, LOG_LEVEL_NOTICE, "refresh",
              "%s: %" PRIu64 " in use, %zu of them new, %zu gone%s%s%s", refresh_name(source, name),
              outcome->kept, outcome->added, outcome->removed,
              outcome->text[0] != '\0' ? "; taken though " : "", outcome->text,
              outcome->dropped > 0 ? "; some left out" : "");
}

static void tell_dropped(struct refresh *refresh, struct refresh_source *source,
                         const struct apply_outcome *outcome)
{
    char name[REFRESH_NAME_SIZE];

    if (outcome->dropped != source->dropped && outcome->dropped > 0)
        log_write(refresh->log, LOG_LEVEL_WARNING, "refresh",
                  "%s: %" PRIu64 " of %" PRIu64 " left out: %s%s", refresh_name(source, name),
                  outcome->dropped, outcome->read, outcome->drops,
                  strlen(outcome->drops) + 1 == sizeof(outcome->drops) ? "…" : "");
    source->dropped = outcome->dropped;
}

static void note_held(struct refresh *refresh, struct refresh_source *source,
                      const struct apply_outcome *outcome)
{
    char name[REFRESH_NAME_SIZE];
    bool is_news = source->holds == 0 || outcome->held_hash != source->held_hash;

    source->holds = outcome->held_hash == source->held_hash ? source->holds + 1 : 1;
    source->held_hash = outcome->held_hash;
    snprintf(source->held, sizeof(source->held), "%s", outcome->text);
    log_write(refresh->log, is_news ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, "refresh",
              "%s: held back, and what it last gave stays in use: %s. To take it: byway routes "
              "refresh %s --accept",
              refresh_name(source, name), outcome->text, source->file->plan->name);
}

void refresh_note_outcome(struct refresh *refresh, struct refresh_source *source,
                          struct apply_outcome *outcome)
{
    if (outcome->addresses != NULL) {
        free(source->addresses);
        source->addresses = outcome->addresses;
        source->n_addresses = outcome->n_addresses;
        outcome->addresses = NULL;
    }
    switch (outcome->verdict) {
    case APPLY_FAILED:
        refresh_note_failure(refresh, source, outcome->text, 0);
        return;
    case APPLY_HELD:
        note_good(refresh, source);
        note_held(refresh, source, outcome);
        return;
    case APPLY_CHANGED:
        tell_change(refresh, source, outcome);
        break;
    case APPLY_SAME:
        break;
    }
    tell_dropped(refresh, source, outcome);
    source->read = outcome->read;
    source->kept = outcome->kept;
    refresh_note_same(refresh, source);
}

static void take_fetched(struct refresh *refresh, struct refresh_source *source,
                         struct fetch_result *result)
{
    source->fetch = NULL;
    switch (result->outcome) {
    case FETCH_FAILED:
        refresh->fetching--;
        refresh_note_failure(refresh, source, result->error, result->retry_after_s);
        return;
    case FETCH_UNMODIFIED:
        refresh->fetching--;
        refresh_note_same(refresh, source);
        return;
    case FETCH_GOOD:
        break;
    }
    if (refresh_start_apply(refresh, source, result))
        return;
    refresh->fetching--;
    refresh_note_failure(refresh, source, "is too much for the memory there is", 0);
}

void refresh_finish_fetches(struct refresh *refresh)
{
    struct fetch_result result;
    struct refresh_source *source;

    while ((source = fetch_finished(refresh->multi, &result)) != NULL)
        take_fetched(refresh, source, &result);
}
