/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Over-covers against an oracle that tries everything, in small universes. */
#include "tests/unit/unit.h"

#include "lib/budget.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

static unsigned bad_lines;

static void bad(void *arg, unsigned line, const char *text, size_t n, enum prefix_status why,
                const struct prefix *suggestion)
{
    (void)arg, (void)line, (void)text, (void)n, (void)why, (void)suggestion;
    bad_lines++;
}

static struct prefix_set *set_of(const char *list)
{
    struct prefix_set *set = prefix_set_new();

    bad_lines = 0;
    ck_assert(prefix_set_read(set, list, strlen(list), bad, NULL));
    ck_assert_uint_eq(bad_lines, 0);
    ck_assert(prefix_set_minimise(set));
    return set;
}

static size_t count(const struct prefix_set *set)
{
    size_t n;

    prefix_set_cover(set, &n, NULL);
    return n;
}

/* ── given covers ── */

static const struct {
    const char *set;
    const char *never;
    size_t n;
    const char *cover;
    uint64_t ipv4, ipv6;
} cases[] = {
    /* What fits stays as it is. */
    {"192.0.2.0/26\n192.0.2.128/26\n", "", 2, "192.0.2.0/26\n192.0.2.128/26\n", 0, 0},
    {"192.0.2.0/26\n192.0.2.128/26\n", "", 1, "192.0.2.0/24\n", 128, 0},
    /* Where joining two is as dear as joining three, three are joined or two: never more. */
    {"192.0.2.0/25\n192.0.3.0/25\n192.0.3.128/26\n", "", 2, "192.0.2.0/25\n192.0.3.0/24\n", 64, 0},
    {"20.0.0.0/25\n20.0.1.0/25\n20.0.2.0/23\n", "", 2, "20.0.0.0/22\n", 256, 0},
    /* Nothing that is excepted, even if dearer. */
    {"20.0.0.0/26\n20.0.0.128/26\n20.0.4.0/24\n20.0.6.0/24\n", "20.0.0.64/32\n", 3,
     "20.0.0.0/26\n20.0.0.128/26\n20.0.4.0/22\n", 512, 0},
    /* Nothing that is somebody's own. */
    {"9.255.255.0/24\n11.0.0.0/24\n20.0.0.0/24\n20.0.8.0/24\n", "", 3,
     "9.255.255.0/24\n11.0.0.0/24\n20.0.0.0/20\n", 3584, 0},
    {"100.63.0.0/16\n100.128.0.0/16\n30.0.0.0/24\n31.0.0.0/24\n", "", 3,
     "30.0.0.0/7\n100.63.0.0/16\n100.128.0.0/16\n", 33553920, 0},
    /* But what it has already is no obstacle. */
    {"192.168.0.0/16\n192.170.0.0/16\n192.169.0.0/17\n20.0.0.0/8\n", "", 2,
     "20.0.0.0/8\n192.168.0.0/14\n", 98304, 0},
    /* Both families are in one budget: a /48 weighs as much as an IPv4 address. */
    {"20.0.0.0/24\n20.0.2.0/24\n2001:db8::/48\n2001:db8:2::/48\n", "", 3,
     "20.0.0.0/24\n20.0.2.0/24\n2001:db8::/46\n", 0, 131072},
    {"20.0.0.0/24\n20.0.2.0/24\n2001:db8::/32\n2001:dba::/32\n", "", 3,
     "20.0.0.0/22\n2001:db8::/32\n2001:dba::/32\n", 512, 0},
    {"2001:db8::1/128\n2001:db8::3/128\n2001:db8::8000/128\n", "", 2,
     "2001:db8::/126\n2001:db8::8000/128\n", 0, 1},
    {"fd00::/64\nfd00:0:0:2::/64\n20.0.0.0/24\n20.0.2.0/24\n", "", 3,
     "20.0.0.0/22\nfd00::/64\nfd00:0:0:2::/64\n", 512, 0},
};

