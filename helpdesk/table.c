/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables. libsmartcols lays them out; what must be folded is folded here first, since
 * it breaks lines anywhere, and people read words.
 */
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/fold.h"
#include "helpdesk/output.h"
#include "lib/log.h"

#define LEAST_WIDTH 30 /* what a folded column leaves for each one after it */

struct table {
    const struct table_column *columns;
    size_t n_columns;
    char **cells; /* row by row */
    size_t n_cells;
    size_t room;
    bool failed;
};

struct table *table_new(const struct table_column *columns, size_t n)
{
    struct table *table = calloc(1, sizeof(*table));

    if (table) {
        table->columns = columns;
        table->n_columns = n;
    }
    return table;
}

void table_free(struct table *table)
{
    for (size_t i = 0; table && i < table->n_cells; i++)
        free(table->cells[i]);
    if (table)
        free(table->cells);
    free(table);
}

static bool make_room(struct table *table)
{
    size_t room = table->room > 0 ? table->room * 2 : 64 * table->n_columns;
    char **cells = NULL;

    if (table->n_cells + table->n_columns <= table->room)
        return true;
    cells = reallocarray(table->cells, room, sizeof(*cells));
    if (!cells)
        return false;
    table->cells = cells;
    table->room = room;
    return true;
}

void table_row(struct table *table, const char *const *cells)
{
    if (table->failed || !make_room(table)) {
        table->failed = true;
        return;
    }
    for (size_t i = 0; i < table->n_columns; i++) {
        char *cell = strdup(cells[i]);

        if (cell)
            log_make_printable(cell);
        else
            table->failed = true;
        table->cells[table->n_cells++] = cell;
    }
}

static size_t natural_width(const struct table *table, size_t column)
{
    size_t width = fold_width(table->columns[column].name);

    for (size_t i = column; i < table->n_cells; i += table->n_columns) {
        size_t cell = fold_width(table->cells[i]);

        width = cell > width ? cell : width;
    }
    return width;
}

static bool fold_column(struct table *table, size_t column, size_t width)
{
    for (size_t i = column; i < table->n_cells; i += table->n_columns) {
        char *folded = fold_text(table->cells[i], width);

        if (!folded)
            return false;
        free(table->cells[i]);
        table->cells[i] = folded;
    }
    return true;
}

/* Folds columns from the left until all fit: each gets what the others can spare. */
static bool fit(struct table *table, size_t terminal)
{
    size_t needed = 0; /* by the columns from here on, with a blank behind each */
    bool ok = true;

    for (size_t i = 0; i < table->n_columns; i++) {
        size_t natural = natural_width(table, i);

        needed += 1 + (table->columns[i].folds && natural > LEAST_WIDTH ? LEAST_WIDTH : natural);
    }
    for (size_t i = 0; ok && i < table->n_columns; i++) {
        size_t natural = natural_width(table, i);
        size_t least = natural > LEAST_WIDTH ? LEAST_WIDTH : natural;
        size_t width = least + (terminal > needed ? terminal - needed : 0);

        if (!table->columns[i].folds)
            continue;
        if (natural > width)
            ok = fold_column(table, i, width);
        else
            width = natural;
        needed += width - least;
    }
    return ok;
}

static bool add_column(struct libscols_table *lines, const struct table_column *column)
{
    int flags =
        (column->align == TABLE_RIGHT ? SCOLS_FL_RIGHT : 0) | (column->folds ? SCOLS_FL_WRAP : 0);
    struct libscols_column *added = scols_table_new_column(lines, column->name, 0, flags);

    if (!added || !column->folds)
        return added != NULL;
    return scols_column_set_safechars(added, "\n") == 0 &&
           scols_column_set_wrapfunc(added, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL) ==
               0;
}

/* libsmartcols makes copies. */
static bool add_line(struct table *table, struct libscols_table *lines, size_t first)
{
    struct libscols_line *line = scols_table_new_line(lines, NULL);
    bool ok = line != NULL;

    for (size_t i = 0; ok && i < table->n_columns; i++)
        ok = scols_line_set_data(line, i, table->cells[first + i]) == 0;
    return ok;
}

bool table_print(struct table *table)
{
    size_t terminal = fold_terminal_width();
    struct libscols_table *lines = scols_new_table();
    bool ok = lines && !table->failed && (terminal == 0 || fit(table, terminal));

    if (ok && terminal == 0)
        scols_table_set_termforce(lines, SCOLS_TERMFORCE_NEVER);
    for (size_t i = 0; ok && i < table->n_columns; i++)
        ok = add_column(lines, &table->columns[i]);
    for (size_t i = 0; ok && i < table->n_cells; i += table->n_columns)
        ok = add_line(table, lines, i);
    ok = ok && scols_print_table(lines) == 0;
    scols_unref_table(lines);
    return ok;
}
