/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading the daemon's config when its text is cut off, and when memory runs out. */
#include "config.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mgmtd/config.h"

/* ── allocations in front ── */

/* So many still succeed, then all fail; negative: none fails. */
static long allocations_left = -1;
static bool refused;

static bool refuse(void)
{
    if (allocations_left == 0) {
        errno = ENOMEM;
        refused = true;
        return true;
    }
    if (allocations_left > 0)
        allocations_left--;
    return false;
}

#define WRAP(type, name, parameters, arguments, none)     \
    type __real_##name parameters;                        \
    type __wrap_##name parameters;                        \
    type __wrap_##name parameters                         \
    {                                                     \
        return refuse() ? none : __real_##name arguments; \
    }

WRAP(void *, malloc, (size_t n), (n), NULL)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), NULL)
WRAP(void *, realloc, (void *p, size_t n), (p, n), NULL)
WRAP(void *, reallocarray, (void *p, size_t n, size_t size), (p, n, size), NULL)
WRAP(char *, strdup, (const char *text), (text), NULL)
WRAP(void *, mmap, (void *at, size_t n, int prot, int flags, int fd, off_t offset),
     (at, n, prot, flags, fd, offset), MAP_FAILED)

/* ── broken ── */

static char path[] = "/tmp/byway-config.XXXXXX";
static char text[1000]; /* of the file at that path, which is its own password file */

static void setup(void)
{
    int fd = mkstemp(path);
    int n = snprintf(text, sizeof text,
                     "# all words\n"
                     "database /srv/db/byway.db\n"
                     "state-dir /srv/state\n"
                     "server tcp management 127.0.0.1 7505 password %s\n"
                     "server six management ::1 7505 password %s\n"
                     "server unix management \"/run/a b.sock\" password %s\n"
                     "bytecount-interval 1m\n"
                     "status-interval 5m\n"
                     "bucket 15m\n"
                     "retention real-addresses 7d\n"
                     "retention sessions forever\n"
                     "retention traffic 2y\n"
                     "log-level debug\n",
                     path, path, path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, (size_t)n), n);
    close(fd);
}

static void teardown(void)
{
    unlink(path);
}

START_TEST(a_config_cut_at_any_byte_does_no_harm)
{
    for (size_t n = 0; n <= strlen(text); n++) {
        struct diagnostics *problems = diagnostics_new();
        char *exact = malloc(n > 0 ? n : 1);
        struct config *config;

        memcpy(exact, text, n);
        config = config_load_text(path, exact, n, problems);
        ck_assert((config == NULL) == (diagnostics_errors(problems) > 0));
        free(exact);
        config_free(config);
        diagnostics_free(problems);
    }
}
END_TEST

/* Loads the file with so many allocations. True if none was refused. */
static bool load_with(long allocations)
{
    struct diagnostics *problems = diagnostics_new();
    struct config *config;

    refused = false;
    allocations_left = allocations;
    config = config_load(path, problems);
    allocations_left = -1;
    ck_assert((config == NULL) == (diagnostics_errors(problems) > 0));
    ck_assert((config == NULL) == refused);
    config_free(config);
    diagnostics_free(problems);
    return !refused;
}

START_TEST(when_memory_is_out_there_is_an_error_and_no_config)
{
    long n = 0;

    while (!load_with(n))
        n++;
    ck_assert_int_gt(n, 10);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("config_broken");
    TCase *tests = tcase_create("all");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_config_cut_at_any_byte_does_no_harm);
    tcase_add_test(tests, when_memory_is_out_there_is_an_error_and_no_config);
    suite_add_tcase(suite, tests);
    return suite;
}