START_TEST(a_cover_is_the_smallest_that_there_is)
{
    struct prefix_set *set = set_of(cases[_i].set), *never = set_of(cases[_i].never);
    struct budget_cost cost;
    char *text;

    ck_assert_int_eq(budget_cover(set, never, cases[_i].n, &cost), BUDGET_OK);
    text = prefix_set_write(set, NULL);
    ck_assert_str_eq(text, cases[_i].cover);
    ck_assert_uint_eq(cost.extra_ipv4, cases[_i].ipv4);
    ck_assert_uint_eq(cost.extra_ipv6, cases[_i].ipv6);
    ck_assert_uint_eq(cost.prefixes, count(set));
    ck_assert(cost.slack == 0);
    free(text);
    prefix_set_free(set);
    prefix_set_free(never);
}
END_TEST

START_TEST(a_budget_that_exceptions_do_not_allow_is_told_the_least_there_can_be)
{
    struct prefix_set *set = set_of("20.0.0.0/24\n20.0.2.0/24\n20.0.4.0/24\n2001:db8::/32\n");
    struct prefix_set *never = set_of("20.0.1.7/32\n");
    struct budget_cost cost;

    for (size_t n = 1; n < 3; n++) {
        ck_assert_int_eq(budget_cover(set, never, n, &cost), BUDGET_TOO_SMALL);
        ck_assert_uint_eq(cost.prefixes, 4);
        ck_assert_uint_eq(count(set), 4);
    }
    prefix_set_free(never);
    never = set_of("20.0.5.7/32\n");
    ck_assert_int_eq(budget_cover(set, never, 2, &cost), BUDGET_TOO_SMALL);
    ck_assert_uint_eq(cost.prefixes, 3);
    ck_assert_int_eq(budget_cover(set, never, 3, &cost), BUDGET_OK);
    ck_assert_uint_eq(count(set), 3);
    prefix_set_free(never);
    prefix_set_free(set);
}
END_TEST

START_TEST(a_cover_is_never_everything)
{
    /* All special space, and every other /4 of the rest. */
    static const char *const lists[] = {
        "0.0.0.0/4\n96.0.0.0/4\n112.0.0.0/4\n160.0.0.0/4\n192.0.0.0/4\n224.0.0.0/3\n32.0.0.0/4\n",
        "::/3\n4000::/2\n8000::/1\n2000::/5\n3000::/5\n",
    };
    struct prefix_set *set = set_of(lists[_i]), *never = set_of("");
    struct budget_cost cost;
    enum budget_result result = BUDGET_OK;

    for (size_t n = count(set); n > 0; n--) {
        result = budget_cover(set, never, n, &cost);
        ck_assert(!prefix_set_is_everything(set, PREFIX_IPV4));
        ck_assert(!prefix_set_is_everything(set, PREFIX_IPV6));
    }
    ck_assert_int_eq(result, BUDGET_TOO_SMALL);
    prefix_set_free(never);
    prefix_set_free(set);
}
END_TEST

/* ── an oracle ── a universe of 2^BITS addresses, cell by cell */

#define BITS     6
#define CELLS    (1 << BITS)
#define INFINITE 1000000

struct world {
    uint8_t family;
    bool set[CELLS], never[CELLS];
    struct prefix_set *prefixes, *forbidden;
};

/* A cell as a prefix: IPv4 below 20.0.0.0/26, IPv6 below 2001:db8::/58 (or of hosts). */
static struct prefix cell(const struct world *world, int i)
{
    struct prefix prefix = {.family = world->family};

    if (world->family == PREFIX_IPV4) {
        prefix.hi = (UINT64_C(20) << 56) + ((uint64_t)i << 32);
        prefix.len = 32;
    } else {
        prefix.hi = UINT64_C(0x20010db800000000) + (uint64_t)i;
        prefix.len = 64;
    }
    return prefix;
}

