/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "mgmtd/safety.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

static struct prefix own[2];
static const struct safety_rules rules = {
    .shortest_ipv4 = 8, .shortest_ipv6 = 19, .max_change = 50, .own = own, .n_own = 2};

static struct prefix parse(const char *text)
{
    struct prefix prefix = {0};

    ck_assert_msg(prefix_parse(text, strlen(text), &prefix) == PREFIX_OK, "%s", text);
    return prefix;
}

static void set_up(void)
{
    own[0] = parse("198.51.100.2");
    own[1] = parse("2001:db8:100::2");
}

static const struct {
    const char *prefix;
    enum safety_reason reason;
} judged[] = {
    {"192.0.2.0/24", SAFETY_GOOD},
    {"1.0.0.0/8", SAFETY_GOOD},
    {"8.8.8.8/32", SAFETY_GOOD},
    {"223.255.255.0/24", SAFETY_GOOD},
    {"2001:db8::/32", SAFETY_GOOD},
    {"2600::/19", SAFETY_GOOD},
    {"2000::/3", SAFETY_TOO_SHORT},
    {"2600::/18", SAFETY_TOO_SHORT},
    {"2.0.0.0/7", SAFETY_TOO_SHORT},
    {"0.0.0.0/0", SAFETY_TOO_SHORT},
    {"128.0.0.0/1", SAFETY_TOO_SHORT},
    {"::/0", SAFETY_TOO_SHORT},
    {"10.0.0.0/8", SAFETY_PRIVATE},
    {"10.255.255.255/32", SAFETY_PRIVATE},
    {"11.0.0.0/32", SAFETY_GOOD},
    {"172.16.0.0/12", SAFETY_PRIVATE},
    {"172.15.255.0/24", SAFETY_GOOD},
    {"172.32.0.0/24", SAFETY_GOOD},
    {"192.168.0.0/16", SAFETY_PRIVATE},
    {"192.167.0.0/16", SAFETY_GOOD},
    {"100.64.0.0/10", SAFETY_PRIVATE},
    {"100.128.0.0/10", SAFETY_GOOD},
    {"127.0.0.1/32", SAFETY_LOOPBACK},
    {"169.254.169.254/32", SAFETY_LINK_LOCAL},
    {"224.0.0.0/4", SAFETY_MULTICAST},
    {"239.1.2.3/32", SAFETY_MULTICAST},
    {"240.0.0.0/8", SAFETY_RESERVED},
    {"255.255.255.255/32", SAFETY_RESERVED},
    {"0.0.0.0/8", SAFETY_RESERVED},
    {"0.1.2.3/32", SAFETY_RESERVED},
    {"::1/128", SAFETY_LOOPBACK},
    {"::/128", SAFETY_RESERVED},
    {"::ffff:192.0.2.1/128", SAFETY_RESERVED},
    {"64:ff9b::/96", SAFETY_RESERVED},
    {"1fff::/32", SAFETY_RESERVED},
    {"4000::/32", SAFETY_RESERVED},
    {"9000::/32", SAFETY_RESERVED},
    {"fc00::/7", SAFETY_PRIVATE},
    {"fd12::1/128", SAFETY_PRIVATE},
    {"fec0::/10", SAFETY_PRIVATE},
    {"fe80::/10", SAFETY_LINK_LOCAL},
    {"ff02::1/128", SAFETY_MULTICAST},
    {"198.51.100.2/32", SAFETY_OWN},
    {"198.51.100.3/32", SAFETY_GOOD},
    {"2001:db8:100::2/128", SAFETY_OWN},
};

START_TEST(a_prefix_that_is_nobodys_to_publish_is_left_out)
{
    struct prefix prefix = parse(judged[_i].prefix);

    ck_assert_msg(safety_judge(&rules, &prefix) == judged[_i].reason, "%s is %s", judged[_i].prefix,
                  safety_reason_text(safety_judge(&rules, &prefix)));
}
END_TEST

