/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines are read where they lie; only strings that an event hands out are copied, and
 * the half line at the end of a piece. >BYTECOUNT_CLI is by far the most frequent line.
 */
#include "config.h"

#include "mgmtd/management_parse.h"

#include "mgmtd/management_fields.h"

#include <stdlib.h>
#include <string.h>

#define N(array)      (sizeof(array) / sizeof((array)[0]))
#define PROMPT        "ENTER PASSWORD:"
#define PROMPT_LENGTH (sizeof(PROMPT) - 1)
#define MAX_SHOWN     200 /* of a line that is garbage */

/* All of a client's strings together; more than OpenVPN lets anybody have. */
#define BLOCK_ROOM 8192

#define NO_CLIENT                                                                                 \
    {                                                                                             \
        .cid = MANAGEMENT_NONE, .since = MANAGEMENT_NONE, .bytes_received = MANAGEMENT_NONE,      \
        .bytes_sent = MANAGEMENT_NONE, .duration = MANAGEMENT_NONE, .real_port = MANAGEMENT_NONE, \
        .daemon_pid = MANAGEMENT_NONE, .daemon_start = MANAGEMENT_NONE                            \
    }

static const struct management_event blank = {
    .kind = MANAGEMENT_OTHER,
    .at = MANAGEMENT_NONE,
    .number = MANAGEMENT_NONE,
    .client = NO_CLIENT,
};

/* What ">CLIENT:ENV," lines belong to. */
enum block {
    BLOCK_NONE,
    BLOCK_PASSED_OVER, /* >CLIENT:CONNECT and whatever else has an environment */
    BLOCK_TAKEN
};

struct management_parser {
    management_handler *handler;
    void *arg;
    uint64_t garbage;

    struct management_event counted; /* blank but for what BYTECOUNT sets */
    struct columns clients;
    struct columns routes;
    struct texts texts; /* of the line */

    enum block block;
    struct management_event told; /* by the environment so far */
    struct texts block_texts;

    size_t half; /* bytes of a line whose end has not come */
    bool too_long;
    char line[MANAGEMENT_MAX_LINE];
    char texts_bytes[MANAGEMENT_MAX_LINE + 1024]; /* all of a line's pieces, each with a NUL */
    char block_bytes[BLOCK_ROOM];
};

#define CLIENT(member) offsetof(struct management_client, member)

static const struct field environment[] = {
    {"username", FIELD_TEXT, CLIENT(username)},
    {"common_name", FIELD_TEXT, CLIENT(common_name)},
    {"time_unix", FIELD_NUMBER, CLIENT(since)},
    {"time_duration", FIELD_NUMBER, CLIENT(duration)},
    {"bytes_received", FIELD_NUMBER, CLIENT(bytes_received)},
    {"bytes_sent", FIELD_NUMBER, CLIENT(bytes_sent)},
    {"trusted_ip", FIELD_REAL, 0},
    {"trusted_ip6", FIELD_REAL, 0},
    {"trusted_port", FIELD_PORT, CLIENT(real_port)},
    {"ifconfig_pool_remote_ip", FIELD_VPN, 0},
    {"ifconfig_pool_remote_ip6", FIELD_VPN, 0},
    {"IV_VER", FIELD_TEXT, CLIENT(client)},
    {"IV_GUI_VER", FIELD_BETTER_TEXT, CLIENT(client)},
    {"IV_PLAT", FIELD_TEXT, CLIENT(platform)},
    {"daemon_pid", FIELD_NUMBER, CLIENT(daemon_pid)},
    {"daemon_start_time", FIELD_NUMBER, CLIENT(daemon_start)},
};

