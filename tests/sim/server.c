/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tests/sim/server.h"

#include "tests/sim/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POOL (1u << SIM_POOL_BITS)

static void *needed(void *p)
{
    if (!p) {
        fprintf(stderr, "sim: out of memory\n");
        exit(2);
    }
    return p;
}

static int64_t seconds(int64_t ms)
{
    return ms / 1000;
}

static struct sim_session *session_of(const struct sim_server *server, const struct sim_peer *peer)
{
    return &server->world->ledger.sessions[peer->session];
}

/* ── the pool ── as OpenVPN's: one's last address if it is free, else the one free for longest */

static void push_release(struct sim_pool *pool, uint32_t number)
{
    uint32_t kept = 0;

    if (pool->first + pool->n == pool->room) {
        for (uint32_t i = pool->first; i < pool->first + pool->n; i++)
            if (pool->freed[pool->queue[i].number] == pool->queue[i].release)
                pool->queue[kept++] = pool->queue[i];
        pool->first = 0;
        pool->n = kept;
    }
    pool->freed[number] = ++pool->releases;
    pool->queue[pool->first + pool->n++] = (struct sim_release){number, pool->releases};
}

static void fill_pool(struct sim_server *server)
{
    struct sim_pool *pool = &server->pool;

    pool->size = server->world->settings->clients + 16;
    if (pool->size >= POOL)
        pool->size = POOL - 1;
    pool->room = 4 * pool->size;
    pool->freed = needed(calloc(pool->size + 1, sizeof *pool->freed));
    pool->queue = needed(calloc(pool->room, sizeof *pool->queue));
    for (uint32_t number = 1; number <= pool->size; number++)
        push_release(pool, number);
}

static uint32_t lease_number(struct sim_pool *pool, uint32_t liked)
{
    uint32_t number = liked;

    if (liked == SIM_NONE || pool->freed[liked] == 0) {
        while (pool->freed[pool->queue[pool->first].number] != pool->queue[pool->first].release) {
            pool->first++;
            pool->n--;
        }
        number = pool->queue[pool->first].number;
    }
    pool->freed[number] = 0;
    return number;
}

static void lease(struct sim_server *server, struct sim_peer *peer)
{
    const struct sim_server_spec *spec = server->spec;
    struct sim_client *client = &server->world->clients[peer->client];

    peer->pool = lease_number(&server->pool,
                              client->last_server == server->id ? client->last_pool : SIM_NONE);
    client->last_pool = peer->pool;
    client->last_server = server->id;
    peer->vpn4 = (struct sim_address){SIM_VPN4, server->id << SIM_POOL_BITS | peer->pool};
    if (spec->fixed && peer->user % 8 == 0)
        peer->vpn4 = (struct sim_address){SIM_FIXED4, server->id << 18 | peer->client};
    if (!spec->no_ipv6)
        peer->vpn6 = (struct sim_address){SIM_VPN6, server->id << SIM_POOL_BITS | peer->pool};
}

/* ── the spool ── */

static void record(struct sim_server *server, struct spool_record *record)
{
    const struct sim_settings *settings = server->world->settings;

    if (!server->spool)
        return;
    record->at = seconds(server->world->now);
    record->boot_ms = server->world->now - settings->boot;
    if (!spool_writer_append(server->spool, record)) {
        fprintf(stderr, "sim: a spool record could not be written: %s\n", strerror(errno));
        exit(2);
    }
}

static void open_spool(struct sim_server *server)
{
    struct spool_record first = spool_record_make(SPOOL_SERVER);

    first.daemon = server->spec->daemon;
    first.pid = server->pid;
    first.start = server->daemon_start;
    first.plugin = "0.1.0";
    first.at = seconds(server->world->now);
    first.boot_ms = server->world->now - server->world->settings->boot;
    server->spool = spool_writer_open(server->world->settings->spool_dir, &first);
    if (!server->spool) {
        fprintf(stderr, "sim: no spool: %s\n", strerror(errno));
        exit(2);
    }
    server->last_number = 0;
}

static void record_address(struct sim_server *server, uint32_t number, struct sim_address address)
{
    struct spool_record r = spool_record_make(SPOOL_ADDRESS);
    char text[SIM_ADDRESS_SIZE];

    if (address.space == SIM_NOWHERE)
        return;
    r.session = number;
    r.address = sim_address_text(address, text);
    r.change = number % 3 ? "update" : "add"; /* after an address's last holder, or anew */
    record(server, &r);
}

