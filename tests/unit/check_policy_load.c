/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/policy_load: what comes out of files, and what is read, watched and refused on the way. */
#include "config.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/policy_fixture.h"
#include "tests/unit/unit.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

START_TEST(the_story_loads_with_all_it_says)
{
    const struct policy_profile *profile;

    fixture_load_story();
    ck_assert_str_eq(policy->path, path);
    ck_assert(!policy->identity_common_name);
    ck_assert(policy->on_refused_default);
    ck_assert_uint_eq(policy->n_choose, 4);
    ck_assert_int_eq(policy->choose[0].means, POLICY_MEANS_USERNAME_SUFFIX);
    ck_assert_str_eq(policy->choose[0].argument, "+");
    ck_assert_int_eq(policy->choose[1].means, POLICY_MEANS_PEER_INFO);
    ck_assert_str_eq(policy->choose[1].argument, "UV_TUNNEL");
    ck_assert_int_eq(policy->choose[2].means, POLICY_MEANS_STATIC_CHALLENGE);
    ck_assert_int_eq(policy->choose[3].means, POLICY_MEANS_MENU);
    ck_assert_uint_eq(policy->n_profiles, 3);
    ck_assert_ptr_eq(policy->default_profile, &policy->profiles[0]);

    profile = policy_find_profile(policy, "CAMPUS");
    ck_assert_str_eq(profile->name, "campus");
    ck_assert_str_eq(profile->title, "Campus network only");
    ck_assert_ptr_null(profile->message);
    ck_assert(!profile->full && !profile->block_local && !profile->restricted);
    ck_assert_uint_eq(profile->max_routes, POLICY_MAX_ROUTES);
    ck_assert_uint_eq(profile->n_dns, 2);
    ck_assert_str_eq(profile->dns[1], "2606:fa00::53");
    ck_assert_uint_eq(profile->n_search_domains, 2);
    ck_assert_str_eq(profile->search_domains[0], "cs.example.edu");
    ck_assert_uint_eq(profile->n_push, 2);
    ck_assert_str_eq(profile->push[0], "explicit-exit-notify 1");
    ck_assert_str_eq(profile->push[1], "echo \\\"a b\\\"");
    ck_assert_uint_eq(profile->line, 14);

    profile = policy_find_profile(policy, "library");
    ck_assert_uint_eq(profile->index, 1);
    ck_assert_str_eq(profile->title, "library");
    ck_assert(profile->keep_server_routes);
    ck_assert_uint_eq(profile->max_routes, 9000);
    ck_assert_uint_eq(profile->routes.n, 2);
    ck_assert_str_eq(fixture_set_text(profile->except), "10.5.0.0/16\n");

    profile = policy_find_profile(policy, "full");
    ck_assert(profile->full && profile->block_local && profile->allow_ipv6_outside);
    ck_assert(profile->restricted && !profile->keep_server_routes);
    ck_assert_str_eq(profile->message,
                     "All your traffic, downloads included, now goes through the university.");
    ck_assert_str_eq(fixture_set_text(profile->except), "192.168.0.0/16\n");
    ck_assert_str_eq(fixture_set_text(profile->opt_in_from), "172.16.0.0/12\n");
    ck_assert_uint_eq(profile->n_allow_groups, 1);
}
END_TEST

