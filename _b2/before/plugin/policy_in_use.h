/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy in use: loaded at start, and again when a file it came from changed,
 * which is looked at no more than once a second. A policy that is bad does not
 * replace a good one: the log says what is wrong, and it is tried again when a file
 * changed once more.
 */
#ifndef BYWAY_PLUGIN_POLICY_IN_USE_H
#define BYWAY_PLUGIN_POLICY_IN_USE_H

#include "lib/log.h"
#include "lib/policy_load.h"

struct policy_in_use;

/*
 * Loads `path` (absolute). NULL if it is bad (every error was logged) or memory is out.
 * `dirs` and `log` must outlive it. Freeing NULL is harmless.
 */
struct policy_in_use *policy_in_use_new(const char *path, struct dirs *dirs, const struct log *log);
void policy_in_use_free(struct policy_in_use *in_use);

/* Never NULL. Valid until the next call. */
const struct policy *policy_in_use_get(struct policy_in_use *in_use);

#endif
