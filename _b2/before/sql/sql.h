/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SQL of this folder, embedded at build (sql/embed): the only copy that the daemon
 * and the helpdesk command use. Values are bound, never written into the text.
 */
#ifndef BYWAY_SQL_SQL_H
#define BYWAY_SQL_SQL_H

#include <stddef.h>

/* In the header of every database of Byway: "BYWA". */
#define SQL_APPLICATION_ID 0x42595741

struct sql_statement {
    const char *name; /* "record.session": session of record.sql; "views": all of views.sql */
    const char *text;
};

/* All of them; the last has no name. */
extern const struct sql_statement sql_statements[];

/* NULL if there is none of that name. */
const char *sql_find(const char *name);

/* The steps of the schema, step-001 first, NULL at the end; their number is the user_version. */
const char *const *sql_steps(size_t *n);

#endif