START_TEST(route_sets_hold_what_is_written_listed_fetched_and_resolved)
{
    const struct policy_route_set *set;

    fixture_load_story();
    set = policy_find_route_set(policy, "internal");
    ck_assert_uint_eq(set->written, 5);
    ck_assert(!prefix_set_contains(
        set->prefixes,
        &(struct prefix){.hi = 10ULL << 56 | 99ULL << 48, .len = 16, .family = PREFIX_IPV4}));
    ck_assert_ptr_nonnull(
        strstr(fixture_set_text(set->prefixes), "192.0.2.0/24\n198.51.100.0/24\n"));
    ck_assert_ptr_nonnull(strstr(fixture_set_text(set->prefixes), "10.100.0.0/14\n"));

    set = policy_find_route_set(policy, "journals");
    ck_assert_str_eq(fixture_set_text(set->prefixes), "203.0.112.7/32\n203.0.113.0/24\n");
    ck_assert_uint_eq(set->n_sources, 4);
    ck_assert_int_eq(set->sources[0].kind, POLICY_SOURCE_FETCH);
    ck_assert_str_eq(set->sources[0].what, "https://publisher.example/ranges.json");
    ck_assert_uint_eq(set->sources[0].every_s, 6 * 3600);
    ck_assert_uint_eq(set->sources[1].every_s, 24 * 3600);
    ck_assert_int_eq(set->sources[2].kind, POLICY_SOURCE_HOST);
    ck_assert_str_eq(set->sources[3].what, "doi.example");
}
END_TEST

START_TEST(a_fetch_may_say_which_objects_are_meant)
{
    const struct policy_source *sources;

    fixture_load_text(PREAMBLE "<routes cloud>\n"
                               "fetch https://a/x.json where service=S3 every 2h where region=eu\n"
                               "fetch https://a/y.json where \"name=a = b\" where empty=\n"
                               "fetch https://a/z.txt\n"
                               "</routes>\n"
                               "<user u>\nroutes cloud\n</user>\n");
    ck_assert_ptr_nonnull(policy);
    sources = policy_find_route_set(policy, "cloud")->sources;
    ck_assert_uint_eq(sources[0].every_s, 2 * 3600);
    ck_assert_uint_eq(sources[0].n_where, 2);
    ck_assert_str_eq(sources[0].where[0].key, "service");
    ck_assert_str_eq(sources[0].where[0].value, "S3");
    ck_assert_str_eq(sources[0].where[1].key, "region");
    ck_assert_str_eq(sources[0].where[1].value, "eu");
    ck_assert_uint_eq(sources[1].every_s, 24 * 3600);
    ck_assert_str_eq(sources[1].where[0].key, "name");
    ck_assert_str_eq(sources[1].where[0].value, "a = b");
    ck_assert_str_eq(sources[1].where[1].value, "");
    ck_assert_uint_eq(sources[2].n_where, 0);
}
END_TEST

/* What policy_versions() says, in a buffer of `size` bytes. */
static const char *versions(const char *profile, const char *user, size_t size)
{
    static char text[400];

    memset(text, 'x', sizeof text);
    policy_versions(policy, policy_find_profile(policy, profile), policy_find_user(policy, user),
                    text, size);
    ck_assert_uint_lt(strlen(text), size);
    return text;
}

START_TEST(the_versions_of_looked_up_routes_are_those_their_files_tell)
{
    char text[1200];
    char file[128];
    struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};

    fixture_write_file("state/routes/journals.fetched",
                       "# byway state 1\n# written 2026-11-22T12:00:00Z\n192.0.2.0/24\n");
    fixture_write_file("state/routes/journals.resolved",
                       "# byway state 1\n# written 2026-11-22T12:00:01Z\n192.0.2.9/32\n");
    fixture_write_file("state/routes/plain.fetched", "198.51.100.0/24\n");
    snprintf(file, sizeof file, "%s/state/routes/plain.fetched", folder);
    ck_assert_int_eq(utimensat(AT_FDCWD, file, times, 0), 0);
    snprintf(text, sizeof text,
             "default-profile campus\nchoose menu\nstate-dir %s/state\n"
             "<routes internal>\n10.0.0.0/8\n</routes>\n"
             "<routes journals>\nfetch https://a/\nhost b\n</routes>\n"
             "<routes none>\nfetch https://c/\n</routes>\n"
             "<routes plain>\nfetch https://d/\n</routes>\n"
             "<profile campus>\nroutes internal\n</profile>\n"
             "<profile library>\nroutes internal journals plain\n</profile>\n"
             "<profile full>\ntunnel full\n</profile>\n"
             "<user alice>\nroutes none journals\n</user>\n",
             folder);
    fixture_load_text(text);
    ck_assert_ptr_nonnull(policy);
    ck_assert_str_eq(versions("campus", "bob", 256), "");
    ck_assert_str_eq(versions("library", "bob", 256), "journals@1795348801,plain@1700000000");
    ck_assert_str_eq(versions("campus", "alice", 256), "journals@1795348801,none@0");
    ck_assert_str_eq(versions("library", "alice", 256),
                     "journals@1795348801,none@0,plain@1700000000");
    ck_assert_str_eq(versions("full", "alice", 256), "");
    ck_assert_str_eq(versions("library", "alice", 44), "journals@1795348801,none@0,+1");
    ck_assert_str_eq(versions("library", "alice", 20), "+3");
}
END_TEST

