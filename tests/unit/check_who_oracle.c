/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random questions about a history whose truth is known. The oracle reads the truth, all of
 * it, one by one; the answer comes from the database. BYWAY_WHO_QUESTIONS says how many
 * questions are asked (5,000; 100,000 take a minute or two with the sanitizers).
 */
#include "config.h"

#include "tests/unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/who.h"
#include "helpdesk/who_text.h"
#include "tests/sim/random.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/who_world.h"

#define WORLDS    4
#define QUESTIONS 5000

/* What the oracle found. */
struct truth {
    int holders;    /* different people who had it */
    int possible;   /* who had it, or may have, for all that anybody could see */
    int unrecorded; /* who had it, and nobody saw it */
    int a_holder;   /* one of them */
    bool blind;     /* nobody could see a part of the window */
};

static struct world *world;
static struct random dice;
static int certain, nobody, several, possible, unknown;

/* ── the oracle ── */

static bool is_asked(const struct who_question *question, int server)
{
    return !question->server || strcmp(question->server, world_server(server)) == 0;
}

static bool overlap(const struct who_question *question, int64_t since, int64_t until)
{
    return since <= question->to && until >= question->from;
}

/* People are told apart by their names; those without are each somebody else. */
static void add_person(int people[], int *n, const struct world_hold *hold)
{
    int person = hold->user != 0 ? hold->user : -(int)hold->session;

    for (int i = 0; i < *n; i++)
        if (people[i] == person)
            return;
    people[(*n)++] = person;
}

static struct truth truth_of(const struct who_question *question,
                             const struct world_address *address)
{
    static int holders[100000], may_have[100000];
    struct truth truth = {0};

    for (int i = 0; address && i < address->n; i++) {
        const struct world_hold *hold = &address->holds[i];

        if (!is_asked(question, hold->server) || (question->real_only && !hold->real))
            continue;
        if (overlap(question, hold->since, hold->until)) {
            add_person(holders, &truth.holders, hold);
            truth.unrecorded += !hold->recorded;
        }
        if (overlap(question, hold->since, hold->until) ||
            (hold->recorded && overlap(question, hold->possible_since, hold->possible_until)))
            add_person(may_have, &truth.possible, hold);
    }
    truth.a_holder = truth.holders > 0 ? holders[0] : 0;
    for (int i = 0; i < world->n_blinds; i++) {
        const struct world_blind *blind = &world->blinds[i];

        if (is_asked(question, blind->server) && overlap(question, blind->from, blind->to) &&
            (question->server || question->real_only || blind->from > WORLD_DIED ||
             world_may_give(blind->server, question->address)))
            truth.blind = true;
    }
    truth.blind = truth.blind || question->from < WORLD_BEGAN;
    return truth;
}

static const struct world_hold *hold_of(const struct who_question *question,
                                        const struct world_address *address,
                                        const struct who_candidate *candidate)
{
    const struct world_hold *found = NULL;

    /* Of a client that came back to a real address, the one that is meant. */
    for (int i = 0; i < address->n; i++) {
        const struct world_hold *hold = &address->holds[i];

        if (hold->session == candidate->session && hold->real == candidate->is_real &&
            (!found || hold->possible_since == candidate->since))
            found = hold;
    }
    (void)question;
    return found;
}

/* ── what must hold ── */

static const char *describe(const struct who_question *question, const struct who_answer *answer,
                            const struct truth *truth)
{
    static char text[4000];
    size_t n = (size_t)snprintf(
        text, sizeof(text),
        "%s at %" PRId64 " (%" PRId64 "..%" PRId64 ") on %s: verdict %d of %zu, %zu gaps; truth: "
        "%d held, %d possible, %d unrecorded, blind %d",
        question->address, question->asked - WORLD_BEGAN, question->from - WORLD_BEGAN,
        question->to - WORLD_BEGAN, question->server ? question->server : "any", answer->verdict,
        answer->n, answer->n_gaps, truth->holders, truth->possible, truth->unrecorded,
        truth->blind);

    for (size_t i = 0; i < answer->n && n < sizeof(text); i++) {
        const struct who_candidate *c = &answer->candidates[i];

        n += (size_t)snprintf(text + n, sizeof(text) - n,
                              "\n  %s session %" PRId64 " %" PRId64 "..%" PRId64 " certain %" PRId64
                              "..%" PRId64 " %s",
                              c->user, c->session, c->since - WORLD_BEGAN,
                              c->until == WHO_NONE ? -1 : c->until - WORLD_BEGAN,
                              c->certain_since - WORLD_BEGAN, c->certain_until - WORLD_BEGAN,
                              who_certainty_word(c));
    }
    return text;
}

#define must(what) ck_assert_msg((what), "%s\n%s", #what, describe(question, answer, &truth))

/* A name stands there only for somebody who was connected, or may have been. */
static void check_candidates(const struct who_question *question, const struct who_answer *answer,
                             const struct world_address *address, struct truth truth)
{
    for (size_t i = 0; i < answer->n; i++) {
        const struct who_candidate *candidate = &answer->candidates[i];
        const struct world_hold *hold = hold_of(question, address, candidate);
        char user[16];

        must(hold != NULL);
        must(strcmp(candidate->user, world_user(hold->user, user)) == 0);
        must(strcmp(candidate->server, world_server(hold->server)) == 0);
        must(overlap(question, hold->possible_since, hold->possible_until));
        if (who_held(question, candidate))
            must(overlap(question, hold->since, hold->until));
        if (candidate->at_time == WHO_AT_YES)
            must(hold->since <= question->asked_to && hold->until >= question->asked);
        if (candidate->at_time == WHO_AT_NO)
            must(hold->since > question->asked_to || hold->until < question->asked);
    }
}

