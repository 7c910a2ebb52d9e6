/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files and sources of the plan in force, with what is known of each. */
#include <config.h>

#include "mgmtd/refresh_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mgmtd/clock.h"

struct refresh_file *refresh_find_file(struct refresh *refresh, enum state_kind kind,
                                       const char *name)
{
    struct refresh_file *file = refresh->files;

    while (file != NULL && (file->kind != kind || strcmp(file->plan->name, name) != 0))
        file = file->next;
    return file;
}

static struct refresh_source *find_in(struct refresh_file *file, const char *what)
{
    struct refresh_source *source = file->sources;

    while (source != NULL && strcmp(source->plan->what, what) != 0)
        source = source->next;
    return source;
}

struct refresh_source *refresh_find_source(struct refresh *refresh, enum state_kind kind,
                                           const char *name, const char *what)
{
    struct refresh_file *file = refresh_find_file(refresh, kind, name);

    return file == NULL ? NULL : find_in(file, what);
}

char *refresh_name(const struct refresh_source *source, char text[REFRESH_NAME_SIZE])
{
    snprintf(text, REFRESH_NAME_SIZE, "%s: %.300s", source->file->plan->name, source->plan->what);
    return text;
}

/* ── the end of one ── */

static void drop_source(struct refresh *refresh, struct refresh_source *source)
{
    if (source->fetch != NULL) {
        fetch_stop(source->fetch);
        refresh->fetching--;
    }
    /* A task finds its source by name when it is done, and finds none. */
    free(source->addresses);
    free(source);
}

static void drop_file(struct refresh *refresh, struct refresh_file *file)
{
    while (file->sources != NULL) {
        struct refresh_source *source = file->sources;

        file->sources = source->next;
        drop_source(refresh, source);
    }
    free(file);
}

void refresh_drop_all(struct refresh *refresh)
{
    while (refresh->files != NULL) {
        struct refresh_file *file = refresh->files;

        refresh->files = file->next;
        drop_file(refresh, file);
    }
}

/* ── another plan ── */

/* Takes the source out of the file's old ones; a new one if it was not there. */
static struct refresh_source *carry_over(struct refresh_source **old,
                                         const struct plan_source *plan)
{
    struct refresh_source *source;

    while (*old != NULL && strcmp((*old)->plan->what, plan->what) != 0)
        old = &(*old)->next;
    source = *old;
    if (source != NULL)
        *old = source->next;
    else
        source = calloc(1, sizeof(*source));
    return source;
}

/* The sources of the plan, in its order. False when memory is out: some are missing. */
static bool set_sources(struct refresh *refresh, struct refresh_file *file,
                        const struct plan_file *plan)
{
    struct refresh_source *old = file->sources;
    struct refresh_source **tail = &file->sources;
    bool ok = true;

    *tail = NULL;
    for (size_t i = 0; i < plan->n_sources; i++) {
        struct refresh_source *source = carry_over(&old, &plan->sources[i]);

        ok = ok && source != NULL;
        if (source == NULL)
            continue;
        source->file = file;
        source->plan = &plan->sources[i];
        source->next = NULL;
        *tail = source;
        tail = &source->next;
    }
    while (old != NULL) {
        struct refresh_source *next = old->next;

        drop_source(refresh, old);
        old = next;
    }
    file->plan = plan;
    return ok;
}

static bool same_whats(const struct plan_file *a, const struct plan_file *b)
{
    bool same = a->n_sources == b->n_sources;

    for (size_t i = 0; same && i < a->n_sources; i++)
        same = strcmp(a->whats[i], b->whats[i]) == 0;
    return same;
}

static struct refresh_file *new_file(struct refresh *refresh, enum state_kind kind)
{
    struct refresh_file *file = calloc(1, sizeof(*file));

    if (file == NULL)
        return NULL;
    file->kind = kind;
    file->next = refresh->files;
    refresh->files = file;
    return file;
}

static bool adopt_file(struct refresh *refresh, const struct plan_file *plan)
{
    struct refresh_file *file = refresh_find_file(refresh, plan->kind, plan->name);
    bool is_known = file != NULL && file->is_open && same_whats(file->plan, plan);

    if (file == NULL)
        file = new_file(refresh, plan->kind);
    if (file == NULL)
        return false;
    file->is_open = is_known;
    return set_sources(refresh, file, plan) && (is_known || refresh_start_open(refresh, file));
}

/* Files that are in the old plan only. */
static void drop_others(struct refresh *refresh, const struct plan *plan)
{
    struct refresh_file **at = &refresh->files;

    while (*at != NULL) {
        struct refresh_file *file = *at;

        if (plan_find(plan, file->kind, file->plan->name) != NULL) {
            at = &file->next;
            continue;
        }
        *at = file->next;
        drop_file(refresh, file);
    }
}

void refresh_adopt(struct refresh *refresh, struct plan *plan)
{
    struct plan *old = refresh->plan;
    bool ok = true;

    drop_others(refresh, plan);
    refresh->plan = plan; /* the jobs that are started keep it */
    for (size_t i = 0; i < plan->n_files; i++)
        ok = adopt_file(refresh, &plan->files[i]) && ok;
    plan_free(old);
    if (!ok)
        log_write(refresh->log, LOG_LEVEL_ERROR, "refresh",
                  "memory is out: not all sources are looked up");
}

