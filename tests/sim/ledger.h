/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger of the simulated world: what really happened, session by session. It only
 * grows. Times are milliseconds since the epoch, by the world's clock.
 */
#ifndef BYWAY_TESTS_SIM_LEDGER_H
#define BYWAY_TESTS_SIM_LEDGER_H

#include "tests/sim/traffic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_NEVER INT64_MIN
#define SIM_NONE  UINT32_MAX

/* ── addresses ── numbered, so that a ledger of a million sessions stays small */

enum sim_space {
    SIM_NOWHERE,
    SIM_REAL4,
    SIM_REAL6,
    SIM_VPN4, /* of a pool: SIM_POOL_BITS bits for each server */
    SIM_VPN6,
    SIM_FIXED4 /* that an administrator gave to one user */
};
#define SIM_POOL_BITS 17

struct sim_address {
    uint32_t space : 4;
    uint32_t n : 28;
};

#define SIM_ADDRESS_SIZE 48
/* In canonical form; "" for SIM_NOWHERE. Returns `text`. */
char *sim_address_text(struct sim_address address, char text[SIM_ADDRESS_SIZE]);
bool sim_address_equal(struct sim_address a, struct sim_address b);

/* ── names ── */

#define SIM_NAME_SIZE 96
/* What user `n` is called; some names are not what one hopes for. */
char *sim_user_text(uint32_t n, char text[SIM_NAME_SIZE]);
/* Profile 0 is the default one. */
#define SIM_PROFILES 3
const char *sim_profile_text(unsigned n);

/* ── sessions ── */

/* How a session or a server run ended. */
enum sim_end {
    SIM_OPEN,
    SIM_QUIT,     /* the client said so */
    SIM_TIMEOUT,  /* nothing came from it any more */
    SIM_REPLACED, /* the same name connected anew */
    SIM_VANISHED, /* OpenVPN dropped it without telling anybody */
    SIM_RESTART,  /* SIGUSR1 */
    SIM_RELOAD,   /* SIGHUP */
    SIM_STOP,
    SIM_KILLED, /* kill -9 of OpenVPN */
    SIM_ENDS
};
const char *sim_end_text(enum sim_end end);

struct sim_run {
    uint16_t server;
    int32_t pid;
    int64_t daemon_start; /* epoch seconds */
    int64_t began, ended;
    enum sim_end end;
    char spool[96]; /* "" where there is no plugin */
};

struct sim_session {
    uint32_t user, run;
    uint32_t number; /* in its spool; 0 where there is none */
    uint64_t cid;
    uint32_t suffix : 1; /* the profile was typed behind the user name */
    uint32_t profile : 3;
    uint32_t end : 4;
    uint32_t port : 16;
    struct sim_address real, vpn4, vpn6; /* the first real one */
    uint32_t last_move;                  /* of ledger.moves; SIM_NONE: it stayed at `real` */
    int64_t created, began, ended;       /* its first packet; connected; SIM_NEVER: open */
    int64_t taken; /* when another session got its IPv4 address from it; SIM_NEVER: never */
    struct traffic traffic;
    struct traffic_count bytes; /* at the end */
    /* What the management socket told somebody who listened. */
    int64_t announced, listed, told_at; /* SIM_NEVER: not */
    struct traffic_count told;
};

/* A client that went on from another address, without anybody being told. */
struct sim_move {
    uint32_t session, before; /* the move before it of the same session, or SIM_NONE */
    int64_t at;
    struct sim_address real;
    uint16_t port;
};

struct sim_refusal {
    uint16_t server;
    int64_t at;
    uint32_t user;
    struct sim_address real;
    uint16_t port;
};

/* Nobody listened to that server's management socket. */
struct sim_blind {
    uint16_t server;
    int64_t from, to; /* SIM_NEVER: still */
};

struct ledger {
    struct sim_run *runs;
    struct sim_session *sessions;
    struct sim_move *moves;
    struct sim_refusal *refusals;
    struct sim_blind *blinds;
    uint32_t n_runs, n_sessions, n_moves, n_refusals, n_blinds;
    uint32_t runs_room, sessions_room, moves_room, refusals_room, blinds_room;
};

/* Each adds one, zeroed, and returns its number; the program ends where memory is out. */
uint32_t ledger_add_run(struct ledger *ledger);
uint32_t ledger_add_session(struct ledger *ledger);
uint32_t ledger_add_move(struct ledger *ledger);
uint32_t ledger_add_refusal(struct ledger *ledger);
uint32_t ledger_add_blind(struct ledger *ledger);
void ledger_free(struct ledger *ledger);

#endif
