/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of errors and warnings, each with the file and line it is about. All
 * errors of a file are collected, not only the first.
 */
#ifndef BYWAY_LIB_DIAGNOSTICS_H
#define BYWAY_LIB_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>

enum diagnostic_level { DIAGNOSTIC_WARNING, DIAGNOSTIC_ERROR };

struct diagnostic {
    enum diagnostic_level level;
    char *file;    /* as the administrator would name it; "" where it is about no file */
    unsigned line; /* from 1; 0 where it is about the whole file */
    char *text;    /* one line, no control characters, at most 1,000 bytes */
};

struct diagnostics;

/* NULL when memory is out. Freeing NULL is harmless. */
struct diagnostics *diagnostics_new(void);
void diagnostics_free(struct diagnostics *list);

/* Never fails outright: what cannot be stored is still counted as an error. */
void diagnostics_add(struct diagnostics *list, enum diagnostic_level level, const char *file,
                     unsigned line, const char *format, ...) __attribute__((format(printf, 5, 6)));

size_t diagnostics_count(const struct diagnostics *list);

/* The i-th that was added, owned by the list; NULL past the end. */
const struct diagnostic *diagnostics_at(const struct diagnostics *list, size_t i);
size_t diagnostics_errors(const struct diagnostics *list);

/* "policy.conf:12: error: …" into `line`, printable, cut to `size`; returns `line`. */
char *diagnostic_format(const struct diagnostic *diagnostic, char *line, size_t size);

#endif
