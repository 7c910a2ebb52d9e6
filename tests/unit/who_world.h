/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A history whose truth is known: servers that restart and die, sessions that take one
 * another's addresses, of both families, clients that move, and a recorder that does not
 * see all of it. The truth is kept here; what was seen of it is written through the daemon's
 * store, as its recorder would: who is there is told of every 10 seconds, who is gone is
 * missed within a minute, or at once where there is a plugin, and nothing is told while
 * nobody watches. A move that is over before anything is told of the client is not made.
 */
#ifndef BYWAY_TESTS_WHO_WORLD_H
#define BYWAY_TESTS_WHO_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "mgmtd/store.h"

#define WORLD_BEGAN        1700000000
#define WORLD_DIED         (WORLD_BEGAN + 20 * 86400) /* the daemon; nothing later is in the database */
#define WORLD_NOW          (WORLD_DIED + 86400)
#define WORLD_NEVER        (WORLD_NOW + INT64_C(100000) * 86400)
#define WORLD_ADDRESS_SIZE 48
#define WORLD_SERVERS      4

/* One address of one session. */
struct world_hold {
    int64_t session; /* the number of its row, too */
    int user, server;
    bool real;
    bool recorded;        /* somebody could see that there was such a session */
    int64_t since, until; /* the truth, both seconds included */
    /* What can be known, at best: it lies between. */
    int64_t possible_since, possible_until;
};

struct world_address {
    char text[WORLD_ADDRESS_SIZE];
    struct world_hold *holds;
    int n, room;
};

/* Nobody could see what went on at a server. */
struct world_blind {
    int server;
    int64_t from, to;
};

struct world {
    struct world_address *addresses;
    int n_addresses, addresses_room;
    struct world_blind *blinds;
    int n_blinds, blinds_room;
    int64_t n_sessions;
};

/* The same for the same seed. Writes what was seen into the store. */
struct world *world_new(uint64_t seed, struct store *store);
void world_free(struct world *world);

/* "" for a user without a name. Returns `text`. */
char *world_user(int user, char text[16]);
const char *world_server(int server);
/* Whether the server has such addresses, or it is a real one, which may come to any. */
bool world_may_give(int server, const char *address);

#endif
