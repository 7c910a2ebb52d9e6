/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads and prints address prefixes of both families. It reads hostile text: by
 * hand rather than with inet_pton(), which needs a terminated string and takes
 * several times as long; tests/unit/check_prefix.c holds the two side by side.
 */
#include "lib/prefix.h"

#include <string.h>

/* The value of a hexadecimal digit and 1 more; 0 for every other character. */
/* clang-format off */
static const uint8_t hex_digit[256] = {
    ['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ['A'] = 11, 12, 13, 14, 15, 16,
    ['a'] = 11, 12, 13, 14, 15, 16,
};
/* clang-format on */

static bool is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

/* These readers return where they stopped, or NULL for what is not an address. */

/* A number of up to three digits; a leading zero is refused, as some would read it as octal. */
static inline const char *read_number(const char *p, const char *end, unsigned *number)
{
    if (!is_digit(p, end))
        return NULL;
    *number = (unsigned)(*p++ - '0');
    if (!is_digit(p, end))
        return p;
    if (*number == 0)
        return NULL;
    *number = *number * 10 + (unsigned)(*p++ - '0');
    if (!is_digit(p, end))
        return p;
    *number = *number * 10 + (unsigned)(*p++ - '0');
    return is_digit(p, end) ? NULL : p;
}

static const char *read_ipv4(const char *p, const char *end, uint32_t *address)
{
    uint32_t value = 0;

    for (int i = 0; i < 4; i++) {
        unsigned octet;

        if (i > 0 && (p == end || *p++ != '.'))
            return NULL;
        p = read_number(p, end, &octet);
        if (!p || octet > 255)
            return NULL;
        value = value << 8 | octet;
    }
    *address = value;
    return p;
}

/* Up to four hexadecimal digits; none at all is for the caller to judge. */
static inline const char *read_group(const char *p, const char *end, uint16_t *group)
{
    const char *start = p;
    unsigned value = 0;

    for (unsigned digit; p < end && (digit = hex_digit[(unsigned char)*p]) != 0; p++) {
        if (p == start + 4)
            return NULL;
        value = value << 4 | (digit - 1);
    }
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
        if (!p)
            return NULL;
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

static const char *read_ipv6(const char *p, const char *end, uint64_t *hi, uint64_t *lo)
{
    uint16_t groups[8];
    uint64_t half[2] = {0, 0};
    int n, gap;

    p = read_groups(p, end, groups, &n, &gap);
    if (!p || (gap < 0 && n < 8) || (gap >= 0 && n == 8))
        return NULL;
    for (int i = 0; i < n; i++) {
        int at = gap >= 0 && i >= gap ? i + 8 - n : i;

        half[at / 4] |= (uint64_t)groups[i] << (48 - at % 4 * 16);
    }
    *hi = half[0];
    *lo = half[1];
    return p;
}

/* Clears the host bits. */
static enum prefix_status finish(uint64_t hi, uint64_t lo, unsigned len, uint8_t family,
                                 struct prefix *out)
{
    out->hi = hi & prefix_mask_hi(len);
    out->lo = lo & prefix_mask_lo(len);
    out->len = (uint8_t)len;
    out->family = family;
    return out->hi != hi || out->lo != lo ? PREFIX_HOST_BITS : PREFIX_OK;
}

enum prefix_status prefix_parse_start(const char *text, size_t n, struct prefix *out, size_t *used)
{
    const char *end = text + n;
    uint64_t hi = 0, lo = 0;
    uint32_t ipv4 = 0;
    uint8_t family = PREFIX_IPV4;
    unsigned len;
    const char *p = read_ipv4(text, end, &ipv4);

    if (p) {
        hi = (uint64_t)ipv4 << 32;
    } else {
        p = read_ipv6(text, end, &hi, &lo);
        family = PREFIX_IPV6;
    }
    if (!p)
        return PREFIX_BAD_ADDRESS;
    len = prefix_family_bits(family);
    if (p < end && *p == '/') {
        p = read_number(p + 1, end, &len);
        if (!p || len > prefix_family_bits(family))
            return PREFIX_BAD_LENGTH;
    }
    *used = (size_t)(p - text);
    return finish(hi, lo, len, family, out);
}

enum prefix_status prefix_parse(const char *text, size_t n, struct prefix *out)
{
    struct prefix prefix;
    size_t used;
    enum prefix_status status = prefix_parse_start(text, n, &prefix, &used);

    if (status != PREFIX_OK && status != PREFIX_HOST_BITS)
        return status;
    if (used < n) /* either "1.2.3.4x" or "10.0.0.0/8x" */
        return memchr(text, '/', used) ? PREFIX_BAD_LENGTH : PREFIX_BAD_ADDRESS;
    *out = prefix;
    return status;
}

enum prefix_status prefix_parse_netmask(const char *address, const char *netmask,
                                        struct prefix *out)
{
    const char *end = address + strlen(address);
    const char *netmask_end = netmask + strlen(netmask);
    unsigned len = 0;
    uint32_t host, mask;

    if (read_ipv4(address, end, &host) != end)
        return PREFIX_BAD_ADDRESS;
    if (read_ipv4(netmask, netmask_end, &mask) != netmask_end)
        return PREFIX_BAD_LENGTH;
    if (~mask & (~mask + 1)) /* the zeros must be one run at the end */
        return PREFIX_BAD_LENGTH;
    for (; mask; mask <<= 1)
        len++;
    return finish((uint64_t)host << 32, 0, len, PREFIX_IPV4, out);
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
    unsigned tens = value / 10, hundreds = value / 100;

    *p = (char)('0' + hundreds);
    p += hundreds > 0;
    *p = (char)('0' + tens - hundreds * 10);
    p += tens > 0;
    *p = (char)('0' + value - tens * 10);
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
    char *p = put_ipv4(text, (uint32_t)(prefix_mask_hi(prefix->len) >> 32));

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

void prefix_unmap(struct prefix *prefix)
{
    if (prefix->family != PREFIX_IPV6 || prefix->len != 128 || prefix->hi != 0 ||
        prefix->lo >> 32 != 0xffff)
        return;
    *prefix = (struct prefix){.hi = prefix->lo << 32, .len = 32, .family = PREFIX_IPV4};
}
