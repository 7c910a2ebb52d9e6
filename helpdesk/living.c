/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts the policy, state files and status files together. They may be of different moments. */
#include "config.h"

#include "helpdesk/living.h"

#include <stdlib.h>
#include <string.h>

/* A file that is not there, or cannot be read, has nothing. False when memory is out. */
static bool read_state(struct living *living, size_t slot, const struct policy *policy,
                       enum state_kind kind, const char *name)
{
    char path[STATE_PATH_SIZE];
    size_t n = 0;
    char *text = state_load(policy->state_dir, state_file_path(kind, name, path), &n);

    if (!text)
        return true;
    living->files[slot] = state_file_parse(kind, text, n);
    free(text);
    if (living->files[slot] && living->files[slot]->written_at > living->version)
        living->version = living->files[slot]->written_at;
    return living->files[slot] != NULL;
}

static bool read_status(struct living *living, const struct policy *policy, enum state_kind kind,
                        const char *name)
{
    char path[STATE_PATH_SIZE];
    size_t n = 0;
    char *text = state_load(policy->state_dir, state_status_path(kind, name, path), &n);

    if (!text)
        return true;
    living->statuses = state_statuses_parse(text, n);
    free(text);
    return living->statuses != NULL;
}

/* Room for `n` sources of the policy, and all sections of the files. */
static bool make_room(struct living *living, size_t n)
{
    size_t all = n + 1;

    for (size_t i = 0; i < 2; i++)
        all += living->files[i] ? living->files[i]->n_sources : 0;
    living->sources = calloc(all, sizeof(*living->sources));
    living->texts = calloc(n + 1, sizeof(*living->texts));
    return living->sources && living->texts;
}

static uint64_t lines_of(const struct state_source *section)
{
    size_t n = 0;

    if (section->prefixes)
        prefix_set_cover(section->prefixes, &n, NULL);
    return n + section->n_addresses + section->n_members;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static enum living_state judge(const struct living_source *source, int64_t now)
{
    const struct state_status *status = source->status;

    if (source->what[0] == '\0')
        return LIVING_BY_HAND;
    if (!source->file)
        return LIVING_GONE;
    if (status && status->holds > 0)
        return LIVING_HELD;
    if (status && status->failures > 0)
        return LIVING_FAILING;
    if (!source->section || source->got_at == 0)
        return LIVING_NEVER;
    if (source->section->damaged)
        return LIVING_DAMAGED;
    if (source->due_at != 0 && source->due_at < now - LIVING_LATE_S)
        return LIVING_OVERDUE;
    return LIVING_GOOD;
}

static void complete(struct living *living, struct living_source *source, int64_t now)
{
    const struct state_source *section = source->section;
    const struct state_status *status = NULL;

    if (living->statuses)
        status = state_statuses_find(living->statuses, source->what);
    source->status = status;
    if (section) {
        source->got_at = section->got_at;
        source->checked_at = later(section->checked_at, section->got_at);
        source->kept = lines_of(section);
        source->dropped = section->dropped;
        source->read = later((int64_t)section->read, (int64_t)source->kept);
    }
    if (status) {
        source->checked_at = later(source->checked_at, status->good_at);
        source->due_at = status->due_at;
    }
    source->state = judge(source, now);
}

/* A source of the policy; `what` is taken over. False when it is NULL: memory is out. */
static bool add_wanted(struct living *living, char *what, size_t slot, const char *file,
                       unsigned line, int64_t now)
{
    struct living_source *source = &living->sources[living->n];

    if (!what)
        return false;
    living->texts[living->n_texts++] = what;
    living->n++;
    source->what = what;
    source->file = file;
    source->line = line;
    if (living->files[slot])
        source->section = state_file_find(living->files[slot], what);
    complete(living, source, now);
    return true;
}

static bool is_wanted(const struct living *living, size_t n_wanted, const char *what)
{
    for (size_t i = 0; i < n_wanted; i++)
        if (strcmp(living->sources[i].what, what) == 0)
            return true;
    return false;
}

/* What stands in the state files besides: it is in use as long as it stands there. */
static void add_left_over(struct living *living, int64_t now)
{
    size_t n_wanted = living->n;

    for (size_t slot = 0; slot < 2; slot++)
        for (size_t i = 0; living->files[slot] && i < living->files[slot]->n_sources; i++) {
            const struct state_source *section = &living->files[slot]->sources[i];
            struct living_source *source = &living->sources[living->n];

            if (is_wanted(living, n_wanted, section->what) || lines_of(section) == 0)
                continue;
            *source = (struct living_source){.what = section->what, .section = section};
            living->n++;
            complete(living, source, now);
        }
}

bool living_of_set(struct living *living, const struct policy *policy,
                   const struct policy_route_set *set, int64_t now)
{
    bool ok;

    *living = (struct living){0};
    if (set->n_sources == 0)
        return true;
    ok = read_state(living, 0, policy, STATE_FETCHED, set->name) &&
         read_state(living, 1, policy, STATE_RESOLVED, set->name) &&
         read_status(living, policy, STATE_FETCHED, set->name) && make_room(living, set->n_sources);
    for (size_t i = 0; ok && i < set->n_sources; i++) {
        const struct policy_source *source = &set->sources[i];

        ok = add_wanted(living, state_source_text(source), source->kind == POLICY_SOURCE_HOST,
                        source->file, source->line, now);
    }
    if (ok)
        add_left_over(living, now);
    return ok;
}

bool living_of_group(struct living *living, const struct policy *policy,
                     const struct policy_group *group, int64_t now)
{
    bool ok;

    *living = (struct living){0};
    if (group->n_unix_groups == 0)
        return true;
    ok = read_state(living, 0, policy, STATE_MEMBERS, group->name) &&
         read_status(living, policy, STATE_MEMBERS, group->name) &&
         make_room(living, group->n_unix_groups);
    for (size_t i = 0; ok && i < group->n_unix_groups; i++)
        ok = add_wanted(living, state_unix_group_text(group->unix_groups[i]), 0, group->file,
                        group->line, now);
    if (ok)
        add_left_over(living, now);
    return ok;
}

void living_free(struct living *living)
{
    for (size_t i = 0; i < living->n_texts; i++)
        free(living->texts[i]);
    free(living->texts);
    free(living->sources);
    state_file_free(living->files[0]);
    state_file_free(living->files[1]);
    state_statuses_free(living->statuses);
}

const char *living_state_name(enum living_state state)
{
    switch (state) {
    case LIVING_HELD:
        return "held-back";
    case LIVING_FAILING:
        return "failing";
    case LIVING_GONE:
        return "left-over";
    case LIVING_BY_HAND:
        return "by-hand";
    case LIVING_NEVER:
        return "no-result";
    case LIVING_DAMAGED:
        return "damaged";
    case LIVING_OVERDUE:
        return "overdue";
    case LIVING_GOOD:
        return "ok";
    }
    return "?";
}
