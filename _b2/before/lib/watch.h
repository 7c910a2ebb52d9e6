/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a policy was read from, and whether any of it has changed, appeared or gone
 * since. Only stats; reads nothing.
 */
#ifndef BYWAY_LIB_WATCH_H
#define BYWAY_LIB_WATCH_H

#include "lib/dirs.h"

struct watch;

/* NULL when memory is out. Freeing NULL is harmless. */
struct watch *watch_new(void);
void watch_free(struct watch *watch);

/*
 * Remembers an absolute path (a file, or the directory of a pattern) as it was seen:
 * `seen` is its stat, NULL if it was not there. Once a path, the first look counts.
 * Take the stat before, or from the open file you read: never after. False when memory is out.
 */
bool watch_add(struct watch *watch, const char *path, const struct stat *seen);

/*
 * True if something differs now: existence, device, inode, size, modification or change
 * time. Looks for directories that were replaced first (dirs_refresh()).
 */
bool watch_changed(const struct watch *watch, struct dirs *dirs);

/* How many paths it remembers. */
size_t watch_count(const struct watch *watch);

#endif
