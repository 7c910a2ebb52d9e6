/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every unit test program shares: its main, which prints TAP. */
#ifndef BYWAY_TESTS_UNIT_H
#define BYWAY_TESTS_UNIT_H

#include <check.h>

/* The suite of this program; unit.c has main(). */
Suite *unit_suite(void);

/* Ends a test that cannot run here: it counts as skipped. `why` is a string literal. */
#define UNIT_SKIPPED   "SKIPPED: "
#define unit_skip(why) ck_abort_msg(UNIT_SKIPPED why)

#endif
