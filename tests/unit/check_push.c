/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From profile to OpenVPN's text: the exact text, and what a client makes of it. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/push.h"
#include "tests/unit/policy_text.h"
#include "tests/unit/push_reader.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

#define DEFAULT "default-profile campus\n"
#define CAMPUS  "<profile campus>\ntunnel split\n</profile>\n"

static char *render(const struct policy *policy, const char *profile, const char *user,
                    struct push_connection connection, size_t *n)
{
    char *text = push_render(policy, policy_find_profile(policy, profile),
                             user ? policy_find_user(policy, user) : NULL, &connection, n);

    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(strlen(text), *n);
    return text;
}

/* Renders and reads it; whatever OpenVPN would complain about fails the test. */
static void read_result(struct reader *reader, const struct policy *policy, const char *profile,
                        const char *user, struct push_connection connection,
                        const char *const *server_pushes)
{
    size_t n;
    char *text = render(policy, profile, user, connection, &n);

    reader_read(reader, server_pushes, text, n);
    ck_assert_msg(reader->mistakes == 0, "%s", reader->mistake);
    free(text);
}

#define REMOVALS                         \
    "push-remove \"route \"\n"           \
    "push-remove \"route\t\"\n"          \
    "push-remove \"route-ipv6 \"\n"      \
    "push-remove \"route-ipv6\t\"\n"     \
    "push-remove \"redirect-private\"\n" \
    "push-remove \"redirect-gateway\"\n" \
    "push-remove \"block-ipv6\"\n"
#define PIN "push \"redirect-private\"\n"
#define SAY(what, why)                           \
    "push \"echo msg-n You%20are%20on%3A%20\"\n" \
    "push \"echo msg-n " what "\"\n"             \
    "push \"echo msg " why "\"\n"
#define BY_DEFAULT "%20%28it%20is%20the%20default%29."
#define BY_SUFFIX  "%20%28you%20chose%20it%20with%20your%20user%20name%29."

struct text_case {
    const char *policy;
    const char *profile;
    const char *user;
    struct push_connection connection;
    const char *expected;
};

