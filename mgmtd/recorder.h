/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is recorded: brings together what the management sockets tell and what the
 * plugin's spool files say, and makes batches of the rows that changed. It opens no
 * socket and no database: the loop calls it. Time comes from outside, so tests run days
 * in seconds.
 *
 * Each session row has one author. Where the server run has a spool, its records begin
 * and end sessions, and management only attaches the client id and the running counts;
 * where there is none, >CLIENT:ESTABLISHED announces them, `status 3` begins them (a
 * client that was refused is announced too), and they end when gone from `status 3` or
 * with the server run.
 *
 * Client ids begin at 0 again in every server run, and nothing announces a restart to a
 * client without `state on` (which Byway does not use: a reader that hangs could then
 * hang the restart). So running counts are taken as they come but believed only later: where
 * the run has a spool that lost nothing, once that is read to its end, since whoever had a
 * client id before a restart has an end there before anybody has that id anew; else once a
 * reply to `state` names the same run. What came before was of that run. OpenVPN logs every
 * command, so `state` is asked for rarely: see recorder_wishes().
 */
#ifndef BYWAY_MGMTD_RECORDER_H
#define BYWAY_MGMTD_RECORDER_H

#include "lib/log.h"
#include "mgmtd/batch.h"
#include "mgmtd/management_parse.h"
#include "mgmtd/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recorder;

struct recorder_time {
    int64_t wall_s;  /* epoch seconds; may jump */
    int64_t boot_ms; /* CLOCK_BOOTTIME; never goes back */
};

struct recorder_settings {
    const char *spool_dir; /* NULL: none */
    int64_t bucket_s;
    size_t
        max_memory; /* bytes of what waits for the database; more is lost and admitted as a gap */
    size_t step;    /* sessions that one call works on at most; 0: a thousand */
};

/* Takes up where the database stands. NULL when reading failed (logged). */
struct recorder *recorder_new(struct store *store, const struct recorder_settings *settings,
                              const struct log *log, struct recorder_time now);
void recorder_free(struct recorder *recorder);

/* ── servers ── by the NAME of their config line */

/*
 * From now on this server is in the config; until it is attached is a gap. The number
 * that the calls below want (never given twice; -1 when memory is out).
 */
int recorder_server_add(struct recorder *recorder, const char *name, struct recorder_time now);
/* No longer in the config: its open sessions stay as they are, as do its spools. */
void recorder_server_remove(struct recorder *recorder, int server, struct recorder_time now);

/* The management connection stands (it greeted), or ended and `why`: from then on is a gap. */
void recorder_attached(struct recorder *recorder, int server, struct recorder_time now);
void recorder_detached(struct recorder *recorder, int server, const char *why,
                       struct recorder_time now);

/* One event of that server's management socket. */
void recorder_management(struct recorder *recorder, int server,
                         const struct management_event *event, struct recorder_time now);

/*
 * What the recorder wants asked next over that connection. The loop asks once a second
 * and when something was read; an answer clears the wish. `status 3` is costly on a big
 * server, so it is wished for at most as often as a twentieth of its time allows.
 */
struct recorder_wishes {
    bool state;  /* `state`: to see restarts, and to confirm what the spool cannot */
    bool status; /* `status 3` before its interval: somebody new was announced */
};
struct recorder_wishes recorder_wishes(struct recorder *recorder, int server,
                                       struct recorder_time now);

/*
 * What the events above began is finished in parts, so that no call takes long, however many
 * sessions it is about: does the next part. True if there is more: call again soon.
 */
bool recorder_work(struct recorder *recorder, struct recorder_time now);

/* ── spool ── */

/*
 * Reads what is new in the spool directory, at most `max_records`; true if there is
 * more. Reads nothing while too much waits for the database: the spool itself is the queue.
 */
bool recorder_read_spool(struct recorder *recorder, size_t max_records, struct recorder_time now);

/* ── batches ── one at a time */

/*
 * Everything that changed, NULL if nothing did, or if the last one is not settled yet. A big
 * one is put together in parts: NULL while recorder_is_packing(), then call again soon. It
 * says how things stood when its first part was made; none is begun before all sessions of a
 * server run that ended have ended.
 */
struct batch *recorder_take_batch(struct recorder *recorder, struct recorder_time now);
bool recorder_is_packing(const struct recorder *recorder);
/* The last batch is in the database; it still belongs to the caller. */
void recorder_batch_written(struct recorder *recorder);
/*
 * Everything written up to now is synced (store_checkpoint): spool files are freed up to
 * there, finished ones deleted.
 */
void recorder_synced(struct recorder *recorder);

/* Bytes that wait for the database, for the limit, tests and the status line. */
size_t recorder_waiting(const struct recorder *recorder);
/* Sessions that are open now. */
size_t recorder_open(const struct recorder *recorder);

/* The daemon leaves in good order: the last batch says so. Sessions stay open. */
void recorder_stop(struct recorder *recorder, struct recorder_time now);

#endif
