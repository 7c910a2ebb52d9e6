/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One management socket's events: which reply is under way, and what it means. */
#include "mgmtd/recorder_private.h"

#include <stdio.h>
#include <string.h>

#define STATE_MS        500  /* between two wishes for a state */
#define COUNTS_STATE_MS 4000 /* where only counts wait for it: OpenVPN logs every command */
#define IDLE_STATE_MS                                                                          \
    10000                 /* a restart is noticed after so long even where nobody is connected \
                           */
#define STATUS_SHARE  20  /* a status takes at most one part in so many of the time */
#define STATUS_LATE_S 300 /* more than that is another clock */
#define STATUS_MIN_MS 1000
#define TAIL_S        8 /* a run that lives on for so long did not take them with it */

static void on_success(struct recorder *recorder, struct server *server,
                       const struct management_event *event)
{
    char expected[32];

    (void)recorder;
    snprintf(expected, sizeof expected, "pid=%lld", (long long)event->number);
    /* A connection is to one process. */
    if (server->talk.pid == BATCH_NONE && event->number > 0 && event->word &&
        strcmp(event->word, expected) == 0)
        server->talk.pid = event->number;
}

static void on_state(struct recorder *recorder, struct server *server,
                     const struct management_event *event)
{
    struct conversation *talk = &server->talk;

    (void)recorder;
    if (talk->reply != REPLY_STATE)
        talk->connected_at = BATCH_NONE;
    talk->reply = REPLY_STATE;
    talk->connected =
        event->word && strcmp(event->word, "CONNECTED") == 0 && time_or(event->at, 0) > 0;
    if (talk->connected)
        talk->connected_at = event->at;
}

/* Of a spool that is no more all was read. */
static bool is_read(struct recorder *recorder, const struct run *run)
{
    return run->file ? spool_is_read(recorder, run->file) : run->spool != NULL;
}

static void on_status_time(struct recorder *recorder, struct server *server,
                           const struct management_event *event)
{
    struct conversation *talk = &server->talk;

    talk->reply = REPLY_STATUS;
    talk->status_number++;
    talk->status_at = talk->status_true_at = recorder->now.wall_s;
    if (event->at <= talk->status_at && event->at >= talk->status_at - STATUS_LATE_S)
        talk->status_true_at = event->at;
    talk->status_spool_read = server->run && is_read(recorder, server->run);
    talk->status_began_ms = recorder->now.boot_ms;
    talk->status_damaged = false;
    talk->status_waits = talk->status_confirmed = talk->status_judging = false;
}

static void on_status_client(struct recorder *recorder, struct server *server,
                             const struct management_event *event)
{
    if (server->talk.reply != REPLY_STATUS || !server->talk.resolved || event->client.cid < 0)
        return;
    run_settle(recorder, server->run);
    status_client(recorder, server, &event->client);
}

static void on_client(struct recorder *recorder, struct server *server,
                      const struct management_event *event)
{
    if (!server->talk.resolved || event->client.cid < 0)
        return;
    run_settle(recorder, server->run);
    if (event->kind == MANAGEMENT_ESTABLISHED)
        status_established(recorder, server, &event->client);
    else if (event->kind == MANAGEMENT_DISCONNECT)
        status_disconnect(recorder, server, &event->client);
    else
        status_bytecount(recorder, server, &event->client);
}

static void end_of_state(struct recorder *recorder, struct server *server)
{
    struct conversation *talk = &server->talk;

    talk->state_ms = recorder->now.boot_ms;
    talk->wants_state = !talk->connected;
    if (!talk->connected || talk->pid == BATCH_NONE)
        return;
    if (run_resolve(recorder, server, talk->pid, talk->connected_at)) {
        deleted_but_alive(recorder, server->run);
        status_confirm(recorder, server);
    } else {
        talk->wants_status = true;
        talk->top_cid = 0;
    }
    talk->resolved = true;
    if (server->gap.id != 0)
        gap_end_not_watched(recorder, server);
    if (server->run->tail.n > 0)
        run_trim_tail(recorder, server->run, recorder->now.wall_s - TAIL_S);
}

