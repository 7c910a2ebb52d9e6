/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folders in which tests work: removing one, without a shell for each. */
#define _XOPEN_SOURCE 700
#include "tests/folder.h"

#include <ftw.h>
#include <stdio.h>

#define OPEN_FOLDERS 16

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

bool folder_remove(const char *path)
{
    return nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) == 0;
}
