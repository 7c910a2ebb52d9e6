/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads two directives of the daemon's config. */
#include "config.h"

#include "helpdesk/database_file.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/directive.h"

#define MOST (1 << 20) /* the daemon reads no more, either */

/* The whole of a file; malloc'd, NULL if it cannot be had. */
static char *read_file(const char *path, size_t *n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char *text = NULL;
    struct stat st;
    ssize_t got = 1;

    *n = 0;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MOST)
        text = malloc(MOST);
    while (text && got > 0 && *n < MOST) {
        got = read(fd, text + *n, MOST - *n);
        *n += got > 0 ? (size_t)got : 0;
    }
    if (got < 0) {
        free(text);
        text = NULL;
    }
    if (fd >= 0)
        close(fd);
    return text;
}

/* The absolute path that the first `name` of the file gives; NULL if none does. */
static const char *path_of(const struct directive *line, const char *name)
{
    for (; line; line = line->next)
        if (!line->is_block && line->argc == 2 && strcmp(line->argv[0], name) == 0 &&
            line->argv[1][0] == '/')
            return line->argv[1];
    return NULL;
}

static bool take(const char *folder, const char *file, char path[DATABASE_FILE_SIZE])
{
    int n = folder ? snprintf(path, DATABASE_FILE_SIZE, "%s%s", folder, file) : -1;

    return n > 0 && n < DATABASE_FILE_SIZE;
}

static bool find_in(const char *config, char path[DATABASE_FILE_SIZE])
{
    struct diagnostics *problems = diagnostics_new();
    struct arena *arena = arena_new();
    struct directive *lines = NULL;
    size_t n = 0;
    char *text = read_file(config, &n);
    bool ok = false;

    if (text && arena && problems)
        lines = directive_parse(arena, config, text, n, problems);
    ok = take(path_of(lines, "database"), "", path) ||
         take(path_of(lines, "state-dir"), "/sessions.db", path);
    free(text);
    arena_free(arena);
    diagnostics_free(problems);
    return ok;
}

void database_file_find(char path[DATABASE_FILE_SIZE])
{
    const char *set = getenv("BYWAY_MGMTD_CONF");

    if (!find_in(set && set[0] != '\0' ? set : DATABASE_FILE_CONFIG, path))
        snprintf(path, DATABASE_FILE_SIZE, "%s", DATABASE_FILE_DEFAULT);
}
