/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of open directories, found by the text of their path, so that files in
 * them stay within reach after a chroot or setuid. Never blocks on what it opens,
 * and after a chroot never takes a path of the new root for one of the old.
 */
#include "config.h"

#include "lib/dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct directory {
    char *path; /* without trailing slashes, except "/" */
    int fd;
    dev_t dev;
    ino_t ino;
};

struct dirs {
    struct directory *items;
    size_t count;
    size_t room;
    bool has_root; /* whether root_dev and root_ino are known */
    dev_t root_dev;
    ino_t root_ino;
};

struct dirs *dirs_new(void)
{
    struct dirs *dirs = calloc(1, sizeof *dirs);
    struct stat root;

    if (dirs && stat("/", &root) == 0) {
        dirs->has_root = true;
        dirs->root_dev = root.st_dev;
        dirs->root_ino = root.st_ino;
    }
    return dirs;
}

void dirs_free(struct dirs *dirs)
{
    if (!dirs)
        return;
    for (size_t i = 0; i < dirs->count; i++) {
        close(dirs->items[i].fd);
        free(dirs->items[i].path);
    }
    free(dirs->items);
    free(dirs);
}

/* False after a chroot: then a path leads elsewhere than it did. */
static bool same_root(const struct dirs *dirs)
{
    struct stat root;

    return dirs->has_root && stat("/", &root) == 0 && root.st_dev == dirs->root_dev &&
           root.st_ino == dirs->root_ino;
}

/* A directory that one may pass through but not list is opened all the same. */
static int open_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno == EACCES)
        fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd;
}

static const struct directory *find(const struct dirs *dirs, const char *path, size_t n)
{
    for (size_t i = 0; i < dirs->count; i++)
        if (strncmp(dirs->items[i].path, path, n) == 0 && dirs->items[i].path[n] == '\0')
            return &dirs->items[i];
    return NULL;
}

