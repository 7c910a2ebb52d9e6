/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real byway-mgmtd under load from a simulated world, in real time, and what is done
 * to it: killed at random moments, its database locked or read all the time, its disk full.
 * At the end, after a quiet finish, the database against the ledger.
 *
 *   kill [BYWAY-MGMTD] [--mode kill|locked|reader|asked|full] [--kills N] [--seconds S]
 *                    [--clients N] [--seed S] [--folder DIR] [--byway PROGRAM]
 *
 * BYWAY-MGMTD is mgmtd/byway-mgmtd of a build folder, PROGRAM its helpdesk/byway. Prints TAP.
 */
#include "config.h"

#include "tests/sim/asker.h"
#include "tests/sim/compare.h"
#include "tests/sim/gate.h"
#include "tests/sim/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNREAD_US     100000 /* what is promised */
#define MEMORY_KB     (256 * 1024)
#define LOCK_MS       5000 /* the command would wait so long, if it waited */
#define ASKED_LEAST   50
#define TMPFS_SIZE    "size=8m"
#define TMPFS_LEFT    65536 /* bytes that the full disk has left */
#define QUIET_MS      4000
#define QUIET_MOST_MS 120000

static const struct sim_server_spec servers[] = {
    {.name = "one", .daemon = "one", .weight = 4, .management = true},
    {.name = "two",
     .daemon = "two",
     .weight = 4,
     .management = true,
     .v2_7 = true,
     .certificates = true,
     .duplicate_cn = true,
     .fixed = true},
    {.name = "plain", .weight = 2, .slow = 15, .management = true},
    {.name = "plain-new", .weight = 2, .slow = 15, .management = true, .v2_7 = true},
    {.name = "mute", .daemon = "mute", .weight = 2, .no_ipv6 = true},
};
#define SERVERS (sizeof servers / sizeof *servers)
static const char more_config[] = "bytecount-interval 1s\nstatus-interval 10s\n";

struct siege {
    const char *mode;
    unsigned kills, seconds, clients;
    uint64_t seed;
    struct keeper keeper;
    struct asker asker;
    struct world *world;
    struct gates *gates;
    struct random random;
    int64_t unread_us, unread_at_most_us; /* of all the time */
    size_t queued;
    long memory_kb;
    int64_t last_start; /* milliseconds of the world's clock */
    unsigned deaths;    /* that nobody ordered */
    int tests, failed;
};

static void result(struct siege *siege, bool ok, const char *name)
{
    printf("%sok %d - %s\n", ok ? "" : "not ", ++siege->tests, name);
    fflush(stdout);
    siege->failed += !ok;
}

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ── time ── */

static void count(struct siege *siege)
{
    struct gates_count count = gates_take_count(siege->gates);
    long kb;

    if (count.unread_us > siege->unread_us)
        siege->unread_us = count.unread_us;
    if (count.unread_at_most_us > siege->unread_at_most_us)
        siege->unread_at_most_us = count.unread_at_most_us;
    if (count.queued > siege->queued)
        siege->queued = count.queued;
    kb = siege->keeper.pid > 0 ? keeper_memory_kb(&siege->keeper) : 0;
    if (kb > siege->memory_kb)
        siege->memory_kb = kb;
}

static void live(struct siege *siege, int64_t ms)
{
    int64_t until = clock_ms(CLOCK_MONOTONIC) + ms;

    do {
        world_advance(siege->world, clock_ms(CLOCK_REALTIME));
        gates_turn(siege->gates, 1);
    } while (clock_ms(CLOCK_MONOTONIC) < until);
}

/* Nothing may be pending that was unread for reasons of ours. */
static void live_and_count(struct siege *siege, int64_t ms)
{
    for (int64_t left = ms; left > 0; left -= 200) {
        live(siege, left < 200 ? left : 200);
        count(siege);
    }
}

/* ── kills ── */

static int64_t life_ms(struct random *random)
{
    uint64_t kind = random_below(random, 100);

    if (kind < 1)
        return 3000 + (int64_t)random_below(random, 7000);
    return (int64_t)random_below(random, kind < 30 ? 40 : 250);
}

static void kill_often(struct siege *siege)
{
    int64_t began = clock_ms(CLOCK_MONOTONIC);
    int status;

    for (unsigned i = 0; i < siege->kills; i++) {
        keeper_start(&siege->keeper);
        live(siege, life_ms(&siege->random));
        if (keeper_lives(&siege->keeper, &status)) {
            keeper_end(&siege->keeper, SIGKILL);
        } else {
            siege->deaths++;
            printf("# it ended by itself, status %#x\n", (unsigned)status);
        }
        if (random_percent(&siege->random, 5))
            live(siege, (int64_t)random_below(&siege->random, 300));
        if ((i + 1) % 1000 == 0) {
            printf("# %u kills in %" PRId64 " s, %u sessions\n", i + 1,
                   (clock_ms(CLOCK_MONOTONIC) - began) / 1000, siege->world->ledger.n_sessions);
            fflush(stdout);
        }
    }
    printf("# %u kills in %" PRId64 " s\n", siege->kills,
           (clock_ms(CLOCK_MONOTONIC) - began) / 1000);
    keeper_start(&siege->keeper);
    live(siege, 2000);
}