/* "192.0.2.0/24 198.51.100.0/24" */
static void take_all(struct safety_sieve *sieve, const char *list)
{
    char copy[512], *rest = NULL;

    snprintf(copy, sizeof(copy), "%s", list);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        struct prefix prefix = {0};
        enum prefix_status status = prefix_parse(word, strlen(word), &prefix);

        ck_assert(status == PREFIX_OK || status == PREFIX_HOST_BITS);
        ck_assert(safety_sieve_take(sieve, &prefix, status));
    }
}

static const char *cover_text(const struct prefix_set *set, char text[2048])
{
    size_t n = 0, at = 0;
    const struct prefix *cover = prefix_set_cover(set, &n, NULL);

    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        char one[PREFIX_TEXT_SIZE];

        prefix_format(&cover[i], one);
        at += (size_t)snprintf(text + at, 2048 - at, "%s%s", i > 0 ? " " : "", one);
    }
    return text;
}

static const struct {
    const char *list, *passed, *dropped;
} sieved[] = {
    {"192.0.2.0/25 192.0.2.128/25 192.0.2.7", "192.0.2.0/24", ""},
    {"10.0.0.0/8 192.0.2.0/24 ::1 192.0.2.1/24", "192.0.2.0/24",
     "10.0.0.0/8 private, ::1/128 loopback, 192.0.2.0/24 has bits set past its length"},
    {"0.0.0.0/0 10.0.0.0/8", "", "0.0.0.0/0 too short, 10.0.0.0/8 private"},
    {"169.254.0.0/15 169.254.0.0/15", "169.255.0.0/16", "169.254.0.0/16 link-local"},
    {"198.51.100.0/30", "198.51.100.0/31 198.51.100.3/32", "198.51.100.2/32 the server's own"},
    {"198.51.100.0/31 198.51.100.2/31", "198.51.100.0/31 198.51.100.3/32",
     "198.51.100.2/32 the server's own"},
    {"2001:db8:100::/126 2001:db8:100::2", "2001:db8:100::/127 2001:db8:100::3/128",
     "2001:db8:100::2/128 the server's own, 2001:db8:100::2/128 the server's own"},
    {"", "", ""},
};

START_TEST(what_passes_is_exact_and_what_does_not_is_told)
{
    struct safety_sieve *sieve = safety_sieve_new(&rules);
    const struct safety_dropped *dropped;
    char text[2048], told[1024] = "";
    size_t n, at = 0;

    take_all(sieve, sieved[_i].list);
    ck_assert_str_eq(cover_text(safety_sieve_finish(sieve), text), sieved[_i].passed);
    n = safety_sieve_dropped(sieve, &dropped);
    for (size_t i = 0; i < n; i++) {
        prefix_format(&dropped[i].prefix, text);
        at += (size_t)snprintf(told + at, sizeof(told) - at, "%s%s %s", i > 0 ? ", " : "", text,
                               safety_reason_text(dropped[i].reason));
    }
    ck_assert_str_eq(told, sieved[_i].dropped);
    safety_sieve_free(sieve);
}
END_TEST

/* Two prefixes of the same set of addresses never differ in what is left of them. */
START_TEST(how_a_list_is_cut_into_prefixes_does_not_matter)
{
    struct safety_sieve *whole = safety_sieve_new(&rules), *parts = safety_sieve_new(&rules);

    srand(7);
    for (int i = 0; i < 300; i++) {
        struct prefix prefix = {(uint64_t)(1 + rand() % 222) << 56 | (uint64_t)rand() << 32, 0,
                                (uint8_t)(8 + rand() % 20), PREFIX_IPV4};
        struct prefix half;

        prefix.hi &= prefix_mask_hi(prefix.len);
        half = prefix;
        half.len++;
        ck_assert(safety_sieve_take(whole, &prefix, PREFIX_OK));
        ck_assert(safety_sieve_take(parts, &half, PREFIX_OK));
        half.hi |= UINT64_C(1) << (64 - half.len);
        ck_assert(safety_sieve_take(parts, &half, PREFIX_OK));
    }
    ck_assert(prefix_set_equal(safety_sieve_finish(whole), safety_sieve_finish(parts)));
    safety_sieve_free(whole);
    safety_sieve_free(parts);
}
END_TEST

