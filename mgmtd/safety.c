/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of addresses that no public list has any business with, and the counting. */
#include <config.h>

#include "mgmtd/safety.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define V4(address, len)                               \
    {                                                  \
        (uint64_t)(address) << 32, 0, len, PREFIX_IPV4 \
    }
#define V6(top, len)                               \
    {                                              \
        (uint64_t)(top) << 48, 0, len, PREFIX_IPV6 \
    }

/*
 * The registries of special-purpose addresses (RFC 6890 and IANA's tables), the narrow ones
 * first. Of IPv6 only 2000::/3 is given to anybody. Addresses for documentation are not here:
 * they lead nowhere, and examples need them.
 */
static const struct special {
    struct prefix prefix;
    enum safety_reason reason;
} special[] = {
    {V4(0x0a000000, 8), SAFETY_PRIVATE},
    {V4(0xac100000, 12), SAFETY_PRIVATE},
    {V4(0xc0a80000, 16), SAFETY_PRIVATE},
    {V4(0x64400000, 10), SAFETY_PRIVATE}, /* shared: behind a provider's translator */
    {V4(0x7f000000, 8), SAFETY_LOOPBACK},
    {V4(0xa9fe0000, 16), SAFETY_LINK_LOCAL},
    {V4(0xe0000000, 4), SAFETY_MULTICAST},
    {V4(0xf0000000, 4), SAFETY_RESERVED},
    {V4(0x00000000, 8), SAFETY_RESERVED},
    {{0, 1, 128, PREFIX_IPV6}, SAFETY_LOOPBACK},
    {V6(0xfc00, 7), SAFETY_PRIVATE},
    {V6(0xfec0, 10), SAFETY_PRIVATE},
    {V6(0xfe80, 10), SAFETY_LINK_LOCAL},
    {V6(0xff00, 8), SAFETY_MULTICAST},
    {V6(0x0000, 3), SAFETY_RESERVED},
    {V6(0x4000, 2), SAFETY_RESERVED},
    {V6(0x8000, 1), SAFETY_RESERVED},
};

struct safety_sieve {
    const struct safety_rules *rules;
    struct prefix_set *passed;
    struct prefix_set *cut; /* parts of what passed that must go */
    struct safety_dropped dropped[SAFETY_MAX_DROPPED];
    size_t n_dropped;
    bool *cut_own;                    /* which of rules->own are in `cut` */
    bool cut_special[COUNT(special)]; /* which of the table */
};

const char *safety_reason_text(enum safety_reason reason)
{
    switch (reason) {
    case SAFETY_GOOD:
        break;
    case SAFETY_TOO_SHORT:
        return "too short";
    case SAFETY_PRIVATE:
        return "private";
    case SAFETY_LOOPBACK:
        return "loopback";
    case SAFETY_LINK_LOCAL:
        return "link-local";
    case SAFETY_MULTICAST:
        return "multicast";
    case SAFETY_RESERVED:
        return "reserved";
    case SAFETY_OWN:
        return "the server's own";
    case SAFETY_HOST_BITS:
        return "has bits set past its length";
    }
    return "good";
}

static bool is_too_short(const struct safety_rules *rules, const struct prefix *prefix)
{
    return prefix->len <
           (prefix->family == PREFIX_IPV4 ? rules->shortest_ipv4 : rules->shortest_ipv6);
}

enum safety_reason safety_judge(const struct safety_rules *rules, const struct prefix *prefix)
{
    for (size_t i = 0; i < COUNT(special); i++)
        if (prefix_contains(&special[i].prefix, prefix))
            return special[i].reason;
    if (is_too_short(rules, prefix))
        return SAFETY_TOO_SHORT;
    for (size_t i = 0; i < rules->n_own; i++)
        if (prefix_contains(&rules->own[i], prefix))
            return SAFETY_OWN;
    return SAFETY_GOOD;
}

/* ── the sieve ── */

struct safety_sieve *safety_sieve_new(const struct safety_rules *rules)
{
    struct safety_sieve *sieve = calloc(1, sizeof(*sieve));

    if (sieve == NULL)
        return NULL;
    sieve->rules = rules;
    sieve->passed = prefix_set_new();
    sieve->cut = prefix_set_new();
    sieve->cut_own = calloc(rules->n_own + 1, sizeof(*sieve->cut_own));
    if (sieve->passed != NULL && sieve->cut != NULL && sieve->cut_own != NULL)
        return sieve;
    safety_sieve_free(sieve);
    return NULL;
}

void safety_sieve_free(struct safety_sieve *sieve)
{
    if (sieve == NULL)
        return;
    prefix_set_free(sieve->passed);
    prefix_set_free(sieve->cut);
    free(sieve->cut_own);
    free(sieve);
}

static void note_dropped(struct safety_sieve *sieve, const struct prefix *prefix,
                         enum safety_reason reason)
{
    if (sieve->n_dropped < SAFETY_MAX_DROPPED)
        sieve->dropped[sieve->n_dropped] = (struct safety_dropped){*prefix, reason};
    sieve->n_dropped++;
}

/* Notes `part` once, if it is within the prefix. */
static bool cut_part(struct safety_sieve *sieve, const struct prefix *prefix,
                     const struct prefix *part, enum safety_reason reason, bool *done)
{
    if (*done || !prefix_contains(prefix, part))
        return true;
    *done = true;
    note_dropped(sieve, part, reason);
    return prefix_set_add(sieve->cut, part);
}

