/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/prefix: what is read, what is refused, and how it is printed. */
#include "lib/prefix.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
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

static struct prefix parse(const char *text)
{
    struct prefix prefix = {0};
    enum prefix_status status = prefix_parse(text, strlen(text), &prefix);

    if (status != PREFIX_OK)
        ck_abort_msg("\"%s\" %s", text, prefix_status_text(status));
    return prefix;
}

static const char *format(const struct prefix *prefix)
{
    static char text[PREFIX_TEXT_SIZE];
    size_t n = prefix_format(prefix, text);

    MUST(n == strlen(text) && n < sizeof text);
    return text;
}

static const struct {
    const char *text, *printed;
} good[] = {
    {"0.0.0.0/0", "0.0.0.0/0"},
    {"128.0.0.0/1", "128.0.0.0/1"},
    {"10.0.0.0/8", "10.0.0.0/8"},
    {"255.255.255.255", "255.255.255.255/32"},
    {"255.255.255.255/32", "255.255.255.255/32"},
    {"255.255.255.254/31", "255.255.255.254/31"},
    {"1.20.100.9", "1.20.100.9/32"},
    {"::/0", "::/0"},
    {"::", "::/128"},
    {"::1", "::1/128"},
    {"8000::/1", "8000::/1"},
    {"2001:db8::/32", "2001:db8::/32"},
    {"2001:DB8::/32", "2001:db8::/32"},
    {"2001:0db8:0000:0000:0000:0000:0000:0000/32", "2001:db8::/32"},
    {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8/128"},
    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0/128"},
    {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8/128"},
    {"1::8", "1::8/128"},
    {"1:0:0:4:0:0:0:8", "1:0:0:4::8/128"},
    {"1:0:0:4:0:0:7:8", "1::4:0:0:7:8/128"},
    {"1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8/128"},
    {"0:0:3:4:5:6:7:8", "::3:4:5:6:7:8/128"},
    {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::/128"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"},
    {"fe80::/64", "fe80::/64"},
    {"0:0:0:1::/64", "0:0:0:1::/64"},
    {"0:0:0:0:8000::/65", "::8000:0:0:0/65"},
    {"64:ff9b::192.0.2.33", "64:ff9b::c000:221/128"},
    {"::ffff:10.0.0.0/104", "::ffff:10.0.0.0/104"},
    {"::ffff:a00:1", "::ffff:10.0.0.1/128"},
    {"::10.0.0.1", "::a00:1/128"},
    {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304/128"},
};

START_TEST(a_good_prefix_is_read_and_printed)
{
    struct prefix prefix = parse(good[_i].text);
    struct prefix again;

    ck_assert_str_eq(format(&prefix), good[_i].printed);
    again = parse(good[_i].printed);
    ck_assert_int_eq(prefix_compare(&prefix, &again), 0);
}
END_TEST

static const struct {
    const char *text;
    enum prefix_status status;
} bad[] = {
    {"", PREFIX_BAD_ADDRESS},
    {"/8", PREFIX_BAD_ADDRESS},
    {"10", PREFIX_BAD_ADDRESS},
    {"10/8", PREFIX_BAD_ADDRESS},
    {"10.1", PREFIX_BAD_ADDRESS},
    {"1.2.3", PREFIX_BAD_ADDRESS},
    {"1.2.3.", PREFIX_BAD_ADDRESS},
    {"1.2.3/24", PREFIX_BAD_ADDRESS},
    {"1..2.3", PREFIX_BAD_ADDRESS},
    {".1.2.3", PREFIX_BAD_ADDRESS},
    {"1.2.3.4.", PREFIX_BAD_ADDRESS},
    {"1.2.3.4.5", PREFIX_BAD_ADDRESS},
    {"256.0.0.0", PREFIX_BAD_ADDRESS},
    {"0.0.0.999", PREFIX_BAD_ADDRESS},
    {"0.0.0.1000", PREFIX_BAD_ADDRESS},
    {"4294967297.0.0.0", PREFIX_BAD_ADDRESS},
    {"010.0.0.0/8", PREFIX_BAD_ADDRESS},
    {"00.0.0.0", PREFIX_BAD_ADDRESS},
    {"1.2.3.04", PREFIX_BAD_ADDRESS},
    {"0x0a.0.0.0", PREFIX_BAD_ADDRESS},
    {"-1.0.0.0", PREFIX_BAD_ADDRESS},
    {"+1.0.0.0", PREFIX_BAD_ADDRESS},
    {" 1.2.3.4", PREFIX_BAD_ADDRESS},
    {"1.2.3.4 ", PREFIX_BAD_ADDRESS},
    {"1.2.3.4 /32", PREFIX_BAD_ADDRESS},
    {"1.2.3.4\n", PREFIX_BAD_ADDRESS},
    {"1.2.3.4%eth0", PREFIX_BAD_ADDRESS},
    {"fe80::1%eth0", PREFIX_BAD_ADDRESS},
    {"fe80::%eth0/64", PREFIX_BAD_ADDRESS},
    {"[::1]", PREFIX_BAD_ADDRESS},
    {":", PREFIX_BAD_ADDRESS},
    {":::", PREFIX_BAD_ADDRESS},
    {":1", PREFIX_BAD_ADDRESS},
    {"1:", PREFIX_BAD_ADDRESS},
    {"1:::2", PREFIX_BAD_ADDRESS},
    {"1::2::3", PREFIX_BAD_ADDRESS},
    {"::1::", PREFIX_BAD_ADDRESS},
    {"1:2:3:4:5:6:7", PREFIX_BAD_ADDRESS},
    {"1:2:3:4:5:6:7:", PREFIX_BAD_ADDRESS},
    {"1:2:3:4:5:6:7:8:", PREFIX_BAD_ADDRESS},
    {"1:2:3:4:5:6:7:8:9", PREFIX_BAD_ADDRESS},
    {"1:2:3:4:5:6:7:8::", PREFIX_BAD_ADDRESS},
    {"::1:2:3:4:5:6:7:8", PREFIX_BAD_ADDRESS},
    {"1:2:3:4::5:6:7:8", PREFIX_BAD_ADDRESS},
    {"12345::", PREFIX_BAD_ADDRESS},
    {"00001::", PREFIX_BAD_ADDRESS},
    {"g::", PREFIX_BAD_ADDRESS},
    {"2001:db8/32", PREFIX_BAD_ADDRESS},
    {"::1.2.3", PREFIX_BAD_ADDRESS},
    {"::1.2.3.256", PREFIX_BAD_ADDRESS},
    {"::a.2.3.4", PREFIX_BAD_ADDRESS},
    {"::1.2.3.4:5", PREFIX_BAD_ADDRESS},
    {"1.2.3.4::", PREFIX_BAD_ADDRESS},
    {"1:2:3:4:5:6:7:1.2.3.4", PREFIX_BAD_ADDRESS},
    {"1:2:3:4:5:1.2.3.4", PREFIX_BAD_ADDRESS},
    {"example.org", PREFIX_BAD_ADDRESS},
    {"10.0.0.0/", PREFIX_BAD_LENGTH},
    {"10.0.0.0/33", PREFIX_BAD_LENGTH},
    {"10.0.0.0/08", PREFIX_BAD_LENGTH},
    {"10.0.0.0/00", PREFIX_BAD_LENGTH},
    {"10.0.0.0/-1", PREFIX_BAD_LENGTH},
    {"10.0.0.0/+8", PREFIX_BAD_LENGTH},
    {"10.0.0.0/ 8", PREFIX_BAD_LENGTH},
    {"10.0.0.0/8 ", PREFIX_BAD_LENGTH},
    {"10.0.0.0/8x", PREFIX_BAD_LENGTH},
    {"10.0.0.0/8/8", PREFIX_BAD_LENGTH},
    {"10.0.0.0/256", PREFIX_BAD_LENGTH},
    {"10.0.0.0/264", PREFIX_BAD_LENGTH},
    {"10.0.0.0/4294967304", PREFIX_BAD_LENGTH},
    {"10.0.0.0/255.0.0.0", PREFIX_BAD_LENGTH},
    {"::/129", PREFIX_BAD_LENGTH},
    {"::/", PREFIX_BAD_LENGTH},
    {"::/0128", PREFIX_BAD_LENGTH},
};

START_TEST(a_bad_prefix_is_refused_and_nothing_is_written)
{
    struct prefix prefix = {1, 2, 3, 4};
    enum prefix_status status = prefix_parse(bad[_i].text, strlen(bad[_i].text), &prefix);

    ck_assert_msg(status == bad[_i].status, "\"%s\": %d", bad[_i].text, status);
    ck_assert(prefix.hi == 1 && prefix.lo == 2 && prefix.len == 3 && prefix.family == 4);
}
END_TEST

static const struct {
    const char *text, *cleared;
} host_bits[] = {
    {"10.1.0.0/8", "10.0.0.0/8"},
    {"0.0.0.1/0", "0.0.0.0/0"},
    {"255.255.255.255/31", "255.255.255.254/31"},
    {"::1/127", "::/127"},
    {"::1/0", "::/0"},
    {"2001:db8:0:1::/63", "2001:db8::/63"},
    {"2001:db8:0:1::/32", "2001:db8::/32"},
    {"0:0:0:0:8000::/64", "::/64"},
    {"::ffff:10.0.0.1/104", "::ffff:10.0.0.0/104"},
};

START_TEST(host_bits_are_named_and_the_cleared_prefix_is_offered)
{
    const char *text = host_bits[_i].text;
    struct prefix prefix = {0};

    ck_assert_int_eq(prefix_parse(text, strlen(text), &prefix), PREFIX_HOST_BITS);
    ck_assert_str_eq(format(&prefix), host_bits[_i].cleared);
}
END_TEST

static const struct {
    const char *address, *netmask;
    enum prefix_status status;
    const char *printed;
} netmasks[] = {
    {"10.0.0.0", "255.0.0.0", PREFIX_OK, "10.0.0.0/8"},
    {"0.0.0.0", "0.0.0.0", PREFIX_OK, "0.0.0.0/0"},
    {"128.0.0.0", "128.0.0.0", PREFIX_OK, "128.0.0.0/1"},
    {"1.2.3.4", "255.255.255.255", PREFIX_OK, "1.2.3.4/32"},
    {"1.2.3.4", "255.255.255.254", PREFIX_OK, "1.2.3.4/31"},
    {"10.1.0.0", "255.0.0.0", PREFIX_HOST_BITS, "10.0.0.0/8"},
    {"1.2.3.4", "0.0.0.0", PREFIX_HOST_BITS, "0.0.0.0/0"},
    {"10.0.0.0", "255.0.255.0", PREFIX_BAD_LENGTH, NULL},
    {"10.0.0.0", "0.255.255.255", PREFIX_BAD_LENGTH, NULL},
    {"10.0.0.0", "0.0.0.1", PREFIX_BAD_LENGTH, NULL},
    {"10.0.0.0", "254.255.0.0", PREFIX_BAD_LENGTH, NULL},
    {"10.0.0.0", "255.0.0", PREFIX_BAD_LENGTH, NULL},
    {"10.0.0.0", "255.0.0.0.0", PREFIX_BAD_LENGTH, NULL},
    {"10.0.0.0", "8", PREFIX_BAD_LENGTH, NULL},
    {"10.0.0.0", "", PREFIX_BAD_LENGTH, NULL},
    {"10.0.0.0", "ffff::", PREFIX_BAD_LENGTH, NULL},
    {"10.0.0.0/8", "255.0.0.0", PREFIX_BAD_ADDRESS, NULL},
    {"10.0.0", "255.0.0.0", PREFIX_BAD_ADDRESS, NULL},
    {"", "255.0.0.0", PREFIX_BAD_ADDRESS, NULL},
    {"2001:db8::", "255.255.255.255", PREFIX_BAD_ADDRESS, NULL},
};

START_TEST(a_netmask_is_taken_if_it_is_one_run_of_ones)
{
    struct prefix prefix = {0};

    ck_assert_int_eq(prefix_parse_netmask(netmasks[_i].address, netmasks[_i].netmask, &prefix),
                     netmasks[_i].status);
    if (netmasks[_i].printed)
        ck_assert_str_eq(format(&prefix), netmasks[_i].printed);
    else
        ck_assert_int_eq(prefix.family, 0);
}
END_TEST

START_TEST(every_netmask_is_printed_and_read_back)
{
    struct prefix prefix = {.family = PREFIX_IPV4, .len = (uint8_t)_i};
    struct prefix again = {0};
    char address[PREFIX_TEXT_SIZE], netmask[PREFIX_TEXT_SIZE];

    ck_assert_uint_eq(prefix_format_address(&prefix, address), strlen(address));
    ck_assert_uint_eq(prefix_format_netmask(&prefix, netmask), strlen(netmask));
    ck_assert_str_eq(address, "0.0.0.0");
    ck_assert_int_eq(prefix_parse_netmask(address, netmask, &again), PREFIX_OK);
    ck_assert_int_eq(prefix_compare(&prefix, &again), 0);
}
END_TEST

START_TEST(openvpn_gets_address_and_netmask)
{
    struct prefix prefix = parse("172.16.0.0/12");
    struct prefix ipv6 = parse("2001:db8::/32");
    char text[PREFIX_TEXT_SIZE];

    prefix_format_address(&prefix, text);
    ck_assert_str_eq(text, "172.16.0.0");
    prefix_format_netmask(&prefix, text);
    ck_assert_str_eq(text, "255.240.0.0");
    prefix_format_address(&ipv6, text);
    ck_assert_str_eq(text, "2001:db8::");
}
END_TEST

START_TEST(a_prefix_cut_at_every_byte_is_never_read_past_its_end)
{
    static const char *const whole[] = {"255.255.255.255/32", "::ffff:255.255.255.255/128",
                                        "1:2:3:4:5:6:7::/112", "2001:db8::/32"};

    for (size_t t = 0; t < sizeof whole / sizeof *whole; t++) {
        for (size_t n = 0; n <= strlen(whole[t]); n++) {
            char *cut = malloc(n ? n : 1); /* exactly as long, for the sanitizer */
            struct prefix prefix;

            memcpy(cut, whole[t], n);
            prefix_parse(cut, n, &prefix);
            free(cut);
        }
        ck_assert_int_ne(prefix_parse(whole[t], strlen(whole[t]) + 1, &(struct prefix){0}),
                         PREFIX_OK); /* the NUL is no part of it */
    }
}
END_TEST

static const struct {
    const char *text;
    enum prefix_status status;
    size_t used;
} starts[] = {
    {"10.0.0.0/8 rest", PREFIX_OK, 10},     {"10.0.0.0 255.0.0.0", PREFIX_OK, 8},
    {"10.0.0.0/8", PREFIX_OK, 10},          {"::1,::2", PREFIX_OK, 3},
    {"::1:", PREFIX_BAD_ADDRESS, 0},        {"2001:db8::/32\n", PREFIX_OK, 13},
    {"::1/128%eth0", PREFIX_OK, 7},         {"10.1.0.0/8\n", PREFIX_HOST_BITS, 10},
    {"10.0.0.0/256", PREFIX_BAD_LENGTH, 0}, {"10.0.0.0/1000", PREFIX_BAD_LENGTH, 0},
    {"1.2.3.4000", PREFIX_BAD_ADDRESS, 0},  {" 1.2.3.4", PREFIX_BAD_ADDRESS, 0},
    {"1:2:3:4:5:6:7:8:9", PREFIX_OK, 15},   {"12345::", PREFIX_BAD_ADDRESS, 0},
    {"::12345", PREFIX_BAD_ADDRESS, 0},
};

START_TEST(a_prefix_at_the_start_of_a_text_says_how_long_it_is)
{
    const char *text = starts[_i].text;
    struct prefix prefix = {0};
    size_t used = 0;

    ck_assert_int_eq(prefix_parse_start(text, strlen(text), &prefix, &used), starts[_i].status);
    ck_assert_uint_eq(used, starts[_i].used);
}
END_TEST

/* Text that is nearly an address: mostly the right characters in nearly the right order. */
static size_t random_text(char text[64])
{
    static const char alphabet[] = "0123456789abcdefABCDEF::::::....//%gx 00";
    unsigned char raw[16];
    size_t n;

    for (size_t i = 0; i < sizeof raw; i++)
        raw[i] = rand() % 3 ? 0 : (unsigned char)rand();
    if (rand() % 2)
        inet_ntop(AF_INET6, raw, text, 64);
    else
        inet_ntop(AF_INET, raw, text, 64);
    n = strlen(text);
    for (int changes = rand() % 4; changes > 0; changes--) {
        size_t at = (size_t)rand() % (n + 1);
        char c = alphabet[(size_t)rand() % (sizeof alphabet - 1)];

        if (rand() % 3 == 0 && at < n) {
            memmove(text + at, text + at + 1, n - at);
            n--;
        } else if (rand() % 2 && n < 60) {
            memmove(text + at + 1, text + at, n - at + 1);
            text[at] = c;
            n++;
        } else if (at < n) {
            text[at] = c;
        }
    }
    return n;
}

static void to_bytes(const struct prefix *prefix, unsigned char bytes[16])
{
    for (int i = 0; i < 16; i++)
        bytes[i] = (unsigned char)((i < 8 ? prefix->hi : prefix->lo) >> (56 - i % 8 * 8));
}

START_TEST(exactly_those_addresses_are_taken_that_inet_pton_takes)
{
    int taken = 0, refused = 0;

    srand(1);
    for (int i = 0; i < 300000; i++) {
        char text[64];
        unsigned char theirs[16] = {0}, ours[16];
        size_t n = random_text(text);
        bool ipv4, ipv6;
        struct prefix prefix = {0};

        text[n] = '\0';
        if (strchr(text, '/'))
            continue;
        ipv4 = inet_pton(AF_INET, text, theirs) == 1;
        ipv6 = !ipv4 && inet_pton(AF_INET6, text, theirs) == 1;
        if ((prefix_parse(text, n, &prefix) == PREFIX_OK) != (ipv4 || ipv6))
            ck_abort_msg("\"%s\"", text);
        taken += ipv4 || ipv6;
        refused += !(ipv4 || ipv6);
        if (!ipv4 && !ipv6)
            continue;
        to_bytes(&prefix, ours);
        MUST(prefix.family == (ipv4 ? PREFIX_IPV4 : PREFIX_IPV6));
        MUST(prefix.len == (ipv4 ? 32 : 128));
        if (memcmp(ours, theirs, ipv4 ? 4 : 16) != 0)
            ck_abort_msg("\"%s\"", text);
    }
    ck_assert_int_gt(taken, 50000);
    ck_assert_int_gt(refused, 50000);
}
END_TEST

static uint64_t random_word(void)
{
    uint64_t word = 0;

    for (int group = 0; group < 4; group++)
        word = word << 16 | (rand() % 2 ? 0 : (uint64_t)rand() % 0x10000 >> rand() % 16);
    return word;
}

/* inet_ntop still prints IPv4-compatible addresses with dots; RFC 4291 made them obsolete. */
static void undo_ipv4_compatible(const struct prefix *prefix, char text[64])
{
    unsigned upper = (unsigned)(prefix->lo >> 16), lower = (unsigned)prefix->lo & 0xffff;

    if (prefix->family == PREFIX_IPV6 && prefix->hi == 0 && prefix->lo >> 32 == 0 && upper)
        snprintf(text, 64, "::%x:%x", upper, lower);
}

START_TEST(addresses_are_printed_as_inet_ntop_prints_them)
{
    srand(2);
    for (int i = 0; i < 300000; i++) {
        struct prefix prefix = {random_word(), random_word(), 128, PREFIX_IPV6};
        unsigned char bytes[16];
        char ours[PREFIX_TEXT_SIZE], theirs[64];

        if (i % 8 == 0) {
            prefix.hi = 0;
            prefix.lo = UINT64_C(0xffff00000000) | (uint32_t)prefix.lo;
        } else if (i % 8 == 1) {
            prefix.hi &= UINT64_C(0xffffffff00000000);
            prefix.lo = 0;
            prefix.len = 32;
            prefix.family = PREFIX_IPV4;
        }
        to_bytes(&prefix, bytes);
        inet_ntop(prefix.family == PREFIX_IPV4 ? AF_INET : AF_INET6, bytes, theirs, sizeof theirs);
        undo_ipv4_compatible(&prefix, theirs);
        prefix_format_address(&prefix, ours);
        if (strcmp(ours, theirs) != 0)
            ck_abort_msg("\"%s\" instead of \"%s\"", ours, theirs);
    }
}
END_TEST

START_TEST(what_is_printed_is_read_back_the_same)
{
    srand(3);
    for (int i = 0; i < 300000; i++) {
        struct prefix prefix = {random_word(), random_word(), 0, PREFIX_IPV6};
        struct prefix again = {0};
        const char *text;

        if (i % 2) {
            prefix.family = PREFIX_IPV4;
            prefix.hi &= UINT64_C(0xffffffff00000000);
            prefix.lo = 0;
        }
        prefix.len = (uint8_t)((unsigned)rand() % (prefix_family_bits(prefix.family) + 1));
        text = format(&prefix);
        prefix_parse(text, strlen(text), &prefix); /* clears the host bits */
        again = parse(format(&prefix));
        MUST(prefix_compare(&prefix, &again) == 0);
    }
}
END_TEST

START_TEST(order_is_by_family_then_address_then_shorter_first)
{
    static const char *const sorted[] = {
        "0.0.0.0/0",  "0.0.0.0/1",    "0.0.0.0/32",      "0.0.0.1/32", "10.0.0.0/8",
        "10.0.0.0/9", "128.0.0.0/1",  "255.255.255.255", "::/0",       "::/128",
        "::1/128",    "0:0:0:1::/64", "8000::/1",        "8000::/2",   "ffff::"};

    for (size_t i = 0; i < sizeof sorted / sizeof *sorted; i++)
        for (size_t j = 0; j < sizeof sorted / sizeof *sorted; j++) {
            struct prefix a = parse(sorted[i]), b = parse(sorted[j]);
            int order = prefix_compare(&a, &b);

            ck_assert_int_eq((order > 0) - (order < 0), (i > j) - (i < j));
        }
}
END_TEST

static const struct {
    const char *outer, *inner;
    bool contains;
} pairs[] = {
    {"0.0.0.0/0", "0.0.0.0/0", true},
    {"0.0.0.0/0", "255.255.255.255", true},
    {"0.0.0.0/0", "::/0", false},
    {"::/0", "0.0.0.0/0", false},
    {"::/0", "::1", true},
    {"10.0.0.0/8", "10.0.0.0/8", true},
    {"10.0.0.0/8", "10.255.255.255", true},
    {"10.0.0.0/8", "11.0.0.0/32", false},
    {"10.0.0.0/9", "10.0.0.0/8", false},
    {"1.2.3.4/32", "1.2.3.4/32", true},
    {"1.2.3.4/32", "1.2.3.5/32", false},
    {"2001:db8::/64", "2001:db8::1", true},
    {"2001:db8::/64", "2001:db8:0:1::", false},
    {"2001:db8::/65", "2001:db8::8000:0:0:0", false},
    {"2001:db8::/63", "2001:db8:0:1::/64", true},
    {"::1/128", "::1/128", true},
    {"::1/128", "::/128", false},
};

START_TEST(a_prefix_contains_what_lies_in_it)
{
    struct prefix outer = parse(pairs[_i].outer), inner = parse(pairs[_i].inner);

    ck_assert_int_eq(prefix_contains(&outer, &inner), pairs[_i].contains);
}
END_TEST

START_TEST(an_ipv4_address_in_an_ipv6_one_is_taken_out_and_nothing_else)
{
    static const struct {
        const char *text, *unmapped;
    } table[] = {
        {"::ffff:192.0.2.1", "192.0.2.1/32"},   {"::ffff:0:0", "0.0.0.0/32"},
        {"::192.0.2.1", "::c000:201/128"},      {"1::ffff:c000:201", "1::ffff:c000:201/128"},
        {"::ffff:0:0/96", "::ffff:0.0.0.0/96"}, {"192.0.2.1", "192.0.2.1/32"},
    };
    char text[PREFIX_TEXT_SIZE];
    struct prefix prefix;

    for (size_t i = 0; i < COUNT(table); i++) {
        ck_assert_int_eq(prefix_parse(table[i].text, strlen(table[i].text), &prefix), PREFIX_OK);
        prefix_unmap(&prefix);
        prefix_format(&prefix, text);
        ck_assert_str_eq(text, table[i].unmapped);
    }
}
END_TEST

START_TEST(every_status_says_what_is_wrong)
{
    for (int status = PREFIX_OK; status <= PREFIX_HOST_BITS + 1; status++)
        ck_assert_ptr_nonnull(prefix_status_text((enum prefix_status)status));
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("prefix");
    TCase *tc = tcase_create("prefix");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, a_good_prefix_is_read_and_printed, 0, COUNT(good));
    tcase_add_loop_test(tc, a_bad_prefix_is_refused_and_nothing_is_written, 0, COUNT(bad));
    tcase_add_loop_test(tc, host_bits_are_named_and_the_cleared_prefix_is_offered, 0,
                        COUNT(host_bits));
    tcase_add_loop_test(tc, a_netmask_is_taken_if_it_is_one_run_of_ones, 0, COUNT(netmasks));
    tcase_add_loop_test(tc, every_netmask_is_printed_and_read_back, 0, 33);
    tcase_add_test(tc, openvpn_gets_address_and_netmask);
    tcase_add_test(tc, a_prefix_cut_at_every_byte_is_never_read_past_its_end);
    tcase_add_loop_test(tc, a_prefix_at_the_start_of_a_text_says_how_long_it_is, 0, COUNT(starts));
    tcase_add_test(tc, exactly_those_addresses_are_taken_that_inet_pton_takes);
    tcase_add_test(tc, addresses_are_printed_as_inet_ntop_prints_them);
    tcase_add_test(tc, what_is_printed_is_read_back_the_same);
    tcase_add_test(tc, order_is_by_family_then_address_then_shorter_first);
    tcase_add_loop_test(tc, a_prefix_contains_what_lies_in_it, 0, COUNT(pairs));
    tcase_add_test(tc, an_ipv4_address_in_an_ipv6_one_is_taken_out_and_nothing_else);
    tcase_add_test(tc, every_status_says_what_is_wrong);
    suite_add_tcase(suite, tc);
    return suite;
}
