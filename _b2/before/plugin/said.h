/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a login said about its tunnel, kept for later decisions. A connection is
 * decided anew at each step (login, connect, renegotiation) from what was said, under
 * the policy of the moment; so what is remembered is never a right, only a wish.
 */
#ifndef BYWAY_PLUGIN_SAID_H
#define BYWAY_PLUGIN_SAID_H

#include "lib/choice.h"

/* A longer text is cut: it was the name of no profile before, and is of none after. */
#define SAID_SIZE (POLICY_MAX_NAME + 2)

/* "" where nothing was said: an empty choice is no choice. */
struct said {
    char peer_info[SAID_SIZE];
    char static_challenge[SAID_SIZE];
    char menu[SAID_SIZE];
};

/* `text` may be NULL. */
void said_set(char field[SAID_SIZE], const char *text);

bool said_equal(const struct said *a, const struct said *b);

/* Puts what was said into a login; the pointers lead into `said`. */
void said_apply(const struct said *said, struct choice_login *login);

#endif
