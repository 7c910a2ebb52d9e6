/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output for people and for programs. What comes from outside is made harmless here and
 * nowhere else: no byte of it reaches a terminal as anything but a character, or a
 * program as anything but data.
 */
#ifndef BYWAY_HELPDESK_OUTPUT_H
#define BYWAY_HELPDESK_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* ── text ── */

/* "label   text", the label in a column of its own; control characters in `text` become '?'. */
void output_field(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ── tables ── fitted to the terminal, plain where the output is none */

struct table;

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
    const char *name;
    enum table_align align;
    bool folds; /* where the terminal is too narrow; the others keep their width */
};

/* NULL when memory is out. Freeing NULL is harmless. */
struct table *table_new(const struct table_column *columns, size_t n);
void table_free(struct table *table);

/* As many cells as columns; copied. */
void table_row(struct table *table, const char *const *cells);

/* False if memory ran out at any point; nothing is printed then. */
bool table_print(struct table *table);

/* ── JSON ── one value, written as it goes; what is not UTF-8 becomes U+FFFD */

#define JSON_MAX_DEPTH 8

struct json {
    FILE *out;
    unsigned depth;
    bool has_items[JSON_MAX_DEPTH + 1];
    char closes[JSON_MAX_DEPTH + 1];
};

/* `key` is NULL within an array, and for the outermost value. */
void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
void json_string(struct json *json, const char *key, const char *value); /* NULL: null */
void json_number(struct json *json, const char *key, size_t value);
void json_bool(struct json *json, const char *key, bool value);

/* Ends the innermost object or array; the outermost with a newline. */
void json_end(struct json *json);

#endif
