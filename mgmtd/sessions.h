/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live table: every session that is open (or just ended), and ways to find it. Pure:
 * it makes no rows and knows no time. Clients choose names and, by coming and going,
 * numbers; so the hash is keyed by chance and nothing here is slower for it.
 */
#ifndef BYWAY_MGMTD_SESSIONS_H
#define BYWAY_MGMTD_SESSIONS_H

#include "mgmtd/batch.h"
#include "mgmtd/counts.h"
#include "mgmtd/chain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_ADDRESS_SIZE 46 /* INET6_ADDRSTRLEN */

enum session_index {
    SESSION_BY_ID,     /* row id */
    SESSION_BY_NUMBER, /* spool file, number in it */
    SESSION_BY_CID,    /* run, client id */
    SESSION_BY_FIRST,  /* server, first packet and port */
    SESSION_BY_VPN4,   /* server, address */
    SESSION_BY_VPN6,
    SESSION_INDEXES
};

struct session_node {
    struct session_node *next; /* of the same slot */
    int64_t place;
    uint64_t key;
    bool in;
};

/* An address this session holds. */
struct session_held {
    enum held_kind kind;
    int64_t since;
    char address[SESSION_ADDRESS_SIZE];
};

/* What management told since a reply to `state` last confirmed the run. */
struct session_heard {
    bool counted[COUNTS_SOURCES];
    struct session_count {
        int64_t from, to, at, boot_ms;
    } counts[COUNTS_SOURCES];
    int64_t seen_at; /* listed or counted; BATCH_NONE: neither */
    bool listed;
    char *real; /* NULL: as before */
    int64_t real_port;
    char *vpn4;
    char *vpn6;
};

struct run;
struct spool_file;

struct session {
    struct session_node nodes[SESSION_INDEXES];
    struct chain_link in_run, in_dirty, in_heard, in_tentative;
    struct run *run;
    struct spool_file *file; /* whose records begin and end it; NULL: management does */

    int64_t id, number, cid;
    int64_t since; /* its first packet */
    int64_t started, ended, gone_by, last_seen;
    int64_t started_boot_ms, ended_boot_ms; /* as the spool says; BATCH_NONE: it does not */
    int64_t final_from, final_to;
    int64_t real_port, fell_back, handshake;
    int64_t real_at; /* when the real address was last confirmed */
    enum end_reason end_reason;
    char *user, *typed, *common_name, *profile, *chosen_by, *program, *platform;
    char *routes; /* versions of those it was given */
    char real[SESSION_ADDRESS_SIZE], vpn4[SESSION_ADDRESS_SIZE], vpn6[SESSION_ADDRESS_SIZE];
    int64_t tentative_boot_ms; /* while in_tentative: since when */
    bool learned4, learned6;   /* the plugin told of that address, who may have lost it since */

    struct session_held *held;
    size_t n_held;
    struct counts counts;
    struct session_heard heard;
    int64_t quiet_since_ms; /* when the count of what came from the client last grew (boot) */
    unsigned quiet_reports;

    uint64_t listed; /* number of the last status that listed it; 0: none */

    /* Of a client that may become a session (run is NULL until then). */
    int64_t candidate_ms; /* since when it is known (boot) */
    bool announced;       /* by >CLIENT:ESTABLISHED */
    bool refused_room;    /* it would be a session if there were memory */

    uint64_t heard_for;    /* the number of the confirmation that `heard` waits for */
    uint64_t dirty_number; /* while in_dirty: of the batch it waits for */
    bool dirty_row, dirty_running;
    bool stored; /* a row of it was handed over */
};

struct sessions;

struct sessions *sessions_new(void);
/* Frees every session in it, too. */
void sessions_free(struct sessions *sessions);

/* A new session with this row id, everything else not known. It is in the table. */
struct session *sessions_add(struct sessions *sessions, int64_t id);
/* Out of every index and freed; the caller has taken it off its lists. */
void sessions_remove(struct sessions *sessions, struct session *session);
size_t sessions_count(const struct sessions *sessions);

/* Makes the session be found under this key (in the place of an earlier one). */
void sessions_index(struct sessions *sessions, struct session *session, enum session_index index,
                    int64_t place, uint64_t key);
void sessions_unindex(struct sessions *sessions, struct session *session, enum session_index index);
/* The first session with this key, and the next with the same; NULL if there is none. */
struct session *sessions_find(const struct sessions *sessions, enum session_index index,
                              int64_t place, uint64_t key);
struct session *sessions_find_next(const struct session *session, enum session_index index);

/* Keys. */
uint64_t sessions_first_key(int64_t since, int64_t port);
uint64_t sessions_address_key(const struct sessions *sessions, const char *address);

/* The address this session holds, NULL if it does not. */
struct session_held *session_holds(const struct session *session, enum held_kind kind,
                                   const char *address);
struct session_held *session_hold(struct session *session, enum held_kind kind, const char *address,
                                  int64_t since);
void session_unhold(struct session *session, struct session_held *held);

/* Forgets what was told and not confirmed. */
void session_heard_nothing(struct session *session);

#endif