static const struct text_case text_cases[] = {
    /* A split tunnel, with and without an IPv6 address for the client. */
    {DEFAULT "<routes in>\n10.0.0.0/8\n2001:db8::/32\n</routes>\n"
             "<profile campus>\ntitle \"Campus only\"\ntunnel split\nroutes in\n</profile>\n",
     "campus",
     NULL,
     {.has_ipv6 = true},
     REMOVALS PIN "push \"route 10.0.0.0 255.0.0.0\"\n"
                  "push \"route-ipv6 2001:db8::/32\"\n" SAY(
                      "Campus%20only", BY_DEFAULT) "push \"echo msg-notify Campus%20only\"\n"},
    {DEFAULT "<routes in>\n10.0.0.0/8\n2001:db8::/32\n</routes>\n"
             "<profile campus>\ntunnel split\nroutes in\n</profile>\n",
     "campus",
     NULL,
     {.has_ipv6 = false},
     REMOVALS PIN "push \"route 10.0.0.0 255.0.0.0\"\n" SAY(
         "campus", BY_DEFAULT) "push \"echo msg-notify campus\"\n"},
    /* Without routes nothing is pinned. */
    {DEFAULT CAMPUS,
     "campus",
     NULL,
     {0},
     REMOVALS SAY("campus", BY_DEFAULT) "push \"echo msg-notify campus\"\n"},
    /* A full tunnel, with its exceptions. */
    {DEFAULT CAMPUS "<profile full>\ntunnel full\nexcept 192.168.0.0/16\nblock-local\n"
                    "message \"Careful: 100%, really\"\n</profile>\n",
     "full",
     NULL,
     {.has_ipv6 = true, .by = CHOICE_BY_USERNAME_SUFFIX},
     REMOVALS "push \"redirect-gateway def1 ipv6 block-local\"\n"
              "push \"route 192.168.0.0 255.255.0.0 net_gateway\"\n" SAY(
                  "full", BY_SUFFIX) "push \"echo msg Careful%3A%20100%25%2C%20really\"\n"
                                     "push \"echo msg-notify full\"\n"},
    /* Where the server has no IPv6, it must not leave beside the tunnel. */
    {DEFAULT CAMPUS "<profile full>\ntunnel full\n</profile>\n",
     "full",
     NULL,
     {.by = CHOICE_BY_USERNAME_SUFFIX},
     REMOVALS "push \"redirect-gateway def1 ipv6\"\n"
              "push \"ifconfig-ipv6 fd62:7977:6179::2/64 fd62:7977:6179::1\"\n"
              "push \"block-ipv6\"\n" SAY("full", BY_SUFFIX) "push \"echo msg-notify full\"\n"},
    {DEFAULT CAMPUS "<profile full>\ntunnel full\nallow-ipv6-outside\n</profile>\n",
     "full",
     NULL,
     {.by = CHOICE_BY_USERNAME_SUFFIX},
     REMOVALS
     "push \"redirect-gateway def1\"\n" SAY("full", BY_SUFFIX) "push \"echo msg-notify full\"\n"},
    /* DNS for old clients and new; the server's own is taken back. */
    {DEFAULT "<profile campus>\ntunnel split\ndns 10.1.1.53 2001:db8::53\n"
             "search-domain cs.example.edu example.edu\npush \"explicit-exit-notify 1\"\n"
             "</profile>\n",
     "campus",
     NULL,
     {.has_ipv6 = true},
     REMOVALS "push-remove \"dns server \"\n"
              "push-remove \"dhcp-option DNS\"\n"
              "push-remove \"dns search-domains \"\n"
              "push-remove \"dhcp-option DOMAIN\"\n"
              "push-remove \"dhcp-option ADAPTER_DOMAIN_SUFFIX\"\n"
              "push \"dns server 1 address 10.1.1.53\"\n"
              "push \"dhcp-option DNS 10.1.1.53\"\n"
              "push \"dhcp-option DOMAIN cs.example.edu\"\n"
              "push \"dns search-domains cs.example.edu\"\n"
              "push \"dhcp-option DOMAIN-SEARCH cs.example.edu\"\n"
              "push \"dns search-domains example.edu\"\n"
              "push \"dhcp-option DOMAIN-SEARCH example.edu\"\n"
              "push \"explicit-exit-notify 1\"\n"
              "push \"dns server 1 address 2001:db8::53\"\n"
              "push \"dhcp-option DNS 2001:db8::53\"\n" SAY(
                  "campus", BY_DEFAULT) "push \"echo msg-notify campus\"\n"},
    /* The server's routes stay if so wished, but nobody is on a full tunnel by accident. */
    {DEFAULT "<profile campus>\ntunnel split\nkeep-server-routes\n</profile>\n",
     "campus",
     NULL,
     {.fell_back = true},
     "push-remove \"redirect-gateway\"\n"
     "push-remove \"block-ipv6\"\n" SAY(
         "campus",
         BY_DEFAULT) "push \"echo msg What%20you%20asked%20for%20is%20not%20open%20to%20you.\"\n"
                     "push \"echo msg-notify campus\"\n"},
    /* A user's own routes, a group's, and exceptions that are subtracted. */
    {DEFAULT "<routes in>\n10.0.0.0/8\n</routes>\n<routes lab>\n192.0.2.0/25\n</routes>\n"
             "<routes cluster>\n192.0.2.128/25\n</routes>\n"
             "<profile campus>\ntunnel split\nroutes in\nexcept 10.0.0.0/9\n</profile>\n"
             "<group physics>\nuser alice\nroutes cluster\n</group>\n"
             "<user alice>\nroutes lab\n</user>\n",
     "campus",
     "alice",
     {0},
     REMOVALS PIN "push \"route 10.128.0.0 255.128.0.0\"\n"
                  "push \"route 192.0.2.0 255.255.255.0\"\n" SAY(
                      "campus", BY_DEFAULT) "push \"echo msg-notify campus\"\n"},
};

