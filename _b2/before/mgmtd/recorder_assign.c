/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose spool a file is. The process id that both the spool and the management socket
 * name settles it; where no management can be asked, the names do.
 */
#include "mgmtd/memory.h"
#include "mgmtd/recorder_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MATCH_MS                                                                              \
    5000           /* for so long a spool waits for the management of a server to be attached \
                    */
#define PLUGIN_S 5 /* the plugin opens its spool at most so long after CONNECTED */
#define MAX_NAME 128

/* ── what a file says of itself ── */

/* "<daemon>-<start>-<pid>[.N].spool", where the server record is missing. */
static void identify_by_name(struct spool_file *file)
{
    char *copy = memory_copy(file->name);
    char *pid = strrchr(copy, '-');
    char *start;

    file->pid = file->start = BATCH_NONE;
    if (pid) {
        *pid++ = '\0';
        start = strrchr(copy, '-');
        if (start) {
            *start++ = '\0';
            file->start = time_or(strtoll(start, NULL, 10), BATCH_NONE);
            file->pid = strtoll(pid, NULL, 10);
        }
    }
    file->at = file->start;
    file->daemon = copy;
}

void file_identify(struct spool_file *file, const struct spool_record *record)
{
    file->identified = true;
    if (record) {
        file->daemon = memory_copy(record->daemon && *record->daemon ? record->daemon : "openvpn");
        file->pid = record->pid == SPOOL_NONE ? BATCH_NONE : record->pid;
        file->start = time_or(record->start, BATCH_NONE);
        file->at = time_or(record->at, file->start);
    } else {
        identify_by_name(file);
    }
    if (strlen(file->daemon) > MAX_NAME)
        file->daemon[MAX_NAME] = '\0';
    log_make_printable(file->daemon);
}

/* ── by process id ── */

/* Somebody else's management is connected to the process of this file. */
static bool belongs_elsewhere(const struct recorder *recorder, const struct server *server,
                              const struct spool_file *file)
{
    for (size_t i = 0; i < recorder->n_servers; i++) {
        const struct server *other = recorder->servers[i];

        if (other != server && other->talk.attached && other->run && other->run->file == file)
            return true;
    }
    return false;
}

struct spool_file *file_of_pid(struct recorder *recorder, const struct server *server, int64_t pid)
{
    struct spool_file *best = NULL;
    bool best_named = false;

    for (struct spool_file *file = chain_first(&recorder->files); file;
         file = chain_next(&file->link)) {
        bool named = file->daemon &&
                     ((server->spool_name && strcmp(server->spool_name, file->daemon) == 0) ||
                      strcmp(server->name, file->daemon) == 0);

        if (!file->identified || file->pid != pid || file->finished || !file_is_live(file) ||
            belongs_elsewhere(recorder, server, file))
            continue;
        if (!best || named > best_named || (named == best_named && file->at >= best->at)) {
            best = file;
            best_named = named;
        }
    }
    return best;
}

static struct server *server_of_pid(const struct recorder *recorder, const struct spool_file *file)
{
    for (size_t i = 0; i < recorder->n_servers; i++) {
        struct server *server = recorder->servers[i];

        if (server->talk.attached && file->pid != BATCH_NONE && server->talk.pid == file->pid &&
            !belongs_elsewhere(recorder, server, file))
            return server;
    }
    return NULL;
}

/* ── by name ── */

/* Its management is connected to another process, so a live file cannot be its. */
static bool is_busy(const struct server *server, struct spool_file *file)
{
    return server->talk.attached && server->talk.pid != BATCH_NONE &&
           server->talk.pid != file->pid && file_is_live(file);
}

static struct server *server_of_spool_name(const struct recorder *recorder, struct spool_file *file,
                                           bool *ambiguous)
{
    struct server *found = NULL;

    *ambiguous = false;
    for (size_t i = 0; i < recorder->n_servers; i++) {
        struct server *server = recorder->servers[i];

        if (!server->spool_name || strcmp(server->spool_name, file->daemon) != 0 ||
            is_busy(server, file))
            continue;
        *ambiguous = found != NULL;
        found = found ? found : server;
    }
    return found;
}

/* Some server of the config may yet turn out to be the process of this file. */
static bool may_match_later(const struct recorder *recorder, struct spool_file *file)
{
    if (recorder->now.boot_ms - file->found_ms >= MATCH_MS || !file_is_live(file))
        return false;
    for (size_t i = 0; i < recorder->n_servers; i++)
        if (recorder->servers[i]->configured && recorder->servers[i]->talk.pid == BATCH_NONE)
            return true;
    return false;
}

static struct server *server_by_name(struct recorder *recorder, struct spool_file *file)
{
    struct server *server = server_named(recorder, file->daemon);
    char other[MAX_NAME + 16];

    if (server && !is_busy(server, file))
        return server;
    if (!server)
        return server_new(recorder, recorder->next_server++, file->daemon);
    snprintf(other, sizeof other, "%s (spool)", file->daemon);
    server = server_named(recorder, other);
    return server ? server : server_new(recorder, recorder->next_server++, other);
}

/* ── the run ── */

/* A run that management knew before its spool was found. */
static bool is_run_of(const struct run *run, const struct spool_file *file)
{
    return run && run->ended == BATCH_NONE && !run->file && run->pid == file->pid &&
           (run->connected_at == BATCH_NONE || file->at == BATCH_NONE ||
            file->at <= run->connected_at + PLUGIN_S);
}

static void assign_to(struct recorder *recorder, struct spool_file *file, struct server *server,
                      bool by_pid)
{
    struct run *run = by_pid && is_run_of(server->run, file) ? server->run : NULL;

    if (!run)
        run = run_new(recorder, server, file->pid, time_or(file->at, recorder->now.wall_s));
    run_bind(recorder, run, file);
    if (by_pid && (!server->spool_name || strcmp(server->spool_name, file->daemon) != 0)) {
        free(server->spool_name);
        server->spool_name = memory_copy(file->daemon);
        server->dirty = true;
    }
    log_write(recorder->log, LOG_LEVEL_NOTICE, "spool", "%s: sessions of %s", file->name,
              server->name);
}

bool file_assign(struct recorder *recorder, struct spool_file *file)
{
    struct server *server = file_is_live(file) ? server_of_pid(recorder, file) : NULL;
    bool by_pid = server != NULL;
    bool ambiguous = false;

    if (!server)
        server = server_of_spool_name(recorder, file, &ambiguous);
    if ((!server || ambiguous) && may_match_later(recorder, file))
        return false;
    if (!server)
        server = server_by_name(recorder, file);
    assign_to(recorder, file, server, by_pid);
    return true;
}