START_TEST(only_the_first_hundred_are_told_but_all_are_counted)
{
    struct safety_sieve *sieve = safety_sieve_new(&rules);
    const struct safety_dropped *dropped;
    struct prefix prefix = parse("10.0.0.0/8");

    for (int i = 0; i < 250; i++)
        ck_assert(safety_sieve_take(sieve, &prefix, PREFIX_OK));
    ck_assert_uint_eq(safety_sieve_dropped(sieve, &dropped), 250);
    safety_sieve_free(sieve);
}
END_TEST

static void add(struct prefix_set *set, const char *first, unsigned n)
{
    struct prefix prefix = parse(first);

    for (unsigned i = 0; i < n; i++) {
        ck_assert(prefix_set_add(set, &prefix));
        prefix.hi += UINT64_C(2) << (64 - prefix.len); /* with gaps: nothing merges */
    }
    ck_assert(prefix_set_minimise(set));
}

static const struct {
    const char *prefix;
    unsigned before, after, max_change;
    const char *why; /* NULL: accepted */
} changes[] = {
    {"192.0.2.0/32", 0, 1, 50, NULL},
    {"16.0.0.0/24", 0, 5000, 50, NULL},
    {"192.0.2.0/32", 0, 0, 50, "nothing of it"},
    {"192.0.2.0/32", 1, 0, 50, "nothing of it"},
    {"16.0.0.0/24", 5000, 0, 0, "nothing of it"},
    {"192.0.2.0/32", 1, 15, 50, NULL},
    {"192.0.2.0/32", 15, 1, 50, NULL},
    {"192.0.2.0/32", 15, 16, 50, NULL},
    {"192.0.2.0/32", 16, 24, 50, NULL},
    {"192.0.2.0/32", 16, 25, 50, "it grew from 16 IPv4 addresses in 16 prefixes to 25 in 25"},
    {"192.0.2.0/32", 16, 8, 50, NULL},
    {"192.0.2.0/32", 16, 7, 50, "it shrank from 16 IPv4 addresses in 16 prefixes to 7 in 7"},
    {"192.0.2.0/32", 1, 16, 50, "it grew from 1 IPv4"},
    {"16.0.0.0/24", 1000, 1499, 50, NULL},
    {"16.0.0.0/24", 1000, 1501, 50, "it grew"},
    {"16.0.0.0/24", 1000, 1501, 0, NULL},
    {"16.0.0.0/24", 1000, 1, 0, NULL},
    {"16.0.0.0/24", 1000, 1, 100, NULL},
    {"16.0.0.0/24", 1000, 2001, 100, "it grew"},
    {"16.0.0.0/24", 1000, 989, 1, "it shrank"},
    {"2001:db8::/48", 1000, 1499, 50, NULL},
    {"2001:db8::/48", 1000, 1501, 50, "IPv6 addresses in 1000 prefixes"},
    {"2001:db8::/48", 1000, 499, 50, "it shrank"},
};

START_TEST(a_result_that_changed_too_much_is_held_back_with_the_numbers)
{
    struct safety_rules some = rules;
    struct prefix_set *before = prefix_set_new(), *after = prefix_set_new();
    char why[SAFETY_WHY_SIZE] = "";
    bool accepted;

    some.max_change = changes[_i].max_change;
    add(before, changes[_i].prefix, changes[_i].before);
    add(after, changes[_i].prefix, changes[_i].after);
    accepted = safety_accepts(&some, before, after, why);
    ck_assert_int_eq(accepted, changes[_i].why == NULL);
    if (changes[_i].why)
        ck_assert_msg(strstr(why, changes[_i].why), "%s", why);
    prefix_set_free(before);
    prefix_set_free(after);
}
END_TEST

START_TEST(each_family_is_judged_by_itself)
{
    struct prefix_set *before = prefix_set_new(), *after = prefix_set_new();
    char why[SAFETY_WHY_SIZE] = "";

    add(before, "16.0.0.0/24", 100);
    add(before, "2001:db8::/48", 100);
    add(after, "16.0.0.0/24", 20);
    add(after, "2001:db8::/48", 100);
    ck_assert(!safety_accepts(&rules, before, after, why));
    ck_assert_ptr_nonnull(strstr(why, "IPv4"));
    prefix_set_clear(after);
    add(after, "16.0.0.0/24", 100);
    ck_assert(!safety_accepts(&rules, before, after, why));
    ck_assert_ptr_nonnull(strstr(why, "IPv6"));
    prefix_set_free(before);
    prefix_set_free(after);
}
END_TEST

