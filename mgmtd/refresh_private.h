/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to mgmtd/refresh*.c:
 *
 *   refresh           begin and end, the turns of the loop
 *   refresh_sources   the files and sources as they are known, and their status
 *   refresh_schedule  when each is due, and what its answer means
 *   refresh_tasks     the jobs that threads do
 *   refresh_requests  what administrators ask for: routes/refresh/SET
 */
#ifndef BYWAY_MGMTD_REFRESH_PRIVATE_H
#define BYWAY_MGMTD_REFRESH_PRIVATE_H

#include "mgmtd/apply.h"
#include "mgmtd/fetch.h"
#include "mgmtd/jobs.h"
#include "mgmtd/plan.h"
#include "mgmtd/refresh.h"
#include "mgmtd/resolve.h"

#include <sys/stat.h>

#define REFRESH_MAX_FETCHES 8 /* at a time; each may hold a body */

struct refresh_task;

struct refresh_source {
    struct refresh_file *file;
    const struct plan_source *plan;
    int64_t due_ms;            /* by clock_boot_ms() */
    int64_t tried_at, good_at; /* epoch seconds */
    unsigned failures, holds;  /* in a row */
    char failure[APPLY_TEXT_SIZE], held[APPLY_TEXT_SIZE];
    uint64_t held_hash;
    uint64_t read, kept, dropped;
    char etag[FETCH_TAG_SIZE], modified[FETCH_TAG_SIZE];
    struct state_address *addresses; /* of a host, as last seen */
    size_t n_addresses;
    bool accept;               /* the next result may be unlike the last */
    bool again;                /* what is under way was begun before somebody asked */
    struct fetch *fetch;       /* while it is asked, one of these two */
    struct refresh_task *task; /* also while its answer is applied */
    int64_t began_ms;
    struct refresh_source *next; /* of the file */
};

struct refresh_file {
    enum state_kind kind;
    const struct plan_file *plan;
    struct refresh_source *sources;
    bool is_open; /* what it had was read */
    bool status_changed, status_busy;
    struct stat as_known; /* of the state file, as it was read or written last */
    struct refresh_file *next;
};

struct refresh {
    CURLM *multi;
    const struct log *log;
    const struct config_refresh *config;
    struct jobs *jobs;
    struct planner *planner; /* for the working lane alone */
    struct plan *plan;       /* NULL: none yet */
    struct refresh_file *files;
    char *state_dir;
    unsigned fetching; /* requests, and bodies that wait to be applied */
    int64_t tick_at, plan_at;
    bool planning;
    uint64_t random;
};

/* ── refresh_sources ── */

/* Takes the plan over: what is in both plans goes on as it was. */
void refresh_adopt(struct refresh *refresh, struct plan *plan);
void refresh_drop_all(struct refresh *refresh);

/* NULL if there is none, or none any more. */
struct refresh_file *refresh_find_file(struct refresh *refresh, enum state_kind kind,
                                       const char *name);
struct refresh_source *refresh_find_source(struct refresh *refresh, enum state_kind kind,
                                           const char *name, const char *what);

/* What a file had when the daemon began. Either may be NULL. */
void refresh_take_state(struct refresh *refresh, struct refresh_file *file,
                        const struct state_file *state, const struct state_statuses *statuses);

/*
 * The status of the sources that have one status file with those of this file, the strings
 * owned by them; the caller frees `items`. False if it cannot be written yet.
 */
bool refresh_make_statuses(struct refresh *refresh, const struct refresh_file *file,
                           struct state_statuses *statuses);

/* "journals: fetch https://…" for the log. Returns `text`. */
#define REFRESH_NAME_SIZE 400
char *refresh_name(const struct refresh_source *source, char text[REFRESH_NAME_SIZE]);

/* ── refresh_schedule ── */

/* How often a source is asked, in seconds. */
int64_t refresh_every_s(const struct refresh *refresh, const struct refresh_source *source);

bool refresh_is_busy(const struct refresh_source *source);
void refresh_ask_due(struct refresh *refresh);
void refresh_give_up_late(struct refresh *refresh);

/* The state file is what the daemon made it. */
void refresh_note_file(const struct refresh *refresh, struct refresh_file *file);
void refresh_finish_fetches(struct refresh *refresh);

/* What came of it; the source is free for the next time. */
void refresh_note_failure(struct refresh *refresh, struct refresh_source *source, const char *why,
                          int64_t retry_after_s);
void refresh_note_outcome(struct refresh *refresh, struct refresh_source *source,
                          struct apply_outcome *outcome);
void refresh_note_same(struct refresh *refresh, struct refresh_source *source);

/* ── refresh_tasks ── each begins a job; false when memory is out */

bool refresh_start_plan(struct refresh *refresh);
void refresh_end_planner(struct refresh *refresh); /* frees it when it is not used any more */
bool refresh_start_open(struct refresh *refresh, struct refresh_file *file);
bool refresh_start_status(struct refresh *refresh, struct refresh_file *file);
bool refresh_start_lookup(struct refresh *refresh, struct refresh_source *source);
bool refresh_start_file(struct refresh *refresh, struct refresh_source *source);
/* Takes the body over, also when it fails. */
bool refresh_start_apply(struct refresh *refresh, struct refresh_source *source,
                         struct fetch_result *fetched);
/* When the source's task got its turn, by clock_boot_ms(); 0: not yet. */
int64_t refresh_begun_ms(struct refresh *refresh, const struct refresh_source *source);
/* Gives up a look-up, or a file that is being read. False for other tasks, and while too many
 * are given up already. */
bool refresh_abandon(struct refresh *refresh, struct refresh_source *source);

/* ── refresh_requests ── */

void refresh_look_for_requests(struct refresh *refresh);

#endif
