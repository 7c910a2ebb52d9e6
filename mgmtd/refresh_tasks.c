/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The jobs that threads do. Each holds on to the plan it was begun under, and has copies of
 * all else: what it is about may be gone from the policy when it is done.
 */
#include <config.h>

#include "mgmtd/refresh_private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mgmtd/clock.h"

struct refresh_task {
    struct job job; /* must be first */
    struct refresh *refresh;
    struct plan *plan;            /* a use of it; NULL: of none */
    const struct plan_file *file; /* of that plan */
    const struct plan_source *source;
    bool is_fetch; /* it counts among refresh->fetching */
    struct apply_task apply;
    struct apply_outcome outcome;
    struct fetch_settings settings;
    struct fetch_result fetched; /* the body is the task's */
    char etag[FETCH_TAG_SIZE];   /* as it was asked for */
    struct prefix *addresses;    /* what was looked up */
    size_t n_addresses;
    char **members;
    size_t n_members;
    struct state_address *seen;
    bool is_known; /* whether the look-up succeeded */
    char error[RESOLVE_ERROR_SIZE];
};

static void free_task(struct job *job)
{
    struct refresh_task *task = (struct refresh_task *)job;

    plan_free(task->plan);
    free(task->fetched.body);
    free(task->addresses);
    resolve_free_names(task->members, task->n_members);
    free(task->seen);
    free(task->outcome.addresses);
    free(task);
}

static struct refresh_task *new_task(struct refresh *refresh, const struct plan_file *file,
                                     const struct plan_source *source)
{
    struct refresh_task *task = calloc(1, sizeof(*task));

    if (task == NULL)
        return NULL;
    task->job.drop = free_task;
    task->refresh = refresh;
    task->plan = plan_use(refresh->plan);
    task->file = file;
    task->source = source;
    return task;
}

static struct apply_file file_of(const struct refresh_task *task)
{
    return (struct apply_file){.state_dir = task->plan->state_dir,
                               .kind = task->file->kind,
                               .name = task->file->name,
                               .wanted = task->file->whats,
                               .n_wanted = task->file->n_sources};
}

/* The source it is about, as it is now; NULL if the policy does not have it any more. */
static struct refresh_source *source_of(struct refresh_task *task)
{
    struct refresh_source *source =
        refresh_find_source(task->refresh, task->file->kind, task->file->name, task->source->what);

    return source != NULL && source->task == task ? source : NULL;
}

/* ── applying ── */

static void run_apply(struct job *job)
{
    struct refresh_task *task = (struct refresh_task *)job;

    task->apply.file = file_of(task);
    task->apply.now = time(NULL);
    apply_run(&task->apply, &task->outcome);
}

static void done_apply(struct job *job)
{
    struct refresh_task *task = (struct refresh_task *)job;
    struct refresh_source *source = source_of(task);

    if (task->is_fetch)
        task->refresh->fetching--;
    if (source != NULL) {
        source->task = NULL;
        if (task->outcome.verdict == APPLY_CHANGED || task->outcome.verdict == APPLY_SAME) {
            memcpy(source->etag, task->fetched.etag, sizeof(source->etag));
            memcpy(source->modified, task->fetched.modified, sizeof(source->modified));
        }
        if (task->outcome.verdict == APPLY_CHANGED)
            refresh_note_file(task->refresh, source->file);
        refresh_note_outcome(task->refresh, source, &task->outcome);
    }
    free_task(job);
}

static bool copy_seen(struct refresh_task *task, const struct refresh_source *source)
{
    task->seen = calloc(source->n_addresses + 1, sizeof(*task->seen));
    if (task->seen == NULL)
        return false;
    if (source->n_addresses > 0)
        memcpy(task->seen, source->addresses, source->n_addresses * sizeof(*task->seen));
    task->apply.seen = task->seen;
    task->apply.n_seen = source->n_addresses;
    return true;
}

