/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows as tables: a block of rows is kept, then written for people. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/fold.h"
#include "helpdesk/human.h"
#include "helpdesk/output_private.h"

#define CELL_SIZE 96 /* of what is no text */

/* ── keeping ── */

static bool is_text(enum output_kind kind)
{
    return kind == OUTPUT_TEXT || kind == OUTPUT_ADDRESS;
}

static void forget(struct output *output)
{
    for (size_t i = 0; i < output->n_values; i++)
        free((char *)output->values[i].text);
    output->n_values = 0;
}

void output_table_free(struct output *output)
{
    forget(output);
    free(output->values);
}

static bool make_room(struct output *output)
{
    size_t room = output->room > 0 ? output->room * 2 : 64 * output->n_columns;
    struct output_value *values = NULL;

    if (output->n_values + output->n_columns <= output->room)
        return true;
    values = reallocarray(output->values, room, sizeof(*values));
    if (!values)
        return false;
    output->values = values;
    output->room = room;
    return true;
}

static bool keep(struct output *output, const struct output_value *values)
{
    bool ok = make_room(output);

    for (size_t i = 0; ok && i < output->n_columns; i++) {
        struct output_value value = values[i];

        value.text = NULL;
        if (value.is_known && is_text(output->columns[i].kind)) {
            value.text = strdup(values[i].text);
            ok = value.text != NULL;
        }
        output->values[output->n_values++] = value;
    }
    return ok;
}

/* ── times ── */

/* Whether the times that the block shows have one offset from UTC. */
struct offsets {
    bool any;
    bool differ;
    int64_t epoch; /* one of the times */
};

static struct offsets find_offsets(const struct output *output)
{
    struct offsets found = {0};
    int32_t first = 0;

    for (size_t i = 0; i < output->n_values; i++) {
        const struct output_column *column = &output->columns[i % output->n_columns];
        int32_t offset;

        if (column->kind != OUTPUT_TIME || !column->title || !output->values[i].is_known)
            continue;
        offset = zone_at(&output->style.zone, output->values[i].number).offset;
        if (!found.any)
            first = offset;
        found.differ = found.differ || offset != first;
        found.any = true;
        found.epoch = output->values[i].number;
    }
    return found;
}

static void show_time(const struct output *output, const struct output_value *value,
                      bool with_offset, char text[CELL_SIZE])
{
    int64_t epoch = value->number;
    char stamp[ZONE_STAMP_SIZE];
    char offset[ZONE_OFFSET_SIZE];

    zone_stamp(&output->style.zone, epoch, stamp);
    zone_offset_text(zone_at(&output->style.zone, epoch).offset, offset);
    snprintf(text, CELL_SIZE, "%s%s%s%s", value->is_about ? "~" : "", stamp, with_offset ? " " : "",
             with_offset ? offset : "");
}

/* ── cells ── */

/* What a person sees of a value; `text` is for what is made up here. */
static const char *show(const struct output *output, const struct output_column *column,
                        const struct output_value *value, bool with_offset, char text[CELL_SIZE])
{
    if (!value->is_known)
        return column->unknown ? column->unknown : "?";
    switch (column->kind) {
    case OUTPUT_TEXT:
    case OUTPUT_ADDRESS:
        return value->text;
    case OUTPUT_BYTES:
        return human_bytes(value->number, text);
    case OUTPUT_RATE:
        human_bytes(value->number, text);
        return strcat(text, "/s");
    case OUTPUT_TIME:
        show_time(output, value, with_offset, text);
        break;
    case OUTPUT_DURATION:
        return human_duration(value->number, text);
    case OUTPUT_COUNT:
        snprintf(text, CELL_SIZE, "%" PRId64, value->number);
        break;
    case OUTPUT_BOOL:
        return value->number != 0 ? "yes" : "no";
    }
    return text;
}

