/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the service manager is told, read from a real socket in its place. */
#include "config.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "mgmtd/notify.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

static char folder[64];
static char name[100]; /* as in NOTIFY_SOCKET */
static int manager = -1;

/* Listens as a service manager does, at a path or in the abstract namespace. */
static void listen_as(bool abstract)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n;

    snprintf(name, sizeof name, "%s%s/socket", abstract ? "@" : "", folder);
    n = strlen(name);
    memcpy(address.sun_path, name, n);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(manager, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
                     0);
    setenv("NOTIFY_SOCKET", name, 1);
}

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/byway-notify.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static void teardown(void)
{
    if (manager >= 0)
        close(manager);
    manager = -1;
    if (name[0] == '/')
        unlink(name);
    rmdir(folder);
}

/* The next datagram as text; "nothing" if there is none. */
static const char *received(void)
{
    static char text[2000];
    ssize_t n = recv(manager, text, sizeof text - 1, 0);

    if (n < 0) {
        ck_assert_int_eq(errno, EAGAIN);
        return "nothing";
    }
    text[n] = '\0';
    return text;
}

START_TEST(what_is_told_arrives_as_one_datagram)
{
    listen_as(_i == 1);
    ck_assert(notify_send("READY=1\nSTATUS=%d servers", 3));
    ck_assert_str_eq(received(), "READY=1\nSTATUS=3 servers");
    ck_assert(notify_send("WATCHDOG=1"));
    ck_assert_str_eq(received(), "WATCHDOG=1");
    ck_assert_str_eq(received(), "nothing");
}
END_TEST

START_TEST(a_reload_is_told_with_its_time)
{
    struct timespec now;
    int64_t told = 0, until;

    listen_as(false);
    ck_assert(notify_reloading());
    clock_gettime(CLOCK_MONOTONIC, &now);
    until = now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
    ck_assert_int_eq(sscanf(received(), "RELOADING=1\nMONOTONIC_USEC=%" SCNd64, &told), 1);
    ck_assert_int_le(told, until);
    ck_assert_int_gt(told, until - 60 * 1000000);
}
END_TEST

START_TEST(without_a_service_manager_nothing_is_sent)
{
    ck_assert(notify_send("READY=1"));
    setenv("NOTIFY_SOCKET", "", 1);
    ck_assert(notify_send("READY=1"));
    ck_assert_uint_eq(notify_watchdog_ms(), 0);
}
END_TEST

static const struct {
    const char *name;
    int error;
} unusable[] = {
    {"relative", EAFNOSUPPORT},
    {"@", EAFNOSUPPORT},
    {"/", EAFNOSUPPORT},
    {"/tmp/byway-notify-that-is-not-there", ENOENT},
    {"@byway-notify-that-is-not-there", ECONNREFUSED},
    {"/23456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
     "1234567890123456789",
     ENAMETOOLONG},
};

START_TEST(what_cannot_be_told_is_an_error)
{
    setenv("NOTIFY_SOCKET", unusable[_i].name, 1);
    ck_assert(!notify_send("READY=1"));
    ck_assert_int_eq(errno, unusable[_i].error);
}
END_TEST

START_TEST(a_message_that_is_too_long_is_not_cut)
{
    listen_as(false);
    ck_assert(notify_send("%01000d", 0));
    ck_assert_uint_eq(strlen(received()), 1000);
    ck_assert(!notify_send("%01001d", 0));
    ck_assert_int_eq(errno, EMSGSIZE);
    ck_assert_str_eq(received(), "nothing");
}
END_TEST

START_TEST(a_service_manager_that_does_not_read_is_not_waited_for)
{
    int sent = 0;

    listen_as(false);
    alarm(60); /* waiting would end here */
    while (sent < 1000000 && notify_send("WATCHDOG=1"))
        sent++;
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_gt(sent, 0);
    ck_assert_str_eq(received(), "WATCHDOG=1");
    ck_assert(notify_send("WATCHDOG=1"));
    alarm(0);
}
END_TEST

/* `pid`: NULL for none, "own" for that of this process. */
static const struct {
    const char *usec;
    const char *pid;
    unsigned ms;
} watchdogs[] = {
    {"30000000", NULL, 15000},
    {"30000000", "own", 15000},
    {"30000000", "1", 0},
    {"30000000", "x", 0},
    {"30000000", "", 0},
    {"0", NULL, 0},
    {"", NULL, 0},
    {"-1", NULL, 0},
    {"10s", NULL, 0},
    {"1999", NULL, 0},
    {"9999999999999999999", NULL, 0},
    {"999999999999999999", NULL, 4294967295U},
};

START_TEST(the_watchdog_is_fed_twice_in_its_time)
{
    char own[32];

    snprintf(own, sizeof own, "%d", (int)getpid());
    setenv("WATCHDOG_USEC", watchdogs[_i].usec, 1);
    if (watchdogs[_i].pid != NULL)
        setenv("WATCHDOG_PID", strcmp(watchdogs[_i].pid, "own") == 0 ? own : watchdogs[_i].pid, 1);
    ck_assert_uint_eq(notify_watchdog_ms(), watchdogs[_i].ms);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("notify");
    TCase *tests = tcase_create("all");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, what_is_told_arrives_as_one_datagram, 0, 2);
    tcase_add_test(tests, a_reload_is_told_with_its_time);
    tcase_add_test(tests, without_a_service_manager_nothing_is_sent);
    tcase_add_loop_test(tests, what_cannot_be_told_is_an_error, 0, COUNT(unusable));
    tcase_add_test(tests, a_message_that_is_too_long_is_not_cut);
    tcase_add_test(tests, a_service_manager_that_does_not_read_is_not_waited_for);
    tcase_add_loop_test(tests, the_watchdog_is_fed_twice_in_its_time, 0, COUNT(watchdogs));
    suite_add_tcase(suite, tests);
    return suite;
}