/* Gives a task that has its answer to the lane that applies it. False when memory is out. */
static bool apply_task(struct refresh_task *task, struct refresh_source *source)
{
    const struct config_refresh *config = task->refresh->config;
    struct apply_task *apply = &task->apply;

    apply->rules = (struct apply_rules){.shortest_ipv4 = config->shortest_ipv4,
                                        .shortest_ipv6 = config->shortest_ipv6,
                                        .max_change = config->max_change,
                                        .accept_after = config->accept_after,
                                        .keep_addresses_s = config->keep_addresses_s};
    apply->what = task->source->what;
    apply->accept = source->accept;
    apply->held_hash = source->held_hash;
    apply->holds = source->holds;
    apply->body = task->fetched.body;
    apply->n_body = task->fetched.n;
    apply->etag = task->fetched.etag[0] != '\0' ? task->fetched.etag : NULL;
    apply->modified = task->fetched.modified[0] != '\0' ? task->fetched.modified : NULL;
    apply->where = task->source->where;
    apply->n_where = task->source->n_where;
    apply->addresses = task->addresses;
    apply->n_addresses = task->n_addresses;
    apply->members = task->members;
    apply->n_members = task->n_members;
    if (!copy_seen(task, source))
        return false;
    task->job.run = run_apply;
    task->job.done = done_apply;
    source->task = task;
    jobs_start(task->refresh->jobs, JOBS_WORK, &task->job);
    return true;
}

bool refresh_start_apply(struct refresh *refresh, struct refresh_source *source,
                         struct fetch_result *fetched)
{
    struct refresh_task *task = new_task(refresh, source->file->plan, source->plan);

    if (task == NULL) {
        free(fetched->body);
        return false;
    }
    task->is_fetch = true;
    task->fetched = *fetched;
    if (apply_task(task, source))
        return true;
    free_task(&task->job);
    return false;
}

/* ── file:// ── */

static void run_file(struct job *job)
{
    struct refresh_task *task = (struct refresh_task *)job;

    fetch_read_file(&task->settings, task->source->target, task->etag, &task->fetched);
}

static void done_file(struct job *job)
{
    struct refresh_task *task = (struct refresh_task *)job;
    struct refresh *refresh = task->refresh;
    struct refresh_source *source = source_of(task);

    if (source != NULL) {
        source->task = NULL;
        if (task->fetched.outcome == FETCH_GOOD && apply_task(task, source))
            return;
        if (task->fetched.outcome == FETCH_UNMODIFIED)
            refresh_note_same(refresh, source);
        else
            refresh_note_failure(refresh, source,
                                 task->fetched.outcome == FETCH_FAILED
                                     ? task->fetched.error
                                     : "is too much for the memory there is",
                                 0);
    }
    refresh->fetching--;
    free_task(job);
}

bool refresh_start_file(struct refresh *refresh, struct refresh_source *source)
{
    struct refresh_task *task = new_task(refresh, source->file->plan, source->plan);

    if (task == NULL)
        return false;
    task->is_fetch = true;
    refresh->fetching++;
    task->settings.max_size = refresh->config->fetch_max_size;
    memcpy(task->etag, source->etag, sizeof(task->etag));
    task->job.run = run_file;
    task->job.done = done_file;
    source->task = task;
    /* It may be on a disk that does not answer. */
    jobs_start(refresh->jobs, JOBS_LOOKUP, &task->job);
    return true;
}

/* ── hosts and groups ── */

static void run_lookup(struct job *job)
{
    struct refresh_task *task = (struct refresh_task *)job;

    if (task->file->kind == STATE_MEMBERS)
        task->is_known =
            resolve_group(task->source->target, &task->members, &task->n_members, task->error);
    else
        task->is_known =
            resolve_host(task->source->target, &task->addresses, &task->n_addresses, task->error);
}

static void done_lookup(struct job *job)
{
    struct refresh_task *task = (struct refresh_task *)job;
    struct refresh_source *source = source_of(task);

    if (source != NULL) {
        source->task = NULL;
        if (task->is_known && apply_task(task, source))
            return;
        refresh_note_failure(task->refresh, source,
                             task->is_known ? "is too much for the memory there is" : task->error,
                             0);
    }
    free_task(job);
}

