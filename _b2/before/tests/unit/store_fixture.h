/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the store share: a folder with a database, rows to put in, and what is there.
 */
#ifndef BYWAY_TESTS_STORE_FIXTURE_H
#define BYWAY_TESTS_STORE_FIXTURE_H

#include "mgmtd/store.h"

#define T0 1700000000 /* when the tests' sessions begin */

extern char store_folder[128];
extern char store_path[160];
extern struct store *store;
extern char store_logged[16384];
extern const struct log store_log;

/* For tcase_add_checked_fixture(). */
void store_set_up(void);
void store_tear_down(void);

/* Opens `store`, which must succeed. */
void store_open_it(void);
void store_close_it(void);

/* The answer to a question, "a|b\nc|d\n", by a connection of its own; NULL is "-". */
const char *asked(const char *sql);
/* The same of another file. */
const char *asked_of(const char *path, const char *sql);
/* Runs statements on the file, by a connection of its own. */
void do_sql(const char *path, const char *sql);

/* Rows with every number BATCH_NONE but those that must be known. */
struct session_row session_of(int64_t id, const char *user);
struct run_row run_of(int64_t id, int64_t server);
struct refusal_row refusal_of(int64_t id, const char *user);
struct held_row held_of(const struct session_row *session, enum held_kind kind,
                        const char *address);
struct running_row running_of(int64_t session);

/* A batch with server 1 ("campus") and its run 1. */
struct batch *first_batch(void);
/* Writes it, which must succeed, and frees it. */
void write_batch(struct batch *batch);

/* A command of the shell that must succeed. */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
