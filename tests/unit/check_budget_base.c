/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Covers of sets that have most in common, against an oracle that tries everything. */
#include "tests/unit/unit.h"

#include "lib/budget.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

static size_t count(const struct prefix_set *set)
{
    size_t n;

    prefix_set_cover(set, &n, NULL);
    return n;
}

/* ── an oracle ── a universe of some addresses, cell by cell; covers of up to MOST prefixes */

#define BITS     10
#define CELLS    (1 << BITS)
#define MOST     14
#define INFINITE 1000000

enum { BASE, MORE, WHOSE };

struct world {
    uint8_t family;
    bool set[WHOSE][CELLS], never[WHOSE][CELLS];
    struct prefix_set *prefixes[WHOSE], *forbidden[WHOSE];
    int least[MOST + 1];
};

/* A cell as a prefix: IPv4 below 20.0.0.0/22, IPv6 below 2001:db8::/54. */
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

/* Neighbouring cells go together, so that some gaps are much larger than others. */
static void fill(bool cells[CELLS], int density, int longest)
{
    int run = 0;
    bool on = false;

    for (int i = 0; i < CELLS; i++) {
        if (run-- == 0) {
            on = rand() % 1000 < density;
            run = rand() % (on ? 4 : longest);
        }
        cells[i] = on;
    }
}

static struct prefix_set *set_of(const struct world *world, const bool cells[CELLS])
{
    struct prefix_set *set = prefix_set_new();

    for (int i = 0; i < CELLS; i++) {
        struct prefix prefix = cell(world, i);

        if (cells[i])
            ck_assert(prefix_set_add(set, &prefix));
    }
    ck_assert(prefix_set_minimise(set));
    return set;
}

/*
 * least[k]: the fewest extra addresses of a cover of cells [at, at + size) by at most k
 * prefixes, over every prefix there is.
 */
static void oracle(const struct world *w, int at, int size, int least[MOST + 1])
{
    int left[MOST + 1], right[MOST + 1];
    int wanted = 0;
    bool allowed = true;

    for (int i = at; i < at + size; i++) {
        bool is_wanted = w->set[BASE][i] || w->set[MORE][i];

        wanted += is_wanted;
        allowed = allowed && (is_wanted || !(w->never[BASE][i] || w->never[MORE][i]));
    }
    for (int k = 0; k <= MOST; k++)
        least[k] = wanted == 0 ? 0 : k > 0 && allowed ? size - wanted : INFINITE;
    if (size == 1 || wanted == 0)
        return;
    oracle(w, at, size / 2, left);
    oracle(w, at + size / 2, size / 2, right);
    for (int k = 0; k <= MOST; k++)
        for (int i = 0; i <= k; i++)
            if (left[i] + right[k - i] < least[k])
                least[k] = left[i] + right[k - i];
}

static void make_world(struct world *world, uint8_t family, int density, int more, int exceptions)
{
    *world = (struct world){.family = family};
    fill(world->set[BASE], density, 1 + rand() % 60);
    fill(world->set[MORE], more, 1 + rand() % 60);
    fill(world->never[BASE], exceptions, 60);
    fill(world->never[MORE], exceptions, 60);
    for (int whose = BASE; whose < WHOSE; whose++) {
        world->prefixes[whose] = set_of(world, world->set[whose]);
        world->forbidden[whose] = set_of(world, world->never[whose]);
    }
    oracle(world, 0, CELLS, world->least);
}

static void free_world(struct world *world)
{
    for (int whose = BASE; whose < WHOSE; whose++) {
        prefix_set_free(world->prefixes[whose]);
        prefix_set_free(world->forbidden[whose]);
    }
}

/* The cover has all of the set, none of what is forbidden, and `extra` cells besides. */
static void check_cover(const struct world *w, const struct prefix_set *cover, int extra)
{
    for (int i = 0; i < CELLS; i++) {
        struct prefix prefix = cell(w, i);
        bool is_wanted = w->set[BASE][i] || w->set[MORE][i];
        bool is_in = prefix_set_contains(cover, &prefix);

        ck_assert(!is_wanted || is_in);
        ck_assert(is_wanted || !is_in || !(w->never[BASE][i] || w->never[MORE][i]));
        extra -= is_in && !is_wanted;
    }
    ck_assert_int_eq(extra, 0);
}