bool refresh_start_lookup(struct refresh *refresh, struct refresh_source *source)
{
    struct refresh_task *task = new_task(refresh, source->file->plan, source->plan);

    if (task == NULL)
        return false;
    task->job.run = run_lookup;
    task->job.done = done_lookup;
    source->task = task;
    jobs_start(refresh->jobs, JOBS_LOOKUP, &task->job);
    return true;
}

int64_t refresh_begun_ms(struct refresh *refresh, const struct refresh_source *source)
{
    return jobs_begun_ms(refresh->jobs, &source->task->job);
}

bool refresh_abandon(struct refresh *refresh, struct refresh_source *source)
{
    struct refresh_task *task = source->task;
    bool is_fetch = task->is_fetch;

    if ((task->job.run != run_lookup && task->job.run != run_file) ||
        !jobs_give_up(refresh->jobs, &task->job))
        return false;
    source->task = NULL;
    refresh->fetching -= is_fetch;
    return true;
}

/* ── what was there before ── */

struct open_task {
    struct refresh_task task; /* must be first */
    struct state_file *state;
    struct state_statuses *statuses;
    int error;
};

static void free_open(struct job *job)
{
    struct open_task *open = (struct open_task *)job;

    state_file_free(open->state);
    state_statuses_free(open->statuses);
    free_task(job);
}

static void run_open(struct job *job)
{
    struct open_task *open = (struct open_task *)job;
    const struct apply_file file = file_of(&open->task);

    open->state = apply_open(&file, time(NULL), &open->statuses, &open->error);
}

static void done_open(struct job *job)
{
    struct open_task *open = (struct open_task *)job;
    struct refresh *refresh = open->task.refresh;
    const struct plan_file *plan = open->task.file;
    struct refresh_file *file = refresh_find_file(refresh, plan->kind, plan->name);

    if (open->error != 0)
        log_write(refresh->log, LOG_LEVEL_ERROR, "refresh", "%s: its file in %s: %s", plan->name,
                  open->task.plan->state_dir, strerror(open->error));
    if (file != NULL)
        refresh_take_state(refresh, file, open->state, open->statuses);
    free_open(job);
}

bool refresh_start_open(struct refresh *refresh, struct refresh_file *file)
{
    struct open_task *open = calloc(1, sizeof(*open));

    if (open == NULL)
        return false;
    open->task.job = (struct job){.run = run_open, .done = done_open, .drop = free_open};
    open->task.refresh = refresh;
    open->task.plan = plan_use(refresh->plan);
    open->task.file = file->plan;
    jobs_start(refresh->jobs, JOBS_WORK, &open->task.job);
    return true;
}

/* ── status files ── */

struct status_task {
    struct refresh_task task; /* must be first */
    struct state_statuses statuses;
    char *texts; /* copies of what its texts point to */
    int error;
};

static void free_status(struct job *job)
{
    struct status_task *status = (struct status_task *)job;

    free(status->statuses.items);
    free(status->texts);
    free_task(job);
}

static void run_status(struct job *job)
{
    struct status_task *status = (struct status_task *)job;
    const struct apply_file file = file_of(&status->task);

    status->error = apply_status(&file, &status->statuses);
}

static void done_status(struct job *job)
{
    struct status_task *status = (struct status_task *)job;
    struct refresh *refresh = status->task.refresh;
    const struct plan_file *plan = status->task.file;
    struct refresh_file *file = refresh_find_file(refresh, plan->kind, plan->name);

    if (file != NULL)
        file->status_busy = false;
    if (status->error != 0)
        log_write(refresh->log, LOG_LEVEL_WARNING, "refresh", "%s: its status in %s: %s",
                  plan->name, status->task.plan->state_dir, strerror(status->error));
    free_status(job);
}

