/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long one call of the recorder takes at most, with so many sessions on one server: that
 * long its management socket is not read. A server without the plugin lists them all, counts
 * them all, and restarts; batches are written to a database in the current folder.
 */
#include "mgmtd/recorder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DATABASE "recorder-bench.db"
#define BEGAN    INT64_C(1800000000)

enum call { CALL_EVENT, CALL_WORK, CALL_TAKE, CALL_WRITE, CALLS };

static const char *const call_names[CALLS] = {"event", "work", "take batch", "write"};

struct bench {
    struct store *store;
    struct recorder *recorder;
    struct recorder_time now;
    int server;
    int64_t clients, base;
    double longest[CALLS];
    size_t n[CALLS];
};

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void note(struct bench *bench, enum call call, double since)
{
    double took = now_ms() - since;

    bench->n[call]++;
    if (took > bench->longest[call])
        bench->longest[call] = took;
}

static void show(struct bench *bench, const char *what)
{
    printf("%-28s", what);
    for (int i = 0; i < CALLS; i++)
        printf("  %s %7.2f ms (%zu)", call_names[i], bench->longest[i], bench->n[i]);
    printf("\n");
    memset(bench->longest, 0, sizeof bench->longest);
    memset(bench->n, 0, sizeof bench->n);
}

static void pass(struct bench *bench, int64_t ms)
{
    bench->now.boot_ms += ms;
    bench->now.wall_s = BEGAN + bench->now.boot_ms / 1000;
}

static void tell(struct bench *bench, const struct management_event *event)
{
    double since = now_ms();

    recorder_management(bench->recorder, bench->server, event, bench->now);
    note(bench, CALL_EVENT, since);
}

static bool work(struct bench *bench)
{
    double since = now_ms();
    bool more = recorder_work(bench->recorder, bench->now);

    note(bench, CALL_WORK, since);
    return more;
}

static void write_all(struct bench *bench)
{
    struct batch *batch;
    double since;

    while (work(bench))
        continue;
    do {
        since = now_ms();
        batch = recorder_take_batch(bench->recorder, bench->now);
        note(bench, CALL_TAKE, since);
    } while (recorder_is_packing(bench->recorder));
    if (!batch)
        return;
    since = now_ms();
    if (store_write(bench->store, batch) != STORE_OK)
        exit(EXIT_FAILURE);
    note(bench, CALL_WRITE, since);
    batch_free(batch);
    since = now_ms();
    recorder_batch_written(bench->recorder);
    note(bench, CALL_WORK, since);
}

/* ── what the server tells ── */

static void tell_kind(struct bench *bench, enum management_event_kind kind)
{
    struct management_event event = {.kind = kind};

    tell(bench, &event);
}

static void tell_state(struct bench *bench, int64_t connected_at)
{
    struct management_event event = {
        .kind = MANAGEMENT_STATE, .word = "CONNECTED", .at = connected_at};

    tell(bench, &event);
    tell_kind(bench, MANAGEMENT_END);
}

static struct management_client client_of(const struct bench *bench, int64_t i, char text[3][40])
{
    sprintf(text[0], "user%" PRId64, i);
    sprintf(text[1], "10.%d.%d.%d", (int)(i >> 16), (int)(i >> 8 & 255), (int)(i & 255));
    sprintf(text[2], "192.0.%d.%d", (int)(i >> 8 & 255), (int)(i & 255));
    return (struct management_client){.cid = i,
                                      .since = bench->base,
                                      .real_port = 1024 + i % 60000,
                                      .bytes_received = bench->now.boot_ms,
                                      .bytes_sent = bench->now.boot_ms * 2,
                                      .common_name = text[0],
                                      .username = text[0],
                                      .vpn4 = text[1],
                                      .real = text[2]};
}

static void tell_status(struct bench *bench, int64_t n)
{
    struct management_event event = {.kind = MANAGEMENT_STATUS_CLIENT};
    char text[3][40];

    tell_kind(bench, MANAGEMENT_STATUS_TIME);
    for (int64_t i = 0; i < n; i++) {
        event.client = client_of(bench, i, text);
        tell(bench, &event);
    }
    tell_kind(bench, MANAGEMENT_END);
}

static void tell_counts(struct bench *bench)
{
    struct management_event event = {.kind = MANAGEMENT_BYTECOUNT};
    char text[3][40];

    for (int64_t i = 0; i < bench->clients; i++) {
        event.client = client_of(bench, i, text);
        tell(bench, &event);
    }
}

/* ── the measurement ── */

static void begin(struct bench *bench)
{
    static const struct recorder_settings settings = {.bucket_s = 300,
                                                      .max_memory = (size_t)1 << 40};
    const struct management_event pid = {.kind = MANAGEMENT_SUCCESS, .word = "pid=7", .number = 7};

    unlink(DATABASE);
    unlink(DATABASE "-wal");
    unlink(DATABASE "-shm");
    pass(bench, 1000);
    bench->base = BEGAN;
    if (store_open(&bench->store, DATABASE, 300, NULL) != STORE_OK)
        exit(EXIT_FAILURE);
    bench->recorder = recorder_new(bench->store, &settings, NULL, bench->now);
    bench->server = recorder_server_add(bench->recorder, "bench", bench->now);
    recorder_attached(bench->recorder, bench->server, bench->now);
    tell(bench, &pid);
    tell_state(bench, BEGAN);
    pass(bench, 60000);
}

static void tell_of_all(struct bench *bench, const char *what, int64_t n)
{
    tell_status(bench, n);
    pass(bench, 1000);
    tell_state(bench, BEGAN);
    write_all(bench);
    show(bench, what);
    pass(bench, 10000);
}

int main(int argc, char **argv)
{
    struct bench bench = {.clients = argc > 1 ? atol(argv[1]) : 100000};

    begin(&bench);
    show(&bench, "nobody");
    tell_of_all(&bench, "all are new", bench.clients);
    tell_of_all(&bench, "all are listed again", bench.clients);
    tell_counts(&bench);
    pass(&bench, 1000);
    tell_state(&bench, BEGAN);
    write_all(&bench);
    show(&bench, "all are counted");
    pass(&bench, 400000);
    tell_of_all(&bench, "listed, in another bucket", bench.clients);
    tell_of_all(&bench, "half are gone", bench.clients / 2);
    tell_of_all(&bench, "all are back", bench.clients);
    bench.base = bench.now.wall_s;
    tell_state(&bench, bench.now.wall_s);
    write_all(&bench);
    show(&bench, "the server restarts");
    recorder_free(bench.recorder);
    store_close(bench.store);
    return 0;
}