static void record_connected(struct sim_server *server, const struct sim_peer *peer)
{
    static const char *const by[SIM_PROFILES] = {"default", "user-default", "menu"};
    struct spool_record r = spool_record_make(SPOOL_CONNECTED);
    char user[SIM_NAME_SIZE], typed[SIM_NAME_SIZE], cn[SIM_NAME_SIZE], token[32];
    char real[SIM_ADDRESS_SIZE], vpn4[SIM_ADDRESS_SIZE], vpn6[SIM_ADDRESS_SIZE];
    struct sim_address pool = {SIM_VPN4, server->id << SIM_POOL_BITS | peer->pool};

    r.session = session_of(server, peer)->number;
    r.since = seconds(peer->created);
    r.user = sim_user_text(peer->user, user);
    r.typed = sim_typed_text(peer, typed);
    r.cn = sim_common_name_text(server, peer, cn);
    r.profile = sim_profile_text(peer->profile);
    r.by = peer->suffix ? "username-suffix" : by[peer->profile];
    r.real = sim_address_text(peer->real, real);
    r.port = peer->port;
    r.vpn4 = sim_address_text(pool, vpn4); /* an address of its own comes later */
    if (peer->vpn6.space != SIM_NOWHERE)
        r.vpn6 = sim_address_text(peer->vpn6, vpn6);
    r.client = "2.6.14";
    r.platform = peer->client % 3 ? "linux" : "win";
    snprintf(token, sizeof token, "token%u", peer->client);
    r.token = token;
    record(server, &r);
    record_address(server, session_of(server, peer)->number, peer->vpn4);
    record_address(server, session_of(server, peer)->number, peer->vpn6);
}

static void record_disconnected(struct sim_server *server, const struct sim_peer *peer)
{
    struct spool_record r = spool_record_make(SPOOL_DISCONNECTED);
    const struct sim_session *session = session_of(server, peer);
    char real[SIM_ADDRESS_SIZE];

    r.session = session->number;
    r.from_client = (int64_t)session->bytes.from_client;
    r.to_client = (int64_t)session->bytes.to_client;
    r.duration = seconds(server->world->now) - seconds(peer->created);
    r.real = sim_address_text(peer->real, real);
    r.port = peer->port;
    record(server, &r);
}

static void record_vanished(struct sim_server *server, const struct sim_peer *peer)
{
    struct spool_record r = spool_record_make(SPOOL_VANISHED);

    r.session = session_of(server, peer)->number;
    record(server, &r);
}

/* ── peers ── */

struct sim_peer *server_meet(struct sim_server *server, uint32_t client, struct sim_address real,
                             uint16_t port)
{
    struct sim_peer *peer = world_new_peer(server->world, client);

    if (server->n_peers == server->peers_room) {
        server->peers_room = server->peers_room > 0 ? server->peers_room * 2 : 256;
        server->peers = needed(realloc(server->peers, server->peers_room * sizeof(*server->peers)));
    }
    peer->server = server->id;
    peer->place = server->n_peers;
    server->peers[server->n_peers++] = peer;
    peer->cid = server->next_cid++;
    peer->created = server->world->now;
    peer->real = real;
    peer->port = port;
    return peer;
}

static uint32_t new_session(struct sim_server *server, const struct sim_peer *peer)
{
    struct world *world = server->world;
    uint32_t number = ledger_add_session(&world->ledger);
    struct sim_session *session = &world->ledger.sessions[number];

    session->user = peer->user;
    session->run = server->run;
    session->number = server->spool ? ++server->last_number : 0;
    session->cid = peer->cid;
    session->suffix = peer->suffix;
    session->profile = peer->profile & 7;
    session->end = SIM_OPEN;
    session->port = peer->port;
    session->real = peer->real;
    session->vpn4 = peer->vpn4;
    session->vpn6 = peer->vpn6;
    session->last_move = SIM_NONE;
    session->created = peer->created;
    session->began = world->now;
    session->ended = session->announced = session->listed = session->told_at = SIM_NEVER;
    session->taken = SIM_NEVER;
    traffic_begin(&session->traffic, random_next(&world->random), world->now);
    return number;
}

static bool same_name(const struct sim_server *server, const struct sim_peer *a,
                      const struct sim_peer *b)
{
    char name_of_a[SIM_NAME_SIZE], name_of_b[SIM_NAME_SIZE];

    return strcmp(sim_common_name_text(server, a, name_of_a),
                  sim_common_name_text(server, b, name_of_b)) == 0;
}