/* Failures and holds change while the job runs; `what` is the plan's. */
static bool copy_texts(struct status_task *status)
{
    char *at = calloc(status->statuses.n + 1, (size_t)2 * APPLY_TEXT_SIZE);

    status->texts = at;
    for (size_t i = 0; at != NULL && i < status->statuses.n; i++) {
        const char **texts[] = {&status->statuses.items[i].failure,
                                &status->statuses.items[i].held};

        for (size_t j = 0; j < 2; j++, at += APPLY_TEXT_SIZE)
            if (*texts[j] != NULL)
                *texts[j] = strcpy(at, *texts[j]);
    }
    return status->texts != NULL;
}

bool refresh_start_status(struct refresh *refresh, struct refresh_file *file)
{
    struct status_task *status = calloc(1, sizeof(*status));

    if (status == NULL)
        return false;
    status->task.job = (struct job){.run = run_status, .done = done_status, .drop = free_status};
    status->task.refresh = refresh;
    status->task.plan = plan_use(refresh->plan);
    status->task.file = file->plan;
    if (!refresh_make_statuses(refresh, file, &status->statuses) || !copy_texts(status)) {
        free_status(&status->task.job);
        return false;
    }
    jobs_start(refresh->jobs, JOBS_WORK, &status->task.job);
    return true;
}

/* ── plans ── */

struct plan_task {
    struct job job; /* must be first */
    struct refresh *refresh;
    struct planner *planner;
    struct diagnostics *problems;
    struct plan *plan;
};

static void free_plan_task(struct job *job)
{
    struct plan_task *task = (struct plan_task *)job;

    diagnostics_free(task->problems);
    plan_free(task->plan);
    free(task);
}

static void run_plan(struct job *job)
{
    struct plan_task *task = (struct plan_task *)job;

    task->plan = planner_look(task->planner, task->problems);
}

/* Warnings are for who wrote the policy; the plugin and `byway policy check` tell them. */
static void tell_errors(const struct refresh *refresh, const struct diagnostics *problems)
{
    for (size_t i = 0; i < diagnostics_count(problems); i++) {
        char line[1500];

        if (diagnostics_at(problems, i)->level == DIAGNOSTIC_ERROR)
            log_write(refresh->log, LOG_LEVEL_ERROR, "refresh", "%s",
                      diagnostic_format(diagnostics_at(problems, i), line, sizeof(line)));
    }
}

static void done_plan(struct job *job)
{
    struct plan_task *task = (struct plan_task *)job;
    struct refresh *refresh = task->refresh;

    refresh->planning = false;
    tell_errors(refresh, task->problems);
    if (task->plan != NULL && task->planner == refresh->planner) {
        refresh_adopt(refresh, task->plan);
        task->plan = NULL;
    }
    free_plan_task(job);
}

static struct plan_task *new_plan_task(struct refresh *refresh)
{
    struct plan_task *task = calloc(1, sizeof(*task));

    if (task == NULL)
        return NULL;
    task->job = (struct job){.run = run_plan, .done = done_plan, .drop = free_plan_task};
    task->refresh = refresh;
    task->planner = refresh->planner;
    task->problems = diagnostics_new();
    if (task->problems != NULL)
        return task;
    free(task);
    return NULL;
}

bool refresh_start_plan(struct refresh *refresh)
{
    struct plan_task *task = new_plan_task(refresh);

    if (task != NULL)
        jobs_start(refresh->jobs, JOBS_WORK, &task->job);
    return task != NULL;
}

/* One job after the other: when this one runs, no other uses the planner. */
static void run_end_planner(struct job *job)
{
    struct plan_task *task = (struct plan_task *)job;

    planner_free(task->planner);
    task->planner = NULL;
}

static void drop_end_planner(struct job *job)
{
    struct plan_task *task = (struct plan_task *)job;

    planner_free(task->planner);
    free_plan_task(job);
}

void refresh_end_planner(struct refresh *refresh)
{
    struct plan_task *task = refresh->planner == NULL ? NULL : new_plan_task(refresh);

    refresh->planner = NULL;
    if (task == NULL)
        return;
    task->job =
        (struct job){.run = run_end_planner, .done = drop_end_planner, .drop = drop_end_planner};
    jobs_start(refresh->jobs, JOBS_WORK, &task->job);
}