START_TEST(each_policy_comes_out_as_exactly_this_text)
{
    const struct text_case *c = &text_cases[_i];
    struct policy *policy = policy_from_text(c->policy, NULL);
    struct reader reader;
    size_t n;
    char *text = render(policy, c->profile, c->user, c->connection, &n);

    ck_assert_str_eq(text, c->expected);
    reader_read(&reader, NULL, text, n);
    ck_assert_msg(reader.mistakes == 0, "%s", reader.mistake);
    reader_free(&reader);
    free(text);
    policy_free(policy);
}
END_TEST

/* What a careless server pushes to everybody. */
static const char *const careless_server[] = {"route 0.0.0.0 0.0.0.0",
                                              "route\t172.16.0.0 255.240.0.0",
                                              "route-ipv6 ::/0",
                                              "route-gateway 10.8.0.1",
                                              "route-metric 7",
                                              "redirect-gateway def1 bypass-dhcp",
                                              "redirect-gateway",
                                              "redirect-private",
                                              "block-ipv6",
                                              "dhcp-option DNS 8.8.8.8",
                                              "dhcp-option DOMAIN example.com",
                                              "dns server 0 address 8.8.8.8",
                                              "topology subnet",
                                              "ping 10",
                                              NULL};

START_TEST(what_the_servers_own_config_pushes_is_taken_back)
{
    struct policy *policy = policy_from_text(
        DEFAULT "<routes in>\n10.0.0.0/8\n</routes>\n"
                "<profile campus>\ntunnel split\nroutes in\ndns 10.1.1.53\n</profile>\n"
                "<profile bare>\ntunnel split\n</profile>\n"
                "<profile kept>\ntunnel split\nkeep-server-routes\n</profile>\n",
        NULL);
    struct reader reader;

    read_result(&reader, policy, "campus", NULL, (struct push_connection){0}, careless_server);
    ck_assert_uint_eq(reader_count(&reader, "route "), 1);
    ck_assert_uint_eq(reader_count(&reader, "route\t"), 0);
    ck_assert(reader_has(&reader, "route 10.0.0.0 255.0.0.0"));
    ck_assert_uint_eq(reader_count(&reader, "route-ipv6"), 0);
    ck_assert_uint_eq(reader_count(&reader, "redirect-"), 1); /* ours, not the server's */
    ck_assert(reader_has(&reader, "redirect-private"));
    ck_assert_uint_eq(reader_count(&reader, "block-ipv6"), 0);
    ck_assert(!reader_has(&reader, "dhcp-option DNS 8.8.8.8"));
    ck_assert_uint_eq(reader_count(&reader, "dns server 0"), 0);
    ck_assert(reader_has(&reader, "route-gateway 10.8.0.1"));
    ck_assert(reader_has(&reader, "route-metric 7"));
    ck_assert(reader_has(&reader, "topology subnet"));
    ck_assert(reader_has(&reader, "dhcp-option DOMAIN example.com"));
    reader_free(&reader);

    read_result(&reader, policy, "bare", NULL, (struct push_connection){0}, careless_server);
    ck_assert(reader_has(&reader, "dhcp-option DNS 8.8.8.8"));
    ck_assert_uint_eq(reader_count(&reader, "route "), 0);
    ck_assert_uint_eq(reader_count(&reader, "redirect-"), 0);
    reader_free(&reader);

    read_result(&reader, policy, "kept", NULL, (struct push_connection){0}, careless_server);
    ck_assert_uint_eq(reader_count(&reader, "route"), 5);
    ck_assert(reader_has(&reader, "redirect-private"));
    ck_assert_uint_eq(reader_count(&reader, "redirect-gateway"), 0);
    reader_free(&reader);
    policy_free(policy);
}
END_TEST

