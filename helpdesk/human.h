/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers for people. */
#ifndef BYWAY_HELPDESK_HUMAN_H
#define BYWAY_HELPDESK_HUMAN_H

#include <stdint.h>

#define HUMAN_SIZE 32

/* "512 B", "1.2 GiB": three digits at most before the unit. Returns `text`. */
char *human_bytes(int64_t bytes, char text[HUMAN_SIZE]);

/* "45s", "12m 05s", "3h 05m", "2d 03h": the two largest units, cut. Returns `text`. */
char *human_duration(int64_t seconds, char text[HUMAN_SIZE]);

#endif
