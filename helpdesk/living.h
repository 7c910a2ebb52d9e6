/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the sources of a route set or a group: what the policy says, what mgmtd's
 * state file has of each, and what its status file says it does about them.
 */
#ifndef BYWAY_HELPDESK_LIVING_H
#define BYWAY_HELPDESK_LIVING_H

#include "lib/state_status.h"

#define LIVING_LATE_S 120 /* behind its time, a source is said to be overdue */

/* Of several the first. */
enum living_state {
    LIVING_HELD,    /* the last result was held back */
    LIVING_FAILING, /* the last tries failed */
    LIVING_GONE,    /* the policy has it no longer, the state file still has */
    LIVING_BY_HAND, /* lines of a state file that are not mgmtd's */
    LIVING_NEVER,   /* there is no result yet */
    LIVING_DAMAGED, /* the state file's section says another number of lines than it has */
    LIVING_OVERDUE, /* it should have been looked up by now: mgmtd may not run */
    LIVING_GOOD,
};

struct living_source {
    const char *what; /* as state files name it; "" for LIVING_BY_HAND */
    enum living_state state;
    const char *file; /* of the policy; NULL if it is not there */
    unsigned line;
    int64_t got_at, checked_at, due_at; /* epoch seconds; 0: never, or not known */
    uint64_t read, kept, dropped;
    const struct state_source *section; /* NULL: none */
    const struct state_status *status;  /* NULL: none */
};

struct living {
    struct living_source *sources; /* in the order of the policy, then what is left over */
    size_t n;
    int64_t version; /* 0: none */
    /* The rest is private. */
    char **texts;
    size_t n_texts;
    struct state_file *files[2];
    struct state_statuses *statuses;
};

/* False when memory is out. Free it in any case; it leads into `policy`. */
bool living_of_set(struct living *living, const struct policy *policy,
                   const struct policy_route_set *set, int64_t now);
bool living_of_group(struct living *living, const struct policy *policy,
                     const struct policy_group *group, int64_t now);
void living_free(struct living *living);

/* "ok", "held-back", "failing", … */
const char *living_state_name(enum living_state state);

/* What there is to say about a source besides its numbers, in words; "" for nothing. malloc'd;
 * NULL when memory is out. */
char *living_note(const struct living_source *source);

/* "3h 05m ago", and "in 2h 55m" or "2h 55m late"; NULL for time 0. */
#define LIVING_SPAN_SIZE 48
const char *living_ago(int64_t at, int64_t now, char text[LIVING_SPAN_SIZE]);
const char *living_due(int64_t at, int64_t now, char text[LIVING_SPAN_SIZE]);

#endif
