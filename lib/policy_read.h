/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files a policy is made of, and plain lists; private to lib/policy_*.c. */
#ifndef BYWAY_LIB_POLICY_READ_H
#define BYWAY_LIB_POLICY_READ_H

#include "lib/list_line.h"
#include "lib/policy_build.h"

#define BUILD_MAX_BYTES      ((size_t)64 * 1024 * 1024) /* of all files together */
#define BUILD_MAX_BYTES_TEXT "64 MiB"

/* Appends the directives of a text, and of all it includes, to build->first. */
void build_read_text(struct build *build, const char *path, const char *text, size_t n);

/* The same for the policy file itself. False, with an error, if it cannot be read. */
bool build_read_policy(struct build *build, const char *path);

/* Is given the text of a list. `level`: what its bad lines are. */
typedef void build_take(struct build *build, enum diagnostic_level level, const char *path,
                        const char *text, size_t n);

/* Calls `take` for each file that an `include` line within a block means. */
void build_include_list(struct build *build, const struct directive *include, build_take *take);

/*
 * A state file, mgmtd's result: `name` is its path in the state directory. Not there yet is a
 * warning about file:line, which asked for it; there, but not to be read, is an error. Its
 * version (lib/state_file.h; if it has none, when it was last written), 0 if it was not read.
 */
int64_t build_read_state(struct build *build, const char *file, unsigned line, const char *name,
                         build_take *take);

/* Bad lines of one list, each with why as the end of a sentence: the first few are told, the rest
 * counted. */
struct bad_lines {
    struct build *build;
    enum diagnostic_level level;
    const char *file;
    unsigned n;
    unsigned last;
};
void bad_line(struct bad_lines *bad, unsigned line, const char *text, size_t n, const char *why);
void bad_lines_end(const struct bad_lines *bad);

#endif
