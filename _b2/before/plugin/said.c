/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a login said about its tunnel. Pure. */
#include "plugin/said.h"

#include <stdio.h>
#include <string.h>

void said_set(char field[SAID_SIZE], const char *text)
{
    snprintf(field, SAID_SIZE, "%s", text ? text : "");
}

bool said_equal(const struct said *a, const struct said *b)
{
    return strcmp(a->peer_info, b->peer_info) == 0 &&
           strcmp(a->static_challenge, b->static_challenge) == 0 && strcmp(a->menu, b->menu) == 0;
}

static const char *said_or_null(const char *field)
{
    return *field ? field : NULL;
}

void said_apply(const struct said *said, struct choice_login *login)
{
    login->peer_info = said_or_null(said->peer_info);
    login->static_challenge = said_or_null(said->static_challenge);
    login->menu = said_or_null(said->menu);
}
