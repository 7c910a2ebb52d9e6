/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simulated world itself: a test against it is worth as much as the world is right. */
#include "config.h"

#include "mgmtd/management_parse.h"
#include "tests/folder.h"
#include "tests/sim/wire.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BEGIN 1795000000000

static const struct sim_server_spec specs[] = {
    {.name = "campus", .daemon = "campus", .weight = 3, .management = true},
    {.name = "staff",
     .daemon = "staff",
     .weight = 2,
     .management = true,
     .v2_7 = true,
     .certificates = true,
     .duplicate_cn = true,
     .fixed = true},
    {.name = "plain", .weight = 2, .management = true, .hold = true},
    {.name = "mute", .daemon = "mute", .weight = 1, .no_ipv6 = true},
};
#define SERVERS (sizeof specs / sizeof *specs)

/* ── a world in a folder of its own, and who listens to it ── */

struct scene {
    char folder[128];
    struct sim_settings settings;
    struct world *world;
    struct management_parser *parsers[SERVERS];
    uint64_t kinds[MANAGEMENT_KIND_COUNT];
    uint64_t said;          /* a sum over every byte said */
    struct sim_server *now; /* whose bytes are being read */
};

/* What the parser makes of the bytes must be what the ledger says. */
static void hear(void *arg, const struct management_event *event)
{
    struct scene *scene = arg;
    const struct ledger *ledger = &scene->world->ledger;

    scene->kinds[event->kind]++;
    ck_assert_int_ne(event->kind, MANAGEMENT_GARBAGE);
    if (event->kind != MANAGEMENT_BYTECOUNT)
        return;
    for (uint32_t i = ledger->n_sessions; i-- > 0;)
        if (ledger->sessions[i].run == scene->now->run &&
            ledger->sessions[i].cid == (uint64_t)event->client.cid) {
            ck_assert_int_le(event->client.bytes_received,
                             (int64_t)world_count(scene->world, i).from_client);
            return;
        }
}

static struct scene *open_scene(uint64_t seed)
{
    struct scene *scene = calloc(1, sizeof *scene);
    const char *tmp = getenv("TMPDIR");

