/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files that make a policy out of text share; private to lib/policy_*.c.
 *
 *   policy_load    the order of things, and the checks of the whole
 *   policy_read    files, includes, what is watched, plain lists
 *   policy_words   the tables of keywords: which words may stand where, and how many;
 *                  errors and warnings
 *   policy_top, policy_routes, policy_profile, policy_group, policy_user
 *                  one kind of block each
 *   policy_inline  prefixes where a route set's name may stand
 *   policy_extras  the combinations of route sets that users bring
 *
 * First everything is read into one list of directives. Then every block is declared,
 * so that a name may be used before it is defined. Then the words are applied.
 */
#ifndef BYWAY_LIB_POLICY_BUILD_H
#define BYWAY_LIB_POLICY_BUILD_H

#include "lib/directive.h"
#include "lib/dirs.h"
#include "lib/names.h"
#include "lib/policy.h"
#include "lib/policy_load.h"
#include "lib/watch.h"

/* A user as known so far. */
struct draft_user {
    struct policy_user user;
    const struct directive *block;      /* <user …>; NULL where only others name the user */
    const struct directive *profile_at; /* the `profile` line; NULL if none */
    const struct directive *opt_in_at;
};

/* That a user is in a group, or may have a profile. */
struct pair {
    uint32_t user;
    uint32_t of;
};

struct pairs {
    struct pair *items;
    size_t n;
    size_t room;
};

/* One kind of named block: what is declared, and where. */
struct declared {
    struct names *names;
    const struct directive **blocks; /* in the order of `names` */
};

struct build {
    struct policy *policy;
    struct arena *scratch; /* for what is gone when the policy is made: the directives */
    struct dirs *dirs;
    struct watch *watch;
    struct diagnostics *problems;
    const struct policy_trace *trace; /* NULL: nobody asks */
    size_t bytes_left;
    unsigned suggestions_left;
    unsigned errors; /* told, or too many to tell */
    unsigned warnings;
    bool out_of_memory;

    bool has_default; /* there is a `default-profile` line, good or bad */
    const struct directive *default_at;
    const struct directive *choose_at[POLICY_MEANS_COUNT];

    struct directive *first; /* all files' top level, in order */
    struct directive **tail;
    struct directive *inlined; /* the first block that is written as a prefix; in that list */

    struct declared profiles;
    struct declared route_sets;
    struct declared groups;
    struct names *users;
    struct draft_user *drafts; /* in the order of `users` */
    size_t drafts_room;
    struct pairs members; /* of groups; a pair may be there twice */
    struct pairs allowed; /* by profiles */
    bool *set_used;       /* one a route set */
    bool *group_used;     /* one a group */

    /* The block whose words are being applied. */
    const struct directive *block;
    struct policy_route_refs *refs; /* what its `routes` lines add to */
    struct policy_profile *profile;
    struct policy_route_set *route_set;
    struct prefix_set *except; /* of the route set */
    struct policy_group *group;
    size_t user; /* in drafts */
};

/* Notes that memory is out, and is always false. */
bool build_out_of_memory(struct build *build);

/* Appends a block for every prefix that stands where the name of a route set may. */
bool build_expand_prefixes(struct build *build);

/* Notes the name and place of every block, and makes room for what they define. False when
 * memory is out. */
bool build_declare(struct build *build);

/* Takes the words of a declared block. `index` is its place in the policy. */
void build_route_set(struct build *build, const struct directive *block, size_t index);
void build_profile(struct build *build, const struct directive *block, size_t index);
void build_group(struct build *build, const struct directive *block, size_t index);
void build_user_block(struct build *build, const struct directive *block, size_t index);

/* Tells build->trace the lines of a list. */
void build_trace_list(struct build *build, const char *kind, const char *name, const char *path,
                      const char *text, size_t n);

/* What can be done only once every word has been applied: the state files, and the users' table. */
void build_finish_route_sets(struct build *build);
void build_finish_groups(struct build *build);
void build_finish_users(struct build *build);

/* Room for what the `routes` lines of build->block name; then the word itself; then sorts it. */
void build_begin_routes(struct build *build, struct policy_route_refs *refs);
void build_add_routes(struct build *build, const struct directive *line);
void build_end_routes(struct build *build);

/* The index of a user whom the policy names here, new or known; NAMES_NONE with an error. */
size_t build_user(struct build *build, const struct directive *at, const char *name);

/* The same for a name that was checked; NAMES_NONE when memory is out. */
size_t build_add_user(struct build *build, const char *name);

bool pairs_add(struct build *build, struct pairs *pairs, size_t user, size_t of);

/* The combinations of route sets that users bring. */
void build_extras(struct build *build);

#endif
