/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts a damaged database where nothing writes it any more. Nothing is overwritten. */
#include <config.h>

#include "mgmtd/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define MAX_NAMES 1000 /* set aside in one second */

/*
 * The WAL first: left beside a new database of the same name it could be taken for that
 * one's. The order of the others does not matter.
 */
static const char *const endings[] = {"-wal", "-shm", "-journal", ""};

#define N_ENDINGS (sizeof(endings) / sizeof(endings[0]))

static bool is_free(const char *name)
{
    for (size_t i = 0; i < N_ENDINGS; i++) {
        char file[PATH_MAX];

        snprintf(file, sizeof(file), "%s%s", name, endings[i]);
        if (access(file, F_OK) == 0 || errno != ENOENT)
            return false;
    }
    return true;
}

static int find_name(const char *path, int64_t now, char *to, size_t to_size)
{
    time_t moment = (time_t)now;
    struct tm tm;
    char when[40];

    if (gmtime_r(&moment, &tm) == NULL || strftime(when, sizeof(when), "%Y%m%dT%H%M%S", &tm) == 0)
        return EINVAL;
    for (int i = 1; i <= MAX_NAMES; i++) {
        int n = i == 1 ? snprintf(to, to_size, "%s.damaged-%s", path, when)
                       : snprintf(to, to_size, "%s.damaged-%s-%d", path, when, i);

        if (n < 0 || (size_t)n >= to_size || n + 10 >= PATH_MAX)
            return ENAMETOOLONG;
        if (is_free(to))
            return 0;
    }
    return EEXIST;
}

static int move_all(const char *path, const char *to)
{
    for (size_t i = 0; i < N_ENDINGS; i++) {
        char from[PATH_MAX], target[PATH_MAX];

        snprintf(from, sizeof(from), "%s%s", path, endings[i]);
        snprintf(target, sizeof(target), "%s%s", to, endings[i]);
        if (renameat2(AT_FDCWD, from, AT_FDCWD, target, RENAME_NOREPLACE) != 0 && errno != ENOENT)
            return errno;
    }
    return 0;
}

int store_set_aside(const char *path, int64_t now, char *to, size_t to_size)
{
    int lock = store_lock(path);
    int error;

    if (lock < 0)
        return errno;
    error = find_name(path, now, to, to_size);
    if (error == 0)
        error = move_all(path, to);
    close(lock);
    return error;
}