static void end_of_status(struct recorder *recorder, struct server *server)
{
    struct conversation *talk = &server->talk;
    int64_t took = recorder->now.boot_ms - talk->status_began_ms;
    int64_t pause = took * (STATUS_SHARE - 1);

    talk->wants_status = false;
    talk->status_from_ms = recorder->now.boot_ms + (pause > STATUS_MIN_MS ? pause : STATUS_MIN_MS);
    talk->status_waits = talk->resolved;
}

static void on_end(struct recorder *recorder, struct server *server,
                   const struct management_event *event)
{
    enum reply reply = server->talk.reply;

    (void)event;
    server->talk.reply = REPLY_OTHER;
    if (reply == REPLY_STATE)
        end_of_state(recorder, server);
    else if (reply == REPLY_STATUS)
        end_of_status(recorder, server);
}

/* A line that cannot be read may be anybody's. */
static void on_garbage(struct recorder *recorder, struct server *server,
                       const struct management_event *event)
{
    (void)recorder;
    (void)event;
    server->talk.status_damaged = true;
}

typedef void event_handler(struct recorder *recorder, struct server *server,
                           const struct management_event *event);

static event_handler *const handlers[MANAGEMENT_KIND_COUNT] = {
    [MANAGEMENT_SUCCESS] = on_success,         [MANAGEMENT_STATE] = on_state,
    [MANAGEMENT_STATUS_TIME] = on_status_time, [MANAGEMENT_STATUS_CLIENT] = on_status_client,
    [MANAGEMENT_ESTABLISHED] = on_client,      [MANAGEMENT_DISCONNECT] = on_client,
    [MANAGEMENT_BYTECOUNT] = on_client,        [MANAGEMENT_END] = on_end,
    [MANAGEMENT_GARBAGE] = on_garbage,
};

void recorder_management(struct recorder *recorder, int number,
                         const struct management_event *event, struct recorder_time now)
{
    struct server *server;

    recorder_tick(recorder, now);
    if (number < 0 || (size_t)number >= recorder->n_servers)
        return;
    server = recorder->servers[number];
    if (server->talk.attached && handlers[event->kind])
        handlers[event->kind](recorder, server, event);
}

void recorder_attached(struct recorder *recorder, int number, struct recorder_time now)
{
    struct server *server;

    recorder_tick(recorder, now);
    if (number < 0 || (size_t)number >= recorder->n_servers)
        return;
    server = recorder->servers[number];
    server->talk = (struct conversation){
        .attached = true,
        .pid = BATCH_NONE,
        .connected_at = BATCH_NONE,
        .wants_state = true,
        .state_ms = now.boot_ms - STATE_MS,
        .status_number = server->talk.status_number,
    };
}

void recorder_detached(struct recorder *recorder, int number, const char *why,
                       struct recorder_time now)
{
    struct server *server;

    recorder_tick(recorder, now);
    if (number < 0 || (size_t)number >= recorder->n_servers)
        return;
    server = recorder->servers[number];
    if (!server->talk.attached)
        return;
    gap_begin_not_watched(recorder, server, why);
    server->talk.attached = server->talk.resolved = false;
    server->talk.pid = BATCH_NONE;
}

/* For a state: where there is a spool, reading it says as much. */
static bool counts_wait(const struct server *server)
{
    return server->heard.n > 0 && !spool_confirms(server);
}

struct recorder_wishes recorder_wishes(struct recorder *recorder, int number,
                                       struct recorder_time now)
{
    struct recorder_wishes wishes = {false, false};
    const struct conversation *talk;

    recorder_tick(recorder, now);
    if (number < 0 || (size_t)number >= recorder->n_servers)
        return wishes;
    talk = &recorder->servers[number]->talk;
    if (!talk->attached)
        return wishes;
    wishes.state = talk->wants_state || talk->status_waits ||
                   now.boot_ms - talk->state_ms >=
                       (counts_wait(recorder->servers[number]) ? COUNTS_STATE_MS : IDLE_STATE_MS);
    wishes.state = wishes.state && now.boot_ms - talk->state_ms >= STATE_MS;
    wishes.status = talk->wants_status && talk->resolved && now.boot_ms >= talk->status_from_ms &&
                    recorder->servers[number]->run &&
                    (recorder->servers[number]->run->file ||
                     management_authors(recorder, recorder->servers[number]->run));
    return wishes;
}
