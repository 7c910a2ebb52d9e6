/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going into the background, with real processes: what the one that was started sees and returns.
 */
#include "config.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mgmtd/background.h"

/* The standard output of all that a test starts, and a pipe on which the daemon lives. */
static int output[2];
static int life[2];

static void setup(void)
{
    ck_assert_int_eq(pipe(output), 0);
    ck_assert_int_eq(pipe(life), 0);
}

static void say(const char *text)
{
    ck_assert_int_eq(write(STDOUT_FILENO, text, strlen(text)), (ssize_t)strlen(text));
}

/* Starts a program that goes into the background, says "up", and then does as `daemon` does. */
static pid_t start(void (*daemon)(int *ready))
{
    pid_t pid = fork();
    int ready;

    if (pid != 0) {
        close(output[1]);
        close(life[0]);
        return pid;
    }
    dup2(output[1], STDOUT_FILENO);
    close(output[0]);
    close(output[1]);
    close(life[1]);
    ready = background_start();
    say("up");
    daemon(&ready);
    _exit(EXIT_SUCCESS);
}

static int status_of(pid_t pid)
{
    int status = 0;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* All that was said until nobody can say anything any more. */
static const char *said(void)
{
    static char text[200];
    size_t n = 0;
    ssize_t got;

    while ((got = read(output[0], text + n, sizeof text - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    return text;
}

/* Lives until the test closes its end. */
static void live(int *ready)
{
    char byte;

    background_ready(ready);
    background_ready(ready); /* harmless */
    (void)!write(STDOUT_FILENO, "unheard", 7);
    (void)!read(life[0], &byte, 1);
}

START_TEST(who_started_it_gets_0_once_the_daemon_is_ready_and_lives_on)
{
    pid_t pid = start(live);

    ck_assert_int_eq(status_of(pid), 0);
    ck_assert_str_eq(said(), "up"); /* ends, although the daemon lives: it let go of it */
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(write(life[1], "x", 1), 1); /* somebody has the other end */
}
END_TEST

static void fail_to_start(int *ready)
{
    (void)ready;
    say(", no database");
    _exit(3);
}

START_TEST(a_daemon_that_does_not_come_up_gives_its_status_and_is_heard)
{
    pid_t pid = start(fail_to_start);

    ck_assert_int_eq(status_of(pid), 3);
    ck_assert_str_eq(said(), "up, no database");
}
END_TEST

static void leave(int *ready)
{
    (void)ready;
    _exit(EXIT_SUCCESS);
}

static void crash(int *ready)
{
    (void)ready;
    kill(getpid(), SIGKILL);
}

START_TEST(a_daemon_that_ends_before_it_is_ready_did_not_start)
{
    ck_assert_int_eq(status_of(start(_i == 0 ? leave : crash)), EXIT_FAILURE);
}
END_TEST

START_TEST(in_the_foreground_there_is_nothing_to_let_go)
{
    int ready = -1;

    background_ready(&ready);
    ck_assert_int_eq(ready, -1);
    ck_assert_int_eq(write(output[1], "x", 1), 1);
}
END_TEST

START_TEST(without_descriptors_it_does_not_go_into_the_background)
{
    struct rlimit before, none;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq(background_start(), -1);
    ck_assert_int_eq(errno, EMFILE);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("background");
    TCase *tests = tcase_create("all");

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, who_started_it_gets_0_once_the_daemon_is_ready_and_lives_on);
    tcase_add_test(tests, a_daemon_that_does_not_come_up_gives_its_status_and_is_heard);
    tcase_add_loop_test(tests, a_daemon_that_ends_before_it_is_ready_did_not_start, 0, 2);
    tcase_add_test(tests, in_the_foreground_there_is_nothing_to_let_go);
    tcase_add_test(tests, without_descriptors_it_does_not_go_into_the_background);
    suite_add_tcase(suite, tests);
    return suite;
}
