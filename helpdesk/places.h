/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of a policy, of its lists and of mgmtd's results that have to do with one
 * address: noted while the policy is loaded. What they come to is judged afterwards
 * (helpdesk/reach).
 */
#ifndef BYWAY_HELPDESK_PLACES_H
#define BYWAY_HELPDESK_PLACES_H

#include "lib/arena.h"
#include "lib/policy_load.h"

enum place_kind {
    PLACE_WRITTEN, /* a prefix in <routes> that has the address */
    PLACE_LISTED,  /* the same in an included list, or in a state file */
    PLACE_EXCEPT,  /* an exception that has it, of a route set or a profile */
    PLACE_ROUTES,  /* `routes SET` in a profile, a group or a user */
    PLACE_TUNNEL,  /* the `tunnel` line of a profile */
    PLACE_BUDGET,  /* its `budget` line */
};

struct place {
    enum place_kind kind;
    const char *block; /* what the line is in: "routes", "profile", "group", "user" */
    const char *name;  /* and of which name, as it is written there */
    const char *set;   /* of PLACE_ROUTES, as it is written */
    struct prefix prefix;
    const char *file;
    unsigned line;
};

struct places {
    struct prefix address;
    struct arena *arena;
    struct prefix_set *scratch; /* to read lists with */
    struct place *items;
    size_t n;
    size_t room;
    bool out_of_memory;
};

/* For an address as a host prefix. False when memory is out. Free it in any case. */
bool places_begin(struct places *places, const struct prefix *address);
void places_free(struct places *places);

/* What the loader tells them through; valid as long as `places`. */
struct policy_trace places_trace(struct places *places);

/*
 * The most specific prefix of that kind in <BLOCK NAME>, the first of several; NULL if there
 * is none.
 */
const struct place *places_prefix(const struct places *places, enum place_kind kind,
                                  const char *block, const char *name);

/* The first line of a kind without a prefix; `set` is NULL but for PLACE_ROUTES. */
const struct place *places_line(const struct places *places, enum place_kind kind,
                                const char *block, const char *name, const char *set);

#endif