static const struct field client_columns[] = {
    {"Common Name", FIELD_NAME, CLIENT(common_name)},
    {"Real Address", FIELD_REAL, 0},
    {"Virtual Address", FIELD_VPN, 0},
    {"Virtual IPv6 Address", FIELD_VPN, 0},
    {"Bytes Received", FIELD_NUMBER, CLIENT(bytes_received)},
    {"Bytes Sent", FIELD_NUMBER, CLIENT(bytes_sent)},
    {"Connected Since (time_t)", FIELD_NUMBER, CLIENT(since)},
    {"Username", FIELD_NAME, CLIENT(username)},
    {"Client ID", FIELD_NUMBER, CLIENT(cid)},
};

static const struct field route_columns[] = {
    {"Virtual Address", FIELD_ROUTE, 0},
    {"Common Name", FIELD_NAME, CLIENT(common_name)},
    {"Real Address", FIELD_REAL, 0},
};

/* ── events ── */

static void tell(struct management_parser *parser, const struct management_event *event)
{
    parser->handler(parser->arg, event);
}

static void tell_kind(struct management_parser *parser, enum management_event_kind kind)
{
    struct management_event event = blank;

    event.kind = kind;
    tell(parser, &event);
}

static void tell_word(struct management_parser *parser, enum management_event_kind kind,
                      struct span word)
{
    struct management_event event = blank;
    const char *nul = memchr(word.at, '\0', word.n);

    if (nul)
        word.n = (size_t)(nul - word.at);
    event.kind = kind;
    event.word = texts_keep(&parser->texts, word);
    tell(parser, &event);
}

static void garbage(struct management_parser *parser, struct span line)
{
    parser->garbage++;
    if (line.n > MAX_SHOWN)
        line.n = MAX_SHOWN;
    tell_word(parser, MANAGEMENT_GARBAGE, line);
}

/* Of what may hold a password, nothing is shown. */
static void garbage_unseen(struct management_parser *parser)
{
    parser->garbage++;
    tell_kind(parser, MANAGEMENT_GARBAGE);
}

/* ── lines ── each gets the line and what follows the words it was known by */

typedef void line_reader(struct management_parser *parser, struct span line, struct span rest);

static bool take_comma(struct span *rest)
{
    if (rest->n == 0 || *rest->at != ',')
        return false;
    *rest = (struct span){rest->at + 1, rest->n - 1};
    return true;
}

static void read_bytecount(struct management_parser *parser, struct span line, struct span rest)
{
    struct management_client *client = &parser->counted.client;

    if (span_take_number(&rest, &client->cid) && take_comma(&rest) &&
        span_take_number(&rest, &client->bytes_received) && take_comma(&rest) &&
        span_number(rest, &client->bytes_sent))
        tell(parser, &parser->counted);
    else
        garbage(parser, line);
}

/* An environment that was begun and has no end is worth nothing. */
static void end_block(struct management_parser *parser)
{
    if (parser->block == BLOCK_TAKEN)
        garbage_unseen(parser);
    parser->block = BLOCK_NONE;
}

static void read_environment(struct management_parser *parser, struct span line, struct span rest)
{
    const struct field *field = NULL;

    if (parser->block == BLOCK_NONE) {
        tell_kind(parser, MANAGEMENT_OTHER);
    } else if (span_is(rest, "END")) {
        if (parser->block == BLOCK_TAKEN)
            tell(parser, &parser->told);
        parser->block = BLOCK_NONE;
    } else if (parser->block == BLOCK_TAKEN) {
        field = field_find(environment, N(environment), span_cut(&rest, '='));
        if (field && !field_set(field, rest, &parser->told.client, &parser->block_texts))
            parser->garbage++;
    }
    (void)line;
}

static void begin_block(struct management_parser *parser, enum management_event_kind kind,
                        struct span line, struct span cid)
{
    end_block(parser);
    parser->block = BLOCK_PASSED_OVER;
    parser->told = blank;
    parser->told.kind = kind;
    parser->block_texts.used = 0;
    if (span_number(cid, &parser->told.client.cid))
        parser->block = BLOCK_TAKEN;
    else
        garbage(parser, line);
}

