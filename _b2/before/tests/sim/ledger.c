/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tests/sim/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *sim_address_text(struct sim_address address, char text[SIM_ADDRESS_SIZE])
{
    unsigned n = address.n;

    *text = '\0';
    switch ((enum sim_space)address.space) {
    case SIM_NOWHERE:
        break;
    case SIM_REAL4:
        snprintf(text, SIM_ADDRESS_SIZE, "198.%u.%u.%u", 18 + (n >> 16 & 1), n >> 8 & 255, n & 255);
        break;
    case SIM_REAL6:
        snprintf(text, SIM_ADDRESS_SIZE, "2001:db8:%x:%x::1", 1 + (n >> 12), 1 + (n & 0xfff));
        break;
    case SIM_VPN4:
        snprintf(text, SIM_ADDRESS_SIZE, "10.%u.%u.%u", n >> 16 & 255, n >> 8 & 255, n & 255);
        break;
    case SIM_VPN6:
        snprintf(text, SIM_ADDRESS_SIZE, "fd00:b:%x:%x::%x", 1 + (n >> SIM_POOL_BITS),
                 1 + (n >> 12 & 31), 1 + (n & 0xfff));
        break;
    case SIM_FIXED4:
        snprintf(text, SIM_ADDRESS_SIZE, "100.%u.%u.%u", 64 + (n >> 16 & 63), n >> 8 & 255,
                 n & 255);
        break;
    }
    return text;
}

bool sim_address_equal(struct sim_address a, struct sim_address b)
{
    return a.space == b.space && a.n == b.n;
}

char *sim_user_text(uint32_t n, char text[SIM_NAME_SIZE])
{
    static const char *const unusual[] = {
        "o'brien",
        "j\xc3\xbcrgen",
        "a,b;c=d",
        "<b>bold</b>",
        "\xe6\x9d\x8e\xe9\x9b\xb7",
        "x\"quoted\"",
        "back\\slash",
        "UNDEF.",
        "END",
        "%s%n",
        "Robert'); DROP TABLE user;--",
        "two words",
        "-dash",
        "=1+1",
        "CLIENT_LIST",
        "=cmd|' /C calc'!A0",
    };

    if (n < sizeof unusual / sizeof *unusual)
        snprintf(text, SIM_NAME_SIZE, "%s", unusual[n]);
    else
        snprintf(text, SIM_NAME_SIZE, "user%06u", n);
    return text;
}

const char *sim_profile_text(unsigned n)
{
    static const char *const names[SIM_PROFILES] = {"campus", "library", "full"};

    return names[n];
}

const char *sim_end_text(enum sim_end end)
{
    switch (end) {
    case SIM_OPEN:
        return "open";
    case SIM_QUIT:
        return "quit";
    case SIM_TIMEOUT:
        return "timeout";
    case SIM_REPLACED:
        return "replaced";
    case SIM_VANISHED:
        return "vanished";
    case SIM_RESTART:
        return "SIGUSR1";
    case SIM_RELOAD:
        return "SIGHUP";
    case SIM_STOP:
        return "stopped";
    case SIM_KILLED:
        return "kill -9";
    case SIM_ENDS:
        break;
    }
    return "?";
}

/* ── growing ── */

static void *grown(void *rows, uint32_t n, uint32_t *room, size_t size)
{
    if (n < *room)
        return rows;
    *room = *room > 0 ? *room * 2 : 1024;
    rows = realloc(rows, *room * size);
    if (!rows) {
        fprintf(stderr, "sim: out of memory\n");
        exit(2);
    }
    return rows;
}

#define ADD(name, rows)                                                                        \
    uint32_t ledger_add_##name(struct ledger *ledger)                                          \
    {                                                                                          \
        ledger->rows =                                                                         \
            grown(ledger->rows, ledger->n_##rows, &ledger->rows##_room, sizeof *ledger->rows); \
        memset(&ledger->rows[ledger->n_##rows], 0, sizeof *ledger->rows);                      \
        return ledger->n_##rows++;                                                             \
    }

ADD(run, runs)
ADD(session, sessions)
ADD(move, moves)
ADD(refusal, refusals)
ADD(blind, blinds)

void ledger_free(struct ledger *ledger)
{
    free(ledger->runs);
    free(ledger->sessions);
    free(ledger->moves);
    free(ledger->refusals);
    free(ledger->blinds);
    memset(ledger, 0, sizeof *ledger);
}
