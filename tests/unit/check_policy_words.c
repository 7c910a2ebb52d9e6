/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy language: each mistake that can be made in it, with the sentence that tells. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/policy_fixture.h"
#include "tests/unit/unit.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

static void load_rest(const char *text)
{
    char whole[8192];

    ck_assert_uint_lt(strlen(text) + sizeof PREAMBLE, sizeof whole);
    snprintf(whole, sizeof whole, "%s%s", PREAMBLE, text);
    fixture_load_text(whole);
}

static const struct {
    const char *text;
    const char *error; /* the only one; where it is cut, its beginning counts */
} mistakes[] = {
    /* words */
    {"tittle x", "policy.conf:8: error: unknown directive \"tittle\" in the policy itself"},
    {"default-profil campus", "policy.conf:8: error: unknown directive \"default-profil\" in the "
                              "policy itself; did you mean \"default-profile\"?"},
    {"title x", "policy.conf:8: error: \"title\" does not belong in the policy itself, but in "
                "<profile>"},
    {"default-profile", "policy.conf:8: error: too few words after \"default-profile\"; usage: "
                        "default-profile PROFILE"},
    {"on-refused reject now", "policy.conf:8: error: too many words after \"on-refused\"; usage: "
                              "on-refused reject | on-refused default"},
    {"default-profile campus", "policy.conf:8: error: a second \"default-profile\"; the first is "
                               "at policy.conf:1"},
    {"user alice", "policy.conf:8: error: \"user\" is a block: <user NAME>, its lines, and "
                   "</user>"},
    {"<on-refused x>\n</on-refused>", "policy.conf:8: error: <on-refused> is not a block but a "
                                      "line; usage: on-refused reject"},
    {"<user>\n</user>", "policy.conf:8: error: too few words after \"user\"; usage: <user NAME>"},
    {"<user a b>\n</user>", "policy.conf:8: error: too many words after \"user\""},
    {"<user a>\n<user b>\n</user>\n</user>",
     "policy.conf:9: error: <user> within <user> of line 8; is </user> missing before it?"},
    {"<user a>\nprofile campus", "policy.conf:8: error: <user> is not closed"},
    {"identity cn", "policy.conf:8: error: \"cn\" where \"username\" or \"common-name\" is "
                    "expected"},
    {"on-refused defualt", "policy.conf:8: error: \"defualt\" where \"reject\" or \"default\" is "
                           "expected; did you mean \"default\"?"},
    {"state-dir var", "policy.conf:8: error: \"var\" must begin with a slash"},
    /* names */
    {"<profile Campus>\n</profile>",
     "policy.conf:8: error: <profile Campus> is already defined at policy.conf:5"},
    {"<routes internal>\n10.0.0.0/8\n</routes>",
     "policy.conf:8: error: <routes internal> is already defined at policy.conf:2"},
    {"<user alice>\n</user>\n<user alice>\n</user>",
     "policy.conf:10: error: <user alice> is already defined at policy.conf:8"},
    {"<group ../x>\n</group>", "policy.conf:8: error: <group> cannot be named \"../x\""},
    {"<group .x>\n</group>", "policy.conf:8: error: <group> cannot be named \".x\""},
    {"<routes -x>\n</routes>", "policy.conf:8: error: <routes> cannot be named \"-x\""},
    {"<routes \"a b\">\n</routes>", "policy.conf:8: error: <routes> cannot be named \"a b\""},
    {"<profile \"\">\n</profile>", "policy.conf:8: error: <profile> cannot be named \"\""},
    {"<user \"\">\n</user>", "policy.conf:8: error: \"\" cannot be a user name"},
    /* choose */
    {"choose menue", "policy.conf:8: error: \"menue\" is no means of choosing; there are "
                     "username-suffix, peer-info, static-challenge and menu; did you mean "
                     "\"menu\"?"},
    {"choose menu\nchoose menu",
     "policy.conf:9: error: a second \"choose menu\"; the first is at policy.conf:8"},
    {"choose menu x", "policy.conf:8: error: usage: choose menu"},
    {"choose username-suffix", "policy.conf:8: error: usage: choose username-suffix SEPARATOR"},
    {"choose username-suffix a", "policy.conf:8: error: \"a\" cannot separate"},
    {"choose username-suffix ' '", "policy.conf:8: error: \" \" cannot separate"},
    {"choose username-suffix ''", "policy.conf:8: error: \"\" cannot separate"},
    {"choose username-suffix \xc2\xa7", "policy.conf:8: error: \"\xc2\xa7\" cannot separate"},
    {"choose username-suffix +++++++++", "policy.conf:8: error: \"+++++++++\" cannot separate"},
    {"choose peer-info TUNNEL", "policy.conf:8: error: \"TUNNEL\" is not a variable"},
    {"choose peer-info UV_", "policy.conf:8: error: \"UV_\" is not a variable"},
    {"choose peer-info UV_A-B", "policy.conf:8: error: \"UV_A-B\" is not a variable"},
    /* routes */
    {"<routes x>\n10.0.0.1/8\n</routes>",
     "policy.conf:9: error: \"10.0.0.1/8\" has bits set past its prefix length; did you mean "
     "10.0.0.0/8?"},
    {"<routes x>\n10.0.0.1 255.0.0.0\n</routes>",
     "policy.conf:9: error: \"10.0.0.1 255.0.0.0\" has bits set past its prefix length; did you "
     "mean 10.0.0.0/8?"},
    {"<routes x>\n10.0.0.0/33\n</routes>", "policy.conf:9: error: \"10.0.0.0/33\" has a prefix "
                                           "length"},
    {"<routes x>\n10.0.0\n</routes>", "policy.conf:9: error: \"10.0.0\" is not an IPv4"},
    {"<routes x>\n10.0.0.0 255.0.255.0\n</routes>", "policy.conf:9: error: \"10.0.0.0 255.0.255.0"
                                                    "\" has a prefix length or netmask"},
    {"<routes x>\n10.0.0.0/8 10.1.0.0/16 1\n</routes>", "policy.conf:9: error: only one prefix "
                                                        "stands in a line"},
    {"<routes x>\n0.0.0.0/0\n</routes>",
     "policy.conf:9: error: \"0.0.0.0/0\" is everything, which a split tunnel never carries; for "
     "that, make a profile with `tunnel full`"},
    {"<routes x>\n::/0\n</routes>", "policy.conf:9: error: \"::/0\" is everything"},
    {"<routes x>\nexept 10.0.0.0/8\n</routes>", "policy.conf:9: error: unknown directive \"exept\" "
                                                "in <routes>; did you mean \"except\"?"},
    {"<routes x>\nexcept all\n</routes>", "policy.conf:9: error: \"all\" is not an IPv4"},
    {"<routes x>\nfetch www.example.com\n</routes>", "policy.conf:9: error: \"www.example.com\" is "
                                                     "not an address to fetch from"},
    {"<routes x>\nfetch https://\n</routes>", "policy.conf:9: error: \"https://\" is not an "
                                              "address to fetch from"},
    {"<routes x>\nfetch \"https://a b\"\n</routes>", "policy.conf:9: error: \"https://a b\" has a "
                                                     "character that must be written as %XX"},
    {"<routes x>\nfetch https://u:p@a/b\n</routes>",
     "policy.conf:9: error: a user name or password in the address"},
    {"<routes x>\nfetch https://a 6h\n</routes>",
     "policy.conf:9: error: \"6h\" where \"every DURATION\" or \"where KEY=VALUE\" is expected"},
    {"<routes x>\nfetch https://a every\n</routes>",
     "policy.conf:9: error: \"every\" where \"every "
     "DURATION\" or \"where KEY=VALUE\" is"},
    {"<routes x>\nfetch https://a where\n</routes>", "policy.conf:9: error: \"where\" where \"ev"},
    {"<routes x>\nfetch https://a every 6h every 7h\n</routes>",
     "policy.conf:9: error: \"every\" stands twice in the line"},
    {"<routes x>\nfetch https://a where service\n</routes>",
     "policy.conf:9: error: \"service\" is not a condition such as service=S3"},
    {"<routes x>\nfetch https://a where =S3\n</routes>",
     "policy.conf:9: error: \"=S3\" is not a condition such as service=S3"},
    {"<routes x>\nfetch https://a where a=\xe2\x80\xae\n</routes>",
     "policy.conf:9: error: \"a=?\" is longer than the 200 bytes that a condition may "
     "have, or not printable"},
    {"<routes x>\nfetch https://a where a=1 where a=2 where a=3 where a=4 where a=5 where a=6 "
     "where "
     "a=7 where a=8 where a=9\n</routes>",
     "policy.conf:9: error: at most 8 conditions stand in a line"},
    {"<routes x>\nfetch https://a evry 6h\n</routes>", "policy.conf:9: error: \"evry\" where"},
    {"<routes x>\nfetch https://a every 59s\n</routes>", "policy.conf:9: error: \"59s\" is not a "
                                                         "duration from 1m to 366d"},
    {"<routes x>\nfetch https://a every 0h\n</routes>", "policy.conf:9: error: \"0h\" is not"},
    {"<routes x>\nfetch https://a every 367d\n</routes>", "policy.conf:9: error: \"367d\" is not"},
    {"<routes x>\nfetch https://a every 2y\n</routes>", "policy.conf:9: error: \"2y\" is not"},
    {"<routes x>\nfetch https://a every 99999999d\n</routes>", "policy.conf:9: error: \"99999999d"},
    {"<routes x>\nfetch https://a every h\n</routes>", "policy.conf:9: error: \"h\" is not"},
    {"<routes x>\nfetch https://a every 6\n</routes>", "policy.conf:9: error: \"6\" is not"},
    {"<routes x>\nfetch https://a every 6hh\n</routes>", "policy.conf:9: error: \"6hh\" is not"},
    {"<user a>\nroutes 10.0.0.1/8\n</user>",
     "policy.conf:9: error: \"10.0.0.1/8\" has bits set past its prefix length; did you mean "
     "10.0.0.0/8?"},
    {"<user a>\nroutes 192.0.2.0/24 0.0.0.0/0\n</user>",
     "policy.conf:9: error: \"0.0.0.0/0\" is everything, which a split tunnel never carries"},
    {"<user a>\nroutes a/8\n</user>", "policy.conf:9: error: there is no route set \"a/8\""},
    {"<user a>\nroutes 10.0.0.0\n</user>", "policy.conf:9: error: there is no route set"},
    {"<routes 10.0.0.0/8>\n10.0.0.0/8\n</routes>",
     "policy.conf:8: error: <routes> cannot be named"},
    {"<routes x>\nhost -a.example\n</routes>", "policy.conf:9: error: \"-a.example\" is not a host "
                                               "name"},
    {"<routes x>\nhost a..b\n</routes>", "policy.conf:9: error: \"a..b\" is not a host name"},
    {"<routes x>\nhost 10.1.1.1\n</routes>", "policy.conf:9: error: \"10.1.1.1\" is an address"},
    {"<routes x>\ninclude no.list\n</routes>", "policy.conf:9: error: cannot read \"no.list\": No "
                                               "such file or directory"},
    /* profiles */
    {"<profile x>\ntunnel ful\n</profile>", "policy.conf:9: error: \"ful\" is not a kind of "
                                            "tunnel: split or full; did you mean \"full\"?"},
    {"<profile x>\ntitle a\ntitle b\n</profile>", "policy.conf:10: error: a second \"title\"; the "
                                                  "first is at policy.conf:9"},
    {"<profile x>\ntitle a b\n</profile>", "policy.conf:9: error: too many words after \"title\"; "
                                           "usage: title \"TEXT\""},
    {"<profile x>\ntitle ''\n</profile>", "policy.conf:9: error: \"title\" takes 1 to 80 bytes of "
                                          "text; this is 0"},
    {"<profile x>\ntitle \"a\xe2\x80\xae"
     "b\"\n</profile>",
     "policy.conf:9: error: a character "
     "that cannot be shown"},
    {"<profile x>\nroutes intranal\n</profile>", "policy.conf:9: error: there is no route set "
                                                 "\"intranal\"; did you mean \"internal\"?"},
    {"<profile x>\ntunnel full\nexcept 2001:db8::/32\n</profile>",
     "policy.conf:10: error: \"2001:db8::/32\": a full tunnel has exceptions for IPv4 only"},
    {"<profile x>\nexcept 0.0.0.0/0\ntunnel full\n</profile>",
     "policy.conf:9: error: \"0.0.0.0/0\" leaves nothing of a full tunnel"},
    {"<profile x>\ntunnel full\nexcept 0.0.0.0/1\nexcept 128.0.0.0/1\n</profile>",
     "policy.conf:8: error: the exceptions of <profile x> leave nothing of a full tunnel"},
    {"<profile x>\ntunnel full\nassume-opt-in-from 0.0.0.0/0\n</profile>",
     "policy.conf:10: error: \"0.0.0.0/0\" is everywhere, which would make the full tunnel "
     "everybody's default"},
    {"<profile x>\ntunnel full\nassume-opt-in-from 0.0.0.0/1\nassume-opt-in-from "
     "128.0.0.0/1\n</profile>",
     "policy.conf:8: error: the \"assume-opt-in-from\" lines of <profile x> add up to everywhere"},
    {"<profile x>\ntunnel full\nassume-opt-in-from 2000::/3\n</profile>",
     "policy.conf:10: error: \"2000::/3\" is everywhere"},
    {"<profile x>\ntunnel full\nassume-opt-in-from 2000::/4\nassume-opt-in-from 3000::/4\n"
     "</profile>",
     "policy.conf:8: error: the \"assume-opt-in-from\" lines of <profile x> add up to everywhere"},
    {"<profile x>\nassume-opt-in-from 10.0.0.0/8\n</profile>",
     "policy.conf:9: error: \"assume-opt-in-from\" is for a full tunnel, and <profile x> is a "
     "split one"},
    {"<profile x>\nblock-local\n</profile>", "policy.conf:9: error: \"block-local\" is for a full"},
    {"<profile x>\nallow-ipv6-outside\n</profile>", "policy.conf:9: error: \"allow-ipv6-outside\" "
                                                    "is for a full"},
    {"<profile x>\nmax-routes 0\n</profile>", "policy.conf:9: error: \"0\" is not a number from 1 "
                                              "to 100000"},
    {"<profile x>\nmax-routes 100001\n</profile>", "policy.conf:9: error: \"100001\" is not"},
    {"<profile x>\nmax-routes -1\n</profile>", "policy.conf:9: error: \"-1\" is not"},
    {"<profile x>\nmax-routes 99999999999999999999\n</profile>", "policy.conf:9: error: \"9999999"},
    {"<profile x>\ndns ns.example.edu\n</profile>", "policy.conf:9: error: \"ns.example.edu\" is "
                                                    "not an IPv4 or IPv6 address"},
    {"<profile x>\ndns 10.0.0.0/8\n</profile>", "policy.conf:9: error: \"10.0.0.0/8\" is not"},
    {"<profile x>\ndns 10.0.0.1/32\n</profile>", "policy.conf:9: error: \"10.0.0.1/32\" is not"},
    {"<profile x>\ndns 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8 "
     "1.1.1.9\n</profile>",
     "policy.conf:9: error: \"1.1.1.9\" is one too many: clients take 8"},
    {"<profile x>\nsearch-domain a b c d e f g h i j k\n</profile>",
     "policy.conf:9: error: \"k\" is one too many: clients take 10 search domains"},
    {"<profile x>\nsearch-domain a_b.-c\n</profile>", "policy.conf:9: error: \"a_b.-c\" is not a "
                                                      "domain name"},
    {"<profile x>\nsearch-domain a,b\n</profile>", "policy.conf:9: error: \"a,b\" is not a domain"},
    {"<profile x>\npush \"route 10.0.0.0 255.0.0.0\"\n</profile>",
     "policy.conf:9: error: \"route 10.0.0.0 255.0.0.0\" belongs into a route set"},
    {"<profile x>\npush \"redirect-gateway def1\"\n</profile>",
     "policy.conf:9: error: \"redirect-gateway def1\" is what"},
    {"<profile x>\npush \"echo a,b\"\n</profile>",
     "policy.conf:9: error: \"echo a,b\" has a comma"},
    {"<profile x>\npush explicit-exit-notify 1\n</profile>",
     "policy.conf:9: error: too many words after \"push\"; usage: push \"OPTION\""},
    {"<profile x>\nallow alice\n</profile>", "policy.conf:9: error: too few words after \"allow\"; "
                                             "usage: allow user NAME... | allow group NAME..."},
    {"<profile x>\nallow usr alice\n</profile>", "policy.conf:9: error: \"usr\" where \"user\" or "
                                                 "\"group\" is expected; did you mean \"user\"?"},
    {"<profile x>\nallow group staff\n</profile>", "policy.conf:9: error: there is no group "
                                                   "\"staff\""},
    /* groups and users */
    {"<group g>\nunix-group a:b\n</group>", "policy.conf:9: error: \"a:b\" cannot be the name"},
    {"<group g>\nprofile campus\n</group>", "policy.conf:9: error: \"profile\" does not belong in "
                                            "<group>, but in the policy itself or <user>"},
    {"<user a>\nprofile campsu\n</user>", "policy.conf:9: error: there is no profile \"campsu\"; "
                                          "did you mean \"campus\"?"},
    {"<user a>\nopt-in campus\n</user>", "policy.conf:9: error: \"campus\" is a split tunnel, "
                                         "which needs no opt-in; write \"profile campus\""},
    {"<profile f>\ntunnel full\n</profile>\n<user a>\nprofile f\n</user>",
     "policy.conf:12: error: a full tunnel is never a default, and \"f\" is one; if a asked for "
     "it, write \"opt-in f\""},
    {"<profile f>\ntunnel full\nallow user b\n</profile>\n<user a>\nopt-in f\n</user>",
     "policy.conf:13: error: <profile f> does not allow user \"a\""},
    {"<profile x>\nallow user b\n</profile>\n<user a>\nprofile x\n</user>",
     "policy.conf:12: error: <profile x> does not allow user \"a\""},
    /* include */
    {"include", "policy.conf:8: error: usage: include FILE"},
    {"include ''", "policy.conf:8: error: \"\" is not the name of a file"},
    {"include a/", "policy.conf:8: error: \"a/\" is not the name of a file"},
    {"include no.conf", "policy.conf:8: error: cannot read \"no.conf\": No such file"},
    {"include */x.conf", "policy.conf:8: error: wildcards may stand only after the last slash"},
    {"<include x>\n</include>", "policy.conf:8: error: <include> is not a block but a line"},
    {"include .", "policy.conf:8: error: cannot read \".\": not a regular file"},
};

