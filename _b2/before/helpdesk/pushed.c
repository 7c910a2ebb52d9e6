/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes apart what lib/push has put together; it is our own text, not a stranger's. */
#include "helpdesk/pushed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *start;
    enum pushed_kind kind;
} starts[] = {
    {"echo msg", PUSHED_MESSAGE},        {"route ", PUSHED_ROUTE},
    {"route-ipv6 ", PUSHED_ROUTE},       {"redirect-gateway", PUSHED_TUNNEL},
    {"redirect-private", PUSHED_TUNNEL}, {"block-ipv6", PUSHED_TUNNEL},
    {"ifconfig-ipv6", PUSHED_TUNNEL},    {"dns ", PUSHED_DNS},
    {"dhcp-option D", PUSHED_DNS},
};

static enum pushed_kind kind_of(const char *option)
{
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (strncmp(option, starts[i].start, strlen(starts[i].start)) == 0)
            return starts[i].kind;
    return PUSHED_OTHER;
}

/* The option within `push "…"` of `n` bytes, unescaped, in `to` (as large as the line). */
static void unquote(char *to, const char *line, size_t n)
{
    const char *end = line + n;
    const char *from = memchr(line, '"', n);

    for (from = from ? from + 1 : end; from + 1 < end; from++) {
        if (*from == '\\')
            from++;
        *to++ = *from;
    }
    *to = '\0';
}

static int hex(char c)
{
    const char *digits = "0123456789ABCDEF";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Appends the text of `echo msg…`, decoded. The lines of a message become one. */
static void add_message(char *message, const char *option)
{
    char *to = message + strlen(message);
    const char *from = option + strlen("echo msg");
    bool ends_line = *from == ' ';

    if (strncmp(from, "-notify", 7) == 0)
        return;
    if (to != message && to[-1] == '\n')
        to[-1] = ' ';
    from += strcspn(from, " ");
    for (from += *from == ' '; *from != '\0'; from++) {
        int high = *from == '%' ? hex(from[1]) : -1;
        int low = high >= 0 ? hex(from[2]) : -1;

        *to++ = low >= 0 ? (char)(high << 4 | low) : *from;
        from += low >= 0 ? 2 : 0;
    }
    if (ends_line)
        *to++ = '\n';
    *to = '\0';
}

static bool add_line(struct pushed *pushed, const char *line, size_t n)
{
    struct pushed_option *option = &pushed->options[pushed->n];

    option->text = malloc(n + 1);
    if (!option->text)
        return false;
    unquote(option->text, line, n);
    pushed->n++;
    option->kind = strncmp(line, "push-remove ", 12) == 0 ? PUSHED_REMOVAL : kind_of(option->text);
    if (option->kind == PUSHED_MESSAGE)
        add_message(pushed->message, option->text);
    return true;
}

bool pushed_read(struct pushed *pushed, const char *text, size_t n)
{
    const char *end = text + n;
    size_t lines = 0;
    bool ok = true;

    for (const char *c = text; c < end; c++)
        lines += *c == '\n';
    *pushed = (struct pushed){
        .options = calloc(lines + 1, sizeof(*pushed->options)),
        .message = calloc(1, n + 1), /* decoded, it is shorter than the text */
    };
    ok = pushed->options && pushed->message;
    while (ok && text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));

        ok = newline && add_line(pushed, text, (size_t)(newline - text));
        text = newline ? newline + 1 : end;
    }
    if (ok && pushed->message[0] != '\0')
        pushed->message[strcspn(pushed->message, "\n")] = '\0';
    return ok;
}

void pushed_free(struct pushed *pushed)
{
    for (size_t i = 0; i < pushed->n; i++)
        free(pushed->options[i].text);
    free(pushed->options);
    free(pushed->message);
}

size_t pushed_count(const struct pushed *pushed, enum pushed_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < pushed->n; i++)
        n += pushed->options[i].kind == kind;
    return n;
}

const char *pushed_kind_name(enum pushed_kind kind)
{
    switch (kind) {
    case PUSHED_REMOVAL:
        return "removal";
    case PUSHED_MESSAGE:
        return "message";
    case PUSHED_ROUTE:
        return "route";
    case PUSHED_TUNNEL:
        return "tunnel";
    case PUSHED_DNS:
        return "dns";
    case PUSHED_OTHER:
        break;
    }
    return "other";
}
