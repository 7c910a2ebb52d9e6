/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a policy file and all it includes, the state files beside it, checks
 * everything, and prepares every result a connection can get. It prints nothing,
 * keeps no globals and changes nothing: a policy that fails to load leaves the one
 * in use as it is.
 */
#ifndef BYWAY_LIB_POLICY_LOAD_H
#define BYWAY_LIB_POLICY_LOAD_H

#include "lib/diagnostics.h"
#include "lib/directive.h"
#include "lib/dirs.h"
#include "lib/policy.h"
#include "lib/watch.h"

/*
 * `path` is absolute. Every error and warning is added to `problems`. NULL if there
 * was any error (diagnostics_errors() is then not 0); the caller frees the policy
 * with policy_free(). `dirs` must be the same at a reload, so that it works after a
 * chroot. Every file and directory that was read or looked for is added to `watch`,
 * also when loading fails: it is worth trying again once watch_changed() says so.
 */
struct policy *policy_load(const char *path, struct dirs *dirs, struct watch *watch,
                           struct diagnostics *problems);

/* A line of a plain list that a block of the policy has: an included file's, or a state file's. */
struct policy_listed {
    const char *kind; /* of the block: "routes" or "group" */
    const char *name;
    const char *file;
    unsigned line;
    const char *text; /* without its comment; `n` bytes, not NUL-terminated */
    size_t n;
};

/*
 * For whoever asks which line it was: is told every line as it is applied, good or bad, and
 * the lines of lists that are in use. Nothing that it is given stays; the loader keeps
 * nothing of it either.
 */
struct policy_trace {
    void *arg;
    /* `block` is the one that the line is in; NULL for the policy itself. */
    void (*line)(void *arg, const struct directive *block, const struct directive *line);
    void (*listed)(void *arg, const struct policy_listed *listed);
};

/* As policy_load(), and tells `trace` (NULL: nobody). */
struct policy *policy_load_traced(const char *path, struct dirs *dirs, struct watch *watch,
                                  struct diagnostics *problems, const struct policy_trace *trace);

/*
 * The same without the state files and all that depends on them, for who makes those: only
 * the state directory, the route sets' sources and the groups' `unix-group`s can be used.
 * That results are bad does not keep them from being replaced.
 */
struct policy *policy_load_sources(const char *path, struct dirs *dirs, struct watch *watch,
                                   struct diagnostics *problems);

#endif
