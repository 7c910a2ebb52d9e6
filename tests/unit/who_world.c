/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tests/unit/who_world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/random.h"
#include "tests/unit/store_fixture.h"

#define POOL   14 /* addresses of a pool: few, so that they pass from hand to hand */
#define USERS  30
#define REPORT 10 /* seconds between what management tells of a client that is there */
#define STATUS 60 /* and of one that is not */
#define MOVES  2
#define BLINDS 60 /* of one server, at most */
#define MINUTE 60
#define HOUR   3600
#define DAY    86400
#define NOBODY 0 /* the user without a name */

static const struct kind {
    const char *name;
    int pool;    /* of two servers with one pool, the same address is two people's */
    bool plugin; /* ends are seen when they come; otherwise by the next status */
} kinds[WORLD_SERVERS] = {
    {"campus", 1, true},
    {"annex", 2, false},
    {"library", 1, false},
    {"labs", 3, true},
};

/* One session, the truth and what was seen of it. */
struct life {
    int64_t id, run;
    int user, server, address;
    bool dual;
    int64_t began, ended;       /* the truth; WORLD_NEVER: goes on */
    bool recorded, end_seen;    /* in the database; with its end */
    int64_t last_seen, gone_by; /* WORLD_NEVER: open */
    int n_moves;
    int64_t moved[MOVES]; /* the truth */
    int64_t moved_after[MOVES], moved_by[MOVES];
    int real[MOVES + 1];
};

struct making {
    struct world *world;
    struct store *store;
    struct random random;
    struct batch *batch;
    int64_t run;
    struct life *lives;
    int n_lives, lives_room;
};

const char *world_server(int server)
{
    return kinds[server].name;
}

bool world_may_give(int server, const char *address)
{
    char ipv4[WORLD_ADDRESS_SIZE], ipv6[WORLD_ADDRESS_SIZE];

    snprintf(ipv4, sizeof(ipv4), "10.%d.0.", kinds[server].pool);
    snprintf(ipv6, sizeof(ipv6), "2001:db8:%d::", kinds[server].pool);
    return strncmp(address, ipv4, strlen(ipv4)) == 0 || strncmp(address, ipv6, strlen(ipv6)) == 0 ||
           (strncmp(address, "10.", 3) != 0 && !strchr(address, ':'));
}

char *world_user(int user, char text[16])
{
    snprintf(text, 16, user == NOBODY ? "" : "u%d", user);
    return text;
}

