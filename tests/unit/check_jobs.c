/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "mgmtd/jobs.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* A job that waits until its gate is open. */
struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t opened;
    bool open;
};

struct work {
    struct job job; /* must be first */
    struct gate *gate;
    int number;
};

static atomic_int begun, dropped;
static int done[64], n_done;

static void open_gate(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->open = true;
    pthread_cond_broadcast(&gate->opened);
    pthread_mutex_unlock(&gate->mutex);
}

static void run(struct job *job)
{
    struct work *work = (struct work *)job;

    atomic_fetch_add(&begun, 1);
    if (work->gate == NULL)
        return;
    pthread_mutex_lock(&work->gate->mutex);
    while (!work->gate->open)
        pthread_cond_wait(&work->gate->opened, &work->gate->mutex);
    pthread_mutex_unlock(&work->gate->mutex);
}

static void is_done(struct job *job)
{
    done[n_done++] = ((struct work *)job)->number;
    free(job);
}

static void drop(struct job *job)
{
    free(job);
    atomic_fetch_add(&dropped, 1);
}

static struct job *make(int number, struct gate *gate)
{
    struct work *work = calloc(1, sizeof(*work));

    work->job = (struct job){.run = run, .done = is_done, .drop = drop};
    work->number = number;
    work->gate = gate;
    return &work->job;
}

static void finish_until(struct jobs *jobs, int n)
{
    while (n_done < n) {
        struct pollfd news = {.fd = jobs_fd(jobs), .events = POLLIN};

        ck_assert_int_eq(poll(&news, 1, 30000), 1);
        jobs_finish(jobs);
    }
}

static void wait_for(atomic_int *counter, int n)
{
    for (int i = 0; i < 30000 && atomic_load(counter) < n; i++)
        usleep(1000);
    ck_assert_int_eq(atomic_load(counter), n);
}

START_TEST(work_is_done_one_after_the_other_in_its_order)
{
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    struct jobs *jobs = jobs_new();

    for (int i = 0; i < 20; i++)
        jobs_start(jobs, JOBS_WORK, make(i, i == 0 ? &gate : NULL));
    wait_for(&begun, 1);
    ck_assert_uint_eq(jobs_waiting(jobs, JOBS_WORK), 19);
    open_gate(&gate);
    finish_until(jobs, 20);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(done[i], i);
    ck_assert(jobs_free(jobs, 1000));
    ck_assert_int_eq(dropped, 0);
}
END_TEST

START_TEST(look_ups_that_hang_leave_work_alone_and_make_place_when_they_are_given_up)
{
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    struct jobs *jobs = jobs_new();
    struct job *hung[JOBS_LOOKUP_THREADS], *waits;

    for (int i = 0; i < JOBS_LOOKUP_THREADS; i++)
        jobs_start(jobs, JOBS_LOOKUP, hung[i] = make(i, &gate));
    wait_for(&begun, JOBS_LOOKUP_THREADS);
    jobs_start(jobs, JOBS_LOOKUP, waits = make(100, NULL));
    jobs_start(jobs, JOBS_WORK, make(200, NULL));
    finish_until(jobs, 1);
    ck_assert_int_eq(done[0], 200);
    ck_assert_uint_eq(jobs_waiting(jobs, JOBS_LOOKUP), 1);
    ck_assert_int_eq(jobs_begun_ms(jobs, waits), 0);
    for (int i = 0; i < JOBS_LOOKUP_THREADS; i++)
        ck_assert_int_gt(jobs_begun_ms(jobs, hung[i]), 0);
    ck_assert(jobs_give_up(jobs, hung[0]));
    finish_until(jobs, 2);
    ck_assert_int_eq(done[1], 100);
    open_gate(&gate);
    finish_until(jobs, 2 + JOBS_LOOKUP_THREADS - 1);
    wait_for(&dropped, 1);
    ck_assert(jobs_free(jobs, 1000));
}
END_TEST

START_TEST(one_that_waits_or_is_done_can_be_given_up_too)
{
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    struct jobs *jobs = jobs_new();
    struct job *waits = make(1, NULL);
    struct pollfd news = {.fd = jobs_fd(jobs), .events = POLLIN};
    struct job *first = make(0, &gate);

    jobs_start(jobs, JOBS_WORK, first);
    wait_for(&begun, 1);
    jobs_start(jobs, JOBS_WORK, waits);
    ck_assert(jobs_give_up(jobs, waits));
    ck_assert_int_eq(dropped, 1);
    open_gate(&gate);
    ck_assert_int_eq(poll(&news, 1, 30000), 1);
    ck_assert(jobs_give_up(jobs, first));
    ck_assert_int_eq(dropped, 2);
    jobs_finish(jobs);
    ck_assert_int_eq(n_done, 0);
    ck_assert(jobs_free(jobs, 1000));
}
END_TEST

START_TEST(only_so_many_can_be_given_up)
{
    static struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    struct jobs *jobs = jobs_new();
    struct job *last;

    for (int i = 0; i < JOBS_MAX_STRAYS; i++) {
        struct job *job = make(i, &gate);

        jobs_start(jobs, JOBS_LOOKUP, job);
        wait_for(&begun, i + 1);
        ck_assert(jobs_give_up(jobs, job));
    }
    jobs_start(jobs, JOBS_LOOKUP, last = make(0, &gate));
    wait_for(&begun, JOBS_MAX_STRAYS + 1);
    ck_assert(!jobs_give_up(jobs, last));
    open_gate(&gate);
    wait_for(&dropped, JOBS_MAX_STRAYS);
    finish_until(jobs, 1);
    ck_assert(jobs_free(jobs, 1000));
}
END_TEST

/* It may be there to free what the one that runs still uses. */
START_TEST(work_that_waits_is_not_dropped_while_the_work_before_it_runs)
{
    static struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    struct jobs *jobs = jobs_new();

    jobs_start(jobs, JOBS_WORK, make(1, &gate));
    wait_for(&begun, 1);
    jobs_start(jobs, JOBS_WORK, make(2, NULL));
    ck_assert(!jobs_free(jobs, 0));
    ck_assert_int_eq(dropped, 0);
    open_gate(&gate);
    wait_for(&dropped, 2);
    ck_assert_int_eq(begun, 1);
}
END_TEST

START_TEST(the_end_waits_for_work_but_not_for_look_ups)
{
    static struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    static struct gate other = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    struct jobs *jobs = jobs_new();

    jobs_start(jobs, JOBS_LOOKUP, make(0, &gate));
    jobs_start(jobs, JOBS_WORK, make(1, &other));
    wait_for(&begun, 2);
    jobs_start(jobs, JOBS_WORK, make(2, NULL));
    ck_assert(!jobs_free(jobs, 50));
    ck_assert_int_eq(dropped, 0);
    open_gate(&gate);
    open_gate(&other);
    wait_for(&dropped, 3);
    ck_assert_int_eq(n_done, 0);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("jobs");
    TCase *tcase = tcase_create("jobs");

    tcase_add_test(tcase, work_is_done_one_after_the_other_in_its_order);
    tcase_add_test(tcase,
                   look_ups_that_hang_leave_work_alone_and_make_place_when_they_are_given_up);
    tcase_add_test(tcase, one_that_waits_or_is_done_can_be_given_up_too);
    tcase_add_test(tcase, only_so_many_can_be_given_up);
    tcase_add_test(tcase, work_that_waits_is_not_dropped_while_the_work_before_it_runs);
    tcase_add_test(tcase, the_end_waits_for_work_but_not_for_look_ups);
    suite_add_tcase(suite, tcase);
    return suite;
}