START_TEST(a_split_tunnel_never_redirects_whatever_the_connection)
{
    struct policy *policy =
        policy_from_text(DEFAULT "<routes in>\n10.0.0.0/8\n2001:db8::/32\n</routes>\n"
                                 "<profile campus>\ntunnel split\nroutes in\n</profile>\n",
                         NULL);

    for (int i = 0; i < 4 * CHOICE_BY_COUNT; i++) {
        struct push_connection connection = {
            .has_ipv6 = i & 1, .fell_back = i & 2, .by = (enum choice_by)(i / 4)};
        struct reader reader;

        read_result(&reader, policy, "campus", NULL, connection, careless_server);
        ck_assert_uint_eq(reader_count(&reader, "redirect-gateway"), 0);
        ck_assert_uint_eq(reader_count(&reader, "block-"), 0);
        ck_assert_uint_eq(reader_count(&reader, "ifconfig"), 0);
        ck_assert_uint_eq(reader_count(&reader, "route-ipv6 "), connection.has_ipv6 ? 1 : 0);
        reader_free(&reader);
    }
    policy_free(policy);
}
END_TEST

/* ── random policies against bitmaps of a small world ── */

/* 256 addresses of each family: 10.0.0.0/24 and 2001:db8::/120. */
struct world {
    bool in[2][256];
};

static void mark(struct world *world, int family, unsigned first, unsigned len, bool value)
{
    for (unsigned i = 0; i < 1U << (8 - len); i++)
        world->in[family][first + i] = value;
}

static unsigned roll(unsigned n)
{
    return (unsigned)rand() % n;
}

/* Writes a random prefix and notes it in the world. */
static void random_prefix(FILE *out, const char *before, int family, struct world *world)
{
    unsigned len = 1 + roll(8);
    unsigned first = roll(1U << len) << (8 - len);

    if (family == 0)
        fprintf(out, "%s10.0.0.%u/%u\n", before, first, 24 + len);
    else
        fprintf(out, "%s2001:db8::%x/%u\n", before, first, 120 + len);
    mark(world, family, first, len, true);
}

static void merge_world(struct world *into, const struct world *from)
{
    for (int family = 0; family < 2; family++)
        for (int i = 0; i < 256; i++)
            into->in[family][i] |= from->in[family][i];
}

#define SETS 6

struct random_policy {
    struct world set[SETS];
    struct world except;
    bool profile_has[SETS]; /* the profile's sets, the group's, the user's own */
    bool group_has[SETS];
    bool user_has[SETS];
};

static void write_refs(FILE *out, bool has[SETS], unsigned one_in)
{
    for (int i = 0; i < SETS; i++) {
        has[i] = roll(one_in) == 0;
        if (has[i])
            fprintf(out, "routes set%d\n", i);
    }
}

static char *write_random(struct random_policy *r)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    memset(r, 0, sizeof(*r));
    fputs(DEFAULT, out);
    for (int i = 0; i < SETS; i++) {
        fprintf(out, "<routes set%d>\n", i);
        for (unsigned k = roll(12); k > 0; k--)
            random_prefix(out, "", (int)roll(2), &r->set[i]);
        fputs("</routes>\n", out);
    }
    fputs("<profile campus>\ntunnel split\n", out);
    write_refs(out, r->profile_has, 2);
    for (unsigned k = roll(6); k > 0; k--)
        random_prefix(out, "except ", (int)roll(2), &r->except);
    fputs("</profile>\n<group g>\nuser alice\nuser bob\n", out);
    write_refs(out, r->group_has, 3);
    fputs("</group>\n<user alice>\n", out);
    write_refs(out, r->user_has, 3);
    fputs("</user>\n", out);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

/* What a user must reach: the union, less the exceptions, and IPv6 only with an address. */
static void expect(const struct random_policy *r, const char *user, bool has_ipv6,
                   struct world *world)
{
    memset(world, 0, sizeof(*world));
    for (int i = 0; i < SETS; i++) {
        bool in_group = strcmp(user, "carol") != 0 && r->group_has[i];
        bool own = strcmp(user, "alice") == 0 && r->user_has[i];

        if (r->profile_has[i] || in_group || own)
            merge_world(world, &r->set[i]);
    }
    for (int family = 0; family < 2; family++)
        for (int i = 0; i < 256; i++)
            if (r->except.in[family][i] || (family == 1 && !has_ipv6))
                world->in[family][i] = false;
}

