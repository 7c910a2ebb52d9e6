/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a file to a config: reads it, applies its lines, fills in the defaults, checks the whole. */
#include <config.h>

#include "mgmtd/config_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dirs.h"
#include "lib/duration.h"

#define MAX_BYTES      ((size_t)1024 * 1024)
#define MAX_BYTES_TEXT "1 MiB"

/* byway-mgmtd.conf(5) says why. */
#define DEFAULT_REAL_ADDRESSES (90 * (int64_t)DURATION_DAY)
#define DEFAULT_SESSIONS       ((int64_t)DURATION_YEAR)
#define DEFAULT_TRAFFIC        (90 * (int64_t)DURATION_DAY)

static struct config *config_new(const char *path)
{
    struct arena *arena = arena_new();
    struct config *config = arena == NULL ? NULL : arena_alloc(arena, sizeof(*config));

    if (config == NULL) {
        arena_free(arena);
        return NULL;
    }
    *config = (struct config){
        .path = arena_strdup(arena, path),
        .state_dir = CONFIG_DEFAULT_STATE,
        .bytecount_interval_s = 10,
        .status_interval_s = DURATION_MINUTE,
        .bucket_s = 5 * DURATION_MINUTE,
        .retention = {DEFAULT_REAL_ADDRESSES, DEFAULT_SESSIONS, DEFAULT_TRAFFIC},
        .log_level = LOG_LEVEL_NOTICE,
        .arena = arena,
    };
    config_begin_refresh(config);
    if (config->path != NULL)
        return config;
    config_free(config);
    return NULL;
}

void config_free(struct config *config)
{
    if (config != NULL)
        arena_free(config->arena);
}

/* ── the whole ── */

/* `name` in the state directory. */
static const char *in_state_dir(struct config_reader *reader, const char *name)
{
    struct config *config = reader->config;
    size_t n = strlen(config->state_dir) + 1 + strlen(name) + 1;
    char *path = arena_alloc(config->arena, n);

    if (path == NULL)
        config_out_of_memory(reader);
    else
        snprintf(path, n, "%s/%s", config->state_dir, name);
    return path;
}

static bool is_longer(int64_t a, int64_t b)
{
    return b != BATCH_NONE && (a == BATCH_NONE || a > b);
}

static const char *in_words(int64_t seconds, char text[DURATION_SIZE])
{
    return seconds == BATCH_NONE ? "forever" : duration_format(seconds, text);
}

/* What belongs to a session goes with it at the latest. A default gives way, a line does not. */
static void check_kept(struct config_reader *reader, enum config_kept kept)
{
    int64_t sessions = reader->config->retention.sessions;
    int64_t *field = config_kept_field(reader->config, kept);
    const struct directive *line = reader->kept_at[kept];
    char this[DURATION_SIZE], that[DURATION_SIZE];

    if (!is_longer(*field, sessions))
        return;
    if (line == NULL)
        *field = sessions;
    else
        config_error(reader, line, "%s cannot be kept longer (%s) than sessions (%s%s)",
                     config_kept_name(kept), in_words(*field, this), in_words(sessions, that),
                     reader->kept_at[CONFIG_SESSIONS] == NULL ? ", the default" : "");
}

static void finish(struct config_reader *reader)
{
    struct config *config = reader->config;

    config_finish_refresh(reader);
    config->spool_dir = in_state_dir(reader, "spool");
    if (config->database == NULL)
        config->database = in_state_dir(reader, "sessions.db");
    check_kept(reader, CONFIG_REAL_ADDRESSES);
    check_kept(reader, CONFIG_TRAFFIC);
    if (config->n_servers == 0 && diagnostics_errors(reader->problems) == reader->errors_before)
        diagnostics_add(reader->problems, DIAGNOSTIC_WARNING, config->path, 0,
                        "there is no \"server\": only what plugins write down is recorded, and "
                        "no bytes before a session's end");
}

static size_t count_lines(const struct directive *line, const char *name, size_t most)
{
    size_t n = 0;

    for (; line != NULL && n < most; line = line->next)
        n += strcmp(line->argv[0], name) == 0;
    return n;
}

