/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "lib/state_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))
#define NOON         INT64_C(1795348800) /* 2026-11-22T12:00:00Z */

static struct prefix prefix(const char *text)
{
    struct prefix out = {0};

    ck_assert_int_eq(prefix_parse(text, strlen(text), &out), PREFIX_OK);
    return out;
}

static struct prefix_set *set(const char *list)
{
    struct prefix_set *out = prefix_set_new();

    ck_assert(prefix_set_read(out, list, strlen(list), NULL, NULL));
    ck_assert(prefix_set_minimise(out));
    return out;
}

static void ignore(void *arg, unsigned line, const char *text, size_t n, enum prefix_status why,
                   const struct prefix *suggestion)
{
    unsigned *bad = arg;

    (void)line, (void)text, (void)n, (void)why, (void)suggestion;
    ++*bad;
}

static struct state_file *parse(enum state_kind kind, const char *text)
{
    struct state_file *file = state_file_parse(kind, text, strlen(text));

    ck_assert_ptr_nonnull(file);
    return file;
}

/* ── time ── */

static const struct {
    int64_t at;
    const char *text;
} times[] = {
    {0, "1970-01-01T00:00:00Z"},
    {951782400, "2000-02-29T00:00:00Z"},
    {NOON, "2026-11-22T12:00:00Z"},
    {INT64_C(4102444799), "2099-12-31T23:59:59Z"},
    {INT64_C(253402300799), "9999-12-31T23:59:59Z"},
};

START_TEST(a_time_is_written_in_utc_and_read_as_the_same)
{
    char text[STATE_TIME_SIZE];
    int64_t at = -1;

    ck_assert_str_eq(state_time_format(times[_i].at, text), times[_i].text);
    ck_assert(state_time_parse(times[_i].text, strlen(times[_i].text), &at));
    ck_assert_int_eq(at, times[_i].at);
}
END_TEST

static const char *const bad_times[] = {
    "",
    "2026-11-22",
    "2026-11-22T12:00:00",
    "2026-11-22 12:00:00Z",
    "2026-11-22T12:00:00z",
    "2026-02-30T12:00:00Z",
    "2026-13-01T12:00:00Z",
    "2026-00-01T12:00:00Z",
    "2026-11-22T24:00:00Z",
    "2026-11-22T12:60:00Z",
    "2026-11-22T12:00:61Z",
    "1969-12-31T23:59:59Z",
    "0000-00-00T00:00:00Z",
    "2026-11-22T12:00:00ZZ",
    "-026-11-22T12:00:00Z",
    "2026-11-22T+1:00:00Z",
};

START_TEST(any_other_text_is_no_time)
{
    int64_t at = -1;

    ck_assert(!state_time_parse(bad_times[_i], strlen(bad_times[_i]), &at));
    ck_assert_int_eq(at, -1);
}
END_TEST

START_TEST(the_next_version_is_always_later_than_the_one_before)
{
    ck_assert_int_eq(state_next_version(0, NOON), NOON);
    ck_assert_int_eq(state_next_version(NOON - 1, NOON), NOON);
    ck_assert_int_eq(state_next_version(NOON, NOON), NOON + 1);
    ck_assert_int_eq(state_next_version(NOON + 3600, NOON), NOON + 3601);
}
END_TEST

/* ── what sources are called ── */

START_TEST(a_source_is_called_by_what_the_policy_says_but_not_how_often)
{
    struct policy_condition where[] = {{"service", "S3"}, {"region", "eu west"}};
    struct policy_source fetch = {.kind = POLICY_SOURCE_FETCH,
                                  .what = "https://example.org/a.json",
                                  .every_s = 60,
                                  .where = where,
                                  .n_where = 2};
    struct policy_source host = {.kind = POLICY_SOURCE_HOST, .what = "www.example.org"};
    char *texts[] = {state_source_text(&fetch), state_source_text(&host),
                     state_unix_group_text("physics")};

    ck_assert_str_eq(texts[0],
                     "fetch https://example.org/a.json where service=S3 where region=eu west");
    ck_assert_str_eq(texts[1], "host www.example.org");
    ck_assert_str_eq(texts[2], "unix-group physics");
    for (int i = 0; i < COUNT(texts); i++)
        free(texts[i]);
}
END_TEST

