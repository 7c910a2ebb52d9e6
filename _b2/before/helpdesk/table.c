/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables. libsmartcols lays them out; what must be folded is folded here first, since
 * it breaks lines anywhere, and people read words.
 */
#include "helpdesk/table.h"

#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/fold.h"
#include "lib/log.h"

#define COMFORTABLE 30 /* what a folded column leaves for each one after it */
#define LEAST_WIDTH 20 /* the same, where there is no room for that */

struct shown {
    size_t natural; /* columns of the terminal that its widest cell takes */
    bool left_out;
};

struct table {
    const struct table_column *columns;
    struct shown *shown; /* of each column */
    size_t n_columns;
    size_t least; /* to which columns are folded */
    char **cells; /* row by row */
    enum table_mark *marks;
    size_t n_cells;
    size_t room;
    bool failed;
};

struct table *table_new(const struct table_column *columns, size_t n)
{
    struct table *table = calloc(1, sizeof(*table));

    if (!table)
        return NULL;
    table->columns = columns;
    table->n_columns = n;
    table->shown = calloc(n, sizeof(*table->shown));
    if (!table->shown) {
        free(table);
        table = NULL;
    }
    return table;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->n_cells; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table->marks);
    free(table->shown);
    free(table);
}

static bool make_room(struct table *table)
{
    size_t room = table->room > 0 ? table->room * 2 : 64 * table->n_columns;
    char **cells = NULL;
    enum table_mark *marks = NULL;

    if (table->n_cells + table->n_columns <= table->room)
        return true;
    cells = reallocarray(table->cells, room, sizeof(*cells));
    if (!cells)
        return false;
    table->cells = cells;
    marks = reallocarray(table->marks, room, sizeof(*marks));
    if (!marks)
        return false;
    table->marks = marks;
    table->room = room;
    return true;
}

void table_marked_row(struct table *table, const char *const *cells, const enum table_mark *marks)
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
        table->marks[table->n_cells] = marks ? marks[i] : TABLE_PLAIN;
        table->cells[table->n_cells++] = cell;
    }
}

void table_row(struct table *table, const char *const *cells)
{
    table_marked_row(table, cells, NULL);
}

bool table_left_out(const struct table *table, size_t column)
{
    return table->shown[column].left_out;
}

/* ── fitting ── */

static size_t natural_width(const struct table *table, size_t column, bool no_heading)
{
    size_t width = no_heading ? 0 : fold_width(table->columns[column].name);

    for (size_t i = column; i < table->n_cells; i += table->n_columns) {
        size_t cell = fold_width(table->cells[i]);

        width = cell > width ? cell : width;
    }
    return width;
}

static size_t least_width(const struct table *table, size_t column)
{
    size_t natural = table->shown[column].natural;

    return table->columns[column].folds && natural > table->least ? table->least : natural;
}

/* What the shown columns need, folded as far as they can be, with a blank behind each. */
static size_t needed_width(const struct table *table)
{
    size_t needed = 0;

    for (size_t i = 0; i < table->n_columns; i++)
        if (!table->shown[i].left_out)
            needed += 1 + least_width(table, i);
    return needed;
}

/* The column to leave out next; n_columns if none can be spared. */
static size_t most_spare(const struct table *table)
{
    size_t found = table->n_columns;

    for (size_t i = 0; i < table->n_columns; i++) {
        if (table->columns[i].spare == 0 || table->shown[i].left_out)
            continue;
        if (found == table->n_columns || table->columns[i].spare >= table->columns[found].spare)
            found = i;
    }
    return found;
}

