/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "mgmtd/range_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

/* What was found, one after the other; a '!' before what had bits past its length. */
struct found {
    char text[4096];
    size_t n;
};

static bool note(void *arg, const struct prefix *prefix, enum prefix_status status)
{
    struct found *found = arg;
    char text[PREFIX_TEXT_SIZE];

    prefix_format(prefix, text);
    found->n += (size_t)snprintf(found->text + found->n, sizeof(found->text) - found->n, "%s%s%s",
                                 found->n > 0 ? " " : "", status == PREFIX_OK ? "" : "!", text);
    ck_assert_uint_lt(found->n, sizeof(found->text));
    return true;
}

/* `where` is "KEY=VALUE KEY=VALUE…", or NULL. */
static enum range_list_result read_list(const char *text, size_t n, const char *where,
                                        struct found *found, size_t *count)
{
    char *copy = malloc(n > 0 ? n : 1); /* the sanitizer sees its end */
    char words[256] = "";
    struct policy_condition asked[8];
    size_t n_asked = 0;
    char *rest = NULL;
    enum range_list_result result;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, n);
    if (where != NULL)
        snprintf(words, sizeof(words), "%s", where);
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(word, '=');

        *equals = '\0';
        asked[n_asked++] = (struct policy_condition){word, equals + 1};
    }
    *found = (struct found){{0}, 0};
    result = range_list_read(copy, n, asked, n_asked, note, found, count);
    free(copy);
    return result;
}

