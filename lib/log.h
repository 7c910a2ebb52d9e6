/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One log line, to a sink that can be replaced: the plugin forwards to OpenVPN's
 * log, programs write to standard error, tests capture. Control characters are
 * replaced before the sink sees the text, so nothing from outside can forge a line.
 */
#ifndef BYWAY_LIB_LOG_H
#define BYWAY_LIB_LOG_H

#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_DEBUG };

/* `text` is one line without its newline, at most 1,000 bytes. */
typedef void log_sink(void *arg, enum log_level level, const char *subsystem, const char *text);

struct log {
    log_sink *sink; /* NULL: nothing is logged */
    void *arg;
    enum log_level max_level; /* what is less important is dropped */
};

/* `log` may be NULL. `subsystem` is one word: "policy", "login", "spool". */
void log_write(const struct log *log, enum log_level level, const char *subsystem,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "subsystem: text" on standard error. */
void log_to_stderr(void *arg, enum log_level level, const char *subsystem, const char *text);

/* Replaces control characters (C0, DEL, C1, and what is not UTF-8) by '?', in place. */
void log_make_printable(char *text);

#endif
