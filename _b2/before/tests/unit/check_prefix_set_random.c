/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lib/prefix_set on random sets: against a bitmap of small universes (every address
 * is looked at), on large skewed ones, and with every allocation failing once.
 * oracle_prefix_set.py does the same against Python.
 */
#include "lib/prefix_set.h"
#include "tests/unit/unit.h"

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

static struct prefix parse(const char *text)
{
    struct prefix prefix = {0};

    ck_assert_int_eq(prefix_parse(text, strlen(text), &prefix), PREFIX_OK);
    return prefix;
}

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
    size_t n;

    allocations_left = 0;
    ck_assert(!prefix_set_read(set, "10.0.0.0/8\n", 11, NULL, NULL));
    allocations_left = 0;
    ck_assert_ptr_null(prefix_set_new());
    ck_assert_ptr_null(prefix_set_cover(set, &n, NULL));
    prefix_set_free(set);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("prefix_set_random");
    TCase *tc = tcase_create("random");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, random_sets_are_what_a_bitmap_says, 0, COUNT(bases));
    tcase_add_loop_test(tc, large_sets_are_put_in_order_however_they_are_spread, 0, 6);
    tcase_add_loop_test(tc, out_of_memory_leaves_the_set_as_it_was, 0, COUNT(operations));
    tcase_add_test(tc, out_of_memory_while_reading_is_told);
    suite_add_tcase(suite, tc);
    return suite;
}
