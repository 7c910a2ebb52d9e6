/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to mgmtd/apply*.c:
 *
 *   apply            the file: reads it, replaces a section, writes it
 *   apply_prefixes   what makes a section of a fetched list, or of a host's addresses
 *   apply_members    the same of a group
 *   apply_changes    routes/SET.changes
 */
#ifndef BYWAY_MGMTD_APPLY_PRIVATE_H
#define BYWAY_MGMTD_APPLY_PRIVATE_H

#include "lib/arena.h"
#include "mgmtd/apply.h"

struct applying {
    const struct apply_task *task;
    struct apply_outcome *outcome;
    const struct state_source *before; /* NULL: the source has no section yet */
    struct state_source next;          /* what it may be replaced by */
    struct arena *arena;               /* for what `next` points to, */
    struct safety_sieve *sieve;        /* and its prefixes */
    struct prefix *own;
    struct prefix_set *was, *is; /* of hosts: the addresses, to be compared */
};

/* Each fills in `next`, and sets the verdict. */
void apply_fetched(struct applying *applying);
void apply_resolved(struct applying *applying);
void apply_members(struct applying *applying);

/* Sets the verdict with its text. */
void apply_fail(struct applying *applying, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void apply_out_of_memory(struct applying *applying);

/*
 * Held back: unless somebody accepted it, or it was the same often enough. `hash` is of the
 * result. Sets the verdict.
 */
void apply_hold(struct applying *applying, uint64_t hash, const char *why);

#define APPLY_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t apply_hash(uint64_t hash, const void *data, size_t n);

/* Counts what came and went into the outcome, and adds it to the set's changes. */
void apply_note_changes(struct applying *applying, const struct prefix_set *was,
                        const struct prefix_set *is);

#endif
