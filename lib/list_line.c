/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of a plain list that have something in them. Pure. */
#include "lib/list_line.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts the comment and the blanks around what is left. */
static void trim(struct list_line *line)
{
    const char *text = line->text;
    size_t n = line->n;
    size_t end = 0;

    while (end < n &&
           !((text[end] == '#' || text[end] == ';') && (end == 0 || is_blank(text[end - 1]))))
        end++;
    while (end > 0 && is_blank(text[end - 1]))
        end--;
    while (end > 0 && is_blank(*text)) {
        text++;
        end--;
    }
    line->text = text;
    line->n = end;
}

void list_begin(struct list_line *line, const char *text, size_t n)
{
    size_t mark = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    *line = (struct list_line){.next = text + mark, .left = n - mark};
}

bool list_next(struct list_line *line)
{
    while (line->left > 0) {
        const char *newline = memchr(line->next, '\n', line->left);
        size_t n = newline == NULL ? line->left : (size_t)(newline - line->next);
        size_t step = newline == NULL ? n : n + 1;

        line->number++;
        line->text = line->next;
        line->n = n;
        line->next += step;
        line->left -= step;
        trim(line);
        if (line->n > 0)
            return true;
    }
    return false;
}
