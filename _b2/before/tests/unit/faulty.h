/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults for SQLite: a layer over the system's files that lets the n-th call of some kind
 * fail, and an allocator that does the same.
 */
#ifndef BYWAY_TESTS_FAULTY_H
#define BYWAY_TESTS_FAULTY_H

#include <stdbool.h>

enum faulty_kind {
    FAULTY_WRITE,
    FAULTY_SYNC,
    FAULTY_READ,
    FAULTY_TRUNCATE,
    FAULTY_LOCK,
    FAULTY_SHM,
    FAULTY_OPEN,
    FAULTY_MALLOC,
    FAULTY_KINDS
};

/* From now on SQLite goes through this; before it was used in this process, or shut down. */
void faulty_install(void);

/*
 * The n-th call (from 1) of that kind fails with `code`, and with `lasting` all after it of
 * every kind of input and output. A write that fails writes the first half.
 */
void faulty_arm(enum faulty_kind kind, int n, int code, bool lasting);
/* No more faults; true if there was one. */
bool faulty_disarm(void);

#endif