/* OpenVPN without duplicate-cn: one client of a name at a time. */
static void end_namesake(struct sim_server *server, const struct sim_peer *peer)
{
    struct world *world = server->world;
    uint32_t next = world->peers_of_user[peer->user];

    while (next != SIM_NONE) {
        struct sim_peer *other = world->peers[next];

        next = other->next_of_user;
        if (other != peer && other->server == server->id && other->state == PEER_ON &&
            same_name(server, other, peer))
            server_drop(server, other, SIM_REPLACED,
                        world_wait(world, world->settings->tempo->away));
    }
}

/* An address of one's own goes to whoever of that user came last. */
static void take_address(struct sim_server *server, const struct sim_peer *peer)
{
    struct world *world = server->world;

    for (uint32_t n = world->peers_of_user[peer->user]; n != SIM_NONE;
         n = world->peers[n]->next_of_user) {
        const struct sim_peer *other = world->peers[n];
        struct sim_session *session;

        if (other == peer || other->session == SIM_NONE ||
            !sim_address_equal(other->vpn4, peer->vpn4))
            continue;
        session = session_of(server, other);
        if (session->taken == SIM_NEVER)
            session->taken = world->now;
    }
}

void server_establish(struct sim_server *server, struct sim_peer *peer)
{
    struct world *world = server->world;

    if (server->spool) {
        peer->suffix = random_percent(&world->random, 20);
        peer->profile = (uint8_t)random_below(&world->random, SIM_PROFILES);
    }
    if (!server->spec->duplicate_cn)
        end_namesake(server, peer);
    peer->state = PEER_ON;
    peer->authenticated = true;
    lease(server, peer);
    take_address(server, peer);
    server->n_established++;
    peer->session = new_session(server, peer);
    if (server->spool)
        record_connected(server, peer);
    wire_established(server, peer);
}

void server_refuse(struct sim_server *server, struct sim_peer *peer, bool late)
{
    struct world *world = server->world;
    struct spool_record r = spool_record_make(SPOOL_REFUSED);
    char user[SIM_NAME_SIZE], cn[SIM_NAME_SIZE], real[SIM_ADDRESS_SIZE];
    struct sim_refusal *refusal;
    uint32_t number;

    if (server->spool) {
        number = ledger_add_refusal(&world->ledger);
        refusal = &world->ledger.refusals[number];
        refusal->server = (uint16_t)server->id;
        refusal->at = world->now;
        refusal->user = peer->user;
        refusal->real = peer->real;
        refusal->port = peer->port;
        r.user = r.typed = sim_user_text(peer->user, user);
        r.cn = sim_common_name_text(server, peer, cn);
        r.wanted = "ful";
        r.reason = "There is no tunnel profile \"ful\". You may choose: campus, library.";
        r.real = sim_address_text(peer->real, real);
        r.port = peer->port;
        record(server, &r);
    }
    peer->state = PEER_REFUSED;
    peer->authenticated = late;
    if (late)
        wire_established(server, peer);
    else
        server_drop(server, peer, SIM_QUIT, world_wait(world, world->settings->tempo->away));
}

void server_move(struct sim_server *server, struct sim_peer *peer, struct sim_address real,
                 uint16_t port)
{
    struct ledger *ledger = &server->world->ledger;
    uint32_t number = ledger_add_move(ledger);
    struct sim_session *session = session_of(server, peer);

    ledger->moves[number] = (struct sim_move){.session = peer->session,
                                              .before = session->last_move,
                                              .at = server->world->now,
                                              .real = real,
                                              .port = port};
    session->last_move = number;
    peer->real = real;
    peer->port = port;
}

static void end_session(struct sim_server *server, struct sim_peer *peer, enum sim_end how)
{
    struct sim_session *session = session_of(server, peer);

    session->bytes = world_count(server->world, peer->session);
    session->end = how & 15;
    session->ended = server->world->now;
    server->n_established--;
    if (server->spool && how == SIM_VANISHED)
        record_vanished(server, peer);
    else if (server->spool && how != SIM_KILLED)
        record_disconnected(server, peer);
}

void server_drop(struct sim_server *server, struct sim_peer *peer, enum sim_end how,
                 int64_t comes_again)
{
    if (peer->state == PEER_ON)
        end_session(server, peer, how);
    if (peer->pool != SIM_NONE)
        push_release(&server->pool, peer->pool);
    server->peers[peer->place] = server->peers[--server->n_peers];
    server->peers[peer->place]->place = peer->place;
    world_free_peer(server->world, peer, comes_again);
}

/* ── lives ── */

