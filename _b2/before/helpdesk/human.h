/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers for people. */
#ifndef BYWAY_HELPDESK_HUMAN_H
#define BYWAY_HELPDESK_HUMAN_H

#include <stdbool.h>
#include <stdint.h>

#define HUMAN_SIZE 32

/* "512 B", "1.2 GiB": three digits at most before the unit. Returns `text`. */
char *human_bytes(int64_t bytes, char text[HUMAN_SIZE]);

/*
 * Reads a size: 500000, 500M, 1.5 GiB. K, KiB, M, … are of 1024, KB, MB, … of 1000. False
 * for any other text, and for more than an int64_t holds.
 */
bool human_read_bytes(const char *text, int64_t *bytes);

/* "45s", "12m 05s", "3h 05m", "2d 03h": the two largest units, cut. Returns `text`. */
char *human_duration(int64_t seconds, char text[HUMAN_SIZE]);

#endif
