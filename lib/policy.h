/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A loaded policy as plain data, and the look-ups that decisions need. It is read
 * only once loaded; lib/policy_load makes it, lib/choice and lib/push read it.
 */
#ifndef BYWAY_LIB_POLICY_H
#define BYWAY_LIB_POLICY_H

#include "lib/arena.h"
#include "lib/budget.h"
#include "lib/names.h"
#include "lib/prefix_set.h"

#define POLICY_MAX_NAME      NAMES_MAX /* bytes of a profile's, set's or group's name */
#define POLICY_MAX_USER      255
#define POLICY_MAX_TITLE     80     /* bytes of a profile's title */
#define POLICY_MAX_MESSAGE   400    /* bytes of its message */
#define POLICY_WARN_ROUTES   1000   /* clients slow down quadratically from here on */
#define POLICY_MAX_ROUTES    5000   /* unless `max-routes` says otherwise */
#define POLICY_MAX_TEXT      900000 /* bytes of one result: OpenVPN 2.6 exits at 1,000,000 */
#define POLICY_DEFAULT_STATE BYWAY_LOCALSTATEDIR "/lib/byway"

/* The ways to choose a profile, as the `choose` lines name them. */
enum policy_means {
    POLICY_MEANS_USERNAME_SUFFIX,
    POLICY_MEANS_PEER_INFO,
    POLICY_MEANS_STATIC_CHALLENGE,
    POLICY_MEANS_MENU,
    POLICY_MEANS_COUNT
};

struct policy_choose {
    enum policy_means means;
    const char *argument; /* the separator, or the UV_ name; NULL for the others */
};

enum policy_source_kind { POLICY_SOURCE_FETCH, POLICY_SOURCE_HOST };

/* `where KEY=VALUE` of a fetch: of JSON, only objects that have this are used. */
struct policy_condition {
    const char *key;
    const char *value;
};

/* Where mgmtd gets prefixes of a set from. The plugin reads only its results. */
struct policy_source {
    enum policy_source_kind kind;
    const char *what; /* the URL, or the host name */
    unsigned every_s; /* of a fetch */
    struct policy_condition *where;
    size_t n_where;
    const char *file;
    unsigned line;
};

struct policy_route_set {
    const char *name;
    struct prefix_set *prefixes; /* minimised; owned by the policy */
    struct prefix_set *except;   /* likewise: what was taken out of them */
    size_t written;              /* prefixes as written, before they were merged */
    struct policy_source *sources;
    size_t n_sources;
    int64_t version; /* of what mgmtd looked up for it: epoch seconds; 0: nothing yet */
    const char *file;
    unsigned line;
};

/* Some route sets, by reference: distinct, in the order of policy.route_sets. */
struct policy_route_refs {
    const struct policy_route_set **sets;
    size_t n;
};

struct policy_profile {
    size_t index; /* in policy.profiles */
    const char *name;
    const char *title;   /* the name where no title was given */
    const char *message; /* NULL if none */
    bool full;
    bool block_local;
    bool allow_ipv6_outside;
    bool keep_server_routes;
    size_t max_routes;
    size_t budget; /* the most prefixes its routes may be covered by; 0: exactly these */
    struct policy_route_refs routes;
    struct prefix_set *except; /* minimised; empty rather than NULL; owned by the policy */
    const char **dns;          /* addresses, as written, checked */
    size_t n_dns;
    const char **search_domains;
    size_t n_search_domains;
    const char **push; /* further options, checked, ready to stand in push "…" (escaped) */
    size_t n_push;
    bool restricted; /* it has `allow` lines: for those users alone */
    const struct policy_group **allow_groups;
    size_t n_allow_groups;
    struct prefix_set *opt_in_from; /* assume-opt-in-from; minimised; owned by the policy */
    const char *file;
    unsigned line;
};

struct policy_group {
    size_t index; /* in policy.groups */
    const char *name;
    struct policy_route_refs routes;
    const char **unix_groups; /* mgmtd looks them up */
    size_t n_unix_groups;
    size_t n_members;
    const char *file;
    unsigned line;
};

/* Somebody the policy names anywhere. Others have no entry, and need none. */
struct policy_user {
    const char *name;                     /* compared byte for byte */
    const struct policy_profile *profile; /* `profile`; NULL: the policy's default. Never full */
    const struct policy_profile *opt_in;  /* `opt-in`; NULL if none */
    const struct policy_group **groups;   /* in the order of policy.groups */
    size_t n_groups;
    const struct policy_profile **allowed; /* restricted profiles that name the user */
    size_t n_allowed;
    struct policy_route_refs routes; /* the user's own, without the groups' */
    size_t extra;                    /* which of policy.extras: own and groups' together */
};

/* A result that a connection can get; see lib/push.h. */
struct push_plan;

struct policy {
    struct arena *arena;
    const char *path; /* absolute, of the policy file */
    const char *state_dir;
    bool identity_common_name; /* the user is the certificate's common name first */
    bool on_refused_default;   /* `on-refused default`: not refused but given the default */
    struct policy_choose choose[POLICY_MEANS_COUNT]; /* in the order of the lines */
    size_t n_choose;
    const struct policy_profile *default_profile; /* never NULL, never full */
    struct policy_profile *profiles;
    size_t n_profiles;
    struct policy_route_set *route_sets;
    size_t n_route_sets;
    struct policy_group *groups;
    size_t n_groups;
    struct policy_user *users; /* a hash table; use policy_find_user() */
    size_t n_user_slots;       /* a power of two; free slots have a NULL name */
    size_t n_users;
    /* The distinct combinations of route sets that users bring along, on top of the
     * profile's. extras[0] is the empty one: that of a user the policy does not name. */
    struct policy_route_refs *extras;
    size_t n_extras;
    struct push_plan *plans; /* [extra * n_profiles + profile] */
    /* By profile: what its covers begin with, where one is still to be found at connect; else NULL.
     * Owned by the policy. */
    struct budget_base **bases;
};

/* Frees the policy with all it owns. NULL is harmless. */
void policy_free(struct policy *policy);

/* Without regard to case (ASCII). NULL if there is none. */
const struct policy_profile *policy_find_profile(const struct policy *policy, const char *name);
/* Exact bytes. NULL if the policy does not name the user. */
const struct policy_user *policy_find_user(const struct policy *policy, const char *name);
const struct policy_group *policy_find_group(const struct policy *policy, const char *name);
const struct policy_route_set *policy_find_route_set(const struct policy *policy, const char *name);

/*
 * Which versions of looked up routes such a connection is given: "journals@1763643900,cloud@0",
 * in the order of policy.route_sets; "" if none of its sets is looked up, or the tunnel is
 * full. What does not fit is counted: "journals@1763643900,+2". Returns `text`.
 */
char *policy_versions(const struct policy *policy, const struct policy_profile *profile,
                      const struct policy_user *user, char *text, size_t size);

/* May this user (NULL: one the policy does not name) have this profile? */
bool policy_allows(const struct policy_profile *profile, const struct policy_user *user);

/* The `choose` line of these means; NULL if the policy has none. */
const struct policy_choose *policy_chooses(const struct policy *policy, enum policy_means means);

/* "username-suffix", "peer-info", "static-challenge", "menu". */
const char *policy_means_name(enum policy_means means);

#endif
