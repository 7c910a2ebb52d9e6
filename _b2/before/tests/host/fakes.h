/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions of libc that behave as a test wants, for the program and every plugin it
 * loads: the test program's come before libc's (and a sanitizer's) in the order of
 * symbols. The n-th request for memory fails (malloc, calloc, realloc, mmap); the
 * n-th use of a file or a process fails (open, openat, write, pwrite, fork …); and
 * time passes without anyone having to wait. (A sanitizer has to be in a shared
 * library for that, as gcc's is; clang's comes first itself.)
 */
#ifndef BYWAY_TESTS_FAKES_H
#define BYWAY_TESTS_FAKES_H

#include <stdbool.h>

enum fake_failure { FAKE_MEMORY, FAKE_SYSTEM };

/* From now on the n-th such call (from 1) fails; with `all_after`, every later one, too. */
void fakes_fail_at(enum fake_failure what, unsigned long n, bool all_after);

/* With this errno, of FAKE_SYSTEM. EIO at first. */
void fakes_set_errno(int error);

/* Nothing fails any more. Returns how many such calls there were since. */
unsigned long fakes_stop(void);

/* True if a call has failed since fakes_fail_at(). */
bool fakes_failed(void);

/*
 * Calls fail inside of the plugin alone: the fake host says when one is entered. True if
 * it was inside before, for who has to restore that.
 */
bool fakes_enter_plugin(bool inside);

/*
 * The pieces of memory that the program and its plugins hold, and their bytes as malloc
 * rounded them up: what they asked for and did not give back, wherever the heap puts what
 * was freed. Nothing is counted under a sanitizer, whose strdup() and others come by
 * their memory in ways of their own.
 */
struct fakes_memory {
    long pieces;
    long bytes;
};
struct fakes_memory fakes_memory(void);

/* CLOCK_MONOTONIC and CLOCK_BOOTTIME jump forward; CLOCK_REALTIME stays. */
void fakes_skip_ms(long ms);

#endif
