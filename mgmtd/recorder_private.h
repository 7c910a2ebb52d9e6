/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the recorder share. Nobody else includes this. */
#ifndef BYWAY_MGMTD_RECORDER_PRIVATE_H
#define BYWAY_MGMTD_RECORDER_PRIVATE_H

#include "mgmtd/batch.h"
#include "mgmtd/chain.h"
#include "mgmtd/recorder.h"
#include "mgmtd/sessions.h"

#include "lib/spool.h"

#include <stdbool.h>
#include <stdint.h>

enum reply { REPLY_OTHER, REPLY_STATE, REPLY_STATUS };

/* The conversation with one management socket, since it was attached. */
struct conversation {
    bool attached;
    bool resolved; /* the run is known */
    int64_t pid;   /* BATCH_NONE: not told yet */
    enum reply reply;
    bool connected;       /* the last state of this reply is CONNECTED */
    int64_t connected_at; /* the last CONNECTED of this reply */
    int64_t state_ms;     /* when a state was last told (boot) */
    int64_t top_cid;      /* the greatest told of in this run: they only grow */
    bool wants_state;
    bool wants_status;
    int64_t status_from_ms; /* no status is wished for before */
    int64_t status_began_ms;
    int64_t status_true_at; /* when that was true: what lay unread is older than it looks */
    bool status_spool_read; /* who ended and began before it is known */
    int64_t status_at;      /* of the status under way, or waiting to be confirmed */
    uint64_t status_number; /* counts them */
    bool status_damaged;    /* somebody may be missing in it */
    bool status_waits;      /* complete, and not believed in full yet */
    bool status_confirmed;  /* what it says of sessions is believed; who is gone from it ends */
    bool status_judging;    /* and then who is new in it begins */
};

struct server {
    int64_t id;
    char *name;
    char *spool_name;
    bool configured;
    bool loaded; /* the database knew it */
    bool dirty;
    struct conversation talk;
    struct run *run;         /* the one management is connected to, or was last */
    struct chain heard;      /* sessions of which something waits to be confirmed, or believed */
    uint64_t hearing;        /* counts the confirmations; see heard_for of a session */
    uint64_t confirmed;      /* up to which number what was heard is true */
    struct chain candidates; /* clients that may become sessions */
    struct session *judged_next; /* of them */
    struct gap_row gap;          /* not watched; id 0: watched */
    char *gap_reason;
    bool gap_dirty, gap_stored;
    struct spool_file *gap_spool; /* the spool that was there when the gap began */
    struct gap_row lost; /* its spool was deleted, and it has no other yet; id 0: it was not */
};

/* One life of an OpenVPN process between two (re)starts. */
struct run {
    struct chain_link link;
    int64_t id;
    struct server *server;
    int64_t pid, daemon_start, connected_at, began, ended;
    enum end_reason end_reason;
    bool parting; /* it ended, and some of its sessions still do, for this reason: */
    enum end_reason parting_reason;
    int64_t parting_by;
    struct spool_file *file; /* NULL: no plugin there */
    char *spool;
    bool dirty;
    bool lossy;             /* its spool lost records: management may begin and end sessions */
    int64_t author_from_ms; /* until then its spool may still turn up (boot) */
    struct chain sessions;  /* open */
    struct chain tail;      /* the last that ended, together */
    size_t n_dirty;         /* sessions of it that wait for a batch */
    int64_t tail_last;
};

struct spool_file {
    struct chain_link link;
    int64_t id; /* in this process */
    char *name;
    struct spool_reader *reader; /* NULL: not open */
    bool missing;                /* it was deleted while no daemon had it open */
    int64_t missing_ms;          /* when that was noticed (boot) */
    bool stays;                  /* it could not be deleted */
    bool complained;
    int64_t retry_ms;
    bool identified; /* by its server record, or its name */
    char *daemon;
    int64_t pid, start, at;
    struct run *run;     /* NULL: it waits to be assigned */
    struct run *earlier; /* the run before, of the same file */
    int64_t found_ms;
    int64_t skip_before; /* what was read of it before it was replaced or cut */
    int64_t last_at;     /* of the last record */
    int64_t alive_at;    /* all was read, and the writer lived: so did its sessions */
    int64_t alive_at_taken;
    int64_t last_number;
    int64_t position; /* behind the last record that rows were made of */
    int64_t taken, written, freed;
    int64_t garbage; /* lines that wait to be told from what a full disk left */
    int64_t garbage_ms;
    struct gap_row lost; /* since it was deleted under its writer; id 0: it was not */
    bool at_end;
    bool up_to_now;  /* all of it was read in the reading under way, or the last */
    int64_t gone_ms; /* since when all is read and the writer gone; BATCH_NONE: not yet */
    bool finished;
    uint64_t finished_batch;
};