START_TEST(the_files_lie_where_the_plugin_looks)
{
    char path[STATE_PATH_SIZE];

    ck_assert_str_eq(state_file_path(STATE_FETCHED, "a", path), "routes/a.fetched");
    ck_assert_str_eq(state_file_path(STATE_RESOLVED, "a", path), "routes/a.resolved");
    ck_assert_str_eq(state_file_path(STATE_MEMBERS, "a", path), "groups/a.members");
}
END_TEST

/* ── writing and reading back ── */

static const char fetched_text[] =
    "# byway state 1\n"
    "# set journals\n"
    "# written 2026-11-22T12:00:00Z\n"
    "\n"
    "# source fetch https://example.org/ranges.json where service=S3\n"
    "# got 2026-11-22T11:00:00Z\n"
    "# checked 2026-11-22T12:00:00Z\n"
    "# etag \"abc\"\n"
    "# modified Sun, 22 Nov 2026 10:00:00 GMT\n"
    "# read 5\n"
    "# dropped 10.0.0.0/8 private\n"
    "# dropped 0.0.0.0/0 shorter than /8\n"
    "# dropped-all 7\n"
    "# count 2\n"
    "192.0.2.0/24\n"
    "2001:db8::/32\n"
    "\n"
    "# source fetch file:///etc/more\n"
    "# count 0\n";

static struct state_drop drops[] = {{"10.0.0.0/8", "private"}, {"0.0.0.0/0", "shorter than /8"}};

static void make_fetched(struct state_source sources[2])
{
    sources[0] = (struct state_source){
        .what = "fetch https://example.org/ranges.json where service=S3",
        .got_at = NOON - 3600,
        .checked_at = NOON,
        .etag = "\"abc\"",
        .modified = "Sun, 22 Nov 2026 10:00:00 GMT",
        .read = 5,
        .drops = drops,
        .n_drops = 2,
        .dropped = 7,
        .prefixes = set("192.0.2.128/25\n192.0.2.0/25\n2001:db8::/32\n"),
    };
    sources[1] = (struct state_source){.what = "fetch file:///etc/more"};
}

START_TEST(what_was_fetched_is_written_source_by_source)
{
    struct state_source sources[2];
    struct state_file file = {NULL, STATE_FETCHED, "journals", NOON, sources, 2};
    char *text;
    size_t n = 0;

    make_fetched(sources);
    text = state_file_format(&file, &n);
    ck_assert_str_eq(text, fetched_text);
    ck_assert_uint_eq(n, strlen(fetched_text));
    free(text);
    prefix_set_free(sources[0].prefixes);
}
END_TEST

START_TEST(what_was_fetched_is_read_as_it_was_written)
{
    struct state_source sources[2];
    struct state_file *file = parse(STATE_FETCHED, fetched_text);
    const struct state_source *read = state_file_find(file, file->sources[0].what);

    make_fetched(sources);
    ck_assert_str_eq(file->name, "journals");
    ck_assert_int_eq(file->written_at, NOON);
    ck_assert_uint_eq(file->n_sources, 2);
    ck_assert_str_eq(read->what, sources[0].what);
    ck_assert_int_eq(read->got_at, NOON - 3600);
    ck_assert_int_eq(read->checked_at, NOON);
    ck_assert_str_eq(read->etag, "\"abc\"");
    ck_assert_str_eq(read->modified, sources[0].modified);
    ck_assert_uint_eq(read->read, 5);
    ck_assert_uint_eq(read->n_drops, 2);
    ck_assert_str_eq(read->drops[1].what, "0.0.0.0/0");
    ck_assert_str_eq(read->drops[1].why, "shorter than /8");
    ck_assert_uint_eq(read->dropped, 7);
    ck_assert(prefix_set_equal(read->prefixes, sources[0].prefixes));
    ck_assert(!read->damaged);
    ck_assert(!state_file_find(file, "fetch file:///etc/more")->damaged);
    ck_assert_ptr_null(state_file_find(file, "fetch https://elsewhere.example/"));
    prefix_set_free(sources[0].prefixes);
    state_file_free(file);
}
END_TEST

