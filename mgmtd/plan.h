/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the policies want looked up: which state files there are to be, and the sources of
 * each. Reads policies, so it is for a thread that may wait.
 */
#ifndef BYWAY_MGMTD_PLAN_H
#define BYWAY_MGMTD_PLAN_H

#include <stdatomic.h>

#include "lib/diagnostics.h"
#include "lib/state_file.h"

struct plan_source {
    const char *what;   /* as state_source_text() writes it */
    const char *target; /* the URL, the host's or the group's name */
    unsigned every_s;   /* of a fetch */
    const struct policy_condition *where;
    size_t n_where;
    const char *file; /* of the policy, and the line of the source (0: not known) */
    unsigned line;
};

struct plan_file {
    enum state_kind kind;
    const char *name;
    const char *policy; /* the path of the first that has it */
    struct plan_source *sources;
    const char **whats; /* of the sources, in their order */
    size_t n_sources;
};

struct plan {
    struct arena *arena;
    struct plan_file *files;
    size_t n_files;
    char *state_dir;
    atomic_uint users; /* see plan_use() */
};

/* A plan may be needed in several threads: each use ends with a plan_free(). */
struct plan *plan_use(struct plan *plan);
void plan_free(struct plan *plan); /* NULL is harmless */

/* NULL if there is none. */
const struct plan_file *plan_find(const struct plan *plan, enum state_kind kind, const char *name);

/* Keeps what was read of each policy, to see whether it changed. */
struct planner;

/*
 * `paths` are n policies, copied, of which one that is not there is no error if `optional`.
 * Only what is for `state_dir` is planned. NULL when memory is out.
 */
struct planner *planner_new(const char *const *paths, size_t n, bool optional,
                            const char *state_dir);
void planner_free(struct planner *planner); /* NULL is harmless */

/*
 * A plan, for the caller to free, if anything changed since the last look; else NULL. A
 * policy with errors counts as it was when it was last good; the errors are in `problems`.
 */
struct plan *planner_look(struct planner *planner, struct diagnostics *problems);

#endif
