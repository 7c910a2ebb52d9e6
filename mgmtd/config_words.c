/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keywords of the config as a table, what is wrong with a line, and the words of one value. */
#include <config.h>

#include "mgmtd/config_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/duration.h"

#define MAX_COMPLAINTS 1000 /* of each level */
#define MAX_WORDS      16

struct word {
    const char *name;
    unsigned min; /* words after the name */
    unsigned max;
    bool repeated;
    const char *usage; /* what follows the name */
    void (*apply)(struct config_reader *reader, const struct directive *line);
};

/* ── saying what is wrong ── */

void config_complain(struct config_reader *reader, enum diagnostic_level level,
                     const struct directive *at, const char *format, ...)
{
    unsigned count = ++reader->complaints[level];
    char text[1024];
    va_list arguments;

    if (count > MAX_COMPLAINTS + 1)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    diagnostics_add(reader->problems, level, at->file, at->line, "%s",
                    count > MAX_COMPLAINTS ? "there is more, but it is too much to tell" : text);
}

void config_out_of_memory(struct config_reader *reader)
{
    diagnostics_add(reader->problems, DIAGNOSTIC_ERROR, reader->config->path, 0, OUT_OF_MEMORY);
}

const char *config_keep(struct config_reader *reader, const char *text)
{
    const char *kept = arena_strdup(reader->config->arena, text);

    if (kept == NULL)
        config_out_of_memory(reader);
    return kept;
}

const char *config_hint(const char *word, const char *const *names, char text[CONFIG_HINT_SIZE])
{
    const char *nearest = directive_nearest(word, names);

    text[0] = '\0';
    if (nearest != NULL)
        snprintf(text, CONFIG_HINT_SIZE, "; did you mean \"%.80s\"?", nearest);
    return text;
}

/* ── one value ── */

static void take_path(struct config_reader *reader, const struct directive *line,
                      const char **field)
{
    const char *path = line->argv[1];
    const char *kept;

    if (path[0] != '/') {
        config_error(reader, line, "\"%.300s\" must begin with a slash", path);
        return;
    }
    kept = config_keep(reader, path);
    if (kept != NULL)
        *field = kept;
}

static void apply_database(struct config_reader *reader, const struct directive *line)
{
    const char *path = line->argv[1];

    if (path[0] == '/' && path[strlen(path) - 1] == '/')
        config_error(reader, line, "\"%.300s\" is a directory; the database is a file", path);
    else
        take_path(reader, line, &reader->config->database);
}

static void apply_state_dir(struct config_reader *reader, const struct directive *line)
{
    take_path(reader, line, &reader->config->state_dir);
}

bool config_take_duration(struct config_reader *reader, const struct directive *line,
                          const char *text, int64_t least, int64_t most, const char *examples,
                          int64_t *seconds)
{
    char from[DURATION_SIZE], to[DURATION_SIZE];

    if (duration_parse(text, seconds) && *seconds >= least && *seconds <= most)
        return true;
    config_error(reader, line, "\"%.80s\" is not a duration from %s to %s, such as %s", text,
                 duration_format(least, from), duration_format(most, to), examples);
    return false;
}

static void apply_bytecount_interval(struct config_reader *reader, const struct directive *line)
{
    int64_t seconds = 0;

    if (config_take_duration(reader, line, line->argv[1], 1, DURATION_HOUR, "10s or 1m", &seconds))
        reader->config->bytecount_interval_s = (unsigned)seconds;
}

static void apply_status_interval(struct config_reader *reader, const struct directive *line)
{
    int64_t seconds = 0;

    if (config_take_duration(reader, line, line->argv[1], 10, DURATION_HOUR, "30s or 5m", &seconds))
        reader->config->status_interval_s = (unsigned)seconds;
}

static void apply_bucket(struct config_reader *reader, const struct directive *line)
{
    int64_t seconds = 0;

    if (!duration_parse(line->argv[1], &seconds) || seconds < DURATION_MINUTE ||
        seconds % DURATION_MINUTE != 0 || seconds > DURATION_HOUR || DURATION_HOUR % seconds != 0)
        config_error(reader, line,
                     "\"%.80s\" does not divide an hour; there are 1m, 2m, 3m, 4m, 5m, 6m, 10m, "
                     "12m, 15m, 20m, 30m and 1h",
                     line->argv[1]);
    else
        reader->config->bucket_s = (unsigned)seconds;
}

static void apply_log_level(struct config_reader *reader, const struct directive *line)
{
    static const char *const names[] = {
        [LOG_LEVEL_ERROR] = "error",
        [LOG_LEVEL_WARNING] = "warning",
        [LOG_LEVEL_NOTICE] = "notice",
        [LOG_LEVEL_DEBUG] = "debug",
        NULL,
    };
    char hint[CONFIG_HINT_SIZE];

    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(line->argv[1], names[i]) == 0) {
            reader->config->log_level = (enum log_level)i;
            return;
        }
    }
    config_error(reader, line,
                 "\"%.80s\" is no level; there are error, warning, notice and debug%s",
                 line->argv[1], config_hint(line->argv[1], names, hint));
}

/* ── retention ── */

static const char *const kept_names[CONFIG_KEPT_COUNT + 1] = {
    [CONFIG_REAL_ADDRESSES] = "real-addresses",
    [CONFIG_SESSIONS] = "sessions",
    [CONFIG_TRAFFIC] = "traffic",
};

const char *config_kept_name(enum config_kept kept)
{
    return kept_names[kept];
}

