/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Draws with characters. */
#include "config.h"

#include "helpdesk/bars.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/human.h"

#define EIGHTHS     8
#define LABEL_WIDTH 10 /* "1023 KiB/s" */
#define LEAST_WIDTH 20 /* of the drawing proper */
#define MOST_WIDTH  400
#define WIDEST_STEP 6 /* columns of one step */
#define DAY         86400

struct symbols {
    const char *part[EIGHTHS + 1]; /* of a cell, from nothing to all of it */
    const char *axis, *corner, *line, *tick;
};

/* A bar grows to the right. */
static const char *const across[EIGHTHS + 1] = {
    "",
    "\xe2\x96\x8f",
    "\xe2\x96\x8e",
    "\xe2\x96\x8d",
    "\xe2\x96\x8c",
    "\xe2\x96\x8b",
    "\xe2\x96\x8a",
    "\xe2\x96\x89",
    "\xe2\x96\x88",
};

/* A column grows upwards. */
static const struct symbols block_symbols = {
    .part = {" ", "\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x84", "\xe2\x96\x85",
             "\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88"},
    .axis = "\xe2\x94\x82",
    .corner = "\xe2\x94\x94",
    .line = "\xe2\x94\x80",
    .tick = "\xe2\x94\xac",
};
static const struct symbols ascii_symbols = {
    .part = {" ", ".", ".", ".", ":", ":", ":", "#", "#"},
    .axis = "|",
    .corner = "+",
    .line = "-",
    .tick = "+",
};