static const struct {
    const char *text, *found;
} lists[] = {
    /* plain */
    {"192.0.2.0/24", "192.0.2.0/24"},
    {"192.0.2.0/24\n198.51.100.7\n", "192.0.2.0/24 198.51.100.7/32"},
    {"\xef\xbb\xbf 192.0.2.0/24\r\n2001:db8::/32\r\n", "192.0.2.0/24 2001:db8::/32"},
    {"\t192.0.2.0/24   2001:db8::1 \n", "192.0.2.0/24 2001:db8::1/128"},
    {"192.0.2.1/24", "!192.0.2.0/24"},
    {"2001:DB8::/32\n::1\n", "2001:db8::/32 ::1/128"},
    /* comments */
    {"# 10.0.0.0/8\n192.0.2.0/24 # 10.1.0.0/16\n; 10.2.0.0/16\n192.0.3.0/24 ; SBL1 10.3.0.0/16",
     "192.0.2.0/24 192.0.3.0/24"},
    {"#", ""},
    {"192.0.2.0/24;198.51.100.0/24", "192.0.2.0/24 198.51.100.0/24"},
    /* CSV */
    {"prefix,name\n\"192.0.2.0/24\",\"a, b\"\n'198.51.100.0/24','x'\n",
     "192.0.2.0/24 198.51.100.0/24"},
    {"192.0.2.0/24,DE,\"198.51.100.0/24,203.0.113.0/24\"\n",
     "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24"},
    {"a=192.0.2.0/24|[2001:db8::1]|(198.51.100.9)", "192.0.2.0/24 2001:db8::1/128 198.51.100.9/32"},
    /* netmasks */
    {"192.0.2.0 255.255.255.0", "192.0.2.0/24"},
    {"192.0.2.0,255.255.255.0,x\n", "192.0.2.0/24"},
    {"\"192.0.2.0\",\"255.255.255.0\"\n", "192.0.2.0/24"},
    {"192.0.2.0/255.255.255.0", "192.0.2.0/24"},
    {"192.0.2.1 255.255.255.0", "!192.0.2.0/24"},
    {"192.0.2.0\n255.255.255.0\n", "192.0.2.0/32 255.255.255.0/32"},
    {"192.0.2.0 # 255.255.255.0", "192.0.2.0/32"},
    {"192.0.2.0/24 255.255.255.0", "192.0.2.0/24 255.255.255.0/32"},
    {"192.0.2.0 255.0.255.0", "192.0.2.0/32 255.0.255.0/32"},
    {"2001:db8::1 255.255.255.0", "2001:db8::1/128 255.255.255.0/32"},
    {"192.0.2.0/255.0.255.0", ""},
    /* ranges */
    {"192.0.2.0-192.0.2.255", "192.0.2.0/24"},
    {"192.0.2.1-192.0.2.6", "192.0.2.1/32 192.0.2.2/31 192.0.2.4/31 192.0.2.6/32"},
    {"0.0.0.0-255.255.255.255", "0.0.0.0/0"},
    {"255.255.255.254-255.255.255.255", "255.255.255.254/31"},
    {"2001:db8::-2001:db8::ffff", "2001:db8::/112"},
    {"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"},
    {"192.0.2.9-192.0.2.1 192.0.2.0-2001:db8:: 192.0.2.0/24-192.0.3.0/24 192.0.2.1-", ""},
    /* what is nothing */
    {"version 1.2 of 2026-11-22 12:30:00 10.1 010.0.0.1 1.2.3.4.5 192.0.2.0/33 192.0.2.1:443", ""},
    {"https://192.0.2.1/ ::g 12:34:56:78:9a:bc", ""},
    /* JSON */
    {"[\"192.0.2.0/24\",\"2001:db8::/32\"]", "192.0.2.0/24 2001:db8::/32"},
    {" {\"a\":{\"b\":[\"192.0.2.0/24\",1,null,true,\"x\",{\"c\":\"198.51.100.1\"}]}}",
     "192.0.2.0/24 198.51.100.1/32"},
    {"[\"see 192.0.2.0/24\",\"192.0.2.0/24 \",\"192.0.2.1/24\"]", "!192.0.2.0/24"},
    {"{\"192.0.2.0/24\":\"key\"}", ""},
    {"[\"192\\u002e0.2.0\\/24\"]", "192.0.2.0/24"},
    {"[\"192.0.2.1\\n\",\"\\u0000\"]", ""},
    {"[\"192.0.2.0-192.0.2.127\",\"192.0.2.0/255.255.255.0\"]", "192.0.2.0/25 192.0.2.0/24"},
    {"[]", ""},
    /* One value a line. */
    {"{\"a\":\"192.0.2.0/24\"}\n{\"a\":\"198.51.100.1\"}\n", "192.0.2.0/24 198.51.100.1/32"},
    {"{\"a\":\"192.0.2.0/24\"}\r\n\r\n[]\r\n \"198.51.100.1\"", "192.0.2.0/24 198.51.100.1/32"},
    {"{\"a\":\n\"192.0.2.0/24\"}\n", "192.0.2.0/24"},
};

START_TEST(every_word_that_is_a_prefix_is_found)
{
    struct found found;
    size_t count = 99;
    enum range_list_result result =
        read_list(lists[_i].text, strlen(lists[_i].text), NULL, &found, &count);

    ck_assert_str_eq(found.text, lists[_i].found);
    ck_assert_int_eq(result, found.n > 0 ? RANGE_LIST_OK : RANGE_LIST_NOTHING);
    ck_assert_int_eq(count > 0, found.n > 0);
}
END_TEST

