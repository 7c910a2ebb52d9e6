/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fake host's directory: policy, state, spool; and what the process holds open. */
#include "tests/host/host_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

const char *host_dir(const struct host *host)
{
    return host->dir;
}

const char *host_path(struct host *host, const char *format, ...)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    va_list arguments;
    int n = snprintf(path, sizeof(paths[0]), "%s/", host->dir);

    va_start(arguments, format);
    vsnprintf(path + n, sizeof(paths[0]) - (size_t)n, format, arguments);
    va_end(arguments);
    return path;
}

static void write_whole(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    host_must(file != NULL, "%s: %s", path, strerror(errno));
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

void host_write(struct host *host, const char *name, const char *text)
{
    const char *path = host_path(host, "%s", name);
    const char *fresh = host_path(host, "%s.new", name);

    write_whole(fresh, text);
    host_must(rename(fresh, path) == 0, "%s: %s", path, strerror(errno));
}

void host_policy(struct host *host, const char *text)
{
    size_t n = strlen(text) + sizeof(host->dir) + 32;
    char *whole = malloc(n);

    host_must((whole) != NULL, "no whole");
    snprintf(whole, n, "state-dir %s/state\n%s", host->dir, text);
    host_write(host, "policy.conf", whole);
    free(whole);
}

char *host_slurp(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t n = 0;
    size_t got;

    do {
        text = realloc(text, n + 65536);
        host_must((text) != NULL, "no text");
        got = file != NULL ? fread(text + n, 1, 65535, file) : 0;
        n += got;
    } while (got > 0);
    text[n] = '\0';
    if (file != NULL)
        fclose(file);
    return text;
}

char *host_read(struct host *host, const char *name)
{
    return host_slurp(host_path(host, "%s", name));
}

void host_wrap(struct host *host, const char *module, const char *mode)
{
    snprintf(host->inner, sizeof(host->inner), "%s/%s.so", HOST_MODULES, module);
    host_inner_mode(host, mode);
}

void host_inner_mode(struct host *host, const char *mode)
{
    host_write(host, "inner/mode", mode);
}

char *host_inner_calls(struct host *host)
{
    return host_read(host, "inner/calls");
}

/* ── the spool ── */

/* The youngest file: a directory keeps those of earlier opens, and their names have a serial. */
static bool find_spool(struct host *host, char name[256])
{
    DIR *folder = opendir(host_path(host, "state/spool"));
    struct timespec youngest = {0};
    struct dirent *entry;
    bool found = false;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        struct stat st;

        if (strstr(entry->d_name, SPOOL_SUFFIX) == NULL ||
            fstatat(dirfd(folder), entry->d_name, &st, 0) != 0)
            continue;
        if (found &&
            (st.st_mtim.tv_sec < youngest.tv_sec ||
             (st.st_mtim.tv_sec == youngest.tv_sec && st.st_mtim.tv_nsec < youngest.tv_nsec)))
            continue;
        snprintf(name, 256, "%s", entry->d_name);
        youngest = st.st_mtim;
        found = true;
    }
    if (folder != NULL)
        closedir(folder);
    return found;
}

char *host_spool_name(struct host *host)
{
    char name[256] = "";

    find_spool(host, name);
    return strdup(host_path(host, "state/spool/%s", name));
}

char *host_spool_text(struct host *host)
{
    char *name = host_spool_name(host);
    char *text = host_slurp(name);

    free(name);
    return text;
}

static void reopen_spool(struct host *host)
{
    char name[256];

    if (host->reader != NULL)
        spool_reader_close(host->reader);
    host->reader = NULL;
    if (host->spool_fd < 0)
        host->spool_fd = open(host_path(host, "state/spool"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (host->spool_fd >= 0 && find_spool(host, name))
        host->reader = spool_reader_open(host->spool_fd, name, 0);
}

void host_expect_torn_records(struct host *host)
{
    host->torn_records = true;
}

/* Goes on to the next record; a line that is none is a fault of the plugin's. */
static bool next_record(struct host *host, struct spool_record *record)
{
    enum spool_next next;

    do {
        next = spool_reader_next(host->reader, record);
        host_must(next != SPOOL_NEXT_GARBAGE || host->torn_records,
                  "the spool has a line that is no record");
    } while (next == SPOOL_NEXT_GARBAGE);
    host_must(next != SPOOL_NEXT_ERROR, "the spool cannot be read: %s", strerror(errno));
    return next == SPOOL_NEXT_RECORD;
}

bool host_spool_at(struct host *host, size_t i, struct spool_record *record)
{
    reopen_spool(host);
    if (host->reader == NULL)
        return false;
    do {
        if (!next_record(host, record))
            return false;
    } while (i-- > 0);
    return true;
}

static size_t search(struct host *host, enum spool_kind kind, size_t stop_at,
                     struct spool_record *record)
{
    size_t n = 0;

    reopen_spool(host);
    while (host->reader != NULL && n < stop_at && next_record(host, record)) {
        host_must(record->kind != SPOOL_UNKNOWN, "an unknown record");
        n += record->kind == kind;
    }
    return n;
}

struct spool_record host_spool(struct host *host, enum spool_kind kind, size_t i)
{
    struct spool_record record = {0};

    host_must(search(host, kind, i + 1, &record) == i + 1, "the spool has no %s record #%zu",
              spool_kind_name(kind), i);
    return record;
}

size_t host_spool_count(struct host *host, enum spool_kind kind)
{
    struct spool_record record;

    return search(host, kind, SIZE_MAX, &record);
}

/* ── the process ── */

unsigned host_count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned n = 0;

    host_must((folder) != NULL, "no folder");
    while (readdir(folder) != NULL)
        n++;
    closedir(folder);
    return n - 3; /* ".", ".." and the folder itself */
}

/* The pids of the children, a space after each. The caller frees. */
static char *children(void)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    return host_slurp(path);
}

unsigned host_count_children(void)
{
    char *text = children();
    unsigned n = 0;

    for (const char *at = text; *at != '\0'; at++)
        n += *at == ' ';
    free(text);
    return n;
}

pid_t host_child(unsigned i)
{
    char *text = children();
    char *at = text;
    pid_t pid = 0;

    do
        pid = (pid_t)strtol(at, &at, 10);
    while (i-- > 0);
    free(text);
    return pid;
}

bool host_is_zombie(pid_t pid)
{
    char path[64];
    char *text;
    bool zombie;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    text = host_slurp(path);
    zombie = strstr(text, "State:\tZ") != NULL;
    free(text);
    return zombie;
}

bool host_is_empty(struct host *host, const char *folder)
{
    DIR *entries = opendir(host_path(host, "%s", folder));
    unsigned n = 0;

    host_must((entries) != NULL, "no entries");
    while (readdir(entries) != NULL)
        n++;
    closedir(entries);
    return n == 2; /* "." and ".." */
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

void host_remove_tree(const char *path)
{
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
