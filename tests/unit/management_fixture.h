/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection (mgmtd/management) and the other end of its socket, which a test plays. The
 * sockets are real, the clock is not.
 */
#ifndef BYWAY_TESTS_MANAGEMENT_FIXTURE_H
#define BYWAY_TESTS_MANAGEMENT_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "mgmtd/management.h"

#define GREETING ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n"

/* What was asked after the greeting. */
#define FIRST_COMMANDS "version\npid\nstate all\nenv-filter 0\nbytecount 10\nstatus 3\n"

extern struct management *connection;
extern struct config_server server; /* the socket of the fixture; the test may change it */
extern int64_t now_ms;

extern char told[65536]; /* what the owner was told: "attached", "detached: WHY", names of events */
extern char logged[65536]; /* "LEVEL TEXT\n" */

/* Fixtures of Check: a folder with a listening socket, no connection yet. */
void management_set_up(void);
void management_tear_down(void);
const char *in_folder(const char *name); /* valid until the next call but one */
void listen_again(void);
void stop_listening(void);
uint16_t listen_tcp(const char *address); /* instead; the port */
void write_text(const char *name, const char *text);

/* The connection that the fixture's server makes. */
void begin(void);
/* Turns, with the clock standing still, until nothing more happens. */
void turns(void);
void pass(int64_t ms); /* lets time pass, and turns */

/* The other end. */
int accept_one(void);
void say(int fd, const char *text);
const char *heard(int fd); /* what has arrived since the last time */
bool hears_end(int fd);    /* nothing more will */
int greet(void);           /* begin(), accept_one(), the greeting; what was asked is heard */

#endif
