/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * byway db backup: a copy of the recorder's database as it is at one moment, also while the
 * daemon writes. It is made under another name, looked at, synced, and only then gets its
 * own, which must be free: nothing is overwritten, and half a copy is never taken for one.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helpdesk/command.h"
#include "helpdesk/history.h"
#include "helpdesk/history_trouble.h"
#include "helpdesk/human.h"
#include "helpdesk/option_table.h"
#include "lib/log.h"
#include "sql/sql.h"

#define BUSY_MS 5000

/* The source as it is to be read: not within a transaction, as VACUUM wants it. */
static int open_source(const char *path, sqlite3 **db)
{
    char *plain = history_plain_path(path);
    int rc = SQLITE_NOMEM;

    if (plain)
        rc = sqlite3_open_v2(plain, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    free(plain);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(*db, BUSY_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return rc;
}

/* Runs one statement; `value` is its parameter, NULL: none. *is_ok: it said ok. */
static int run_statement(sqlite3 *db, const char *name, const char *value, bool *is_ok)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql_find(name), -1, &statement, NULL);

    if (rc == SQLITE_OK && value)
        rc = sqlite3_bind_text(statement, 1, value, -1, SQLITE_STATIC);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW && is_ok)
            *is_ok = strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Fills the file `part`, which is there and empty. */
static enum status copy(const char *database, const char *part)
{
    char why[HISTORY_WHY_SIZE];
    sqlite3 *db = NULL;
    int rc = open_source(database, &db);
    enum status status = STATUS_YES;

    if (rc == SQLITE_OK)
        rc = run_statement(db, "check.backup", part, NULL);
    if (rc != SQLITE_OK && (rc & 0xff) == SQLITE_FULL) {
        status = command_error("%s: there is no space left", part);
    } else if (rc != SQLITE_OK) {
        history_explain_code(rc, db, database, why);
        status = command_error("%s", why);
    }
    sqlite3_close(db);
    return status;
}

static enum status verify(const char *part)
{
    bool is_ok = false;
    sqlite3 *db = NULL;
    int rc = open_source(part, &db);

    if (rc == SQLITE_OK)
        rc = run_statement(db, "check.quick", NULL, &is_ok);
    sqlite3_close(db);
    return rc == SQLITE_OK && is_ok ? STATUS_YES
                                    : command_error("%s: the copy is not in order", part);
}

/* The folder of a file, synced, so that a new name in it stays. */
static int sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int error = fd < 0 || fsync(fd) != 0 ? errno : 0;

    if (fd >= 0)
        close(fd);
    free(folder);
    return error;
}

/* Gives the copy its name, unless something else has it by now. */
static enum status finish(int fd, const char *part, const char *file)
{
    if (fsync(fd) != 0)
        return command_error("%s: %s", part, strerror(errno));
    if (renameat2(AT_FDCWD, part, AT_FDCWD, file, RENAME_NOREPLACE) != 0)
        return command_error("%s: %s", file, strerror(errno));
    if (sync_folder(file) != 0)
        return command_error("%s: %s", file, strerror(errno));
    return STATUS_YES;
}

/* A file may have any name; what is shown of it moves no cursor. */
static enum status say_done(int fd, const char *file)
{
    char *shown = strdup(file), size[HUMAN_SIZE];
    struct stat st;

    if (!shown || fstat(fd, &st) != 0) {
        free(shown);
        return command_error("%s: is made, but cannot be looked at", file);
    }
    log_make_printable(shown);
    printf("%s: %s\n", shown, human_bytes(st.st_size, size));
    free(shown);
    return STATUS_YES;
}

static enum status make(const char *database, const char *part, const char *file)
{
    int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum status status;

    if (fd < 0)
        return command_error("%s: %s", part, strerror(errno));
    status = copy(database, part);
    if (status == STATUS_YES)
        status = verify(part);
    if (status == STATUS_YES)
        status = finish(fd, part, file);
    if (status == STATUS_YES)
        status = say_done(fd, file);
    else
        unlink(part);
    close(fd);
    return status;
}

/* Whether it is a database of ours that can be read, before anything is made. */
static enum status look_at(const char *database)
{
    enum history_trouble trouble;
    char why[HISTORY_WHY_SIZE];
    struct history *history = history_open(database, &trouble, why);

    if (history == NULL)
        return command_error("%s", why);
    history_close(history);
    return STATUS_YES;
}

static enum status run(const struct command *command, const struct options *options)
{
    const char *database = options_database(options), *file = options->operands[0];
    enum status status;
    char *part = NULL;

    (void)command;
    if (access(file, F_OK) == 0)
        return command_error("%s is there already; a backup overwrites nothing", file);
    status = look_at(database);
    if (status != STATUS_YES)
        return status;
    /* "./": a name that SQLite takes for nothing else */
    if (asprintf(&part, "%s%s.part", file[0] == '/' ? "" : "./", file) < 0)
        return command_error("out of memory");
    status = make(database, part, file);
    free(part);
    return status;
}

static const enum option_id taken[] = {OPTION_DATABASE, OPTION_COUNT};

const struct command cmd_db_backup = {
    .name = "db backup",
    .operands = "FILE",
    .least_operands = 1,
    .most_operands = 1,
    .operand = OPTION_FILE,
    .options = taken,
    .summary = "copy the database as it is now, also while the daemon writes",
    .help =
        "Makes FILE a copy of the recorder's database as it is at this moment, and looks whether\n"
        "the copy is in order. The daemon goes on writing meanwhile; what it writes then is not\n"
        "in the copy. Nothing is overwritten. Only the owner of FILE can read it: it names\n"
        "people. Every command reads it with --database FILE; to go back to it, stop the daemon\n"
        "and put it in the place of the database.\n",
    .after = "Exit status: 0 done, 2 not.\n",
    .run = run,
};
