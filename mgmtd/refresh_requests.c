/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routes/refresh/NAME: a file that asks for the route set or the group of that name to be
 * looked up now. One that says "accept" also has the result taken, however unlike the last
 * it is.
 */
#include <config.h>

#include "mgmtd/refresh_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/names.h"

#define FOLDER     "routes/refresh"
#define ACCEPT     "accept"
#define MAX_A_TURN 100

/* Whether the file says to accept; it may be any file that somebody could put there. */
static bool says_accept(int folder, const char *name)
{
    char text[sizeof(ACCEPT)] = "";
    int fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(ACCEPT) - 1);

    if (fd >= 0)
        close(fd);
    return n == (ssize_t)sizeof(ACCEPT) - 1 && memcmp(text, ACCEPT, sizeof(ACCEPT) - 1) == 0;
}

static bool ask_now(struct refresh *refresh, const char *name, bool accept)
{
    bool found = false;

    for (struct refresh_file *file = refresh->files; file != NULL; file = file->next) {
        if (strcmp(file->plan->name, name) != 0)
            continue;
        found = true;
        for (struct refresh_source *source = file->sources; source; source = source->next) {
            source->due_ms = 0;
            source->again = refresh_is_busy(source);
            source->accept = source->accept || accept;
        }
    }
    return found;
}

/* A request that cannot be removed would be made for ever: it is not followed. */
static void follow(struct refresh *refresh, int folder, const char *name)
{
    bool accept = says_accept(folder, name);

    if (unlinkat(folder, name, 0) != 0) {
        log_write(refresh->log, LOG_LEVEL_WARNING, "refresh",
                  "%s/" FOLDER "/%s cannot be removed: %s", refresh->state_dir, name,
                  strerror(errno));
        return;
    }
    log_write(refresh->log, LOG_LEVEL_NOTICE, "refresh", "%s: %s%s", name,
              ask_now(refresh, name, accept) ? "looked up now, as was asked for"
                                             : "was to be looked up, but no policy names it",
              accept ? "; the result will be taken" : "");
}

static int open_folder(const struct refresh *refresh)
{
    char *path = NULL;
    int fd = -1;

    if (refresh->state_dir == NULL || asprintf(&path, "%s/" FOLDER, refresh->state_dir) < 0)
        return -1;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    free(path);
    return fd;
}

void refresh_look_for_requests(struct refresh *refresh)
{
    int fd = refresh->plan == NULL ? -1 : open_folder(refresh);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    int left = MAX_A_TURN;

    if (fd >= 0 && folder == NULL)
        close(fd);
    while (folder != NULL && left > 0 && (entry = readdir(folder)) != NULL)
        if (names_is_plain(entry->d_name)) {
            follow(refresh, dirfd(folder), entry->d_name);
            left--;
        }
    if (folder != NULL)
        closedir(folder);
}