START_TEST(a_mistake_is_told_with_its_line_and_what_to_do)
{
    load_rest(mistakes[_i].text);
    ck_assert_msg(diagnostics_errors(problems) == 1, "%s", fixture_problems());
    for (size_t i = 0; i < diagnostics_count(problems); i++)
        if (diagnostics_at(problems, i)->level == DIAGNOSTIC_ERROR)
            ck_assert_msg(
                strncmp(fixture_problem(i), mistakes[_i].error, strlen(mistakes[_i].error)) == 0,
                "\"%s\" is not \"%s\"", fixture_problem(i), mistakes[_i].error);
}
END_TEST

static const struct {
    const char *text;
    const char *warnings; /* all of them */
} doubts[] = {
    {"", ""},
    {"<routes x>\n10.0.0.0/8\n</routes>", "policy.conf:8: warning: nothing uses <routes x>\n"},
    {"<routes x>\n</routes>\n<user a>\nroutes x\n</user>",
     "policy.conf:8: warning: <routes x> holds no address\n"},
    {"<routes x>\n10.0.0.0/8\nexcept 8.0.0.0/6\n</routes>\n<user a>\nroutes x\n</user>",
     "policy.conf:8: warning: <routes x> holds no address: its exceptions take everything away\n"},
    {"<group g>\nroutes internal\n</group>", "policy.conf:8: warning: nobody is in <group g>\n"},
    {"<group g>\nuser a\n</group>", "policy.conf:8: warning: <group g> changes nothing: it has no "
                                    "routes, and no profile allows it\n"},
    {"<group g>\nuser a\n</group>\n<profile x>\nroutes internal\nallow group g\n</profile>", ""},
    {"<profile f>\ntunnel full\n</profile>",
     "policy.conf:8: warning: nobody can get <profile f>: there is no \"choose\" line, \"opt-in\" "
     "or \"assume-opt-in-from\" for it\n"},
    {"<profile f>\ntunnel full\n</profile>\nchoose menu", ""},
    {"<profile f>\ntunnel full\n</profile>\n<user a>\nopt-in f\n</user>", ""},
    {"<profile f>\ntunnel full\nassume-opt-in-from 10.0.0.0 255.0.0.0\n</profile>", ""},
    {"<profile f>\ntunnel full\nassume-opt-in-from fc00::/7\nassume-opt-in-from 2001::/16\n"
     "</profile>",
     ""},
    {"<profile f>\ntunnel full\nassume-opt-in-from 64.0.0.0/2\n</profile>",
     "policy.conf:10: warning: \"64.0.0.0/2\" is a large part of the Internet: whoever comes from "
     "there is on a full tunnel without having chosen it\n"},
    {"<profile f>\ntunnel full\nroutes internal\n</profile>\nchoose menu",
     "policy.conf:10: warning: routes have no effect in a full tunnel, which carries everything\n"},
    {"<profile x>\n</profile>",
     "policy.conf:8: warning: <profile x> has no routes: nothing goes through its tunnel\n"},
    {"<profile x>\n</profile>\n<user a>\nroutes internal\n</user>", ""},
    {"<profile x>\nroutes internal\nexcept 10.2.0.0/16\ndns 10.1.1.1 10.2.1.1 ::1\n</profile>",
     "policy.conf:8: warning: the DNS server 10.2.1.1 of <profile x> is in none of its routes: "
     "what "
     "is asked of it does not go through the tunnel\n"
     "policy.conf:8: warning: the DNS server ::1 of <profile x> is in none of its routes: what is "
     "asked of it does not go through the tunnel\n"},
    {"<profile x>\nroutes internal\ndns 9.9.9.9\nkeep-server-routes\n</profile>", ""},
    {"choose username-suffix +\n<user a+b>\n</user>\n<user c>\n</user>",
     "policy.conf: warning: 1 user name has the separator \"+\" in it, such as \"a+b\": what "
     "follows it is taken for a profile\n"},
    {"choose username-suffix +\n<user a+b>\n</user>\n<user c++>\n</user>",
     "policy.conf: warning: 2 user names have the separator \"+\" in it, such as \"a+b\": what "
     "follows it is taken for a profile\n"},
    {"choose username-suffix +\nidentity common-name\n<user a+b>\n</user>", ""},
};

