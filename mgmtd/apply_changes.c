/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came and went, line by line, for `byway routes diff`. */
#include <config.h>

#include "mgmtd/apply_private.h"

#include <stdlib.h>
#include <string.h>

/* A change of more lines than this would push out all that was before it. */
#define MAX_LINES_BYTES (STATE_MAX_CHANGES_BYTES / 2)

struct lines {
    char *text;
    size_t n, room;
};

static bool add_text(struct lines *lines, const char *text, size_t n)
{
    if (lines->n + n > lines->room) {
        size_t room = 2 * (lines->n + n) + 4096;
        char *larger = realloc(lines->text, room);

        if (larger == NULL)
            return false;
        lines->text = larger;
        lines->room = room;
    }
    memcpy(lines->text + lines->n, text, n);
    lines->n += n;
    return true;
}

static bool add_line(struct applying *applying, struct lines *lines, const struct prefix *prefix,
                     bool added)
{
    char line[STATE_CHANGE_SIZE];
    const struct state_change change = {.at = applying->task->now,
                                        .added = added,
                                        .prefix = *prefix,
                                        .source = applying->task->what,
                                        .source_n = strlen(applying->task->what)};

    *(added ? &applying->outcome->added : &applying->outcome->removed) += 1;
    if (lines->n > MAX_LINES_BYTES)
        return true;
    return add_text(lines, line, state_change_format(&change, line));
}

/* Both are sorted: side by side, what is in one of them only. */
static bool list_changes(struct applying *applying, struct lines *lines,
                         const struct prefix_set *was, const struct prefix_set *is)
{
    size_t n_was, n_is, i = 0, j = 0;
    const struct prefix *before = prefix_set_cover(was, &n_was, NULL);
    const struct prefix *after = prefix_set_cover(is, &n_is, NULL);
    bool ok = true;

    while (ok && (i < n_was || j < n_is)) {
        int order = i == n_was ? 1 : j == n_is ? -1 : prefix_compare(&before[i], &after[j]);

        if (order < 0)
            ok = add_line(applying, lines, &before[i], false);
        else if (order > 0)
            ok = add_line(applying, lines, &after[j], true);
        i += order <= 0;
        j += order >= 0;
    }
    return ok;
}

/* Adds them to the file; where it grows too long, its older half goes. */
static void append(const struct apply_file *file, const struct lines *lines)
{
    char path[STATE_PATH_SIZE];
    struct lines all = {0};
    size_t n = 0;
    char *old = state_load(file->state_dir, state_changes_path(file->name, path), &n);
    const char *from = old;

    if (old != NULL && n + lines->n > STATE_MAX_CHANGES_BYTES) {
        from = memchr(old + n / 2, '\n', n - n / 2);
        from = from == NULL ? old + n : from + 1;
    }
    if ((old == NULL || add_text(&all, from, (size_t)(old + n - from))) &&
        add_text(&all, lines->text, lines->n))
        state_save(file->state_dir, path, all.text, all.n, false);
    free(all.text);
    free(old);
}

void apply_note_changes(struct applying *applying, const struct prefix_set *was,
                        const struct prefix_set *is)
{
    struct lines lines = {0};

    if (list_changes(applying, &lines, was, is) && lines.n > 0)
        append(&applying->task->file, &lines);
    free(lines.text);
}
