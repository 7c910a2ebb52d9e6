/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of addresses of both families, held as prefixes. Whatever is done to a
 * set, what it lists is the minimal cover: the fewest prefixes that cover
 * exactly its addresses, sorted by prefix_compare().
 */
#ifndef BYWAY_LIB_PREFIX_SET_H
#define BYWAY_LIB_PREFIX_SET_H

#include "lib/prefix.h"

struct prefix_set;

/* NULL when memory is out. Freeing NULL is harmless. */
struct prefix_set *prefix_set_new(void);
void prefix_set_free(struct prefix_set *set);

/* Empties the set and keeps its memory. */
void prefix_set_clear(struct prefix_set *set);

/*
 * Union with one prefix, or with another set. Cheap: sorting and merging wait
 * until something is asked. False when memory is out; the set is then as before.
 */
bool prefix_set_add(struct prefix_set *set, const struct prefix *prefix);
bool prefix_set_add_set(struct prefix_set *set, const struct prefix_set *other);

/* Brings the set to its minimal cover now. False when memory is out (set as before). */
bool prefix_set_minimise(struct prefix_set *set);

/* Removes every address of `what`, which is minimised. False when memory is out (set as before). */
bool prefix_set_subtract(struct prefix_set *set, struct prefix_set *what);

/*
 * The cover, valid until the set is next changed. *count is what it holds: the
 * IPv4 prefixes come first, and *count_ipv4 (if not NULL) says how many.
 * NULL with *count == 0 for the empty set. The set must be minimised; asking
 * one that is not is a mistake of the caller's (asserted).
 */
const struct prefix *prefix_set_cover(const struct prefix_set *set, size_t *count,
                                      size_t *count_ipv4);

/* These three ask a minimised set, too. */
bool prefix_set_contains(const struct prefix_set *set, const struct prefix *prefix);
bool prefix_set_is_everything(const struct prefix_set *set, enum prefix_family family);
bool prefix_set_equal(const struct prefix_set *a, const struct prefix_set *b);

/*
 * Adds every prefix of a plain list: one a line, "10.0.0.0/8" or
 * "10.0.0.0 255.0.0.0", '#' and ';' comments, blank lines, LF or CRLF, a byte order
 * mark. `bad` is called for each line that is not understood (`text` is not
 * NUL-terminated; host bits count as bad), and reading goes on. False when memory is
 * out; what was read until then is in the set.
 */
typedef void prefix_set_bad_line(void *arg, unsigned line, const char *text, size_t n,
                                 enum prefix_status why, const struct prefix *suggestion);
bool prefix_set_read(struct prefix_set *set, const char *text, size_t n, prefix_set_bad_line *bad,
                     void *arg);

/*
 * Writes the cover as text, one a line, into a malloc'd, NUL-terminated string
 * that the caller frees; *n (if not NULL) is its length. NULL when memory is out.
 */
char *prefix_set_write(const struct prefix_set *set, size_t *n);

#endif
