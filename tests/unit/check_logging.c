/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's log where nobody reads it: a pipe in the place of standard error. */
#include "config.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mgmtd/logging.h"

static int saved = -1, reader = -1;

static void replace_stderr(bool is_socket)
{
    int ends[2];

    ck_assert_int_eq(is_socket ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)
                               : pipe2(ends, O_CLOEXEC),
                     0);
    saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    reader = ends[0];
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
}

static void restore_stderr(void)
{
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(reader);
}

/* All that waits to be read; only its last 3,999 bytes are kept. */
static void drain(char text[4000])
{
    ssize_t n;

    fcntl(reader, F_SETFL, O_NONBLOCK);
    text[0] = '\0';
    do {
        char more[2000];
        size_t kept = strnlen(text, 3999);

        n = read(reader, more, sizeof(more) - 1);
        if (n <= 0)
            break;
        if (kept > 1999) {
            memmove(text, text + kept - 1999, 2000);
            kept = 1999;
        }
        memcpy(text + kept, more, (size_t)n);
        text[kept + (size_t)n] = '\0';
    } while (n > 0);
}

START_TEST(a_log_that_nobody_reads_holds_nobody_up_and_says_later_what_it_lost)
{
    const struct log log = {.sink = logging_sink(true), .max_level = LOG_LEVEL_NOTICE};
    char line[500], text[4000];

    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    replace_stderr(_i == 1);
    for (int i = 0; i < 5000; i++) /* more than any pipe or socket takes */
        log_write(&log, LOG_LEVEL_NOTICE, "test", "%s", line);
    drain(text);
    log_write(&log, LOG_LEVEL_NOTICE, "test", "the next");
    log_write(&log, LOG_LEVEL_NOTICE, "test", "the last");
    drain(text);
    restore_stderr();
    ck_assert_ptr_nonnull(strstr(text, " lines before this one were lost"));
    ck_assert_ptr_nonnull(strstr(text, "test: the next\n"));
    ck_assert_str_eq(strchr(strstr(text, "the next"), '\n'), "\nbyway-mgmtd: test: the last\n");
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("logging");
    TCase *tcase = tcase_create("standard error");

    tcase_set_timeout(tcase, 10);
    tcase_add_loop_test(tcase, a_log_that_nobody_reads_holds_nobody_up_and_says_later_what_it_lost,
                        0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