/* Kept in the database, so that another daemon knows it, too. */
struct recorder_clock {
    int64_t right_until; /* if it was put forward wrongly, then not before */
    int64_t since;       /* since it runs as it does: the time it then showed */
};

struct recorder {
    const struct log *log;
    struct recorder_settings settings;
    char *spool_dir;
    int dir_fd;
    bool dir_failed;
    bool complained; /* of a file that could not be deleted */
    struct recorder_time now;
    bool has_time;
    int64_t clock_offset;
    struct recorder_clock clock;

    struct server **servers;
    size_t n_servers;
    struct chain runs;
    struct chain files;
    struct sessions *sessions;
    struct chain dirty;     /* sessions */
    uint64_t dirty_number;  /* of the batch that these will be in */
    struct chain tentative; /* sessions whose address was not learned yet */
    struct chain done;      /* sessions that nobody needs any more */
    size_t n_parting;       /* runs */
    size_t n_open;
    size_t n_candidates;

    int64_t next_server, next_run, next_session, next_refusal, next_gap, next_file;
    int64_t next_candidate; /* negative row ids */
    int64_t last_alive_at;  /* of the daemon before; BATCH_NONE: none */
    bool looked;            /* at all spools, so that who writes them is known to be alive */

    struct batch *next;    /* rows that do not change any more */
    struct batch *packing; /* NULL, or the one that is put together */
    struct chain unpacked; /* sessions that it still lacks */
    bool in_flight;
    size_t in_flight_bytes;
    uint64_t n_taken, n_written;
    int64_t alive_ms; /* of the last batch */
    bool stopping;
    struct gap_row overload; /* id 0: none */
};

/* ── recorder.c ── */
void recorder_tick(struct recorder *recorder, struct recorder_time now);
struct server *server_named(const struct recorder *recorder, const char *name);
struct server *server_new(struct recorder *recorder, int64_t id, const char *name);

/* ── recorder_clock.c ── */
/* The wall clock was set, at most so long ago: it would show `before`. */
void clock_was_set(struct recorder *recorder, int64_t before, int64_t unseen_ms);
/* The rows of the last daemon are there, and what it knew of the clock (BATCH_NONE: nothing). */
void clock_take_up(struct recorder *recorder, int64_t right_until, int64_t since);
/* `at` is of the future, and so much later than `from` that the clock was put back since. */
bool clock_was_ahead(const struct recorder *recorder, int64_t at, int64_t from);
/* Now; or, if the clock is wrong, the last moment before. */
int64_t clock_latest(const struct recorder *recorder);
/* Of a clock that was put back: `at`, if it is not in the future; else by so much less. */
int64_t clock_put_back(const struct recorder *recorder, int64_t at, int64_t by, int64_t least);

/* ── recorder_load.c ── */
bool recorder_load(struct recorder *recorder, struct store *store);

/* ── recorder_gaps.c ── */
void gap_begin_not_watched(struct recorder *recorder, struct server *server, const char *why);
void gap_write_open(struct server *server, struct batch *batch);
void gap_end_not_watched(struct recorder *recorder, struct server *server);
void gap_note(struct recorder *recorder, enum gap_kind kind, const struct server *server,
              int64_t began, int64_t ended, int64_t count, const char *reason);
/* The file was deleted, and nothing more will be read of it. True if that is new. */
bool gap_begin_deleted(struct recorder *recorder, struct spool_file *file);
/* Its writer is gone, or nothing is known of it any more. */
void gap_end_deleted(struct recorder *recorder, struct spool_file *file);
/* The gap lasts beyond the file: until its server has another spool, or another process. */
void gap_leave_deleted(struct spool_file *file, struct server *server);
void gap_end_lost(struct recorder *recorder, struct server *server);
/* One that the last daemon left open. */
void gap_load_deleted(struct server *server, const struct gap_row *row);
void gap_overload(struct recorder *recorder, const struct server *server);
void gap_put_back(struct recorder *recorder, struct gap_row *gap, int64_t by);

