/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who or what sent how much in a time: from sums of whole days and hours where they fit, and
 * from the recorder's buckets at the edges, so that the answer is exact to a bucket and does
 * not read what is summed already. A bucket counts if it begins in the time.
 */
#ifndef BYWAY_HELPDESK_USAGE_H
#define BYWAY_HELPDESK_USAGE_H

#include "helpdesk/history.h"
#include "helpdesk/tally.h"
#include "helpdesk/zone.h"

/* What is added up by, and what the keys of the tally are. */
enum usage_by {
    USAGE_BY_USER,    /* user.id */
    USAGE_BY_PROFILE, /* profile.id; 0: none */
    USAGE_BY_SERVER,  /* server.id */
    USAGE_BY_DAY,     /* when the day or hour of `zone` begins: epoch seconds; */
    USAGE_BY_HOUR,    /* every one between the first and the last with bytes, in order */
};

struct usage {
    enum usage_by by;
    struct zone zone;
    int64_t now;
    int64_t first, last; /* asked for; then what was added up: whole buckets */
    int64_t bucket_s;
    struct tally sums;
};

/* False if memory is out; whether reading failed, history_trouble() says. */
bool usage_add_up(struct usage *usage, struct history *history);

#endif
