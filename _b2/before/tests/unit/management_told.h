/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a management parser tells of a dialogue, as text: one event a line, for comparing. */
#ifndef BYWAY_TESTS_MANAGEMENT_TOLD_H
#define BYWAY_TESTS_MANAGEMENT_TOLD_H

#include "mgmtd/management_parse.h"

#include <stddef.h>

/*
 * How many of the `left` bytes come next, from 1 to all. Each piece is handed over in
 * memory of just its size, so that the sanitizer sees a byte too far.
 */
typedef size_t management_cutter(void *arg, size_t left);

/*
 * "BYTECOUNT cid=3 in=5 out=6" and so on, fields that are not there left out; bytes that
 * are not printable ASCII as \xNN; at the end "garbage N" unless there is none. OTHER is
 * left out unless `all`. To be freed.
 */
char *management_told(const char *bytes, size_t n, management_cutter *cutter, void *arg, bool all);

/* All at once. */
size_t management_whole(void *arg, size_t left);

#endif
