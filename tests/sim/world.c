/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tests/sim/world.h"

#include "tests/sim/server.h"
#include "tests/sim/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

const struct sim_tempo sim_tempo_day = {
    .session = 100 * MINUTE,
    .away = 40 * MINUTE,
    .handshake = SECOND,
    .retry = 20 * SECOND,
    .silence = 2 * MINUTE,
    .refused_stay = 5 * SECOND,
    .move = 90 * MINUTE,
    .restart = 5 * HOUR,
    .down = SECOND,
    .percent_refused = 4,
    .percent_refused_late = 2,
    .percent_unfinished = 2,
    .percent_timeout = 25,
    .percent_vanished = 2,
    .percent_comes_back = 50,
};

const struct sim_tempo sim_tempo_rush = {
    .session = SECOND,
    .away = 300,
    .handshake = 30,
    .retry = 200,
    .silence = 700,
    .refused_stay = 300,
    .move = 1500,
    .restart = 5 * SECOND,
    .down = 300,
    .percent_refused = 5,
    .percent_refused_late = 3,
    .percent_unfinished = 3,
    .percent_timeout = 25,
    .percent_vanished = 5,
    .percent_comes_back = 50,
};

static void *needed(void *p)
{
    if (!p) {
        fprintf(stderr, "sim: out of memory\n");
        exit(2);
    }
    return p;
}

/* ── timers ── */

int64_t world_wait(struct world *world, int64_t mean)
{
    return random_wait(&world->random, mean);
}

int64_t sim_slow(const struct sim_server *server, int64_t ms)
{
    return server->spec->slow > 1 ? ms * server->spec->slow : ms;
}

void world_wake(struct world *world, enum timer_kind kind, uint32_t id, int64_t ms)
{
    uint32_t generation = 0;

    if (kind == TIMER_PEER)
        generation = world->peers[id]->generation;
    else if (kind == TIMER_SERVER)
        generation = ++world->servers[id].generation; /* one at a time */
    timers_set(&world->timers, (struct timer){ms, kind, id, generation});
}

/* ── peers ── */

struct sim_peer *world_new_peer(struct world *world, uint32_t client)
{
    uint32_t number = world->free_peer;
    struct sim_peer *peer;

    if (number == SIM_NONE) {
        number = world->n_peers++;
        if (number == world->peers_room) {
            world->peers_room = world->peers_room > 0 ? world->peers_room * 2 : 256;
            world->peers = needed(realloc(world->peers, world->peers_room * sizeof(*world->peers)));
        }
        world->peers[number] = needed(calloc(1, sizeof *peer));
        peer = world->peers[number];
    } else {
        peer = world->peers[number];
        world->free_peer = peer->next_of_user;
    }
    *peer = (struct sim_peer){.number = number, .generation = peer->generation + 1};
    peer->client = client;
    peer->user = world->clients[client].user;
    peer->session = peer->pool = SIM_NONE;
    peer->next_of_user = world->peers_of_user[peer->user];
    world->peers_of_user[peer->user] = number;
    world->clients[client].peer = number;
    return peer;
}

void world_free_peer(struct world *world, struct sim_peer *peer, int64_t comes_again)
{
    uint32_t *link = &world->peers_of_user[peer->user];

    while (*link != peer->number)
        link = &world->peers[*link]->next_of_user;
    *link = peer->next_of_user;
    if (!peer->orphan && world->clients[peer->client].peer == peer->number) {
        world->clients[peer->client].peer = SIM_NONE;
        world_wake(world, TIMER_CLIENT, peer->client, world->now + comes_again);
    }
    peer->generation++;
    peer->next_of_user = world->free_peer;
    world->free_peer = peer->number;
}

char *sim_typed_text(const struct sim_peer *peer, char text[SIM_NAME_SIZE])
{
    sim_user_text(peer->user, text);
    if (peer->suffix) {
        strcat(text, "+");
        strcat(text, sim_profile_text(peer->profile));
    }
    return text;
}

char *sim_common_name_text(const struct sim_server *server, const struct sim_peer *peer,
                           char text[SIM_NAME_SIZE])
{
    if (!server->spec->certificates)
        return sim_typed_text(peer, text);
    sim_user_text(peer->user, text);
    return strcat(text, peer->client % 2 ? " phone" : " laptop");
}

/* ── clients ── */

static struct sim_address somewhere(struct world *world, const struct sim_server *server)
{
    bool six = !server->spec->no_ipv6 && random_percent(&world->random, 30);
    /* Behind one address often are several. */
    uint32_t n = (uint32_t)random_below(&world->random, world->settings->clients / 2 + 1);

