/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows as JSON and CSV, and fields; rows as tables are in output_table.c. */
#include "config.h"

#include "helpdesk/output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helpdesk/fold.h"
#include "helpdesk/output_private.h"
#include "lib/log.h"

#define LABEL_WIDTH 11

/* ── fields ── */

void output_field(const char *label, const char *format, ...)
{
    size_t width = fold_terminal_width();
    char *text = NULL;
    char *folded = NULL;
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (n < 0)
        return;
    log_make_printable(text);
    if (width > LABEL_WIDTH)
        folded = fold_text(text, width - LABEL_WIDTH);
    printf("%-*s", LABEL_WIDTH, label);
    for (const char *c = folded ? folded : text; *c != '\0'; c++) {
        putchar(*c);
        if (*c == '\n')
            printf("%*s", LABEL_WIDTH, "");
    }
    putchar('\n');
    free(folded);
    free(text);
}

/* ── values ── */

struct output_value output_unknown(void)
{
    return (struct output_value){.is_known = false};
}

struct output_value output_number(int64_t number)
{
    return (struct output_value){.is_known = true, .number = number};
}

struct output_value output_text(const char *text)
{
    return (struct output_value){.is_known = text != NULL, .text = text};
}

struct output_value output_marked(struct output_value value, enum table_mark mark)
{
    value.mark = mark;
    return value;
}

/* ── rows ── */

/* https://no-color.org: set and not empty. */
static bool wants_colours(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && !(no_color && no_color[0] != '\0') && term &&
           strcmp(term, "dumb") != 0;
}

struct output_style output_standard(enum output_form form, bool utc, bool no_header)
{
    return (struct output_style){.form = form,
                                 .zone = utc ? zone_utc : zone_local(),
                                 .out = stdout,
                                 .no_header = no_header,
                                 .colours = wants_colours(),
                                 .width = fold_terminal_width()};
}

struct output *output_new(const struct output_style *style, const struct output_column *columns,
                          size_t n)
{
    struct output *output = calloc(1, sizeof(*output));

    if (!output)
        return NULL;
    output->style = *style;
    output->columns = columns;
    output->n_columns = n;
    output->json = (struct json){.out = style->out, .line_depth = 1};
    output->csv = (struct csv){.out = style->out};
    return output;
}

void output_free(struct output *output)
{
    if (output)
        output_table_free(output);
    free(output);
}

static void begin_csv(struct output *output)
{
    if (output->style.no_header)
        return;
    for (size_t i = 0; i < output->n_columns; i++)
        if (output->columns[i].key)
            csv_word(&output->csv, output->columns[i].key);
    csv_end_line(&output->csv);
}

static void begin(struct output *output)
{
    if (output->has_begun)
        return;
    output->has_begun = true;
    if (output->style.form == OUTPUT_JSON)
        json_array(&output->json, NULL);
    else if (output->style.form == OUTPUT_CSV)
        begin_csv(output);
}

static void json_value(struct output *output, const struct output_column *column,
                       const struct output_value *value)
{
    char text[ZONE_STAMP_SIZE];

    if (!value->is_known) {
        json_null(&output->json, column->key);
        return;
    }
    switch (column->kind) {
    case OUTPUT_TEXT:
    case OUTPUT_ADDRESS:
        json_string(&output->json, column->key, value->text);
        break;
    case OUTPUT_TIME:
        json_string(&output->json, column->key, zone_iso(&output->style.zone, value->number, text));
        break;
    case OUTPUT_BOOL:
        json_bool(&output->json, column->key, value->number != 0);
        break;
    case OUTPUT_BYTES:
    case OUTPUT_RATE:
    case OUTPUT_DURATION:
    case OUTPUT_COUNT:
        json_number(&output->json, column->key, value->number);
        break;
    }
}

static void csv_value(struct output *output, const struct output_column *column,
                      const struct output_value *value)
{
    char text[ZONE_STAMP_SIZE];

    if (!value->is_known) {
        csv_empty(&output->csv);
        return;
    }
    switch (column->kind) {
    case OUTPUT_TEXT:
    case OUTPUT_ADDRESS:
        csv_text(&output->csv, value->text);
        break;
    case OUTPUT_TIME:
        csv_word(&output->csv, zone_iso(&output->style.zone, value->number, text));
        break;
    case OUTPUT_BOOL:
        csv_word(&output->csv, value->number != 0 ? "true" : "false");
        break;
    case OUTPUT_BYTES:
    case OUTPUT_RATE:
    case OUTPUT_DURATION:
    case OUTPUT_COUNT:
        csv_number(&output->csv, value->number);
        break;
    }
}

static void json_row(struct output *output, const struct output_value *values)
{
    json_object(&output->json, NULL);
    for (size_t i = 0; i < output->n_columns; i++)
        if (output->columns[i].key)
            json_value(output, &output->columns[i], &values[i]);
    json_end(&output->json);
}

static void csv_row(struct output *output, const struct output_value *values)
{
    for (size_t i = 0; i < output->n_columns; i++)
        if (output->columns[i].key)
            csv_value(output, &output->columns[i], &values[i]);
    csv_end_line(&output->csv);
}

bool output_row(struct output *output, const struct output_value *values)
{
    begin(output);
    output->n_rows++;
    switch (output->style.form) {
    case OUTPUT_TABLE:
        output_table_row(output, values);
        break;
    case OUTPUT_JSON:
        json_row(output, values);
        break;
    case OUTPUT_CSV:
        csv_row(output, values);
        break;
    }
    return !output->failed && !ferror(output->style.out);
}

bool output_finish(struct output *output)
{
    begin(output);
    if (output->style.form == OUTPUT_JSON)
        json_end(&output->json);
    else if (output->style.form == OUTPUT_TABLE)
        output_table_finish(output);
    return !output->failed;
}

size_t output_rows(const struct output *output)
{
    return output->n_rows;
}
