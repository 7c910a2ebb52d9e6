/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tests/sim/bottle.h"

#include "mgmtd/management_parse.h"
#include "mgmtd/recorder.h"
#include "mgmtd/store.h"
#include "tests/sim/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS      1000
#define CHECKPOINT_MS 30000
#define SPOOL_RECORDS 10000
#define MAX_MEMORY    (64u << 20)
#define BYTES_A_MS    20000 /* how fast OpenVPN writes a long reply */

struct wire {
    struct bottle *bottle;
    struct sim_server *server;
    struct management_parser *parser;
    int number; /* the recorder's */
    bool attached, wants_release;
    int64_t next_try, status_at;
};

struct bottle {
    struct world *world;
    const struct bottle_settings *settings;
    struct log log;
    struct store *store;
    struct recorder *recorder; /* NULL: the daemon does not run */
    struct wire *wires;
    int64_t late_ms;    /* how far its clock is ahead of the world's, within one turn */
    int64_t checkpoint; /* when the next one is due */
    uint64_t lines, garbage;
    struct random random;
};

static void give_up(const char *what)
{
    fprintf(stderr, "sim: %s\n", what);
    exit(2);
}

static struct recorder_time now(const struct bottle *bottle)
{
    int64_t ms = bottle->world->now + bottle->late_ms;

    return (struct recorder_time){.wall_s = ms / 1000,
                                  .boot_ms = ms - bottle->world->settings->boot};
}

/* ── one connection ── */

static void ask(struct wire *wire, const char *command)
{
    wire_input(wire->server, command, strlen(command));
}

static void ask_everything(struct wire *wire)
{
    char text[160];

    snprintf(text, sizeof text, "version\npid\nstate all\nenv-filter 0\nbytecount %d\nstatus 3\n",
             wire->bottle->settings->bytecount_s);
    wire->status_at = wire->bottle->world->now;
    ask(wire, text);
}

static void hear(void *arg, const struct management_event *event)
{
    struct wire *wire = arg;
    struct bottle *bottle = wire->bottle;

    bottle->lines++;
    if (event->kind == MANAGEMENT_GARBAGE)
        bottle->garbage++;
    if (event->kind == MANAGEMENT_GREETING) {
        wire->attached = true;
        recorder_attached(bottle->recorder, wire->number, now(bottle));
        ask_everything(wire);
        return;
    }
    if (event->kind == MANAGEMENT_HOLD)
        wire->wants_release = true;
    if (wire->attached)
        recorder_management(bottle->recorder, wire->number, event, now(bottle));
}

/* In pieces of any size, as sockets do, and a long reply takes its time. */
static void deliver(struct wire *wire)
{
    struct bottle *bottle = wire->bottle;
    const char *bytes;
    size_t n, piece;

    for (;;) {
        bytes = wire_output(wire->server, &n);
        if (n == 0)
            break;
        piece = 1 + (size_t)random_below(&bottle->random, 65536);
        if (piece > n)
            piece = n;
        management_parser_feed(wire->parser, bytes, piece);
        wire_taken(wire->server, piece);
        bottle->late_ms += (int64_t)piece / BYTES_A_MS;
    }
    if (wire->wants_release) {
        wire->wants_release = false;
        ask(wire, "hold release\n");
    }
}

static void attach(struct wire *wire)
{
    management_parser_reset(wire->parser);
    wire_attach(wire->server);
    deliver(wire);
}

static void detach(struct wire *wire, const char *why)
{
    struct bottle *bottle = wire->bottle;

    if (wire->attached && bottle->recorder)
        recorder_detached(bottle->recorder, wire->number, why, now(bottle));
    wire->attached = false;
    wire->wants_release = false;
    wire->next_try = bottle->world->now + RETRY_MS;
    wire_detach(wire->server);
}

static void ask_wishes(struct wire *wire)
{
    struct bottle *bottle = wire->bottle;
    struct recorder_wishes wishes = recorder_wishes(bottle->recorder, wire->number, now(bottle));

    if (wishes.state)
        ask(wire, "state\n");
    if (wishes.status ||
        bottle->world->now - wire->status_at >= bottle->settings->status_s * 1000) {
        wire->status_at = bottle->world->now;
        ask(wire, "status 3\n");
    }
}

static void turn(struct wire *wire)
{
    struct bottle *bottle = wire->bottle;

    if (!wire->server->spec->management)
        return;
    if (wire->attached && !wire->server->attached)
        detach(wire, "the server closed the connection");
    if (!wire->attached && wire->server->process && bottle->world->now >= wire->next_try)
        attach(wire);
    deliver(wire);
    if (wire->attached) {
        ask_wishes(wire);
        deliver(wire);
    }
}

void bottle_cut(struct bottle *bottle, unsigned server, int64_t ms)
{
    detach(&bottle->wires[server], "cut");
    bottle->wires[server].next_try = ms;
}

