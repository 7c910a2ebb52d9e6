/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remembers what files looked like and looks again. Stats only; never opens a file. */
#include "lib/watch.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct look {
    char *path;
    bool exists;
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec modified;
    struct timespec changed;
};

struct watch {
    struct look *looks;
    size_t count;
    size_t room;
    uint32_t *table; /* of 2 * room: 1 + the index of a look, or 0; open addressing */
};

struct watch *watch_new(void)
{
    return calloc(1, sizeof(struct watch));
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < watch->count; i++)
        free(watch->looks[i].path);
    free(watch->looks);
    free(watch->table);
    free(watch);
}

/* FNV-1a */
static uint32_t hash(const char *path)
{
    uint32_t h = 2166136261u;

    for (; *path; path++)
        h = (h ^ (unsigned char)*path) * 16777619u;
    return h;
}

/* Where in the table `path` is, or would be. The table always has empty places. */
static uint32_t *find(const struct watch *watch, const char *path)
{
    size_t slots = watch->room * 2;
    size_t i = hash(path) % slots;

    while (watch->table[i] && strcmp(watch->looks[watch->table[i] - 1].path, path) != 0)
        i = (i + 1) % slots;
    return &watch->table[i];
}

static bool grow(struct watch *watch)
{
    size_t room = watch->room ? watch->room * 2 : 32;
    uint32_t *table = calloc(room * 2, sizeof *table);
    struct look *looks = table ? reallocarray(watch->looks, room, sizeof *looks) : NULL;

    if (!looks) {
        free(table);
        return false;
    }
    free(watch->table);
    watch->looks = looks;
    watch->table = table;
    watch->room = room;
    for (size_t i = 0; i < watch->count; i++)
        *find(watch, looks[i].path) = (uint32_t)i + 1;
    return true;
}

static struct look look_from(const struct stat *seen)
{
    struct look look = {0};

    if (seen) {
        look.exists = true;
        look.dev = seen->st_dev;
        look.ino = seen->st_ino;
        look.size = seen->st_size;
        look.modified = seen->st_mtim;
        look.changed = seen->st_ctim;
    }
    return look;
}

bool watch_add(struct watch *watch, const char *path, const struct stat *seen)
{
    struct look look = look_from(seen);
    uint32_t *place;

    if (watch->count == watch->room && !grow(watch))
        return false;
    place = find(watch, path);
    if (*place)
        return true;
    look.path = strdup(path);
    if (!look.path)
        return false;
    watch->looks[watch->count++] = look;
    *place = (uint32_t)watch->count;
    return true;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_look(const struct look *a, const struct look *b)
{
    return a->exists == b->exists && a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           same_time(a->modified, b->modified) && same_time(a->changed, b->changed);
}

bool watch_changed(const struct watch *watch, struct dirs *dirs)
{
    dirs_refresh(dirs);
    for (size_t i = 0; i < watch->count; i++) {
        struct stat st;
        struct look now = look_from(dirs_stat(dirs, watch->looks[i].path, &st) == 0 ? &st : NULL);

        if (!same_look(&now, &watch->looks[i]))
            return true;
    }
    return false;
}

size_t watch_count(const struct watch *watch)
{
    return watch->count;
}