    return (struct sim_address){six ? SIM_REAL6 : SIM_REAL4, n & 0x1ffff};
}

static uint16_t some_port(struct world *world)
{
    return (uint16_t)(1024 + random_below(&world->random, 60000));
}

static struct sim_server *choose_server(struct world *world, const struct sim_client *client)
{
    if (random_percent(&world->random, 90))
        return &world->servers[client->home];
    return &world->servers[random_below(&world->random, world->settings->n_servers)];
}

static void client_wake(struct world *world, uint32_t id)
{
    const struct sim_tempo *tempo = world->settings->tempo;
    struct sim_client *client = &world->clients[id];
    struct sim_server *server = choose_server(world, client);
    struct sim_peer *peer;

    if (client->peer != SIM_NONE)
        return;
    if (!server->up) {
        world_wake(world, TIMER_CLIENT, id, world->now + world_wait(world, tempo->retry));
        return;
    }
    peer = server_meet(server, id, somewhere(world, server), some_port(world));
    world_wake(world, TIMER_PEER, peer->number, world->now + world_wait(world, tempo->handshake));
}

/* ── the life of a peer ── */

static void plan(struct world *world, struct sim_peer *peer)
{
    const struct sim_tempo *tempo = world->settings->tempo;
    const struct sim_server *server = &world->servers[peer->server];
    unsigned fate = (unsigned)random_below(&world->random, 100);

    peer->ends = world->now + world_wait(world, sim_slow(server, tempo->session));
    peer->moves = world->now + world_wait(world, sim_slow(server, tempo->move));
    peer->silent = SIM_NEVER;
    peer->how = SIM_QUIT;
    if (fate < tempo->percent_timeout) {
        peer->how = SIM_TIMEOUT;
        peer->silent = peer->ends;
        peer->ends += sim_slow(server, tempo->silence);
    } else if (fate < tempo->percent_timeout + tempo->percent_vanished) {
        peer->how = SIM_VANISHED;
    }
}

/* The next of what is planned for it. */
static void await_next(struct world *world, const struct sim_peer *peer)
{
    int64_t next = peer->ends;

    if (peer->silent != SIM_NEVER && peer->silent < next)
        next = peer->silent;
    if (peer->moves < next)
        next = peer->moves;
    world_wake(world, TIMER_PEER, peer->number, next);
}

/* Its first packets were exchanged: what becomes of it. */
static void decide(struct world *world, struct sim_server *server, struct sim_peer *peer)
{
    const struct sim_tempo *tempo = world->settings->tempo;
    unsigned fate = (unsigned)random_below(&world->random, 100);

    if (fate < tempo->percent_refused) {
        server_refuse(server, peer, false);
    } else if ((fate -= tempo->percent_refused) < tempo->percent_refused_late) {
        server_refuse(server, peer, true);
        world_wake(world, TIMER_PEER, peer->number, world->now + tempo->refused_stay);
    } else if ((fate -= tempo->percent_refused_late) < tempo->percent_unfinished) {
        /* Never heard of again: OpenVPN waits for a while, and it counts as a client. */
        peer->state = PEER_REFUSED;
        world_wake(world, TIMER_PEER, peer->number, world->now + tempo->silence);
    } else {
        server_establish(server, peer);
        plan(world, peer);
        await_next(world, peer);
    }
}

/* The client is not there any more; where it comes back first, OpenVPN still believes in it. */
static void fall_silent(struct world *world, struct sim_peer *peer)
{
    const struct sim_tempo *tempo = world->settings->tempo;

    peer->silent = SIM_NEVER;
    peer->moves = INT64_MAX;
    world->ledger.sessions[peer->session].traffic.silent_ms = world->now;
    if (random_percent(&world->random, tempo->percent_comes_back)) {
        peer->orphan = true;
        world->clients[peer->client].peer = SIM_NONE;
        world_wake(world, TIMER_CLIENT, peer->client,
                   world->now + world_wait(world, tempo->silence / 4));
    }
}

static void peer_wake(struct world *world, struct sim_peer *peer)
{
    const struct sim_tempo *tempo = world->settings->tempo;
    struct sim_server *server = &world->servers[peer->server];

    if (peer->state == PEER_UNKNOWN) {
        decide(world, server, peer);
    } else if (peer->state == PEER_REFUSED || world->now >= peer->ends) {
        server_drop(server, peer, peer->how, world_wait(world, tempo->away));
    } else {
        if (peer->silent != SIM_NEVER && world->now >= peer->silent) {
            fall_silent(world, peer);
        } else if (world->now >= peer->moves) {
            server_move(server, peer, somewhere(world, server), some_port(world));
            peer->moves = world->now + world_wait(world, sim_slow(server, tempo->move));
        }
        await_next(world, peer);
    }
}

