/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread takes one job of its lane after the other and ends when there is none. One mutex
 * guards what is shared, which lives until the last thread has come back.
 */
#include <config.h>

#include "mgmtd/jobs.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "mgmtd/clock.h"

struct queue {
    struct job *first;
    struct job **tail;
};

struct jobs {
    pthread_mutex_t mutex;
    pthread_cond_t came_back;
    pthread_attr_t attributes; /* of a thread */
    int event;
    unsigned users; /* the loop and each thread */
    struct queue waiting[JOBS_LANES];
    unsigned threads[JOBS_LANES]; /* without the strays */
    unsigned strays;
    struct queue done;
};

static const unsigned max_threads[JOBS_LANES] = {
    [JOBS_WORK] = 1, [JOBS_LOOKUP] = JOBS_LOOKUP_THREADS};

static void push(struct queue *queue, struct job *job)
{
    job->next = NULL;
    *queue->tail = job;
    queue->tail = &job->next;
}

static struct job *shift(struct queue *queue)
{
    struct job *job = queue->first;

    if (job == NULL)
        return NULL;
    queue->first = job->next;
    if (queue->first == NULL)
        queue->tail = &queue->first;
    return job;
}

/* False if it is not in there. */
static bool take_out(struct queue *queue, const struct job *job)
{
    struct job **at = &queue->first;

    while (*at != NULL && *at != job)
        at = &(*at)->next;
    if (*at == NULL)
        return false;
    *at = job->next;
    if (*at == NULL)
        queue->tail = at;
    return true;
}

static void drop_all(struct queue *queue)
{
    struct job *job;

    while ((job = shift(queue)) != NULL)
        job->drop(job);
}

/* Called with the mutex held, which is gone afterwards. */
static void leave(struct jobs *jobs)
{
    bool is_last = --jobs->users == 0;

    pthread_cond_broadcast(&jobs->came_back);
    pthread_mutex_unlock(&jobs->mutex);
    if (!is_last)
        return;
    drop_all(&jobs->done);
    pthread_cond_destroy(&jobs->came_back);
    pthread_mutex_destroy(&jobs->mutex);
    pthread_attr_destroy(&jobs->attributes);
    close(jobs->event);
    free(jobs);
}

/* ── a thread ── */

