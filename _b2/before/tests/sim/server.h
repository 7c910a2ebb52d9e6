/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One simulated OpenVPN server: its lives, its peers, its pool, its spool. */
#ifndef BYWAY_TESTS_SIM_SERVER_H
#define BYWAY_TESTS_SIM_SERVER_H

#include "tests/sim/world.h"

void server_set_up(struct world *world, uint32_t id);
void server_tear_down(struct sim_server *server);

/* The process begins: spool, and (once nobody has to release it) a run. */
void server_start(struct sim_server *server);
void server_release(struct sim_server *server);
/* Ends the run and what goes with it. Peers end as `how`; it comes back by itself. */
void server_end(struct sim_server *server, enum sim_end how);
/* Its timer: comes back, or goes. */
void server_wake(struct sim_server *server);
/* Once a second: byte counts. */
void server_tick(struct sim_server *server);

/* ── peers ── */

/* A first packet from somebody. */
struct sim_peer *server_meet(struct sim_server *server, uint32_t client, struct sim_address real,
                             uint16_t port);
/* Authenticated and connected; ends the one of the same name. */
void server_establish(struct sim_server *server, struct sim_peer *peer);
/* Not let in: at once, or `late`, by what the plugin does at connect. */
void server_refuse(struct sim_server *server, struct sim_peer *peer, bool late);
void server_move(struct sim_server *server, struct sim_peer *peer, struct sim_address real,
                 uint16_t port);
/* Ends and frees it; its client, if any, comes again after that long. */
void server_drop(struct sim_server *server, struct sim_peer *peer, enum sim_end how,
                 int64_t comes_again);

#endif
