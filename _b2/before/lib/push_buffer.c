/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that grows while a policy is loaded, and the one loop that is hot there: a
 * line for each route, written without printf.
 */
#include "lib/push_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest is push "route 255.255.255.255 255.255.255.255 net_gateway". The formatting
 * of a prefix may use all of its PREFIX_TEXT_SIZE. */
#define MAX_ROUTE_LINE 128

void push_buffer_free(struct push_buffer *buffer)
{
    free(buffer->text);
    *buffer = (struct push_buffer){0};
}

void push_buffer_clear(struct push_buffer *buffer)
{
    buffer->n = 0;
}

char *push_buffer_reserve(struct push_buffer *buffer, size_t n)
{
    size_t size = buffer->size > 0 ? buffer->size : 4096;
    char *text = NULL;

    if (buffer->failed || n > SIZE_MAX / 2 - buffer->n) {
        buffer->failed = true;
        return NULL;
    }
    while (size < buffer->n + n)
        size *= 2;
    if (size > buffer->size) {
        text = realloc(buffer->text, size);
        if (!text) {
            buffer->failed = true;
            return NULL;
        }
        buffer->text = text;
        buffer->size = size;
    }
    return buffer->text + buffer->n;
}

void push_buffer_add(struct push_buffer *buffer, const char *text)
{
    size_t n = strlen(text);
    char *to = push_buffer_reserve(buffer, n + 1);

    if (!to)
        return;
    memcpy(to, text, n);
    buffer->n += n;
}

void push_buffer_format(struct push_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    char *to = NULL;
    int n;

    va_start(arguments, format);
    n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    to = n >= 0 ? push_buffer_reserve(buffer, (size_t)n + 1) : NULL;
    if (!to) {
        buffer->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(to, (size_t)n + 1, format, arguments);
    va_end(arguments);
    buffer->n += (size_t)n;
}

struct push_text push_buffer_keep(const struct push_buffer *buffer, struct arena *arena)
{
    struct push_text text = {.text = NULL, .n = buffer->n};

    if (!buffer->failed)
        text.text = arena_strndup(arena, buffer->n > 0 ? buffer->text : "", buffer->n);
    return text;
}

static char *put(char *to, const char *text, size_t n)
{
    memcpy(to, text, n);
    return to + n;
}

/*
 * A split tunnel whose routes include the server's own address would swallow its own
 * packets. For IPv6 the client sees to that itself (route.c:init_route_ipv6_list), for
 * IPv4 if it is told to: redirect-private redirects nothing, but keeps the server's address
 * on the way its packets went before. A "route remote_host … net_gateway" would do the
 * same, but it is an error to clients that came over IPv6, and one bad route makes them
 * withhold all routes from their scripts, and so from NetworkManager (init.c:do_init_route_list).
 */
static const char pin_server[] = "push \"redirect-private\"\n";

void push_buffer_routes_ipv4(struct push_buffer *buffer, const struct policy_profile *profile,
                             const struct prefix *prefixes, size_t n)
{
    const char *end = profile->full ? " net_gateway\"\n" : "\"\n";
    size_t end_n = strlen(end);
    char *to = NULL;

    if (n > 0 && !profile->full)
        push_buffer_add(buffer, pin_server);
    to = push_buffer_reserve(buffer, n * MAX_ROUTE_LINE);
    for (size_t i = 0; to && i < n; i++) {
        to = put(to, "push \"route ", 12);
        to += prefix_format_address(&prefixes[i], to);
        *to++ = ' ';
        to += prefix_format_netmask(&prefixes[i], to);
        to = put(to, end, end_n);
    }
    if (to)
        buffer->n = (size_t)(to - buffer->text);
}

void push_buffer_routes_ipv6(struct push_buffer *buffer, const struct prefix *prefixes, size_t n)
{
    char *to = push_buffer_reserve(buffer, n * MAX_ROUTE_LINE);

    for (size_t i = 0; to && i < n; i++) {
        to = put(to, "push \"route-ipv6 ", 17);
        to += prefix_format(&prefixes[i], to);
        to = put(to, "\"\n", 2);
    }
    if (to)
        buffer->n = (size_t)(to - buffer->text);
}
