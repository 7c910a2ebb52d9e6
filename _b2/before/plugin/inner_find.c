/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the file of a wrapped plugin that is named without a path. Runs at start only. */
#include "config.h"

#include "plugin/inner.h"

#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where distributions put OpenVPN's plugins; Debian has one directory an architecture. */
static const char *const usual_places[] = {
    "/usr/lib/*-linux-*/openvpn/plugins", "/usr/lib/openvpn/plugins", "/usr/lib64/openvpn/plugins",
    "/usr/local/lib/openvpn/plugins",     "/usr/lib/openvpn",         NULL,
};

/* `directory`/`name` if that can be read; NULL with errno set. */
static char *find_in(const char *directory, size_t directory_n, const char *name)
{
    char *path = NULL;

    if (asprintf(&path, "%.*s/%s", (int)directory_n, directory, name) < 0)
        return NULL;
    if (access(path, R_OK) == 0)
        return path;
    free(path);
    return NULL;
}

static char *find_beside_us(const char *name)
{
    Dl_info us;
    const char *slash;

    if (!dladdr((const void *)usual_places, &us) || !us.dli_fname)
        return NULL;
    slash = strrchr(us.dli_fname, '/');
    return slash ? find_in(us.dli_fname, (size_t)(slash - us.dli_fname), name) : NULL;
}

static char *find_in_usual_places(const char *name)
{
    char *path = NULL;

    for (size_t i = 0; usual_places[i] && !path; i++) {
        glob_t found = {0};

        if (glob(usual_places[i], GLOB_ONLYDIR, NULL, &found) == 0)
            for (size_t k = 0; k < found.gl_pathc && !path; k++)
                path = find_in(found.gl_pathv[k], strlen(found.gl_pathv[k]), name);
        globfree(&found);
    }
    return path;
}

char *inner_find(const char *name)
{
    char *path;

    if (*name == '/' || *name == '.')
        return strdup(name);
    path = find_beside_us(name);
    if (!path)
        path = find_in_usual_places(name);
    if (!path)
        errno = ENOENT;
    return path;
}
