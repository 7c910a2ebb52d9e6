/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The strings of JSON, by SQLite's json_tree(). It lists every value, an object before what
 * is in it, with a number of its own and that of what it is in: so one set of numbers says
 * which objects fit `where`, and grows by what is inside of them.
 */
#include <config.h>

#include "mgmtd/range_list_private.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "sql/sql.h"

enum { COLUMN_ID, COLUMN_PARENT, COLUMN_KEY, COLUMN_TYPE, COLUMN_VALUE };

/* Some numbers of values, as bits. */
struct numbers {
    uint8_t *bits;
    size_t room; /* bytes */
};

static bool has_number(const struct numbers *numbers, sqlite3_int64 number)
{
    size_t at = (size_t)number / 8;

    return number >= 0 && at < numbers->room && (numbers->bits[at] >> (number % 8) & 1) != 0;
}

static bool add_number(struct numbers *numbers, sqlite3_int64 number)
{
    size_t at = (size_t)number / 8;

    if (number < 0)
        return false;
    if (at >= numbers->room) {
        size_t room = 2 * at + 1024;
        uint8_t *bits = realloc(numbers->bits, room);

        if (bits == NULL)
            return false;
        memset(bits + numbers->room, 0, room - numbers->room);
        numbers->bits = bits;
        numbers->room = room;
    }
    numbers->bits[at] |= (uint8_t)(1 << (number % 8));
    return true;
}

static bool is_type(sqlite3_stmt *row, const char *type)
{
    const char *text = (const char *)sqlite3_column_text(row, COLUMN_TYPE);

    return text != NULL && strcmp(text, type) == 0;
}

/* The value as `where` would write it; "" for what it cannot. */
static const char *value_text(sqlite3_stmt *row)
{
    const char *text = (const char *)sqlite3_column_text(row, COLUMN_VALUE);

    if (is_type(row, "true"))
        return "true";
    if (is_type(row, "false"))
        return "false";
    return text == NULL ? "" : text;
}

/* The first `where` with the key of `where[i]`: they are alternatives. */
static size_t first_of_key(const struct range_reader *reader, size_t i)
{
    size_t first = 0;

    while (strcmp(reader->where[first].key, reader->where[i].key) != 0)
        first++;
    return first;
}

/* Adds the object if its member, this row, is what a `where` of that key asks for. */
static bool note_object(const struct range_reader *reader, sqlite3_stmt *row, size_t key,
                        struct numbers *fitting)
{
    const char *name = (const char *)sqlite3_column_text(row, COLUMN_KEY);
    const char *value;

    if (name == NULL || strcmp(name, reader->where[key].key) != 0 || is_type(row, "object") ||
        is_type(row, "array"))
        return true;
    value = value_text(row);
    for (size_t i = key; i < reader->n_where; i++)
        if (first_of_key(reader, i) == key && strcmp(value, reader->where[i].value) == 0)
            return add_number(fitting, sqlite3_column_int64(row, COLUMN_PARENT));
    return true;
}

static enum range_list_result find_objects(struct range_reader *reader, sqlite3_stmt *tree,
                                           size_t key, struct numbers *fitting)
{
    int step;

    sqlite3_reset(tree);
    while ((step = sqlite3_step(tree)) == SQLITE_ROW)
        if (!note_object(reader, tree, key, fitting))
            return RANGE_LIST_MEMORY;
    if (step == SQLITE_NOMEM)
        return RANGE_LIST_MEMORY;
    return step == SQLITE_DONE ? RANGE_LIST_OK : RANGE_LIST_BROKEN_JSON;
}

/* Leaves in `fitting` only what is in `others`, too. True if anything is left. */
static bool intersect(struct numbers *fitting, const struct numbers *others)
{
    bool any = false;

    for (size_t i = 0; i < fitting->room; i++) {
        fitting->bits[i] &= i < others->room ? others->bits[i] : 0;
        any = any || fitting->bits[i] != 0;
    }
    return any;
}

/* The objects that fit every `where`. */
static enum range_list_result find_fitting(struct range_reader *reader, sqlite3_stmt *tree,
                                           struct numbers *fitting)
{
    enum range_list_result result = find_objects(reader, tree, 0, fitting);
    bool any = intersect(fitting, fitting);