static void check_world(const struct world *world)
{
    for (size_t n = 1; n <= MOST; n++) {
        struct budget_base *base =
            budget_base_new(world->prefixes[BASE], world->forbidden[BASE], n);
        struct prefix_set *cover = prefix_set_new();
        struct budget_cost cost;
        enum budget_result result =
            budget_base_cover(base, world->prefixes[MORE], world->forbidden[MORE], cover, &cost);

        ck_assert_int_eq(result, world->least[n] < INFINITE ? BUDGET_OK : BUDGET_TOO_SMALL);
        if (result == BUDGET_OK) {
            ck_assert_uint_eq(cost.prefixes, count(cover));
            ck_assert_uint_le(cost.prefixes, n);
            ck_assert(cost.slack == 0);
            check_cover(world, cover, world->least[n]);
            ck_assert_int_eq((int)(cost.extra_ipv4 + cost.extra_ipv6), world->least[n]);
        } else {
            ck_assert_uint_eq(count(cover), 0);
            ck_assert_uint_gt(cost.prefixes, n);
            ck_assert(cost.prefixes > MOST || world->least[cost.prefixes] < INFINITE);
            ck_assert(cost.prefixes > MOST + 1 || world->least[cost.prefixes - 1] == INFINITE);
        }
        prefix_set_free(cover);
        budget_base_free(base);
    }
}

START_TEST(what_a_set_has_besides_a_common_one_costs_as_if_there_were_no_common_one)
{
    static const int densities[] = {0, 20, 300, 700};
    static const int mores[] = {0, 10, 300};
    static const int exceptions[] = {0, 2, 30};
    struct world world;

    srand(23);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < COUNT(densities) * COUNT(mores) * COUNT(exceptions); i++) {
            make_world(&world, round % 2 ? PREFIX_IPV4 : PREFIX_IPV6,
                       densities[i % COUNT(densities)], mores[i / COUNT(densities) % COUNT(mores)],
                       exceptions[i / COUNT(densities) / COUNT(mores)]);
            check_world(&world);
            free_world(&world);
        }
}
END_TEST

/* ── against the same set in one piece ── */

static bool add(struct prefix_set *set, const char *list)
{
    for (; *list != '\0'; list += strcspn(list, " "), list += strspn(list, " ")) {
        struct prefix prefix;

        if (prefix_parse(list, strcspn(list, " "), &prefix) != PREFIX_OK ||
            !prefix_set_add(set, &prefix))
            return false;
    }
    return prefix_set_minimise(set);
}

