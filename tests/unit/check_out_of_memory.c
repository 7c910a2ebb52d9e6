/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ground modules when memory is out: each story is told with the first allocation
 * refused, then the second, and so on, until it succeeds. The modules must say so, leak
 * nothing (the sanitizer looks) and leave what they had as it was.
 */
#include "config.h"

#include "tests/folder.h"
#include "tests/unit/unit.h"

#include "lib/arena.h"
#include "lib/diagnostics.h"
#include "lib/spool.h"
#include "lib/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ── allocations in front ── */

static long left = -1; /* so many allocations still succeed; negative: all do */

static bool refuse(void)
{
    if (left == 0) {
        errno = ENOMEM;
        return true;
    }
    if (left > 0)
        left--;
    return false;
}

#define WRAP(type, name, parameters, arguments)           \
    type __real_##name parameters;                        \
    type __wrap_##name parameters;                        \
    type __wrap_##name parameters                         \
    {                                                     \
        return refuse() ? NULL : __real_##name arguments; \
    }

WRAP(void *, malloc, (size_t n), (n))
WRAP(void *, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, (void *p, size_t n), (p, n))
WRAP(void *, reallocarray, (void *p, size_t n, size_t size), (p, n, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t n), (text, n))

int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));

int __wrap_asprintf(char **out, const char *format, ...)
{
    va_list args;
    int n = -1;

    va_start(args, format);
    if (!refuse())
        n = vasprintf(out, format, args);
    va_end(args);
    return n;
}

/* ── stories ── each true if all went well, false if memory was out */

static char base[64];
static char file[100];
static int dir_fd = -1;

static void check(bool holds, const char *what)
{
    if (!holds) {
        left = -1;
        ck_abort_msg("%s", what);
    }
}

static bool use_arena(void)
{
    struct arena *arena = arena_new();
    char *text = arena ? arena_strdup(arena, "text") : NULL;
    bool ok = text && arena_alloc(arena, 1000000) && arena_array(arena, 1000, 8);

    check(!text || strcmp(text, "text") == 0, "what was given out stays");
    arena_free(arena);
    return ok;
}

static bool use_diagnostics(void)
{
    struct diagnostics *list = diagnostics_new();
    bool ok = list != NULL;

    for (size_t i = 0; list && i < 40; i++) {
        diagnostics_add(list, DIAGNOSTIC_ERROR, "file", 1, "error %zu", i);
        check(diagnostics_errors(list) == i + 1, "every error is counted");
    }
    if (list && diagnostics_count(list) < 40)
        ok = false;
    diagnostics_free(list);
    return ok;
}

static bool lost_a_warning(void)
{
    struct diagnostics *list = diagnostics_new();
    bool ok = list != NULL;

    if (list) {
        diagnostics_add(list, DIAGNOSTIC_WARNING, "file", 1, "warning");
        ok = diagnostics_count(list) == 1;
        check(diagnostics_errors(list) == !ok, "a warning that is lost is an error");
    }
    diagnostics_free(list);
    return ok;
}

static bool use_dirs(void)
{
    struct dirs *dirs = dirs_new();
    char pattern[100];
    char *text = NULL, *resolved = NULL;
    char **paths = NULL;
    size_t n = 0;
    bool ok = false;

    snprintf(pattern, sizeof pattern, "%s/f*", base);
    if (dirs && (text = dirs_read_file(dirs, file, 1 << 20, &n, NULL)) != NULL &&
        (paths = dirs_glob(dirs, pattern)) != NULL &&
        (resolved = dirs_resolve(file, "other")) != NULL)
        ok = true;
    check(ok || !dirs || errno == ENOMEM, "errno says that memory is out");
    check(!text || n == 100000, "a file is read whole or not at all");
    check(!paths || (paths[0] && paths[19] && !paths[20]), "all paths are found or none");
    free(text);
    free(resolved);
    dirs_glob_free(paths);
    dirs_free(dirs);
    return ok;
}

static bool use_watch(void)
{
    struct watch *watch = watch_new();
    bool ok = watch != NULL;
    size_t added = 0;

    for (int i = 0; watch && i < 100; i++) {
        char name[32];

        snprintf(name, sizeof name, "/absent/%d", i);
        if (watch_add(watch, name, NULL))
            added++;
        else
            ok = false;
        check(watch_count(watch) == added, "what cannot be added is not counted");
    }
    watch_free(watch);
    return ok;
}

static bool use_spool(void)
{
    struct spool_record record = spool_record_make(SPOOL_SERVER);
    struct spool_writer *writer = spool_writer_open(dir_fd, &record);
    struct spool_reader *reader = NULL;
    bool ok = false;

    if (writer) {
        record = spool_record_make(SPOOL_VANISHED);
        check(spool_writer_append(writer, &record), "appending needs no memory");
        reader = spool_reader_open(dir_fd, spool_writer_name(writer), 0);
    }
    if (reader) {
        ok = spool_reader_next(reader, &record) == SPOOL_NEXT_RECORD;
        check(ok, "reading needs no memory");
    }
    spool_reader_close(reader);
    spool_writer_close(writer);
    return ok;
}

static const struct {
    const char *name;
    bool (*tell)(void);
    long allocations; /* at least so many */
} stories[] = {
    {"arena", use_arena, 1},        {"diagnostics", use_diagnostics, 80},
    {"warning", lost_a_warning, 4}, {"dirs", use_dirs, 20},
    {"watch", use_watch, 100},      {"spool", use_spool, 2},
};

/* ── all of them ── */

static void set_up(void)
{
    snprintf(base, sizeof base, "/tmp/byway-memory-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    dir_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(dir_fd, 0);
    for (int i = 0; i < 20; i++) {
        FILE *out;

        snprintf(file, sizeof file, "%s/file%d", base, i);
        out = fopen(file, "w");
        ck_assert_ptr_nonnull(out);
        fprintf(out, "%0100000d", i);
        fclose(out);
    }
}

static void tear_down(void)
{
    close(dir_fd);
    ck_assert(folder_remove(base));
}

static int count_open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

START_TEST(every_allocation_may_fail)
{
    int open_before = count_open_files();
    long n = 0;

    for (;; n++) {
        bool ok;

        left = n;
        ok = stories[_i].tell();
        left = -1;
        if (ok)
            break;
        ck_assert_int_lt(n, 10000);
    }
    ck_assert_int_ge(n, stories[_i].allocations);
    ck_assert_int_eq(count_open_files(), open_before);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("out_of_memory");
    TCase *tests = tcase_create("out_of_memory");

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0,
                        (int)(sizeof stories / sizeof *stories));
    return suite;
}
