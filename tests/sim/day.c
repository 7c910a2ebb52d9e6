/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A day in minutes: a simulated world, the real parser, spool files, recorder and store,
 * and at the end the database against the ledger.
 *
 *   day [--clients N] [--hours H] [--seed S] [--folder DIR] [--calm] [--verbose]
 *
 * Prints TAP. The database stays in DIR, if one is named.
 */
#include "config.h"

#include "tests/folder.h"
#include "tests/sim/bottle.h"
#include "tests/sim/compare.h"

#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BEGIN       1795000000000
#define HOUR_MS     3600000
#define BYTECOUNT_S 10
#define BUCKET_S    300
#define MAX_SQLITE  (24 << 20)

static const struct sim_server_spec servers[] = {
    {.name = "campus", .daemon = "campus", .weight = 40, .management = true},
    {.name = "staff",
     .daemon = "staff-server",
     .weight = 20,
     .management = true,
     .v2_7 = true,
     .certificates = true,
     .duplicate_cn = true,
     .fixed = true},
    {.name = "guests", .weight = 12, .management = true},
    {.name = "guests-new", .weight = 12, .management = true, .v2_7 = true, .certificates = true},
    {.name = "labs", .daemon = "labs", .weight = 8, .management = true, .hold = true},
    {.name = "remote", .daemon = "remote", .weight = 8, .no_ipv6 = true}, /* plugin alone */
};
#define SERVERS (sizeof servers / sizeof *servers)

struct day {
    unsigned clients;
    double hours;
    uint64_t seed;
    bool verbose, keep, calm; /* calm: no connection is cut, and the daemon not killed */
    char folder[128], spool[160], database[160];
    struct world *world;
    struct bottle *bottle;
    struct random random;
    int64_t next_cut, next_kill, back; /* back: when the daemon starts again */
    unsigned cuts, kills, stops;
    long first_memory_kb, last_memory_kb; /* of the second hour and the last */
    int first_files, last_files;
    int tests, failed;
};

static void result(struct day *day, bool ok, const char *name)
{
    printf("%sok %d - %s\n", ok ? "" : "not ", ++day->tests, name);
    day->failed += !ok;
}

/* ── what is watched ── */

/*
 * What the recorder has in use. The ledger grows, and is left out; so is SQLite's cache,
 * which grows with the database up to its limit and is looked at by itself.
 */
static long memory_kb(const struct day *day)
{
    const struct ledger *ledger = &day->world->ledger;
    struct mallinfo2 info = mallinfo2();
    size_t own = ledger->sessions_room * sizeof *ledger->sessions +
                 ledger->moves_room * sizeof *ledger->moves +
                 ledger->refusals_room * sizeof *ledger->refusals +
                 ledger->blinds_room * sizeof *ledger->blinds +
                 ledger->runs_room * sizeof *ledger->runs +
                 day->world->timers.room * sizeof *day->world->timers.heap;

    return (long)((info.uordblks + info.hblkhd - own - (size_t)sqlite3_memory_used()) / 1024);
}

static int open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = -3; /* ".", ".." and this one */

    while (folder && readdir(folder))
        n++;
    if (folder)
        closedir(folder);
    return n;
}

static void report_hour(struct day *day, int hour, time_t began)
{
    if (!bottle_runs(day->bottle))
        return;
    day->last_memory_kb = memory_kb(day);
    day->last_files = open_files();
    if (hour == 2) {
        day->first_memory_kb = day->last_memory_kb;
        day->first_files = day->last_files;
    }
    printf("# hour %d (%ld s): %zu open, %ld KiB in use, %d files, %" PRIu64
           " lines, %u sessions\n",
           hour, (long)(time(NULL) - began), bottle_open(day->bottle), day->last_memory_kb,
           day->last_files, bottle_lines(day->bottle), day->world->ledger.n_sessions);
    fflush(stdout);
}

/* ── the day ── */

/* Some ten times, however long the day is. */
static int64_t kill_every(const struct day *day)
{
    return (int64_t)(day->hours * HOUR_MS / 10);
}

static void trouble(struct day *day)
{
    int64_t now = day->world->now;

    if (!bottle_runs(day->bottle)) {
        if (now >= day->back)
            bottle_start(day->bottle);
        return;
    }
    if (now >= day->next_cut) {
        bottle_cut(day->bottle, (unsigned)random_below(&day->random, SERVERS),
                   now + random_wait(&day->random, 60000));
        day->next_cut = now + random_wait(&day->random, HOUR_MS / 2);
        day->cuts++;
    }
    if (now < day->next_kill)
        return;
    if (random_percent(&day->random, 70)) {
        bottle_kill(day->bottle);
        day->kills++;
    } else {
        bottle_stop(day->bottle);
        day->stops++;
    }
    day->back = now + random_wait(&day->random, 30000);
    day->next_kill = day->back + random_wait(&day->random, kill_every(day));
}