START_TEST(what_is_doubtful_is_a_warning)
{
    load_rest(doubts[_i].text);
    ck_assert_msg(policy != NULL, "%s", fixture_problems());
    ck_assert_str_eq(fixture_problems(), doubts[_i].warnings);
}
END_TEST

START_TEST(a_policy_without_a_default_is_refused_with_the_names_that_could_be_it)
{
    fixture_load_text(
        "<profile a>\n</profile>\n<profile b>\nallow user x\n</profile>\n"
        "<profile c>\ntunnel split\n</profile>\n<profile d>\ntunnel full\n</profile>\n");
    ck_assert_str_eq(fixture_problems(),
                     "policy.conf: error: no \"default-profile\"; it can be one of: a, c\n");
    fixture_load_text("");
    ck_assert_str_eq(fixture_problems(), "policy.conf: error: no \"default-profile\", and no split "
                                         "<profile> for everybody that it could name\n");
}
END_TEST

START_TEST(a_full_tunnel_is_never_the_default)
{
    fixture_load_text(
        "default-profile full\n<profile full>\ntunnel full\n</profile>\nchoose menu\n");
    ck_assert_ptr_null(policy);
    ck_assert_str_eq(fixture_problems(),
                     "policy.conf:1: error: a full tunnel is never a default, and \"full\" is one; "
                     "let users choose it (\"choose ...\"), write \"opt-in full\" for one who "
                     "asked for it, or \"assume-opt-in-from\" for a network that needs it\n");
}
END_TEST

