/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the connections (mgmtd/management) and the recorder; keeps nothing of what it hears. */
#include <config.h>

#include "mgmtd/servers.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "mgmtd/clock.h"
#include "mgmtd/management.h"

#define BURST_BYTES 32768 /* read at once: more is on its way */
#define BURST_MS    1     /* without a byte, and it is over */
#define READING_US  50000 /* on the bursts of one turn */
#define WORKING_US  10000 /* on what was read, before the sockets are looked at again */

struct server {
    struct servers *all;
    struct management *connection;
    int number; /* the recorder's */
    bool wanted;
    int64_t status_at; /* when `status 3` was asked last */
    int64_t empty_us;  /* the last moment at which its socket is known to have been empty */
};

struct servers {
    struct recorder *recorder;
    const struct log *log;
    struct recorder_time now; /* of this turn */
    struct server **list;
    struct pollfd *sockets; /* of the list */
    size_t n;
    size_t next; /* whose turn it is: one turn may not come to all */
    unsigned bytecount_interval_s;
    int64_t status_interval_ms;
    int64_t unread_us;
};

/* ── one server ── */

static void on_attached(void *arg)
{
    struct server *server = arg;

    server->status_at = server->all->now.boot_ms; /* it is asked at the beginning */
    recorder_attached(server->all->recorder, server->number, server->all->now);
}

static void on_detached(void *arg, const char *why)
{
    struct server *server = arg;

    recorder_detached(server->all->recorder, server->number, why, server->all->now);
}

static void on_event(void *arg, const struct management_event *event)
{
    struct server *server = arg;

    recorder_management(server->all->recorder, server->number, event, server->all->now);
}

static bool connect_to(struct server *server, const struct config_server *config)
{
    const struct management_owner owner = {server, on_attached, on_detached, on_event};

    server->connection =
        management_new(config, server->all->bytecount_interval_s, &owner, server->all->log);
    return server->connection != NULL;
}

/* The connection ends because of us. */
static void disconnect(struct server *server, const char *why)
{
    if (management_is_attached(server->connection))
        on_detached(server, why);
    management_free(server->connection);
    server->connection = NULL;
}

static const struct config_server *config_of(const struct server *server)
{
    return management_server(server->connection);
}

/* ── the list ── */

struct servers *servers_new(struct recorder *recorder, const struct log *log)
{
    struct servers *servers = calloc(1, sizeof(*servers));

    if (!servers)
        return NULL;
    servers->recorder = recorder;
    servers->log = log;
    return servers;
}

static void free_server(struct server *server)
{
    management_free(server->connection);
    free(server);
}

void servers_free(struct servers *servers)
{
    if (!servers)
        return;
    for (size_t i = 0; i < servers->n; i++)
        free_server(servers->list[i]);
    free(servers->list);
    free(servers->sockets);
    free(servers);
}

static struct server *find(const struct servers *servers, const char *name)
{
    for (size_t i = 0; i < servers->n; i++)
        if (strcmp(config_of(servers->list[i])->name, name) == 0)
            return servers->list[i];
    return NULL;
}

static struct server *make(struct servers *servers, const struct config_server *config)
{
    struct server *server = calloc(1, sizeof(*server));

    if (!server)
        return NULL;
    server->all = servers;
    server->number = -1;
    if (connect_to(server, config))
        server->number = recorder_server_add(servers->recorder, config->name, servers->now);
    if (server->number >= 0)
        return server;
    free_server(server);
    return NULL;
}

static bool add(struct servers *servers, const struct config_server *config)
{
    struct server **list = reallocarray(servers->list, servers->n + 1, sizeof(struct server *));
    struct pollfd *sockets =
        reallocarray(servers->sockets, servers->n + 1, sizeof(*servers->sockets));
    struct server *server;

    servers->list = list ? list : servers->list;
    servers->sockets = sockets ? sockets : servers->sockets;
    if (!list || !sockets)
        return false;
    server = make(servers, config);
    if (!server)
        return false;
    server->wanted = true;
    servers->list[servers->n++] = server;
    return true;
}

/* The same server, elsewhere. */
static bool move(struct server *server, const struct config_server *config)
{
    struct management *old = server->connection;

    if (!connect_to(server, config)) {
        server->connection = old;
        return false;
    }
    if (management_is_attached(old))
        on_detached(server, "its line in the config was changed");
    management_free(old);
    return true;
}

static bool configure_one(struct servers *servers, const struct config_server *config)
{
    struct server *server = find(servers, config->name);

    if (!server)
        return add(servers, config);
    server->wanted = true;
    if (!config_server_equal(config_of(server), config))
        return move(server, config);
    management_set_bytecount(server->connection, servers->bytecount_interval_s,
                             servers->now.boot_ms);
    return true;
}

static void drop_unwanted(struct servers *servers)
{
    size_t kept = 0;

    for (size_t i = 0; i < servers->n; i++) {
        struct server *server = servers->list[i];

        if (server->wanted) {
            servers->list[kept++] = server;
            continue;
        }
        disconnect(server, "it is no longer in the config");
        recorder_server_remove(servers->recorder, server->number, servers->now);
        free(server);
    }
    servers->n = kept;
}

