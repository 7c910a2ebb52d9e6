/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management sockets of a simulated world for a real daemon: unix sockets NAME.sock in
 * a folder, one client at a time, as OpenVPN serves them: what is not read waits in the
 * server's memory without limit and goes out 1 KiB at a time.
 *
 * How long something lay unread is measured from outside: from when it was said until
 * the kernel's queue was seen without it. The last time that it was seen not empty gives the
 * length that is certain, whatever else the machine was busy with.
 */
#ifndef BYWAY_TESTS_SIM_GATE_H
#define BYWAY_TESTS_SIM_GATE_H

#include "tests/sim/world.h"

struct gates;

struct gates_count {
    uint64_t attached; /* connections that were accepted */
    uint64_t bytes;    /* that were read */
    int64_t unread_us; /* the longest that something certainly lay unread since it was said */
    int64_t unread_at_most_us;
    int64_t in_socket_us; /* the same since the socket took it */
    size_t queued;        /* the longest queue, in bytes */
};

/* The folder is there. The program ends where that fails. */
struct gates *gates_new(struct world *world, const char *folder);
void gates_free(struct gates *gates);

/* Lets everybody come, read and write who can, for at most `ms`. */
void gates_turn(struct gates *gates, int ms);

/* Since the last call. */
struct gates_count gates_take_count(struct gates *gates);

/* Servers that somebody is attached to. */
unsigned gates_attached(const struct gates *gates);

int64_t gates_now_us(void);

#endif
