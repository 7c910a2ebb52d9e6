/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything about one session: for `byway show`, as text for people and as data. */
#ifndef BYWAY_HELPDESK_STORY_H
#define BYWAY_HELPDESK_STORY_H

#include "helpdesk/answer.h"
#include "helpdesk/record.h"
#include "lib/arena.h"

/* Another session that may have held an address at the same time. */
struct story_rival {
    int64_t session;
    const char *user, *server;
    int64_t since, until; /* RECORD_NONE: still */
};

/* An address that the session held. */
struct story_address {
    bool is_real;
    int64_t id; /* in the table of addresses */
    const char *text;
    int64_t since;
    int64_t until;         /* at the latest; RECORD_NONE: still */
    int64_t certain_until; /* the last moment it certainly held it; RECORD_NONE: still */
    struct story_rival *rivals;
    size_t n_rivals;
};

/* What went through in one bucket. */
struct story_traffic {
    int64_t bucket, until; /* from its first second up to the next one's */
    int64_t since;         /* the bytes are of since..until: nobody counted in between */
    int64_t upload, download;
};

struct story {
    struct arena *arena;
    struct record record; /* its strings stay until the next record_get() */
    struct story_address *addresses;
    size_t n_addresses, addresses_room;
    struct story_traffic *traffic; /* in order of time; a bucket without bytes is not there */
    size_t n_traffic, traffic_room;
    int64_t bucket_s;
    bool is_watched; /* somebody would have seen the end of an open one */
    int64_t end;     /* of what is known of its traffic */
    int64_t oldest;  /* the first bucket that retention has left; RECORD_NONE: none */
};

/* STATUS_NO: there is no such session; STATUS_ERROR: memory is out. Free it in any case. */
enum status story_read(struct story *story, struct history *history, int64_t id, int64_t now);
void story_free(struct story *story);

/* False if memory is out. */
bool story_text(const struct story *story, const struct answer *answer);
void story_json(const struct story *story, const struct answer *answer);

/* Rows of one shape for everything: a name, a time or two, a text or a number. */
bool story_rows(const struct story *story, const struct answer *answer);
#define STORY_COLUMNS 6
extern const struct output_column story_columns[STORY_COLUMNS];

#endif
