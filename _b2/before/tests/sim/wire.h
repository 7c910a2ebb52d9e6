/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management protocol as OpenVPN's server writes it: src/openvpn/manage.c, and
 * multi.c (multi_print_status), 2.6.14 and 2.7. What nobody listens to is not written;
 * what nobody reads stays in server->out, without limit, as in OpenVPN.
 */
#ifndef BYWAY_TESTS_SIM_WIRE_H
#define BYWAY_TESTS_SIM_WIRE_H

#include "tests/sim/world.h"

/* Somebody connected to its socket, or left. */
void wire_attach(struct sim_server *server);
void wire_detach(struct sim_server *server);

/* Bytes from who listens. */
void wire_input(struct sim_server *server, const char *bytes, size_t n);

/* What waits to be read; wire_taken() says how much of it was. */
const char *wire_output(const struct sim_server *server, size_t *n);
void wire_taken(struct sim_server *server, size_t n);

/* ── what the server tells ── */

void wire_hold(struct sim_server *server);
void wire_established(struct sim_server *server, struct sim_peer *peer);
void wire_bytecount(struct sim_server *server, struct sim_peer *peer);
/* A state of the server: told to nobody, but remembered for `state`. */
void wire_state(struct sim_server *server, const char *state, const char *detail);

#endif
