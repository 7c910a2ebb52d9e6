/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds embedded SQL by its name. */
#include "sql/sql.h"

#include <stdio.h>
#include <string.h>

#define MAX_STEPS 99

const char *sql_find(const char *name)
{
    for (const struct sql_statement *at = sql_statements; at->name; at++)
        if (strcmp(at->name, name) == 0)
            return at->text;
    return NULL;
}

const char *const *sql_steps(size_t *n)
{
    static const char *steps[MAX_STEPS + 1];
    char name[16];
    size_t i = 0;

    do {
        snprintf(name, sizeof(name), "step-%03zu", i + 1);
        steps[i] = sql_find(name);
    } while (steps[i] != NULL && ++i < MAX_STEPS);
    *n = i;
    return steps;
}
