/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three clocks of the kernel. */
#include <config.h>

#include "mgmtd/clock.h"

#include <time.h>

int64_t clock_us(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_boot_ms(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct recorder_time clock_now(void)
{
    return (struct recorder_time){.wall_s = time(NULL), .boot_ms = clock_boot_ms()};
}