START_TEST(addresses_of_hosts_keep_when_they_were_seen)
{
    struct state_address addresses[] = {{prefix("192.0.2.6"), NOON},
                                        {prefix("192.0.2.7"), 0},
                                        {prefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), NOON}};
    struct state_source source = {
        .what = "host www.example.org", .addresses = addresses, .n_addresses = 3};
    struct state_file file = {NULL, STATE_RESOLVED, "journals", NOON, &source, 1};
    size_t n = 0;
    char *text = state_file_format(&file, &n);
    struct state_file *again = parse(STATE_RESOLVED, text);

    ck_assert_uint_eq(again->n_sources, 1);
    ck_assert_uint_eq(again->sources[0].n_addresses, 3);
    ck_assert(!again->sources[0].damaged);
    for (int i = 0; i < 3; i++) {
        const struct state_address *address = &again->sources[0].addresses[i];

        ck_assert_int_eq(prefix_compare(&address->prefix, &addresses[i].prefix), 0);
        ck_assert_int_eq(address->seen_at, addresses[i].seen_at);
    }
    state_file_free(again);
    free(text);
}
END_TEST

START_TEST(members_that_no_line_can_hold_are_left_out)
{
    const char *members[] = {"alice",    "bob smith",       "",          "#carol",
                             "dave # x", "e\nve",           " frank",    "\"grace\"",
                             "'h'",      "i;van",           "j\xffudy",  "k#arl",
                             "lea\t",    "\xef\xbb\xbfmax", "n\x1b[31m", "zoë"};
    struct state_source source = {
        .what = "unix-group physics", .members = members, .n_members = (size_t)COUNT(members)};
    struct state_file file = {NULL, STATE_MEMBERS, "physics", NOON, &source, 1};
    static const char *const expected[] = {"alice", "bob smith", "i;van", "k#arl", "zoë"};
    size_t n = 0;
    char *text = state_file_format(&file, &n);
    struct state_file *again = parse(STATE_MEMBERS, text);

    ck_assert_ptr_nonnull(strstr(text, "# group physics\n"));
    ck_assert_uint_eq(again->sources[0].n_members, (size_t)COUNT(expected));
    ck_assert(!again->sources[0].damaged);
    for (int i = 0; i < COUNT(expected); i++)
        ck_assert_str_eq(again->sources[0].members[i], expected[i]);
    state_file_free(again);
    free(text);
}
END_TEST

START_TEST(nothing_from_the_net_leaves_its_comment)
{
    struct state_drop forged = {"x\n1.2.3.4/5", "y\r\n6.7.8.0/24\x1b[2J"};
    struct state_source source = {.what = "fetch http://a/\n9.9.9.9/32",
                                  .etag = "\n0.0.0.0/0\n# source fetch b",
                                  .modified = "\xff\xfe\xe2\x80\xae",
                                  .drops = &forged,
                                  .n_drops = 1};
    struct state_file file = {NULL, STATE_FETCHED, "a", NOON, &source, 1};
    size_t n = 0;
    char *text = state_file_format(&file, &n);
    struct prefix_set *lines = prefix_set_new();
    unsigned bad = 0;
    size_t count = 0;

    ck_assert(prefix_set_read(lines, text, n, ignore, &bad));
    ck_assert(prefix_set_minimise(lines));
    prefix_set_cover(lines, &count, NULL);
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(bad, 0);
    ck_assert_ptr_nonnull(strstr(text, "# modified ???\n"));
    ck_assert_ptr_null(strchr(text, '\x1b'));
    prefix_set_free(lines);
    free(text);
}
END_TEST

START_TEST(what_is_long_is_cut_between_characters)
{
    char etag[2 * STATE_MAX_TEXT + 4] = "x";
    struct state_source source = {.what = "host a", .etag = etag};
    struct state_file file = {NULL, STATE_RESOLVED, "a", NOON, &source, 1};
    struct state_file *again;
    size_t n = 0;
    char *text;

    for (size_t i = 0; i < STATE_MAX_TEXT; i++)
        memcpy(etag + 1 + 2 * i, "é", 3);
    text = state_file_format(&file, &n);
    again = parse(STATE_RESOLVED, text);
    ck_assert_uint_eq(strlen(again->sources[0].etag), STATE_MAX_TEXT - 1);
    ck_assert_ptr_null(strchr(again->sources[0].etag, '?'));
    state_file_free(again);
    free(text);
}
END_TEST

/* ── files that were not written here ── */

START_TEST(a_plain_list_is_one_source_without_a_name)
{
    struct state_file *file = parse(STATE_FETCHED, "; mine\n192.0.2.0/24 # yes\n\n198.51.100.0/24");
    struct prefix_set *expected = set("192.0.2.0/24\n198.51.100.0/24\n");

    ck_assert_uint_eq(file->n_sources, 1);
    ck_assert_str_eq(file->sources[0].what, "");
    ck_assert(prefix_set_equal(file->sources[0].prefixes, expected));
    ck_assert_ptr_null(file->name);
    ck_assert_int_eq(file->written_at, 0);
    prefix_set_free(expected);
    state_file_free(file);
}
END_TEST

