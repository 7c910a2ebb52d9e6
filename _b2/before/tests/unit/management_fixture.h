/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection (mgmtd/management) and the other end of its socket, which a test plays. The
 * sockets are real, the clock is not.
 */
#ifndef BYWAY_TESTS_MANAGEMENT_FIXTURE_H
#define BYWAY_TESTS_MANAGEMENT_FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mgmtd/management.h"

#define GREETING ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n"

/* What was asked after the greeting. */
#define FIRST_COMMANDS "version\npid\nstate all\nenv-filter 0\nbytecount 10\nstatus 3\n"

/* What answers FIRST_COMMANDS. */
#define FIRST_REPLIES                                                         \
    "OpenVPN Version: OpenVPN 2.6.14\r\nManagement Version: 5\r\nEND\r\n"     \
    "SUCCESS: pid=77\r\n1700000000,CONNECTED,SUCCESS,10.8.0.1,,,,\r\nEND\r\n" \
    "SUCCESS: env_filter_level=0\r\nSUCCESS: bytecount interval changed\r\n"  \
    "TITLE\tOpenVPN 2.6.14\r\nTIME\t2023-11-14 22:13:20\t1700000000\r\nEND\r\n"

extern struct management *connection;
extern struct config_server server; /* the socket of the fixture; the test may change it */
extern int64_t now_ms;

extern char told[65536]; /* what the owner was told: "attached", "detached: WHY", names of events */
extern char logged[65536]; /* "LEVEL TEXT\n" */

void assert_logged(const char *part);
size_t count(const char *text, const char *part); /* how often */

/* A test case with a fixture: a folder with a listening socket, no connection yet. */
TCase *management_case(const char *name);
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
