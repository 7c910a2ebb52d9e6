/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The recorder's life, its servers and its clocks. */
#include "mgmtd/recorder.h"

#include "mgmtd/memory.h"
#include "mgmtd/recorder_private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP     1000 /* sessions: some milliseconds */
#define CLOCK_MS 2000 /* what the wall clock may differ between two calls, rounding included */

struct recorder *recorder_new(struct store *store, const struct recorder_settings *settings,
                              const struct log *log, struct recorder_time now)
{
    struct recorder *recorder = memory_zeroed(sizeof *recorder);

    recorder->log = log;
    recorder->settings = *settings;
    recorder->spool_dir = memory_copy(settings->spool_dir);
    recorder->settings.spool_dir = recorder->spool_dir;
    if (recorder->settings.step == 0)
        recorder->settings.step = STEP;
    recorder->dir_fd = -1;
    recorder->sessions = sessions_new();
    recorder->last_alive_at = BATCH_NONE;
    recorder->next_file = 1;
    recorder_tick(recorder, now);
    recorder->alive_ms = now.boot_ms;
    if (!recorder_load(recorder, store)) {
        recorder_free(recorder);
        return NULL;
    }
    spool_take_up(recorder);
    return recorder;
}

static void free_files(struct recorder *recorder)
{
    struct spool_file *file;

    while ((file = chain_first(&recorder->files))) {
        chain_remove(&recorder->files, &file->link);
        spool_reader_close(file->reader);
        free(file->daemon);
        free(file->name);
        free(file);
    }
}

void recorder_free(struct recorder *recorder)
{
    struct run *run;

    if (!recorder)
        return;
    sessions_free(recorder->sessions);
    free_files(recorder);
    while ((run = chain_first(&recorder->runs))) {
        chain_remove(&recorder->runs, &run->link);
        free(run->spool);
        free(run);
    }
    for (size_t i = 0; i < recorder->n_servers; i++) {
        free(recorder->servers[i]->name);
        free(recorder->servers[i]->spool_name);
        free(recorder->servers[i]->gap_reason);
        free(recorder->servers[i]);
    }
    free(recorder->servers);
    batch_free(recorder->next);
    batch_free(recorder->packing);
    if (recorder->dir_fd >= 0)
        close(recorder->dir_fd);
    free(recorder->spool_dir);
    free(recorder);
}

bool recorder_work(struct recorder *recorder, struct recorder_time now)
{
    bool more;

    recorder_tick(recorder, now);
    more = run_work(recorder);
    for (size_t i = 0; i < recorder->n_servers && !more; i++)
        more = status_work(recorder, recorder->servers[i]);
    return more;
}

size_t recorder_open(const struct recorder *recorder)
{
    return recorder->n_open;
}

/* ── clocks ── */

void recorder_tick(struct recorder *recorder, struct recorder_time now)
{
    int64_t offset = now.wall_s * 1000 - now.boot_ms;
    int64_t jumped = offset - recorder->clock_offset;
    int64_t unseen_ms = now.boot_ms - recorder->now.boot_ms;
    bool set = recorder->has_time && (jumped > CLOCK_MS || jumped < -CLOCK_MS);

    recorder->now = now;
    recorder->has_time = true;
    recorder->clock_offset = offset;
    if (set)
        clock_was_set(recorder, now.wall_s - jumped / 1000, unseen_ms);
}

/* ── servers ── */

struct server *server_named(const struct recorder *recorder, const char *name)
{
    for (size_t i = 0; i < recorder->n_servers; i++)
        if (strcmp(recorder->servers[i]->name, name) == 0)
            return recorder->servers[i];
    return NULL;
}

struct server *server_new(struct recorder *recorder, int64_t id, const char *name)
{
    struct server *server = memory_zeroed(sizeof *server);

    server->id = id;
    server->name = memory_copy(name);
    server->dirty = true;
    server->talk.pid = BATCH_NONE;
    server->hearing = 1;
    recorder->servers =
        memory_array(recorder->servers, recorder->n_servers + 1, sizeof(struct server *));
    recorder->servers[recorder->n_servers++] = server;
    return server;
}

int recorder_server_add(struct recorder *recorder, const char *name, struct recorder_time now)
{
    struct server *server;
    size_t number = 0;

    recorder_tick(recorder, now);
    server = server_named(recorder, name);
    if (!server)
        server = server_new(recorder, recorder->next_server++, name);
    server->configured = true;
    gap_begin_not_watched(recorder, server, NULL);
    while (recorder->servers[number] != server)
        number++;
    return (int)number;
}

void recorder_server_remove(struct recorder *recorder, int number, struct recorder_time now)
{
    struct server *server;

    recorder_tick(recorder, now);
    if (number < 0 || (size_t)number >= recorder->n_servers)
        return;
    server = recorder->servers[number];
    gap_begin_not_watched(recorder, server, "not in the config any more");
    server->configured = server->talk.attached = server->talk.resolved = false;
    server->talk.pid = BATCH_NONE;
}