START_TEST(a_file_without_lines_has_no_source)
{
    struct state_file *file = parse(STATE_MEMBERS, "# byway state 1\n# group physics\n");

    ck_assert_uint_eq(file->n_sources, 0);
    ck_assert_str_eq(file->name, "physics");
    state_file_free(file);
}
END_TEST

static const struct {
    enum state_kind kind;
    const char *text;
} damaged[] = {
    {STATE_FETCHED, "# source fetch a\n# count 2\n192.0.2.0/24\n"},
    {STATE_FETCHED, "# source fetch a\n# count 0\n192.0.2.0/24\n"},
    {STATE_FETCHED, "# source fetch a\n192.0.2.0/2"},
    {STATE_FETCHED, "# source fetch a\nrubbish\n"},
    {STATE_RESOLVED, "# source host a\n192.0.2.0/24x\n"},
    {STATE_RESOLVED, "# source host a\n# count 1\n192.0.2.7/32\n192.0.2.8/32\n"},
    {STATE_MEMBERS, "# source unix-group a\n\"alice\"\n"},
    {STATE_MEMBERS, "# source unix-group a\n# count 2\nalice\n"},
};

START_TEST(a_section_that_is_not_whole_says_so)
{
    struct state_file *file = parse(damaged[_i].kind, damaged[_i].text);

    ck_assert_uint_eq(file->n_sources, 1);
    ck_assert(file->sources[0].damaged);
    state_file_free(file);
}
END_TEST

START_TEST(numbers_and_times_that_are_none_change_nothing)
{
    struct state_file *file =
        parse(STATE_FETCHED, "# written soon\n# source fetch a\n# read -1\n# got yesterday\n"
                             "# count 99999999999999999999\n# dropped-all 0x9\n192.0.2.0/24\n");

    ck_assert_int_eq(file->written_at, 0);
    ck_assert_uint_eq(file->sources[0].read, 0);
    ck_assert_int_eq(file->sources[0].got_at, 0);
    ck_assert_uint_eq(file->sources[0].dropped, 0);
    ck_assert(!file->sources[0].damaged);
    state_file_free(file);
}
END_TEST

START_TEST(what_is_read_may_be_shown)
{
    struct state_file *file = parse(STATE_FETCHED, "# source fetch \x1b[2Jx\xff\n# count 0\n");

    ck_assert_str_eq(file->sources[0].what, "fetch ?[2Jx?");
    state_file_free(file);
}
END_TEST

START_TEST(a_file_that_is_cut_anywhere_is_read_all_the_same)
{
    size_t head = (size_t)(strstr(fetched_text, "Z\n") - fetched_text) + 1;

    for (size_t n = 0; n <= strlen(fetched_text); n++) {
        char *cut = strndup(fetched_text, n);

        for (int kind = STATE_FETCHED; kind <= STATE_MEMBERS; kind++)
            state_file_free(parse((enum state_kind)kind, cut));
        ck_assert_int_eq(state_file_version(cut, n), n < head ? 0 : NOON);
        free(cut);
    }
}
END_TEST

static const struct {
    const char *text;
    int64_t version;
} versions[] = {
    {"# byway state 1\n# set a\n# written 2026-11-22T12:00:00Z\n192.0.2.0/24\n", NOON},
    {"# written 2026-11-22T12:00:00Z", NOON},
    {"# byway state 1\r\n# written 2026-11-22T12:00:00Z\r\n", NOON},
    {"192.0.2.0/24\n# written 2026-11-22T12:00:00Z\n", 0},
    {"# written today\n", 0},
    {"#\n#\n#\n#\n#\n#\n#\n#\n# written 2026-11-22T12:00:00Z\n", 0},
    {"", 0},
};

START_TEST(the_version_stands_in_the_head)
{
    ck_assert_int_eq(state_file_version(versions[_i].text, strlen(versions[_i].text)),
                     versions[_i].version);
}
END_TEST

/* ── on disk ── */

static char folder[64];