static void read_established(struct management_parser *parser, struct span line, struct span rest)
{
    begin_block(parser, MANAGEMENT_ESTABLISHED, line, rest);
}

static void read_disconnect(struct management_parser *parser, struct span line, struct span rest)
{
    begin_block(parser, MANAGEMENT_DISCONNECT, line, rest);
}

static void read_address(struct management_parser *parser, struct span line, struct span rest)
{
    static const struct field vpn = {"", FIELD_VPN, 0};
    struct management_event event = blank;
    struct span cid = span_cut(&rest, ','), address = span_cut(&rest, ',');

    event.kind = MANAGEMENT_ADDRESS;
    if (span_number(cid, &event.client.cid) && span_number(rest, &event.number) && address.n > 0 &&
        field_set(&vpn, address, &event.client, &parser->texts))
        tell(parser, &event);
    else
        garbage(parser, line);
}

/* >CLIENT:CONNECT, REAUTH, CR_RESPONSE, and what later versions may have. */
static void read_other_client(struct management_parser *parser, struct span line, struct span rest)
{
    end_block(parser);
    parser->block = BLOCK_PASSED_OVER;
    tell_kind(parser, MANAGEMENT_OTHER);
    (void)line;
    (void)rest;
}

static bool tell_state(struct management_parser *parser, struct span rest)
{
    struct management_event event = blank;
    struct span at = span_cut(&rest, ','), word = span_cut(&rest, ',');
    struct span detail = span_cut(&rest, ',');

    event.kind = MANAGEMENT_STATE;
    event.word = word.n > 0 ? texts_keep(&parser->texts, word) : NULL;
    event.detail = detail.n > 0 ? texts_keep(&parser->texts, detail) : NULL;
    if (!span_number(at, &event.at) || !event.word || (detail.n > 0 && !event.detail))
        return false;
    tell(parser, &event);
    return true;
}

static void read_state(struct management_parser *parser, struct span line, struct span rest)
{
    if (!tell_state(parser, rest))
        garbage(parser, line);
}

/* A line of `state all` has no prefix, so it must be one in all its parts. */
static void read_bare(struct management_parser *parser, struct span line, struct span rest)
{
    static const char *const states[] = {"INITIAL",      "CONNECTING",   "WAIT",    "AUTH",
                                         "GET_CONFIG",   "ASSIGN_IP",    "?",       "ADD_ROUTES",
                                         "CONNECTED",    "RECONNECTING", "EXITING", "TCP_CONNECT",
                                         "AUTH_PENDING", "RESOLVE"};
    struct span word;
    int64_t at = 0;
    bool is_state = span_number(span_cut(&rest, ','), &at);

    word = span_cut(&rest, ',');
    for (size_t i = 0; is_state && i < N(states); i++)
        if (span_is(word, states[i]) && tell_state(parser, line))
            return;
    tell_kind(parser, MANAGEMENT_OTHER);
}

static void read_greeting(struct management_parser *parser, struct span line, struct span rest)
{
    struct management_event event = blank;

    event.kind = MANAGEMENT_GREETING;
    if (span_take_number(&rest, &event.number))
        tell(parser, &event);
    else
        garbage(parser, line);
}

static void read_hold(struct management_parser *parser, struct span line, struct span rest)
{
    tell_kind(parser, MANAGEMENT_HOLD);
    (void)line;
    (void)rest;
}

static void read_fatal(struct management_parser *parser, struct span line, struct span rest)
{
    tell_word(parser, MANAGEMENT_FATAL, rest);
    (void)line;
}

static void read_error(struct management_parser *parser, struct span line, struct span rest)
{
    tell_word(parser, MANAGEMENT_ERROR, rest);
    (void)line;
}