static bool cut_parts(struct safety_sieve *sieve, const struct prefix *prefix)
{
    const struct safety_rules *rules = sieve->rules;
    bool ok = true;

    for (size_t i = 0; ok && i < COUNT(special); i++)
        ok = cut_part(sieve, prefix, &special[i].prefix, special[i].reason, &sieve->cut_special[i]);
    for (size_t i = 0; ok && i < rules->n_own; i++)
        ok = cut_part(sieve, prefix, &rules->own[i], SAFETY_OWN, &sieve->cut_own[i]);
    return ok;
}

bool safety_sieve_take(void *arg, const struct prefix *prefix, enum prefix_status status)
{
    struct safety_sieve *sieve = arg;
    enum safety_reason reason =
        status == PREFIX_OK ? safety_judge(sieve->rules, prefix) : SAFETY_HOST_BITS;

    if (reason != SAFETY_GOOD) {
        note_dropped(sieve, prefix, reason);
        return true;
    }
    return cut_parts(sieve, prefix) && prefix_set_add(sieve->passed, prefix);
}

struct prefix_set *safety_sieve_finish(struct safety_sieve *sieve)
{
    if (!prefix_set_minimise(sieve->passed) || !prefix_set_minimise(sieve->cut) ||
        !prefix_set_subtract(sieve->passed, sieve->cut) || !prefix_set_minimise(sieve->passed))
        return NULL;
    return sieve->passed;
}

size_t safety_sieve_dropped(const struct safety_sieve *sieve, const struct safety_dropped **list)
{
    *list = sieve->dropped;
    return sieve->n_dropped;
}

/* ── compared with the one before ── */

struct amount {
    size_t prefixes;
    double addresses; /* exact for IPv4; 2^128 is no matter for a share of it */
};

/* 2 to the power of `bits`. */
static double power_of_two(unsigned bits)
{
    double size = 1;

    for (; bits >= 32; bits -= 32)
        size *= 4294967296.0;
    return size * (double)(UINT64_C(1) << bits);
}

static struct amount measure(const struct prefix_set *set, enum prefix_family family)
{
    size_t n = 0, n_ipv4 = 0;
    const struct prefix *cover = prefix_set_cover(set, &n, &n_ipv4);
    size_t from = family == PREFIX_IPV4 ? 0 : n_ipv4;
    size_t to = family == PREFIX_IPV4 ? n_ipv4 : n;
    struct amount amount = {.prefixes = to - from};

    for (size_t i = from; i < to; i++) {
        amount.addresses += power_of_two(prefix_family_bits(cover[i].family) - cover[i].len);
    }
    return amount;
}

static unsigned bits_of(enum prefix_family family, unsigned ipv4_len, unsigned ipv6_len)
{
    return prefix_family_bits((uint8_t)family) - (family == PREFIX_IPV4 ? ipv4_len : ipv6_len);
}

/* Split tunnels are for parts of the Internet: a result of this size, be it the first, is
 * nearly always a mistake, or worse. */
static bool is_large(const struct amount *amount, enum prefix_family family)
{
    return amount->addresses > power_of_two(bits_of(family, SAFETY_MOST_IPV4, SAFETY_MOST_IPV6));
}

/* So few prefixes that one more or less is a large share; but not if they grew to be much. */
static bool is_small(const struct amount *was, const struct amount *is, enum prefix_family family)
{
    return was->prefixes < SAFETY_SMALL && is->prefixes < SAFETY_SMALL &&
           (is->addresses <= was->addresses ||
            is->addresses <= power_of_two(bits_of(family, SAFETY_SMALL_IPV4, SAFETY_SMALL_IPV6)));
}

static bool accepts_size(const struct prefix_set *after, enum prefix_family family,
                         char why[SAFETY_WHY_SIZE])
{
    struct amount is = measure(after, family);

    if (!is_large(&is, family))
        return true;
    snprintf(why, SAFETY_WHY_SIZE,
             "%.6g addresses in %zu prefixes are a large part of all IPv%d "
             "addresses",
             is.addresses, is.prefixes, (int)family);
    return false;
}

static bool accepts_family(const struct safety_rules *rules, const struct prefix_set *before,
                           const struct prefix_set *after, enum prefix_family family,
                           char why[SAFETY_WHY_SIZE])
{
    struct amount was = measure(before, family);
    struct amount is = measure(after, family);
    double share = rules->max_change / 100.0;

    if (is_small(&was, &is, family))
        return true;
    if (is.addresses >= was.addresses * (1 - share) && is.addresses <= was.addresses * (1 + share))
        return true;
    snprintf(why, SAFETY_WHY_SIZE,
             "it %s from %.6g IPv%d addresses in %zu prefixes to %.6g in %zu, by more than %u %%",
             is.addresses < was.addresses ? "shrank" : "grew", was.addresses, (int)family,
             was.prefixes, is.addresses, is.prefixes, rules->max_change);
    return false;
}

static bool is_empty(const struct prefix_set *set)
{
    size_t n = 0;

    prefix_set_cover(set, &n, NULL);
    return n == 0;
}

bool safety_accepts(const struct safety_rules *rules, const struct prefix_set *before,
                    const struct prefix_set *after, char why[SAFETY_WHY_SIZE])
{
    if (is_empty(after)) {
        snprintf(why, SAFETY_WHY_SIZE, "nothing of it may be used");
        return false;
    }
    if (!accepts_size(after, PREFIX_IPV4, why) || !accepts_size(after, PREFIX_IPV6, why))
        return false;
    if (rules->max_change == 0 || is_empty(before))
        return true;
    return accepts_family(rules, before, after, PREFIX_IPV4, why) &&
           accepts_family(rules, before, after, PREFIX_IPV6, why);
}
