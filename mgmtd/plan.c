/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads policies for their sources, and puts those of several together. */
#include <config.h>

#include "mgmtd/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/policy_load.h"

struct known {
    char *path;
    struct policy *policy; /* when it was last good; NULL: never */
    struct watch *watch;   /* what it was read from; NULL: read it */
};

struct planner {
    struct known *policies;
    size_t n;
    bool optional;
    bool looked;
    char *state_dir;
    struct dirs *dirs;
};

struct plan *plan_use(struct plan *plan)
{
    atomic_fetch_add(&plan->users, 1);
    return plan;
}

void plan_free(struct plan *plan)
{
    if (plan != NULL && atomic_fetch_sub(&plan->users, 1) == 1)
        arena_free(plan->arena);
}

const struct plan_file *plan_find(const struct plan *plan, enum state_kind kind, const char *name)
{
    for (size_t i = 0; plan != NULL && i < plan->n_files; i++)
        if (plan->files[i].kind == kind && strcmp(plan->files[i].name, name) == 0)
            return &plan->files[i];
    return NULL;
}

/* ── the planner ── */

struct planner *planner_new(const char *const *paths, size_t n, bool optional,
                            const char *state_dir)
{
    struct planner *planner = calloc(1, sizeof(*planner));
    bool ok = planner != NULL;

    if (!ok)
        return NULL;
    planner->optional = optional;
    planner->dirs = dirs_new();
    planner->state_dir = strdup(state_dir);
    planner->policies = calloc(n + 1, sizeof(*planner->policies));
    ok = planner->dirs != NULL && planner->state_dir != NULL && planner->policies != NULL;
    for (size_t i = 0; ok && i < n; i++, planner->n++) {
        planner->policies[i].path = strdup(paths[i]);
        ok = planner->policies[i].path != NULL;
    }
    if (ok)
        return planner;
    planner_free(planner);
    return NULL;
}

void planner_free(struct planner *planner)
{
    if (planner == NULL)
        return;
    for (size_t i = 0; planner->policies != NULL && i < planner->n; i++) {
        policy_free(planner->policies[i].policy);
        watch_free(planner->policies[i].watch);
        free(planner->policies[i].path);
    }
    free(planner->policies);
    free(planner->state_dir);
    dirs_free(planner->dirs);
    free(planner);
}

/* ── one plan out of policies ── */

struct making {
    struct plan *plan;
    size_t room;
    struct diagnostics *problems;
    const struct known *from;
    bool out_of_memory;
};

static char *keep(struct making *making, const char *text)
{
    char *kept = text == NULL ? NULL : arena_strdup(making->plan->arena, text);

    making->out_of_memory = making->out_of_memory || kept == NULL;
    return kept;
}

/* Room for n sources of a new file; they are counted as they are added. */
static struct plan_file *add_file(struct making *making, enum state_kind kind, const char *name,
                                  size_t n)
{
    struct plan *plan = making->plan;
    struct plan_file *file = &plan->files[plan->n_files];

    *file = (struct plan_file){.kind = kind,
                               .name = keep(making, name),
                               .policy = keep(making, making->from->path),
                               .sources = arena_array(plan->arena, n, sizeof(*file->sources)),
                               .whats = arena_array(plan->arena, n, sizeof(*file->whats))};
    making->out_of_memory = making->out_of_memory || file->sources == NULL || file->whats == NULL;
    if (!making->out_of_memory)
        plan->n_files++;
    return making->out_of_memory ? NULL : file;
}

static bool has_source(const struct plan_file *file, const char *what)
{
    for (size_t i = 0; i < file->n_sources; i++)
        if (strcmp(file->sources[i].what, what) == 0)
            return true;
    return false;
}

static const struct policy_condition *keep_where(struct making *making,
                                                 const struct policy_source *source)
{
    struct policy_condition *where =
        arena_array(making->plan->arena, source->n_where, sizeof(*where));

    making->out_of_memory = making->out_of_memory || where == NULL;
    for (size_t i = 0; i < source->n_where && !making->out_of_memory; i++)
        where[i] = (struct policy_condition){.key = keep(making, source->where[i].key),
                                             .value = keep(making, source->where[i].value)};
    return where;
}

/* One that is written twice is one. */
static void add_source(struct making *making, struct plan_file *file, char *what,
                       const struct policy_source *source)
{
    if (what == NULL)
        making->out_of_memory = true;
    else if (!has_source(file, what))
        file->sources[file->n_sources++] =
            (struct plan_source){.what = keep(making, what),
                                 .target = keep(making, source->what),
                                 .every_s = source->every_s,
                                 .where = keep_where(making, source),
                                 .n_where = source->n_where,
                                 .file = keep(making, source->file),
                                 .line = source->line};
    free(what);
}

static bool same_sources(const struct plan_file *a, const struct plan_file *b)
{
    if (a->n_sources != b->n_sources)
        return false;
    for (size_t i = 0; i < a->n_sources; i++)
        if (!has_source(b, a->sources[i].what))
            return false;
    return true;
}

/*
 * The last file that was added. If another policy has one of that name, it must be the same:
 * there is one result for both.
 */