static void read_success(struct management_parser *parser, struct span line, struct span rest)
{
    struct management_event event = blank;
    struct span digits = rest;

    while (digits.n > 0 && (unsigned)(unsigned char)*digits.at - '0' > 9)
        digits = (struct span){digits.at + 1, digits.n - 1};
    event.kind = MANAGEMENT_SUCCESS;
    span_take_number(&digits, &event.number);
    event.word = texts_keep(&parser->texts, rest);
    if (event.word)
        tell(parser, &event);
    else
        garbage(parser, line);
}

/* ── status 3 ── */

static void read_time(struct management_parser *parser, struct span line, struct span rest)
{
    struct management_event event = blank;

    parser->clients.n = parser->routes.n = 0;
    event.kind = MANAGEMENT_STATUS_TIME;
    span_cut(&rest, '\t');
    if (span_number(span_cut(&rest, '\t'), &event.at))
        tell(parser, &event);
    else
        garbage(parser, line);
}

static void read_client_header(struct management_parser *parser, struct span line, struct span rest)
{
    if (columns_learn(&parser->clients, client_columns, N(client_columns), rest))
        tell_kind(parser, MANAGEMENT_OTHER);
    else
        garbage(parser, line);
}

static void read_route_header(struct management_parser *parser, struct span line, struct span rest)
{
    if (columns_learn(&parser->routes, route_columns, N(route_columns), rest))
        tell_kind(parser, MANAGEMENT_OTHER);
    else
        garbage(parser, line);
}

static bool read_row(struct management_parser *parser, const struct columns *columns,
                     struct span row, struct management_client *client)
{
    size_t unreadable = 0;
    bool ok = columns_read(columns, row, client, &parser->texts, &unreadable);

    parser->garbage += unreadable;
    return ok;
}

static void read_client(struct management_parser *parser, struct span line, struct span rest)
{
    struct management_event event = blank;

    event.kind = MANAGEMENT_STATUS_CLIENT;
    if (read_row(parser, &parser->clients, rest, &event.client) &&
        event.client.cid != MANAGEMENT_NONE)
        tell(parser, &event);
    else
        garbage(parser, line);
}

static void read_route(struct management_parser *parser, struct span line, struct span rest)
{
    struct management_event event = blank;
    uint64_t before = parser->garbage;

    event.kind = MANAGEMENT_STATUS_ROUTE;
    if (!read_row(parser, &parser->routes, rest, &event.client))
        garbage(parser, line);
    else if (event.client.vpn4 || event.client.vpn6)
        tell(parser, &event);
    else if (parser->garbage == before)
        tell_kind(parser, MANAGEMENT_OTHER); /* a cached route or a MAC address */
    else
        tell_word(parser, MANAGEMENT_GARBAGE, line);
}

/* ── which line is which ── */

static void read_end(struct management_parser *parser, struct span line, struct span rest)
{
    tell_kind(parser, rest.n == 0 ? MANAGEMENT_END : MANAGEMENT_OTHER);
    (void)line;
}

#define KNOWN(text, reader)            \
    {                                  \
        text, sizeof(text) - 1, reader \
    }

/* The first that fits is taken. */
static const struct {
    const char *text;
    size_t n;
    line_reader *reader;
} known_lines[] = {
    KNOWN(">BYTECOUNT_CLI:", read_bytecount),
    KNOWN(">CLIENT:ENV,", read_environment),
    KNOWN("CLIENT_LIST\t", read_client),
    KNOWN("ROUTING_TABLE\t", read_route),
    KNOWN(">CLIENT:ESTABLISHED,", read_established),
    KNOWN(">CLIENT:DISCONNECT,", read_disconnect),
    KNOWN(">CLIENT:ADDRESS,", read_address),
    KNOWN(">CLIENT:", read_other_client),
    KNOWN(">STATE:", read_state),
    KNOWN(">HOLD:", read_hold),
    KNOWN(">INFO:OpenVPN Management Interface Version ", read_greeting),
    KNOWN(">FATAL:", read_fatal),
    KNOWN("SUCCESS: ", read_success),
    KNOWN("ERROR: ", read_error),
    KNOWN("TIME\t", read_time),
    KNOWN("HEADER\tCLIENT_LIST\t", read_client_header),
    KNOWN("HEADER\tROUTING_TABLE\t", read_route_header),
    KNOWN("END", read_end),
    KNOWN("", read_bare),
};

