/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who had this address, and are we sure? Everybody who held an address at some moment of a
 * window of time, and what speaks against the answer: ends that nobody saw, others in the
 * same window, times when nobody recorded. One person is named as certain only if nobody
 * else was possible.
 */
#ifndef BYWAY_HELPDESK_WHO_H
#define BYWAY_HELPDESK_WHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helpdesk/history.h"

#define WHO_NONE INT64_MIN /* a time or a number that is not known; an end that has not come */

struct who_question {
    const char *address;     /* in canonical form (options_address()) */
    int64_t asked, asked_to; /* the moment that was named, its first and its last second */
    int64_t from, to;        /* the window around it, both seconds included */
    const char *server;      /* NULL: any */
    bool real_only;          /* do not look among the VPN addresses */
    int64_t now;
};

/* What speaks against a candidate. */
enum who_doubt {
    WHO_UNSEEN = 1,    /* held it for certain only before: the end was not seen */
    WHO_MOVED = 2,     /* a real address that it had before or after a move nobody saw */
    WHO_SHARED = 4,    /* another person held it, or may have */
    WHO_UNWATCHED = 8, /* nobody recorded in a part of the window: another may have held it */
    WHO_NAMELESS = 16, /* it has no name */
};

enum who_at { WHO_AT_NO, WHO_AT_MAYBE, WHO_AT_YES };

/* Bytes, WHO_NONE where they are not known, of from..until. */
struct who_bytes {
    int64_t upload, download;
    int64_t from, until;
};

/* One session that held the address, or may have. */
struct who_candidate {
    bool is_real; /* it is its real address, not one of the VPN */
    int64_t session;
    int64_t since, until;                 /* the address, at the longest; WHO_NONE: still */
    int64_t certain_since, certain_until; /* the address, for certain */
    const char *user, *typed, *profile, *chosen_by; /* NULL: not known; typed: as user */
    bool fell_back;                                 /* another profile was wanted and refused */
    int64_t server_id;
    const char *server;
    int64_t started, ended, gone_by; /* of the session; WHO_NONE: open */
    const char *end_reason;
    int64_t last_seen;
    const char *real; /* the last that it had in the window */
    int64_t real_port;
    const char *vpn4, *vpn6;
    const char *program, *platform;
    struct who_bytes in_window, in_all;
    unsigned doubts;     /* enum who_doubt */
    enum who_at at_time; /* did it hold it at the named moment itself? */
};

/* When something may be missing. */
enum who_gap_kind {
    /* as in the table gap_kind */
    WHO_GAP_NOT_WATCHED = 1,
    WHO_GAP_SPOOL_LOST,
    WHO_GAP_SPOOL_DAMAGED,
    WHO_GAP_OVERLOAD,
    WHO_GAP_CLOCK,
    /* found out by who_ask() */
    WHO_GAP_STOPPED, /* the daemon does not run */
    WHO_GAP_DELETED, /* retention has deleted what was there */
    WHO_GAP_BEFORE,  /* the server was not on record yet */
};

struct who_gap {
    enum who_gap_kind kind;
    int64_t server_id; /* WHO_NONE: every one */
    const char *server;
    int64_t began, ended; /* WHO_NONE: always; lasts */
    int64_t count;
    const char *reason;
};

enum who_verdict {
    WHO_NOBODY,   /* nobody held it */
    WHO_UNKNOWN,  /* nobody is known to have held it, but something may be missing */
    WHO_CERTAIN,  /* one person did, and nobody else can have */
    WHO_POSSIBLE, /* one person is known that did or may have, but it may be another one */
    WHO_SEVERAL,  /* several people did, or may have */
};

struct who_answer {
    struct arena *arena;
    struct who_candidate *candidates; /* in the order in which they began to hold it */
    size_t n, room;
    struct who_gap *gaps; /* that matter to the window */
    size_t n_gaps, gaps_room;
    size_t people; /* among the candidates */
    enum who_verdict verdict;
};

/*
 * False if the database could not be read (history_trouble() has it) or memory is out (it
 * says HISTORY_FINE then). Free the answer in any case.
 */
bool who_ask(struct history *history, const struct who_question *question,
             struct who_answer *answer);
void who_free(struct who_answer *answer);

/* Within who_ask(): fills in the doubts and the verdict. Pure. */
void who_judge(const struct who_question *question, struct who_answer *answer);

/* True if it is certain that the candidate held the address in the window. */
bool who_held(const struct who_question *question, const struct who_candidate *candidate);

/* Two candidates that are one person. */
bool who_same_person(const struct who_candidate *a, const struct who_candidate *b);

#endif