bool bars_has_blocks(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* `value` of `most` in units of which `most` has `units`; what is more than nothing has one. */
static size_t share(int64_t value, int64_t most, size_t units)
{
    double exact = value <= 0 || most <= 0 ? 0 : (double)value / (double)most * (double)units;
    size_t n = exact >= (double)units ? units : (size_t)(exact + 0.5);

    return n == 0 && value > 0 && most > 0 && units > 0 ? 1 : n;
}

char *bars_bar(int64_t value, int64_t most, size_t width, bool blocks, char text[BARS_SIZE])
{
    size_t cells = width > BARS_MAX_WIDTH ? BARS_MAX_WIDTH : width;
    size_t eighths = share(value, most, cells * EIGHTHS);
    size_t n = 0;

    text[0] = '\0';
    if (!blocks) { /* halves are rounded up, so that no bar is without a mark */
        memset(text, '#', (eighths + EIGHTHS / 2) / EIGHTHS);
        text[(eighths + EIGHTHS / 2) / EIGHTHS] = '\0';
        return eighths > 0 && text[0] == '\0' ? strcpy(text, ".") : text;
    }
    for (; eighths > 0; eighths -= eighths < EIGHTHS ? eighths : EIGHTHS)
        n += (size_t)snprintf(text + n, BARS_SIZE - n, "%s",
                              across[eighths < EIGHTHS ? eighths : EIGHTHS]);
    return text;
}

/* ── traffic over time ── */

/* Steps on columns: `per_column` share one, or one takes `per_step`. */
struct scale {
    size_t n_columns;
    size_t per_column;
    size_t per_step;
};

static struct scale scale_of(const struct bars_series *series, const struct bars_layout *layout)
{
    size_t room = layout->width > LABEL_WIDTH + 2 ? layout->width - LABEL_WIDTH - 2 : 0;
    struct scale scale = {.per_column = 1, .per_step = 1};

    room = room < LEAST_WIDTH ? LEAST_WIDTH : room > MOST_WIDTH ? MOST_WIDTH : room;
    if (series->n > room)
        scale.per_column = (series->n + room - 1) / room;
    else if (series->n > 0)
        scale.per_step = room / series->n > WIDEST_STEP ? WIDEST_STEP : room / series->n;
    scale.n_columns = (series->n + scale.per_column - 1) / scale.per_column * scale.per_step;
    return scale;
}

/* Bytes a second in one column. */
static int64_t rate_of(const struct bars_series *series, const struct scale *scale, size_t column)
{
    size_t first = column / scale->per_step * scale->per_column;
    double bytes = 0;
    int64_t known = 0;

    for (size_t i = first; i < first + scale->per_column && i < series->n; i++) {
        if (series->bytes[i] == BARS_UNKNOWN)
            continue;
        bytes += (double)series->bytes[i];
        known++;
    }
    if (known == 0)
        return BARS_UNKNOWN;
    bytes /= (double)(known * series->step_s);
    return bytes > 0 && bytes < 1 ? 1 : (int64_t)bytes; /* a byte an hour is not nothing */
}

static void put_label(FILE *out, int64_t rate, bool is_rate)
{
    char text[HUMAN_SIZE], label[HUMAN_SIZE + 3];

    snprintf(label, sizeof(label), "%s%s", is_rate ? human_bytes(rate, text) : "",
             is_rate ? "/s" : "");
    fprintf(out, "%*s ", LABEL_WIDTH, label);
}

/* One line of the drawing; `line` 0 is the lowest. */
static void put_line(FILE *out, const struct symbols *symbols, const int64_t *rates,
                     const struct scale *scale, int64_t most, size_t line, size_t height)
{
    put_label(out, most, line == height - 1 && most > 0);
    fputs(symbols->axis, out);
    for (size_t i = 0; i < scale->n_columns; i++) {
        size_t filled = share(rates[i], most, height * EIGHTHS);
        size_t above = filled > line * EIGHTHS ? filled - line * EIGHTHS : 0;

        if (rates[i] == BARS_UNKNOWN && line == 0)
            putc('?', out);
        else
            fputs(symbols->part[above < EIGHTHS ? above : EIGHTHS], out);
    }
    putc('\n', out);
}

/* "13:05", or "11-20 13:05" where the drawing spans more than a day. */
static int name_time(const struct bars_series *series, const struct bars_layout *layout,
                     const struct scale *scale, size_t column, char text[32])
{
    size_t step = column / scale->per_step * scale->per_column;
    struct zone_time wall = zone_at(&layout->zone, series->start + (int64_t)step * series->step_s);

    if ((int64_t)series->n * series->step_s <= DAY)
        return snprintf(text, 32, "%02d:%02d", wall.hour, wall.minute);
    return snprintf(text, 32, "%02d-%02d %02d:%02d", wall.month, wall.day, wall.hour, wall.minute);
}

/* The line below with its ticks, and the times below those. */
static void put_times(FILE *out, const struct symbols *symbols, const struct bars_series *series,
                      const struct bars_layout *layout, const struct scale *scale)
{
    char text[32];
    size_t length = (size_t)name_time(series, layout, scale, 0, text);
    size_t apart = length + 3;
    size_t last = 0;

    apart = (apart + scale->per_step - 1) / scale->per_step * scale->per_step;
    fprintf(out, "%*s %s", LABEL_WIDTH, "0", symbols->corner);
    for (size_t i = 0; i < scale->n_columns; i++)
        fputs(i % apart == 0 && (i == 0 || i + length <= scale->n_columns) ? symbols->tick
                                                                           : symbols->line,
              out);
    fprintf(out, "\n%*s", LABEL_WIDTH + 2, "");
    for (size_t i = 0; i < scale->n_columns && (i == 0 || i + length <= scale->n_columns);
         i += apart) {
        fprintf(out, "%*s", (int)(i - last), "");
        last = i + (size_t)fprintf(out, "%.*s", name_time(series, layout, scale, i, text), text);
    }
    putc('\n', out);
}

static void draw(FILE *out, const struct bars_series *series, const struct bars_layout *layout,
                 const struct scale *scale, const int64_t *rates)
{
    const struct symbols *symbols = layout->blocks ? &block_symbols : &ascii_symbols;
    size_t height = layout->height > 0 ? layout->height : 1;
    int64_t most = 0;

    for (size_t i = 0; i < scale->n_columns; i++)
        most = rates[i] > most ? rates[i] : most;
    for (size_t line = height; line > 0; line--)
        put_line(out, symbols, rates, scale, most, line - 1, height);
    put_times(out, symbols, series, layout, scale);
}

char *bars_over_time(const struct bars_series *series, const struct bars_layout *layout)
{
    struct scale scale = scale_of(series, layout);
    int64_t *rates = calloc(scale.n_columns + 1, sizeof(*rates));
    char *text = NULL;
    size_t size = 0;
    FILE *out = rates ? open_memstream(&text, &size) : NULL;

    for (size_t i = 0; out && i < scale.n_columns; i++)
        rates[i] = rate_of(series, &scale, i);
    if (out && scale.n_columns > 0)
        draw(out, series, layout, &scale, rates);
    if (out && fclose(out) != 0) {
        free(text);
        text = NULL;
    }
    free(rates);
    return text;
}
