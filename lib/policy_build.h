/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files that make a policy out of text share; private to lib/policy_*.c.
 *
 *   policy_load    the order of things, and the checks of the whole
 *   policy_read    files, includes, what is watched, plain lists
 *   policy_words   the tables of keywords: which words may stand where, and how many
 *   policy_top, policy_routes, policy_profile, policy_group, policy_user
 *                  one kind of block each
 *   policy_extras  the combinations of route sets that users bring
 *
 * First everything is read into one list of directives. Then every block is declared,
 * so that a name may be used before it is defined. Then the words are applied.
 */
#ifndef BYWAY_LIB_POLICY_BUILD_H
#define BYWAY_LIB_POLICY_BUILD_H

#include <limits.h>

#include "lib/directive.h"
#include "lib/dirs.h"
#include "lib/names.h"
#include "lib/policy.h"
#include "lib/watch.h"

#define BUILD_MAX_BYTES      ((size_t)64 * 1024 * 1024) /* of all files together */
#define BUILD_MAX_BYTES_TEXT "64 MiB"

/* A user as known so far. */
struct draft_user {
    struct policy_user user;
    const struct directive *block;      /* <user …>; NULL where only others name the user */
    const struct directive *profile_at; /* the `profile` line; NULL if none */
    const struct directive *opt_in_at;
};

/* That a user is in a group, or may have a profile. */
struct pair {
    uint32_t user;
    uint32_t of;
};

struct pairs {
    struct pair *items;
    size_t n;
    size_t room;
};

/* One kind of named block: what is declared, and where. */
struct declared {
    struct names *names;
    const struct directive **blocks; /* in the order of `names` */
};

struct build {
    struct policy *policy;
    struct arena *scratch; /* for what is gone when the policy is made: the directives */
    struct dirs *dirs;
    struct watch *watch;
    struct diagnostics *problems;
    size_t bytes_left;
    unsigned suggestions_left;
    unsigned errors; /* told, or too many to tell */
    unsigned warnings;
    bool out_of_memory;

    bool has_default; /* there is a `default-profile` line, good or bad */
    const struct directive *default_at;
    const struct directive *choose_at[POLICY_MEANS_COUNT];

    struct directive *first; /* all files' top level, in order */
    struct directive **tail;

    struct declared profiles;
    struct declared route_sets;
    struct declared groups;
    struct names *users;
    struct draft_user *drafts; /* in the order of `users` */
    size_t drafts_room;
    struct pairs members;        /* of groups; a pair may be there twice */
    struct pairs allowed;        /* by profiles */
    struct prefix_set **excepts; /* one a route set: what is taken out of it at the end */
    bool *set_used;              /* one a route set */
    bool *group_used;            /* one a group */

    /* The block whose words are being applied. */
    const struct directive *block;
    struct policy_route_refs *refs; /* what its `routes` lines add to */
    struct policy_profile *profile;
    struct policy_route_set *route_set;
    struct prefix_set *except; /* of the route set; in `excepts` */
    struct policy_group *group;
    size_t user; /* in drafts */
};

/* ── policy_words ── */

#define WORDS_ANY UINT_MAX

enum word_kind { WORD_ONCE, WORD_REPEATED, WORD_BLOCK };

struct word {
    const char *name;
    unsigned min; /* words after the name */
    unsigned max;
    enum word_kind kind;
    const char *usage; /* what follows the name */
    void (*apply)(struct build *build, const struct directive *directive);
};

/* Where a table of words applies. */
struct context {
    const char *name; /* as in "belongs in <profile>" */
    const struct word *words;
    size_t n;
    /* Takes a line that does not begin with a keyword; false if that is none. May be NULL. */
    bool (*other)(struct build *build, const struct directive *directive);
};

/* Applies each directive of a list. `block` is the one they are in, NULL for the top level. */
void build_apply(struct build *build, const struct context *context, const struct directive *block,
                 const struct directive *first);

extern const struct context policy_top_context;     /* policy_top.c */
extern const struct context policy_routes_context;  /* policy_routes.c */
extern const struct context policy_profile_context; /* policy_profile.c */
extern const struct context policy_group_context;   /* policy_group.c */
extern const struct context policy_user_context;    /* policy_user.c */

/* An error, or a warning, about a directive. */
void build_error(struct build *build, const struct directive *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void build_warning(struct build *build, const struct directive *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same about a line of a list. */
void build_complain(struct build *build, enum diagnostic_level level, const char *file,
                    unsigned line, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Notes that memory is out, and is always false. */
bool build_out_of_memory(struct build *build);

/* The index of a declared name; NAMES_NONE and an error ("there is no profile …") if there is none.
 */
size_t build_find(struct build *build, const struct declared *declared, const char *kind,
                  const struct directive *at, const char *name);

/* A near name, as "; did you mean "…"?" in `text`; "" if there is none. */
#define BUILD_HINT_SIZE 128
const char *build_hint(struct build *build, const char *word, const char *const *names,
                       char text[BUILD_HINT_SIZE]);

/* How many words follow `name` in all the lines of a block that begin with it. */
size_t build_count_words(const struct directive *block, const char *name);

/* "10.0.0.0/8" or "10.0.0.0 255.0.0.0", from argv[first] on. False with an error. */
bool build_prefix(struct build *build, const struct directive *at, unsigned first,
                  struct prefix *out);

/* True if a string is UTF-8 without control characters. */
bool build_is_text(const char *text);

/* The same, and without line separators and marks that turn the direction of text round:
 * what may be shown to people as it is. */
bool build_is_printable(const char *text);

/* A host or domain name: labels of [A-Za-z0-9_-], dots between them. */
bool build_is_domain(const char *text);

/* ── policy_read ── */

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
 * warning about file:line, which asked for it. True if it was read.
 */
bool build_read_state(struct build *build, const char *file, unsigned line, const char *name,
                      build_take *take);

/* One line of a plain list without its comment and the blanks around it. */
struct list_line {
    const char *next; /* of the text that is left */
    size_t left;
    unsigned number;
    const char *text;
    size_t n;
};

void list_begin(struct list_line *line, const char *text, size_t n);

/* The next line that has something in it; false at the end. */
bool list_next(struct list_line *line);

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

/* ── one kind of block each ── */

/* Notes the name and place of every block, and makes room for what they define. False when
 * memory is out. */
bool build_declare(struct build *build);

/* Takes the words of a declared block. `index` is its place in the policy. */
void build_route_set(struct build *build, const struct directive *block, size_t index);
void build_profile(struct build *build, const struct directive *block, size_t index);
void build_group(struct build *build, const struct directive *block, size_t index);
void build_user_block(struct build *build, const struct directive *block, size_t index);

/* What can be done only once every word has been applied: the state files, and the users' table. */
void build_finish_route_sets(struct build *build);
void build_finish_groups(struct build *build);
void build_finish_users(struct build *build);

/* Room for what the `routes` lines of build->block name; then the word itself; then sorts it. */
void build_begin_routes(struct build *build, struct policy_route_refs *refs);
void build_add_routes(struct build *build, const struct directive *line);
void build_end_routes(struct build *build);

/* The index of a user whom the policy names here, new or known; NAMES_NONE with an error. */
size_t build_user(struct build *build, const struct directive *at, const char *name);

/* The same for a name that was checked; NAMES_NONE when memory is out. */
size_t build_add_user(struct build *build, const char *name);

bool pairs_add(struct build *build, struct pairs *pairs, size_t user, size_t of);

/* The combinations of route sets that users bring. */
void build_extras(struct build *build);

#endif