static unsigned netmask_len(const char *netmask)
{
    unsigned a, b, c, d, len = 0;

    ck_assert_int_eq(sscanf(netmask, "%u.%u.%u.%u", &a, &b, &c, &d), 4);
    for (unsigned mask = a << 24 | b << 16 | c << 8 | d; mask & 0x80000000U; mask <<= 1)
        len++;
    return len;
}

/* What the client's routes reach; no address may be routed twice. */
static void reached(const struct reader *reader, struct world *world)
{
    memset(world, 0, sizeof(*world));
    for (size_t i = 0; i < reader->n; i++) {
        struct reader_words words;
        unsigned first, len;
        int family = strncmp(reader->options[i], "route-ipv6 ", 11) == 0;

        ck_assert(reader_parse_line(reader->options[i], &words));
        if (family == 1) {
            first = 0;
            if (sscanf(words.word[1], "2001:db8::%x/%u", &first, &len) != 2)
                ck_assert_int_eq(sscanf(words.word[1], "2001:db8::/%u", &len), 1);
            len -= 120;
        } else if (strcmp(words.word[0], "route") == 0 && words.n == 3) {
            ck_assert_int_eq(sscanf(words.word[1], "10.0.0.%u", &first), 1);
            len = netmask_len(words.word[2]) - 24;
        } else {
            continue;
        }
        ck_assert_uint_le(len, 8);
        for (unsigned k = 0; k < 1U << (8 - len); k++) {
            ck_assert(!world->in[family][first + k]);
            world->in[family][first + k] = true;
        }
    }
}

START_TEST(the_pushed_routes_are_exactly_what_the_policy_says)
{
    static const char *const users[] = {"alice", "bob", "carol"};

    srand(20261122U + (unsigned)_i);
    for (int round = 0; round < 100; round++) {
        struct random_policy random;
        char *text = write_random(&random);
        struct policy *policy = policy_from_text(text, NULL);

        for (size_t u = 0; u < 2 * N(users); u++) {
            struct push_connection connection = {.has_ipv6 = u & 1};
            struct reader reader;
            struct world expected, got;

            expect(&random, users[u / 2], connection.has_ipv6, &expected);
            read_result(&reader, policy, "campus", users[u / 2], connection, NULL);
            reached(&reader, &got);
            ck_assert_msg(memcmp(&expected, &got, sizeof(got)) == 0, "%s, policy:\n%s",
                          users[u / 2], text);
            reader_free(&reader);
        }
        policy_free(policy);
        free(text);
    }
}
END_TEST

START_TEST(the_routes_as_a_set_are_those_that_are_pushed)
{
    struct policy *policy = policy_from_text(
        DEFAULT "<routes in>\n10.0.0.0/8\n2001:db8::/32\n</routes>\n"
                "<profile campus>\ntunnel split\nroutes in\nexcept 10.0.0.0/9\n</profile>\n"
                "<profile full>\ntunnel full\nexcept 128.0.0.0/1\n</profile>\n",
        NULL);
    static const struct {
        const char *profile;
        const char *routes;
    } cases[] = {{"campus", "10.128.0.0/9\n2001:db8::/32\n"}, {"full", "0.0.0.0/1\n::/0\n"}};

    for (size_t i = 0; i < N(cases); i++) {
        const struct policy_profile *profile = policy_find_profile(policy, cases[i].profile);
        struct prefix_set *routes = push_routes(policy, profile, NULL, NULL);
        char *text = prefix_set_write(routes, NULL);

        ck_assert_str_eq(text, cases[i].routes);
        free(text);
        prefix_set_free(routes);
    }
    policy_free(policy);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("push");
    TCase *tests = tcase_create("push");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, each_policy_comes_out_as_exactly_this_text, 0, (int)N(text_cases));
    tcase_add_test(tests, what_the_servers_own_config_pushes_is_taken_back);
    tcase_add_test(tests, a_split_tunnel_never_redirects_whatever_the_connection);
    tcase_add_loop_test(tests, the_pushed_routes_are_exactly_what_the_policy_says, 0, 5);
    tcase_add_test(tests, the_routes_as_a_set_are_those_that_are_pushed);
    suite_add_tcase(suite, tests);
    return suite;
}
