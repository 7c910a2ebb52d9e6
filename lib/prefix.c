/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads and prints address prefixes of both families. It reads hostile text: by
 * hand rather than with inet_pton(), which needs a terminated string and takes
 * several times as long; tests/unit/check_prefix.c holds the two side by side.
 */
#include "lib/prefix.h"

#include <string.h>

/* The upper `len` bits of an address: both halves of the mask. */
static uint64_t mask_hi(unsigned len)
{
    return len >= 64 ? UINT64_MAX : ~(UINT64_MAX >> len);
}

static uint64_t mask_lo(unsigned len)
{
    return len <= 64 ? 0 : len >= 128 ? UINT64_MAX : ~(UINT64_MAX >> (len - 64));
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 'a' - 'A';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* These readers return where they stopped, or NULL for what is not an address. */
static const char *read_ipv4(const char *p, const char *end, uint32_t *address)
{
    *address = 0;
    for (int i = 0; i < 4; i++) {
        const char *start = i == 0 ? p : p + 1;
        unsigned octet = 0;

        if (i > 0 && (p == end || *p != '.'))
            return NULL;
        for (p = start; p < end && p < start + 4 && *p >= '0' && *p <= '9'; p++)
            octet = octet * 10 + (unsigned)(*p - '0');
        if (p == start || p > start + 3 || octet > 255)
            return NULL;
        if (*start == '0' && p > start + 1) /* some would read it as octal */
            return NULL;
        *address = *address << 8 | octet;
    }
    return p;
}

static const char *read_group(const char *p, const char *end, uint16_t *group)
{
    const char *start = p;
    unsigned value = 0;

    for (int digit; p < end && p < start + 4 && (digit = hex_digit(*p)) >= 0; p++)
        value = value << 4 | (unsigned)digit;
    *group = (uint16_t)value;
    return p;
}

/* Reads the groups as they stand, up to 8. `gap` is the one that "::" stands before, or -1. */
static const char *read_groups(const char *p, const char *end, uint16_t groups[8], int *n, int *gap)
{
    *n = 0;
    *gap = -1;
    if (end - p >= 2 && p[0] == ':' && p[1] == ':') {
        *gap = 0;
        p += 2;
    }
    while (*n < 8) {
        const char *start = p;
        uint32_t tail;

        p = read_group(p, end, &groups[*n]);
        if (p == start)
            return *gap == *n ? p : NULL; /* "::" may come last; ":" may not */
        if (p < end && *p == '.') {
            p = *n <= 6 ? read_ipv4(start, end, &tail) : NULL;
            if (!p)
                return NULL;
            groups[(*n)++] = (uint16_t)(tail >> 16);
            groups[(*n)++] = (uint16_t)tail;
            return p;
        }
        if (++*n == 8 || p == end || *p != ':')
            return p;
        if (++p < end && *p == ':') {
            if (*gap >= 0)
                return NULL;
            *gap = *n;
            p++;
        }
    }
    return p;
}

static const char *read_ipv6(const char *p, const char *end, struct prefix *prefix)
{
    uint16_t groups[8];
    uint64_t half[2] = {0, 0};
    int n, gap, zeros;

    p = read_groups(p, end, groups, &n, &gap);
    if (!p || (gap < 0 && n < 8) || (gap >= 0 && n == 8))
        return NULL;
    zeros = 8 - n;
    for (int i = 0; i < n; i++) {
        int at = gap >= 0 && i >= gap ? i + zeros : i;

        half[at / 4] |= (uint64_t)groups[i] << (48 - at % 4 * 16);
    }
    prefix->hi = half[0];
    prefix->lo = half[1];
    prefix->family = PREFIX_IPV6;
    return p;
}

static const char *read_address(const char *text, const char *end, struct prefix *prefix)
{
    uint32_t ipv4;
    const char *p = read_ipv4(text, end, &ipv4);

    if (!p)
        return read_ipv6(text, end, prefix);
    prefix->hi = (uint64_t)ipv4 << 32;
    prefix->lo = 0;
    prefix->family = PREFIX_IPV4;
    return p;
}

/* Everything from "/" on. */
static bool read_length(const char *p, const char *end, struct prefix *prefix)
{
    const char *start = ++p;
    unsigned len = 0;

    for (; p < end && p < start + 3 && *p >= '0' && *p <= '9'; p++)
        len = len * 10 + (unsigned)(*p - '0');
    if (p == start || p != end || (*start == '0' && p > start + 1))
        return false;
    if (len > prefix_family_bits(prefix->family))
        return false;
    prefix->len = (uint8_t)len;
    return true;
}

static enum prefix_status finish(struct prefix *prefix, struct prefix *out)
{
    uint64_t hi = prefix->hi & mask_hi(prefix->len);
    uint64_t lo = prefix->lo & mask_lo(prefix->len);
    bool host_bits = hi != prefix->hi || lo != prefix->lo;

    prefix->hi = hi;
    prefix->lo = lo;
    *out = *prefix;
    return host_bits ? PREFIX_HOST_BITS : PREFIX_OK;
}

enum prefix_status prefix_parse(const char *text, size_t n, struct prefix *out)
{
    const char *end = text + n;
    struct prefix prefix = {0};
    const char *p = read_address(text, end, &prefix);

    if (!p || (p < end && *p != '/'))
        return PREFIX_BAD_ADDRESS;
    prefix.len = (uint8_t)prefix_family_bits(prefix.family);
    if (p < end && !read_length(p, end, &prefix))
        return PREFIX_BAD_LENGTH;
    return finish(&prefix, out);
}

enum prefix_status prefix_parse_netmask(const char *address, const char *netmask,
                                        struct prefix *out)
{
    const char *end = address + strlen(address);
    const char *netmask_end = netmask + strlen(netmask);
    struct prefix prefix = {.family = PREFIX_IPV4};
    uint32_t host, mask;

    if (read_ipv4(address, end, &host) != end)
        return PREFIX_BAD_ADDRESS;
    if (read_ipv4(netmask, netmask_end, &mask) != netmask_end)
        return PREFIX_BAD_LENGTH;
    if (~mask & (~mask + 1)) /* the zeros must be one run at the end */
        return PREFIX_BAD_LENGTH;
    prefix.hi = (uint64_t)host << 32;
    for (; mask; mask <<= 1)
        prefix.len++;
    return finish(&prefix, out);
}

const char *prefix_status_text(enum prefix_status status)
{
    switch (status) {
    case PREFIX_OK:
        return "is a good prefix";
    case PREFIX_BAD_ADDRESS:
        return "is not an IPv4 or IPv6 address or prefix";
    case PREFIX_BAD_LENGTH:
        return "has a prefix length or netmask that does not exist";
    case PREFIX_HOST_BITS:
        return "has bits set past its prefix length";
    }
    return "is not a prefix";
}

/*
 * Decimal without leading zeros, without branches that depend on the value: each
 * digit is written, and overwritten by the next one if it was a leading zero.
 */
static char *put_octet(char *p, unsigned value)
{
    *p = (char)('0' + value / 100);
    p += value >= 100;
    *p = (char)('0' + value / 10 % 10);
    p += value >= 10;
    *p = (char)('0' + value % 10);
    return p + 1;
}

static char *put_ipv4(char *p, uint32_t address)
{
    p = put_octet(p, address >> 24);
    *p++ = '.';
    p = put_octet(p, address >> 16 & 255);
    *p++ = '.';
    p = put_octet(p, address >> 8 & 255);
    *p++ = '.';
    return put_octet(p, address & 255);
}

static char *put_group(char *p, unsigned value)
{
    static const char digits[] = "0123456789abcdef";

    *p = digits[value >> 12];
    p += value >= 0x1000;
    *p = digits[value >> 8 & 15];
    p += value >= 0x100;
    *p = digits[value >> 4 & 15];
    p += value >= 0x10;
    *p = digits[value & 15];
    return p + 1;
}

/* The longest run of two or more zero groups, the first of equals (RFC 5952, 4.2). */
static int longest_gap(const uint16_t groups[8], int *length)
{
    int best = -1;

    *length = 1;
    for (int i = 0, run = 0; i < 8; i++) {
        run = groups[i] == 0 ? run + 1 : 0;
        if (run > *length) {
            *length = run;
            best = i - run + 1;
        }
    }
    return best;
}

static char *put_ipv6(char *p, uint64_t hi, uint64_t lo)
{
    bool mapped = hi == 0 && lo >> 32 == 0xffff; /* RFC 5952, 5: ::ffff:192.0.2.1 */
    uint16_t groups[8];
    int gap, length;

    for (int i = 0; i < 8; i++)
        groups[i] = (uint16_t)((i < 4 ? hi : lo) >> (48 - i % 4 * 16));
    gap = longest_gap(groups, &length);
    for (int i = 0; i < 8; i++) {
        if (i == gap) {
            *p++ = ':';
            i += length - 1;
            if (i == 7)
                *p++ = ':';
            continue;
        }
        if (i > 0)
            *p++ = ':';
        if (mapped && i == 6)
            return put_ipv4(p, (uint32_t)lo);
        p = put_group(p, groups[i]);
    }
    return p;
}

static char *put_address(char *p, const struct prefix *prefix)
{
    if (prefix->family == PREFIX_IPV4)
        return put_ipv4(p, (uint32_t)(prefix->hi >> 32));
    return put_ipv6(p, prefix->hi, prefix->lo);
}

size_t prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT_SIZE])
{
    char *p = put_address(text, prefix);

    *p++ = '/';
    p = put_octet(p, prefix->len);
    *p = '\0';
    return (size_t)(p - text);
}

size_t prefix_format_address(const struct prefix *prefix, char text[PREFIX_TEXT_SIZE])
{
    char *p = put_address(text, prefix);

    *p = '\0';
    return (size_t)(p - text);
}

size_t prefix_format_netmask(const struct prefix *prefix, char text[PREFIX_TEXT_SIZE])
{
    char *p = put_ipv4(text, (uint32_t)(mask_hi(prefix->len) >> 32));

    *p = '\0';
    return (size_t)(p - text);
}

int prefix_compare(const struct prefix *a, const struct prefix *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    if (a->hi != b->hi)
        return a->hi < b->hi ? -1 : 1;
    if (a->lo != b->lo)
        return a->lo < b->lo ? -1 : 1;
    return (int)a->len - (int)b->len;
}

bool prefix_contains(const struct prefix *outer, const struct prefix *inner)
{
    return outer->family == inner->family && outer->len <= inner->len &&
           (inner->hi & mask_hi(outer->len)) == outer->hi &&
           (inner->lo & mask_lo(outer->len)) == outer->lo;
}
