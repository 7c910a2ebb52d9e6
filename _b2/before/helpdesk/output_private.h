/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Within output: what is shared by its forms. */
#ifndef BYWAY_HELPDESK_OUTPUT_PRIVATE_H
#define BYWAY_HELPDESK_OUTPUT_PRIVATE_H

#include "helpdesk/csv.h"
#include "helpdesk/json.h"
#include "helpdesk/output.h"

struct output {
    struct output_style style;
    const struct output_column *columns;
    size_t n_columns;
    size_t n_rows;
    bool has_begun;
    bool failed; /* memory ran out */
    struct json json;
    struct csv csv;
    struct output_value *values; /* of the block of a table, row by row; text is malloc'd */
    size_t n_values;
    size_t room;
    bool was_narrow; /* columns were left out */
};

/* Keeps a row; prints a block when there are enough. */
void output_table_row(struct output *output, const struct output_value *values);

/* Prints what is left, and the lines below the table. */
void output_table_finish(struct output *output);

void output_table_free(struct output *output);

#endif