static int64_t between(struct making *making, int64_t from, int64_t to)
{
    return from + (int64_t)random_below(&making->random, (uint64_t)(to - from + 1));
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

#define GROW(items, n, room)                                               \
    do {                                                                   \
        if ((n) == (room)) {                                               \
            (room) = (room) > 0 ? (room)*2 : 16;                           \
            (items) = realloc((items), (size_t)(room) * sizeof(*(items))); \
            ck_assert_ptr_nonnull(items);                                  \
        }                                                                  \
    } while (0)

/* ── addresses ── */

static void pool_text(int pool, int n, bool ipv6, char text[WORLD_ADDRESS_SIZE])
{
    snprintf(text, WORLD_ADDRESS_SIZE, ipv6 ? "2001:db8:%d::%x" : "10.%d.0.%d", pool, n + 16);
}

/* Some people share one with others: a flat, a company. */
static void real_text(int real, char text[WORLD_ADDRESS_SIZE])
{
    snprintf(text, WORLD_ADDRESS_SIZE, "203.0.113.%d", real + 1);
}

static struct world_address *address_of(struct world *world, const char *text)
{
    for (int i = 0; i < world->n_addresses; i++)
        if (strcmp(world->addresses[i].text, text) == 0)
            return &world->addresses[i];
    GROW(world->addresses, world->n_addresses, world->addresses_room);
    world->addresses[world->n_addresses] = (struct world_address){.holds = NULL};
    strcpy(world->addresses[world->n_addresses].text, text);
    return &world->addresses[world->n_addresses++];
}

static void add_hold(struct world *world, const char *text, const struct world_hold *hold)
{
    struct world_address *address = address_of(world, text);

    GROW(address->holds, address->n, address->room);
    address->holds[address->n++] = *hold;
}

/* ── what is seen ── */

static const struct world_blind *blind_at(const struct world *world, int server, int64_t at)
{
    for (int i = 0; i < world->n_blinds; i++) {
        const struct world_blind *blind = &world->blinds[i];

        if (blind->server == server && at >= blind->from && at <= blind->to)
            return blind;
    }
    return NULL;
}

/* When a client that is there at `at` was last told of; never before `began`. */
static int64_t seen_before(const struct world *world, int server, int64_t began, int64_t at)
{
    const struct world_blind *blind = NULL;

    at -= at % REPORT;
    while ((blind = blind_at(world, server, at)) != NULL)
        at = (blind->from - 1) - (blind->from - 1) % REPORT;
    return most(began, at);
}

/* When it is noticed that a client has gone, or moved. */
static int64_t noticed_after(const struct world *world, int server, int64_t at, int64_t step)
{
    const struct world_blind *blind = NULL;

    at += step - at % step;
    while ((blind = blind_at(world, server, at)) != NULL)
        at = blind->to + 1 + step - (blind->to + 1) % step;
    return at;
}

/* ── rows ── */

static void write_now(struct making *making)
{
    making->batch->alive_at = WORLD_DIED;
    write_batch(making->batch);
    making->batch = batch_new();
    ck_assert_ptr_nonnull(making->batch);
}

static void put_held(struct making *making, const struct life *life, enum held_kind kind,
                     const char *address, int64_t since, int64_t until, bool before_end)
{
    struct held_row row = {.kind = kind,
                           .before_end = before_end,
                           .session = life->id,
                           .since = since,
                           .until = until == WORLD_NEVER ? BATCH_NONE : until,
                           .address = address};

    ck_assert(batch_held(making->batch, &row));
}

static void put_session(struct making *making, const struct life *life)
{
    char user[16], vpn4[WORLD_ADDRESS_SIZE], vpn6[WORLD_ADDRESS_SIZE], real[WORLD_ADDRESS_SIZE];
    struct session_row row = session_of(life->id, world_user(life->user, user));
    struct running_row running = running_of(life->id);

    pool_text(kinds[life->server].pool, life->address, false, vpn4);
    pool_text(kinds[life->server].pool, life->address, true, vpn6);
    real_text(life->real[life->n_moves], real);
    row.run = life->run;
    row.started = life->began;
    row.vpn4 = vpn4;
    row.vpn6 = life->dual ? vpn6 : NULL;
    row.real = real;
    if (life->gone_by != WORLD_NEVER) {
        row.ended = life->end_seen ? life->ended : life->last_seen;
        row.gone_by = life->end_seen ? BATCH_NONE : life->gone_by;
        row.end_reason = life->end_seen ? END_DISCONNECTED : END_GONE;
    }
    running.last_seen = life->last_seen;
    ck_assert(batch_session(making->batch, &row));
    ck_assert(life->gone_by != WORLD_NEVER || batch_running(making->batch, &running));
    put_held(making, life, HELD_VPN, vpn4, life->began, life->gone_by, false);
    if (life->dual)
        put_held(making, life, HELD_VPN, vpn6, life->began, life->gone_by, false);
    for (int i = 0; i <= life->n_moves; i++) {
        bool left = i < life->n_moves;

        real_text(life->real[i], real);
        put_held(making, life, HELD_REAL, real, i == 0 ? life->began : life->moved_after[i - 1],
                 left ? life->moved_by[i] : life->gone_by, left);
    }
}

/* ── truth ── */

static void keep(struct making *making, const struct life *life)
{
    char text[WORLD_ADDRESS_SIZE];
    struct world_hold hold = {
        .session = life->id,
        .user = life->user,
        .server = life->server,
        .recorded = life->recorded,
        .since = life->began,
        .until = life->ended,
        .possible_since = life->began,
        .possible_until = life->gone_by,
    };

    for (int ipv6 = 0; ipv6 <= (life->dual ? 1 : 0); ipv6++) {
        pool_text(kinds[life->server].pool, life->address, ipv6, text);
        add_hold(making->world, text, &hold);
    }
    hold.real = true;
    for (int i = 0; i <= life->n_moves; i++) {
        real_text(life->real[i], text);
        hold.since = i == 0 ? life->began : life->moved[i - 1];
        hold.possible_since = i == 0 ? life->began : life->moved_after[i - 1];
        hold.until = i < life->n_moves ? life->moved[i] : life->ended;
        hold.possible_until = i < life->n_moves ? life->moved_by[i] : life->gone_by;
        add_hold(making->world, text, &hold);
    }
}

/* Now and then a client goes on from elsewhere, while somebody is told of it later. */
static void move(struct making *making, struct life *life)
{
    int64_t from = life->began + MINUTE, to = life->last_seen - MINUTE;

    life->real[0] = (int)between(making, 0, USERS / 2);
    while (life->recorded && life->n_moves < MOVES && to > from &&
           random_percent(&making->random, 25)) {
        int64_t at = between(making, from, to);
        int n = life->n_moves;

        life->moved[n] = at;
        life->moved_after[n] = seen_before(making->world, life->server, life->began, at - 1);
        life->moved_by[n] = noticed_after(making->world, life->server, at, REPORT);
        if (life->moved_by[n] > life->last_seen || life->moved_after[n] < from - MINUTE)
            break;
        life->real[n + 1] = (life->real[n] + 1 + (int)between(making, 0, 3)) % (USERS / 2);
        life->n_moves++;
        from = life->moved_by[n] + MINUTE;
    }
}

/* What was seen of a session, of whose truth all is known. */
static void see(struct making *making, struct life *life, bool killed)
{
    const struct world *world = making->world;
    int server = life->server;
    bool is_open = life->ended > WORLD_DIED;
    const struct world_blind *began_blind = blind_at(world, server, life->began);

    life->recorded =
        life->began <= WORLD_DIED && (!began_blind || began_blind->to + STATUS < life->ended);
    life->end_seen =
        !is_open && !killed && kinds[server].plugin && !blind_at(world, server, life->ended);
    life->last_seen = life->end_seen
                          ? life->ended
                          : seen_before(world, server, life->began, least(life->ended, WORLD_DIED));
    life->gone_by = is_open          ? WORLD_NEVER
                    : life->end_seen ? life->ended
                                     : noticed_after(world, server, life->ended, STATUS);
    if (life->gone_by > WORLD_DIED)
        life->gone_by = WORLD_NEVER;
}

/* ── one server ── */

static void add_blind(struct making *making, int server, int64_t from, int64_t to)
{
    struct world *world = making->world;

    GROW(world->blinds, world->n_blinds, world->blinds_room);
    world->blinds[world->n_blinds++] = (struct world_blind){server, from, to};
}

/* Times when nothing was seen of it, and times that the plugin's spool told of all the same. */
static void make_blinds(struct making *making, int server)
{
    int64_t at = WORLD_BEGAN + HOUR;
    int n = 0;

    while ((at += between(making, HOUR, 2 * DAY)) < WORLD_DIED - 8 * HOUR && n++ < BLINDS) {
        struct gap_row row = {.id = server * 1000 + n,
                              .kind = GAP_NOT_WATCHED,
                              .server = server + 1,
                              .began = at,
                              .count = BATCH_NONE,
                              .reason = "connection refused"};

        at += between(making, 1, random_percent(&making->random, 50) ? MINUTE : 6 * HOUR);
        row.ended = at;
        row.covered = kinds[server].plugin && random_percent(&making->random, 70);
        if (kinds[server].plugin && !row.covered) {
            row.kind = GAP_SPOOL_LOST;
            row.count = 3;
        }
        if (!row.covered)
            add_blind(making, server, row.began, row.ended);
        ck_assert(batch_gap(making->batch, &row));
    }
}

static int free_address(struct making *making, const int64_t free_from[POOL], int64_t at)
{
    int first = (int)between(making, 0, POOL - 1);

    for (int i = 0; i < POOL; i++)
        if (free_from[(first + i) % POOL] <= at)
            return (first + i) % POOL;
    return -1;
}

/* From a second to days, each length as likely as another. */
static int64_t some_length(struct making *making)
{
    int64_t longest = INT64_C(1) << between(making, 0, 19);

    return between(making, longest / 2, longest);
}

/* One life of the server: its clients, until it ends. */
static void make_run(struct making *making, int server, int64_t began, int64_t ended, bool killed)
{
    int64_t free_from[POOL] = {0};
    struct run_row run = run_of(++making->run, server + 1);

    run.began = began;
    run.ended = ended > WORLD_DIED ? BATCH_NONE : ended;
    ck_assert(batch_run(making->batch, &run));
    for (int64_t at = began; at <= ended; at += between(making, 0, 10 * MINUTE)) {
        struct life life = {.run = making->run,
                            .server = server,
                            .began = at,
                            .address = free_address(making, free_from, at)};

        if (life.address < 0)
            continue;
        life.user = (int)between(making, random_percent(&making->random, 2) ? NOBODY : 1, USERS);
        life.dual = random_percent(&making->random, 50);
        life.ended = least(ended, at + some_length(making));
        free_from[life.address] = life.ended;
        see(making, &life, killed && life.ended == ended);
        move(making, &life);
        GROW(making->lives, making->n_lives, making->lives_room);
        making->lives[making->n_lives++] = life;
    }
}

static void make_server(struct making *making, int server)
{
    struct server_row row = {.id = server + 1, .name = kinds[server].name};
    int64_t began = WORLD_BEGAN;

    ck_assert(batch_server(making->batch, &row));
    make_blinds(making, server);
    add_blind(making, server, WORLD_DIED + 1, WORLD_NEVER - DAY);
    while (began < WORLD_NOW) {
        int64_t ended = began + between(making, MINUTE, 3 * DAY);

        make_run(making, server, began, least(ended, WORLD_NOW + DAY),
                 random_percent(&making->random, 40));
        began = ended + between(making, 0, 10 * MINUTE);
    }
}

static int by_beginning(const void *a, const void *b)
{
    const struct life *x = a, *y = b;

    return (x->began > y->began) - (x->began < y->began);
}

/* Sessions are numbered as they begin, whoever's they are. */
static void put_lives(struct making *making)
{
    qsort(making->lives, (size_t)making->n_lives, sizeof(*making->lives), by_beginning);
    for (int i = 0; i < making->n_lives; i++) {
        struct life *life = &making->lives[i];

        life->id = ++making->world->n_sessions;
        keep(making, life);
        if (life->recorded)
            put_session(making, life);
        if (i % 1000 == 0)
            write_now(making);
    }
    write_now(making);
    free(making->lives);
}

struct world *world_new(uint64_t seed, struct store *store_to_fill)
{
    struct making making = {.world = calloc(1, sizeof(struct world)),
                            .store = store_to_fill,
                            .random = {seed},
                            .batch = batch_new()};

    ck_assert(making.world && making.batch);
    for (int server = 0; server < WORLD_SERVERS; server++)
        make_server(&making, server);
    put_lives(&making);
    batch_free(making.batch);
    return making.world;
}

void world_free(struct world *world)
{
    for (int i = 0; i < world->n_addresses; i++)
        free(world->addresses[i].holds);
    free(world->addresses);
    free(world->blinds);
    free(world);
}
