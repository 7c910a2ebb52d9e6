/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folders in which tests work. */
#ifndef BYWAY_TESTS_FOLDER_H
#define BYWAY_TESTS_FOLDER_H

#include <stdbool.h>

/* Removes `path` with all that is in it; follows no link. False (errno) where something stays. */
bool folder_remove(const char *path);

#endif
