/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prefix sets as plain lists: one prefix a line. What is read is hostile. */
#include "lib/prefix_set.h"

#include "lib/huge.h"

#include <stdlib.h>
#include <string.h>

/* The longest line prefix_set_write() makes of each family, with its newline. */
#define IPV4_LINE 19
#define IPV6_LINE 44

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* "10.0.0.0 255.0.0.0". A word too long for its buffer is no IPv4 address either. */
static enum prefix_status parse_two_words(const char *text, size_t n, size_t first_n,
                                          struct prefix *out)
{
    char address[16], netmask[16];
    size_t second = first_n;

    while (second < n && is_blank(text[second]))
        second++;
    if (first_n >= sizeof address || n - second >= sizeof netmask)
        return PREFIX_BAD_ADDRESS;
    memcpy(address, text, first_n);
    memcpy(netmask, text + second, n - second);
    address[first_n] = netmask[n - second] = '\0';
    if (strlen(address) != first_n || strlen(netmask) != n - second)
        return PREFIX_BAD_ADDRESS;
    return prefix_parse_netmask(address, netmask, out);
}

static enum prefix_status parse_line(const char *text, size_t n, struct prefix *out)
{
    size_t first_n = 0;

    while (first_n < n && !is_blank(text[first_n]))
        first_n++;
    if (first_n == n)
        return prefix_parse(text, n, out);
    return parse_two_words(text, n, first_n, out);
}

/* Cuts the comment, and blanks and the CR at both ends, off a line. */
static void trim(const char **text, size_t *n)
{
    for (size_t i = 0; i < *n; i++)
        if ((*text)[i] == '#' || (*text)[i] == ';')
            *n = i;
    while (*n > 0 && (is_blank((*text)[*n - 1]) || (*text)[*n - 1] == '\r'))
        --*n;
    while (*n > 0 && is_blank(**text)) {
        ++*text;
        --*n;
    }
}

/* One line of any kind. False when memory is out. */
static bool read_line(struct prefix_set *set, const char *text, size_t n, unsigned line,
                      prefix_set_bad_line *bad, void *arg)
{
    struct prefix prefix = {0};
    enum prefix_status status;

    trim(&text, &n);
    if (n == 0)
        return true;
    status = parse_line(text, n, &prefix);
    if (status == PREFIX_OK)
        return prefix_set_add(set, &prefix);
    bad(arg, line, text, n, status, status == PREFIX_HOST_BITS ? &prefix : NULL);
    return true;
}

bool prefix_set_read(struct prefix_set *set, const char *text, size_t n, prefix_set_bad_line *bad,
                     void *arg)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    size_t at = n >= 3 && memcmp(text, byte_order_mark, 3) == 0 ? 3 : 0;

    for (unsigned line = 1; at < n; line++) {
        const char *start = text + at, *newline;
        struct prefix prefix;
        size_t length;

        /* Nearly every line is a prefix and nothing else. */
        if (prefix_parse_start(start, n - at, &prefix, &length) == PREFIX_OK && at + length < n &&
            start[length] == '\n') {
            if (!prefix_set_add(set, &prefix))
                return false;
        } else {
            newline = memchr(start, '\n', n - at);
            length = newline ? (size_t)(newline - start) : n - at;
            if (!read_line(set, start, length, line, bad, arg))
                return false;
        }
        at += length + 1;
    }
    return true;
}

char *prefix_set_write(const struct prefix_set *set, size_t *n)
{
    size_t count, count_ipv4;
    const struct prefix *items = prefix_set_cover(set, &count, &count_ipv4);
    size_t size = count_ipv4 * IPV4_LINE + (count - count_ipv4) * IPV6_LINE + PREFIX_TEXT_SIZE;
    char *text = malloc(size);
    char *p = text;
    char *trimmed;

    if (!text)
        return NULL;
    huge_advise(text, size);
    for (size_t i = 0; i < count; i++) {
        p += prefix_format(&items[i], p);
        *p++ = '\n';
    }
    *p = '\0';
    if (n)
        *n = (size_t)(p - text);
    trimmed = realloc(text, (size_t)(p - text) + 1);
    return trimmed ? trimmed : text;
}
