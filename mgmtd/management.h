/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection to one OpenVPN management socket, kept up for ever: it connects, gives the
 * password, waits for the greeting, asks for everything once, reads whatever comes, and
 * begins again after a while when it ends. Never waits, and never stops reading: OpenVPN
 * keeps what is not read in its own memory, without bound. Reading and working on what was
 * read are two things, since a big reply is read in much less time than it takes to record
 * it. Only who is MANAGEMENT_KEPT_BYTES behind (the status of 200,000 clients) reads no more.
 *
 * OpenVPN serves one management client at a time. A second one can connect, but gets no
 * greeting until the first has left.
 *
 * Time comes from outside: milliseconds of a clock that cannot be set.
 */
#ifndef BYWAY_MGMTD_MANAGEMENT_H
#define BYWAY_MGMTD_MANAGEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/log.h"
#include "mgmtd/config.h"
#include "mgmtd/management_parse.h"

#define MANAGEMENT_CONNECT_MS  10000      /* until a TCP connection must stand */
#define MANAGEMENT_GREETING_MS 10000      /* until the greeting must have come */
#define MANAGEMENT_REPLY_MS    60000      /* without a word of the reply that is due */
#define MANAGEMENT_TURN_BYTES  65536      /* are worked on in one turn at most: some milliseconds */
#define MANAGEMENT_KEPT_BYTES  (64 << 20) /* read and not worked on yet, at most */

struct management;

/* Whom it tells; it must not be freed in these calls. */
struct management_owner {
    void *arg;
    void (*attached)(void *arg);                                    /* it greeted */
    void (*detached)(void *arg, const char *why);                   /* after it had greeted */
    void (*event)(void *arg, const struct management_event *event); /* between these two */
};

/*
 * Copies `server`; `log` must outlive it. It connects in its first turn. NULL when memory is
 * out.
 */
struct management *management_new(const struct config_server *server, unsigned bytecount_interval_s,
                                  const struct management_owner *owner, const struct log *log);
/* Closes the connection without telling the owner. NULL is harmless. */
void management_free(struct management *m);

/* What to poll for: the descriptor (-1: none now), and whether it is to become writable. */
int management_fd(const struct management *m);
bool management_wants_read(const struct management *m);
bool management_wants_write(const struct management *m);
/* When it wants a turn even if nothing happens; INT64_MAX: never. */
int64_t management_due_ms(const struct management *m);

/* Reads what there is; the bytes. Nobody is told anything by this: what it found, the next turn
 * works on. */
size_t management_read(struct management *m);

/* Does what can be done now. True if it worked on something that was read. */
bool management_turn(struct management *m, bool writable, int64_t now_ms);

bool management_is_attached(const struct management *m);
const struct config_server *management_server(const struct management *m); /* as it was given */

/*
 * Asks `state` or `status 3`. Does nothing where it is not attached, or where the last such
 * question is not answered yet. True if it was asked.
 */
bool management_ask_state(struct management *m, int64_t now_ms);
bool management_ask_status(struct management *m, int64_t now_ms);

/* The interval of running counts, from now on. */
void management_set_bytecount(struct management *m, unsigned interval_s, int64_t now_ms);

/* Lines of this connection that could not be read. */
uint64_t management_garbage(const struct management *m);

#endif
