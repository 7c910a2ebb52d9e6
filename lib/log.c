/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes one safe line of a message and hands it to the sink; keeps nothing. */
#include "lib/log.h"

#include "lib/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A character of two or three bytes, as its code point. */
static uint32_t decode(const char *text, size_t n)
{
    const uint8_t *b = (const uint8_t *)text;

    if (n == 2)
        return (b[0] & 0x1fu) << 6 | (b[1] & 0x3fu);
    if (n == 3)
        return (b[0] & 0x0fu) << 12 | (b[1] & 0x3fu) << 6 | (b[2] & 0x3fu);
    return b[0];
}

/* What moves the cursor, ends a line or turns the reading direction round. */
static bool is_control(const char *text, size_t n)
{
    static const struct {
        uint32_t low, high;
    } controls[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0x061c, 0x061c},
        {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
    };
    uint32_t c = decode(text, n);

    if (n > 3)
        return false;
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (c >= controls[i].low && c <= controls[i].high)
            return true;
    return false;
}

void log_make_printable(char *text)
{
    size_t left = strlen(text);
    char *out = text;

    while (left > 0) {
        size_t n = utf8_character(text, left);

        if (n == 0 || is_control(text, n)) {
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
