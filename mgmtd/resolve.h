/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the system knows: the addresses of a host, the members of a group. Both ask whatever
 * the machine is set up to ask, and may take for ever: for threads that may hang.
 */
#ifndef BYWAY_MGMTD_RESOLVE_H
#define BYWAY_MGMTD_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/prefix.h"

#define RESOLVE_ERROR_SIZE 200

/* False with why, as the end of a sentence; nothing is to be freed then. */

/* A and AAAA as hosts, each once, sorted; at least one. The caller frees the array. */
bool resolve_host(const char *name, struct prefix **addresses, size_t *n,
                  char error[RESOLVE_ERROR_SIZE]);

/*
 * Those the group lists, and where the system can list all users, those whose primary group
 * it is: each once, sorted; may be none. An array of strings, for resolve_free_names().
 */
bool resolve_group(const char *name, char ***members, size_t *n, char error[RESOLVE_ERROR_SIZE]);
void resolve_free_names(char **names, size_t n);

/* This machine's own addresses as hosts. The caller frees the array; NULL with errno set. */
struct prefix *resolve_own_addresses(size_t *n);

#endif
