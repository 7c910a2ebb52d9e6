/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the holders of --auth-gen-token tokens said when they last typed something.
 * A client that comes back with its token is connected without being authenticated
 * (ssl_verify.c:verify_user_pass), so this is all that is left of its choice. Keyed
 * by OpenVPN's session_id; bounded: the one not used for longest makes room.
 */
#ifndef BYWAY_PLUGIN_TOKENS_H
#define BYWAY_PLUGIN_TOKENS_H

#include "plugin/said.h"

#include <stddef.h>

#define TOKENS_MAX_ID  63   /* OpenVPN's are 16 bytes long */
#define TOKENS_DEFAULT 8192 /* entries; about 4 MB when all are used */

struct tokens;

/* Room for `max` entries (at least 1). NULL when memory is out. Freeing NULL is harmless. */
struct tokens *tokens_new(size_t max);
void tokens_free(struct tokens *tokens);

/*
 * Remembers, in the place of what was remembered before. An id or a user name that is
 * too long is not remembered: the holder then gets the default, never more.
 */
void tokens_put(struct tokens *tokens, const char *id, const char *username,
                const struct said *said);

/* False if nothing is remembered for this id and this user name. */
bool tokens_get(struct tokens *tokens, const char *id, const char *username, struct said *said);

size_t tokens_count(const struct tokens *tokens);

#endif
