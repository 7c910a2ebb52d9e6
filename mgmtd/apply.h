/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what a source answered to the state file: reads it, judges it, and replaces the
 * source's section of the file if it may. The only one that writes state files; for the one
 * thread that does such work, so that no two of its calls are about a file at a time.
 */
#ifndef BYWAY_MGMTD_APPLY_H
#define BYWAY_MGMTD_APPLY_H

#include "lib/state_file.h"
#include "lib/state_status.h"
#include "mgmtd/safety.h"

#define APPLY_TEXT_SIZE     STATE_MAX_TEXT
#define APPLY_MAX_ADDRESSES 256 /* of one host: beyond, those not seen for longest go */

struct apply_rules {
    unsigned shortest_ipv4, shortest_ipv6;
    unsigned max_change;   /* percent; 0: any */
    unsigned accept_after; /* held back so often, the same result is taken; 0: never */
    int64_t keep_addresses_s;
};

/* A file, and the sources it has now: all else in it goes when each of them has a result. */
struct apply_file {
    const char *state_dir;
    enum state_kind kind;
    const char *name;
    const char *const *wanted;
    size_t n_wanted;
};

struct apply_task {
    struct apply_file file;
    struct apply_rules rules;
    const char *what; /* the source: one of those wanted */
    int64_t now;
    bool accept;        /* an administrator says that a result may be unlike the last */
    uint64_t held_hash; /* of the result that was held back last, and how often in a row */
    unsigned holds;
    /* STATE_FETCHED */
    const char *body;
    size_t n_body;
    const struct policy_condition *where;
    size_t n_where;
    const char *etag, *modified;
    /* STATE_RESOLVED: what the resolver said, and when each address was last seen */
    const struct prefix *addresses;
    size_t n_addresses;
    const struct state_address *seen;
    size_t n_seen;
    /* STATE_MEMBERS: sorted */
    char **members;
    size_t n_members;
};

enum apply_verdict {
    APPLY_CHANGED, /* the file is another one */
    APPLY_SAME,    /* all is well, and nothing new */
    APPLY_HELD,    /* what is in use stays: the result is too unlike it */
    APPLY_FAILED   /* what is in use stays: the result is none */
};

struct apply_outcome {
    enum apply_verdict verdict;
    char text[APPLY_TEXT_SIZE]; /* of HELD and FAILED: why, as the end of a sentence */
    uint64_t held_hash;         /* of HELD */
    uint64_t read, kept, dropped;
    size_t added, removed;           /* lines of the section */
    char drops[200];                 /* "10.0.0.0/8 private, …": the first few */
    struct state_address *addresses; /* STATE_RESOLVED: for the next task; malloc'd */
    size_t n_addresses;
};

void apply_run(const struct apply_task *task, struct apply_outcome *outcome);

/*
 * Reads a file and its status for the first time, and takes out of it what is not wanted any
 * more. NULL when memory is out; with no sections if there is none. *error is an errno
 * if it is there and cannot be read.
 */
struct state_file *apply_open(const struct apply_file *file, int64_t now,
                              struct state_statuses **statuses, int *error);

/* Writes a status file. 0 or an errno. */
int apply_status(const struct apply_file *file, const struct state_statuses *statuses);

#endif
