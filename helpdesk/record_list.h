/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions in lists: the columns, and what stands in them. */
#ifndef BYWAY_HELPDESK_RECORD_LIST_H
#define BYWAY_HELPDESK_RECORD_LIST_H

#include "helpdesk/record.h"

#define RECORD_COLUMNS 30

extern const struct output_column record_columns[RECORD_COLUMNS];

void record_values(const struct record *record, int64_t now,
                   struct output_value values[RECORD_COLUMNS]);

#endif
