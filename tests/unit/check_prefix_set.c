/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lib/prefix_set: against a bitmap of small universes (every address is looked at),
 * by hand for the edges, and with every allocation failing once.
 * oracle_prefix_set.py does the same against Python on large random sets.
 */
#include "lib/prefix_set.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

/* ck_assert() leaves a note in a file each time it holds; this one does not, for loops. */
#define MUST(condition)                     \
    do {                                    \
        if (!(condition))                   \
            ck_abort_msg("%s", #condition); \
    } while (0)

/* The next allocation but `allocations_left` fails; negative: none does. */
static long allocations_left = -1;

static bool allocation_fails(void)
{
    if (allocations_left < 0)
        return false;
    return allocations_left-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(memory, size);
}

static void no_bad_line(void *arg, unsigned line, const char *text, size_t n,
                        enum prefix_status why, const struct prefix *suggestion)
{
    (void)arg;
    (void)suggestion;
    ck_abort_msg("line %u: \"%.*s\" %s", line, (int)n, text, prefix_status_text(why));
}

/* A set of the prefixes in `text`, one a line, not minimised. */
static struct prefix_set *read_set(const char *text)
{
    struct prefix_set *set = prefix_set_new();

    ck_assert_ptr_nonnull(set);
    ck_assert(prefix_set_read(set, text, strlen(text), no_bad_line, NULL));
    return set;
}

static void assert_set(struct prefix_set *set, const char *expected)
{
    size_t n;
    char *text;

    ck_assert(prefix_set_minimise(set));
    text = prefix_set_write(set, &n);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(n, strlen(text));
    ck_assert_str_eq(text, expected);
    free(text);
}

static struct prefix parse(const char *text)
{
    struct prefix prefix = {0};

    ck_assert_int_eq(prefix_parse(text, strlen(text), &prefix), PREFIX_OK);
    return prefix;
}

static const struct {
    const char *added, *cover;
} unions[] = {
    {"", ""},
    {"0.0.0.0/0\n", "0.0.0.0/0\n"},
    {"::/0\n", "::/0\n"},
    {"255.255.255.255\n", "255.255.255.255/32\n"},
    {"255.255.255.255\n255.255.255.254\n", "255.255.255.254/31\n"},
    {"1.2.3.4\n1.2.3.4\n1.2.3.4\n", "1.2.3.4/32\n"},
    {"1.2.3.5\n1.2.3.6\n", "1.2.3.5/32\n1.2.3.6/32\n"}, /* neighbours, but no halves */
    {"1.2.3.4\n1.2.3.5\n1.2.3.6\n1.2.3.7\n", "1.2.3.4/30\n"},
    {"1.2.3.7\n1.2.3.6\n1.2.3.4\n1.2.3.5\n", "1.2.3.4/30\n"},
    {"10.0.0.0/9\n10.128.0.0/9\n", "10.0.0.0/8\n"},
    {"10.0.0.0/8\n10.0.0.0/24\n10.9.8.7\n", "10.0.0.0/8\n"},
    {"10.0.0.0/24\n10.9.8.7\n10.0.0.0/8\n", "10.0.0.0/8\n"},
    {"10.0.0.0/24\n10.0.0.0/16\n10.0.0.0/8\n10.0.0.0\n", "10.0.0.0/8\n"},
    {"0.0.0.0/1\n128.0.0.0/1\n", "0.0.0.0/0\n"},
    {"8000::/1\n::/1\n", "::/0\n"},
    {"0.0.0.0/1\n128.0.0.0/2\n192.0.0.0/3\n224.0.0.0/3\n", "0.0.0.0/0\n"},
    {"128.0.0.0/1\n8000::/1\n", "128.0.0.0/1\n8000::/1\n"},
    {"::/0\n0.0.0.0/0\n", "0.0.0.0/0\n::/0\n"},
    {"::\n0.0.0.0\n::1\n0.0.0.1\n", "0.0.0.0/31\n::/127\n"},
    {"2001:db8:0:1::/64\n2001:db8::/64\n", "2001:db8::/63\n"},
    {"2001:db8::8000:0:0:0/65\n2001:db8::/65\n", "2001:db8::/64\n"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\nffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe\n",
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127\n"},
    {"0.0.0.0/32\n0.0.0.1/32\n0.0.0.2/31\n0.0.0.4/30\n0.0.0.8/29\n", "0.0.0.0/28\n"},
};

START_TEST(a_union_is_its_minimal_cover)
{
    struct prefix_set *set = read_set(unions[_i].added);

    assert_set(set, unions[_i].cover);
    prefix_set_free(set);
}
END_TEST

static const struct {
    const char *from, *what, *rest;
} differences[] = {
    {"", "10.0.0.0/8\n", ""},
    {"10.0.0.0/8\n", "", "10.0.0.0/8\n"},
    {"10.0.0.0/8\n", "10.0.0.0/8\n", ""},
    {"10.0.0.0/8\n", "0.0.0.0/0\n", ""},
    {"10.0.0.0/8\n", "::/0\n", "10.0.0.0/8\n"},
    {"10.0.0.0/8\n", "9.255.255.255\n11.0.0.0\n", "10.0.0.0/8\n"},
    {"10.0.0.0/8\n", "10.0.0.0/9\n", "10.128.0.0/9\n"},
    {"10.0.0.0/8\n", "10.128.0.0/9\n", "10.0.0.0/9\n"},
    {"10.0.0.0/30\n", "10.0.0.1\n", "10.0.0.0/32\n10.0.0.2/31\n"},
    {"10.0.0.0/30\n", "10.0.0.0\n10.0.0.3\n", "10.0.0.1/32\n10.0.0.2/32\n"},
    {"10.0.0.0/30\n10.0.0.4/32\n", "10.0.0.3\n10.0.0.4\n", "10.0.0.0/31\n10.0.0.2/32\n"},
    {"1.0.0.0/8\n3.0.0.0/8\n5.0.0.0/8\n", "0.0.0.0/6\n", "5.0.0.0/8\n"},
    {"1.0.0.0/8\n3.0.0.0/8\n5.0.0.0/8\n", "2.0.0.0/7\n", "1.0.0.0/8\n5.0.0.0/8\n"},
    {"0.0.0.0/0\n", "0.0.0.0/1\n128.0.0.0/1\n", ""},
    {"0.0.0.0/0\n", "0.0.0.0/1\n", "128.0.0.0/1\n"},
    {"0.0.0.0/0\n::/0\n", "0.0.0.0/0\n", "::/0\n"},
    {"0.0.0.0/0\n::/0\n", "128.0.0.0/1\n::/1\n", "0.0.0.0/1\n8000::/1\n"},
    {"::/126\n", "::1\n", "::/128\n::2/127\n"},
    {"2001:db8::/63\n", "2001:db8:0:1::/64\n", "2001:db8::/64\n"},
    {"2001:db8::/64\n", "2001:db8::/65\n", "2001:db8:0:0:8000::/65\n"},
};

START_TEST(a_difference_is_its_minimal_cover)
{
    struct prefix_set *from = read_set(differences[_i].from);
    struct prefix_set *what = read_set(differences[_i].what);

    ck_assert(prefix_set_subtract(from, what));
    assert_set(from, differences[_i].rest);
    prefix_set_free(from);
    prefix_set_free(what);
}
END_TEST

START_TEST(one_host_out_of_everything_leaves_a_prefix_of_each_length)
{
    struct prefix_set *all = read_set("0.0.0.0/0\n::/0\n");
    struct prefix_set *host = read_set("10.1.2.3\n2001:db8::1\n");
    size_t n, n_ipv4;

    ck_assert(prefix_set_subtract(all, host));
    prefix_set_cover(all, &n, &n_ipv4);
    ck_assert_uint_eq(n_ipv4, 32);
    ck_assert_uint_eq(n, 32 + 128);
    ck_assert(prefix_set_add_set(all, host));
    assert_set(all, "0.0.0.0/0\n::/0\n");
    prefix_set_free(all);
    prefix_set_free(host);
}
END_TEST

START_TEST(a_set_and_itself)
{
    struct prefix_set *set = read_set("10.0.0.0/9\n10.128.0.0/9\n::1\n");

    ck_assert(prefix_set_add_set(set, set));
    assert_set(set, "10.0.0.0/8\n::1/128\n");
    ck_assert(prefix_set_add_set(set, set));
    assert_set(set, "10.0.0.0/8\n::1/128\n");
    ck_assert(prefix_set_equal(set, set));
    ck_assert(prefix_set_subtract(set, set));
    assert_set(set, "");
    prefix_set_free(set);
}
END_TEST

START_TEST(an_emptied_set_is_like_a_new_one)
{
    struct prefix_set *set = read_set("10.0.0.0/8\n1.0.0.0/8\n");
    struct prefix prefix = parse("2001:db8::/32");
    size_t n = 7, n_ipv4 = 7;

    prefix_set_clear(set);
    ck_assert_ptr_null(prefix_set_cover(set, &n, &n_ipv4));
    ck_assert_uint_eq(n, 0);
    ck_assert_uint_eq(n_ipv4, 0);
    ck_assert(prefix_set_add(set, &prefix));
    assert_set(set, "2001:db8::/32\n");
    prefix_set_free(set);
    prefix_set_free(NULL);
}
END_TEST

START_TEST(the_cover_says_how_many_are_ipv4)
{
    struct prefix_set *set = read_set("::/1\n10.0.0.0/8\n8000::/2\n255.255.255.255\n0.0.0.0\n");
    const struct prefix *cover;
    size_t n, n_ipv4;

    ck_assert(prefix_set_minimise(set));
    cover = prefix_set_cover(set, &n, &n_ipv4);
    ck_assert_uint_eq(n, 5);
    ck_assert_uint_eq(n_ipv4, 3);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(cover[i].family, i < 3 ? PREFIX_IPV4 : PREFIX_IPV6);
    ck_assert_ptr_eq(prefix_set_cover(set, &n, NULL), cover);
    prefix_set_free(set);
}
END_TEST

static const struct {
    const char *set, *prefix;
    bool contains;
} members[] = {
    {"", "10.0.0.0/8", false},
    {"10.0.0.0/8\n", "10.0.0.0/8", true},
    {"10.0.0.0/8\n", "10.255.255.255", true},
    {"10.0.0.0/8\n", "11.0.0.0", false},
    {"10.0.0.0/8\n", "9.255.255.255", false},
    {"10.0.0.0/8\n", "0.0.0.0/0", false},
    {"10.0.0.0/9\n10.128.0.0/9\n", "10.0.0.0/8", true},
    {"10.0.0.0/9\n10.128.0.0/10\n", "10.0.0.0/8", false},
    {"0.0.0.0/0\n", "::1", false},
    {"::/0\n", "0.0.0.0", false},
    {"255.255.255.255\n::\n", "::", true},
    {"255.255.255.255\n::\n", "255.255.255.255", true},
    {"2001:db8::/32\n", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true},
    {"2001:db8::/32\n", "2001:db9::", false},
};

START_TEST(a_set_contains_what_it_covers)
{
    struct prefix_set *set = read_set(members[_i].set);
    struct prefix prefix = parse(members[_i].prefix);

    ck_assert(prefix_set_minimise(set));
    ck_assert_int_eq(prefix_set_contains(set, &prefix), members[_i].contains);
    prefix_set_free(set);
}
END_TEST

START_TEST(everything_is_seen_however_it_is_put_together)
{
    struct prefix_set *set = read_set("128.0.0.0/1\n::/1\n0.0.0.0/2\n");
    struct prefix rest = parse("64.0.0.0/2"), rest6 = parse("8000::/1");

    ck_assert(prefix_set_minimise(set));
    ck_assert(!prefix_set_is_everything(set, PREFIX_IPV4));
    ck_assert(!prefix_set_is_everything(set, PREFIX_IPV6));
    ck_assert(prefix_set_add(set, &rest) && prefix_set_minimise(set));
    ck_assert(prefix_set_is_everything(set, PREFIX_IPV4));
    ck_assert(!prefix_set_is_everything(set, PREFIX_IPV6));
    ck_assert(prefix_set_add(set, &rest6) && prefix_set_minimise(set));
    ck_assert(prefix_set_is_everything(set, PREFIX_IPV6));
    prefix_set_free(set);
}
END_TEST

START_TEST(sets_are_equal_if_they_cover_the_same)
{
    struct prefix_set *a = read_set("10.0.0.0/8\n::/64\n");
    struct prefix_set *b = read_set("::/64\n10.128.0.0/9\n10.0.0.0/9\n10.7.0.0/16\n");
    struct prefix_set *c = read_set("10.0.0.0/8\n::/65\n");
    struct prefix_set *d = read_set("10.0.0.0/8\n");

    ck_assert(prefix_set_minimise(a) && prefix_set_minimise(b));
    ck_assert(prefix_set_minimise(c) && prefix_set_minimise(d));
    ck_assert(prefix_set_equal(a, b) && prefix_set_equal(b, a));
    ck_assert(!prefix_set_equal(a, c) && !prefix_set_equal(a, d) && !prefix_set_equal(d, a));
    prefix_set_free(a);
    prefix_set_free(b);
    prefix_set_free(c);
    prefix_set_free(d);
}
END_TEST

/*
 * A universe: the 256 longest prefixes within `base`. Its oracle is a bitmap, so a
 * set is right if it is what the recursive definition of a minimal cover says.
 */
struct universe {
    struct prefix base;
    bool in[256];
};

static const char *const bases[] = {
    "0.0.0.0/0",     "10.1.0.0/20", "10.0.0.0/24",   "255.255.255.0/24", "::/0",
    "2001:db8::/56", "2001::/60",   "2001:db8::/64", "::/120",           "ffff:8000::/100"};

/* The prefix of `bits` bits more than the base, `at` counted in the 256. */
static struct prefix at_universe(const struct universe *universe, unsigned at, unsigned bits)
{
    struct prefix prefix = universe->base;

    for (unsigned bit = 0; bit < bits; bit++, prefix.len++) {
        uint64_t one = at >> (7 - bit) & 1;

        if (prefix.len < 64)
            prefix.hi |= one << (63 - prefix.len);
        else
            prefix.lo |= one << (127 - prefix.len);
    }
    return prefix;
}

static struct prefix random_member(const struct universe *universe, unsigned *at, unsigned *n)
{
    unsigned bits = 8 - (unsigned)(rand() % 9 * (rand() % 9) / 10);

    *n = 256u >> bits;
    *at = (unsigned)rand() % 256 / *n * *n;
    return at_universe(universe, *at, bits);
}

static size_t expect_cover(const struct universe *universe, unsigned at, unsigned bits,
                           struct prefix *out)
{
    unsigned n = 256u >> bits, ones = 0;
    size_t first;

    for (unsigned i = at; i < at + n; i++)
        ones += universe->in[i];
    if (ones == 0)
        return 0;
    if (ones == n) {
        *out = at_universe(universe, at, bits);
        return 1;
    }
    first = expect_cover(universe, at, bits + 1, out);
    return first + expect_cover(universe, at + n / 2, bits + 1, out + first);
}

static void assert_universe(struct prefix_set *set, const struct universe *universe)
{
    struct prefix expected[256];
    size_t n_expected = expect_cover(universe, 0, 0, expected);
    const struct prefix *cover;
    size_t n, n_ipv4;

    MUST(prefix_set_minimise(set));
    cover = prefix_set_cover(set, &n, &n_ipv4);
    MUST(n == n_expected);
    MUST(n_ipv4 == (universe->base.family == PREFIX_IPV4 ? n : 0));
    for (size_t i = 0; i < n; i++)
        MUST(prefix_compare(&cover[i], &expected[i]) == 0);
    for (unsigned at = 0; at < 256; at++) {
        struct prefix one = at_universe(universe, at, 8);

        MUST(prefix_set_contains(set, &one) == universe->in[at]);
    }
}

static void add_random(struct prefix_set *set, struct universe *universe, unsigned n)
{
    while (n-- > 0) {
        unsigned at, length;
        struct prefix prefix = random_member(universe, &at, &length);

        MUST(prefix_set_add(set, &prefix));
        memset(universe->in + at, true, length);
    }
}

static void combine(struct universe *to, const struct universe *with, bool keep_common)
{
    for (unsigned i = 0; i < 256; i++)
        to->in[i] = keep_common ? to->in[i] || with->in[i] : to->in[i] && !with->in[i];
}

START_TEST(random_sets_are_what_a_bitmap_says)
{
    struct universe a = {.base = parse(bases[_i])};
    struct prefix_set *set = prefix_set_new(), *other = prefix_set_new();

    srand((unsigned)_i + 1);
    for (int round = 0; round < 400; round++) {
        struct universe b = {.base = a.base};

        memset(a.in, 0, sizeof a.in);
        prefix_set_clear(set);
        prefix_set_clear(other);
        for (int step = rand() % 4; step >= 0; step--) {
            add_random(set, &a, (unsigned)rand() % 80);
            add_random(other, &b, (unsigned)rand() % 30);
            if (rand() % 2)
                assert_universe(set, &a);
            if (rand() % 2)
                assert_universe(other, &b);
            if (rand() % 2) {
                ck_assert(prefix_set_subtract(set, other));
                combine(&a, &b, false);
            } else {
                ck_assert(prefix_set_add_set(set, other));
                combine(&a, &b, true);
            }
        }
        assert_universe(set, &a);
        assert_universe(other, &b);
    }
    prefix_set_free(set);
    prefix_set_free(other);
}
END_TEST

/* Ways to be random that a radix sort must bear: where the addresses differ, and how often. */
static struct prefix random_skewed(int way, unsigned i, unsigned n)
{
    struct prefix prefix = {.len = 128, .family = PREFIX_IPV6};
    uint64_t random = (uint64_t)rand() << 40 ^ (uint64_t)rand() << 20 ^ (uint64_t)rand();
    unsigned bit = (unsigned)rand() % 64;

    switch (way) {
    case 0: /* all the same but one */
        prefix.lo = i == n / 2;
        break;
    case 1: /* one bit set, anywhere: every level finds a few that differ */
        *(rand() % 2 ? &prefix.hi : &prefix.lo) = UINT64_C(1) << bit;
        break;
    case 2: /* falling */
        prefix.lo = (uint64_t)(n - i) * 3;
        break;
    case 3: /* few bits, far apart, both halves */
        prefix.hi = random & UINT64_C(0x8001000000008001);
        prefix.lo = random * 7 & UINT64_C(0x8001000000008001);
        break;
    case 4: /* both families, several lengths */
        prefix.family = rand() % 2 ? PREFIX_IPV4 : PREFIX_IPV6;
        prefix.len = (uint8_t)(20 + bit % 13);
        prefix.hi = random & prefix_mask_hi(prefix.len);
        break;
    case 5: /* a campus: the first 40 bits shared, much of it taken twice */
        prefix.len = 64;
        prefix.hi = UINT64_C(0x20010db8) << 32 | (random & 0xffff);
        break;
    }
    return prefix;
}

static int compare(const void *a, const void *b)
{
    return prefix_compare(a, b);
}

/* Added in order, there is nothing to sort: the two must come out the same. */
START_TEST(large_sets_are_put_in_order_however_they_are_spread)
{
    unsigned n = 30000;
    struct prefix *items = malloc(n * sizeof *items);
    struct prefix_set *shuffled = prefix_set_new(), *sorted = prefix_set_new();

    srand((unsigned)_i + 1);
    for (unsigned i = 0; i < n; i++) {
        items[i] = random_skewed(_i, i, n);
        MUST(prefix_set_add(shuffled, &items[i]));
    }
    qsort(items, n, sizeof *items, compare);
    for (unsigned i = 0; i < n; i++)
        MUST(prefix_set_add(sorted, &items[i]));
    ck_assert(prefix_set_minimise(shuffled) && prefix_set_minimise(sorted));
    ck_assert(prefix_set_equal(shuffled, sorted));
    for (unsigned i = 0; i < n; i++)
        MUST(prefix_set_contains(shuffled, &items[i]));
    prefix_set_free(shuffled);
    prefix_set_free(sorted);
    free(items);
}
END_TEST

/* A bad line, as the reader told it. */
struct told {
    unsigned n;
    unsigned line[8];
    enum prefix_status why[8];
    char text[8][64];
    char suggestion[8][PREFIX_TEXT_SIZE];
};

static void tell(void *arg, unsigned line, const char *text, size_t n, enum prefix_status why,
                 const struct prefix *suggestion)
{
    struct told *told = arg;

    ck_assert_uint_lt(told->n, 8);
    ck_assert_uint_lt(n, 64);
    told->line[told->n] = line;
    told->why[told->n] = why;
    memcpy(told->text[told->n], text, n);
    if (suggestion)
        prefix_format(suggestion, told->suggestion[told->n]);
    told->n++;
}

START_TEST(a_list_may_have_comments_netmasks_blank_lines_and_crlf)
{
    struct prefix_set *set = read_set("\xef\xbb\xbf# networks\r\n"
                                      "\r\n"
                                      "  10.0.0.0/8 \t ; ours\r\n"
                                      "\t\n"
                                      "172.16.0.0 255.240.0.0# theirs\n"
                                      "192.168.0.0 \t  255.255.0.0\r\n"
                                      ";\n"
                                      "2001:db8::/32;x\n"
                                      "\n"
                                      "1.2.3.4");

    assert_set(set, "1.2.3.4/32\n10.0.0.0/8\n172.16.0.0/12\n192.168.0.0/16\n2001:db8::/32\n");
    prefix_set_free(set);
}
END_TEST

START_TEST(bad_lines_are_told_and_reading_goes_on)
{
    static const char text[] = "10.0.0.0/8\n"
                               "  example.org  # no names\n"
                               "10.0.0.0/33\r\n"
                               "\n"
                               "192.168.7.1/16\n"
                               "10.0.0.0 255.0.255.0\n"
                               "10.0.0.0 255.0.0.0 1\n"
                               "1.2.3.4/32\n"
                               "1.2.3.4\0/32\n"
                               "10.0.0.0 255.0.0.0\0x\n"
                               "172.16.9.0 255.240.0.0";
    static const struct {
        unsigned line;
        enum prefix_status why;
        const char *text, *suggestion;
    } expected[] = {
        {2, PREFIX_BAD_ADDRESS, "example.org", ""},
        {3, PREFIX_BAD_LENGTH, "10.0.0.0/33", ""},
        {5, PREFIX_HOST_BITS, "192.168.7.1/16", "192.168.0.0/16"},
        {6, PREFIX_BAD_LENGTH, "10.0.0.0 255.0.255.0", ""},
        {7, PREFIX_BAD_LENGTH, "10.0.0.0 255.0.0.0 1", ""},
        {9, PREFIX_BAD_ADDRESS, "1.2.3.4", ""},             /* and a NUL */
        {10, PREFIX_BAD_ADDRESS, "10.0.0.0 255.0.0.0", ""}, /* and a NUL */
        {11, PREFIX_HOST_BITS, "172.16.9.0 255.240.0.0", "172.16.0.0/12"},
    };
    struct prefix_set *set = prefix_set_new();
    struct told told = {0};

    ck_assert(prefix_set_read(set, text, sizeof text - 1, tell, &told));
    ck_assert_uint_eq(told.n, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < told.n; i++) {
        ck_assert_uint_eq(told.line[i], expected[i].line);
        ck_assert_int_eq(told.why[i], expected[i].why);
        ck_assert_str_eq(told.text[i], expected[i].text);
        ck_assert_str_eq(told.suggestion[i], expected[i].suggestion);
    }
    assert_set(set, "1.2.3.4/32\n10.0.0.0/8\n");
    prefix_set_free(set);
}
END_TEST

static void ignore(void *arg, unsigned line, const char *text, size_t n, enum prefix_status why,
                   const struct prefix *suggestion)
{
    (void)line;
    (void)text;
    (void)n;
    ck_assert_int_ne(why, PREFIX_OK);
    ck_assert_int_eq(why == PREFIX_HOST_BITS, suggestion != NULL);
    ++*(unsigned *)arg;
}

START_TEST(a_list_cut_at_every_byte_is_never_read_past_its_end)
{
    static const char whole[] = "\xef\xbb\xbf 10.0.0.0/8 # x\r\n172.16.0.0 255.240.0.0\n::1/128";

    for (size_t n = 0; n < sizeof whole; n++) {
        char *cut = malloc(n ? n : 1);
        struct prefix_set *set = prefix_set_new();
        unsigned bad = 0;

        memcpy(cut, whole, n);
        ck_assert(prefix_set_read(set, cut, n, ignore, &bad));
        ck_assert(prefix_set_minimise(set));
        prefix_set_free(set);
        free(cut);
    }
}
END_TEST

START_TEST(a_list_of_a_million_lines_takes_no_quadratic_time)
{
    size_t lines = 1000000, size = lines * 16, n = 0;
    char *text = malloc(size);
    struct prefix_set *set = prefix_set_new();

    for (size_t i = 0; i < lines; i++)
        n += (size_t)snprintf(text + n, size - n, "%zu.%zu.%zu.%zu\n", i * 7919 % 200, i % 251,
                              i / 251 % 256, (size_t)0);
    ck_assert(prefix_set_read(set, text, n, no_bad_line, NULL));
    ck_assert(prefix_set_minimise(set));
    prefix_set_free(set);
    free(text);
}
END_TEST

/* What can run out of memory. Each is done to `set` = A with `other` = B at hand. */
static bool do_add(struct prefix_set *set, struct prefix_set *other)
{
    struct prefix prefix = {.family = PREFIX_IPV6};

    (void)other;
    return prefix_set_add(set, &prefix);
}

static bool do_add_set(struct prefix_set *set, struct prefix_set *other)
{
    return prefix_set_add_set(set, other);
}

static bool do_minimise(struct prefix_set *set, struct prefix_set *other)
{
    (void)other;
    return prefix_set_minimise(set);
}

static bool do_subtract(struct prefix_set *set, struct prefix_set *other)
{
    return prefix_set_subtract(set, other);
}

static bool do_write(struct prefix_set *set, struct prefix_set *other)
{
    char *text = NULL;

    (void)other;
    if (prefix_set_minimise(set))
        text = prefix_set_write(set, NULL);
    free(text);
    return text != NULL;
}

static bool (*const operations[])(struct prefix_set *, struct prefix_set *) = {
    do_add, do_add_set, do_minimise, do_subtract, do_write,
};

static void fill(struct universe *universe, struct prefix_set *set, unsigned n)
{
    prefix_set_clear(set);
    memset(universe->in, 0, sizeof universe->in);
    add_random(set, universe, n);
}

START_TEST(out_of_memory_leaves_the_set_as_it_was)
{
    bool (*operation)(struct prefix_set *, struct prefix_set *) = operations[_i];
    bool done = false;
    long failures = 0;

    srand(4);
    for (long left = 0; !done; left++) {
        struct universe a = {.base = parse("10.0.0.0/24")}, b = {.base = a.base};
        struct prefix_set *set = prefix_set_new(), *other = prefix_set_new();

        fill(&a, set, 128); /* exactly full: the next add must grow */
        fill(&b, other, 60);
        allocations_left = left;
        done = operation(set, other);
        allocations_left = -1;
        if (!done) {
            failures++;
            assert_universe(set, &a);
            assert_universe(other, &b);
        }
        prefix_set_free(set);
        prefix_set_free(other);
    }
    ck_assert_int_ge(failures, 1);
}
END_TEST

START_TEST(out_of_memory_while_reading_is_told)
{
    struct prefix_set *set = prefix_set_new();

    allocations_left = 0;
    ck_assert(!prefix_set_read(set, "10.0.0.0/8\n", 11, no_bad_line, NULL));
    allocations_left = 0;
    ck_assert_ptr_null(prefix_set_new());
    assert_set(set, "");
    prefix_set_free(set);
}
END_TEST

static TCase *by_hand(void)
{
    TCase *tc = tcase_create("by hand");

    tcase_add_loop_test(tc, a_union_is_its_minimal_cover, 0, COUNT(unions));
    tcase_add_loop_test(tc, a_difference_is_its_minimal_cover, 0, COUNT(differences));
    tcase_add_test(tc, one_host_out_of_everything_leaves_a_prefix_of_each_length);
    tcase_add_test(tc, a_set_and_itself);
    tcase_add_test(tc, an_emptied_set_is_like_a_new_one);
    tcase_add_test(tc, the_cover_says_how_many_are_ipv4);
    tcase_add_loop_test(tc, a_set_contains_what_it_covers, 0, COUNT(members));
    tcase_add_test(tc, everything_is_seen_however_it_is_put_together);
    tcase_add_test(tc, sets_are_equal_if_they_cover_the_same);
    return tc;
}

static TCase *lists(void)
{
    TCase *tc = tcase_create("lists");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_list_may_have_comments_netmasks_blank_lines_and_crlf);
    tcase_add_test(tc, bad_lines_are_told_and_reading_goes_on);
    tcase_add_test(tc, a_list_cut_at_every_byte_is_never_read_past_its_end);
    tcase_add_test(tc, a_list_of_a_million_lines_takes_no_quadratic_time);
    return tc;
}

static TCase *invariants(void)
{
    TCase *tc = tcase_create("invariants");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, random_sets_are_what_a_bitmap_says, 0, COUNT(bases));
    tcase_add_loop_test(tc, large_sets_are_put_in_order_however_they_are_spread, 0, 6);
    tcase_add_loop_test(tc, out_of_memory_leaves_the_set_as_it_was, 0, COUNT(operations));
    tcase_add_test(tc, out_of_memory_while_reading_is_told);
    return tc;
}

Suite *unit_suite(void)
{
    Suite *suite = suite_create("prefix_set");

    suite_add_tcase(suite, by_hand());
    suite_add_tcase(suite, lists());
    suite_add_tcase(suite, invariants());
    return suite;
}
