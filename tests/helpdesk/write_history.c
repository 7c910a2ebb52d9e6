/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a database for the tests of the byway command, with the recorder's own store:
 *
 *   write_history DATABASE < LINES     a row a line: "session id=1 user=alice started=…"
 *   write_history DATABASE --flood S   for S seconds, one full batch after another
 *
 * Fields are divided by tabs. What a line does not name is not known.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mgmtd/store.h"

#define BUCKET_S 300

union row {
    struct server_row server;
    struct run_row run;
    struct session_row session;
    struct held_row held;
    struct running_row running;
    struct traffic_row traffic;
    struct refusal_row refusal;
    struct gap_row gap;
};

struct field {
    const char *name;
    enum { NUMBER, TEXT, WORD, FLAG } type;
    size_t offset;
};

#define NUMBER_OF(type, name)                      \
    {                                              \
#name, NUMBER, offsetof(struct type, name) \
    }
#define TEXT_OF(type, name)                      \
    {                                            \
#name, TEXT, offsetof(struct type, name) \
    }
#define WORD_OF(type, name)                      \
    {                                            \
#name, WORD, offsetof(struct type, name) \
    } /* an enum */
#define FLAG_OF(type, name)                      \
    {                                            \
#name, FLAG, offsetof(struct type, name) \
    }

static const struct kind {
    const char *name;
    struct field fields[26];
} kinds[] = {
    {"server", {NUMBER_OF(server_row, id), TEXT_OF(server_row, name)}},
    {"run",
     {NUMBER_OF(run_row, id), NUMBER_OF(run_row, server), NUMBER_OF(run_row, pid),
      NUMBER_OF(run_row, began), NUMBER_OF(run_row, ended), WORD_OF(run_row, end_reason)}},
    {"session", {NUMBER_OF(session_row, id),        NUMBER_OF(session_row, run),
                 NUMBER_OF(session_row, started),   NUMBER_OF(session_row, ended),
                 NUMBER_OF(session_row, gone_by),   NUMBER_OF(session_row, from_client),
                 NUMBER_OF(session_row, to_client), NUMBER_OF(session_row, fell_back),
                 NUMBER_OF(session_row, real_port), NUMBER_OF(session_row, cid),
                 NUMBER_OF(session_row, handshake), WORD_OF(session_row, end_reason),
                 TEXT_OF(session_row, user),        TEXT_OF(session_row, typed),
                 TEXT_OF(session_row, common_name), TEXT_OF(session_row, profile),
                 TEXT_OF(session_row, chosen_by),   TEXT_OF(session_row, program),
                 TEXT_OF(session_row, platform),    TEXT_OF(session_row, real),
                 TEXT_OF(session_row, vpn4),        TEXT_OF(session_row, vpn6),
                 TEXT_OF(session_row, routes)}},
    {"held",
     {WORD_OF(held_row, kind), FLAG_OF(held_row, before_end), NUMBER_OF(held_row, session),
      NUMBER_OF(held_row, since), NUMBER_OF(held_row, until), TEXT_OF(held_row, address)}},
    {"running",
     {NUMBER_OF(running_row, session), NUMBER_OF(running_row, last_seen),
      NUMBER_OF(running_row, from_client), NUMBER_OF(running_row, to_client),
      NUMBER_OF(running_row, counted_at), NUMBER_OF(running_row, bucket),
      NUMBER_OF(running_row, base_from), NUMBER_OF(running_row, base_to),
      NUMBER_OF(running_row, base_at), NUMBER_OF(running_row, epoch_from),
      NUMBER_OF(running_row, epoch_to)}},
    {"traffic",
     {NUMBER_OF(traffic_row, bucket), NUMBER_OF(traffic_row, session),
      NUMBER_OF(traffic_row, from_client), NUMBER_OF(traffic_row, to_client),
      NUMBER_OF(traffic_row, since)}},
    {"refusal",
     {NUMBER_OF(refusal_row, id), NUMBER_OF(refusal_row, at), NUMBER_OF(refusal_row, server),
      NUMBER_OF(refusal_row, real_port), TEXT_OF(refusal_row, user), TEXT_OF(refusal_row, typed),
      TEXT_OF(refusal_row, common_name), TEXT_OF(refusal_row, wanted), TEXT_OF(refusal_row, reason),
      TEXT_OF(refusal_row, real)}},
    {"gap",
     {NUMBER_OF(gap_row, id), NUMBER_OF(gap_row, server), NUMBER_OF(gap_row, began),
      NUMBER_OF(gap_row, ended), NUMBER_OF(gap_row, count), WORD_OF(gap_row, kind),
      FLAG_OF(gap_row, covered), TEXT_OF(gap_row, reason)}},
    {"alive", {{"at", NUMBER, 0}, {"stopped", NUMBER, sizeof(int64_t)}}},
};

static void fail(const char *why, const char *what)
{
    fprintf(stderr, "write_history: %s: %s\n", why, what);
    exit(2);
}

/* ── lines ── */

static void set(void *row, const struct field *field, const char *value)
{
    char *at = (char *)row + field->offset;
    int64_t number = field->type == TEXT ? 0 : strtoll(value, NULL, 10);
    int word = (int)number;
    bool flag = number != 0;

    switch (field->type) {
    case NUMBER:
        memcpy(at, &number, sizeof(number));
        break;
    case TEXT:
        memcpy(at, &value, sizeof(value));
        break;
    case WORD:
        memcpy(at, &word, sizeof(word));
        break;
    case FLAG:
        memcpy(at, &flag, sizeof(flag));
        break;
    }
}