static void make_world(struct world *world, uint8_t family, int density, int exceptions)
{
    int run = 0;
    bool on = false;

    *world = (struct world){
        .family = family, .prefixes = prefix_set_new(), .forbidden = prefix_set_new()};
    for (int i = 0; i < CELLS; i++) {
        struct prefix prefix = cell(world, i);

        if (run-- == 0) {
            on = rand() % 100 < density;
            run = rand() % 3;
        }
        world->set[i] = on;
        world->never[i] = rand() % 1000 < exceptions; /* of what the set has, too */
        if (world->set[i])
            ck_assert(prefix_set_add(world->prefixes, &prefix));
        if (world->never[i])
            ck_assert(prefix_set_add(world->forbidden, &prefix));
    }
    ck_assert(prefix_set_minimise(world->prefixes) && prefix_set_minimise(world->forbidden));
}

static void free_world(struct world *world)
{
    prefix_set_free(world->prefixes);
    prefix_set_free(world->forbidden);
}

/*
 * least[k]: the fewest extra addresses of a cover of cells [at, at + size) by at most k
 * prefixes, over every prefix there is, not only those the code looks at.
 */
static void oracle(const struct world *world, int at, int size, int least[CELLS + 1])
{
    int left[CELLS + 1], right[CELLS + 1];
    int wanted = 0, extra = 0;
    bool allowed = true;

    for (int i = at; i < at + size; i++) {
        wanted += world->set[i];
        extra += !world->set[i];
        allowed = allowed && (world->set[i] || !world->never[i]);
    }
    for (int k = 0; k <= CELLS; k++)
        least[k] = wanted == 0 ? 0 : k > 0 && allowed ? extra : INFINITE;
    if (size == 1)
        return;
    oracle(world, at, size / 2, left);
    oracle(world, at + size / 2, size / 2, right);
    for (int k = 0; k <= CELLS; k++)
        for (int i = 0; i <= k; i++)
            if (left[i] + right[k - i] < least[k])
                least[k] = left[i] + right[k - i];
}

/* The cover has all of the set, none of what is forbidden, and `extra` cells besides. */
static void check_cover(const struct world *world, const struct prefix_set *cover, int extra)
{
    for (int i = 0; i < CELLS; i++) {
        struct prefix prefix = cell(world, i);
        bool is_in = prefix_set_contains(cover, &prefix);

        ck_assert(is_in || !world->set[i]);
        ck_assert(!is_in || world->set[i] || !world->never[i]);
        extra -= is_in && !world->set[i];
    }
    ck_assert_int_eq(extra, 0);
}

static void check_world(const struct world *world)
{
    int least[CELLS + 1];
    size_t exact = count(world->prefixes);

    oracle(world, 0, CELLS, least);
    for (size_t n = 1; n <= exact; n++) {
        struct prefix_set *cover = prefix_set_new();
        struct budget_cost cost;
        enum budget_result result;
        uint64_t extra;

        ck_assert(prefix_set_add_set(cover, world->prefixes) && prefix_set_minimise(cover));
        result = budget_cover(cover, world->forbidden, n, &cost);
        ck_assert_int_eq(result, least[n] < INFINITE ? BUDGET_OK : BUDGET_TOO_SMALL);
        if (result == BUDGET_OK) {
            extra = world->family == PREFIX_IPV4 ? cost.extra_ipv4 : cost.extra_ipv6;
            ck_assert_uint_le(count(cover), n);
            ck_assert_int_eq((int)extra, least[n]);
            ck_assert(cost.slack == 0);
            check_cover(world, cover, (int)extra);
        } else {
            ck_assert(least[cost.prefixes] < INFINITE);
            ck_assert(least[cost.prefixes - 1] == INFINITE);
        }
        prefix_set_free(cover);
    }
}

START_TEST(in_small_worlds_no_cover_of_any_kind_is_smaller)
{
    static const int densities[] = {5, 20, 35, 50, 65, 80, 95};
    static const int exceptions[] = {0, 10, 100};

    srand(7);
    for (int round = 0; round < 20; round++)
        for (int i = 0; i < COUNT(densities); i++)
            for (int j = 0; j < COUNT(exceptions); j++) {
                struct world world;

                make_world(&world, round % 2 ? PREFIX_IPV4 : PREFIX_IPV6, densities[i],
                           exceptions[j]);
                check_world(&world);
                free_world(&world);
            }
}
END_TEST