START_TEST(a_prefix_may_stand_where_the_name_of_a_set_may)
{
    const struct policy_user *user;

    fixture_load_text("default-profile campus\n"
                      "<routes lab>\n198.51.100.0/24\n</routes>\n"
                      "<profile campus>\nroutes 10.0.0.0/8 2001:db8::/32 10.0.0.0/8\n</profile>\n"
                      "<group g>\nroutes lab 192.0.2.0/24\nuser alice\n</group>\n"
                      "<user alice>\nroutes 10.0.0.0/8 203.0.113.7/32\n</user>\n");
    ck_assert_str_eq(fixture_problems(), "");
    ck_assert_uint_eq(policy->n_route_sets, 5);
    ck_assert_uint_eq(policy->profiles[0].routes.n, 2);
    ck_assert_str_eq(policy->profiles[0].routes.sets[0]->name, "10.0.0.0/8");
    ck_assert_str_eq(fixture_set_text(policy->profiles[0].routes.sets[1]->prefixes),
                     "2001:db8::/32\n");
    ck_assert_uint_eq(policy->groups[0].routes.n, 2);
    user = policy_find_user(policy, "alice");
    ck_assert_uint_eq(user->routes.n, 2);
    ck_assert_ptr_eq(user->routes.sets[0], policy->profiles[0].routes.sets[0]);
    ck_assert_uint_eq(policy->extras[user->extra].n, 4);
}
END_TEST

/* ── files ── */

START_TEST(a_mistake_in_an_included_file_is_told_with_that_file)
{
    fixture_write_story();
    fixture_write_file("users.d/15-typo.conf", "# a\n<user x>\nprofil campus\n</user>\n");
    fixture_write_file("internal.list", "10.0.0.0/8\nnonsense\n10.1.2.3/8\n");
    fixture_write_file("physics.users", "x\n\"y\"\n\x1b[31m\n");
    fixture_load();
    ck_assert_ptr_null(policy);
    ck_assert_str_eq(
        fixture_problems(),
        "internal.list:2: error: \"nonsense\" is not an IPv4 or IPv6 address or prefix\n"
        "internal.list:3: error: \"10.1.2.3/8\" has bits set past its prefix length; did you mean "
        "10.0.0.0/8?\n"
        "physics.users:2: error: \"\"y\"\" has quotes; in a list of users, a line is a name as it "
        "is\n"
        "physics.users:3: error: \"?[31m\" has characters that a user name cannot have\n"
        "users.d/15-typo.conf:3: error: unknown directive \"profil\" in <user>; did you mean "
        "\"profile\"?\n");
}
END_TEST

START_TEST(of_many_bad_lines_in_a_list_twenty_are_told)
{
    char text[2000] = "";

    for (int i = 0; i < 100; i++)
        strcat(text, "bad\n");
    fixture_write_story();
    fixture_write_file("internal.list", text);
    fixture_load();
    ck_assert_uint_eq(diagnostics_count(problems), 21);
    ck_assert_str_eq(fixture_problem(20), "internal.list:100: error: and 80 more bad lines");
}
END_TEST