/* Everybody who had it and was seen is among them. */
static void check_complete(const struct who_question *question, const struct who_answer *answer,
                           const struct world_address *address, struct truth truth)
{
    for (int i = 0; address && i < address->n; i++) {
        const struct world_hold *hold = &address->holds[i];
        bool found = false;

        if (!hold->recorded || !is_asked(question, hold->server) ||
            !overlap(question, hold->since, hold->until))
            continue;
        for (size_t k = 0; k < answer->n; k++)
            found = found || answer->candidates[k].session == hold->session;
        must(found);
    }
}

static void check_verdict(const struct who_question *question, const struct who_answer *answer,
                          struct truth truth)
{
    char user[16];

    must(truth.unrecorded == 0 || answer->n_gaps > 0);
    switch (answer->verdict) {
    case WHO_NOBODY:
        nobody++;
        must(truth.holders == 0 && truth.possible == 0 && !truth.blind);
        break;
    case WHO_UNKNOWN:
        unknown++;
        must(truth.blind);
        break;
    case WHO_CERTAIN:
        certain++;
        must(truth.holders == 1 && truth.possible == 1 && !truth.blind);
        must(strcmp(answer->candidates[0].user, world_user(truth.a_holder, user)) == 0);
        break;
    case WHO_POSSIBLE:
        possible++;
        break;
    case WHO_SEVERAL:
        several++;
        must(truth.possible > 1);
        break;
    }
    if (truth.possible > 1 && truth.unrecorded == 0)
        must(answer->verdict == WHO_SEVERAL);
}

/* ── questions ── */

static int64_t some_within(void)
{
    static const int64_t within[] = {0, 0, 1, 10, 120, 120, 120, 3600};

    return within[random_below(&dice, sizeof(within) / sizeof(within[0]))];
}

/* Half of them about moments at which something changed. */
static int64_t some_moment(const struct world_address *address)
{
    int64_t at = WORLD_BEGAN - 3600 + (int64_t)random_below(&dice, WORLD_NOW - WORLD_BEGAN + 3600);

    if (address && random_percent(&dice, 50)) {
        const struct world_hold *hold = &address->holds[random_below(&dice, (uint64_t)address->n)];
        const int64_t moments[] = {hold->since, hold->until, hold->possible_since,
                                   hold->possible_until};
        int64_t moment = moments[random_below(&dice, 4)] + (int64_t)random_below(&dice, 7) - 3;

        at = moment < WORLD_NOW ? moment : at;
    }
    return at;
}

static void ask_one(struct history *history)
{
    const struct world_address *address =
        random_percent(&dice, 5)
            ? NULL
            : &world->addresses[random_below(&dice, (uint64_t)world->n_addresses)];
    struct who_question q = {.address = address ? address->text : "198.51.100.77",
                             .now = WORLD_NOW,
                             .real_only = random_percent(&dice, 5)};
    const struct who_question *question = &q;
    struct who_answer held = {0}, *answer = &held;
    int64_t within = some_within();
    struct truth truth;

    q.asked = some_moment(address);
    q.asked_to = q.asked + (random_percent(&dice, 20) ? 59 : 0);
    q.asked_to = q.asked_to < WORLD_NOW ? q.asked_to : WORLD_NOW;
    q.from = q.asked - within;
    q.to = q.asked_to + within < WORLD_NOW ? q.asked_to + within : WORLD_NOW;
    if (random_percent(&dice, 10))
        q.server = world_server((int)random_below(&dice, WORLD_SERVERS));
    truth = truth_of(question, address);
    ck_assert(who_ask(history, question, answer));
    must(address || answer->n == 0);
    if (address) {
        check_candidates(question, answer, address, truth);
        if (!q.real_only)
            check_complete(question, answer, address, truth);
    }
    check_verdict(question, answer, truth);
    who_free(answer);
}

static int questions(void)
{
    const char *text = getenv("BYWAY_WHO_QUESTIONS");

    return (text ? atoi(text) : QUESTIONS) / WORLDS;
}

START_TEST(no_name_where_two_were_possible_and_none_where_nobody_was_connected)
{
    char why[HISTORY_WHY_SIZE];
    enum history_trouble trouble;
    struct history *history = NULL;
    int n = questions();

    world = world_new((uint64_t)_i + 1, store);
    history = history_open(store_path, &trouble, why);
    ck_assert_msg(history != NULL, "%s", why);
    dice.state = random_mix((uint64_t)_i, 99);
    for (int i = 0; i < n; i++)
        ask_one(history);
    history_close(history);
    printf("# %" PRId64 " sessions, %d questions: %d certain, %d several, %d possible, %d nobody, "
           "%d not recorded\n",
           world->n_sessions, n, certain, several, possible, nobody, unknown);
    /* It may not doubt everything, either. */
    ck_assert_int_gt(certain, n / 10);
    ck_assert_int_gt(nobody, n / 50);
    ck_assert_int_gt(several, n / 50);
    ck_assert_int_gt(possible, n / 50);
    ck_assert_int_gt(unknown, n / 200);
    world_free(world);
}
END_TEST

static void set_up(void)
{
    store_set_up();
    store_open_it();
}

Suite *unit_suite(void)
{
    Suite *suite = suite_create("who, and the truth");
    TCase *tcase = tcase_create("who, and the truth");

    tcase_set_timeout(tcase, 600);
    tcase_add_checked_fixture(tcase, set_up, store_tear_down);
    tcase_add_loop_test(tcase, no_name_where_two_were_possible_and_none_where_nobody_was_connected,
                        0, WORLDS);
    suite_add_tcase(suite, tcase);
    return suite;
}
