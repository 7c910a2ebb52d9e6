/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the prefixes in what publishers of address ranges publish: plain lists, CSV, JSON.
 * What it is given may be anything at all. Pure; a list of a million takes most of a second.
 */
#ifndef BYWAY_MGMTD_RANGE_LIST_H
#define BYWAY_MGMTD_RANGE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/policy.h"

enum range_list_result {
    RANGE_LIST_OK,
    RANGE_LIST_NOTHING,     /* there is no prefix in it */
    RANGE_LIST_PAGE,        /* HTML or XML: an error page, most likely */
    RANGE_LIST_BINARY,      /* a NUL: compressed, or no text at all */
    RANGE_LIST_BROKEN_JSON, /* or cut off */
    RANGE_LIST_NO_OBJECT,   /* `where` fits no object */
    RANGE_LIST_NO_JSON,     /* `where` was asked of what is not JSON */
    RANGE_LIST_MEMORY,
};

/* What is wrong, as the end of a sentence about what was fetched; never NULL. */
const char *range_list_text(enum range_list_result result);

/*
 * Is called for each prefix. `status` is PREFIX_OK, or PREFIX_HOST_BITS: then the bits past
 * its length are cleared, and were not in the list. False (memory is out) ends the reading.
 */
typedef bool range_list_take(void *arg, const struct prefix *prefix, enum prefix_status status);

/*
 * Text: every word that is a prefix or an address, also one of a netmask ("10.0.0.0/255.0.0.0",
 * "10.0.0.0 255.0.0.0"), or two addresses with a hyphen between. Words end at blanks, commas,
 * quotes, brackets and the like; '#' begins a comment, and ';' where a word could begin.
 *
 * JSON, by its first character: every string that is one of those as a whole, anywhere; with
 * `where`, those inside of objects that fit it. Two `where` of one key are alternatives, those
 * of different keys must all fit the same object. One value a line is fine, too.
 *
 * *n_read (may be NULL) is how many there were, in any result.
 */
enum range_list_result range_list_read(const char *text, size_t n,
                                       const struct policy_condition *where, size_t n_where,
                                       range_list_take *take, void *arg, size_t *n_read);

#endif
