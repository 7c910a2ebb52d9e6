/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of management lines: pieces of a line, read as numbers, addresses or text,
 * and stored where a table says. Pure; for management_parse alone.
 */
#ifndef BYWAY_MGMTD_MANAGEMENT_FIELDS_H
#define BYWAY_MGMTD_MANAGEMENT_FIELDS_H

#include "mgmtd/management_parse.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_COLUMNS 32

/* A piece of a line; no NUL follows it. */
struct span {
    const char *at;
    size_t n;
};

/* Takes the part of `rest` before the first `separator` off it, with that; or all that is left. */
struct span span_cut(struct span *rest, char separator);
bool span_is(struct span span, const char *text);
bool span_begins(struct span span, const char *text, size_t n);

/* Digits from 0 to INT64_MAX and nothing else, 19 at most; *number is untouched if not. */
bool span_number(struct span span, int64_t *number);

/* The digits that `rest` begins with, as above, which are taken off it; at least one. */
bool span_take_number(struct span *rest, int64_t *number);

/* Copies of pieces, NUL-terminated, for as long as an event needs them. */
struct texts {
    size_t used;
    size_t room;
    char *bytes;
};

/* NULL if it does not fit or holds a NUL. */
const char *texts_keep(struct texts *texts, struct span span);

/* What a column of `status 3` or a variable of the environment is of a client. */
enum field_type {
    FIELD_NUMBER,
    FIELD_PORT,
    FIELD_TEXT,
    FIELD_BETTER_TEXT, /* takes the place of what another field said */
    FIELD_NAME,        /* a text where UNDEF means none */
    FIELD_REAL,        /* sets real and real_port */
    FIELD_VPN,         /* sets vpn4 or vpn6 */
    FIELD_ROUTE        /* the same, but neither for a MAC address or a cached route ("…C") */
};

struct field {
    const char *name;
    enum field_type type;
    size_t offset; /* in struct management_client; not of REAL, VPN and ROUTE */
};

/* The first of `n` fields with that name, or NULL. */
const struct field *field_find(const struct field *fields, size_t n, struct span name);

/*
 * Stores a value. What is there already stays (OpenVPN's environment has the latest
 * first). False if the value cannot be read: the field is then as it was.
 */
bool field_set(const struct field *field, struct span value, struct management_client *client,
               struct texts *texts);

/* What the HEADER line of a table of `status 3` says of the rows that follow it. */
struct columns {
    size_t n;                                /* 0: no header yet */
    const struct field *fields[MAX_COLUMNS]; /* NULL: a column nobody knows */
};

/* `names` are divided by tabs. False if they are too many: then no row can be read. */
bool columns_learn(struct columns *columns, const struct field *fields, size_t n_fields,
                   struct span names);

/*
 * Stores the values of a row; *unreadable is how many could not be. False if the row has
 * more or fewer columns than the header: then none of them is to be trusted.
 */
bool columns_read(const struct columns *columns, struct span row, struct management_client *client,
                  struct texts *texts, size_t *unreadable);

#endif