static const struct {
    const char *text;
    size_t n;
    const char *where;
    enum range_list_result result;
} refused[] = {
    {"", 0, NULL, RANGE_LIST_NOTHING},
    {" \r\n", 3, NULL, RANGE_LIST_NOTHING},
    {"nothing here\n", 13, NULL, RANGE_LIST_NOTHING},
    {"<html>192.0.2.0/24</html>", 25, NULL, RANGE_LIST_PAGE},
    {"\n <!DOCTYPE html>192.0.2.0/24", 29, NULL, RANGE_LIST_PAGE},
    {"192.0.2.0/24\n\0", 14, NULL, RANGE_LIST_BINARY},
    {"\x1f\x8b\x08\x00", 4, NULL, RANGE_LIST_BINARY},
    {"[\"192.0.2.0/24\",", 16, NULL, RANGE_LIST_BROKEN_JSON},
    {"{\"a\":[\"192.0.2.0/24\"]", 21, NULL, RANGE_LIST_BROKEN_JSON},
    {"{192.0.2.0/24}", 14, NULL, RANGE_LIST_BROKEN_JSON},
    {"[\"192.0.2.0/24\"]x", 17, NULL, RANGE_LIST_BROKEN_JSON},
    {"{\"a\":[\"192.0.2.0/24\"]", 21, "a=b", RANGE_LIST_BROKEN_JSON},
    {"[\"192.0.2.0/24\"]", 16, "a=b", RANGE_LIST_NO_OBJECT},
    {"{\"a\":\"c\",\"p\":\"192.0.2.0/24\"}", 28, "a=b", RANGE_LIST_NO_OBJECT},
    {"{\"a\":\"b\"}", 9, "a=b", RANGE_LIST_NOTHING},
    {"192.0.2.0/24", 12, "a=b", RANGE_LIST_NO_JSON},
    {"{\"a\":\"192.0.2.0/24\"}\n{\"a\":\"198", 30, NULL, RANGE_LIST_BROKEN_JSON},
    {"{\"a\":\"192.0.2.0/24\"}\nx\n{\"a\":1}\n", 31, NULL, RANGE_LIST_BROKEN_JSON},
    {"{\"a\":\"192.0.2.0/24\"}\n{\"a\":1}\n", 29, "a=b", RANGE_LIST_NO_OBJECT},
    {"{\n\"a\":\"192.0.2.0/24\"\n", 21, NULL, RANGE_LIST_BROKEN_JSON},
};

START_TEST(what_is_no_list_is_refused_and_it_says_why)
{
    struct found found;

    ck_assert_int_eq(read_list(refused[_i].text, refused[_i].n, refused[_i].where, &found, NULL),
                     refused[_i].result);
    ck_assert_uint_gt(strlen(range_list_text(refused[_i].result)), 5);
}
END_TEST

START_TEST(of_one_value_a_line_only_those_that_where_fits_are_taken)
{
    static const char text[] = "{\"s\":\"S3\",\"ip\":\"192.0.2.0/24\"}\n"
                               "{\"s\":\"EC2\",\"ip\":\"198.51.100.0/24\"}\n"
                               "{\"s\":\"S3\",\"ip\":\"203.0.113.0/24\"}\n";
    struct found found;

    ck_assert_int_eq(read_list(text, sizeof(text) - 1, "s=S3", &found, NULL), RANGE_LIST_OK);
    ck_assert_str_eq(found.text, "192.0.2.0/24 203.0.113.0/24");
}
END_TEST

static const char services[] =
    "{\"created\":\"2026-11-22\",\"prefixes\":["
    "{\"ip\":\"192.0.2.0/24\",\"region\":\"eu\",\"service\":\"S3\",\"port\":443,\"required\":true},"
    "{\"ip\":\"198.51.100.0/"
    "24\",\"region\":\"us\",\"service\":\"S3\",\"port\":80,\"required\":false},"
    "{\"service\":\"EC2\",\"region\":\"eu\",\"more\":{\"deep\":[\"203.0.113.0/"
    "24\",[\"192.0.3.1\"]]}},"
    "{\"service\":[\"S3\"],\"ip\":\"192.0.4.0/24\"},"
    "\"192.0.5.0/24\"]}";

static const struct {
    const char *where, *found;
} picked[] = {
    {"service=S3", "192.0.2.0/24 198.51.100.0/24"},
    {"service=S3 region=eu", "192.0.2.0/24"},
    {"region=eu", "192.0.2.0/24 203.0.113.0/24 192.0.3.1/32"},
    {"service=EC2", "203.0.113.0/24 192.0.3.1/32"},
    {"service=S3 service=EC2", "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 192.0.3.1/32"},
    {"service=EC2 region=us service=S3", "198.51.100.0/24"},
    {"port=443", "192.0.2.0/24"},
    {"required=true", "192.0.2.0/24"},
    {"required=false", "198.51.100.0/24"},
    {"created=2026-11-22",
     "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 192.0.3.1/32 192.0.4.0/24 192.0.5.0/24"},
    {"ip=192.0.4.0/24", "192.0.4.0/24"},
};