START_TEST(a_default_that_is_not_for_everybody_is_doubtful)
{
    fixture_load_text("default-profile a\n<profile a>\nallow user x\nroutes r\n</profile>\n"
                      "<routes r>\n10.0.0.0/8\n</routes>\n");
    ck_assert_ptr_nonnull(policy);
    ck_assert_str_eq(fixture_problems(),
                     "policy.conf:1: warning: <profile a> is not for everybody: "
                     "who may not have it and has no other is refused\n");
}
END_TEST

START_TEST(all_mistakes_are_told_and_not_only_the_first)
{
    fixture_load_text("default-profile x\nfoo\n<routes r>\n1.2.3\nbar\n</routes>\n"
                      "<profile p>\nroutes q\n</profile>\n<user u>\nprofile z\n</user>\n");
    ck_assert_str_eq(fixture_problems(),
                     "policy.conf:1: error: there is no profile \"x\"\n"
                     "policy.conf:2: error: unknown directive \"foo\" in the policy itself\n"
                     "policy.conf:4: error: \"1.2.3\" is not an IPv4 or IPv6 address or prefix\n"
                     "policy.conf:5: error: unknown directive \"bar\" in <routes>\n"
                     "policy.conf:8: error: there is no route set \"q\"\n"
                     "policy.conf:11: error: there is no profile \"z\"\n");
}
END_TEST