static const struct {
    const char *base, *base_never, *more, *more_never;
} meetings[] = {
    {"20.0.0.0/24 20.0.2.0/24 20.0.8.0/24 20.0.12.0/24", "", "", ""},
    {"", "", "20.0.0.0/24 20.0.2.0/24 20.0.8.0/24 20.0.12.0/24", ""},
    /* The same, within, around, and the other half. */
    {"20.0.0.0/24 20.0.2.0/24 20.0.8.0/24", "", "20.0.2.0/24 30.0.0.0/24", ""},
    {"20.0.0.0/24 20.0.2.0/24 20.0.8.0/24", "", "20.0.2.7/32 30.0.0.0/24", ""},
    {"20.0.0.0/24 20.0.2.0/24 20.0.8.0/24", "", "20.0.0.0/20 30.0.0.0/24", ""},
    {"20.0.0.0/24 20.0.2.0/24 20.0.8.0/24", "", "20.0.1.0/24 20.0.3.0/24 30.0.0.0/24", ""},
    /* Exceptions that the other one has, and that meet. */
    {"20.0.0.0/24 20.0.2.0/24 20.0.8.0/24", "20.0.3.0/24", "20.0.3.0/25 20.0.9.0/24", ""},
    {"20.0.0.0/24 20.0.2.0/24 20.0.8.0/24", "", "30.0.0.0/24 30.0.2.0/24", "20.0.2.0/23"},
    {"20.0.0.0/24 20.0.2.0/24 20.0.8.0/24", "20.0.1.1/32", "", "20.0.1.0/24"},
    {"20.0.0.0/24 20.0.2.0/24 20.0.8.0/24", "", "30.0.0.0/24", "0.0.0.0/0"},
    /* One family each, both, and all of one. */
    {"20.0.0.0/24 20.0.2.0/24", "", "2001:db8::/48 2001:db8:2::/48", ""},
    {"2001:db8::/48 2001:db8:2::/48", "", "20.0.0.0/24 20.0.2.0/24", ""},
    {"20.0.0.0/24 20.0.2.0/24 2001:db8::/48", "", "2001:db8:2::/48 30.0.0.0/24", ""},
    {"20.0.0.0/24 2001:db8::/48 2001:db8:2::/48", "", "0.0.0.0/1 128.0.0.0/1", ""},
    {"0.0.0.0/1 2001:db8::/48 2001:db8:2::/48 2001:db8:4::/48", "", "128.0.0.0/1", ""},
    /* All special addresses of a family, so that something else stays outside. */
    {"0.0.0.0/4 96.0.0.0/4 112.0.0.0/4 160.0.0.0/4 192.0.0.0/4 224.0.0.0/3", "", "32.0.0.0/4", ""},
    {"0.0.0.0/4 96.0.0.0/4 112.0.0.0/4 160.0.0.0/4 192.0.0.0/4", "", "224.0.0.0/3 32.0.0.0/4", ""},
    /* Somebody's own network, which the other one has. */
    {"9.255.255.0/24 11.0.0.0/24 20.0.0.0/24", "", "10.0.0.0/8 30.0.0.0/24", ""},
};

START_TEST(in_two_pieces_a_set_has_the_cover_that_it_has_in_one)
{
    struct prefix_set *set = prefix_set_new(), *more = prefix_set_new();
    struct prefix_set *never = prefix_set_new(), *more_never = prefix_set_new();
    struct prefix_set *cover = prefix_set_new();

    ck_assert(add(set, meetings[_i].base) && add(never, meetings[_i].base_never));
    ck_assert(add(more, meetings[_i].more) && add(more_never, meetings[_i].more_never));
    for (size_t n = 1; n < 9; n++) {
        struct budget_base *base = budget_base_new(set, never, n);
        struct budget_cost cost, whole_cost;
        struct prefix_set *whole = prefix_set_new(), *all_never = prefix_set_new();
        enum budget_result result = budget_base_cover(base, more, more_never, cover, &cost);

        ck_assert(prefix_set_add_set(whole, set) && prefix_set_add_set(whole, more));
        ck_assert(prefix_set_add_set(all_never, never) &&
                  prefix_set_add_set(all_never, more_never));
        ck_assert(prefix_set_minimise(whole) && prefix_set_minimise(all_never));
        ck_assert_int_eq(result, budget_cover(whole, all_never, n, &whole_cost));
        ck_assert_uint_eq(cost.exact, whole_cost.exact);
        ck_assert_uint_eq(cost.prefixes, whole_cost.prefixes);
        ck_assert_uint_eq(cost.extra_ipv4, whole_cost.extra_ipv4);
        ck_assert_uint_eq(cost.extra_ipv6, whole_cost.extra_ipv6);
        ck_assert(result == BUDGET_OK ? prefix_set_equal(cover, whole) : count(cover) == 0);
        prefix_set_free(whole);
        prefix_set_free(all_never);
        budget_base_free(base);
    }
    prefix_set_free(set);
    prefix_set_free(more);
    prefix_set_free(never);
    prefix_set_free(more_never);
    prefix_set_free(cover);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("budget_base");
    TCase *tests = tcase_create("budget_base");

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, what_a_set_has_besides_a_common_one_costs_as_if_there_were_no_common_one);
    tcase_add_loop_test(tests, in_two_pieces_a_set_has_the_cover_that_it_has_in_one, 0,
                        COUNT(meetings));
    suite_add_tcase(suite, tests);
    return suite;
}
