/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keywords as tables, and how to say what is wrong with a line; private to lib/policy_*.c.
 */
#ifndef BYWAY_LIB_POLICY_WORDS_H
#define BYWAY_LIB_POLICY_WORDS_H

#include <limits.h>

#include "lib/policy_build.h"

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

#endif
