/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mgmtd/sessions.h"

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

START_TEST(a_session_is_found_by_each_of_its_keys_until_it_has_another)
{
    struct sessions *sessions = sessions_new();
    struct session *session = sessions_add(sessions, 7);

    ck_assert_ptr_eq(sessions_find(sessions, SESSION_BY_ID, 0, 7), session);
    sessions_index(sessions, session, SESSION_BY_CID, 1, 0);
    ck_assert_ptr_eq(sessions_find(sessions, SESSION_BY_CID, 1, 0), session);
    ck_assert_ptr_null(sessions_find(sessions, SESSION_BY_CID, 2, 0));
    sessions_index(sessions, session, SESSION_BY_CID, 2, 0);
    ck_assert_ptr_null(sessions_find(sessions, SESSION_BY_CID, 1, 0));
    ck_assert_ptr_eq(sessions_find(sessions, SESSION_BY_CID, 2, 0), session);
    sessions_remove(sessions, session);
    ck_assert_ptr_null(sessions_find(sessions, SESSION_BY_CID, 2, 0));
    ck_assert_uint_eq(sessions_count(sessions), 0);
    sessions_free(sessions);
}
END_TEST

START_TEST(all_sessions_of_one_key_are_found)
{
    struct sessions *sessions = sessions_new();
    uint64_t key = sessions_address_key(sessions, "10.8.0.2");
    size_t n = 0;

    for (int i = 1; i <= 1000; i++)
        sessions_index(sessions, sessions_add(sessions, i), SESSION_BY_VPN4, 1,
                       i % 3 ? key : key + 1);
    for (struct session *s = sessions_find(sessions, SESSION_BY_VPN4, 1, key); s;
         s = sessions_find_next(s, SESSION_BY_VPN4))
        n++;
    ck_assert_uint_eq(n, 667);
    sessions_free(sessions);
}
END_TEST

/* Against a plain array. */
START_TEST(random_use_keeps_to_an_oracle)
{
    enum { N = 500 };
    struct sessions *sessions = sessions_new();
    struct session *there[N] = {NULL};
    int64_t cids[N];

    srand(7);
    for (int round = 0; round < 200000; round++) {
        int i = rand() % N;

        if (!there[i]) {
            there[i] = sessions_add(sessions, i);
            cids[i] = -1;
        } else if (rand() % 4 == 0) {
            sessions_remove(sessions, there[i]);
            there[i] = NULL;
        } else {
            cids[i] = i * 1000 + rand() % 1000;
            sessions_index(sessions, there[i], SESSION_BY_CID, i % 2, (uint64_t)cids[i]);
        }
        i = rand() % N;
        ck_assert_ptr_eq(sessions_find(sessions, SESSION_BY_ID, 0, (uint64_t)i), there[i]);
        if (there[i] && cids[i] >= 0)
            ck_assert_ptr_eq(sessions_find(sessions, SESSION_BY_CID, i % 2, (uint64_t)cids[i]),
                             there[i]);
    }
    sessions_free(sessions);
}
END_TEST

START_TEST(held_addresses_are_taken_up_and_given_up)
{
    struct sessions *sessions = sessions_new();
    struct session *session = sessions_add(sessions, 1);

    session_hold(session, HELD_VPN, "10.8.0.2", 1);
    session_hold(session, HELD_REAL, "10.8.0.2", 2);
    session_hold(session, HELD_VPN, "fd00::2", 3);
    ck_assert_int_eq(session_holds(session, HELD_REAL, "10.8.0.2")->since, 2);
    session_unhold(session, session_holds(session, HELD_VPN, "10.8.0.2"));
    ck_assert_ptr_null(session_holds(session, HELD_VPN, "10.8.0.2"));
    ck_assert_int_eq(session_holds(session, HELD_REAL, "10.8.0.2")->since, 2);
    ck_assert_int_eq(session_holds(session, HELD_VPN, "fd00::2")->since, 3);
    sessions_free(sessions);
}
END_TEST

struct thing {
    struct chain_link link;
    int n;
};

START_TEST(a_chain_keeps_the_order_and_each_thing_once)
{
    struct chain chain = {0};
    struct thing things[4] = {{.n = 0}, {.n = 1}, {.n = 2}, {.n = 3}};
    struct thing *thing;

    for (int i = 0; i < 4; i++) {
        chain_add(&chain, &things[i].link, &things[i]);
        chain_add(&chain, &things[i].link, &things[i]);
    }
    ck_assert_uint_eq(chain.n, 4);
    chain_remove(&chain, &things[0].link);
    chain_remove(&chain, &things[2].link);
    chain_remove(&chain, &things[2].link);
    thing = chain_first(&chain);
    ck_assert_int_eq(thing->n, 1);
    thing = chain_next(&thing->link);
    ck_assert_int_eq(thing->n, 3);
    ck_assert_ptr_null(chain_next(&thing->link));
    ck_assert_ptr_eq(chain_before(&thing->link), &things[1]);
    ck_assert(!chain_has(&things[2].link) && chain_has(&things[3].link));
    chain_remove(&chain, &things[3].link);
    chain_remove(&chain, &things[1].link);
    ck_assert_ptr_null(chain_first(&chain));
    ck_assert_uint_eq(chain.n, 0);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("sessions");
    TCase *tcase = tcase_create("sessions");

    tcase_add_test(tcase, a_session_is_found_by_each_of_its_keys_until_it_has_another);
    tcase_add_test(tcase, all_sessions_of_one_key_are_found);
    tcase_add_test(tcase, random_use_keeps_to_an_oracle);
    tcase_add_test(tcase, held_addresses_are_taken_up_and_given_up);
    tcase_add_test(tcase, a_chain_keeps_the_order_and_each_thing_once);
    suite_add_tcase(suite, tcase);
    return suite;
}