static void read_field(void *row, const struct kind *kind, char *text)
{
    char *value = strchr(text, '=');

    if (!value)
        fail("no value", text);
    *value++ = '\0';
    for (const struct field *field = kind->fields; field->name; field++) {
        if (strcmp(field->name, text) == 0) {
            set(row, field, value);
            return;
        }
    }
    fail("no such field", text);
}

static const struct kind *kind_of(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    fail("no such kind", name);
    return NULL;
}

static bool put(struct batch *batch, const char *kind, const union row *row)
{
    if (strcmp(kind, "server") == 0)
        return batch_server(batch, &row->server);
    if (strcmp(kind, "run") == 0)
        return batch_run(batch, &row->run);
    if (strcmp(kind, "session") == 0)
        return batch_session(batch, &row->session);
    if (strcmp(kind, "held") == 0)
        return batch_held(batch, &row->held);
    if (strcmp(kind, "running") == 0)
        return batch_running(batch, &row->running);
    if (strcmp(kind, "traffic") == 0)
        return batch_traffic(batch, &row->traffic);
    if (strcmp(kind, "refusal") == 0)
        return batch_refusal(batch, &row->refusal);
    return batch_gap(batch, &row->gap);
}

static void read_line(struct batch *batch, char *line)
{
    char *rest = NULL;
    const struct kind *kind = kind_of(strtok_r(line, "\t\n", &rest));
    union row row;
    int64_t alive[2] = {BATCH_NONE, 0};
    bool is_alive = strcmp(kind->name, "alive") == 0;

    memset(&row, 0, sizeof(row));
    for (const struct field *field = kind->fields; field->name; field++)
        if (!is_alive && field->type == NUMBER)
            memcpy((char *)&row + field->offset, &(int64_t){BATCH_NONE}, sizeof(int64_t));
    for (char *text = strtok_r(NULL, "\t\n", &rest); text; text = strtok_r(NULL, "\t\n", &rest))
        read_field(is_alive ? (void *)alive : (void *)&row, kind, text);
    if (is_alive) {
        batch->alive_at = alive[0];
        batch->stopped = alive[1] != 0;
    } else if (!put(batch, kind->name, &row)) {
        fail("out of memory", kind->name);
    }
}

static void write_all(struct store *store, struct batch *batch)
{
    enum store_result result = store_write(store, batch);

    if (result != STORE_OK)
        fail("store_write", store_result_text(result));
    batch_free(batch);
}

static void write_lines(struct store *store)
{
    struct batch *batch = batch_new();
    char *line = NULL;
    size_t size = 0;

    while (batch && getline(&line, &size, stdin) > 0)
        if (line[0] != '\n' && line[0] != '#')
            read_line(batch, line);
    free(line);
    if (!batch)
        fail("out of memory", "batch");
    write_all(store, batch);
}

/* ── full rate ── */

#define FLOOD_SESSIONS 1000
#define FLOOD_FIRST    1000000

/* Sessions that begin, move bytes and end, as fast as they are taken. */
static void flood_batch(struct store *store, int64_t first, int64_t now)
{
    struct batch *batch = batch_new();
    bool ok = batch != NULL;
    char user[32], address[32];

    for (int64_t i = 0; ok && i < FLOOD_SESSIONS; i++) {
        int64_t id = first + i;
        struct session_row session = {.id = id,
                                      .run = 1,
                                      .started = now - 600,
                                      .ended = now,
                                      .gone_by = BATCH_NONE,
                                      .from_client = id,
                                      .to_client = id,
                                      .fell_back = BATCH_NONE,
                                      .real_port = 1194,
                                      .cid = id,
                                      .number = id,
                                      .handshake = 1,
                                      .end_reason = END_DISCONNECTED,
                                      .user = user,
                                      .vpn4 = address};
        struct held_row held = {.kind = HELD_VPN,
                                .session = id,
                                .since = session.started,
                                .until = session.ended,
                                .address = address};
        struct traffic_row traffic = {.bucket = now - now % BUCKET_S,
                                      .session = id,
                                      .from_client = id,
                                      .to_client = id,
                                      .since = BATCH_NONE};

        snprintf(user, sizeof(user), "user%" PRId64, id % 997);
        snprintf(address, sizeof(address), "10.8.%d.%d", (int)(id / 256 % 256), (int)(id % 256));
        ok = batch_session(batch, &session) && batch_held(batch, &held) &&
             batch_traffic(batch, &traffic);
    }
    if (!ok)
        fail("out of memory", "flood");
    batch->id = first;
    batch->alive_at = now;
    write_all(store, batch);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Says how many sessions there were, and how long the slowest batch took. */
static void flood(struct store *store, int seconds)
{
    int64_t end = time(NULL) + seconds;
    int64_t id = FLOOD_FIRST, longest = 0;

    for (; time(NULL) < end; id += FLOOD_SESSIONS) {
        int64_t begin = now_ms();

        flood_batch(store, id, time(NULL));
        if (now_ms() - begin > longest)
            longest = now_ms() - begin;
        store_checkpoint(store);
    }
    printf("%" PRId64 " %" PRId64 "\n", id - FLOOD_FIRST, longest);
}

int main(int argc, char **argv)
{
    struct log log = {.sink = log_to_stderr, .max_level = LOG_LEVEL_WARNING};
    struct store *store = NULL;
    enum store_result result;

    if (argc != 2 && !(argc == 4 && strcmp(argv[2], "--flood") == 0))
        fail("usage", "write_history DATABASE [--flood SECONDS]");
    result = store_open(&store, argv[1], BUCKET_S, &log);
    if (result != STORE_OK)
        fail(argv[1], store_result_text(result));
    if (argc == 4)
        flood(store, (int)strtol(argv[3], NULL, 10));
    else
        write_lines(store);
    store_close(store);
    return 0;
}