/* ── recorder_sessions.c ── */
struct session_names {
    const char *user, *typed, *common_name, *profile, *chosen_by, *program, *platform;
    const char *routes;
};
/* The canonical form of a host's address; its family, 0 if it is none. */
int address_read(const char *text, char address[SESSION_ADDRESS_SIZE]);
/* `at`, unless it cannot be a time. */
int64_t time_or(int64_t at, int64_t otherwise);
void session_name(struct session *session, const struct session_names *names);
/* The session gets a row number and is open from `started` on. */
void session_begin(struct recorder *recorder, struct session *session, struct run *run,
                   int64_t started);
void session_set_cid(struct recorder *recorder, struct session *session, int64_t cid);
/* Makes it be found by its first packet and its addresses at that server. */
void session_index_all(struct recorder *recorder, struct session *session,
                       const struct server *server);
void session_set_real(struct recorder *recorder, struct session *session, const char *real,
                      int64_t port, int64_t at);
void session_hold_anew(struct recorder *recorder, struct session *session, int64_t until,
                       int64_t since);
/* The clock was put back: nothing of it lies in the future. */
void session_put_back(struct recorder *recorder, struct session *session, int64_t by);
/* Of a candidate, that is all there is. */
void session_put_back_heard(struct recorder *recorder, struct session *session, int64_t by);
/* LEARN_ADDRESS is told of as it happens, a status later and of what may be over. */
enum teller { TOLD_BY_PLUGIN, TOLD_BY_STATUS };
void session_learn(struct recorder *recorder, struct session *session, const char *address,
                   int64_t at, enum teller teller);
/* What the connect hook said, until an address is learned. */
void session_expect(struct recorder *recorder, struct session *session, const char *vpn4,
                    const char *vpn6);
void session_believe_expected(struct recorder *recorder, struct session *session);
void session_seen(struct recorder *recorder, struct session *session, int64_t at);
void session_count(struct recorder *recorder, struct session *session, enum counts_source source,
                   const struct session_count *count);
/* final_from and final_to are in the session; `ended` is not before `started`. */
void session_end(struct recorder *recorder, struct session *session, int64_t ended, int64_t gone_by,
                 enum end_reason reason);
/*
 * When what was last seen at `seen` was over in any case: at `gone_by`, unless that is no
 * bound at all, because it is still to come, or because it was seen after it (the process
 * that `gone_by` is of runs beside it). A restart is of the same process.
 */
int64_t gone_at_the_latest(const struct recorder *recorder, int64_t gone_by, int64_t seen,
                           enum end_reason reason);
/* Ended when it was last seen; `gone_by` is when that was noticed. */
void session_end_unseen(struct recorder *recorder, struct session *session, int64_t gone_by,
                        enum end_reason reason);
enum end_reason session_disconnect_reason(const struct recorder *recorder,
                                          const struct session *session, int64_t boot_ms);
/* From the next batch on its row is one of that run; the chains of both are the caller's. */
void session_set_run(struct recorder *recorder, struct session *session, struct run *run);
void session_move(struct recorder *recorder, struct session *session, struct run *run);
void session_changed(struct recorder *recorder, struct session *session);
void session_release(struct recorder *recorder, struct session *session);
void session_forget_heard(struct server *server, struct session *session);

/* ── recorder_runs.c ── */
struct run *run_new(struct recorder *recorder, struct server *server, int64_t pid, int64_t began);
void run_bind(struct recorder *recorder, struct run *run, struct spool_file *file);
/* Its spool is no more: management begins and ends its sessions from now on. */
void run_let_go(struct recorder *recorder, struct run *run);
void run_end(struct recorder *recorder, struct run *run, int64_t gone_by, enum end_reason reason);
/*
 * Its sessions end with it: all that no spool with a writer tells of, in steps of run_work().
 * Until that is done no batch is begun, so the rows of all go into one, with the run's.
 */
