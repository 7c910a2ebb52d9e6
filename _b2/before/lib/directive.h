/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads text in the language of OpenVPN's config files into plain data: one
 * directive a line, '#' and ';' comments, OpenVPN's quoting, and
 * `<name argument…>` … `</name>` blocks. It knows no directive: what the words
 * mean is its callers' business (lib/policy_load).
 *
 * Quoting as in OpenVPN's parse_line() (src/openvpn/options.c): "double quotes"
 * with backslash escapes, 'single quotes' without, backslash escapes outside of
 * quotes, a comment begins where a word could begin.
 */
#ifndef BYWAY_LIB_DIRECTIVE_H
#define BYWAY_LIB_DIRECTIVE_H

#include "lib/arena.h"
#include "lib/diagnostics.h"

#define DIRECTIVE_MAX_LINE  4096 /* bytes of one line */
#define DIRECTIVE_MAX_WORDS 64   /* words of one line */
#define DIRECTIVE_MAX_DEPTH 4    /* blocks within blocks */

struct directive {
    const char *file; /* as given to directive_parse() */
    unsigned line;
    unsigned argc; /* at least 1 */
    char **argv;   /* argv[0] is the name; argv[argc] is NULL. For a block, without < and > */
    bool is_block;
    struct directive *children; /* of a block: the first; NULL if none */
    struct directive *next;     /* the next of the same level */
};

/*
 * Reads `n` bytes. What is wrong is added to `problems` with `file` and its line,
 * and reading goes on with the next line. The result, the strings included, lives
 * in `arena`; `file` must live as long. NULL for a text without directives, or when
 * memory is out (then an error was added).
 *
 * Errors: an unterminated quote, a block that is not closed or closed by another
 * name, a line that is too long, a NUL or a control character, text that is not
 * UTF-8, blocks too deep. After 1,000 of them the rest is not read. A leading UTF-8 byte order mark
 * is passed over.
 */
struct directive *directive_parse(struct arena *arena, const char *file, const char *text, size_t n,
                                  struct diagnostics *problems);

/*
 * The name of `names` (NULL-terminated) nearest to `word` by edit distance, if it is
 * near enough to be meant (at most 1 edit for words of up to 4 letters, else 2);
 * NULL otherwise. Case is disregarded.
 */
const char *directive_nearest(const char *word, const char *const *names);

#endif
