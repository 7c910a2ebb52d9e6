/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files through which a plugin tells OpenVPN more than a return code says.
 * OpenVPN makes them and removes them; a late writer must not make them again.
 */
#ifndef BYWAY_PLUGIN_CONTROL_FILE_H
#define BYWAY_PLUGIN_CONTROL_FILE_H

#include <stdbool.h>

/*
 * Opens a file that is there, for a write that replaces what it holds. Never creates,
 * never follows a symbolic link, never waits. -1 with errno set (EINVAL: not a regular file).
 */
int control_file_open(const char *path);

/* True if the file is there and begins with a '1'. */
bool control_file_says_yes(const char *path);

/* Replaces what the file holds, by one write(2). False with errno set. */
bool control_file_write(const char *path, const char *text);

#endif
