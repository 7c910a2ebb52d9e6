/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From profile to the config text that OpenVPN takes from a client-connect hook.
 * Everything that does not depend on the connection is rendered when the policy is
 * loaded and copied at connect.
 *
 * OpenVPN reads the text line by line, 255 bytes each at most; a longer line is
 * split and its tail read as a directive, a comma inside push "…" is refused, and
 * a line that is only `<x>` stops the whole server (options.c:read_config_string,
 * read_inline_file; push.c:push_option_ex). Nothing of a client's is ever in it.
 */
#ifndef BYWAY_LIB_PUSH_H
#define BYWAY_LIB_PUSH_H

#include "lib/budget.h"
#include "lib/choice.h"
#include "lib/diagnostics.h"
#include "lib/policy.h"

#define PUSH_MAX_LINE 255

/* Config lines, each with its newline; not NUL-terminated. */
struct push_text {
    const char *text; /* NULL: not rendered */
    size_t n;
};

/* What a profile alone decides, whoever the user is; private to lib/push. */
struct push_frame;

/*
 * One result: a profile for users who bring a certain combination of route sets.
 * The IPv6 routes are pushed only to a client that gets an IPv6 address.
 */
struct push_plan {
    const struct push_frame *frame;
    size_t n_ipv4; /* routes; of a full tunnel, its exceptions */
    size_t n_ipv6;
    struct push_text ipv4; /* .text is NULL where all plans together would be too large: */
    struct push_text ipv6; /* then the counts are 0 and it is rendered at connect */
};

/*
 * Makes policy->plans for every profile and extra. Adds an error for a split result
 * that adds up to everything, has too many routes or too long a text, a warning for one of
 * more than POLICY_WARN_ROUTES routes. False if there was an error or memory is out
 * (then an error was added).
 */
bool push_prepare(struct policy *policy, struct diagnostics *problems);

/* What a connection adds to its plan. */
struct push_connection {
    bool has_ipv6;     /* the server gave the client an IPv6 address */
    enum choice_by by; /* told to the user */
    bool fell_back;    /* told to the user, too */
};

/*
 * The text for this user (NULL: one the policy does not name) on this profile:
 * malloc'd, NUL-terminated, owned by the caller (OpenVPN frees it). *n is its
 * length. NULL when memory is out or the result would not be safe to hand over.
 */
char *push_render(const struct policy *policy, const struct policy_profile *profile,
                  const struct policy_user *user, const struct push_connection *connection,
                  size_t *n);

/* The routes of that result as a set (what a split tunnel gets): new, minimised, owned by
 * the caller. NULL when memory is out. *cost (may be NULL) is what the profile's budget costs; all
 * 0 if it has none. For the command and tests. */
struct prefix_set *push_routes(const struct policy *policy, const struct policy_profile *profile,
                               const struct policy_user *user, struct budget_cost *cost);

/* How many PUSH_REPLY messages OpenVPN makes of a text, and how many bytes of options
 * (push.c:send_push_reply: 1,024-byte buffers less 84). */
size_t push_count_messages(const char *text, size_t n);

/*
 * Checks an option that an administrator wants passed on (`push "…"` in a profile).
 * NULL if it may be pushed; else what is wrong, as the end of a sentence (a comma, a
 * control character, too long, quotes left open, or an option that Byway or OpenVPN
 * itself decides, such as route, redirect-gateway or peer-id).
 */
const char *push_check_option(const char *option);

/*
 * A checked option as it must stand within push "…": quotes and backslashes escaped.
 * Lives in `arena`; NULL when memory is out.
 */
char *push_escape_option(struct arena *arena, const char *option);

#endif