void run_part(struct recorder *recorder, struct run *run, int64_t gone_by, enum end_reason reason);
/* The next part of that; true if there is more. */
bool run_work(struct recorder *recorder);
/* All of that now: something else is about to happen to this run. */
void run_settle(struct recorder *recorder, struct run *run);
/* Ends the session, if it is one that is still to end with its run. True if it was. */
bool run_part_with(struct recorder *recorder, struct session *session);
/* It is as good as ended. */
bool run_takes_along(const struct session *session);
/* The session ended, and what comes may say why: it stays for a while. */
void run_keep_ended(struct recorder *recorder, struct session *session);
void run_trim_tail(struct recorder *recorder, struct run *run, int64_t before);
void run_forget_finished(struct recorder *recorder);
/* Management said which run it is connected to. True if it is the one it was before. */
bool run_resolve(struct recorder *recorder, struct server *server, int64_t pid,
                 int64_t connected_at);

/* ── recorder_status.c ── */
void status_client(struct recorder *recorder, struct server *server,
                   const struct management_client *client);
void status_bytecount(struct recorder *recorder, struct server *server,
                      const struct management_client *client);
void status_established(struct recorder *recorder, struct server *server,
                        const struct management_client *client);
void status_disconnect(struct recorder *recorder, struct server *server,
                       const struct management_client *client);
/* What waited since the last confirmation is true. */
void status_confirm(struct recorder *recorder, struct server *server);
/*
 * What was told of sessions until now is true: the spool was read to its end since, and an end
 * stands there before any client of a new life has a number. True if there is more to do.
 */
bool status_believe(struct recorder *recorder, struct server *server);
void status_forget(struct recorder *recorder, struct server *server);
/* The next part of what is confirmed; true if there is more. */
bool status_work(struct recorder *recorder, struct server *server);
/* What is confirmed of this session, now: something else is about to happen to it. */
void status_settle(struct recorder *recorder, struct session *session);
void candidate_drop(struct recorder *recorder, struct server *server, struct session *candidate);
bool management_authors(const struct recorder *recorder, const struct run *run);

/* ── recorder_spool.c ── */
struct spool_file *file_new(struct recorder *recorder, const char *name);
/* Opens the files of the last daemon: management may tell of their processes before they are read.
 */
void spool_take_up(struct recorder *recorder);
bool file_is_live(struct spool_file *file);
/* Reads on, for a bounded time: true if everything that was written until now is read. */
bool spool_is_read(struct recorder *recorder, struct spool_file *file);

/* When the next life of its server began; `now` if none is known. The run has a file. */
int64_t run_next_began(const struct recorder *recorder, const struct run *run, int64_t now);
/* It has no run, or one that ended, and no session of it is open. */
bool file_is_known_to_have_ended(const struct recorder *recorder, const struct spool_file *file);
/* recorder_synced() takes it away, once what came of it is stored: the last daemon may have. */
void file_note_finished(struct recorder *recorder, struct spool_file *file, bool known);

/* Its run has a spool that misses nothing: once that is read, what was told before is true. */
bool spool_confirms(const struct server *server);

/* ── recorder_deleted.c ── */
/* It has no name any more, but whoever writes it does not know that yet. */
void deleted_while_read(struct recorder *recorder, struct spool_file *file);
/* It is missing: nobody will know who writes it. */
void deleted_while_away(struct recorder *recorder, struct spool_file *file);
/* Management says that this run lives: if its spool is missing, it goes on without. */
void deleted_but_alive(struct recorder *recorder, struct run *run);

/* ── recorder_assign.c ── */
/* Whose spool it is; false if that is not known yet. */
bool file_assign(struct recorder *recorder, struct spool_file *file);
void file_identify(struct spool_file *file, const struct spool_record *record);
struct spool_file *file_of_pid(struct recorder *recorder, const struct server *server, int64_t pid,
                               int64_t connected_at);

/* ── recorder_records.c ── */
void record_take(struct recorder *recorder, struct spool_file *file,
                 const struct spool_record *record);

/* ── recorder_batch.c ── */
/* The session is about to change: the batch under way gets it as it was. */
void batch_keep(struct recorder *recorder, struct session *session);
struct batch *batch_under_way(struct recorder *recorder);
/* So many rows wait for the next one that what can be told later must be. */
bool batch_is_full(const struct recorder *recorder);

#endif