/* One line without its LF. */
static void read_line(struct management_parser *parser, const char *at, size_t n)
{
    struct span line = {at, n};
    size_t i = 0;

    if (n > 0 && at[n - 1] == '\r')
        line.n--;
    while (!span_begins(line, known_lines[i].text, known_lines[i].n))
        i++;
    parser->texts.used = 0;
    known_lines[i].reader(parser, line,
                          (struct span){line.at + known_lines[i].n, line.n - known_lines[i].n});
}

/* ── bytes ── */

static void end_line(struct management_parser *parser)
{
    if (parser->too_long) {
        garbage_unseen(parser);
    } else {
        read_line(parser, parser->line, parser->half);
    }
    explicit_bzero(parser->line, parser->half); /* with client-auth, lines have passwords */
    parser->half = 0;
    parser->too_long = false;
}

/* Adds to the half line what belongs to it; returns how much of `bytes` is done with. */
static size_t go_on(struct management_parser *parser, const char *bytes, size_t n)
{
    const char *end = NULL;
    size_t take = n, room = MANAGEMENT_MAX_LINE - parser->half;

    if (parser->half < PROMPT_LENGTH && take > PROMPT_LENGTH - parser->half)
        take = PROMPT_LENGTH - parser->half;
    end = memchr(bytes, '\n', take);
    if (end)
        take = (size_t)(end - bytes);
    if (take > room)
        parser->too_long = true;
    memcpy(parser->line + parser->half, bytes, take > room ? room : take);
    parser->half += take > room ? room : take;
    if (end) {
        end_line(parser);
    } else if (parser->half == PROMPT_LENGTH && memcmp(parser->line, PROMPT, PROMPT_LENGTH) == 0) {
        parser->half = 0;
        tell_kind(parser, MANAGEMENT_PASSWORD_PROMPT);
    }
    return take + (end ? 1 : 0);
}

void management_parser_feed(struct management_parser *parser, const char *bytes, size_t n)
{
    const char *limit = bytes + n;

    while (bytes < limit) {
        size_t left = (size_t)(limit - bytes);
        const char *end = NULL;

        if (parser->half == 0 && *bytes != PROMPT[0])
            end = memchr(bytes, '\n', left);
        if (!end || (size_t)(end - bytes) > MANAGEMENT_MAX_LINE) {
            bytes += go_on(parser, bytes, left);
        } else {
            read_line(parser, bytes, (size_t)(end - bytes));
            bytes = end + 1;
        }
    }
}

/* ── the parser ── */

struct management_parser *management_parser_new(management_handler *handler, void *arg)
{
    struct management_parser *parser = calloc(1, sizeof(*parser));

    if (!parser)
        return NULL;
    parser->handler = handler;
    parser->arg = arg;
    parser->counted = blank;
    parser->counted.kind = MANAGEMENT_BYTECOUNT;
    parser->texts =
        (struct texts){.room = sizeof(parser->texts_bytes), .bytes = parser->texts_bytes};
    parser->block_texts =
        (struct texts){.room = sizeof(parser->block_bytes), .bytes = parser->block_bytes};
    return parser;
}

void management_parser_free(struct management_parser *parser)
{
    if (!parser)
        return;
    explicit_bzero(parser->line, sizeof(parser->line));
    free(parser);
}

void management_parser_reset(struct management_parser *parser)
{
    explicit_bzero(parser->line, parser->half);
    parser->half = 0;
    parser->too_long = false;
    parser->block = BLOCK_NONE;
    parser->clients.n = parser->routes.n = 0;
    parser->garbage = 0;
}

uint64_t management_parser_garbage(const struct management_parser *parser)
{
    return parser->garbage;
}
