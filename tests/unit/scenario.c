/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tests/unit/scenario.h"

#include "tests/folder.h"
#include "tests/unit/tables.h"
#include "tests/unit/unit.h"

#include "mgmtd/recorder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define BASE       INT64_C(1800000000)
#define BASE_BOOT  INT64_C(500000000)
#define MAX_THINGS 8
#define MAX_LINE   60000

struct spool {
    char name[64];
    int fd;
};

struct server {
    char name[64];
    int number;
    bool configured, attached;
    char *hello; /* what its management says first */
    struct management_parser *parser;
    struct play *play;
};

struct play {
    const struct scenario_way *way;
    struct store *store;
    struct recorder *recorder;
    struct recorder_settings settings;
    struct recorder_time now;
    char dir[64];
    char database[100];
    int dir_fd;
    bool without_spool;
    struct server servers[MAX_THINGS];
    size_t n_servers;
    struct server *current;
    struct spool spools[MAX_THINGS];
    size_t n_spools;
    long moments, spooled;
    bool in_hello;
};

/* ── the recorder ── */

static void on_event(void *arg, const struct management_event *event)
{
    struct server *server = arg;

    recorder_management(server->play->recorder, server->number, event, server->play->now);
}

static void feed(struct server *server, const char *text, size_t n)
{
    size_t chunk = server->play->way->chunk;

    while (n > 0) {
        size_t part = chunk == SIZE_MAX ? 1 + (size_t)rand() % 40 : chunk;

        if (chunk == 0 || part > n)
            part = n;
        management_parser_feed(server->parser, text, part);
        text += part;
        n -= part;
    }
}

static void attach(struct play *play, struct server *server)
{
    management_parser_reset(server->parser);
    server->attached = true;
    recorder_attached(play->recorder, server->number, play->now);
    if (server->hello)
        feed(server, server->hello, strlen(server->hello));
}

static void begin(struct play *play)
{
    play->settings = (struct recorder_settings){
        .spool_dir = play->without_spool ? NULL : play->dir,
        .bucket_s = 300,
        .max_memory = 64 * 1024 * 1024,
        .step = play->way->step,
    };
    play->recorder = recorder_new(play->store, &play->settings, NULL, play->now);
    ck_assert_ptr_nonnull(play->recorder);
    for (size_t i = 0; i < play->n_servers; i++) {
        struct server *server = &play->servers[i];

        if (server->configured)
            server->number = recorder_server_add(play->recorder, server->name, play->now);
        if (server->attached)
            attach(play, server);
    }
}

/* kill -9, and a new daemon */
static void kill_recorder(struct play *play)
{
    recorder_free(play->recorder);
    begin(play);
}

/* True if the daemon was killed at this moment. */
static bool moment(struct play *play)
{
    if (play->moments++ != play->way->kill_at)
        return false;
    kill_recorder(play);
    return true;
}

static void do_read(struct play *play)
{
    moment(play);
    while (recorder_work(play->recorder, play->now) ||
           recorder_read_spool(play->recorder, 3, play->now))
        continue;
}

/* After a kill whatever is in the spool is read again. */
static void do_flush(struct play *play)
{
    struct batch *batch = recorder_take_batch(play->recorder, play->now);

    while (recorder_is_packing(play->recorder)) {
        recorder_work(play->recorder, play->now);
        recorder_read_spool(play->recorder, 1, play->now);
        batch = recorder_take_batch(play->recorder, play->now);
    }
    if (!batch)
        return;
    if (moment(play)) {
        batch_free(batch);
        do_read(play);
        do_flush(play);
        return;
    }
    ck_assert_int_eq(store_write(play->store, batch), STORE_OK);
    if (!moment(play))
        recorder_batch_written(play->recorder);
    batch_free(batch);
    moment(play);
}

static void do_sync(struct play *play)
{
    ck_assert(store_checkpoint(play->store));
    recorder_synced(play->recorder);
    moment(play);
}

/* ── the lines of a scenario ── */

