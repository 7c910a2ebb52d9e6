/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that may take long or hang, done in threads so that the loop never waits. There are
 * two lanes: one thread that reads, counts and writes, one job after the other; and some for
 * look-ups, which may never come back.
 *
 * All functions are for the loop's thread. The descriptor says when jobs are done.
 */
#ifndef BYWAY_MGMTD_JOBS_H
#define BYWAY_MGMTD_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum jobs_lane { JOBS_WORK, JOBS_LOOKUP, JOBS_LANES };

#define JOBS_LOOKUP_THREADS 8  /* at a time */
#define JOBS_MAX_STRAYS     56 /* that were given up and have not come back */

/* To be the first member of whatever the job is about. */
struct job {
    void (*run)(struct job *job);  /* in a thread of its own */
    void (*done)(struct job *job); /* in the loop, afterwards; frees it */
    void (*drop)(struct job *job); /* instead of done(), in any thread; frees it */
    struct job *next;              /* the rest is for jobs.c */
    enum jobs_lane lane;
    bool is_given_up;
    int64_t begun_ms;
};

struct jobs;

/* NULL with errno set. */
struct jobs *jobs_new(void);

/*
 * Ends it, and waits at most `wait_ms` for the working lane; jobs that have not begun are
 * dropped, those of the working lane after the one before them. A look-up that hangs is left
 * behind. NULL is harmless. False if work was, too.
 */
bool jobs_free(struct jobs *jobs, int wait_ms);

/* To be polled for reading. */
int jobs_fd(const struct jobs *jobs);

/* Takes the job over. It waits for its turn if need be. */
void jobs_start(struct jobs *jobs, enum jobs_lane lane, struct job *job);

/*
 * Nobody waits for this look-up any more: drop() is called for it, now or when it comes back.
 * Its place is given to the next one. False, and it stays as it is, while too many have not
 * come back.
 */
bool jobs_give_up(struct jobs *jobs, struct job *job);

/* When its turn came, by clock_boot_ms(); 0: not yet. Of a job that was started and not done. */
int64_t jobs_begun_ms(struct jobs *jobs, const struct job *job);

/* Calls done() for all that are. */
void jobs_finish(struct jobs *jobs);

/* Jobs that wait for their turn. */
size_t jobs_waiting(struct jobs *jobs, enum jobs_lane lane);

#endif