/* How much of a path is its directory. */
static size_t parent_length(const char *path, size_t n)
{
    while (n > 1 && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    return n;
}

/* After a chroot a directory is only reached from the one it is in, if that is open. */
static int open_within(const struct dirs *dirs, const char *path)
{
    const struct directory *parent = find(dirs, path, parent_length(path, strlen(path)));

    if (!parent) {
        errno = ENOENT;
        return -1;
    }
    return openat(parent->fd, strrchr(path, '/') + 1,
                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool make_room(struct dirs *dirs)
{
    size_t room = dirs->room ? dirs->room * 2 : 8;
    struct directory *items;

    if (dirs->count < dirs->room)
        return true;
    items = reallocarray(dirs->items, room, sizeof *items);
    if (!items)
        return false;
    dirs->items = items;
    dirs->room = room;
    return true;
}

static int keep_directory(struct dirs *dirs, const char *path, size_t n)
{
    struct directory item = {.path = strndup(path, n), .fd = -1};
    struct stat st;
    int saved;

    if (!item.path || !make_room(dirs))
        goto fail;
    item.fd = same_root(dirs) ? open_directory(item.path) : open_within(dirs, item.path);
    if (item.fd < 0 || fstat(item.fd, &st) != 0)
        goto fail;
    item.dev = st.st_dev;
    item.ino = st.st_ino;
    dirs->items[dirs->count++] = item;
    return item.fd;
fail:
    saved = errno;
    if (item.fd >= 0)
        close(item.fd);
    free(item.path);
    errno = saved;
    return -1;
}

static int get(struct dirs *dirs, const char *path, size_t n)
{
    const struct directory *known;
    int fd, saved;

    while (n > 1 && path[n - 1] == '/')
        n--;
    if (n == 0 || path[0] != '/') {
        errno = EINVAL;
        return -1;
    }
    known = find(dirs, path, n);
    if (known)
        return known->fd;
    fd = keep_directory(dirs, path, n);
    saved = errno;
    if (fd < 0 && saved == ENOENT && n > 1)
        get(dirs, path, parent_length(path, n)); /* it may be made there, after a chroot */
    errno = saved;
    return fd;
}

int dirs_get(struct dirs *dirs, const char *path)
{
    return get(dirs, path, strlen(path));
}

/* The directory of `path`, and in *name what it is called there. */
static int get_parent(struct dirs *dirs, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');

    if (!slash) {
        errno = EINVAL;
        return -1;
    }
    *name = slash[1] != '\0' ? slash + 1 : ".";
    return get(dirs, path, slash > path ? (size_t)(slash - path) : 1);
}

int dirs_open(struct dirs *dirs, const char *path, int flags, mode_t mode)
{
    const char *name = NULL;
    int fd = get_parent(dirs, path, &name);

    return fd < 0 ? -1 : openat(fd, name, flags | O_CLOEXEC, mode);
}

int dirs_stat(struct dirs *dirs, const char *path, struct stat *out)
{
    const char *name = NULL;
    int fd = get_parent(dirs, path, &name);

    return fd < 0 ? -1 : fstatat(fd, name, out, 0);
}

void dirs_refresh(struct dirs *dirs)
{
    if (!same_root(dirs))
        return;
    for (size_t i = 0; i < dirs->count; i++) {
        struct directory *item = &dirs->items[i];
        struct stat st;
        int fd;

        if (stat(item->path, &st) == 0 && st.st_dev == item->dev && st.st_ino == item->ino)
            continue;
        fd = open_directory(item->path);
        /* The number stays the same, for those who hold it. */
        if (fd >= 0 && fstat(fd, &st) == 0 && dup3(fd, item->fd, O_CLOEXEC) >= 0) {
            item->dev = st.st_dev;
            item->ino = st.st_ino;
        }
        if (fd >= 0)
            close(fd);
    }
}

/* Reads to the end, which may come later than fstat(2) said. NULL with errno set. */
static char *read_all(int fd, size_t expected, size_t max, size_t *n)
{
    size_t room = (expected < max ? expected : max) + 1; /* one more, to see that it goes on */
    char *text = malloc(room + 1);
    size_t length = 0;
    int saved = ENOMEM;

    if (!text)
        return NULL;
    for (;;) {
        ssize_t got = read(fd, text + length, room - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            saved = errno;
            break;
        }
        length += (size_t)got;
        if (length > max) {
            saved = EFBIG;
            break;
        }
        if (got == 0) {
            text[length] = '\0';
            *n = length;
            return text;
        }
        if (length == room) {
            size_t larger = room < max / 2 ? room * 2 : max + 1;
            char *moved = realloc(text, larger + 1);

            if (!moved)
                break;
            text = moved;
            room = larger;
        }
    }
    free(text);
    errno = saved;
    return NULL;
}

char *dirs_read_file(struct dirs *dirs, const char *path, size_t max, size_t *n, struct stat *st)
{
    int fd = dirs_open(dirs, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    char *text = NULL;
    struct stat seen;
    int saved;

    if (fd < 0)
        return NULL;
    if (max > SSIZE_MAX - 2)
        max = SSIZE_MAX - 2;
    if (fstat(fd, &seen) != 0) {
        saved = errno;
    } else if (!S_ISREG(seen.st_mode)) {
        saved = EINVAL;
    } else if (seen.st_size > 0 && (size_t)seen.st_size > max) {
        saved = EFBIG;
    } else {
        text = read_all(fd, (size_t)seen.st_size, max, n);
        saved = errno;
    }
    if (text && st)
        *st = seen;
    close(fd);
    errno = saved;
    return text;
}

char *dirs_resolve(const char *from, const char *name)
{
    const char *slash = strrchr(from, '/');
    char *joined = NULL;

    if (name[0] == '/' || !slash)
        return strdup(name);
    if (asprintf(&joined, "%.*s/%s", (int)(slash - from), from, name) < 0)
        return NULL;
    return joined;
}
