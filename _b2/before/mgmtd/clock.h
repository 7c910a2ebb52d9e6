/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's clocks; everything that is tested with a clock of its own gets times from outside.
 */
#ifndef BYWAY_MGMTD_CLOCK_H
#define BYWAY_MGMTD_CLOCK_H

#include <stdint.h>

#include "mgmtd/recorder.h"

struct recorder_time clock_now(void);

/* CLOCK_BOOTTIME: recorder_time's boot_ms. */
int64_t clock_boot_ms(void);

/* CLOCK_MONOTONIC, for how long something took. */
int64_t clock_us(void);

#endif
