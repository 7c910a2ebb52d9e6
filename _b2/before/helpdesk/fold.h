/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a width that people can read. */
#ifndef BYWAY_HELPDESK_FOLD_H
#define BYWAY_HELPDESK_FOLD_H

#include <stddef.h>

/* The columns of the terminal that standard output is; 0 if it is none: then nothing is cut. */
size_t fold_terminal_width(void);

/* The columns that a text without newlines takes up. */
size_t fold_width(const char *text);

/*
 * `text` in lines of at most `width` columns, broken at blanks where there are any: malloc'd;
 * NULL when memory is out.
 */
char *fold_text(const char *text, size_t width);

#endif
