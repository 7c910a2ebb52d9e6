/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One daemon a database: a lock on PATH.lock for as long as the store is open. SQLite's
 * own locks let several writers take turns, which would mix up what two daemons record.
 * The file stays: it also tells that a damaged file was ours. Whoever can open it can lock
 * it, so only its owner can: who may read the database could keep the daemon from starting.
 */
#include <config.h>

#include "mgmtd/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char *lock_path(const char *path)
{
    char *text = NULL;

    return asprintf(&text, "%s.lock", path) < 0 ? NULL : text;
}

int store_lock(const char *path)
{
    char *file = lock_path(path);
    int fd, error;

    if (file == NULL) {
        errno = ENOMEM;
        return -1;
    }
    fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    free(file);
    if (fd >= 0)
        fchmod(fd, 0600); /* it may be an old one */
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

bool store_lock_exists(const char *path)
{
    char *file = lock_path(path);
    bool there = file && access(file, F_OK) == 0;

    free(file);
    return there;
}
