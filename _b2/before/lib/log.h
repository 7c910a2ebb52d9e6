/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One log line, to a sink that can be replaced: the plugin forwards to OpenVPN's
 * log, programs write to standard error, tests capture. Control characters are
 * replaced before the sink sees the text, so nothing from outside can forge a line.
 */
#ifndef BYWAY_LIB_LOG_H
#define BYWAY_LIB_LOG_H

#include <stdarg.h>
#include <stddef.h>

#define LOG_TEXT_SIZE 1001 /* bytes of one text with its NUL */

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_DEBUG };

/* `text` is one line without its newline, at most LOG_TEXT_SIZE - 1 bytes. */
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

/*
 * Replaces every control character (utf8_is_control()) and every byte that is not UTF-8
 * by one '?', in place.
 */
void log_make_printable(char *text);

/* vsnprintf(3) cut between characters, then log_make_printable(). Returns `text`. */
char *log_vformat(char text[LOG_TEXT_SIZE], const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

#endif
