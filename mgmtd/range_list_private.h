/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two readers of range lists share; private to mgmtd/range_list*.c. */
#ifndef BYWAY_MGMTD_RANGE_LIST_PRIVATE_H
#define BYWAY_MGMTD_RANGE_LIST_PRIVATE_H

#include "mgmtd/range_list.h"

struct range_reader {
    const struct policy_condition *where;
    size_t n_where;
    range_list_take *take;
    void *arg;
    size_t n_read;
    bool out_of_memory;
};

/* Takes a word, if it is one prefix or more. False if it is none, or memory is out. */
bool range_take_word(struct range_reader *reader, const char *text, size_t n);

void range_take(struct range_reader *reader, const struct prefix *prefix,
                enum prefix_status status);

/* `text` is JSON, or begins as if it were. */
enum range_list_result range_read_json(struct range_reader *reader, const char *text, size_t n);

#endif