static void make_folder(void)
{
    strcpy(folder, "/tmp/byway-check-state-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    static const char *const names[] = {"routes/a.fetched", "routes/.a.fetched.new", "routes"};

    for (int i = 0; i < COUNT(names); i++) {
        char path[256];

        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        remove(path);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}

static struct stat stat_of(const char *name)
{
    struct stat st = {0};
    char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_int_eq(stat(path, &st), 0);
    return st;
}

START_TEST(a_file_is_replaced_by_another_that_everybody_may_read)
{
    mode_t mask = umask(077);
    struct stat before, after;
    size_t n = 0;
    char *text;

    ck_assert_int_eq(state_save(folder, "routes/a.fetched", "one\n", 4, true), 0);
    before = stat_of("routes/a.fetched");
    ck_assert_int_eq(state_save(folder, "routes/a.fetched", "two two\n", 8, true), 0);
    umask(mask);
    after = stat_of("routes/a.fetched");
    ck_assert_uint_ne(before.st_ino, after.st_ino);
    ck_assert_uint_eq(after.st_mode & 0777, 0644);
    text = state_load(folder, "routes/a.fetched", &n);
    ck_assert_str_eq(text, "two two\n");
    ck_assert_uint_eq(n, 8);
    free(text);
}
END_TEST

START_TEST(what_a_crash_left_behind_is_in_nobodys_way)
{
    char path[256], target[256];

    ck_assert_int_eq(state_save(folder, "routes/a.fetched", "one\n", 4, false), 0);
    snprintf(path, sizeof path, "%s/routes/.a.fetched.new", folder);
    snprintf(target, sizeof target, "%s/routes/elsewhere", folder);
    ck_assert_int_eq(symlink(target, path), 0);
    ck_assert_int_eq(state_save(folder, "routes/a.fetched", "two\n", 4, false), 0);
    ck_assert_int_ne(access(target, F_OK), 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_uint_eq(stat_of("routes/a.fetched").st_size, 4);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_leaves_the_old_one)
{
    char path[256];

    ck_assert_int_eq(state_save(folder, "routes/a.fetched", "one\n", 4, false), 0);
    snprintf(path, sizeof path, "%s/routes/.a.fetched.new", folder);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    ck_assert_int_eq(state_save(folder, "routes/a.fetched", "longer\n", 7, false), EEXIST);
    ck_assert_uint_eq(stat_of("routes/a.fetched").st_size, 4);
    ck_assert_int_eq(state_save("/nowhere/at/all", "routes/a.fetched", "x\n", 2, false), ENOENT);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_no_text)
{
    size_t n = 0;

    ck_assert_ptr_null(state_load(folder, "routes/a.fetched", &n));
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("state_file");
    TCase *tests = tcase_create("text");
    TCase *disk = tcase_create("disk");

    tcase_add_loop_test(tests, a_time_is_written_in_utc_and_read_as_the_same, 0, COUNT(times));
    tcase_add_loop_test(tests, any_other_text_is_no_time, 0, COUNT(bad_times));
    tcase_add_test(tests, the_next_version_is_always_later_than_the_one_before);
    tcase_add_test(tests, a_source_is_called_by_what_the_policy_says_but_not_how_often);
    tcase_add_test(tests, the_files_lie_where_the_plugin_looks);
    tcase_add_test(tests, what_was_fetched_is_written_source_by_source);
    tcase_add_test(tests, what_was_fetched_is_read_as_it_was_written);
    tcase_add_test(tests, addresses_of_hosts_keep_when_they_were_seen);
    tcase_add_test(tests, members_that_no_line_can_hold_are_left_out);
    tcase_add_test(tests, nothing_from_the_net_leaves_its_comment);
    tcase_add_test(tests, what_is_long_is_cut_between_characters);
    tcase_add_test(tests, a_plain_list_is_one_source_without_a_name);
    tcase_add_test(tests, a_file_without_lines_has_no_source);
    tcase_add_loop_test(tests, a_section_that_is_not_whole_says_so, 0, COUNT(damaged));
    tcase_add_test(tests, numbers_and_times_that_are_none_change_nothing);
    tcase_add_test(tests, what_is_read_may_be_shown);
    tcase_add_test(tests, a_file_that_is_cut_anywhere_is_read_all_the_same);
    tcase_add_loop_test(tests, the_version_stands_in_the_head, 0, COUNT(versions));
    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(disk, make_folder, remove_folder);
    tcase_add_test(disk, a_file_is_replaced_by_another_that_everybody_may_read);
    tcase_add_test(disk, what_a_crash_left_behind_is_in_nobodys_way);
    tcase_add_test(disk, a_file_that_cannot_be_written_leaves_the_old_one);
    tcase_add_test(disk, a_file_that_is_not_there_is_no_text);
    suite_add_tcase(suite, disk);
    return suite;
}
