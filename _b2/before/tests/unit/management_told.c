/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/management_told.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct told {
    FILE *out;
    bool all;
};

static const char *kind_name(enum management_event_kind kind)
{
    switch (kind) {
    case MANAGEMENT_PASSWORD_PROMPT:
        return "PASSWORD_PROMPT";
    case MANAGEMENT_GREETING:
        return "GREETING";
    case MANAGEMENT_HOLD:
        return "HOLD";
    case MANAGEMENT_STATE:
        return "STATE";
    case MANAGEMENT_ESTABLISHED:
        return "ESTABLISHED";
    case MANAGEMENT_DISCONNECT:
        return "DISCONNECT";
    case MANAGEMENT_ADDRESS:
        return "ADDRESS";
    case MANAGEMENT_BYTECOUNT:
        return "BYTECOUNT";
    case MANAGEMENT_STATUS_TIME:
        return "STATUS_TIME";
    case MANAGEMENT_STATUS_CLIENT:
        return "STATUS_CLIENT";
    case MANAGEMENT_STATUS_ROUTE:
        return "STATUS_ROUTE";
    case MANAGEMENT_END:
        return "END";
    case MANAGEMENT_SUCCESS:
        return "SUCCESS";
    case MANAGEMENT_ERROR:
        return "ERROR";
    case MANAGEMENT_FATAL:
        return "FATAL";
    case MANAGEMENT_OTHER:
        return "OTHER";
    case MANAGEMENT_GARBAGE:
        return "GARBAGE";
    case MANAGEMENT_KIND_COUNT:
        break;
    }
    return "?";
}

static void tell_number(FILE *out, const char *name, int64_t number)
{
    if (number != MANAGEMENT_NONE)
        fprintf(out, " %s=%" PRId64, name, number);
}

static void tell_text(FILE *out, const char *name, const char *text)
{
    if (!text)
        return;
    fprintf(out, " %s=\"", name);
    for (; *text; text++) {
        if (*text >= ' ' && *text <= '~')
            fputc(*text, out);
        else
            fprintf(out, "\\x%02x", (unsigned char)*text);
    }
    fputc('"', out);
}

static void tell(void *arg, const struct management_event *event)
{
    const struct management_client *client = &event->client;
    const struct told *told = arg;

    if (event->kind == MANAGEMENT_OTHER && !told->all)
        return;
    fputs(kind_name(event->kind), told->out);
    tell_number(told->out, "at", event->at);
    tell_number(told->out, "number", event->number);
    tell_text(told->out, "word", event->word);
    tell_text(told->out, "detail", event->detail);
    tell_number(told->out, "cid", client->cid);
    tell_number(told->out, "since", client->since);
    tell_number(told->out, "in", client->bytes_received);
    tell_number(told->out, "out", client->bytes_sent);
    tell_number(told->out, "duration", client->duration);
    tell_text(told->out, "user", client->username);
    tell_text(told->out, "cn", client->common_name);
    tell_text(told->out, "real", client->real);
    tell_number(told->out, "port", client->real_port);
    tell_text(told->out, "vpn4", client->vpn4);
    tell_text(told->out, "vpn6", client->vpn6);
    tell_text(told->out, "client", client->client);
    tell_text(told->out, "platform", client->platform);
    tell_number(told->out, "pid", client->daemon_pid);
    tell_number(told->out, "start", client->daemon_start);
    fputc('\n', told->out);
}

size_t management_whole(void *arg, size_t left)
{
    (void)arg;
    return left;
}

char *management_told(const char *bytes, size_t n, management_cutter *cutter, void *arg, bool all)
{
    char *text = NULL;
    size_t size = 0;
    struct told told = {.out = open_memstream(&text, &size), .all = all};
    struct management_parser *parser = management_parser_new(tell, &told);

    while (n > 0) {
        size_t piece = cutter(arg, n);
        char *copy = malloc(piece);

        memcpy(copy, bytes, piece);
        management_parser_feed(parser, copy, piece);
        free(copy);
        bytes += piece;
        n -= piece;
    }
    if (management_parser_garbage(parser) > 0)
        fprintf(told.out, "garbage %" PRIu64 "\n", management_parser_garbage(parser));
    management_parser_free(parser);
    fclose(told.out);
    return text;
}