static void begin_run(struct sim_server *server)
{
    struct ledger *ledger = &server->world->ledger;
    const struct sim_tempo *tempo = server->world->settings->tempo;
    struct sim_run *run;

    server->run = ledger_add_run(ledger);
    run = &ledger->runs[server->run];
    run->server = (uint16_t)server->id;
    run->pid = server->pid;
    run->daemon_start = server->daemon_start;
    run->began = server->world->now;
    run->ended = SIM_NEVER;
    if (server->spool)
        snprintf(run->spool, sizeof run->spool, "%s", spool_writer_name(server->spool));
    server->next_cid = 0;
    server->up = true;
    server->waiting = false;
    wire_state(server, "ASSIGN_IP", "");
    wire_state(server, "CONNECTED", "SUCCESS");
    /* A restart in the second of the one before would be the same run to everybody. */
    world_wake(server->world, TIMER_SERVER, server->id,
               server->world->now + 1000 +
                   world_wait(server->world, sim_slow(server, tempo->restart)));
}

/* What happens at every (re)start until clients may come. */
static void come_up(struct sim_server *server)
{
    if (!server->spec->hold) {
        begin_run(server);
        return;
    }
    server->waiting = true;
    wire_hold(server);
}

void server_release(struct sim_server *server)
{
    if (server->waiting && server->process)
        begin_run(server);
}

void server_start(struct sim_server *server)
{
    server->process = true;
    server->pid = server->world->last_pid++;
    server->daemon_start = seconds(server->world->now);
    server->n_past = 0;
    if (server->spec->daemon)
        open_spool(server);
    come_up(server);
}

static bool ends_process(enum sim_end how)
{
    return how == SIM_STOP || how == SIM_KILLED;
}

void server_end(struct sim_server *server, enum sim_end how)
{
    static const char *const signals[SIM_ENDS] = {
        [SIM_RESTART] = "SIGUSR1", [SIM_RELOAD] = "SIGHUP"};
    struct world *world = server->world;
    const struct sim_tempo *tempo = world->settings->tempo;

    while (server->n_peers > 0)
        server_drop(server, server->peers[server->n_peers - 1], how,
                    world_wait(world, tempo->retry));
    if (server->up) {
        world->ledger.runs[server->run].ended = world->now;
        world->ledger.runs[server->run].end = how;
    }
    server->up = false;
    server->restart = how;
    if (signals[how])
        wire_state(server, "RECONNECTING", signals[how]);
    if (how != SIM_RESTART) {
        spool_writer_close(server->spool);
        server->spool = NULL;
    }
    if (ends_process(how)) {
        server->process = false;
        wire_detach(server);
    }
    world_wake(world, TIMER_SERVER, server->id, world->now + 1000 + world_wait(world, tempo->down));
}

void server_wake(struct sim_server *server)
{
    static const enum sim_end ways[] = {SIM_RESTART, SIM_RESTART, SIM_RELOAD, SIM_STOP, SIM_KILLED};

    if (server->waiting)
        return;
    if (server->up) {
        server_end(server, ways[random_below(&server->world->random, sizeof ways / sizeof *ways)]);
    } else if (!server->process) {
        server_start(server);
    } else {
        if (server->restart == SIM_RELOAD) {
            server->daemon_start = seconds(server->world->now);
            if (server->spec->daemon)
                open_spool(server);
        }
        come_up(server);
    }
}

void server_tick(struct sim_server *server)
{
    int64_t now = seconds(server->world->now);

    if (!server->up || !server->attached || server->bytecount_s <= 0)
        return;
    for (uint32_t i = 0; i < server->n_peers; i++) {
        struct sim_peer *peer = server->peers[i];

        if (peer->session != SIM_NONE && now >= peer->counted_s + server->bytecount_s)
            wire_bytecount(server, peer);
    }
}

void server_set_up(struct world *world, uint32_t id)
{
    struct sim_server *server = &world->servers[id];

    server->world = world;
    server->id = id;
    server->spec = &world->settings->servers[id];
    server->blind = SIM_NONE;
    fill_pool(server);
    if (server->spec->management) {
        server->blind = ledger_add_blind(&world->ledger);
        world->ledger.blinds[server->blind] =
            (struct sim_blind){(uint16_t)id, world->now, SIM_NEVER};
    }
}

void server_tear_down(struct sim_server *server)
{
    spool_writer_close(server->spool);
    free(server->pool.freed);
    free(server->pool.queue);
    free(server->peers);
    free(server->out.bytes);
}