bool servers_configure(struct servers *servers, const struct config *config)
{
    bool ok = true;

    servers->now = clock_now();
    servers->bytecount_interval_s = config->bytecount_interval_s;
    servers->status_interval_ms = (int64_t)config->status_interval_s * 1000;
    for (size_t i = 0; i < servers->n; i++)
        servers->list[i]->wanted = false;
    for (size_t i = 0; i < config->n_servers; i++)
        ok = configure_one(servers, &config->servers[i]) && ok;
    drop_unwanted(servers);
    return ok;
}

size_t servers_count(const struct servers *servers)
{
    return servers->n;
}

size_t servers_attached(const struct servers *servers)
{
    size_t n = 0;

    for (size_t i = 0; i < servers->n; i++)
        n += management_is_attached(servers->list[i]->connection);
    return n;
}

uint64_t servers_garbage(const struct servers *servers)
{
    uint64_t n = 0;

    for (size_t i = 0; i < servers->n; i++)
        n += management_garbage(servers->list[i]->connection);
    return n;
}

/* ── turns ── */

int64_t servers_due_ms(const struct servers *servers)
{
    int64_t due = INT64_MAX;

    for (size_t i = 0; i < servers->n; i++) {
        int64_t one = management_due_ms(servers->list[i]->connection);

        due = one < due ? one : due;
    }
    return due;
}

void servers_poll(const struct servers *servers, struct curl_waitfd *fds)
{
    for (size_t i = 0; i < servers->n; i++) {
        const struct management *m = servers->list[i]->connection;

        fds[i].fd = management_fd(m); /* poll(2) passes over -1 */
        fds[i].events = (short)((management_wants_read(m) ? CURL_WAIT_POLLIN : 0) |
                                (management_wants_write(m) ? CURL_WAIT_POLLOUT : 0));
        fds[i].revents = 0;
    }
}

static void ask_one(struct server *server)
{
    struct servers *servers = server->all;
    struct recorder_wishes wishes =
        recorder_wishes(servers->recorder, server->number, servers->now);
    int64_t now = servers->now.boot_ms;

    if (!management_is_attached(server->connection))
        return;
    if (wishes.state)
        management_ask_state(server->connection, now);
    if ((wishes.status || now - server->status_at >= servers->status_interval_ms) &&
        management_ask_status(server->connection, now))
        server->status_at = now;
}

/* The bytes that wait came at the earliest when the socket was last known to be empty. */
static void note_unread(struct server *server, int64_t polled_us, bool waited)
{
    int64_t since = waited || server->empty_us == 0 ? polled_us : server->empty_us;
    int64_t unread = clock_us() - since;

    if (unread > server->all->unread_us)
        server->all->unread_us = unread;
}

static size_t read_one(struct server *server, bool readable, int64_t polled_us, bool waited)
{
    if (!management_wants_read(server->connection))
        return 0;
    if (readable)
        note_unread(server, polled_us, waited);
    server->empty_us = readable ? clock_us() : polled_us;
    return readable ? management_read(server->connection) : 0;
}

/* Of all servers that have something within a moment; the bytes. */
static size_t read_again(struct servers *servers)
{
    size_t bytes = 0;
    int64_t now_us;

    for (size_t i = 0; i < servers->n; i++) {
        const struct management *m = servers->list[i]->connection;

        servers->sockets[i] = (struct pollfd){
            .fd = management_wants_read(m) ? management_fd(m) : -1, .events = POLLIN};
    }
    if (poll(servers->sockets, servers->n, BURST_MS) <= 0)
        return 0;
    now_us = clock_us();
    for (size_t i = 0; i < servers->n; i++)
        bytes += read_one(servers->list[i], servers->sockets[i].revents != 0, now_us, false);
    return bytes;
}

/*
 * A reply of many megabytes comes as fast as it is read: it is read first, and worked on in the
 * turns that follow.
 */
static void read_all(struct servers *servers, const struct curl_waitfd *fds, int64_t polled_us,
                     bool waited)
{
    bool burst = false;

    for (size_t i = 0; i < servers->n; i++)
        if (read_one(servers->list[i], (fds[i].revents & CURL_WAIT_POLLIN) != 0, polled_us,
                     waited) >= BURST_BYTES)
            burst = true;
    while (burst && clock_us() < polled_us + READING_US)
        burst = read_again(servers) > 0;
}

static void turn(struct server *server, short revents)
{
    if (revents == 0 && management_due_ms(server->connection) > server->all->now.boot_ms)
        return;
    if (management_turn(server->connection, (revents & CURL_WAIT_POLLOUT) != 0,
                        server->all->now.boot_ms))
        ask_one(server);
}

void servers_turn(struct servers *servers, const struct curl_waitfd *fds, int64_t polled_us,
                  bool waited)
{
    int64_t until_us;

    read_all(servers, fds, polled_us, waited);
    servers->now = clock_now();
    until_us = clock_us() + WORKING_US;
    for (size_t i = 0; i < servers->n && clock_us() < until_us; i++) {
        servers->next = (servers->next + 1) % servers->n;
        turn(servers->list[servers->next], fds[servers->next].revents);
    }
}

void servers_ask(struct servers *servers)
{
    servers->now = clock_now();
    for (size_t i = 0; i < servers->n; i++)
        ask_one(servers->list[i]);
}

int64_t servers_longest_unread_us(const struct servers *servers)
{
    return servers->unread_us;
}
