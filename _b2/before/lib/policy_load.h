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

#endif