static void play(struct day *day)
{
    int64_t end = (int64_t)(day->hours * 3600);
    time_t began = time(NULL);

    for (int64_t s = 1; s <= end; s++) {
        world_advance(day->world, BEGIN + s * 1000);
        if (!day->calm)
            trouble(day);
        bottle_turn(day->bottle);
        if (s % 3600 == 0)
            report_hour(day, (int)(s / 3600), began);
    }
    if (!bottle_runs(day->bottle))
        bottle_start(day->bottle);
    world_quiet(day->world);
    bottle_settle(day->bottle);
    printf("# %u clients for %.2f hours in %ld s; %u connections cut, the daemon killed %u times "
           "and stopped %u times\n",
           day->clients, day->hours, (long)(time(NULL) - began), day->cuts, day->kills, day->stops);
}

static int count_spools(const struct day *day)
{
    DIR *folder = opendir(day->spool);
    struct dirent *entry;
    int n = 0;

    while (folder && (entry = readdir(folder)) != NULL)
        n += strstr(entry->d_name, SPOOL_SUFFIX) != NULL;
    if (folder)
        closedir(folder);
    return n;
}

static void judge(struct day *day)
{
    const struct compare_settings settings = {
        .database = day->database,
        .unsure_ms = 5000,
        .bytecount_ms = BYTECOUNT_S * 1000,
        .bucket_s = BUCKET_S,
        .late_s = 1,
        .buckets = true,
        .report = stdout,
    };
    uint64_t garbage = bottle_garbage(day->bottle);
    struct compare_result found;

    found = compare(day->world, &settings);
    bottle_stop(day->bottle);
    result(day, found.faults == 0, "the database says what the ledger says");
    result(day,
           found.classes[COMPARE_EXACT].missing == 0 && found.classes[COMPARE_EXACT].wrong == 0 &&
               found.classes[COMPARE_EXACT].sessions > 0,
           "of sessions whose end was reported not a byte is missing");
    result(day, garbage == 0, "every line was understood");
    result(day, count_spools(day) <= (int)SERVERS, "spool files that are finished are deleted");
    if (day->hours < 4)
        return;
    result(day, day->last_memory_kb < day->first_memory_kb + day->first_memory_kb / 5 + 512,
           "memory stays what it was");
    result(day, sqlite3_memory_highwater(0) < MAX_SQLITE, "SQLite's memory is bounded");
    result(day, day->last_files <= day->first_files + 4, "no descriptor is left open");
}

/* ── beginning and end ── */

static bool read_options(struct day *day, int argc, char **argv)
{
    static const struct option options[] = {{"clients", required_argument, NULL, 'c'},
                                            {"hours", required_argument, NULL, 'h'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"folder", required_argument, NULL, 'f'},
                                            {"verbose", no_argument, NULL, 'v'},
                                            {"calm", no_argument, NULL, 'q'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c')
            day->clients = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'h')
            day->hours = strtod(optarg, NULL);
        else if (option == 's')
            day->seed = strtoull(optarg, NULL, 10);
        else if (option == 'f')
            snprintf(day->folder, sizeof day->folder, "%s", optarg);
        else if (option == 'v')
            day->verbose = true;
        else if (option == 'q')
            day->calm = true;
        else
            return false;
    }
    day->keep = *day->folder != '\0';
    return optind == argc && day->clients > 0 && day->hours > 0;
}

static bool make_folder(struct day *day)
{
    const char *tmp = getenv("TMPDIR");

    if (day->keep)
        mkdir(day->folder, 0700);
    else
        snprintf(day->folder, sizeof day->folder, "%s/byway-day-XXXXXX", tmp ? tmp : "/tmp");
    if (!day->keep && !mkdtemp(day->folder))
        return false;
    snprintf(day->spool, sizeof day->spool, "%s/spool", day->folder);
    snprintf(day->database, sizeof day->database, "%s/sessions.db", day->folder);
    return mkdir(day->spool, 0700) == 0;
}

static void run(struct day *day)
{
    const struct sim_settings of_world = {
        .seed = day->seed,
        .servers = servers,
        .n_servers = SERVERS,
        .tempo = &sim_tempo_day,
        .clients = day->clients,
        .begin = BEGIN,
        .boot = BEGIN - HOUR_MS,
        .spool_dir = open(day->spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
    };
    const struct bottle_settings of_bottle = {
        .database = day->database,
        .spool_dir = day->spool,
        .bytecount_s = BYTECOUNT_S,
        .status_s = 300,
        .bucket_s = BUCKET_S,
        .verbose = day->verbose,
    };

    day->random.state = random_mix(day->seed, 1);
    day->next_cut = BEGIN + random_wait(&day->random, HOUR_MS / 2);
    day->next_kill = BEGIN + random_wait(&day->random, kill_every(day));
    day->world = world_new(&of_world);
    day->bottle = bottle_new(day->world, &of_bottle);
    bottle_start(day->bottle);
    play(day);
    judge(day);
    bottle_free(day->bottle);
    world_free(day->world);
    close(of_world.spool_dir);
}

int main(int argc, char **argv)
{
    struct day day = {.clients = 200, .hours = 4, .seed = 1};

    if (!read_options(&day, argc, argv)) {
        fprintf(stderr, "usage: day [--clients N] [--hours H] [--seed S] [--folder DIR] "
                        "[--calm] [--verbose]\n");
        return 2;
    }
    if (!make_folder(&day)) {
        perror("day");
        return 2;
    }
    run(&day);
    printf("1..%d\n", day.tests);
    if (!day.keep && !folder_remove(day.folder))
        perror(day.folder);
    return day.failed > 0;
}