START_TEST(everything_is_not_taken_from_a_list_either)
{
    fixture_write_story();
    fixture_write_file("internal.list", "192.0.2.0/24\n0.0.0.0/0\n");
    fixture_load();
    ck_assert_ptr_null(policy);
    ck_assert_str_eq(fixture_problem(0),
                     "internal.list:2: error: \"0.0.0.0/0\" is everything, which a "
                     "split tunnel never carries; for that, make a profile with "
                     "`tunnel full`");
    ck_assert_uint_eq(diagnostics_count(problems), 1);
    fixture_write_file("internal.list", "0.0.0.0/1\n128.0.0.0/1\n");
    fixture_load();
    ck_assert_str_eq(fixture_problem(0),
                     "internal.list: error: all its prefixes together are every "
                     "address of IPv4, which a split tunnel never carries");
}
END_TEST

START_TEST(files_may_include_files_beside_them)
{
    fixture_write_file("policy.conf", "include sub/a.conf\ndefault-profile p\n");
    fixture_write_file("sub/a.conf", "include b.conf\ninclude none.d/*.conf\ninclude none-*\n");
    fixture_write_file("sub/b.conf", "<profile p>\nroutes r\n</profile>\n<routes r>\ninclude c.*\n"
                                     "</routes>\n");
    fixture_write_file("sub/c.list", "10.0.0.0/9\n");
    fixture_write_file("sub/c.more", "10.128.0.0/9\n");
    fixture_load();
    ck_assert_str_eq(fixture_problems(), "");
    ck_assert_str_eq(fixture_set_text(policy->route_sets[0].prefixes), "10.0.0.0/8\n");
    ck_assert_ptr_nonnull(strstr(policy->profiles[0].file, "/sub/b.conf"));
}
END_TEST

START_TEST(a_file_that_includes_itself_is_refused)
{
    fixture_write_file("policy.conf", "include a.conf\n");
    fixture_write_file("a.conf", "include b.conf\n");
    fixture_write_file("b.conf", "\ninclude a.conf\n");
    fixture_load();
    ck_assert_str_eq(fixture_problem(0), "b.conf:2: error: \"a.conf\" includes itself");
    fixture_write_file("policy.conf", "include *.conf\n");
    fixture_write_file("a.conf", "");
    fixture_write_file("b.conf", "");
    fixture_load();
    ck_assert_str_eq(fixture_problem(0), "policy.conf:1: error: \"policy.conf\" includes itself");
}
END_TEST

START_TEST(files_include_eight_deep_and_no_deeper)
{
    char name[16], text[32];

    fixture_write_file("policy.conf", "include f1\n<profile p>\n</profile>\ndefault-profile p\n");
    for (int i = 1; i <= 9; i++) {
        snprintf(name, sizeof name, "f%d", i);
        snprintf(text, sizeof text, i < 8 ? "include f%d\n" : "# end %d\n", i + 1);
        fixture_write_file(name, text);
    }
    fixture_load();
    ck_assert_msg(policy != NULL, "%s", fixture_problems());
    fixture_write_file("f8", "include f9\n");
    fixture_load();
    ck_assert_str_eq(fixture_problem(0),
                     "f8:1: error: more than 8 files included within one another: \"f9\"");
}
END_TEST

START_TEST(more_than_64_mib_are_refused)
{
    char name[128];
    int fd;

    fixture_write_story();
    snprintf(name, sizeof name, "%s/internal.list", folder);
    fd = open(name, O_WRONLY);
    ck_assert_int_eq(ftruncate(fd, 64 * 1024 * 1024), 0);
    close(fd);
    fixture_load();
    ck_assert_str_eq(fixture_problem(0),
                     "policy.conf:12: error: cannot read \"internal.list\": all files "
                     "together are larger than 64 MiB");
}
END_TEST

START_TEST(a_fifo_in_the_place_of_a_file_holds_nobody_up)
{
    char name[128];

    fixture_write_story();
    snprintf(name, sizeof name, "%s/internal.list", folder);
    unlink(name);
    ck_assert_int_eq(mkfifo(name, 0600), 0);
    fixture_load();
    ck_assert_str_eq(fixture_problem(0),
                     "policy.conf:12: error: cannot read \"internal.list\": not a regular file");
}
END_TEST

