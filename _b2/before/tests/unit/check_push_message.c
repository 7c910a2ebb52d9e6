/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What users are told, and how much of OpenVPN's messages a result fills. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/push.h"
#include "tests/unit/policy_text.h"
#include "tests/unit/push_reader.h"

#define DEFAULT "default-profile campus\n"

static char *render(const struct policy *policy, struct push_connection connection, size_t *n)
{
    char *text = push_render(policy, policy_find_profile(policy, "campus"), NULL, &connection, n);

    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(strlen(text), *n);
    return text;
}

/* Renders and reads it; whatever OpenVPN would complain about fails the test. */
static void read_result(struct reader *reader, const struct policy *policy,
                        struct push_connection connection)
{
    size_t n;
    char *text = render(policy, connection, &n);

    reader_read(reader, NULL, text, n);
    ck_assert_msg(reader->mistakes == 0, "%s", reader->mistake);
    free(text);
}

static void url_decode(char *text)
{
    char *to = text;

    for (; *text; text++) {
        unsigned byte;

        if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
            *to++ = (char)byte;
            text += 2;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

/* What a graphical client shows: the pieces put together, and the title. */
static void shown(const struct reader *reader, char *text, size_t size, char title[256])
{
    size_t n = 0;

    for (size_t i = 0; i < reader->n; i++) {
        struct reader_words words;

        ck_assert(reader_parse_line(reader->options[i], &words));
        if (strcmp(words.word[0], "echo") != 0)
            continue;
        ck_assert_uint_eq(words.n, 3); /* no blank, so OpenVPN joins and cuts nothing */
        url_decode(words.word[2]);
        if (strcmp(words.word[1], "msg-notify") == 0)
            snprintf(title, 256, "%s", words.word[2]);
        else
            n += (size_t)snprintf(text + n, size - n, "%s%s", words.word[2],
                                  strcmp(words.word[1], "msg") == 0 ? "\n" : "");
        ck_assert_uint_lt(n, size);
    }
}

START_TEST(the_message_survives_its_way_to_the_client)
{
    char message[200] = "";
    char policy_text[2000];
    char seen[4000], title[256], expected[4000];
    struct reader reader;
    struct policy *policy = NULL;

    for (int c = ' '; c < 127; c++)
        if (c != '"' && c != '\\')
            message[strlen(message)] = (char)c;
    strcat(message, " gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x8f\x9b");
    snprintf(policy_text, sizeof(policy_text),
             DEFAULT "<profile campus>\ntunnel split\ntitle \"T'it\\\\le, \\\"%%41\\\"  x\"\n"
                     "message \"%s\"\n</profile>\n",
             message);
    policy = policy_from_text(policy_text, NULL);
    read_result(&reader, policy,
                (struct push_connection){.fell_back = true, .by = CHOICE_BY_NETWORK});
    shown(&reader, seen, sizeof(seen), title);
    snprintf(expected, sizeof(expected),
             "You are on: T'it\\le, \"%%41\"  x (it is needed on the network you are on).\n"
             "What you asked for is not open to you.\n%s\n",
             message);
    ck_assert_str_eq(seen, expected);
    ck_assert_str_eq(title, "T'it\\le, \"%41\"  x");
    reader_free(&reader);
    policy_free(policy);
}
END_TEST

static bool is_utf8_boundary(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

START_TEST(a_long_message_is_cut_into_whole_characters)
{
    for (int lead = 0; lead < 8; lead++) {
        char message[900], policy_text[2000], seen[4000], title[256], expected[2000];
        struct reader reader;
        struct policy *policy = NULL;

        memset(message, 'x', (size_t)lead);
        message[lead] = '\0';
        while (strlen(message) < 190)
            strcat(message, "\xe2\x82\xac");
        snprintf(policy_text, sizeof(policy_text),
                 DEFAULT "<profile campus>\ntunnel split\nmessage \"%s\"\n</profile>\n", message);
        policy = policy_from_text(policy_text, NULL);
        read_result(&reader, policy, (struct push_connection){0});
        shown(&reader, seen, sizeof(seen), title);
        snprintf(expected, sizeof(expected), "You are on: campus (it is the default).\n%s\n",
                 message);
        ck_assert_str_eq(seen, expected);
        for (size_t i = 0; i < reader.n; i++) {
            struct reader_words words;

            ck_assert(reader_parse_line(reader.options[i], &words));
            url_decode(words.word[words.n - 1]);
            ck_assert(is_utf8_boundary(words.word[words.n - 1][0]));
        }
        reader_free(&reader);
        policy_free(policy);
    }
}
END_TEST

/* push.c:send_push_options(), over again. */
static size_t count_messages(const struct reader *reader)
{
    size_t filled = strlen("PUSH_REPLY");
    size_t messages = 1;

    for (size_t i = 0; i < reader->n; i++) {
        if (filled + strlen(reader->options[i]) >= 1024 - 84) {
            messages++;
            filled = strlen("PUSH_REPLY");
        }
        filled += strlen(reader->options[i]) + 1;
    }
    return messages;
}

START_TEST(the_number_of_messages_is_what_openvpn_makes_of_it)
{
    for (unsigned n = 0; n < 200; n += 3) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        struct policy *policy = NULL;
        struct reader reader;
        char *rendered = NULL;

        fputs(DEFAULT "<routes in>\n", out);
        for (unsigned i = 0; i < n; i++)
            fprintf(out, "10.%u.0.0/17\n", i);
        fputs("</routes>\n<profile campus>\ntunnel split\nroutes in\n</profile>\n", out);
        fclose(out);
        policy = policy_from_text(text, NULL);
        rendered = render(policy, (struct push_connection){0}, &size);
        reader_read(&reader, NULL, rendered, size);
        ck_assert_uint_eq(push_count_messages(rendered, size), count_messages(&reader));
        reader_free(&reader);
        free(rendered);
        policy_free(policy);
        free(text);
    }
    ck_assert_uint_eq(push_count_messages("", 0), 1);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("push_message");
    TCase *tests = tcase_create("push_message");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_message_survives_its_way_to_the_client);
    tcase_add_test(tests, a_long_message_is_cut_into_whole_characters);
    tcase_add_test(tests, the_number_of_messages_is_what_openvpn_makes_of_it);
    suite_add_tcase(suite, tests);
    return suite;
}