    for (size_t i = 1; i < reader->n_where && result == RANGE_LIST_OK && any; i++) {
        struct numbers others = {0};

        if (first_of_key(reader, i) != i)
            continue;
        result = find_objects(reader, tree, i, &others);
        any = intersect(fitting, &others);
        free(others.bits);
    }
    return result == RANGE_LIST_OK && !any ? RANGE_LIST_NO_OBJECT : result;
}

/* Whether a value is inside of a fitting object; if so, what is in it will be, too. */
static bool is_inside(struct range_reader *reader, sqlite3_stmt *tree, struct numbers *fitting)
{
    sqlite3_int64 id = sqlite3_column_int64(tree, COLUMN_ID);

    if (reader->n_where == 0 || has_number(fitting, id))
        return true;
    if (sqlite3_column_type(tree, COLUMN_PARENT) == SQLITE_NULL ||
        !has_number(fitting, sqlite3_column_int64(tree, COLUMN_PARENT)))
        return false;
    if (!add_number(fitting, id))
        reader->out_of_memory = true;
    return true;
}

static enum range_list_result take_strings(struct range_reader *reader, sqlite3_stmt *tree,
                                           struct numbers *fitting)
{
    int step = SQLITE_DONE;

    sqlite3_reset(tree);
    while (!reader->out_of_memory && (step = sqlite3_step(tree)) == SQLITE_ROW) {
        const char *text;

        if (!is_inside(reader, tree, fitting) || !is_type(tree, "text"))
            continue;
        text = (const char *)sqlite3_column_text(tree, COLUMN_VALUE);
        if (text != NULL)
            range_take_word(reader, text, (size_t)sqlite3_column_bytes(tree, COLUMN_VALUE));
    }
    if (step == SQLITE_NOMEM || reader->out_of_memory)
        return RANGE_LIST_MEMORY;
    return step == SQLITE_DONE ? RANGE_LIST_OK : RANGE_LIST_BROKEN_JSON;
}

static enum range_list_result read_tree(struct range_reader *reader, sqlite3_stmt *tree)
{
    struct numbers fitting = {0};
    enum range_list_result result = RANGE_LIST_OK;

    if (reader->n_where > 0)
        result = find_fitting(reader, tree, &fitting);
    if (result == RANGE_LIST_OK)
        result = take_strings(reader, tree, &fitting);
    free(fitting.bits);
    return result;
}

static enum range_list_result read_text(struct range_reader *reader, sqlite3_stmt *tree,
                                        const char *text, size_t n)
{
    sqlite3_reset(tree);
    return sqlite3_bind_text64(tree, 1, text, n, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK
               ? read_tree(reader, tree)
               : RANGE_LIST_MEMORY;
}

static bool is_blank(const char *text, const char *end)
{
    while (text < end && strchr(" \t\r\n", *text) != NULL)
        text++;
    return text == end;
}

/* JSON of one value a line. `where` has to fit an object of one line at least. */
static enum range_list_result read_lines(struct range_reader *reader, sqlite3_stmt *tree,
                                         const char *text, size_t n)
{
    enum range_list_result result = RANGE_LIST_NO_OBJECT;

    for (const char *end = text + n, *next; text < end; text = next) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        enum range_list_result of_line;

        next = newline == NULL ? end : newline + 1;
        if (is_blank(text, next))
            continue;
        of_line = read_text(reader, tree, text, (size_t)(next - text));
        if (of_line != RANGE_LIST_OK && of_line != RANGE_LIST_NO_OBJECT)
            return of_line;
        if (of_line == RANGE_LIST_OK)
            result = RANGE_LIST_OK;
    }
    return result;
}

enum range_list_result range_read_json(struct range_reader *reader, const char *text, size_t n)
{
    enum range_list_result result = RANGE_LIST_MEMORY;
    sqlite3 *db = NULL;
    sqlite3_stmt *tree = NULL;

    if (sqlite3_open_v2(":memory:", &db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX,
                        NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql_find("ranges.tree"), -1, &tree, NULL) == SQLITE_OK)
        result = read_text(reader, tree, text, n);
    if (result == RANGE_LIST_BROKEN_JSON && memchr(text, '\n', n) != NULL)
        result = read_lines(reader, tree, text, n);
    sqlite3_finalize(tree);
    sqlite3_close(db);
    return result;
}