START_TEST(a_policy_that_is_not_there_is_an_error_and_is_waited_for)
{
    fixture_load();
    ck_assert_str_eq(fixture_problems(),
                     "policy.conf: error: cannot be read: No such file or directory\n");
    ck_assert(!watch_changed(watch, dirs));
    fixture_write_story();
    ck_assert(watch_changed(watch, dirs));
}
END_TEST

/* ── state files ── */

START_TEST(without_results_the_policy_loads_and_says_what_is_missing)
{
    fixture_write_story();
    fixture_remove("state");
    fixture_load();
    ck_assert_ptr_nonnull(policy);
    ck_assert_str_eq(
        fixture_problems(),
        "policy.conf:56: warning: no result yet: \"state/routes/journals.fetched\" is not there\n"
        "policy.conf:58: warning: no result yet: \"state/routes/journals.resolved\" is not there\n"
        "policy.conf:40: warning: no result yet: \"state/groups/physics.members\" is not there\n");
}
END_TEST

START_TEST(what_is_bad_in_a_result_is_passed_over)
{
    fixture_write_story();
    fixture_write_file("state/routes/journals.fetched",
                       "# at 12:00\n203.0.113.0/24\n<html>\n0.0.0.0/0\n"
                       "::/0\n10.1.2.3/8\n192.0.2.1\n198.18.0.0\t255.254.0.0 # a netmask\n"
                       "100.64.0.0/10#close\n0.0.0.0 0.0.0.0\n");
    fixture_write_file("state/routes/journals.resolved", "0.0.0.0/1\n128.0.0.0/1\n");
    fixture_write_file("state/groups/physics.members", "ivan\n\xff\n\"x\"\njudy\n");
    fixture_load();
    ck_assert_ptr_nonnull(policy);
    ck_assert_uint_eq(diagnostics_count(problems), 8);
    ck_assert_uint_eq(diagnostics_errors(problems), 0);
    ck_assert_str_eq(fixture_set_text(policy_find_route_set(policy, "journals")->prefixes),
                     "100.64.0.0/10\n192.0.2.1/32\n198.18.0.0/15\n203.0.113.0/24\n");
    ck_assert_ptr_nonnull(
        strstr(fixture_problems(), "fetched:10: warning: \"0.0.0.0 0.0.0.0\" is everything"));
    ck_assert_ptr_nonnull(
        strstr(fixture_problems(), "fetched:4: warning: \"0.0.0.0/0\" is everything"));
    ck_assert_ptr_nonnull(
        strstr(fixture_problems(),
               "resolved: warning: all its prefixes together are every address of IPv4"));
    ck_assert_ptr_nonnull(policy_find_user(policy, "ivan"));
    ck_assert_ptr_nonnull(policy_find_user(policy, "judy"));
    ck_assert_uint_eq(policy_find_group(policy, "physics")->n_members, 6);
}
END_TEST

START_TEST(a_result_that_is_there_but_cannot_be_read_is_an_error)
{
    fixture_write_story();
    fixture_remove("state/routes/journals.fetched");
    fixture_write_file("state/routes/journals.fetched/x", "");
    fixture_load();
    ck_assert_ptr_null(policy);
    ck_assert_str_eq(fixture_problems(), "policy.conf:56: error: cannot read "
                                         "\"state/routes/journals.fetched\": not a regular file\n");
}
END_TEST

START_TEST(a_user_name_in_a_list_has_at_most_255_bytes)
{
    char text[600] = "";

    memset(text, 'u', 255);
    text[255] = '\n';
    memset(text + 256, 'v', 256);
    fixture_write_story();
    fixture_write_file("physics.users", text);
    fixture_load();
    ck_assert_ptr_null(policy);
    ck_assert_uint_eq(diagnostics_count(problems), 1);
    ck_assert_ptr_nonnull(strstr(fixture_problem(0), "physics.users:2: error: \"vvvv"));
    ck_assert_ptr_nonnull(strstr(fixture_problem(0), "is longer than a user name may be"));
}
END_TEST

