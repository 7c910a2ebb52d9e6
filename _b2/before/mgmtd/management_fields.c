/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "mgmtd/management_fields.h"

#include "lib/prefix.h"

#include <string.h>

#define MAX_DIGITS 19 /* so many fit an unsigned 64-bit number, whatever they are */
#define MAX_PORT   65535

/* ── pieces ── */

struct span span_cut(struct span *rest, char separator)
{
    struct span piece = *rest;
    const char *end = rest->n ? memchr(rest->at, separator, rest->n) : NULL;

    if (end) {
        piece.n = (size_t)(end - rest->at);
        *rest = (struct span){end + 1, rest->n - piece.n - 1};
    } else {
        *rest = (struct span){rest->at + rest->n, 0};
    }
    return piece;
}

bool span_begins(struct span span, const char *text, size_t n)
{
    return span.n >= n && memcmp(span.at, text, n) == 0;
}

bool span_is(struct span span, const char *text)
{
    return span.n == strlen(text) && memcmp(span.at, text, span.n) == 0;
}

bool span_take_number(struct span *rest, int64_t *number)
{
    uint64_t value = 0;
    size_t n = 0;

    for (; n < rest->n; n++) {
        unsigned digit = (unsigned)(unsigned char)rest->at[n] - '0';

        if (digit > 9)
            break;
        value = value * 10 + digit; /* may wrap, but not with so few digits as are taken */
    }
    if (n == 0 || n > MAX_DIGITS || value > INT64_MAX)
        return false;
    *number = (int64_t)value;
    *rest = (struct span){rest->at + n, rest->n - n};
    return true;
}

bool span_number(struct span span, int64_t *number)
{
    int64_t value = 0;

    if (!span_take_number(&span, &value) || span.n > 0)
        return false;
    *number = value;
    return true;
}

const char *texts_keep(struct texts *texts, struct span span)
{
    char *text = texts->bytes + texts->used;

    if (span.n >= texts->room - texts->used || memchr(span.at, '\0', span.n))
        return NULL;
    memcpy(text, span.at, span.n);
    text[span.n] = '\0';
    texts->used += span.n + 1;
    return text;
}

/* ── addresses ── */

/* ::ffff:192.0.2.1 is what a socket of both families says for 192.0.2.1. */
static struct prefix unmapped(struct prefix prefix)
{
    if (prefix.family != PREFIX_IPV6 || prefix.hi != 0 || prefix.lo >> 32 != 0xffff)
        return prefix;
    return (struct prefix){/* its length is 96 at least */
                           .hi = prefix.lo << 32,
                           .len = (uint8_t)(prefix.len - 96),
                           .family = PREFIX_IPV4};
}

static const char *keep_prefix(struct prefix prefix, struct texts *texts)
{
    char text[PREFIX_TEXT_SIZE];
    size_t n = 0;

    if (prefix.len == prefix_family_bits(prefix.family))
        n = prefix_format_address(&prefix, text);
    else
        n = prefix_format(&prefix, text);
    return texts_keep(texts, (struct span){text, n});
}

/* `udp4:`, `tcp6-server:` and the like: no address begins with these letters. */
static void drop_protocol(struct span *text)
{
    if (span_begins(*text, "udp", 3) || span_begins(*text, "tcp", 3))
        span_cut(text, ':');
}

/* "[2001:db8::1]:1194" without its first bracket. */
static bool cut_brackets(struct span text, struct span *address, struct span *port)
{
    if (!memchr(text.at, ']', text.n))
        return false;
    *address = span_cut(&text, ']');
    *port = text;
    return text.n == 0 || span_cut(port, ':').n == 0;
}

/* Divides "192.0.2.1:1194", "2001:db8::1", "fe80::1%eth0" and the form above. */
static bool cut_address(struct span text, struct span *address, struct span *port)
{
    struct span rest = text;

    if (span_begins(text, "[", 1))
        return cut_brackets((struct span){text.at + 1, text.n - 1}, address, port);
    *address = span_cut(&rest, ':');
    *port = rest;
    if (memchr(rest.at, ':', rest.n)) { /* more than one */
        *address = text;
        port->n = 0;
    }
    *address = span_cut(address, '%');
    return true;
}

static bool set_port(struct span text, int64_t *port)
{
    int64_t number = 0;

    if (!span_number(text, &number) || number > MAX_PORT)
        return false;
    if (*port == MANAGEMENT_NONE)
        *port = number;
    return true;
}