/* What a few prefixes can be, as a publisher would write them: none is too short by itself. */
static const struct {
    const char *before; /* "" for none */
    const char *first;  /* the first of `n` neighbours of that length, which merge */
    unsigned n;
    unsigned max_change;
    const char *why; /* NULL: accepted */
} large[] = {
    {"192.0.2.0/24", "16.0.0.0/8", 16, 50, "it grew from 256 IPv4 addresses in 1 prefixes"},
    {"192.0.2.0/24", "16.0.0.0/16", 1, 50, NULL},
    {"192.0.2.0/24", "16.0.0.0/16", 2, 50, "it grew"},
    {"16.0.0.0/12", "16.0.0.0/13", 3, 50, NULL},
    {"16.0.0.0/8", "16.0.0.0/16", 1, 50, NULL},
    {"2001:db8::/48", "2600::/19", 2, 50, "it grew"},
    {"2001:db8::/48", "2600::/32", 1, 50, NULL},
    {"", "32.0.0.0/8", 31, 50, NULL},
    {"", "32.0.0.0/8", 32, 50, NULL},
    {"", "128.0.0.0/8", 33, 50, "a large part of all IPv4 addresses"},
    {"", "128.0.0.0/8", 64, 0, "a large part of all IPv4 addresses"},
    {"128.0.0.0/3", "128.0.0.0/8", 40, 50, "a large part of all IPv4 addresses"},
    {"", "2600::/19", 128, 50, NULL},
    {"", "2600::/19", 129, 50, "a large part of all IPv6 addresses"},
};

START_TEST(a_few_prefixes_do_not_become_a_large_part_of_the_internet_unseen)
{
    struct safety_rules some = rules;
    struct prefix_set *before = prefix_set_new(), *after = prefix_set_new();
    struct prefix prefix = parse(large[_i].first);
    char why[SAFETY_WHY_SIZE] = "";
    bool accepted;

    some.max_change = large[_i].max_change;
    if (large[_i].before[0] != '\0')
        add(before, large[_i].before, 1);
    for (unsigned i = 0; i < large[_i].n; i++) {
        ck_assert_int_eq(safety_judge(&some, &prefix), SAFETY_GOOD);
        ck_assert(prefix_set_add(after, &prefix));
        prefix.hi += UINT64_C(1) << (64 - prefix.len);
    }
    ck_assert(prefix_set_minimise(after));
    accepted = safety_accepts(&some, before, after, why);
    ck_assert_msg(accepted == (large[_i].why == NULL), "%s", why);
    if (large[_i].why)
        ck_assert_msg(strstr(why, large[_i].why), "%s", why);
    prefix_set_free(before);
    prefix_set_free(after);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("safety");
    TCase *tcase = tcase_create("safety");

    tcase_add_unchecked_fixture(tcase, set_up, NULL);
    tcase_add_loop_test(tcase, a_prefix_that_is_nobodys_to_publish_is_left_out, 0, COUNT(judged));
    tcase_add_loop_test(tcase, what_passes_is_exact_and_what_does_not_is_told, 0, COUNT(sieved));
    tcase_add_test(tcase, how_a_list_is_cut_into_prefixes_does_not_matter);
    tcase_add_test(tcase, only_the_first_hundred_are_told_but_all_are_counted);
    tcase_add_loop_test(tcase, a_result_that_changed_too_much_is_held_back_with_the_numbers, 0,
                        COUNT(changes));
    tcase_add_test(tcase, each_family_is_judged_by_itself);
    tcase_add_loop_test(tcase, a_few_prefixes_do_not_become_a_large_part_of_the_internet_unseen, 0,
                        COUNT(large));
    suite_add_tcase(suite, tcase);
    return suite;
}