START_TEST(an_exception_holds_against_what_was_fetched)
{
    char text[300];

    snprintf(text, sizeof text,
             "default-profile p\n<profile p>\nroutes r\n</profile>\n<routes r>\n"
             "fetch https://a\nexcept 203.0.113.0/25\n</routes>\nstate-dir %s/state\n",
             folder);
    fixture_write_file("state/routes/r.fetched", "203.0.113.0/24\n");
    fixture_load_text(text);
    ck_assert_str_eq(fixture_set_text(policy->route_sets[0].prefixes), "203.0.113.128/25\n");
}
END_TEST

/* ── watching ── */

static const char *const watched[] = {
    "policy.conf",
    "internal.list",
    "physics.users",
    "users.d/10-gina.conf",
    "state/routes/journals.fetched",
    "state/routes/journals.resolved",
    "state/groups/physics.members",
};

START_TEST(a_change_in_any_file_is_seen)
{
    fixture_load_story();
    ck_assert(!watch_changed(watch, dirs));
    fixture_write_file(watched[_i], "# changed\n");
    ck_assert(watch_changed(watch, dirs));
}
END_TEST

START_TEST(a_file_that_comes_or_goes_is_seen)
{
    char name[128];

    fixture_load_story();
    fixture_write_file("users.d/30-new.conf", "");
    ck_assert(watch_changed(watch, dirs));
    fixture_load();
    ck_assert(!watch_changed(watch, dirs));
    snprintf(name, sizeof name, "%s/state/routes/journals.fetched", folder);
    unlink(name);
    ck_assert(watch_changed(watch, dirs));
    fixture_load();
    ck_assert(!watch_changed(watch, dirs));
    fixture_write_file("state/routes/journals.fetched", "");
    ck_assert(watch_changed(watch, dirs));
}
END_TEST

START_TEST(a_bad_policy_is_watched_too)
{
    fixture_write_story();
    fixture_write_file("internal.list", "bad\n");
    fixture_load();
    ck_assert_ptr_null(policy);
    ck_assert(!watch_changed(watch, dirs));
    fixture_write_file("internal.list", "10.0.0.0/8\n");
    ck_assert(watch_changed(watch, dirs));
    fixture_write_file("policy.conf", "include later.conf\n");
    fixture_load();
    fixture_write_file("later.conf", "\n");
    ck_assert(watch_changed(watch, dirs));
}
END_TEST

static char told[4000]; /* by the trace, one a line */

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *format, ...)
{
    size_t n = strlen(told);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(told + n, sizeof(told) - n, format, arguments);
    va_end(arguments);
}

static void tell_line(void *arg, const struct directive *block, const struct directive *line)
{
    ck_assert_ptr_eq(arg, told);
    if (block != NULL && strcmp(block->argv[0], "profile") != 0)
        tell("%s %s: %u %s\n", block->argv[0], block->argv[1], line->line, line->argv[0]);
}

static void tell_listed(void *arg, const struct policy_listed *listed)
{
    ck_assert_ptr_eq(arg, told);
    tell("%s %s: %s:%u %.*s\n", listed->kind, listed->name, listed->file + strlen(folder) + 1,
         listed->line, (int)listed->n, listed->text);
}

