/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text that OpenVPN would be handed, taken apart again: what the plugin would push,
 * shown as it is and not computed a second time.
 */
#ifndef BYWAY_HELPDESK_PUSHED_H
#define BYWAY_HELPDESK_PUSHED_H

#include <stdbool.h>
#include <stddef.h>

enum pushed_kind {
    PUSHED_REMOVAL, /* what of the server's own pushes is taken back */
    PUSHED_MESSAGE, /* `echo msg…`: shown to the user */
    PUSHED_ROUTE,   /* of either family */
    PUSHED_TUNNEL,  /* what makes it a full one, or keeps it from swallowing itself */
    PUSHED_DNS,
    PUSHED_OTHER,
};

struct pushed_option {
    enum pushed_kind kind;
    char *text; /* without push "…" */
};

struct pushed {
    struct pushed_option *options;
    size_t n;
    char *message; /* what the user is shown, in one line; "" if nothing */
};

/* False when memory is out. Free it in any case. */
bool pushed_read(struct pushed *pushed, const char *text, size_t n);
void pushed_free(struct pushed *pushed);

size_t pushed_count(const struct pushed *pushed, enum pushed_kind kind);

/* "route", "message", …: as in JSON. */
const char *pushed_kind_name(enum pushed_kind kind);

#endif
