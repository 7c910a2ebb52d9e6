/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lib/prefix_set by hand: the edges of unions, differences, look-ups and plain lists.
 * check_prefix_set_random.c and oracle_prefix_set.py try random sets.
 */
#include "lib/prefix_set.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

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

Suite *unit_suite(void)
{
    Suite *suite = suite_create("prefix_set");

    suite_add_tcase(suite, by_hand());
    suite_add_tcase(suite, lists());
    return suite;
}