START_TEST(a_flood_of_mistakes_ends)
{
    char *text = calloc(20001, 4);

    for (int i = 0; i < 20000; i++)
        strcpy(text + 4 * i, "foo\n");
    fixture_load_text(text);
    ck_assert_uint_gt(diagnostics_count(problems), 100);
    ck_assert_uint_lt(diagnostics_count(problems), 1100);
    free(text);
}
END_TEST

/* `before`, `n` letters in labels of up to 63, and `after`. */
static void load_long(const char *before, size_t n, const char *after)
{
    char text[3000];
    size_t at = (size_t)sprintf(text, "%s", before);

    for (size_t i = 0; i < n; i++)
        text[at++] = i % 64 == 63 ? '.' : 'a';
    strcpy(text + at, after);
    load_rest(text);
}

START_TEST(what_is_too_long_is_refused)
{
    load_long("<profile x>\nroutes internal\nsearch-domain ", 200, "\n</profile>\n");
    ck_assert_ptr_nonnull(policy);
    load_long("<profile x>\nroutes internal\nsearch-domain ", 201, "\n</profile>\n");
    ck_assert_ptr_nonnull(strstr(fixture_problem(0), "longer than the 200 bytes that can be"));
    load_long("<routes x>\nhost ", 253, "\n</routes>\n<user u>\nroutes x\n</user>\n");
    ck_assert_ptr_nonnull(policy);
    load_long("<routes x>\nhost ", 254, "\n</routes>\n");
    ck_assert_ptr_nonnull(strstr(fixture_problem(0), "is not a host name"));
    load_long("<routes x>\nfetch https://", 2000, "\n</routes>\n");
    ck_assert_ptr_nonnull(strstr(fixture_problem(0), "an address of more than 2000 bytes"));
    load_long("<routes x>\nfetch https://a where k=", 199, "\n</routes>\n");
    ck_assert_ptr_nonnull(strstr(fixture_problem(0), "longer than the 200 bytes"));
    load_long("<user ", 255, ">\n</user>\n");
    ck_assert_ptr_nonnull(policy);
    load_long("<user ", 256, ">\n</user>\n");
    ck_assert_ptr_nonnull(strstr(fixture_problem(0), "cannot be a user name"));
    load_long("<profile ", 64, ">\nroutes internal\n</profile>\n");
    ck_assert_ptr_nonnull(policy);
    load_long("<profile ", 65, ">\n</profile>\n");
    ck_assert_ptr_nonnull(strstr(fixture_problem(0), "<profile> cannot be named"));
    load_long("<profile x>\nroutes internal\nmessage ", 400, "\n</profile>\n");
    ck_assert_ptr_nonnull(policy);
    load_long("<profile x>\nroutes internal\nmessage ", 401, "\n</profile>\n");
    ck_assert_ptr_nonnull(strstr(fixture_problem(0), "takes 1 to 400 bytes of text; this is 401"));
}
END_TEST

