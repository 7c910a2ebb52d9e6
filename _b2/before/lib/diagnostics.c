/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collects errors and warnings. Prints nothing; loses the text of one at worst, never the fact. */
#include "lib/diagnostics.h"

#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct diagnostics {
    struct diagnostic *items;
    size_t count;
    size_t room;
    size_t errors;
};

struct diagnostics *diagnostics_new(void)
{
    return calloc(1, sizeof(struct diagnostics));
}

void diagnostics_free(struct diagnostics *list)
{
    if (!list)
        return;
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].file);
        free(list->items[i].text);
    }
    free(list->items);
    free(list);
}

static bool make_room(struct diagnostics *list)
{
    size_t room = list->room ? list->room * 2 : 16;
    struct diagnostic *items;

    if (list->count < list->room)
        return true;
    items = reallocarray(list->items, room, sizeof *items);
    if (!items)
        return false;
    list->items = items;
    list->room = room;
    return true;
}

void diagnostics_add(struct diagnostics *list, enum diagnostic_level level, const char *file,
                     unsigned line, const char *format, ...)
{
    char text[LOG_TEXT_SIZE];
    struct diagnostic item = {.level = level, .line = line};
    va_list args;

    va_start(args, format);
    log_vformat(text, format, args);
    va_end(args);
    item.file = strdup(file ? file : "");
    item.text = strdup(text);
    if (!item.file || !item.text || !make_room(list)) {
        free(item.file);
        free(item.text);
        list->errors++;
        return;
    }
    list->items[list->count++] = item;
    if (level == DIAGNOSTIC_ERROR)
        list->errors++;
}

size_t diagnostics_count(const struct diagnostics *list)
{
    return list->count;
}

const struct diagnostic *diagnostics_at(const struct diagnostics *list, size_t i)
{
    return i < list->count ? &list->items[i] : NULL;
}

size_t diagnostics_errors(const struct diagnostics *list)
{
    return list->errors;
}

static const char *level_name(enum diagnostic_level level)
{
    switch (level) {
    case DIAGNOSTIC_WARNING:
        return "warning";
    case DIAGNOSTIC_ERROR:
        return "error";
    }
    return "error";
}

char *diagnostic_format(const struct diagnostic *diagnostic, char *line, size_t size)
{
    const char *file = diagnostic->file;
    const char *level = level_name(diagnostic->level);

    if (file[0] == '\0')
        snprintf(line, size, "%s: %s", level, diagnostic->text);
    else if (diagnostic->line == 0)
        snprintf(line, size, "%s: %s: %s", file, level, diagnostic->text);
    else
        snprintf(line, size, "%s:%u: %s: %s", file, diagnostic->line, level, diagnostic->text);
    if (size > 0)
        log_make_printable(line);
    return line;
}
