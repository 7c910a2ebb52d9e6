/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A chain: a list of things that contain their own links, in the order they were added. A thing
 * is in at most one list by each of its links; a zeroed link is in none.
 */
#ifndef BYWAY_MGMTD_CHAIN_H
#define BYWAY_MGMTD_CHAIN_H

#include <stdbool.h>
#include <stddef.h>

struct chain_link {
    struct chain_link *next, *before;
    void *item; /* NULL: not in a list */
};

struct chain {
    struct chain_link *first, *last;
    size_t n;
};

/* Adds `item` at the end, unless this link of it is in a list already. */
void chain_add(struct chain *chain, struct chain_link *link, void *item);
/* Takes it out of `chain`, if it is in it. */
void chain_remove(struct chain *chain, struct chain_link *link);
/* The first item, NULL of an empty list. */
void *chain_first(const struct chain *chain);
/* The item after (before) that of `link`, NULL at the end. */
void *chain_next(const struct chain_link *link);
void *chain_before(const struct chain_link *link);
bool chain_has(const struct chain_link *link);

#endif