/* ── time ── */

static void happen(struct world *world, const struct timer *timer)
{
    struct sim_server *server;

    if (timer->kind == TIMER_SERVER) {
        server = &world->servers[timer->id];
        if (server->generation == timer->generation && (world->quiet == SIM_NEVER || !server->up))
            server_wake(server);
    } else if (world->quiet != SIM_NEVER) {
        return;
    } else if (timer->kind == TIMER_CLIENT) {
        client_wake(world, timer->id);
    } else if (world->peers[timer->id]->generation == timer->generation) {
        peer_wake(world, world->peers[timer->id]);
    }
}

static void happen_until(struct world *world, int64_t ms)
{
    struct timer timer;

    while (timers_take(&world->timers, ms, &timer)) {
        if (timer.ms > world->now)
            world->now = timer.ms;
        happen(world, &timer);
    }
    if (ms > world->now)
        world->now = ms;
}

void world_advance(struct world *world, int64_t ms)
{
    while (world->next_second <= ms) {
        happen_until(world, world->next_second);
        for (unsigned i = 0; i < world->settings->n_servers; i++)
            server_tick(&world->servers[i]);
        world->next_second += SECOND;
    }
    happen_until(world, ms);
}

void world_quiet(struct world *world)
{
    world->quiet = world->now;
}

struct traffic_count world_count(struct world *world, uint32_t session)
{
    struct sim_session *s = &world->ledger.sessions[session];
    int64_t ms = world->quiet != SIM_NEVER ? world->quiet : world->now;

    return s->end != SIM_OPEN ? s->bytes : traffic_at(&s->traffic, ms);
}

/* ── beginning and end ── */

static uint32_t choose_home(struct world *world)
{
    const struct sim_settings *settings = world->settings;
    uint64_t total = 0, n;
    uint32_t i = 0;

    for (unsigned s = 0; s < settings->n_servers; s++)
        total += settings->servers[s].weight;
    n = random_below(&world->random, total);
    while (n >= settings->servers[i].weight)
        n -= settings->servers[i++].weight;
    return i;
}

static void people(struct world *world)
{
    const struct sim_settings *settings = world->settings;

    world->clients = needed(calloc(settings->clients + 1, sizeof *world->clients));
    world->n_users = settings->clients / 4 * 3 + 1; /* every third has two devices */
    world->peers_of_user = needed(calloc(world->n_users, sizeof *world->peers_of_user));
    for (uint32_t i = 0; i < world->n_users; i++)
        world->peers_of_user[i] = SIM_NONE;
    for (uint32_t i = 0; i < settings->clients; i++) {
        world->clients[i] = (struct sim_client){
            .user = i % world->n_users, .peer = SIM_NONE, .last_pool = SIM_NONE};
        world->clients[i].home =
            i < world->n_users ? choose_home(world) : world->clients[i - world->n_users].home;
        world_wake(world, TIMER_CLIENT, i, world->now + world_wait(world, settings->tempo->away));
    }
}

struct world *world_new(const struct sim_settings *settings)
{
    struct world *world = needed(calloc(1, sizeof *world));

    world->settings = settings;
    world->random.state = random_mix(settings->seed, 0);
    world->now = settings->begin;
    world->next_second = (settings->begin / SECOND + 1) * SECOND;
    world->quiet = SIM_NEVER;
    world->free_peer = SIM_NONE;
    world->last_pid = 1000;
    world->servers = needed(calloc(settings->n_servers, sizeof *world->servers));
    for (uint32_t i = 0; i < settings->n_servers; i++)
        server_set_up(world, i);
    people(world);
    for (uint32_t i = 0; i < settings->n_servers; i++)
        server_start(&world->servers[i]);
    return world;
}

void world_free(struct world *world)
{
    if (!world)
        return;
    for (uint32_t i = 0; i < world->settings->n_servers; i++)
        server_tear_down(&world->servers[i]);
    for (uint32_t i = 0; i < world->n_peers; i++)
        free(world->peers[i]);
    free(world->servers);
    free(world->peers);
    free(world->clients);
    free(world->peers_of_user);
    timers_free(&world->timers);
    ledger_free(&world->ledger);
    free(world);
}
