/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables for people, fitted to the terminal and plain where the output is none: columns
 * that matter least are left out, then others folded. No cell is ever cut: half an address
 * is a wrong one. Control characters in cells become '?'.
 */
#ifndef BYWAY_HELPDESK_TABLE_H
#define BYWAY_HELPDESK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table;

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
    const char *name;
    enum table_align align;
    bool folds;     /* where the terminal is too narrow; the others keep their width */
    unsigned spare; /* 0: always shown; of the others the highest number is left out first */
};

struct table_layout {
    FILE *out;
    size_t width; /* of the terminal; 0: there is none */
    bool no_heading;
    bool colours;
};

enum table_mark { TABLE_PLAIN, TABLE_GOOD, TABLE_DOUBT, TABLE_BAD }; /* as a colour */

/* NULL when memory is out. Freeing NULL is harmless. */
struct table *table_new(const struct table_column *columns, size_t n);
void table_free(struct table *table);

/* As many cells as columns; copied. `marks` may be NULL. */
void table_row(struct table *table, const char *const *cells);
void table_marked_row(struct table *table, const char *const *cells, const enum table_mark *marks);

/*
 * `layout` NULL: standard output as it is, without colours. False if memory ran out at any
 * point; nothing is printed then.
 */
bool table_print(struct table *table, const struct table_layout *layout);

/* After printing: a column that was left out. */
bool table_left_out(const struct table *table, size_t column);

#endif
