/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads the policy that a command is about. */
#ifndef BYWAY_HELPDESK_POLICY_FILE_H
#define BYWAY_HELPDESK_POLICY_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/diagnostics.h"
#include "lib/policy.h"
#include "lib/policy_load.h"

#define POLICY_FILE_DEFAULT BYWAY_SYSCONFDIR "/openvpn/byway/policy.conf"

struct policy_file {
    struct policy *policy;        /* NULL if it has errors, or was not read */
    struct diagnostics *problems; /* NULL only when memory is out */
};

/* False, having said so on standard error, if there is nothing to judge: no such file,
 * not readable, out of memory. Free it in any case. */
bool policy_file_load(struct policy_file *file, const char *path);
/* The same; `trace` is told each line (lib/policy_load.h). */
bool policy_file_load_traced(struct policy_file *file, const char *path,
                             const struct policy_trace *trace);

void policy_file_free(struct policy_file *file);

/*
 * The policy for a command that cannot do without: NULL, all having been said on standard
 * error, if it has errors or cannot be read. Free the file in any case.
 */
const struct policy *policy_file_need(struct policy_file *file, const char *path,
                                      const struct policy_trace *trace);

/* By name; NULL, and a near one suggested on standard error, if there is none. */
const struct policy_profile *policy_file_profile(const struct policy *policy, const char *name);
const struct policy_route_set *policy_file_route_set(const struct policy *policy, const char *name);

/* Every problem, one a line: "policy.conf:12: error: …". */
void policy_file_report(const struct policy_file *file, FILE *out);

#endif
