/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Would an address go through the tunnel of a connection, and because of which line of which
 * file? Whether is decided by the code that the plugin pushes with; the line is found for it.
 */
#ifndef BYWAY_HELPDESK_REACH_H
#define BYWAY_HELPDESK_REACH_H

#include "helpdesk/places.h"
#include "helpdesk/zone.h"

struct reach_question {
    const struct policy *policy;
    const struct places *places; /* of that policy and the address */
    const struct zone *zone;     /* that times are told in */
    const struct policy_profile *profile;
    const struct policy_user *user; /* NULL: one the policy does not name */
    bool is_somebody;               /* else whoever may have the profile */
};

enum reach_why {
    REACH_WRITTEN,   /* a prefix of the policy */
    REACH_LISTED,    /* a line of an included list */
    REACH_FETCHED,   /* what a `fetch` got */
    REACH_RESOLVED,  /* an address of a `host` */
    REACH_BUDGET,    /* none of the routes, but what a `budget` covers besides */
    REACH_FULL,      /* a full tunnel */
    REACH_EXCEPT,    /* not through: an exception */
    REACH_NOTHING,   /* not through: no route has it */
    REACH_FORBIDDEN, /* not through: the user may not have the profile */
};

struct reach {
    bool through;
    enum reach_why why;
    const struct place *place;          /* the line of the prefix, list or state file */
    const struct policy_route_set *set; /* that has it, or that an exception takes it out of */
    struct place inlined;               /* that line, where it is one that names a set too */
    const struct place *routes;         /* by which line the connection has the set */
    const struct policy_source *source; /* of what was looked up; NULL: not in the policy */
    char *source_text;                  /* as state files name it; NULL if none */
    int64_t as_of;                      /* when it was looked up; 0: not known */
    char *because;                      /* all that as a sentence */
};

/* False when memory is out. Free it in any case. */
bool reach_find(struct reach *reach, const struct reach_question *question);
void reach_free(struct reach *reach);

/* "written", "list", "fetch", "host", …: as in JSON. */
const char *reach_why_name(enum reach_why why);

/* "policy.conf:12", "routes/journals.fetched:3": short where the file is the policy's or in
 * its folder or state directory. `line` 0: none. Returns `text`. */
#define REACH_PLACE_SIZE 600
char *reach_place(const struct policy *policy, const char *file, unsigned line,
                  char text[REACH_PLACE_SIZE]);

#endif