/* @90@ is a time, \t a tab. */
static size_t expand(const char *from, char *to)
{
    char *begin_to = to;

    while (*from) {
        long at;
        int used = 0;

        if (sscanf(from, "@%ld@%n", &at, &used) == 1 && used > 0) {
            to += sprintf(to, "%lld", (long long)(BASE + at));
            from += used;
        } else if (from[0] == '\\' && from[1] == 't') {
            *to++ = '\t';
            from += 2;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return (size_t)(to - begin_to);
}

static struct server *server_of(struct play *play, const char *name)
{
    struct server *server;

    for (size_t i = 0; i < play->n_servers; i++)
        if (strcmp(play->servers[i].name, name) == 0)
            return &play->servers[i];
    ck_assert_uint_lt(play->n_servers, MAX_THINGS);
    server = &play->servers[play->n_servers++];
    snprintf(server->name, sizeof server->name, "%s", name);
    server->play = play;
    server->parser = management_parser_new(on_event, server);
    return server;
}

static void do_server(struct play *play, const char *name)
{
    struct server *server = server_of(play, name);

    server->configured = true;
    server->number = recorder_server_add(play->recorder, name, play->now);
}

static void do_attach(struct play *play, const char *name)
{
    play->current = server_of(play, name);
    attach(play, play->current);
}

static void do_detach(struct play *play, const char *why)
{
    play->current->attached = false;
    recorder_detached(play->recorder, play->current->number, *why ? why : NULL, play->now);
}

static void do_hello(struct play *play, const char *name)
{
    play->current = server_of(play, name);
    free(play->current->hello);
    play->current->hello = strdup("");
    play->in_hello = true;
}

static void do_end(struct play *play, const char *rest)
{
    (void)rest;
    play->in_hello = false;
}

static void do_on(struct play *play, const char *name)
{
    play->current = server_of(play, name);
}

static void do_line(struct play *play, const char *rest)
{
    static char line[MAX_LINE];
    size_t n = expand(rest, line);

    strcpy(line + n, "\r\n");
    if (play->in_hello) {
        char *hello = NULL;

        ck_assert_int_ge(asprintf(&hello, "%s%s", play->current->hello, line), 0);
        free(play->current->hello);
        play->current->hello = hello;
    } else {
        feed(play->current, line, n + 2);
    }
}

static void do_at(struct play *play, const char *rest)
{
    int64_t passed = BASE_BOOT + (int64_t)(atof(rest) * 1000) - play->now.boot_ms;

    ck_assert_int_ge(passed, 0);
    play->now.boot_ms += passed;
    play->now.wall_s += passed / 1000;
}

static void do_jump(struct play *play, const char *rest)
{
    play->now.wall_s += atol(rest);
}

static void do_go(struct play *play, const char *rest)
{
    (void)rest;
    do_read(play);
    do_flush(play);
    do_sync(play);
    do_flush(play);
}

static void do_read_line(struct play *play, const char *rest)
{
    (void)rest;
    do_read(play);
}

static void do_flush_line(struct play *play, const char *rest)
{
    (void)rest;
    do_flush(play);
}

static void do_kill(struct play *play, const char *rest)
{
    (void)rest;
    kill_recorder(play);
}

static void do_down(struct play *play, const char *rest)
{
    (void)rest;
    recorder_stop(play->recorder, play->now);
    do_flush(play);
    recorder_free(play->recorder);
    play->recorder = NULL;
}

static void do_up(struct play *play, const char *rest)
{
    (void)rest;
    for (size_t i = 0; i < play->n_servers; i++)
        play->servers[i].attached = false;
    begin(play);
}

static void do_remove(struct play *play, const char *name)
{
    struct server *server = server_of(play, name);

    server->configured = server->attached = false;
    recorder_server_remove(play->recorder, server->number, play->now);
}

static void do_without_spool(struct play *play, const char *rest)
{
    (void)rest;
    play->without_spool = true;
    kill_recorder(play);
}

static void do_wishes(struct play *play, const char *rest)
{
    struct recorder_wishes wishes =
        recorder_wishes(play->recorder, play->current->number, play->now);
    char text[32];

    snprintf(text, sizeof text, "%s%s", wishes.state ? "state " : "",
             wishes.status ? "status " : "");
    text[strlen(text) ? strlen(text) - 1 : 0] = '\0';
    /* A daemon that has just begun wishes for more, or less. */
    if (play->way->kill_at < 0 && !play->way->tear_and_kill)
        ck_assert_str_eq(text, rest);
}

static void do_who(struct play *play, const char *rest)
{
    char question[MAX_LINE];

    expand(rest, question);
    scenario_who(play->database, play->now.wall_s, question);
}

/* ── spools ── */

static void append(struct play *play, struct spool *spool, const char *text, size_t n)
{
    long tear = play->way->tear_at - play->spooled;
    size_t first = tear > 0 && tear < (long)n ? (size_t)tear : n;

    ck_assert_int_eq(write(spool->fd, text, first), (ssize_t)first);
    if (first < n && play->recorder) {
        do_go(play, "");
        if (play->way->tear_and_kill)
            kill_recorder(play);
    }
    ck_assert_int_eq(write(spool->fd, text + first, n - first), (ssize_t)(n - first));
    play->spooled += (long)n;
}

/* "KIND key=value …", at this moment unless it says otherwise; ~ stands for a space. */
static void append_record(struct play *play, struct spool *spool, const char *rest)
{
    char text[MAX_LINE], line[MAX_LINE + 100];
    char *word, *save = NULL;
    size_t n;

    expand(rest, text);
    word = strtok_r(text, " ", &save);
    n = (size_t)sprintf(line, "%s", word);
    if (!strstr(rest, " at="))
        n += (size_t)sprintf(line + n, "\tat=%lld\tboot_ms=%lld", (long long)play->now.wall_s,
                             (long long)play->now.boot_ms);
    while ((word = strtok_r(NULL, " ", &save)))
        n += (size_t)sprintf(line + n, "\t%s", word);
    for (char *c = line; *c; c++)
        *c = *c == '~' ? ' ' : *c;
    line[n++] = '\n';
    append(play, spool, line, n);
}

static void do_spool(struct play *play, const char *rest)
{
    struct spool *spool = &play->spools[play->n_spools++];
    char record[MAX_LINE];
    int used = 0;

    ck_assert_uint_le(play->n_spools, MAX_THINGS);
    ck_assert_int_eq(sscanf(rest, "%60s %n", spool->name, &used), 1);
    strcat(spool->name, ".spool");
    spool->fd = openat(play->dir_fd, spool->name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0660);
    ck_assert_int_ge(spool->fd, 0);
    ck_assert_int_eq(flock(spool->fd, LOCK_EX | LOCK_NB), 0);
    if (rest[used] == '\0')
        return;
    snprintf(record, sizeof record, "server format=1 %s", rest + used);
    append_record(play, spool, record);
}

static struct spool *spool_of(struct play *play, const char **rest)
{
    char name[64];
    int used = 0;

    ck_assert_int_eq(sscanf(*rest, "%50s %n", name, &used), 1);
    *rest += used;
    strcat(name, ".spool");
    for (size_t i = play->n_spools; i-- > 0;)
        if (strcmp(play->spools[i].name, name) == 0)
            return &play->spools[i];
    ck_abort_msg("no spool %s", name);
    return NULL;
}

static void do_record(struct play *play, const char *rest)
{
    struct spool *spool = spool_of(play, &rest);

    append_record(play, spool, rest);
}

/* These bytes, as they are; \n is an LF. */
static void do_raw(struct play *play, const char *rest)
{
    struct spool *spool = spool_of(play, &rest);
    char text[MAX_LINE];
    size_t n = 0;

    for (; *rest; rest++)
        if (rest[0] == '\\' && rest[1] == 'n') {
            text[n++] = '\n';
            rest++;
        } else {
            text[n++] = *rest;
        }
    append(play, spool, text, n);
}

/* The writer ends. */
static void do_close(struct play *play, const char *rest)
{
    struct spool *spool = spool_of(play, &rest);

    close(spool->fd);
    spool->fd = -1;
}

static void do_cut(struct play *play, const char *rest)
{
    struct spool *spool = spool_of(play, &rest);

    ck_assert_int_eq(ftruncate(spool->fd, atol(rest)), 0);
}

static void do_delete(struct play *play, const char *rest)
{
    unlinkat(play->dir_fd, spool_of(play, &rest)->name, 0);
}

static const struct command {
    const char *name;
    void (*run)(struct play *play, const char *rest);
} commands[] = {
    {"server", do_server},
    {"remove", do_remove},
    {"hello", do_hello},
    {"end", do_end},
    {"attach", do_attach},
    {"detach", do_detach},
    {"on", do_on},
    {"<", do_line},
    {"at", do_at},
    {"jump", do_jump},
    {"read", do_read_line},
    {"flush", do_flush_line},
    {"go", do_go},
    {"kill", do_kill},
    {"down", do_down},
    {"up", do_up},
    {"without-spool", do_without_spool},
    {"wishes", do_wishes},
    {"who", do_who},
    {"spool", do_spool},
    {"record", do_record},
    {"raw", do_raw},
    {"close", do_close},
    {"cut", do_cut},
    {"delete", do_delete},
};

static void run_line(struct play *play, const char *line)
{
    size_t n = strcspn(line, " ");

    if (*line == '\0' || *line == '#')
        return;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strlen(commands[i].name) == n && strncmp(commands[i].name, line, n) == 0) {
            commands[i].run(play, line + n + (line[n] == ' '));
            return;
        }
    ck_abort_msg("not a command: %s", line);
}

/* ── a run ── */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines sorted, without empty ones and comments; malloc'd. */
static char *sorted(char *text)
{
    char *lines[4000], *save = NULL, *out = calloc(1, strlen(text) + 2);
    size_t n = 0;

    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        if (*line && *line != '#')
            lines[n++] = line;
    qsort(lines, n, sizeof *lines, by_text);
    for (size_t i = 0; i < n; i++)
        strcat(strcat(out, lines[i]), "\n");
    return out;
}

static char *show(const struct play *play)
{
    char *text = NULL, *lines;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    tables_show(play->database, BASE, out);
    fclose(out);
    lines = sorted(text);
    free(text);
    return lines;
}

static void open_play(struct play *play)
{
    const char *folder = getenv("TMPDIR");

    if (!folder && access("/dev/shm", W_OK) == 0)
        folder = "/dev/shm"; /* thousands of databases */
    play->now = (struct recorder_time){BASE, BASE_BOOT};
    snprintf(play->dir, sizeof play->dir, "%s/byway-scenario-XXXXXX", folder ? folder : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(play->dir));
    play->dir_fd = open(play->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(play->database, sizeof play->database, "%s/sessions.db", play->dir);
    ck_assert_int_eq(store_open(&play->store, play->database, 300, NULL), STORE_OK);
    begin(play);
}

static void close_play(struct play *play)
{
    recorder_free(play->recorder);
    store_close(play->store);
    for (size_t i = 0; i < play->n_servers; i++) {
        management_parser_free(play->servers[i].parser);
        free(play->servers[i].hello);
    }
    for (size_t i = 0; i < play->n_spools; i++)
        if (play->spools[i].fd >= 0)
            close(play->spools[i].fd);
    close(play->dir_fd);
    ck_assert(folder_remove(play->dir));
}

struct scenario_result scenario_run(const char *path, const struct scenario_way *way)
{
    struct scenario_result result = {0};
    struct play play = {.way = way};
    static char line[MAX_LINE];
    char *expected = NULL;
    size_t expected_n = 0;
    FILE *in = fopen(path, "r");
    FILE *out = NULL;

    ck_assert_msg(in != NULL, "%s", path);
    open_play(&play);
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = '\0';
        if (out)
            fprintf(out, "%s\n", line);
        else if (strcmp(line, "expect") == 0)
            out = open_memstream(&expected, &expected_n);
        else
            run_line(&play, line);
    }
    fclose(in);
    if (out)
        fclose(out);
    for (int i = 0; play.recorder && i < 2; i++)
        do_go(&play, ""); /* what a kill at the very end left undone */
    result.moments = play.moments;
    result.shown = show(&play);
    *line = '\0';
    result.expected = sorted(expected ? expected : line);
    result.spooled = play.spooled;
    free(expected);
    close_play(&play);
    return result;
}

void scenario_free(struct scenario_result *result)
{
    free(result->shown);
    free(result->expected);
}

void scenario_without(char *text, const char *word)
{
    char *to = text;

    for (char *line = text; *line;) {
        size_t n = strcspn(line, "\n") + 1;

        if (strncmp(line, word, strlen(word)) != 0) {
            memmove(to, line, n);
            to += n;
        }
        line += n;
    }
    *to = '\0';
}