/* ── what the files had ── */

static void keep_text(char *field, size_t size, const char *text)
{
    snprintf(field, size, "%s", text == NULL ? "" : text);
}

/*
 * When a source of an earlier life is due: as it was planned, or so long after it was last
 * asked well. A host is asked at once, as that costs nothing.
 */
static int64_t first_due_ms(const struct refresh *refresh, const struct refresh_source *source,
                            int64_t planned_at)
{
    int64_t every = refresh_every_s(refresh, source);
    int64_t now = time(NULL);
    int64_t due = planned_at;

    if (source->file->kind != STATE_FETCHED || source->good_at == 0)
        return 0;
    if (due == 0 || due > now + every + every / 10)
        due = source->good_at + every;
    if (due <= now || due > now + every + every / 10)
        return 0;
    return clock_boot_ms() + (due - now) * 1000;
}

static void take_section(struct refresh_source *source, const struct state_source *section)
{
    source->good_at = section->checked_at > 0 ? section->checked_at : section->got_at;
    source->read = section->read;
    source->dropped = section->dropped;
    keep_text(source->etag, sizeof(source->etag), section->etag);
    keep_text(source->modified, sizeof(source->modified), section->modified);
    source->kept = section->n_addresses + section->n_members;
    if (section->prefixes != NULL && prefix_set_minimise(section->prefixes)) {
        size_t n = 0;

        prefix_set_cover(section->prefixes, &n, NULL);
        source->kept += n;
    }
    if (section->damaged) /* asked for anew, whatever the server has to say to the tag */
        source->etag[0] = source->modified[0] = '\0';
}

static void take_status(struct refresh_source *source, const struct state_status *status)
{
    source->tried_at = status->tried_at;
    if (status->good_at > source->good_at && source->good_at > 0)
        source->good_at = status->good_at;
    source->failures = (unsigned)status->failures;
    keep_text(source->failure, sizeof(source->failure), status->failure);
    source->holds = (unsigned)status->holds;
    keep_text(source->held, sizeof(source->held), status->held);
}

void refresh_take_state(struct refresh *refresh, struct refresh_file *file,
                        const struct state_file *state, const struct state_statuses *statuses)
{
    for (struct refresh_source *source = file->sources; source != NULL; source = source->next) {
        const char *what = source->plan->what;
        const struct state_source *section = state == NULL ? NULL : state_file_find(state, what);
        const struct state_status *status =
            statuses == NULL ? NULL : state_statuses_find(statuses, what);

        if (source->tried_at > 0 || refresh_is_busy(source))
            continue; /* it is known better than the file knows it */
        if (section != NULL)
            take_section(source, section);
        if (status != NULL)
            take_status(source, status);
        source->due_ms = first_due_ms(refresh, source, status == NULL ? 0 : status->due_at);
    }
    file->is_open = true;
    file->status_changed = true;
    refresh_note_file(refresh, file);
}

/* ── the status file ── */

static void add_statuses(const struct refresh_file *file, struct state_statuses *statuses)
{
    int64_t now = time(NULL), now_ms = clock_boot_ms();

    for (const struct refresh_source *source = file->sources; source; source = source->next)
        statuses->items[statuses->n++] = (struct state_status){
            .what = source->plan->what,
            .tried_at = source->tried_at,
            .good_at = source->good_at,
            .due_at = source->due_ms > now_ms ? now + (source->due_ms - now_ms) / 1000 : now,
            .failures = source->failures,
            .failure = source->failures > 0 ? source->failure : NULL,
            .holds = source->holds,
            .held = source->holds > 0 ? source->held : NULL,
            .read = source->read,
            .kept = source->kept,
            .dropped = source->dropped,
        };
}

/* What is fetched and what is resolved for a set have one status file. */
static const struct refresh_file *other_half(struct refresh *refresh,
                                             const struct refresh_file *file)
{
    switch (file->kind) {
    case STATE_FETCHED:
        return refresh_find_file(refresh, STATE_RESOLVED, file->plan->name);
    case STATE_RESOLVED:
        return refresh_find_file(refresh, STATE_FETCHED, file->plan->name);
    case STATE_MEMBERS:
        break;
    }
    return NULL;
}

bool refresh_make_statuses(struct refresh *refresh, const struct refresh_file *file,
                           struct state_statuses *statuses)
{
    const struct refresh_file *other = other_half(refresh, file);
    size_t n = file->plan->n_sources + (other == NULL ? 0 : other->plan->n_sources);

    *statuses = (struct state_statuses){0};
    if (other != NULL && !other->is_open)
        return false; /* what the file has of it was not read yet */
    statuses->items = calloc(n + 1, sizeof(*statuses->items));
    if (statuses->items == NULL)
        return false;
    add_statuses(file, statuses);
    if (other != NULL)
        add_statuses(other, statuses);
    return true;
}
