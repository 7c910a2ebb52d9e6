/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of one open directory that match a pattern. Sorted by bytes, not by locale. */
#include "config.h"

#include "lib/dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct paths {
    char **items; /* NULL-terminated once there is room for one */
    size_t count;
    size_t room;
};

static bool paths_reserve(struct paths *paths)
{
    size_t room = paths->room ? paths->room * 2 : 16;
    char **items;

    if (paths->count + 1 < paths->room)
        return true;
    items = reallocarray(paths->items, room, sizeof *items);
    if (!items)
        return false;
    items[paths->count] = NULL;
    paths->items = items;
    paths->room = room;
    return true;
}

static bool paths_add(struct paths *paths, const char *directory, size_t n, const char *name)
{
    char *path = NULL;

    if (!paths_reserve(paths) || asprintf(&path, "%.*s%s", (int)n, directory, name) < 0)
        return false;
    paths->items[paths->count++] = path;
    paths->items[paths->count] = NULL;
    return true;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/*
 * A stream of its own over the kept directory: dup'd, since after a setuid the right
 * to open it again may be gone.
 */
static DIR *open_stream(struct dirs *dirs, const char *path, size_t n)
{
    char *directory = strndup(path, n);
    int kept = directory ? dirs_get(dirs, directory) : -1;
    int fd = kept >= 0 ? fcntl(kept, F_DUPFD_CLOEXEC, 0) : -1;
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    int saved = errno;

    free(directory);
    if (stream)
        rewinddir(stream);
    else if (fd >= 0)
        close(fd);
    errno = saved;
    return stream;
}

/* False with errno set. */
static bool collect(DIR *stream, const char *pattern, size_t n, struct paths *paths)
{
    const struct dirent *entry;

    for (;;) {
        errno = 0;
        entry = readdir(stream);
        if (!entry) {
            if (errno == EBADF) /* an O_PATH descriptor: it may not be listed */
                errno = EACCES;
            return errno == 0;
        }
        if (entry->d_name[0] != '.' && fnmatch(pattern + n, entry->d_name, 0) == 0 &&
            !paths_add(paths, pattern, n, entry->d_name)) {
            errno = ENOMEM;
            return false;
        }
    }
}

char **dirs_glob(struct dirs *dirs, const char *pattern)
{
    const char *slash = strrchr(pattern, '/');
    struct paths paths = {0};
    DIR *stream = NULL;
    int saved;

    if (!slash) {
        errno = EINVAL;
        return NULL;
    }
    if (!paths_reserve(&paths))
        return NULL;
    stream = open_stream(dirs, pattern, (size_t)(slash - pattern) + 1);
    if (!stream || !collect(stream, pattern, (size_t)(slash - pattern) + 1, &paths)) {
        saved = errno;
        dirs_glob_free(paths.items);
        paths.items = NULL;
        errno = saved;
    } else {
        qsort(paths.items, paths.count, sizeof *paths.items, compare);
    }
    saved = errno;
    if (stream)
        closedir(stream);
    errno = saved;
    return paths.items;
}

void dirs_glob_free(char **paths)
{
    for (size_t i = 0; paths && paths[i]; i++)
        free(paths[i]);
    free(paths);
}
