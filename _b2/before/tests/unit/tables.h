/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a database holds, as lines of text. */
#ifndef BYWAY_TESTS_TABLES_H
#define BYWAY_TESTS_TABLES_H

#include <stdint.h>
#include <stdio.h>

/* Every row. Times are shown from `base` on: "+90". Ends the test where a row cannot be true. */
void tables_show(const char *path, int64_t base, FILE *out);

#endif