int64_t *config_kept_field(struct config *config, enum config_kept kept)
{
    switch (kept) {
    case CONFIG_REAL_ADDRESSES:
        return &config->retention.real_addresses;
    case CONFIG_SESSIONS:
    case CONFIG_KEPT_COUNT:
        break;
    case CONFIG_TRAFFIC:
        return &config->retention.traffic;
    }
    return &config->retention.sessions;
}

/* CONFIG_KEPT_COUNT, with an error, if there is no such kind. */
static enum config_kept find_kept(struct config_reader *reader, const struct directive *line)
{
    char hint[CONFIG_HINT_SIZE];
    size_t i = 0;

    while (i < CONFIG_KEPT_COUNT && strcmp(line->argv[1], kept_names[i]) != 0)
        i++;
    if (i == CONFIG_KEPT_COUNT)
        config_error(reader, line,
                     "\"%.80s\" is nothing that is kept; there are real-addresses, sessions and "
                     "traffic%s",
                     line->argv[1], config_hint(line->argv[1], kept_names, hint));
    return (enum config_kept)i;
}

/* retention real-addresses|sessions|traffic DURATION|forever */
static void apply_retention(struct config_reader *reader, const struct directive *line)
{
    enum config_kept kept = find_kept(reader, line);
    int64_t seconds = BATCH_NONE;

    if (kept == CONFIG_KEPT_COUNT)
        return;
    if (reader->kept_at[kept] != NULL) {
        config_error(reader, line, "a second \"retention %s\"; the first is at %s:%u",
                     kept_names[kept], reader->kept_at[kept]->file, reader->kept_at[kept]->line);
        return;
    }
    reader->kept_at[kept] = line;
    if (strcmp(line->argv[2], "forever") == 0 ||
        config_take_duration(reader, line, line->argv[2], DURATION_HOUR,
                             100 * (int64_t)DURATION_YEAR, "90d or 1y, or forever", &seconds))
        *config_kept_field(reader->config, kept) = seconds;
}

/* ── the table ── */

static const struct word words[] = {
    {"accept-after", 1, 1, false, "NUMBER", config_apply_accept_after},
    {"bucket", 1, 1, false, "DURATION", apply_bucket},
    {"bytecount-interval", 1, 1, false, "DURATION", apply_bytecount_interval},
    {"ca-file", 1, 1, false, "FILE", config_apply_ca_file},
    {"database", 1, 1, false, "FILE", apply_database},
    {"fetch-max-size", 1, 1, false, "BYTES", config_apply_fetch_max_size},
    {"fetch-timeout", 1, 1, false, "DURATION", config_apply_fetch_timeout},
    {"group-interval", 1, 1, false, "DURATION", config_apply_group_interval},
    {"host-interval", 1, 1, false, "DURATION", config_apply_host_interval},
    {"keep-addresses", 1, 1, false, "DURATION", config_apply_keep_addresses},
    {"log-level", 1, 1, false, "error | warning | notice | debug", apply_log_level},
    {"max-change", 1, 1, false, "PERCENT", config_apply_max_change},
    {"policy", 1, 1, true, "FILE", config_apply_policy},
    {"proxy", 1, 1, false, "URL", config_apply_proxy},
    {"retention", 2, 2, true, "real-addresses | sessions | traffic DURATION | forever",
     apply_retention},
    {"server", 3, 6, true, "NAME management SOCKET | HOST PORT [password FILE]",
     config_apply_server},
    {"shortest-prefix", 2, 2, false, "IPV4-LENGTH IPV6-LENGTH", config_apply_shortest_prefix},
    {"state-dir", 1, 1, false, "DIRECTORY", apply_state_dir},
    {"status-interval", 1, 1, false, "DURATION", apply_status_interval},
};

#define N_WORDS (sizeof(words) / sizeof(*words))

static void complain_unknown(struct config_reader *reader, const struct directive *line)
{
    const char *names[N_WORDS + 1] = {NULL};
    char hint[CONFIG_HINT_SIZE];

    for (size_t i = 0; i < N_WORDS; i++)
        names[i] = words[i].name;
    config_error(reader, line, "unknown directive \"%.80s\"%s", line->argv[0],
                 config_hint(line->argv[0], names, hint));
}

/* The word of a line that has the form it wants; NULL with an error. */
static const struct word *find_word(struct config_reader *reader, const struct directive *line)
{
    const struct word *word = words;
    unsigned n = line->argc - 1;

    while (word < words + N_WORDS && strcmp(word->name, line->argv[0]) != 0)
        word++;
    if (word == words + N_WORDS)
        complain_unknown(reader, line);
    else if (line->is_block)
        config_error(reader, line, "<%s> is not a block but a line; usage: %s %s", word->name,
                     word->name, word->usage);
    else if (n < word->min || n > word->max)
        config_error(reader, line, "too %s words after \"%s\"; usage: %s %s",
                     n < word->min ? "few" : "many", word->name, word->name, word->usage);
    else
        return word;
    return NULL;
}

void config_apply(struct config_reader *reader, const struct directive *first)
{
    const struct directive *seen[N_WORDS] = {NULL};

    for (const struct directive *line = first; line != NULL; line = line->next) {
        const struct word *word = find_word(reader, line);
        const struct directive **before = word == NULL ? NULL : &seen[word - words];

        if (word == NULL)
            continue;
        if (!word->repeated && *before != NULL) {
            config_error(reader, line, "a second \"%s\"; the first is at %s:%u", word->name,
                         (*before)->file, (*before)->line);
            continue;
        }
        *before = line;
        word->apply(reader, line);
    }
}