static void tell_loop(struct jobs *jobs)
{
    uint64_t one = 1;

    while (write(jobs->event, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

/* Runs one job without the mutex. False if the thread was given up with it. */
static bool run_one(struct jobs *jobs, struct job *job)
{
    bool was_given_up;

    job->begun_ms = clock_boot_ms();
    pthread_mutex_unlock(&jobs->mutex);
    job->run(job);
    pthread_mutex_lock(&jobs->mutex);
    was_given_up = job->is_given_up;
    if (was_given_up) {
        job->drop(job);
        jobs->strays--;
        return false;
    }
    push(&jobs->done, job);
    tell_loop(jobs);
    return true;
}

struct start {
    struct jobs *jobs;
    enum jobs_lane lane;
};

static void *work(void *argument)
{
    struct start start = *(struct start *)argument;
    struct jobs *jobs = start.jobs;
    struct job *job;
    bool counts = true;

    free(argument);
    pthread_mutex_lock(&jobs->mutex);
    while (counts && (job = shift(&jobs->waiting[start.lane])) != NULL)
        counts = run_one(jobs, job);
    if (counts)
        jobs->threads[start.lane]--;
    leave(jobs);
    return NULL;
}

/* Called with the mutex held. Without a thread the job waits for the next start. */
static void start_thread(struct jobs *jobs, enum jobs_lane lane)
{
    struct start *start;
    sigset_t all, before;
    pthread_t thread;

    if (jobs->threads[lane] >= max_threads[lane] || jobs->waiting[lane].first == NULL)
        return;
    start = malloc(sizeof(*start));
    if (start == NULL)
        return;
    *start = (struct start){jobs, lane};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, &jobs->attributes, work, start) == 0) {
        jobs->threads[lane]++;
        jobs->users++;
    } else {
        free(start);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ── the loop ── */

static bool prepare(struct jobs *jobs)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&jobs->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&jobs->came_back, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_attr_init(&jobs->attributes);
    pthread_attr_setdetachstate(&jobs->attributes, PTHREAD_CREATE_DETACHED);
    for (int lane = 0; lane < JOBS_LANES; lane++)
        jobs->waiting[lane].tail = &jobs->waiting[lane].first;
    jobs->done.tail = &jobs->done.first;
    jobs->users = 1;
    jobs->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return jobs->event >= 0;
}

struct jobs *jobs_new(void)
{
    struct jobs *jobs = calloc(1, sizeof(*jobs));

    if (jobs == NULL || prepare(jobs))
        return jobs;
    free(jobs);
    return NULL;
}

static struct timespec after(int ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    return until;
}

bool jobs_free(struct jobs *jobs, int wait_ms)
{
    struct timespec until = after(wait_ms);
    struct job *job;
    bool done;

    if (jobs == NULL)
        return true;
    pthread_mutex_lock(&jobs->mutex);
    drop_all(&jobs->waiting[JOBS_LOOKUP]);
    /* Work that waits may free what the work before it still uses: it is dropped afterwards. */
    while ((job = shift(&jobs->waiting[JOBS_WORK])) != NULL)
        push(&jobs->done, job);
    while (jobs->threads[JOBS_WORK] > 0 &&
           pthread_cond_timedwait(&jobs->came_back, &jobs->mutex, &until) == 0)
        continue;
    done = jobs->threads[JOBS_WORK] == 0;
    if (done)
        drop_all(&jobs->done);
    leave(jobs);
    return done;
}

int jobs_fd(const struct jobs *jobs)
{
    return jobs->event;
}

void jobs_start(struct jobs *jobs, enum jobs_lane lane, struct job *job)
{
    job->lane = lane;
    job->is_given_up = false;
    job->begun_ms = 0;
    pthread_mutex_lock(&jobs->mutex);
    push(&jobs->waiting[lane], job);
    start_thread(jobs, lane);
    pthread_mutex_unlock(&jobs->mutex);
}

bool jobs_give_up(struct jobs *jobs, struct job *job)
{
    bool is_gone = true;

    pthread_mutex_lock(&jobs->mutex);
    if (take_out(&jobs->waiting[job->lane], job) || take_out(&jobs->done, job)) {
        job->drop(job);
    } else if (jobs->strays < JOBS_MAX_STRAYS) {
        job->is_given_up = true;
        jobs->strays++;
        jobs->threads[job->lane]--;
        start_thread(jobs, job->lane);
    } else {
        is_gone = false;
    }
    pthread_mutex_unlock(&jobs->mutex);
    return is_gone;
}

int64_t jobs_begun_ms(struct jobs *jobs, const struct job *job)
{
    int64_t begun_ms;

    pthread_mutex_lock(&jobs->mutex);
    begun_ms = job->begun_ms;
    pthread_mutex_unlock(&jobs->mutex);
    return begun_ms;
}

void jobs_finish(struct jobs *jobs)
{
    struct queue done = {.tail = &done.first};
    struct job *job;
    uint64_t count;

    while (read(jobs->event, &count, sizeof(count)) < 0 && errno == EINTR)
        continue;
    pthread_mutex_lock(&jobs->mutex);
    while ((job = shift(&jobs->done)) != NULL)
        push(&done, job);
    for (int lane = 0; lane < JOBS_LANES; lane++)
        start_thread(jobs, (enum jobs_lane)lane); /* one may have failed to start */
    pthread_mutex_unlock(&jobs->mutex);
    while ((job = shift(&done)) != NULL)
        job->done(job);
}

size_t jobs_waiting(struct jobs *jobs, enum jobs_lane lane)
{
    size_t n = 0;

    pthread_mutex_lock(&jobs->mutex);
    for (const struct job *job = jobs->waiting[lane].first; job != NULL; job = job->next)
        n++;
    pthread_mutex_unlock(&jobs->mutex);
    return n;
}
