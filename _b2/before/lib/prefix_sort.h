/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorts prefixes; a part of lib/prefix_set.c. */
#ifndef BYWAY_LIB_PREFIX_SORT_H
#define BYWAY_LIB_PREFIX_SORT_H

#include "lib/prefix.h"

/*
 * By family and address; prefixes of one address come in any order. Takes linear
 * time whatever the input. False when memory is out (nothing was changed then).
 */
bool prefix_sort(struct prefix *items, size_t n);

#endif
