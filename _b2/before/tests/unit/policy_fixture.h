/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder of its own with a policy in it, for the tests of what loads one. Problems are told
 * without the folder's name: "policy.conf:3: error: …".
 */
#ifndef BYWAY_TESTS_POLICY_FIXTURE_H
#define BYWAY_TESTS_POLICY_FIXTURE_H

#include "lib/policy_load.h"

extern char folder[64];
extern char path[128]; /* of policy.conf in that folder */
extern struct dirs *dirs;
extern struct watch *watch;
extern struct diagnostics *problems;
extern struct policy *policy; /* what was loaded last; NULL if that failed */

void fixture_setup(void);
void fixture_teardown(void);

/* Forgets the policy, the problems and what is watched. */
void fixture_reset(void);

/* Writes a file of the folder, making the folders that lead to it. */
void fixture_write_file(const char *name, const char *text);

/* Removes a file or a folder with all in it. */
void fixture_remove(const char *name);

/* Loads policy.conf, or text as if it stood there. */
void fixture_load(void);
void fixture_load_text(const char *text);

/* A small policy to put something behind, which then begins at line 8. */
#define PREAMBLE                                 \
    "default-profile campus\n"                   \
    "<routes internal>\n10.0.0.0/8\n</routes>\n" \
    "<profile campus>\nroutes internal\n</profile>\n"

/* One problem as it is shown, and all of them, one a line. Valid until the next call. */
const char *fixture_problem(size_t i);
const char *fixture_problems(void);

/* A policy that uses every word of the language, with its lists and state files. */
extern const char story[];
void fixture_write_story(void);
void fixture_load_story(void);

/* A set as text. Valid until the next call. */
const char *fixture_set_text(const struct prefix_set *set);

#endif