static void check_file(struct making *making, const struct plan_file *file)
{
    struct plan *plan = making->plan;
    const struct plan_file *other = plan_find(plan, file->kind, file->name);

    if (file->n_sources == 0) {
        plan->n_files--;
    } else if (other != file) {
        if (!same_sources(file, other))
            diagnostics_add(making->problems, DIAGNOSTIC_ERROR, making->from->path, 0,
                            "<%s %s> has other sources than in %.300s, which has the same "
                            "state-dir: the latter are used",
                            file->kind == STATE_MEMBERS ? "group" : "routes", file->name,
                            other->policy);
        plan->n_files--;
    }
}

static void finish_file(struct making *making, struct plan_file *file)
{
    for (size_t i = 0; i < file->n_sources; i++)
        file->whats[i] = file->sources[i].what;
    check_file(making, file);
}

static void add_set(struct making *making, const struct policy_route_set *set,
                    enum policy_source_kind source_kind, enum state_kind kind)
{
    struct plan_file *file = add_file(making, kind, set->name, set->n_sources);

    for (size_t i = 0; file != NULL && i < set->n_sources && !making->out_of_memory; i++)
        if (set->sources[i].kind == source_kind)
            add_source(making, file, state_source_text(&set->sources[i]), &set->sources[i]);
    if (!making->out_of_memory)
        finish_file(making, file);
}

static void add_group(struct making *making, const struct policy_group *group)
{
    struct plan_file *file = add_file(making, STATE_MEMBERS, group->name, group->n_unix_groups);

    for (size_t i = 0; file != NULL && i < group->n_unix_groups && !making->out_of_memory; i++) {
        const struct policy_source source = {
            .what = group->unix_groups[i], .file = group->file, .line = group->line};

        add_source(making, file, state_unix_group_text(group->unix_groups[i]), &source);
    }
    if (!making->out_of_memory)
        finish_file(making, file);
}

static void add_policy(struct making *making, const struct policy *policy, const char *state_dir)
{
    bool has_any = false;

    for (size_t i = 0; i < policy->n_route_sets; i++)
        has_any = has_any || policy->route_sets[i].n_sources > 0;
    for (size_t i = 0; i < policy->n_groups; i++)
        has_any = has_any || policy->groups[i].n_unix_groups > 0;
    if (has_any && strcmp(policy->state_dir, state_dir) != 0) {
        diagnostics_add(making->problems, DIAGNOSTIC_ERROR, policy->path, 0,
                        "its state-dir is %.300s, and that of the daemon %.300s: nothing is "
                        "looked up for it",
                        policy->state_dir, state_dir);
        return;
    }
    for (size_t i = 0; i < policy->n_route_sets && !making->out_of_memory; i++) {
        add_set(making, &policy->route_sets[i], POLICY_SOURCE_FETCH, STATE_FETCHED);
        if (!making->out_of_memory)
            add_set(making, &policy->route_sets[i], POLICY_SOURCE_HOST, STATE_RESOLVED);
    }
    for (size_t i = 0; i < policy->n_groups && !making->out_of_memory; i++)
        add_group(making, &policy->groups[i]);
}

static size_t count_files(const struct planner *planner)
{
    size_t n = 0;

    for (size_t i = 0; i < planner->n; i++)
        if (planner->policies[i].policy != NULL)
            n += 2 * planner->policies[i].policy->n_route_sets +
                 planner->policies[i].policy->n_groups;
    return n;
}

static struct plan *make_plan(const struct planner *planner, struct diagnostics *problems)
{
    struct arena *arena = arena_new();
    struct plan *plan = arena == NULL ? NULL : arena_alloc(arena, sizeof(*plan));
    struct making making = {.plan = plan, .problems = problems};

    if (plan == NULL) {
        arena_free(arena);
        return NULL;
    }
    plan->arena = arena;
    atomic_init(&plan->users, 1);
    plan->files = arena_array(arena, count_files(planner), sizeof(*plan->files));
    plan->state_dir = keep(&making, planner->state_dir);
    making.out_of_memory = making.out_of_memory || plan->files == NULL;
    for (size_t i = 0; i < planner->n && !making.out_of_memory; i++) {
        making.from = &planner->policies[i];
        if (making.from->policy != NULL)
            add_policy(&making, making.from->policy, planner->state_dir);
    }
    if (!making.out_of_memory)
        return plan;
    plan_free(plan);
    return NULL;
}

/* ── looking ── */

static bool is_missing(const char *path)
{
    return access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

/* Reads a policy again, and keeps it if it is good. */
static void read_again(struct planner *planner, struct known *known, struct diagnostics *problems)
{
    struct policy *policy;

    watch_free(known->watch);
    known->watch = watch_new();
    if (known->watch == NULL)
        return;
    if (planner->optional && is_missing(known->path)) {
        watch_add(known->watch, known->path, NULL);
        policy_free(known->policy);
        known->policy = NULL;
        return;
    }
    policy = policy_load_sources(known->path, planner->dirs, known->watch, problems);
    if (policy == NULL)
        return;
    policy_free(known->policy);
    known->policy = policy;
}

struct plan *planner_look(struct planner *planner, struct diagnostics *problems)
{
    bool changed = !planner->looked;

    planner->looked = true;
    for (size_t i = 0; i < planner->n; i++) {
        struct known *known = &planner->policies[i];

        if (known->watch != NULL && !watch_changed(known->watch, planner->dirs))
            continue;
        read_again(planner, known, problems);
        changed = true;
    }
    return changed ? make_plan(planner, problems) : NULL;
}