static bool is_right(enum output_kind kind)
{
    return kind == OUTPUT_BYTES || kind == OUTPUT_RATE || kind == OUTPUT_DURATION ||
           kind == OUTPUT_COUNT;
}

/* ── blocks ── */

/* What a block is laid out with, for as many columns as have a title. */
struct block {
    struct table_column *columns;
    const char **cells;
    enum table_mark *marks;
    char (*texts)[CELL_SIZE];
    struct table *table;
    size_t n_columns;
};

static bool block_set_up(struct block *block, const struct output *output)
{
    size_t n = output->n_columns;

    block->columns = calloc(n, sizeof(*block->columns));
    block->cells = calloc(n, sizeof(*block->cells));
    block->marks = calloc(n, sizeof(*block->marks));
    block->texts = calloc(n, sizeof(*block->texts));
    if (!block->columns || !block->cells || !block->marks || !block->texts)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct output_column *column = &output->columns[i];

        if (column->title)
            block->columns[block->n_columns++] =
                (struct table_column){.name = column->title,
                                      .align = is_right(column->kind) ? TABLE_RIGHT : TABLE_LEFT,
                                      .folds = column->folds,
                                      .spare = column->spare};
    }
    block->table = table_new(block->columns, block->n_columns);
    return block->table != NULL;
}

static void block_tear_down(struct block *block)
{
    table_free(block->table);
    free(block->columns);
    free(block->cells);
    free(block->marks);
    free(block->texts);
}

static void block_row(struct block *block, const struct output *output,
                      const struct output_value *values, bool with_offset)
{
    size_t at = 0;

    for (size_t i = 0; i < output->n_columns; i++) {
        if (!output->columns[i].title)
            continue;
        block->cells[at] =
            show(output, &output->columns[i], &values[i], with_offset, block->texts[at]);
        block->marks[at++] = values[i].mark;
    }
    table_marked_row(block->table, block->cells, block->marks);
}

static void note_left_out(struct output *output, const struct block *block)
{
    for (size_t i = 0; i < block->n_columns; i++)
        output->was_narrow = output->was_narrow || table_left_out(block->table, i);
}

/* The zone is said below the block; where its offset changes within, each time has it. */
static void say_zone(const struct output *output, const struct offsets *offsets)
{
    const struct zone *zone = &output->style.zone;
    char text[ZONE_TEXT_SIZE];

    if (output->style.no_header || !offsets->any)
        return;
    if (offsets->differ)
        snprintf(text, sizeof(text), "%s", zone->name[0] != '\0' ? zone->name : "local");
    else
        zone_text(zone, offsets->epoch, text);
    fprintf(output->style.out, "Times: %s.\n", text);
}

static void print_block(struct output *output)
{
    struct table_layout layout = {.out = output->style.out,
                                  .width = output->style.width,
                                  .no_heading = output->style.no_header,
                                  .colours = output->style.colours};
    struct offsets offsets = find_offsets(output);
    struct block block = {0};
    bool ok = block_set_up(&block, output);

    for (size_t i = 0; ok && i < output->n_values; i += output->n_columns)
        block_row(&block, output, &output->values[i], offsets.differ || output->style.no_header);
    ok = ok && table_print(block.table, &layout);
    if (ok) {
        note_left_out(output, &block);
        say_zone(output, &offsets);
    }
    output->failed = output->failed || !ok;
    block_tear_down(&block);
    forget(output);
}

void output_table_row(struct output *output, const struct output_value *values)
{
    if (output->failed)
        return;
    output->failed = !keep(output, values);
    if (!output->failed && output->n_values >= OUTPUT_BLOCK * output->n_columns)
        print_block(output);
}

void output_table_finish(struct output *output)
{
    if (!output->failed && output->n_values > 0)
        print_block(output);
    if (!output->failed && output->was_narrow && !output->style.no_header)
        fprintf(output->style.out, "(Columns were left out: a wider terminal, --json or --csv has "
                                   "them.)\n");
}
