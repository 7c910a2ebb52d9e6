/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields and JSON; tables are in table.c. */
#include "config.h"

#include "helpdesk/output.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/fold.h"
#include "lib/log.h"
#include "lib/utf8.h"

#define LABEL_WIDTH 11

void output_field(const char *label, const char *format, ...)
{
    size_t width = fold_terminal_width();
    char *text = NULL;
    char *folded = NULL;
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (n < 0)
        return;
    log_make_printable(text);
    if (width > LABEL_WIDTH)
        folded = fold_text(text, width - LABEL_WIDTH);
    printf("%-*s", LABEL_WIDTH, label);
    for (const char *c = folded ? folded : text; *c != '\0'; c++) {
        putchar(*c);
        if (*c == '\n')
            printf("%*s", LABEL_WIDTH, "");
    }
    putchar('\n');
    free(folded);
    free(text);
}

/* Of a valid character. */
static unsigned long code_point(const char *character, size_t n)
{
    unsigned long code = (unsigned char)character[0] & (n == 1 ? 0x7f : 0xff >> (n + 1));

    for (size_t i = 1; i < n; i++)
        code = code << 6 | ((unsigned char)character[i] & 0x3f);
    return code;
}

/* Data to a program, but a terminal that JSON is shown on would obey them: control
 * characters, line separators, marks that turn the reading direction. */
static bool must_be_escaped(unsigned long code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200e && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0x61c;
}

static void put_character(FILE *out, const char *character, size_t n)
{
    unsigned long code = code_point(character, n);

    if (code == '"' || code == '\\')
        fprintf(out, "\\%c", (int)code);
    else if (must_be_escaped(code))
        fprintf(out, "\\u%04lx", code);
    else
        fwrite(character, 1, n, out);
}

static void put_string(FILE *out, const char *text)
{
    size_t left = strlen(text);

    putc('"', out);
    while (left > 0) {
        size_t n = utf8_character(text, left);

        if (n > 0)
            put_character(out, text, n);
        else
            fputs("\\ufffd", out);
        text += n > 0 ? n : 1;
        left -= n > 0 ? n : 1;
    }
    putc('"', out);
}

/* What stands before a value: a comma, the indentation, its key. */
static void begin(struct json *json, const char *key)
{
    if (json->has_items[json->depth])
        putc(',', json->out);
    if (json->depth > 0)
        fprintf(json->out, "\n%*s", (int)json->depth * 2, "");
    json->has_items[json->depth] = true;
    if (key) {
        put_string(json->out, key);
        fputs(": ", json->out);
    }
}

static void nest(struct json *json, const char *key, char opens, char closes)
{
    begin(json, key);
    putc(opens, json->out);
    assert(json->depth < JSON_MAX_DEPTH); /* the depth is our own doing */
    json->depth++;
    json->has_items[json->depth] = false;
    json->closes[json->depth] = closes;
}

void json_object(struct json *json, const char *key)
{
    nest(json, key, '{', '}');
}

void json_array(struct json *json, const char *key)
{
    nest(json, key, '[', ']');
}

void json_string(struct json *json, const char *key, const char *value)
{
    begin(json, key);
    if (value)
        put_string(json->out, value);
    else
        fputs("null", json->out);
}

void json_number(struct json *json, const char *key, size_t value)
{
    begin(json, key);
    fprintf(json->out, "%zu", value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    begin(json, key);
    fputs(value ? "true" : "false", json->out);
}

void json_end(struct json *json)
{
    bool had_items = json->has_items[json->depth];

    json->depth--;
    if (had_items)
        fprintf(json->out, "\n%*s", (int)json->depth * 2, "");
    putc(json->closes[json->depth + 1], json->out);
    if (json->depth == 0)
        putc('\n', json->out);
}