START_TEST(where_picks_the_objects_and_all_that_is_inside_of_them)
{
    struct found found;
    enum range_list_result result =
        read_list(services, strlen(services), picked[_i].where, &found, NULL);

    ck_assert_str_eq(found.text, picked[_i].found);
    ck_assert_int_eq(result, RANGE_LIST_OK);
}
END_TEST

static const char *const none[] = {
    "service=s3",     "Service=S3", "service=S", "service=S3 region=cn",
    "0=192.0.5.0/24", "required=1", "more="};

START_TEST(where_that_fits_no_object_is_an_error_and_not_an_empty_list)
{
    struct found found;

    ck_assert_int_eq(read_list(services, strlen(services), none[_i], &found, NULL),
                     RANGE_LIST_NO_OBJECT);
    ck_assert_str_eq(found.text, "");
}
END_TEST

START_TEST(json_that_is_cut_anywhere_is_refused)
{
    struct found found;

    for (size_t n = 1; n < strlen(services); n++) {
        ck_assert_int_eq(read_list(services, n, NULL, &found, NULL), RANGE_LIST_BROKEN_JSON);
        ck_assert_int_eq(read_list(services, n, "service=S3", &found, NULL),
                         RANGE_LIST_BROKEN_JSON);
    }
}
END_TEST

START_TEST(json_too_deep_to_be_meant_is_refused)
{
    static char deep[200002];
    struct found found;

    memset(deep, '[', 100000);
    memset(deep + 100000, ']', 100000);
    ck_assert_int_eq(read_list(deep, 200000, NULL, &found, NULL), RANGE_LIST_BROKEN_JSON);
}
END_TEST

static bool stop_at_three(void *arg, const struct prefix *prefix, enum prefix_status status)
{
    (void)prefix;
    (void)status;
    return ++*(int *)arg < 3;
}

START_TEST(a_list_there_is_no_memory_for_is_no_list)
{
    static const char *const texts[] = {"192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5",
                                        "[\"192.0.2.1\",\"192.0.2.2\",\"192.0.2.3\",\"192.0.2.4\"]",
                                        "192.0.2.1-192.0.2.254"};
    int taken = 0;
    size_t count = 0;

    ck_assert_int_eq(
        range_list_read(texts[_i], strlen(texts[_i]), NULL, 0, stop_at_three, &taken, &count),
        RANGE_LIST_MEMORY);
    ck_assert_int_eq(taken, 3);
    ck_assert_uint_eq(count, 3);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("range_list");
    TCase *words = tcase_create("words");
    TCase *json = tcase_create("json");

    tcase_add_loop_test(words, every_word_that_is_a_prefix_is_found, 0, COUNT(lists));
    tcase_add_loop_test(words, what_is_no_list_is_refused_and_it_says_why, 0, COUNT(refused));
    tcase_add_loop_test(words, a_list_there_is_no_memory_for_is_no_list, 0, 3);
    tcase_add_loop_test(json, where_picks_the_objects_and_all_that_is_inside_of_them, 0,
                        COUNT(picked));
    tcase_add_loop_test(json, where_that_fits_no_object_is_an_error_and_not_an_empty_list, 0,
                        COUNT(none));
    tcase_add_test(json, of_one_value_a_line_only_those_that_where_fits_are_taken);
    tcase_add_test(json, json_that_is_cut_anywhere_is_refused);
    tcase_add_test(json, json_too_deep_to_be_meant_is_refused);
    suite_add_tcase(suite, words);
    suite_add_tcase(suite, json);
    return suite;
}
