/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as what a management socket says. However they are cut, the same must be
 * told; what is told must be sane, and nothing but what was said; and after the next
 * end of a line all is well again.
 *
 * An input is two bytes that say how to cut, and a dialogue in which 0xfe, C, N stands
 * for 128 N times the byte C, so that short inputs make long lines.
 */
#include "config.h"

#include "lib/prefix.h"
#include "mgmtd/management_parse.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_SIZE  ((size_t)100 * 1024)
#define MAX_BYTES 1500 /* of a dialogue that is cut into single bytes, too */

/* A dialogue, and what was told of it as a number. */
struct telling {
    const char *said;
    size_t n;
    uint64_t hash;
    uint64_t events;
    uint64_t garbage;
    enum management_event_kind last;
};

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "promise broken: %s\n", what);
    abort();
}

/* ── what is told ── */

static void add_number(struct telling *telling, int64_t number)
{
    require(number == MANAGEMENT_NONE || number >= 0, "a number below nothing");
    telling->hash = (telling->hash ^ (uint64_t)number) * UINT64_C(0x100000001b3);
    telling->hash ^= telling->hash >> 29;
}

static void add_text(struct telling *telling, const char *text)
{
    add_number(telling, text ? (int64_t)strlen(text) : MANAGEMENT_NONE);
    if (!text)
        return;
    require(strlen(text) <= MANAGEMENT_MAX_LINE, "a text longer than a line");
    require(!strchr(text, '\n'), "a text of two lines");
    for (const char *at = text; *at; at++)
        add_number(telling, (unsigned char)*at);
}

/* A text that is told as it was said. */
static void add_said(struct telling *telling, const char *text)
{
    add_text(telling, text);
    require(!text || memmem(telling->said, telling->n, text, strlen(text)), "a text nobody said");
}

static void add_address(struct telling *telling, const char *text, uint8_t family, bool host)
{
    struct prefix prefix;

    add_text(telling, text);
    if (!text)
        return;
    require(prefix_parse(text, strlen(text), &prefix) == PREFIX_OK, "not an address");
    require(family == 0 || prefix.family == family, "an address of the other family");
    require(!host || !strchr(text, '/'), "a network where an address must be");
}

static void check_complete(const struct management_event *event)
{
    const struct management_client *client = &event->client;
    bool has_cid = client->cid != MANAGEMENT_NONE;

    switch (event->kind) {
    case MANAGEMENT_BYTECOUNT:
        require(has_cid && client->bytes_received != MANAGEMENT_NONE &&
                    client->bytes_sent != MANAGEMENT_NONE,
                "half a byte count");
        break;
    case MANAGEMENT_ESTABLISHED:
    case MANAGEMENT_DISCONNECT:
    case MANAGEMENT_STATUS_CLIENT:
        require(has_cid, "a client without its number");
        break;
    case MANAGEMENT_ADDRESS:
        require(has_cid && !client->vpn4 != !client->vpn6, "not one address of one client");
        break;
    case MANAGEMENT_STATUS_ROUTE:
        require(client->vpn4 || client->vpn6, "a route to nowhere");
        break;
    case MANAGEMENT_STATE:
        require(event->at != MANAGEMENT_NONE && event->word, "half a state");
        break;
    case MANAGEMENT_STATUS_TIME:
        require(event->at != MANAGEMENT_NONE, "a status of no time");
        break;
    case MANAGEMENT_GREETING:
        require(event->number != MANAGEMENT_NONE, "a greeting without its version");
        break;
    case MANAGEMENT_SUCCESS:
    case MANAGEMENT_ERROR:
    case MANAGEMENT_FATAL:
        require(event->word != NULL, "an answer without words");
        break;
    case MANAGEMENT_PASSWORD_PROMPT:
    case MANAGEMENT_HOLD:
    case MANAGEMENT_END:
    case MANAGEMENT_OTHER:
    case MANAGEMENT_GARBAGE:
        require(!has_cid && !client->username, "a client where none can be");
        break;
    case MANAGEMENT_KIND_COUNT:
        require(false, "an event of no kind");
    }
}

