/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plain lists line by line: '#' and ';' comments, blank lines, LF or CRLF, a byte order mark. */
#ifndef BYWAY_LIB_LIST_LINE_H
#define BYWAY_LIB_LIST_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* One line of a plain list without its comment and the blanks around it. */
struct list_line {
    const char *next; /* of the text that is left */
    size_t left;
    unsigned number;
    const char *text;
    size_t n;
};

void list_begin(struct list_line *line, const char *text, size_t n);

/* The next line that has something in it; false at the end. */
bool list_next(struct list_line *line);

#endif
