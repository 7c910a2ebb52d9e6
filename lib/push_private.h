/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of lib/push share; nobody else includes it. */
#ifndef BYWAY_LIB_PUSH_PRIVATE_H
#define BYWAY_LIB_PUSH_PRIVATE_H

#include "lib/push.h"

/* An option with `push "` and `"` around it must fit a line. */
#define PUSH_MAX_OPTION (PUSH_MAX_LINE - 7)

/* All plans together; what does not fit is rendered at connect. */
#define PUSH_PLANS_BUDGET (128UL * 1024 * 1024)

/* ── lib/push_buffer.c ── text that grows */

struct push_buffer {
    char *text; /* malloc'd; NULL while empty */
    size_t n;
    size_t size;
    bool failed; /* memory is out; nothing is added any more */
};

void push_buffer_free(struct push_buffer *buffer);
void push_buffer_clear(struct push_buffer *buffer);

/* `n` bytes of room at the end, or NULL. */
char *push_buffer_reserve(struct push_buffer *buffer, size_t n);

void push_buffer_add(struct push_buffer *buffer, const char *text);
void push_buffer_format(struct push_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A copy in `arena`; .text is never NULL unless memory is out. */
struct push_text push_buffer_keep(const struct push_buffer *buffer, struct arena *arena);

/*
 * The lines of the first `n_ipv4` prefixes of a cover, which are IPv4, and of the others.
 * Of a full tunnel they are its exceptions, and lead past it.
 */
void push_buffer_routes_ipv4(struct push_buffer *buffer, const struct policy_profile *profile,
                             const struct prefix *prefixes, size_t n);
void push_buffer_routes_ipv6(struct push_buffer *buffer, const struct prefix *prefixes, size_t n);

/* ── lib/push_frame.c ── what the profile alone decides */

struct push_frame {
    struct push_text head;                /* removals, DNS, options */
    struct push_text with_ipv6;           /* for a client that gets an IPv6 address */
    struct push_text without_ipv6;        /* for one that gets none */
    struct push_text title;               /* "You are on …" */
    struct push_text by[CHOICE_BY_COUNT]; /* "(it is the default)."; the same in all frames */
    struct push_text fell_back;           /* likewise */
    struct push_text tail;                /* the profile's message, and the order to show it */
    size_t max_n;                         /* the most bytes that one connection takes of it */
};

/* Makes the frames of all profiles, in the arena; NULL when memory is out. */
struct push_frame *push_frames_make(const struct policy *policy);

/* ── lib/push_check.c ── */

/* Is every line of this one that may be handed to OpenVPN? */
bool push_is_safe(const struct push_text *text);

/* ── lib/push_cover.c ── which addresses a connection reaches */

/* What all covers of a profile that has a budget begin with. NULL when memory is out. */
struct budget_base *push_base_new(const struct policy_profile *profile);

/*
 * The sets of `profile` and `extra`, less the exceptions; minimised, and within the profile's
 * budget, if it has one. For a full tunnel, its exceptions of IPv4. False when memory is out.
 * `base` is the profile's; NULL: it is made for this once.
 *
 * *cost is what the budget costs. If that cannot be kept, cost->prefixes is larger than it,
 * and the cover is empty.
 */
bool push_cover(struct prefix_set *cover, const struct policy_profile *profile,
                const struct budget_base *base, const struct policy_route_refs *extra,
                struct budget_cost *cost);

/* ── lib/push_judge.c ── what is wrong with a result */

/* The size of sets: of one or, as an upper bound, of several together. */
struct push_bulk {
    size_t routes;
    uint64_t ipv4; /* addresses */
    uint64_t ipv6; /* blocks of a /48, part ones counted whole */
};

struct push_bulk push_bulk_of(const struct prefix_set *set);
void push_bulk_add(struct push_bulk *bulk, const struct push_bulk *other);

/* What cutting exceptions out of it may add in routes. */
void push_bulk_carve(struct push_bulk *bulk, const struct prefix_set *except);

/* The most of something, and which of the policy's extras has it. */
struct push_most {
    size_t value;
    size_t extra;
};

/* The worst that one profile comes to, over all the extras. */
struct push_worst {
    struct push_most routes;
    struct push_most budget;          /* the fewest prefixes, where they are more than the budget */
    struct push_most text;            /* bytes */
    struct push_most everything_ipv4; /* value: 1, as for all without a comment here */
    struct push_most everything_ipv6;
    struct push_most share_ipv4; /* per cent */
    struct push_most assigned_ipv6;
    size_t n_slow; /* extras that come to more than POLICY_WARN_ROUTES */
};

/*
 * Is nothing new to be said against a result of at most that size? Once a profile is
 * known to be slow for somebody, how slow exactly it gets for others is not looked into.
 */
bool push_bulk_is_harmless(const struct push_bulk *bulk, const struct policy_profile *profile,
                           const struct push_worst *worst);

void push_worst_note(struct push_worst *worst, const struct policy_profile *profile, size_t extra,
                     const struct prefix_set *cover, const struct budget_cost *cost, size_t text_n);
void push_worst_report(const struct push_worst *worst, const struct policy *policy,
                       const struct policy_profile *profile, const struct push_frame *frame,
                       struct diagnostics *problems);

#endif