/* ── large sets ── */

static uint32_t random_address(void)
{
    return (((uint32_t)rand() << 16 ^ (uint32_t)rand()) & UINT32_C(0x1fffffff)) |
           UINT32_C(0x20000000);
}

START_TEST(what_holds_of_every_cover_holds_of_large_ones)
{
    struct prefix_set *set = prefix_set_new(), *never = prefix_set_new();
    uint64_t last = 0;

    srand(11);
    for (int i = 0; i < 3000; i++) {
        unsigned len = 12 + (unsigned)rand() % 21;
        struct prefix prefix = {.len = (uint8_t)len, .family = PREFIX_IPV4};

        prefix.hi = (uint64_t)random_address() << 32 & prefix_mask_hi(len);
        ck_assert(prefix_set_add(i % 100 ? set : never, &prefix));
    }
    ck_assert(prefix_set_minimise(set) && prefix_set_minimise(never));
    ck_assert(prefix_set_subtract(set, never));
    for (size_t n = 2400; n > 300; n = n * 3 / 4) {
        struct prefix_set *cover = prefix_set_new(), *rest = prefix_set_new();
        struct budget_cost cost;

        ck_assert(prefix_set_add_set(cover, set) && prefix_set_add_set(rest, set));
        ck_assert(prefix_set_minimise(cover) && prefix_set_minimise(rest));
        ck_assert_int_eq(budget_cover(cover, never, n, &cost), BUDGET_OK);
        ck_assert_uint_le(count(cover), n);
        ck_assert(cost.slack == 0);
        ck_assert_uint_ge(cost.extra_ipv4, last);
        last = cost.extra_ipv4;
        ck_assert(prefix_set_subtract(rest, cover));
        ck_assert_uint_eq(count(rest), 0);
        prefix_set_clear(rest);
        ck_assert(prefix_set_add_set(rest, cover) && prefix_set_subtract(rest, never));
        ck_assert(prefix_set_equal(rest, cover));
        prefix_set_free(cover);
        prefix_set_free(rest);
    }
    prefix_set_free(set);
    prefix_set_free(never);
}
END_TEST

START_TEST(where_too_many_covers_are_as_good_as_each_other_one_close_to_the_best_is_found)
{
    struct prefix_set *set = prefix_set_new(), *never = prefix_set_new();
    struct prefix_set *rest = prefix_set_new();
    struct budget_cost cost;

    for (uint64_t i = 0; i < 65536; i++) {
        struct prefix prefix = {
            .hi = (UINT64_C(20) << 56) + (i << 41), .len = 24, .family = PREFIX_IPV4};

        ck_assert(prefix_set_add(set, &prefix) && prefix_set_add(rest, &prefix));
    }
    ck_assert(prefix_set_minimise(set) && prefix_set_minimise(never));
    ck_assert_int_eq(budget_cover(set, never, 30000, &cost), BUDGET_OK);
    ck_assert_uint_le(count(set), 30000);
    ck_assert_uint_gt(cost.prefixes, 29000);
    ck_assert(cost.slack > 0 && cost.slack < 0.02);
    ck_assert(prefix_set_subtract(rest, set));
    ck_assert_uint_eq(count(rest), 0);
    prefix_set_free(rest);
    prefix_set_free(set);
    prefix_set_free(never);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("budget");
    TCase *tests = tcase_create("budget");

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, a_cover_is_the_smallest_that_there_is, 0, COUNT(cases));
    tcase_add_test(tests, a_budget_that_exceptions_do_not_allow_is_told_the_least_there_can_be);
    tcase_add_loop_test(tests, a_cover_is_never_everything, 0, 2);
    tcase_add_test(tests, in_small_worlds_no_cover_of_any_kind_is_smaller);
    tcase_add_test(tests,
                   where_too_many_covers_are_as_good_as_each_other_one_close_to_the_best_is_found);
    tcase_add_test(tests, what_holds_of_every_cover_holds_of_large_ones);
    suite_add_tcase(suite, tests);
    return suite;
}
