/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The menu as a dynamic challenge. An authentication that is decided later cannot be
 * followed by a question on the same connection (OpenVPN reads the question only when
 * the hook returns), so the login is failed with "CRV1:…:<state>:…": the client shows
 * the question and comes back with the state and the answer in the place of a password.
 *
 * A state is told to a client only after its password was found right, so knowing it
 * proves that. It is good for one login, of the same user, for two minutes.
 */
#ifndef BYWAY_PLUGIN_CHALLENGE_H
#define BYWAY_PLUGIN_CHALLENGE_H

#include "plugin/client.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define CHALLENGE_MARK   "byway" /* how our states begin; an inner plugin's do not */
#define CHALLENGE_LIFE_S 120
#define CHALLENGE_MAX    1024 /* open at a time; the oldest makes room */

struct challenges;

/* NULL when memory is out. Freeing NULL is harmless. */
struct challenges *challenges_new(size_t max);
void challenges_free(struct challenges *challenges);

/* A new state, unguessable. False if the kernel has no randomness to give. */
bool challenge_make_state(char state[CLIENT_STATE_SIZE]);

/* The state was told to this user, `now` on CLOCK_MONOTONIC. Too long ones are dropped. */
void challenges_put(struct challenges *challenges, const char *state, const char *username,
                    time_t now);

/* True once, if this state was told to this user and is still good. */
bool challenges_take(struct challenges *challenges, const char *state, const char *username,
                     time_t now);

/* The reason to fail the login with. malloc'd; NULL when memory is out. */
char *challenge_reason(const char *state, const char *username, const char *prompt);

/* Equal? In a time that depends on `secret` alone. */
bool challenge_equal(const char *secret, const char *other);

#endif
