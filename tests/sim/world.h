/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A simulated world of OpenVPN servers and people who come and go. It writes real spool
 * files (lib/spool) where a server has the plugin, speaks the management protocol as
 * OpenVPN does (wire.h), and keeps a ledger of what really happened. One seed, one story;
 * time passes only when world_advance() says so.
 */
#ifndef BYWAY_TESTS_SIM_WORLD_H
#define BYWAY_TESTS_SIM_WORLD_H

#include "lib/spool.h"

#include "tests/sim/ledger.h"
#include "tests/sim/random.h"
#include "tests/sim/timers.h"

/* ── what it is made of ── */

struct sim_server_spec {
    const char *name;   /* in mgmtd's config */
    const char *daemon; /* of its spool files; NULL: no plugin */
    unsigned weight;    /* its share of the people */
    unsigned slow;      /* everything takes so many times as long there; 0: as everywhere */
    bool management;    /* it has a management socket */
    bool v2_7;          /* speaks as OpenVPN 2.7 */
    bool certificates;  /* common names are those of devices, not the names as typed */
    bool duplicate_cn;
    bool hold;  /* waits for `hold release` at every start */
    bool fixed; /* some users have an address of their own, another than the pool's */
    bool no_ipv6;
};

/* Means of random times in milliseconds, and percentages. */
struct sim_tempo {
    int64_t session, away, handshake, retry;
    int64_t silence;      /* from the last sign of life to the timeout */
    int64_t refused_stay; /* who was refused at connect is still listed for that long */
    int64_t move, restart, down;
    unsigned percent_refused, percent_refused_late, percent_unfinished;
    unsigned percent_timeout, percent_vanished, percent_comes_back; /* of a session's ends */
};
extern const struct sim_tempo sim_tempo_day;  /* as people are */
extern const struct sim_tempo sim_tempo_rush; /* sessions of a second, for kills */

struct sim_settings {
    uint64_t seed;
    const struct sim_server_spec *servers;
    unsigned n_servers;
    const struct sim_tempo *tempo;
    unsigned clients;
    int64_t begin; /* epoch milliseconds */
    int spool_dir; /* open directory; -1 where no server has the plugin */
    int64_t boot;  /* epoch milliseconds of CLOCK_BOOTTIME's zero */
};

/* ── the living ── */

enum peer_state { PEER_UNKNOWN, PEER_REFUSED, PEER_ON };

/* One of a server's client instances, as OpenVPN calls them. */
struct sim_peer {
    uint32_t number, generation;
    uint32_t place; /* in the server's list */
    uint32_t server, client, user;
    uint32_t next_of_user;
    uint32_t session; /* of the ledger, or SIM_NONE */
    uint64_t cid;
    enum peer_state state;
    bool authenticated, suffix;
    bool orphan; /* its client has gone on without it */
    uint8_t profile;
    uint16_t port;
    struct sim_address real, vpn4, vpn6;
    uint32_t pool; /* the number of its pool address, or SIM_NONE */
    int64_t created, counted_s;
    int64_t ends, silent, moves; /* what is to come */
    enum sim_end how;
};

struct sim_server {
    struct world *world;
    const struct sim_server_spec *spec;
    uint32_t id, generation;
    bool up, waiting; /* waiting: for `hold release` */
    uint32_t run;     /* of the ledger */
    int32_t pid;
    int64_t daemon_start;
    uint64_t next_cid;
    uint32_t last_number;
    struct spool_writer *spool;
    struct sim_peer **peers;
    uint32_t n_peers, peers_room, n_established;
    struct sim_pool {
        uint32_t size;
        uint32_t *freed; /* of each number: which release it was; 0: it is leased */
        struct sim_release {
            uint32_t number, release;
        } * queue; /* the oldest first; overtaken ones are passed over */
        uint32_t first, n, room, releases;
    } pool;
    enum sim_end restart; /* the one under way */
    /* management; see wire.h */
    bool process, attached; /* process: it runs and would answer */
    uint32_t blind;         /* of the ledger, while nobody listens */
    int64_t bytecount_s;
    struct sim_output {
        char *bytes;
        size_t begin, end, room;
        uint64_t said; /* bytes, ever */
    } out;
    char in[1024];
    size_t in_n;
    struct sim_past {
        int64_t at;
        char text[80];
    } past[32]; /* what `state all` tells */
    unsigned n_past;
};

struct sim_client {
    uint32_t user, home, peer, logins;
    uint32_t last_pool; /* the address that it gets again if it is free, or SIM_NONE */
    uint32_t last_server;
};

struct world {
    const struct sim_settings *settings;
    struct random random;
    int64_t now;
    int64_t next_second;
    int64_t quiet; /* since then nobody comes, goes or moves, and no byte flows; or SIM_NEVER */
    struct timers timers;
    struct sim_server *servers;
    struct sim_client *clients;
    struct sim_peer **peers;                 /* by number */
    uint32_t n_peers, peers_room, free_peer; /* free ones hang on next_of_user */
    uint32_t *peers_of_user;
    uint32_t n_users;
    int32_t last_pid;
    struct ledger ledger;
};

/* `settings` must live as long. The program ends where memory is out. */
struct world *world_new(const struct sim_settings *settings);
void world_free(struct world *world);

/* Lets everything happen that happens until `ms` of its clock. */
void world_advance(struct world *world, int64_t ms);

/* From now on nothing happens but what management asks for, and counters stand still. */
void world_quiet(struct world *world);

/* The counters of a session now (or when it ended). */
struct traffic_count world_count(struct world *world, uint32_t session);

/* ── for the parts of the world ── */

enum timer_kind { TIMER_SERVER, TIMER_PEER, TIMER_CLIENT };

struct sim_peer *world_new_peer(struct world *world, uint32_t client);
/* Takes it out of its user's list, too. The client that it still is of comes again. */
void world_free_peer(struct world *world, struct sim_peer *peer, int64_t comes_again);
void world_wake(struct world *world, enum timer_kind kind, uint32_t id, int64_t ms);
/* The milliseconds until something that happens that often. */
int64_t world_wait(struct world *world, int64_t mean);
/* So long it takes at that server. */
int64_t sim_slow(const struct sim_server *server, int64_t ms);

/* Its user name as typed, and its common name. Return `text`. */
char *sim_typed_text(const struct sim_peer *peer, char text[SIM_NAME_SIZE]);
char *sim_common_name_text(const struct sim_server *server, const struct sim_peer *peer,
                           char text[SIM_NAME_SIZE]);

#endif
