/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes JSON. There is one thread, so nothing locks the stream. */
#include "config.h"

#include "helpdesk/json.h"

#include <assert.h>
#include <string.h>

#include "lib/utf8.h"

static void put_code(FILE *out, uint32_t code)
{
    if (code >= 0x10000) { /* a pair of surrogates */
        fprintf(out, "\\u%04x", (unsigned)(0xd800 + ((code - 0x10000) >> 10)));
        code = 0xdc00 + ((code - 0x10000) & 0x3ff);
    }
    fprintf(out, "\\u%04x", (unsigned)code);
}

static void put_character(FILE *out, const char *character, size_t n)
{
    uint32_t code = utf8_code_point(character, n);

    if (code == '"' || code == '\\')
        fprintf(out, "\\%c", (int)code);
    else if (utf8_is_control(code))
        put_code(out, code);
    else
        fwrite_unlocked(character, 1, n, out);
}

/* printf() is most of what an answer of many rows costs. */
static void put_number(FILE *out, int64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (value < 0)
        putc_unlocked('-', out);
    fwrite_unlocked(digits + at, 1, sizeof(digits) - at, out);
}

/* How many characters at the beginning of `text` stand for themselves. */
static size_t plain(const char *text)
{
    size_t n = 0;

    while (text[n] >= ' ' && text[n] <= '~' && text[n] != '"' && text[n] != '\\')
        n++;
    return n;
}

static void put_string(FILE *out, const char *text)
{
    size_t left = strlen(text);

    putc_unlocked('"', out);
    while (left > 0) {
        size_t n = plain(text);

        if (n > 0) {
            fwrite_unlocked(text, 1, n, out);
        } else {
            n = utf8_character(text, left);
            if (n > 0)
                put_character(out, text, n);
            else
                fputs_unlocked("\\ufffd", out);
            n = n > 0 ? n : 1;
        }
        text += n;
        left -= n;
    }
    putc_unlocked('"', out);
}

static bool breaks_lines(const struct json *json)
{
    return json->line_depth == 0 || json->depth <= json->line_depth;
}

/* What stands before a value: a comma, the indentation, its key. */
static void begin(struct json *json, const char *key)
{
    bool has_items = json->has_items[json->depth];

    if (has_items)
        putc_unlocked(',', json->out);
    if (json->depth > 0 && breaks_lines(json))
        fprintf(json->out, "\n%*s", (int)json->depth * 2, "");
    else if (has_items)
        putc_unlocked(' ', json->out);
    json->has_items[json->depth] = true;
    if (key) {
        put_string(json->out, key);
        fputs_unlocked(": ", json->out);
    }
}

static void nest(struct json *json, const char *key, char opens, char closes)
{
    begin(json, key);
    putc_unlocked(opens, json->out);
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
        fputs_unlocked("null", json->out);
}

void json_number(struct json *json, const char *key, int64_t value)
{
    begin(json, key);
    put_number(json->out, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    begin(json, key);
    fputs_unlocked(value ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *key)
{
    json_string(json, key, NULL);
}

void json_end(struct json *json)
{
    bool ends_line = json->has_items[json->depth] && breaks_lines(json);

    json->depth--;
    if (ends_line)
        fprintf(json->out, "\n%*s", (int)json->depth * 2, "");
    putc_unlocked(json->closes[json->depth + 1], json->out);
    if (json->depth == 0)
        putc_unlocked('\n', json->out);
}
