/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Within history: what is wrong with a database, in sentences that say what to do. */
#ifndef BYWAY_HELPDESK_HISTORY_TROUBLE_H
#define BYWAY_HELPDESK_HISTORY_TROUBLE_H

#include "helpdesk/history.h"

/* Writes the sentence; `detail` (may be NULL) is what SQLite or the system said. Returns `trouble`.
 */
enum history_trouble history_explain(enum history_trouble trouble, const char *path,
                                     const char *detail, char why[HISTORY_WHY_SIZE]);

/* The same for a result of SQLite. `db` may be NULL. */
enum history_trouble history_explain_code(int rc, sqlite3 *db, const char *path,
                                          char why[HISTORY_WHY_SIZE]);

/* What can be said before SQLite is asked. */
enum history_trouble history_look_at_file(const char *path, char why[HISTORY_WHY_SIZE]);

/* A path that SQLite takes for nothing else, as it would "file:x" and ":memory:". malloc'd. */
char *history_plain_path(const char *path);

#endif