/* ── trouble with the database ── */

static sqlite3 *open_database(struct siege *siege)
{
    sqlite3 *db = NULL;

    if (sqlite3_open_v2(siege->keeper.database, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        fprintf(stderr, "kill: %s: %s\n", siege->keeper.database, sqlite3_errmsg(db));
        exit(2);
    }
    sqlite3_busy_timeout(db, 2000);
    return db;
}

/* The gates are not served while this waits for a lock: what lay unread then is not counted. */
static void execute(struct siege *siege, sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "kill: %s: %s\n", sql, sqlite3_errmsg(db));
        exit(2);
    }
    (void)siege;
}

static void begin_watched(struct siege *siege)
{
    keeper_start(&siege->keeper);
    live(siege, 7000); /* servers without the plugin are known to be */
    gates_take_count(siege->gates);
    siege->unread_us = siege->unread_at_most_us = 0;
}

static void lock_database(struct siege *siege)
{
    sqlite3 *db;

    begin_watched(siege);
    db = open_database(siege);
    execute(siege, db, "BEGIN IMMEDIATE");
    live_and_count(siege, (int64_t)siege->seconds * 1000);
    execute(siege, db, "ROLLBACK");
    sqlite3_close(db);
    live_and_count(siege, 3000);
}

static void read_for_long(struct siege *siege)
{
    sqlite3 *db;

    begin_watched(siege);
    db = open_database(siege);
    execute(siege, db, "BEGIN; SELECT count(*) FROM session");
    live_and_count(siege, (int64_t)siege->seconds * 1000);
    execute(siege, db, "ROLLBACK");
    sqlite3_close(db);
    live_and_count(siege, 3000);
}

/* The daemon may not notice (judge() looks at that), and neither may the helpdesk. */
static void answer_questions(struct siege *siege)
{
    struct asker *asker = &siege->asker;
    int64_t until;

    begin_watched(siege);
    asker->database = siege->keeper.database;
    snprintf(asker->notes, sizeof asker->notes, "%s/notes", siege->keeper.folder);
    until = clock_ms(CLOCK_MONOTONIC) + (int64_t)siege->seconds * 1000;
    while (clock_ms(CLOCK_MONOTONIC) < until || asker->n_asked < ASKED_LEAST) {
        asker_turn(asker);
        live(siege, 5);
        count(siege);
    }
    asker_end(asker);
    live_and_count(siege, 3000);
    printf("# %u questions, %u answered with something, the longest took %" PRId64 " ms\n",
           asker->n_asked, asker->n_found, asker->longest_ms);
    result(siege, asker->n_failed == 0, "no question failed while it wrote");
    result(siege, asker->n_found > asker->n_asked / 2, "and most were answered");
    result(siege, asker->longest_ms < LOCK_MS, "and none waited for a lock");
}

/* A file system of its own, in a mount namespace of its own. False where that is not allowed. */
static bool mount_small(struct siege *siege)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", siege->keeper.database_folder, "tmpfs", 0, TMPFS_SIZE) == 0;
}

static void fill_disk(struct siege *siege)
{
    char path[160], block[4096];
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "%s/filler", siege->keeper.database_folder);
    memset(block, 'x', sizeof block);
    begin_watched(siege);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while ((n = write(fd, block, sizeof block)) > 0)
        ;
    if (ftruncate(fd, lseek(fd, 0, SEEK_END) - TMPFS_LEFT) != 0)
        perror("kill: filler");
    close(fd);
    live_and_count(siege, (int64_t)siege->seconds * 1000);
    unlink(path);
    live_and_count(siege, 3000);
}

/* ── the quiet finish ── */

static bool all_attached(const struct siege *siege)
{
    unsigned wanted = 0;

    for (unsigned i = 0; i < SERVERS; i++)
        wanted += servers[i].management && siege->world->servers[i].up;
    return gates_attached(siege->gates) == wanted && wanted > 0;
}

static void await_attached(struct siege *siege)
{
    int64_t quiet = 0;

    for (int64_t ms = 0; ms < QUIET_MOST_MS && quiet < QUIET_MS; ms += 100) {
        live(siege, 100);
        quiet = all_attached(siege) ? quiet + 100 : 0;
    }
}

/* It starts once more when nothing happens any more, and asks for everything. */
static void finish_quietly(struct siege *siege)
{
    int status;

    live(siege, 1000);
    world_quiet(siege->world);
    await_attached(siege);
    if (!keeper_lives(&siege->keeper, &status)) {
        result(siege, false, "it still lives at the end");
        return;
    }
    status = keeper_end(&siege->keeper, SIGTERM);
    result(siege, WIFEXITED(status) && WEXITSTATUS(status) == 0, "it leaves when it is told to");
    siege->last_start = clock_ms(CLOCK_REALTIME);
    keeper_start(&siege->keeper);
    live(siege, 1000);
    await_attached(siege);
    status = keeper_end(&siege->keeper, SIGTERM);
    result(siege, WIFEXITED(status) && WEXITSTATUS(status) == 0, "and once more");
}

