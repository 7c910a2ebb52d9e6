/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON, one value, written as it goes. Text stays data: what a terminal would obey is
 * escaped, and what is not UTF-8 becomes U+FFFD.
 */
#ifndef BYWAY_HELPDESK_JSON_H
#define BYWAY_HELPDESK_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_MAX_DEPTH 8

struct json {
    FILE *out;
    unsigned line_depth; /* what is nested deeper than this shares one line; 0: nothing does */
    unsigned depth;
    bool has_items[JSON_MAX_DEPTH + 1];
    char closes[JSON_MAX_DEPTH + 1];
};

/* `key` is NULL within an array, and for the outermost value. */
void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
void json_string(struct json *json, const char *key, const char *value); /* NULL: null */
void json_number(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

/* Ends the innermost object or array; the outermost with a newline. */
void json_end(struct json *json);

#endif