START_TEST(a_flood_of_doubts_is_no_mistake)
{
    char *text = malloc(2000 * 40);
    size_t n = (size_t)sprintf(text, "%s", PREAMBLE);

    for (int i = 0; i < 1500; i++)
        n += (size_t)sprintf(text + n, "<routes r%d>\n10.0.0.0/8\n</routes>\n", i);
    fixture_load_text(text);
    ck_assert_ptr_nonnull(policy);
    ck_assert_uint_eq(diagnostics_count(problems), 1001);
    free(text);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("policy_words");
    TCase *all = tcase_create("all");

    tcase_add_checked_fixture(all, fixture_setup, fixture_teardown);
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, a_mistake_is_told_with_its_line_and_what_to_do, 0, COUNT(mistakes));
    tcase_add_loop_test(all, what_is_doubtful_is_a_warning, 0, COUNT(doubts));
    tcase_add_test(all, a_policy_without_a_default_is_refused_with_the_names_that_could_be_it);
    tcase_add_test(all, a_full_tunnel_is_never_the_default);
    tcase_add_test(all, a_default_that_is_not_for_everybody_is_doubtful);
    tcase_add_test(all, all_mistakes_are_told_and_not_only_the_first);
    tcase_add_test(all, a_flood_of_mistakes_ends);
    tcase_add_test(all, what_is_too_long_is_refused);
    tcase_add_test(all, a_flood_of_doubts_is_no_mistake);
    suite_add_tcase(suite, all);
    return suite;
}
