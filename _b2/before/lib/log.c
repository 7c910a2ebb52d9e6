/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes one safe line of a message and hands it to the sink; keeps nothing. */
#include "lib/log.h"

#include "lib/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void log_make_printable(char *text)
{
    size_t left = strlen(text);
    char *out = text;

    while (left > 0) {
        size_t n = utf8_character(text, left);

        if (n == 0 || utf8_is_control(utf8_code_point(text, n))) {
            *out++ = '?';
        } else {
            memmove(out, text, n);
            out += n;
        }
        text += n ? n : 1;
        left -= n ? n : 1;
    }
    *out = '\0';
}

char *log_vformat(char text[LOG_TEXT_SIZE], const char *format, va_list args)
{
    char whole[LOG_TEXT_SIZE + 4]; /* room to see the character that the cut would split */
    int n = vsnprintf(whole, sizeof whole, format, args);
    size_t kept = n < 0 ? 0 : strnlen(whole, sizeof whole - 1);

    kept = utf8_cut(whole, kept, LOG_TEXT_SIZE - 1);
    memcpy(text, whole, kept);
    text[kept] = '\0';
    log_make_printable(text);
    return text;
}

void log_write(const struct log *log, enum log_level level, const char *subsystem,
               const char *format, ...)
{
    char text[LOG_TEXT_SIZE];
    va_list args;

    if (!log || !log->sink || level > log->max_level)
        return;
    va_start(args, format);
    log_vformat(text, format, args);
    va_end(args);
    log->sink(log->arg, level, subsystem, text);
}

void log_to_stderr(void *arg, enum log_level level, const char *subsystem, const char *text)
{
    (void)arg;
    (void)level;
    fprintf(stderr, "%s: %s\n", subsystem, text);
}
