/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the bytes of OpenVPN's management socket to typed events. Pure: it reads no
 * socket and knows no time. Everything here is hostile: lines come in pieces of any
 * size, replies and real-time messages are mixed, names hold anything a client
 * could send (but no LF and, in `status 3`, no tab).
 *
 * Formats: doc/management-notes.txt of OpenVPN, src/openvpn/manage.c and multi.c
 * (multi_print_status), 2.6 and 2.7. Lines end CRLF and have at most about 10 KB.
 *
 * Of `status` only form 3 is understood. A GARBAGE event between STATUS_TIME and END means
 * that somebody may be connected and was not told of.
 */
#ifndef BYWAY_MGMTD_MANAGEMENT_PARSE_H
#define BYWAY_MGMTD_MANAGEMENT_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANAGEMENT_MAX_LINE 16384 /* a longer line is passed over as a whole, and counted */
#define MANAGEMENT_NONE     INT64_MIN

enum management_event_kind {
    MANAGEMENT_PASSWORD_PROMPT, /* "ENTER PASSWORD:", which comes without a newline */
    MANAGEMENT_GREETING,        /* >INFO:OpenVPN Management Interface Version N …: number */
    MANAGEMENT_HOLD,            /* >HOLD: it waits for `hold release` */
    MANAGEMENT_STATE,           /* >STATE: or a line of `state all`: at, word, detail */
    MANAGEMENT_ESTABLISHED,     /* >CLIENT:ESTABLISHED with its environment: client */
    MANAGEMENT_DISCONNECT,    /* >CLIENT:DISCONNECT, the same (only with management-client-auth) */
    MANAGEMENT_ADDRESS,       /* >CLIENT:ADDRESS,cid,address,primary: client, number 1 or 0 */
    MANAGEMENT_BYTECOUNT,     /* >BYTECOUNT_CLI:cid,in,out: client */
    MANAGEMENT_STATUS_TIME,   /* the TIME line of `status 3`: its beginning. at */
    MANAGEMENT_STATUS_CLIENT, /* a CLIENT_LIST line: client, always with its cid */
    MANAGEMENT_STATUS_ROUTE,  /* a ROUTING_TABLE line: client.vpn4 or vpn6, common_name, real */
    MANAGEMENT_END,           /* END of a reply of many lines */
    MANAGEMENT_SUCCESS,       /* SUCCESS: word, number */
    MANAGEMENT_ERROR,         /* ERROR: word */
    MANAGEMENT_FATAL,         /* >FATAL: word */
    MANAGEMENT_OTHER,         /* a line of no interest */
    MANAGEMENT_GARBAGE,       /* a line that should have been of interest and cannot be read:
                                 word is its beginning. Also an environment without its end */
    MANAGEMENT_KIND_COUNT
};

/*
 * What is told of one client. Strings that were not there (or empty) are NULL, numbers that
 * were not there MANAGEMENT_NONE; so are those that could not be read, which are counted
 * as garbage. Addresses are in the one form that lib/prefix writes, without a "/32".
 */
struct management_client {
    int64_t cid;
    int64_t since;          /* time_unix or "Connected Since (time_t)": its first packet */
    int64_t bytes_received; /* by the server: from the client */
    int64_t bytes_sent;
    int64_t duration;        /* seconds since the first packet */
    int64_t real_port;       /* NONE for an IPv6 client in the status of 2.6 */
    int64_t daemon_pid;      /* the server's */
    int64_t daemon_start;    /* daemon_start_time */
    const char *username;    /* NULL for status 3's UNDEF */
    const char *common_name; /* NULL for UNDEF */
    const char *real;        /* the address alone, without `udp4:`, brackets and port */
    const char *vpn4; /* of an ADDRESS or ROUTE also a network behind the client, a.b.c.d/n */
    const char *vpn6;
    const char *client;   /* IV_GUI_VER, else IV_VER */
    const char *platform; /* IV_PLAT */
};

struct management_event {
    enum management_event_kind kind;
    int64_t at;     /* of STATE and STATUS_TIME */
    int64_t number; /* of GREETING: the version; of SUCCESS: the first number in it (pid=N, …) */
    const char *word;   /* of STATE: CONNECTED, RECONNECTING, EXITING, … */
    const char *detail; /* of STATE: SUCCESS, SIGUSR1, …; else NULL */
    struct management_client client;
};

struct management_parser;

/*
 * The event and its strings are valid during the call only. Strings hold whatever was
 * sent but NUL and LF. The handler must not call the parser.
 */
typedef void management_handler(void *arg, const struct management_event *event);

struct management_parser *management_parser_new(management_handler *handler, void *arg);
void management_parser_free(struct management_parser *parser); /* NULL is harmless */

/*
 * Takes `n` bytes and calls the handler for every event they complete. How the bytes were
 * cut makes no difference. It needs no memory beyond what management_parser_new() took.
 */
void management_parser_feed(struct management_parser *parser, const char *bytes, size_t n);

/* For a new connection: forgets a half line, a half environment and the count of garbage. */
void management_parser_reset(struct management_parser *parser);

/* Lines that were too long or could not be read, in whole or in part, since the last reset. */
uint64_t management_parser_garbage(const struct management_parser *parser);

#endif
