/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugin/tokens.h"

#include "plugin/client.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct said say(const char *menu)
{
    struct said said = {{0}, {0}, {0}};

    said_set(said.menu, menu);
    return said;
}

static void put(struct tokens *tokens, const char *id, const char *username, const char *menu)
{
    struct said said = say(menu);

    tokens_put(tokens, id, username, &said);
}

/* What is remembered; NULL if nothing. */
static const char *get(struct tokens *tokens, const char *id, const char *username)
{
    static struct said said;

    return tokens_get(tokens, id, username, &said) ? said.menu : NULL;
}

START_TEST(a_choice_is_found_again_by_its_session)
{
    struct tokens *tokens = tokens_new(10);

    put(tokens, "session1", "alice", "full");
    ck_assert_str_eq(get(tokens, "session1", "alice"), "full");
    ck_assert_ptr_null(get(tokens, "session2", "alice"));
    tokens_free(tokens);
}
END_TEST

START_TEST(another_user_does_not_get_it)
{
    struct tokens *tokens = tokens_new(10);

    put(tokens, "session1", "alice", "full");
    ck_assert_ptr_null(get(tokens, "session1", "bob"));
    ck_assert_ptr_null(get(tokens, "session1", ""));
    ck_assert_ptr_null(get(tokens, "session1", "alice+full"));
    tokens_free(tokens);
}
END_TEST

START_TEST(what_was_said_last_counts)
{
    struct tokens *tokens = tokens_new(10);

    put(tokens, "session1", "alice", "full");
    put(tokens, "session1", "alice", "campus");
    ck_assert_str_eq(get(tokens, "session1", "alice"), "campus");
    ck_assert_uint_eq(tokens_count(tokens), 1);
    tokens_free(tokens);
}
END_TEST

START_TEST(what_is_too_long_is_not_remembered_rather_than_cut)
{
    struct tokens *tokens = tokens_new(10);
    char id[TOKENS_MAX_ID + 2];
    char username[CLIENT_USERNAME_SIZE + 1];

    memset(id, 'a', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    memset(username, 'b', sizeof(username) - 1);
    username[sizeof(username) - 1] = '\0';
    put(tokens, id, "alice", "full");
    put(tokens, "session1", username, "full");
    put(tokens, "", "alice", "full");
    ck_assert_uint_eq(tokens_count(tokens), 0);
    put(tokens, id + 1, username + 1, "full");
    ck_assert_str_eq(get(tokens, id + 1, username + 1), "full");
    tokens_free(tokens);
}
END_TEST

START_TEST(the_one_not_used_for_longest_makes_room)
{
    struct tokens *tokens = tokens_new(3);

    put(tokens, "a", "u", "1");
    put(tokens, "b", "u", "2");
    put(tokens, "c", "u", "3");
    ck_assert_ptr_nonnull(get(tokens, "a", "u"));
    put(tokens, "d", "u", "4");
    ck_assert_ptr_null(get(tokens, "b", "u"));
    ck_assert_str_eq(get(tokens, "a", "u"), "1");
    ck_assert_str_eq(get(tokens, "c", "u"), "3");
    ck_assert_str_eq(get(tokens, "d", "u"), "4");
    tokens_free(tokens);
}
END_TEST

/* Against a plain array, oldest first. */
START_TEST(random_use_keeps_to_the_bound_and_to_an_oracle)
{
    enum { MAX = 8, IDS = 20 };
    struct tokens *tokens = tokens_new(MAX);
    int order[MAX], values[IDS] = {0}, n = 0;

    srand(11);
    for (int round = 0; round < 50000; round++) {
        int id = rand() % IDS, at = -1;
        char name[16], value[16];

        snprintf(name, sizeof(name), "id%d", id);
        for (int i = 0; i < n; i++)
            if (order[i] == id)
                at = i;
        if (rand() % 2) {
            values[id] = rand() % 1000;
            snprintf(value, sizeof(value), "%d", values[id]);
            put(tokens, name, "u", value);
            if (at < 0 && n == MAX)
                at = 0;
            else if (at < 0)
                at = n++;
        } else {
            const char *found = get(tokens, name, "u");

            ck_assert_int_eq(found != NULL, at >= 0);
            if (at < 0)
                continue;
            ck_assert_int_eq(atoi(found), values[id]);
        }
        memmove(&order[at], &order[at + 1], (size_t)(n - at - 1) * sizeof(order[0]));
        order[n - 1] = id;
        ck_assert_uint_eq(tokens_count(tokens), (size_t)n);
    }
    tokens_free(tokens);
}
END_TEST

START_TEST(freeing_nothing_is_harmless)
{
    tokens_free(NULL);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("tokens");
    TCase *tcase = tcase_create("tokens");

    tcase_add_test(tcase, a_choice_is_found_again_by_its_session);
    tcase_add_test(tcase, another_user_does_not_get_it);
    tcase_add_test(tcase, what_was_said_last_counts);
    tcase_add_test(tcase, what_is_too_long_is_not_remembered_rather_than_cut);
    tcase_add_test(tcase, the_one_not_used_for_longest_makes_room);
    tcase_add_test(tcase, random_use_keeps_to_the_bound_and_to_an_oracle);
    tcase_add_test(tcase, freeing_nothing_is_harmless);
    suite_add_tcase(suite, tcase);
    return suite;
}