static void take(void *arg, const struct management_event *event)
{
    const struct management_client *client = &event->client;
    struct telling *telling = arg;

    check_complete(event);
    add_number(telling, event->kind);
    add_number(telling, event->at);
    add_number(telling, event->number);
    add_said(telling, event->word);
    add_said(telling, event->detail);
    add_number(telling, client->cid);
    add_number(telling, client->since);
    add_number(telling, client->bytes_received);
    add_number(telling, client->bytes_sent);
    add_number(telling, client->duration);
    add_number(telling, client->daemon_pid);
    add_number(telling, client->daemon_start);
    add_number(telling, client->real_port);
    require(client->real_port <= 65535, "a port that is none");
    add_said(telling, client->username);
    add_said(telling, client->common_name);
    add_said(telling, client->client);
    add_said(telling, client->platform);
    add_address(telling, client->real, 0, true);
    add_address(telling, client->vpn4, PREFIX_IPV4, false);
    add_address(telling, client->vpn6, PREFIX_IPV6, false);
    telling->events++;
    telling->last = event->kind;
    telling->garbage += event->kind == MANAGEMENT_GARBAGE;
}

/* ── cutting ── */

/* At the end of an allocation, so that a byte too far is noticed. */
static void feed_piece(struct management_parser *parser, const char *bytes, size_t n)
{
    static char *room;

    if (!room)
        room = malloc(MAX_SIZE + 5);
    require(room != NULL, "no memory");
    memcpy(room + MAX_SIZE + 5 - n, bytes, n);
    management_parser_feed(parser, room + MAX_SIZE + 5 - n, n);
}

/* Pieces of 1 to `most` bytes; 0: all at once. */
static struct telling tell(struct management_parser **parser, const char *said, size_t n,
                           size_t most, uint32_t random)
{
    static struct telling telling; /* the handler's, for as long as the parser lives */
    struct telling empty = {.said = said, .n = n, .last = MANAGEMENT_KIND_COUNT};

    telling = empty;
    if (!*parser)
        *parser = management_parser_new(take, &telling);
    management_parser_reset(*parser);
    for (size_t at = 0; at < n;) {
        size_t piece = n - at;

        random = random * 1664525 + 1013904223;
        if (most && (random >> 8) % most + 1 < piece)
            piece = (random >> 8) % most + 1;
        feed_piece(*parser, said + at, piece);
        at += piece;
    }
    require(telling.garbage <= management_parser_garbage(*parser), "garbage that is not counted");
    return telling;
}

static bool same(const struct telling *a, const struct telling *b)
{
    return a->hash == b->hash && a->events == b->events && a->garbage == b->garbage &&
           a->last == b->last;
}

static size_t expand(const uint8_t *data, size_t size, char *said)
{
    size_t n = 0;

    while (size > 0 && n < MAX_SIZE) {
        bool many = data[0] == 0xfe && size > 2;
        size_t times = many ? data[2] * (size_t)128 : 1;

        if (times > MAX_SIZE - n)
            times = MAX_SIZE - n;
        memset(said + n, data[many ? 1 : 0], times);
        n += times;
        data += many ? 3 : 1;
        size -= many ? 3 : 1;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct management_parser *parsers[3];
    static char said[MAX_SIZE + 5];
    struct telling whole, cut, bytes;
    size_t n = 0, most = 0;

    if (size < 2)
        return 0;
    most = data[0] + 1U;
    if (data[1] & 0x80)
        most *= 64;
    n = expand(data + 2, size - 2, said);
    memcpy(said + n, "\nEND\n", 5);
    n += 5;
    whole = tell(&parsers[0], said, n, 0, 0);
    require(whole.last == MANAGEMENT_END, "an end that is not noticed");
    cut = tell(&parsers[1], said, n, most, data[1]);
    require(same(&whole, &cut), "told otherwise when cut");
    if (n <= MAX_BYTES) {
        bytes = tell(&parsers[2], said, n, 1, 0);
        require(same(&whole, &bytes), "told otherwise byte by byte");
    }
    return 0;
}
