/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tests/sim/gate.h"

#include "tests/sim/wire.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 1024 /* what OpenVPN writes at once (manage.c, man_write) */
#define BURST 4096 /* chunks in one turn, so that all servers get theirs */

/* Something that has not been seen to be read yet. */
struct stamp {
    uint64_t until; /* a number of bytes, of all on this connection */
    int64_t at_us;
};

struct stamps {
    struct stamp *ring;
    size_t first, n, room;
};

struct gate {
    struct sim_server *server;
    char path[108];
    int listener, client; /* -1: none */
    uint64_t said_before; /* by the server, before this connection */
    uint64_t sent;        /* into this connection's socket */
    struct stamps of_said, of_sent;
    int64_t looked_us; /* when it was last looked at */
};

struct gates {
    struct world *world;
    struct gate *list;
    unsigned n;
    struct gates_count count;
};

int64_t gates_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void give_up(const char *what)
{
    perror(what);
    exit(2);
}

/* ── stamps ── */

static void grow(struct stamps *stamps)
{
    size_t room = stamps->room > 0 ? stamps->room * 2 : 256;
    struct stamp *ring = calloc(room, sizeof *ring);

    if (!ring)
        give_up("gate");
    for (size_t i = 0; i < stamps->n; i++)
        ring[i] = stamps->ring[(stamps->first + i) % stamps->room];
    free(stamps->ring);
    stamps->ring = ring;
    stamps->first = 0;
    stamps->room = room;
}

/* What came since the last stamp came now. */
static void stamp(struct stamps *stamps, uint64_t until, int64_t now_us)
{
    const struct stamp *last =
        stamps->n > 0 ? &stamps->ring[(stamps->first + stamps->n - 1) % stamps->room] : NULL;

    if (last ? last->until == until : until == 0)
        return;
    if (stamps->n == stamps->room)
        grow(stamps);
    stamps->ring[(stamps->first + stamps->n++) % stamps->room] = (struct stamp){until, now_us};
}

/* Takes out what has been read by now; when the oldest of it came, `none_us` if nothing was. */
static int64_t read_until(struct stamps *stamps, uint64_t read, int64_t none_us)
{
    int64_t oldest_us = none_us;

    for (; stamps->n > 0 && stamps->ring[stamps->first].until <= read; stamps->n--) {
        if (stamps->ring[stamps->first].at_us < oldest_us)
            oldest_us = stamps->ring[stamps->first].at_us;
        stamps->first = (stamps->first + 1) % stamps->room;
    }
    return oldest_us;
}

static uint64_t said(const struct gate *gate)
{
    return gate->server->out.said - gate->said_before;
}

static void note_longest(int64_t *longest, int64_t us)
{
    if (us > *longest)
        *longest = us;
}

/* The kernel counts memory, which is never less than the bytes. */
static void look(struct gates *gates, struct gate *gate)
{
    int64_t now_us = gates_now_us(), oldest_us;
    size_t waiting;
    int queued = 0;

    if (ioctl(gate->client, SIOCOUTQ, &queued) != 0)
        queued = 0;
    wire_output(gate->server, &waiting);
    if (waiting + (size_t)queued > gates->count.queued)
        gates->count.queued = waiting + (size_t)queued;
    waiting += (size_t)queued;
    oldest_us = read_until(&gate->of_said, said(gate) > waiting ? said(gate) - waiting : 0, now_us);
    note_longest(&gates->count.unread_us, gate->looked_us - oldest_us);
    note_longest(&gates->count.unread_at_most_us, now_us - oldest_us);
    oldest_us = read_until(
        &gate->of_sent, gate->sent > (uint64_t)queued ? gate->sent - (uint64_t)queued : 0, now_us);
    note_longest(&gates->count.in_socket_us, gate->looked_us - oldest_us);
    gate->looked_us = now_us;
}

/* ── one gate ── */

static void hang_up(struct gate *gate)
{
    if (gate->client >= 0)
        close(gate->client);
    gate->client = -1;
    gate->of_said.n = gate->of_sent.n = 0;
    wire_detach(gate->server);
}

static void close_gate(struct gate *gate)
{
    hang_up(gate);
    if (gate->listener >= 0) {
        close(gate->listener);
        unlink(gate->path);
    }
    gate->listener = -1;
}

