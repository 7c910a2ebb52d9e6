/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State files on disk: read whole, and replaced whole, so that nobody ever sees half of one. */
#include "config.h"

#include "lib/state_text.h"

#include "lib/dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define NEW_SUFFIX ".new" /* of what is not finished yet; its name begins with a dot */

char *state_load(const char *directory, const char *path, size_t *n)
{
    struct dirs *dirs = dirs_new();
    char *whole = NULL;
    char *text = NULL;
    int why = ENOMEM;

    if (dirs && asprintf(&whole, "%s/%s", directory, path) >= 0) {
        text = dirs_read_file(dirs, whole, STATE_MAX_BYTES, n, NULL);
        why = errno;
        free(whole);
    }
    dirs_free(dirs);
    errno = why;
    return text;
}

static int open_folder(int at, const char *path)
{
    return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Opens the folder that `path` is in, made if need be. -1 with errno set. */
static int open_place(const char *directory, const char *path, bool sync)
{
    const char *slash = strrchr(path, '/');
    char folder[STATE_PATH_SIZE];
    int base = open_folder(AT_FDCWD, directory);
    int fd, why;

    if (base < 0 || !slash)
        return base;
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
    fd = open_folder(base, folder);
    if (fd < 0 && errno == ENOENT && mkdirat(base, folder, 0755) == 0) {
        if (sync)
            fsync(base);
        fd = open_folder(base, folder);
        if (fd >= 0)
            fchmod(fd, 0755); /* whatever the umask: OpenVPN reads it without any rights */
    }
    why = errno;
    close(base);
    errno = why;
    return fd;
}

/* 0 or an errno. */
static int write_all(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, text, n);

        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0) {
            text += written;
            n -= (size_t)written;
        }
    }
    return 0;
}

/* Whatever was left of an earlier try is thrown away. 0 or an errno. */
static int write_aside(int place, const char *name, const char *text, size_t n, bool sync)
{
    int fd, why;

    unlinkat(place, name, 0);
    fd = openat(place, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return errno;
    why = fchmod(fd, 0644) == 0 ? write_all(fd, text, n) : errno;
    if (why == 0 && sync && fsync(fd) != 0)
        why = errno;
    if (close(fd) != 0 && why == 0)
        why = errno;
    return why;
}

int state_save(const char *directory, const char *path, const char *text, size_t n, bool sync)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char aside[STATE_PATH_SIZE + sizeof(NEW_SUFFIX) + 1];
    int place, why;

    if (strlen(path) >= STATE_PATH_SIZE)
        return ENAMETOOLONG;
    snprintf(aside, sizeof(aside), ".%s" NEW_SUFFIX, name);
    place = open_place(directory, path, sync);
    if (place < 0)
        return errno;
    why = write_aside(place, aside, text, n, sync);
    if (why == 0 && renameat(place, aside, place, name) != 0)
        why = errno;
    if (why != 0)
        unlinkat(place, aside, 0);
    else if (sync && fsync(place) != 0)
        why = errno;
    close(place);
    return why;
}
