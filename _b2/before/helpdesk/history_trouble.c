/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds out why a database cannot be read, and says so to somebody who knows no SQL. */
#include "config.h"

#include "helpdesk/history_trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"

#define DETAIL_SIZE 300

/* Each goes on behind "PATH: ". */
static const char *sentence(enum history_trouble trouble)
{
    switch (trouble) {
    case HISTORY_FINE:
        return "it is in order";
    case HISTORY_MISSING:
        return "there is no such database. The recorder (byway-mgmtd) makes it when it first runs; "
               "if it keeps it elsewhere, name that with --database";
    case HISTORY_FORBIDDEN:
        return "you may not read this database";
    case HISTORY_NO_FILE:
        return "that is no file; name the database with --database";
    case HISTORY_EMPTY:
        return "this database is empty: the recorder (byway-mgmtd) has not written to it yet";
    case HISTORY_FOREIGN:
        return "this is not a database of Byway; name the right one with --database";
    case HISTORY_OLDER:
        return "an older version of Byway made this database. The recorder (byway-mgmtd) of this "
               "version brings it up to date when it starts";
    case HISTORY_NEWER:
        return "a newer version of Byway made this database; this command must be of that version, "
               "too";
    case HISTORY_DAMAGED:
        return "this database is damaged. An administrator can put a backup in its place; the "
               "recorder (byway-mgmtd), when it starts, sets a damaged one aside and begins anew";
    case HISTORY_SIDE_FILES:
        return "the two files beside this database (-wal and -shm) are not there or may not be "
               "read by you. The recorder (byway-mgmtd) makes them when it starts, with the "
               "rights that the database has";
    case HISTORY_UNFINISHED:
        return "a write to this database was cut off in the middle, and you may not put it in "
               "order. Starting the recorder (byway-mgmtd) does";
    case HISTORY_BUSY:
        return "another program keeps this database locked (a restore, or an SQL shell?). The "
               "recorder never does; try again soon";
    case HISTORY_NO_MEMORY:
        return "out of memory";
    case HISTORY_FAILED:
        break;
    }
    return "reading this database failed";
}

enum history_trouble history_explain(enum history_trouble trouble, const char *path,
                                     const char *detail, char why[HISTORY_WHY_SIZE])
{
    snprintf(why, HISTORY_WHY_SIZE, "%.150s: %s%s%.250s%s.", path, sentence(trouble),
             detail ? " (" : "", detail ? detail : "", detail ? ")" : "");
    log_make_printable(why);
    return trouble;
}

/* ── what the system says ── */

/* "; members of the group helpdesk may", if the group has the rights that are missing. */
static void describe_group(const struct stat *about, mode_t needed, char text[DETAIL_SIZE])
{
    struct group *group = (about->st_mode & needed) == needed ? getgrgid(about->st_gid) : NULL;

    if (group && about->st_gid != 0)
        snprintf(text, DETAIL_SIZE, "members of the group %s may", group->gr_name);
    else
        snprintf(text, DETAIL_SIZE, "an administrator can let you");
}

/* The first folder on the way that may not be entered, as its length in `path`; 0 if none. */
static size_t closed_folder(const char *path)
{
    char folder[4096];

    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t n = (size_t)(slash - path);

        snprintf(folder, sizeof(folder), "%.*s", n > 0 ? (int)n : 1, path);
        if (access(folder, X_OK) != 0)
            return n;
    }
    return 0;
}

static enum history_trouble explain_forbidden(const char *path, char why[HISTORY_WHY_SIZE])
{
    size_t closed = closed_folder(path);
    char folder[200], group[DETAIL_SIZE], detail[DETAIL_SIZE + 250];
    struct stat about = {0};

    snprintf(folder, sizeof(folder), "%.*s", (int)closed, path);
    if (stat(closed > 0 ? folder : path, &about) == 0)
        describe_group(&about, closed > 0 ? S_IXGRP : S_IRGRP, group);
    else
        snprintf(group, sizeof(group), "an administrator can let you");
    if (closed > 0)
        snprintf(detail, sizeof(detail), "its folder %s is closed to you; %s", folder, group);
    else
        snprintf(detail, sizeof(detail), "%s", group);
    return history_explain(HISTORY_FORBIDDEN, path, detail, why);
}

static enum history_trouble explain_errno(int error, const char *path, char why[HISTORY_WHY_SIZE])
{
    if (error == ENOENT || error == ENOTDIR)
        return history_explain(HISTORY_MISSING, path, NULL, why);
    if (error == EACCES || error == EPERM)
        return explain_forbidden(path, why);
    return history_explain(HISTORY_FAILED, path, strerror(error), why);
}

/* A file that does not begin like a database was ours if the recorder's lock lies beside it. */
static enum history_trouble judge_beginning(int fd, const char *path)
{
    static const char magic[16] = "SQLite format 3";
    char head[sizeof(magic)];
    char lock[4096];

    if (read(fd, head, sizeof(head)) == (ssize_t)sizeof(head) &&
        memcmp(head, magic, sizeof(head)) == 0)
        return HISTORY_FINE;
    snprintf(lock, sizeof(lock), "%s.lock", path);
    return access(lock, F_OK) == 0 ? HISTORY_DAMAGED : HISTORY_FOREIGN;
}

enum history_trouble history_look_at_file(const char *path, char why[HISTORY_WHY_SIZE])
{
    enum history_trouble trouble = HISTORY_FINE;
    struct stat about = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return explain_errno(errno, path, why);
    if (fstat(fd, &about) != 0)
        trouble = HISTORY_FAILED;
    else if (!S_ISREG(about.st_mode))
        trouble = HISTORY_NO_FILE;
    else if (about.st_size == 0)
        trouble = HISTORY_EMPTY;
    else
        trouble = judge_beginning(fd, path);
    close(fd);
    if (trouble != HISTORY_FINE)
        history_explain(trouble, path, NULL, why);
    return trouble;
}

/* ── what SQLite says ── */

static enum history_trouble trouble_of(int rc)
{
    if (rc == SQLITE_READONLY_DIRECTORY) /* it would have made one of them */
        return HISTORY_SIDE_FILES;
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return HISTORY_FINE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return HISTORY_DAMAGED;
    case SQLITE_CANTOPEN: /* the file itself was opened before */
        return HISTORY_SIDE_FILES;
    case SQLITE_READONLY:
        return HISTORY_UNFINISHED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return HISTORY_BUSY;
    case SQLITE_NOMEM:
        return HISTORY_NO_MEMORY;
    default:
        return HISTORY_FAILED;
    }
}

enum history_trouble history_explain_code(int rc, sqlite3 *db, const char *path,
                                          char why[HISTORY_WHY_SIZE])
{
    enum history_trouble trouble = trouble_of(rc);
    int error = db ? sqlite3_system_errno(db) : 0;
    char detail[DETAIL_SIZE];

    if (trouble != HISTORY_FAILED)
        return history_explain(trouble, path, NULL, why);
    if ((rc & 0xff) == SQLITE_IOERR && error != 0)
        snprintf(detail, sizeof(detail), "%s", strerror(error));
    else
        snprintf(detail, sizeof(detail), "%s", db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
    return history_explain(trouble, path, detail, why);
}

char *history_plain_path(const char *path)
{
    char *plain = NULL;

    return asprintf(&plain, "%s%s", path[0] == '/' ? "" : "./", path) < 0 ? NULL : plain;
}