static void read_text(struct config_reader *reader, const char *text, size_t n)
{
    struct config *config = reader->config;
    struct directive *first =
        directive_parse(reader->scratch, config->path, text, n, reader->problems);

    reader->servers_room = count_lines(first, "server", CONFIG_MAX_SERVERS);
    config->servers = arena_array(config->arena, reader->servers_room, sizeof(*config->servers));
    /* Room for the default, too. */
    reader->policies_room = count_lines(first, "policy", CONFIG_MAX_POLICIES) + 1;
    config->refresh.policies =
        arena_array(config->arena, reader->policies_room, sizeof(*config->refresh.policies));
    if (config->servers == NULL || config->refresh.policies == NULL) {
        config_out_of_memory(reader);
        return;
    }
    config_apply(reader, first);
    finish(reader);
}

struct config *config_load_text(const char *path, const char *text, size_t n,
                                struct diagnostics *problems)
{
    struct config_reader reader = {
        .config = config_new(path),
        .problems = problems,
        .errors_before = diagnostics_errors(problems),
        .scratch = arena_new(),
        .servers = names_new(true),
    };

    if (reader.config == NULL || reader.scratch == NULL || reader.servers == NULL)
        diagnostics_add(problems, DIAGNOSTIC_ERROR, path, 0, OUT_OF_MEMORY);
    else
        read_text(&reader, text, n);
    names_free(reader.servers);
    arena_free(reader.scratch);
    if (diagnostics_errors(problems) == reader.errors_before)
        return reader.config;
    config_free(reader.config);
    return NULL;
}

/* Errors that there was no memory for are counted all the same. */
static bool all_told(const struct diagnostics *problems)
{
    size_t told = 0;

    for (size_t i = 0; i < diagnostics_count(problems); i++)
        told += diagnostics_at(problems, i)->level == DIAGNOSTIC_ERROR;
    return told == diagnostics_errors(problems);
}

static bool lacked_memory(const struct diagnostics *problems)
{
    for (size_t i = 0; i < diagnostics_count(problems); i++)
        if (strcmp(diagnostics_at(problems, i)->text, OUT_OF_MEMORY) == 0)
            return true;
    return !all_told(problems);
}

/* 0 if trying again does not help. */
static int note_unread(const char *path, int error, struct diagnostics *problems)
{
    const char *text = error == EFBIG    ? "larger than " MAX_BYTES_TEXT
                       : error == EINVAL ? "not a regular file"
                       : error == ENOMEM ? OUT_OF_MEMORY
                                         : NULL;

    if (text)
        diagnostics_add(problems, DIAGNOSTIC_ERROR, path, 0, "%s", text);
    else
        diagnostics_add(problems, DIAGNOSTIC_ERROR, path, 0, "cannot be read: %s", strerror(error));
    return error == ENOMEM || error == EIO || error == EMFILE || error == ENFILE ? error : 0;
}

struct config *config_load(const char *path, struct diagnostics *problems)
{
    struct dirs *dirs = dirs_new();
    struct config *config = NULL;
    char *text = NULL;
    size_t n = 0;
    int why = 0;

    if (dirs == NULL)
        errno = ENOMEM;
    else
        text = dirs_read_file(dirs, path, MAX_BYTES, &n, NULL);
    if (text == NULL)
        why = note_unread(path, errno, problems);
    else
        config = config_load_text(path, text, n, problems);
    if (text != NULL && config == NULL && lacked_memory(problems))
        why = ENOMEM;
    free(text);
    dirs_free(dirs);
    errno = why;
    return config;
}

void config_tell(const struct diagnostics *problems, const struct log *log)
{
    for (size_t i = 0; i < diagnostics_count(problems); i++) {
        const struct diagnostic *problem = diagnostics_at(problems, i);
        char line[1500];

        log_write(log, problem->level == DIAGNOSTIC_ERROR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
                  "config", "%s", diagnostic_format(problem, line, sizeof(line)));
    }
    if (!all_told(problems))
        log_write(log, LOG_LEVEL_ERROR, "config", OUT_OF_MEMORY);
}

/* ── reloading ── */

const struct config_server *config_find_server(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->n_servers; i++)
        if (strcmp(config->servers[i].name, name) == 0)
            return &config->servers[i];
    return NULL;
}

const char *config_fixed_difference(const struct config *running, const struct config *wanted)
{
    if (strcmp(running->database, wanted->database) != 0)
        return "database";
    if (strcmp(running->state_dir, wanted->state_dir) != 0)
        return "state-dir";
    if (running->bucket_s != wanted->bucket_s)
        return "bucket";
    return NULL;
}