START_TEST(whoever_asks_is_told_every_line_and_where_it_stands)
{
    const struct policy_trace trace = {.arg = told, .line = tell_line, .listed = tell_listed};
    char text[600];

    snprintf(text, sizeof(text),
             "state-dir %s/state\n" PREAMBLE "<routes journals>\n192.0.2.0 255.255.255.0\n"
             "except 192.0.2.7\ninclude a.list\nfetch https://a.example/\n</routes>\n"
             "<group staff>\nunix-group staff\nroutes journals\n</group>\n",
             folder);
    fixture_write_file("policy.conf", text);
    fixture_write_file("a.list", "\n198.51.100.0/24 # one\n");
    fixture_write_file("state/routes/journals.fetched", "# got\n203.0.113.0/24\n");
    fixture_write_file("state/groups/staff.members", "alice\n");
    told[0] = '\0';
    policy = policy_load_traced(path, dirs, watch, problems, &trace);
    ck_assert_ptr_nonnull(policy);
    ck_assert_str_eq(told, "routes internal: 4 10.0.0.0/8\n"
                           "routes journals: 10 192.0.2.0\n"
                           "routes journals: 11 except\n"
                           "routes journals: 12 include\n"
                           "routes journals: a.list:2 198.51.100.0/24\n"
                           "routes journals: 13 fetch\n"
                           "group staff: 16 unix-group\n"
                           "group staff: 17 routes\n"
                           "routes journals: state/routes/journals.fetched:2 203.0.113.0/24\n"
                           "group staff: state/groups/staff.members:1 alice\n");
}
END_TEST

START_TEST(a_list_that_is_not_used_is_not_told)
{
    const struct policy_trace trace = {.arg = told, .line = tell_line, .listed = tell_listed};
    char text[400];

    snprintf(text, sizeof(text),
             "state-dir %s/state\n" PREAMBLE "<routes journals>\nfetch https://a.example/\n"
             "</routes>\n",
             folder);
    fixture_write_file("policy.conf", text);
    fixture_write_file("state/routes/journals.fetched", "0.0.0.0/1\n128.0.0.0/1\n");
    told[0] = '\0';
    policy = policy_load_traced(path, dirs, watch, problems, &trace);
    ck_assert_ptr_nonnull(policy);
    ck_assert_str_eq(told, "routes internal: 4 10.0.0.0/8\nroutes journals: 10 fetch\n");
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("policy_load");
    TCase *all = tcase_create("all");

    tcase_add_checked_fixture(all, fixture_setup, fixture_teardown);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, the_story_loads_with_all_it_says);
    tcase_add_test(all, route_sets_hold_what_is_written_listed_fetched_and_resolved);
    tcase_add_test(all, a_fetch_may_say_which_objects_are_meant);
    tcase_add_test(all, the_versions_of_looked_up_routes_are_those_their_files_tell);
    tcase_add_test(all, a_prefix_may_stand_where_the_name_of_a_set_may);
    tcase_add_test(all, a_mistake_in_an_included_file_is_told_with_that_file);
    tcase_add_test(all, of_many_bad_lines_in_a_list_twenty_are_told);
    tcase_add_test(all, everything_is_not_taken_from_a_list_either);
    tcase_add_test(all, files_may_include_files_beside_them);
    tcase_add_test(all, a_file_that_includes_itself_is_refused);
    tcase_add_test(all, files_include_eight_deep_and_no_deeper);
    tcase_add_test(all, more_than_64_mib_are_refused);
    tcase_add_test(all, a_fifo_in_the_place_of_a_file_holds_nobody_up);
    tcase_add_test(all, a_policy_that_is_not_there_is_an_error_and_is_waited_for);
    tcase_add_test(all, without_results_the_policy_loads_and_says_what_is_missing);
    tcase_add_test(all, what_is_bad_in_a_result_is_passed_over);
    tcase_add_test(all, a_result_that_is_there_but_cannot_be_read_is_an_error);
    tcase_add_test(all, a_user_name_in_a_list_has_at_most_255_bytes);
    tcase_add_test(all, an_exception_holds_against_what_was_fetched);
    tcase_add_loop_test(all, a_change_in_any_file_is_seen, 0, COUNT(watched));
    tcase_add_test(all, a_file_that_comes_or_goes_is_seen);
    tcase_add_test(all, a_bad_policy_is_watched_too);
    tcase_add_test(all, whoever_asks_is_told_every_line_and_where_it_stands);
    tcase_add_test(all, a_list_that_is_not_used_is_not_told);
    suite_add_tcase(suite, all);
    return suite;
}