/* ── the database ── */

static void write_batch(struct bottle *bottle)
{
    struct batch *batch;

    do
        batch = recorder_take_batch(bottle->recorder, now(bottle));
    while (recorder_is_packing(bottle->recorder));
    if (!batch)
        return;
    if (store_write(bottle->store, batch) != STORE_OK)
        give_up("the store did not take a batch");
    recorder_batch_written(bottle->recorder);
    batch_free(batch);
}

static void checkpoint(struct bottle *bottle)
{
    if (bottle->world->now < bottle->checkpoint)
        return;
    bottle->checkpoint = bottle->world->now + CHECKPOINT_MS;
    if (store_checkpoint(bottle->store))
        recorder_synced(bottle->recorder);
}

void bottle_turn(struct bottle *bottle)
{
    if (!bottle->recorder)
        return;
    bottle->late_ms = 0;
    for (unsigned i = 0; i < bottle->world->settings->n_servers; i++)
        turn(&bottle->wires[i]);
    while (recorder_work(bottle->recorder, now(bottle)) ||
           recorder_read_spool(bottle->recorder, SPOOL_RECORDS, now(bottle)))
        write_batch(bottle);
    write_batch(bottle);
    checkpoint(bottle);
}

void bottle_settle(struct bottle *bottle)
{
    for (int i = 0; i < 60; i++) {
        world_advance(bottle->world, bottle->world->now + 1000);
        if (i % 10 == 5)
            for (unsigned s = 0; s < bottle->world->settings->n_servers; s++)
                ask(&bottle->wires[s], "status 3\n");
        bottle_turn(bottle);
    }
}

/* ── the daemon ── */

void bottle_start(struct bottle *bottle)
{
    const struct bottle_settings *settings = bottle->settings;
    const struct recorder_settings of_recorder = {
        .spool_dir = settings->spool_dir, .bucket_s = settings->bucket_s, .max_memory = MAX_MEMORY};

    bottle->late_ms = 0;
    if (store_open(&bottle->store, settings->database, settings->bucket_s, &bottle->log) !=
        STORE_OK)
        give_up("the database cannot be opened");
    bottle->recorder = recorder_new(bottle->store, &of_recorder, &bottle->log, now(bottle));
    if (!bottle->recorder)
        give_up("no recorder");
    for (unsigned i = 0; i < bottle->world->settings->n_servers; i++) {
        struct wire *wire = &bottle->wires[i];

        wire->next_try = bottle->world->now;
        if (wire->server->spec->management)
            wire->number =
                recorder_server_add(bottle->recorder, wire->server->spec->name, now(bottle));
    }
}

static void end(struct bottle *bottle)
{
    recorder_free(bottle->recorder);
    bottle->recorder = NULL;
    store_close(bottle->store);
    bottle->store = NULL;
    for (unsigned i = 0; i < bottle->world->settings->n_servers; i++) {
        bottle->wires[i].attached = false;
        wire_detach(bottle->wires[i].server);
    }
}

void bottle_stop(struct bottle *bottle)
{
    recorder_stop(bottle->recorder, now(bottle));
    write_batch(bottle);
    end(bottle);
}

void bottle_kill(struct bottle *bottle)
{
    end(bottle);
}

bool bottle_runs(const struct bottle *bottle)
{
    return bottle->recorder != NULL;
}

struct bottle *bottle_new(struct world *world, const struct bottle_settings *settings)
{
    struct bottle *bottle = calloc(1, sizeof *bottle);

    if (!bottle)
        give_up("out of memory");
    bottle->world = world;
    bottle->settings = settings;
    bottle->log = (struct log){.sink = settings->verbose ? log_to_stderr : NULL,
                               .max_level = LOG_LEVEL_NOTICE};
    bottle->wires = calloc(world->settings->n_servers, sizeof *bottle->wires);
    for (unsigned i = 0; i < world->settings->n_servers; i++) {
        struct wire *wire = &bottle->wires[i];

        wire->bottle = bottle;
        wire->server = &world->servers[i];
        wire->parser = management_parser_new(hear, wire);
        if (!wire->parser)
            give_up("out of memory");
    }
    return bottle;
}

void bottle_free(struct bottle *bottle)
{
    if (!bottle)
        return;
    if (bottle->recorder)
        end(bottle);
    for (unsigned i = 0; i < bottle->world->settings->n_servers; i++)
        management_parser_free(bottle->wires[i].parser);
    free(bottle->wires);
    free(bottle);
}

size_t bottle_open(const struct bottle *bottle)
{
    return recorder_open(bottle->recorder);
}

size_t bottle_waiting(const struct bottle *bottle)
{
    return recorder_waiting(bottle->recorder);
}

uint64_t bottle_garbage(const struct bottle *bottle)
{
    return bottle->garbage;
}

uint64_t bottle_lines(const struct bottle *bottle)
{
    return bottle->lines;
}
