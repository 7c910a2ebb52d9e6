/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One address prefix of either family: parsing, printing, comparing. Pure. */
#ifndef BYWAY_LIB_PREFIX_H
#define BYWAY_LIB_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum prefix_family { PREFIX_IPV4 = 4, PREFIX_IPV6 = 6 };

/*
 * The address stands left-aligned in 128 bits, in host byte order: an IPv4
 * address is the upper half of `hi`. Bits past `len` are zero. So both families
 * sort, merge and subtract by the same arithmetic.
 */
struct prefix {
    uint64_t hi;
    uint64_t lo;
    uint8_t len;    /* 0..32 or 0..128 */
    uint8_t family; /* enum prefix_family */
};

enum prefix_status {
    PREFIX_OK,
    PREFIX_BAD_ADDRESS, /* not an address at all (octal, "10.1" and zones are refused) */
    PREFIX_BAD_LENGTH,  /* "/33", "/", "/08", or a netmask with holes */
    PREFIX_HOST_BITS,   /* a good prefix but for bits set past its length */
};

/* Room for the longest text prefix_format() makes, with its final NUL. */
#define PREFIX_TEXT_SIZE 48

/*
 * Reads `n` bytes: "10.0.0.0/8", "2001:db8::/32", or a bare address (a host).
 * No spaces. After PREFIX_HOST_BITS *out is the prefix with those bits cleared,
 * so that the caller can name it or take it; after the other errors *out is
 * untouched.
 */
enum prefix_status prefix_parse(const char *text, size_t n, struct prefix *out);

/*
 * The same for a prefix that `text` only begins with: *used says how many bytes it
 * took, and what follows is the caller's to judge.
 */
enum prefix_status prefix_parse_start(const char *text, size_t n, struct prefix *out, size_t *used);

/* The same for OpenVPN's form: an IPv4 address and a netmask, as two words. */
enum prefix_status prefix_parse_netmask(const char *address, const char *netmask,
                                        struct prefix *out);

/* What is wrong, as the end of a sentence; never NULL. */
const char *prefix_status_text(enum prefix_status status);

/* "10.0.0.0/8"; a host has its "/32" too. RFC 5952 for IPv6. Returns the length. */
size_t prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT_SIZE]);

/* "10.0.0.0" alone, and "255.0.0.0" (IPv4 only): what OpenVPN's `route` wants. */
size_t prefix_format_address(const struct prefix *prefix, char text[PREFIX_TEXT_SIZE]);
size_t prefix_format_netmask(const struct prefix *prefix, char text[PREFIX_TEXT_SIZE]);

/* ::ffff:192.0.2.1, as a server of both families shows an IPv4 client, becomes 192.0.2.1. */
void prefix_unmap(struct prefix *prefix);

/* By family, address, then shorter first: <0, 0, >0. */
int prefix_compare(const struct prefix *a, const struct prefix *b);

/* The bits of an address of that family: 32 or 128. */
static inline unsigned prefix_family_bits(uint8_t family)
{
    return family == PREFIX_IPV4 ? 32 : 128;
}

/* The first `len` bits of 128: both halves of a mask. */
static inline uint64_t prefix_mask_hi(unsigned len)
{
    return len >= 64 ? UINT64_MAX : ~(UINT64_MAX >> len);
}

static inline uint64_t prefix_mask_lo(unsigned len)
{
    return len <= 64 ? 0 : len >= 128 ? UINT64_MAX : ~(UINT64_MAX >> (len - 64));
}

/* True if every address of `inner` is one of `outer` (equal prefixes too). */
static inline bool prefix_contains(const struct prefix *outer, const struct prefix *inner)
{
    return outer->family == inner->family && outer->len <= inner->len &&
           ((outer->hi ^ inner->hi) & prefix_mask_hi(outer->len)) == 0 &&
           ((outer->lo ^ inner->lo) & prefix_mask_lo(outer->len)) == 0;
}

#endif