static bool set_real(struct span text, struct management_client *client, struct texts *texts)
{
    struct prefix prefix;
    struct span address, port;

    drop_protocol(&text);
    if (!cut_address(text, &address, &port) || memchr(address.at, '/', address.n) ||
        prefix_parse(address.at, address.n, &prefix) != PREFIX_OK)
        return false;
    if (client->real)
        return true;
    client->real = keep_prefix(unmapped(prefix), texts);
    return client->real && (port.n == 0 || set_port(port, &client->real_port));
}

/* "10.20.0.0/255.255.0.0" is how >CLIENT:ADDRESS writes a network. */
static bool parse_network(struct span text, struct prefix *prefix)
{
    char address[PREFIX_TEXT_SIZE], netmask[PREFIX_TEXT_SIZE];
    struct texts texts = {.room = sizeof(address), .bytes = address};
    struct texts more = {.room = sizeof(netmask), .bytes = netmask};
    struct span rest = text;

    if (prefix_parse(text.at, text.n, prefix) == PREFIX_OK)
        return true;
    return texts_keep(&texts, span_cut(&rest, '/')) && texts_keep(&more, rest) &&
           prefix_parse_netmask(address, netmask, prefix) == PREFIX_OK;
}

static bool set_vpn(struct span text, struct management_client *client, struct texts *texts)
{
    struct prefix prefix;
    const char **vpn = NULL;

    if (!parse_network(text, &prefix))
        return false;
    prefix = unmapped(prefix);
    vpn = prefix.family == PREFIX_IPV4 ? &client->vpn4 : &client->vpn6;
    if (!*vpn)
        *vpn = keep_prefix(prefix, texts);
    return *vpn != NULL;
}

/* multi_print_status() marks a route that was made of a network's with a C. */
static bool is_host_or_network(struct span text)
{
    return text.at[text.n - 1] != 'C' && !memchr(text.at, '@', text.n);
}

/* ── fields ── */

const struct field *field_find(const struct field *fields, size_t n, struct span name)
{
    for (size_t i = 0; i < n; i++)
        if (span_is(name, fields[i].name))
            return &fields[i];
    return NULL;
}

static bool set_text(struct span value, const char **text, struct texts *texts)
{
    const char *kept = texts_keep(texts, value);

    if (kept)
        *text = kept;
    return kept != NULL;
}

bool field_set(const struct field *field, struct span value, struct management_client *client,
               struct texts *texts)
{
    int64_t *number = (int64_t *)((char *)client + field->offset);
    const char **text = (const char **)((char *)client + field->offset);

    if (value.n == 0)
        return true;
    switch (field->type) {
    case FIELD_NUMBER:
        return *number != MANAGEMENT_NONE || span_number(value, number);
    case FIELD_PORT:
        return set_port(value, number);
    case FIELD_NAME:
        if (span_is(value, "UNDEF"))
            return true;
        return *text || set_text(value, text, texts);
    case FIELD_TEXT:
        return *text || set_text(value, text, texts);
    case FIELD_BETTER_TEXT:
        return set_text(value, text, texts);
    case FIELD_REAL:
        return set_real(value, client, texts);
    case FIELD_VPN:
        return set_vpn(value, client, texts);
    case FIELD_ROUTE:
        return !is_host_or_network(value) || set_vpn(value, client, texts);
    }
    return false;
}

/* ── tables ── */

bool columns_learn(struct columns *columns, const struct field *fields, size_t n_fields,
                   struct span names)
{
    columns->n = 0;
    for (size_t n = 0; n < MAX_COLUMNS;) {
        bool last = !memchr(names.at, '\t', names.n);

        columns->fields[n++] = field_find(fields, n_fields, span_cut(&names, '\t'));
        if (last) {
            columns->n = n;
            return true;
        }
    }
    return false;
}

static size_t count_columns(struct span row)
{
    size_t n = 1;

    for (const char *at = row.at; (at = memchr(at, '\t', (size_t)(row.at + row.n - at))); at++)
        n++;
    return n;
}

bool columns_read(const struct columns *columns, struct span row, struct management_client *client,
                  struct texts *texts, size_t *unreadable)
{
    *unreadable = 0;
    if (count_columns(row) != columns->n)
        return false;
    for (size_t i = 0; i < columns->n; i++) {
        const struct field *field = columns->fields[i];
        struct span value = span_cut(&row, '\t');

        if (field && !field_set(field, value, client, texts))
            ++*unreadable;
    }
    return true;
}