static void leave_out(struct table *table, size_t width)
{
    size_t column = most_spare(table);

    while (needed_width(table) > width + 1 && column < table->n_columns) {
        table->shown[column].left_out = true;
        column = most_spare(table);
    }
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
static bool fold(struct table *table, size_t terminal)
{
    size_t needed = needed_width(table);
    bool ok = true;

    for (size_t i = 0; ok && i < table->n_columns; i++) {
        size_t natural = table->shown[i].natural;
        size_t least = least_width(table, i);
        size_t width = least + (terminal > needed ? terminal - needed : 0);

        if (!table->columns[i].folds || table->shown[i].left_out)
            continue;
        if (natural > width)
            ok = fold_column(table, i, width);
        else
            width = natural;
        needed += width - least;
    }
    return ok;
}

static bool fit(struct table *table, const struct table_layout *layout)
{
    if (layout->width == 0)
        return true;
    for (size_t i = 0; i < table->n_columns; i++)
        table->shown[i].natural = natural_width(table, i, layout->no_heading);
    table->least = COMFORTABLE;
    leave_out(table, layout->width);
    if (needed_width(table) > layout->width + 1)
        table->least = LEAST_WIDTH;
    return fold(table, layout->width);
}

/* ── printing ── */

/* An unseen heading would still make its column wide. */
static bool add_column(struct libscols_table *lines, const struct table_column *column,
                       bool no_heading)
{
    int flags =
        (column->align == TABLE_RIGHT ? SCOLS_FL_RIGHT : 0) | (column->folds ? SCOLS_FL_WRAP : 0);
    struct libscols_column *added =
        scols_table_new_column(lines, no_heading ? "" : column->name, 0, flags);

    if (!added || scols_cell_set_color(scols_column_get_header(added), "bold") != 0)
        return false;
    if (!column->folds)
        return true;
    return scols_column_set_safechars(added, "\n") == 0 &&
           scols_column_set_wrapfunc(added, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL) ==
               0;
}

static const char *colour_of(enum table_mark mark)
{
    switch (mark) {
    case TABLE_GOOD:
        return "green";
    case TABLE_DOUBT:
        return "yellow";
    case TABLE_BAD:
        return "red";
    case TABLE_PLAIN:
        break;
    }
    return NULL;
}

/* libsmartcols makes copies. */
static bool add_line(struct table *table, struct libscols_table *lines, size_t first)
{
    struct libscols_line *line = scols_table_new_line(lines, NULL);
    bool ok = line != NULL;
    size_t at = 0;

    for (size_t i = 0; ok && i < table->n_columns; i++) {
        if (table->shown[i].left_out)
            continue;
        ok = scols_line_set_data(line, at, table->cells[first + i]) == 0;
        if (ok && table->marks[first + i] != TABLE_PLAIN)
            ok = scols_cell_set_color(scols_line_get_cell(line, at),
                                      colour_of(table->marks[first + i])) == 0;
        at++;
    }
    return ok;
}

static bool set_up(struct libscols_table *lines, const struct table_layout *layout)
{
    bool ok = scols_table_set_stream(lines, layout->out) == 0 &&
              scols_table_enable_noheadings(lines, layout->no_heading) == 0 &&
              scols_table_enable_colors(lines, layout->colours) == 0;

    if (layout->width == 0)
        return ok && scols_table_set_termforce(lines, SCOLS_TERMFORCE_NEVER) == 0;
    return ok && scols_table_set_termforce(lines, SCOLS_TERMFORCE_ALWAYS) == 0 &&
           scols_table_set_termwidth(lines, layout->width) == 0;
}

bool table_print(struct table *table, const struct table_layout *layout)
{
    struct table_layout standard = {.out = stdout, .width = layout ? 0 : fold_terminal_width()};
    struct libscols_table *lines = scols_new_table();
    bool ok = lines && !table->failed;

    layout = layout ? layout : &standard;
    ok = ok && set_up(lines, layout) && fit(table, layout);

    for (size_t i = 0; ok && i < table->n_columns; i++)
        if (!table->shown[i].left_out)
            ok = add_column(lines, &table->columns[i], layout->no_heading);
    for (size_t i = 0; ok && i < table->n_cells; i += table->n_columns)
        ok = add_line(table, lines, i);
    ok = ok && scols_print_table(lines) == 0;
    scols_unref_table(lines);
    return ok;
}