static void judge(struct siege *siege)
{
    const struct compare_settings settings = {
        .database = siege->keeper.database,
        .unsure_ms = 8000,
        .bytecount_ms = 1000,
        .bucket_s = 300,
        .late_s = 5,
        .sure_from = siege->last_start,
        .report = stdout,
    };
    struct compare_result found;

    found = compare(siege->world, &settings);
    result(siege, found.faults == 0, "the database says what the ledger says");
    result(siege, siege->deaths == 0, "it never ended by itself");
    if (strcmp(siege->mode, "kill") == 0)
        return;
    printf("# unread for %.1f ms (not seen to be read for %.1f ms); %zu bytes queued; %ld KiB\n",
           (double)siege->unread_us / 1000, (double)siege->unread_at_most_us / 1000, siege->queued,
           siege->memory_kb);
    result(siege, siege->unread_us <= UNREAD_US,
           "no management socket was left unread for more than 100 ms");
    result(siege, siege->memory_kb <= MEMORY_KB, "its memory is bounded");
}

/* ── beginning ── */

static const struct mode {
    const char *name;
    void (*run)(struct siege *siege);
} modes[] = {
    {"kill", kill_often},        {"locked", lock_database}, {"reader", read_for_long},
    {"asked", answer_questions}, {"full", fill_disk},
};

static const struct mode *find_mode(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    return NULL;
}

static bool read_options(struct siege *siege, int argc, char **argv)
{
    static const struct option options[] = {
        {"mode", required_argument, NULL, 'm'},    {"kills", required_argument, NULL, 'k'},
        {"seconds", required_argument, NULL, 't'}, {"clients", required_argument, NULL, 'c'},
        {"seed", required_argument, NULL, 's'},    {"folder", required_argument, NULL, 'f'},
        {"byway", required_argument, NULL, 'b'},   {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'm')
            siege->mode = optarg;
        else if (option == 'k')
            siege->kills = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 't')
            siege->seconds = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'c')
            siege->clients = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 's')
            siege->seed = strtoull(optarg, NULL, 10);
        else if (option == 'b')
            siege->asker.program = optarg;
        else if (option == 'f')
            snprintf(siege->keeper.folder, sizeof siege->keeper.folder, "%s", optarg);
        else
            return false;
    }
    siege->keeper.program = optind < argc ? argv[optind] : "mgmtd/byway-mgmtd";
    return optind + 1 >= argc && find_mode(siege->mode);
}

static void run(struct siege *siege)
{
    int64_t begin = clock_ms(CLOCK_REALTIME);
    const struct sim_settings of_world = {
        .seed = siege->seed,
        .servers = servers,
        .n_servers = SERVERS,
        .tempo = &sim_tempo_rush,
        .clients = siege->clients,
        .begin = begin,
        .boot = begin - clock_ms(CLOCK_BOOTTIME),
        .spool_dir = open(siege->keeper.spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
    };

    siege->random.state = random_mix(siege->seed, 1);
    siege->world = world_new(&of_world);
    siege->gates = gates_new(siege->world, siege->keeper.folder);
    find_mode(siege->mode)->run(siege);
    finish_quietly(siege);
    judge(siege);
    gates_free(siege->gates);
    world_free(siege->world);
    close(of_world.spool_dir);
}

int main(int argc, char **argv)
{
    struct siege siege = {.mode = "kill",
                          .kills = 250,
                          .seconds = 60,
                          .clients = 150,
                          .seed = 1,
                          .asker = {.program = "helpdesk/byway"}};
    bool can = true;

    if (!read_options(&siege, argc, argv)) {
        fprintf(stderr, "usage: kill [BYWAY-MGMTD] [--mode kill|locked|reader|asked|full] "
                        "[--kills N] [--seconds S] [--clients N] [--seed S] [--folder DIR] "
                        "[--byway PROGRAM]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    keeper_set_up(&siege.keeper, servers, SERVERS, more_config);
    if (strcmp(siege.mode, "full") == 0)
        can = mount_small(&siege);
    if (can)
        run(&siege);
    else
        printf("ok %d # SKIP a small file system cannot be mounted here: %s\n", ++siege.tests,
               strerror(errno));
    printf("1..%d\n", siege.tests);
    if (siege.failed > 0 && !siege.keeper.keep) {
        siege.keeper.keep = true;
        printf("# what is left: %s\n", siege.keeper.folder);
    }
    if (can && strcmp(siege.mode, "full") == 0 && !siege.keeper.keep)
        umount(siege.keeper.database_folder);
    keeper_tear_down(&siege.keeper);
    return siege.failed > 0;
}