static void open_gate(struct gate *gate)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    gate->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    memcpy(address.sun_path, gate->path, sizeof gate->path);
    unlink(gate->path);
    if (gate->listener < 0 ||
        bind(gate->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(gate->listener, 1) != 0)
        give_up(gate->path);
}

static void let_in(struct gates *gates, struct gate *gate)
{
    gate->client = accept4(gate->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (gate->client < 0)
        return;
    gates->count.attached++;
    gate->said_before = gate->server->out.said;
    gate->sent = 0;
    gate->looked_us = gates_now_us();
    wire_attach(gate->server);
}

static void hear(struct gate *gate)
{
    char bytes[4096];
    ssize_t n = read(gate->client, bytes, sizeof bytes);

    if (n > 0)
        wire_input(gate->server, bytes, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        hang_up(gate);
}

static void speak(struct gates *gates, struct gate *gate)
{
    const char *bytes;
    ssize_t n = 1;
    size_t left;

    for (int i = 0; i < BURST && n > 0; i++) {
        bytes = wire_output(gate->server, &left);
        if (left == 0)
            return;
        n = send(gate->client, bytes, left < CHUNK ? left : CHUNK, MSG_NOSIGNAL);
        if (n > 0) {
            wire_taken(gate->server, (size_t)n);
            gates->count.bytes += (uint64_t)n;
            gate->sent += (uint64_t)n;
            stamp(&gate->of_sent, gate->sent, gates_now_us());
        }
    }
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        hang_up(gate);
}

/* ── all of them ── */

static void turn(struct gates *gates, struct gate *gate, const struct pollfd *ready)
{
    if (!gate->server->spec->management)
        return;
    if (gate->listener >= 0 && !gate->server->process)
        close_gate(gate);
    else if (gate->listener < 0 && gate->server->process)
        open_gate(gate);
    if (gate->client < 0 && gate->listener >= 0)
        let_in(gates, gate);
    else if (gate->client >= 0 && ready->fd == gate->client &&
             (ready->revents & (POLLIN | POLLHUP | POLLERR)))
        hear(gate);
    if (gate->client < 0)
        return;
    stamp(&gate->of_said, said(gate), gates_now_us());
    speak(gates, gate);
    if (gate->client < 0)
        return;
    look(gates, gate);
}

void gates_turn(struct gates *gates, int ms)
{
    struct pollfd fds[64];

    for (unsigned i = 0; i < gates->n; i++) {
        const struct gate *gate = &gates->list[i];
        size_t left;

        wire_output(gate->server, &left);
        fds[i].fd = gate->client >= 0 ? gate->client : gate->listener;
        fds[i].events = POLLIN;
        fds[i].revents = 0;
        if (gate->client >= 0 && left > 0)
            fds[i].events |= POLLOUT;
    }
    poll(fds, gates->n, ms);
    for (unsigned i = 0; i < gates->n; i++)
        turn(gates, &gates->list[i], &fds[i]);
}

struct gates_count gates_take_count(struct gates *gates)
{
    struct gates_count count = gates->count;

    memset(&gates->count, 0, sizeof gates->count);
    return count;
}

unsigned gates_attached(const struct gates *gates)
{
    unsigned n = 0;

    for (unsigned i = 0; i < gates->n; i++)
        n += gates->list[i].client >= 0;
    return n;
}

struct gates *gates_new(struct world *world, const char *folder)
{
    struct gates *gates = calloc(1, sizeof *gates);

    if (!gates || world->settings->n_servers > 64)
        give_up("gates");
    gates->world = world;
    gates->n = world->settings->n_servers;
    gates->list = calloc(gates->n, sizeof *gates->list);
    if (!gates->list)
        give_up("gates");
    for (unsigned i = 0; i < gates->n; i++) {
        struct gate *gate = &gates->list[i];

        gate->server = &world->servers[i];
        gate->listener = gate->client = -1;
        if (snprintf(gate->path, sizeof gate->path, "%s/%s.sock", folder,
                     gate->server->spec->name) >= (int)sizeof gate->path)
            give_up("the folder's name is too long");
    }
    return gates;
}

void gates_free(struct gates *gates)
{
    if (!gates)
        return;
    for (unsigned i = 0; i < gates->n; i++) {
        close_gate(&gates->list[i]);
        free(gates->list[i].of_said.ring);
        free(gates->list[i].of_sent.ring);
    }
    free(gates->list);
    free(gates);
}
