/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names in the order they were added, found again by hashing. */
#ifndef BYWAY_LIB_NAMES_H
#define BYWAY_LIB_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMES_NONE SIZE_MAX

struct names;

/* `fold_case`: ASCII letters match without regard to case. NULL when memory is out.
 * Freeing NULL is harmless. */
struct names *names_new(bool fold_case);
void names_free(struct names *names);

/* The first name added is 0, the next 1, …; NAMES_NONE if there is no such name. */
size_t names_find(const struct names *names, const char *name);

/* `name` is not copied and must not be there yet. False when memory is out (then it was not added).
 */
bool names_add(struct names *names, const char *name);

size_t names_count(const struct names *names);

/* All of them in their order, NULL at the end: valid until the next names_add(). Never NULL. */
const char *const *names_list(const struct names *names);

/* The hash the table uses (exact bytes unless `fold_case`), for tables of one's own. */
uint64_t names_hash(const char *name, bool fold_case);

/* True if the two are the same name. */
bool names_equal(const char *a, const char *b, bool fold_case);

/*
 * True if `text` may name something in a config file: such names are also parts of files' names.
 * NAMES_RULE is the rule in words.
 */
#define NAMES_MAX  64
#define NAMES_RULE "1 to 64 of letters, digits, '_', '.' and '-', the first not '.' or '-'"
bool names_is_plain(const char *text);

#endif