    ck_assert_ptr_nonnull(scene);
    snprintf(scene->folder, sizeof scene->folder, "%s/byway-sim-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(scene->folder));
    scene->settings = (struct sim_settings){
        .seed = seed,
        .servers = specs,
        .n_servers = SERVERS,
        .tempo = &sim_tempo_rush,
        .clients = 40,
        .begin = BEGIN,
        .boot = BEGIN - 1000000,
        .spool_dir = open(scene->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
    };
    ck_assert_int_ge(scene->settings.spool_dir, 0);
    scene->world = world_new(&scene->settings);
    for (unsigned i = 0; i < SERVERS; i++)
        scene->parsers[i] = management_parser_new(hear, scene);
    return scene;
}

static void listen_to(struct scene *scene, struct sim_server *server)
{
    struct management_parser *parser = scene->parsers[server->id];
    const char *bytes;
    size_t n;

    if (server->process && !server->attached) {
        management_parser_reset(parser);
        wire_attach(server);
        wire_input(server, "version\nhold release\nbytecount 1\n", 33);
    }
    wire_input(server, "state all\nstatus 3\n", 19);
    bytes = wire_output(server, &n);
    scene->now = server;
    management_parser_feed(parser, bytes, n);
    for (size_t i = 0; i < n; i++)
        scene->said = random_mix(scene->said, (unsigned char)bytes[i]);
    wire_taken(server, n);
}

static void play(struct scene *scene, int seconds)
{
    for (int s = 1; s <= seconds; s++) {
        world_advance(scene->world, BEGIN + s * 1000);
        for (unsigned i = 0; i < SERVERS; i++)
            if (specs[i].management)
                listen_to(scene, &scene->world->servers[i]);
    }
}

static void close_scene(struct scene *scene)
{
    world_free(scene->world);
    for (unsigned i = 0; i < SERVERS; i++)
        management_parser_free(scene->parsers[i]);
    close(scene->settings.spool_dir);
    ck_assert(folder_remove(scene->folder));
    free(scene);
}

/* ── tests ── */

START_TEST(the_same_seed_tells_the_same_story)
{
    struct scene *a = open_scene(7), *b = open_scene(7), *c = open_scene(8);

    play(a, 60);
    play(b, 60);
    play(c, 60);
    ck_assert_uint_eq(a->said, b->said);
    ck_assert_uint_ne(a->said, c->said);
    ck_assert_uint_eq(a->world->ledger.n_sessions, b->world->ledger.n_sessions);
    close_scene(a);
    close_scene(b);
    close_scene(c);
}
END_TEST

START_TEST(every_kind_of_end_and_line_occurs)
{
    struct scene *scene = open_scene(1);
    unsigned ends[SIM_ENDS] = {0};
    static const enum management_event_kind kinds[] = {
        MANAGEMENT_GREETING,      MANAGEMENT_HOLD,         MANAGEMENT_STATE,
        MANAGEMENT_ESTABLISHED,   MANAGEMENT_BYTECOUNT,    MANAGEMENT_STATUS_TIME,
        MANAGEMENT_STATUS_CLIENT, MANAGEMENT_STATUS_ROUTE, MANAGEMENT_END,
        MANAGEMENT_SUCCESS};

    play(scene, 200);
    for (uint32_t i = 0; i < scene->world->ledger.n_sessions; i++)
        ends[scene->world->ledger.sessions[i].end]++;
    for (unsigned end = 0; end < SIM_ENDS; end++)
        ck_assert_msg(ends[end] > 0, "nothing ends as %s", sim_end_text((enum sim_end)end));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        ck_assert_msg(scene->kinds[kinds[i]] > 0, "no event of kind %d", kinds[i]);
    ck_assert_uint_gt(scene->world->ledger.n_moves, 100);
    ck_assert_uint_gt(scene->world->ledger.n_refusals, 100);
    close_scene(scene);
}
END_TEST

/* The session of that spool and number. */
static struct sim_session *find(struct ledger *ledger, const char *spool, int64_t number)
{
    for (uint32_t i = 0; i < ledger->n_sessions; i++)
        if (ledger->sessions[i].number == number &&
            strcmp(ledger->runs[ledger->sessions[i].run].spool, spool) == 0)
            return &ledger->sessions[i];
    ck_abort_msg("%s: there is no session %lld", spool, (long long)number);
    return NULL;
}

static void hold_against(struct ledger *ledger, const char *spool,
                         const struct spool_record *record, unsigned kinds[SPOOL_KIND_COUNT])
{
    struct sim_session *session;

    kinds[record->kind]++;
    if (record->kind == SPOOL_CONNECTED) {
        session = find(ledger, spool, record->session);
        ck_assert_int_eq(record->at, session->began / 1000);
        ck_assert_int_eq(record->since, session->created / 1000);
        ck_assert_str_eq(record->profile, sim_profile_text(session->profile));
    } else if (record->kind == SPOOL_DISCONNECTED) {
        session = find(ledger, spool, record->session);
        ck_assert_int_eq(record->at, session->ended / 1000);
        ck_assert_int_eq(record->from_client, (int64_t)session->bytes.from_client);
        ck_assert_int_eq(record->to_client, (int64_t)session->bytes.to_client);
    }
}

static void read_spool(struct scene *scene, const char *name, unsigned kinds[SPOOL_KIND_COUNT])
{
    struct spool_reader *reader = spool_reader_open(scene->settings.spool_dir, name, 0);
    struct spool_record record;
    enum spool_next next;

    ck_assert_ptr_nonnull(reader);
    while ((next = spool_reader_next(reader, &record)) == SPOOL_NEXT_RECORD)
        hold_against(&scene->world->ledger, name, &record, kinds);
    ck_assert_int_eq(next, SPOOL_NEXT_END);
    spool_reader_close(reader);
}

START_TEST(the_spool_tells_what_the_ledger_says)
{
    struct scene *scene = open_scene(3);
    unsigned kinds[SPOOL_KIND_COUNT] = {0};
    unsigned begun = 0, reported = 0;
    const struct ledger *ledger = &scene->world->ledger;
    struct dirent *entry;
    DIR *folder;

    play(scene, 100);
    folder = opendir(scene->folder);
    ck_assert_ptr_nonnull(folder);
    while ((entry = readdir(folder)) != NULL)
        if (strstr(entry->d_name, SPOOL_SUFFIX))
            read_spool(scene, entry->d_name, kinds);
    closedir(folder);
    for (uint32_t i = 0; i < ledger->n_sessions; i++) {
        begun += ledger->sessions[i].number > 0;
        reported += ledger->sessions[i].number > 0 && ledger->sessions[i].end != SIM_OPEN &&
                    ledger->sessions[i].end != SIM_KILLED &&
                    ledger->sessions[i].end != SIM_VANISHED;
    }
    ck_assert_uint_gt(begun, 500);
    ck_assert_uint_eq(kinds[SPOOL_CONNECTED], begun);
    ck_assert_uint_eq(kinds[SPOOL_DISCONNECTED], reported);
    ck_assert_uint_eq(kinds[SPOOL_REFUSED], ledger->n_refusals);
    close_scene(scene);
}
END_TEST

START_TEST(counters_never_fall_and_can_be_told_again)
{
    struct traffic traffic, again;
    struct traffic_count before = {0}, now, then;

    for (uint64_t seed = 0; seed < 50; seed++) {
        struct random random = {seed};
        int64_t ms = 1000;

        traffic_begin(&traffic, seed, 0);
        before = traffic_at(&traffic, 0);
        for (int i = 0; i < 500; i++) {
            if (i == 300)
                traffic.silent_ms = ms;
            ms += (int64_t)random_below(&random, 40000);
            now = traffic_at(&traffic, ms);
            ck_assert_uint_ge(now.from_client, before.from_client);
            ck_assert_uint_ge(now.to_client, before.to_client);
            ck_assert(i < 301 || now.from_client == before.from_client);
            before = now;
        }
        traffic_begin(&again, seed, 0);
        again.silent_ms = traffic.silent_ms;
        then = traffic_at(&again, ms);
        ck_assert_uint_eq(then.from_client, now.from_client);
        ck_assert_uint_eq(then.to_client, now.to_client);
        traffic_at(&again, 5);
        then = traffic_at(&again, ms);
        ck_assert_uint_eq(then.from_client, now.from_client);
        ck_assert_uint_eq(then.to_client, now.to_client);
    }
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("sim_world");
    TCase *tests = tcase_create("world");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_same_seed_tells_the_same_story);
    tcase_add_test(tests, every_kind_of_end_and_line_occurs);
    tcase_add_test(tests, the_spool_tells_what_the_ledger_says);
    tcase_add_test(tests, counters_never_fall_and_can_be_told_again);
    suite_add_tcase(suite, tests);
    return suite;
}
