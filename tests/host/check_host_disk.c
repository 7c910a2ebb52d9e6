/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The spool's disk full, read-only, gone: records are lost and counted, connections are not. */
#include "tests/host/fakes.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* A whole session: true if the client got its text. */
static bool session(struct host *host)
{
    struct host_client *client = host_client_new(host);
    char *text = NULL;
    bool connected;

    host_login(client, "carol", HOST_PASSWORD);
    if (host_intercepts(host, OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY))
        ck_assert_int_eq(host_auth(client), HOST_OK);
    connected = host_connect(client, &text) == HOST_OK && text != NULL;
    free(text);
    host_disconnect(client, 1, 2);
    host_client_free(client);
    return connected;
}

static void expect_sessions(struct host *host, int n)
{
    for (int i = 0; i < n; i++)
        ck_assert_msg(session(host), "not connected: %s", host_log(host));
}

/* As the records of lost ones say. */
static int64_t count_lost(struct host *host)
{
    int64_t n = 0;

    for (size_t i = host_spool_count(host, SPOOL_LOST); i-- > 0;)
        n += host_spool(host, SPOOL_LOST, i).count;
    return n;
}

static size_t count_kept(struct host *host)
{
    return host_spool_count(host, SPOOL_CONNECTED) + host_spool_count(host, SPOOL_ADDRESS) +
           host_spool_count(host, SPOOL_DISCONNECTED);
}

/* A private mount namespace, which ends with the test's process. False without the right to it. */
static bool own_mounts(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void fill(struct host *host, const char *name)
{
    int fd = open(host_path(host, "%s", name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char zeros[4096] = {0};

    ck_assert_int_ge(fd, 0);
    while (write(fd, zeros, sizeof(zeros)) > 0)
        continue;
    for (int i = 0; i < 4096 && write(fd, zeros, 1) == 1; i++)
        continue;
    ck_assert_int_eq(errno, ENOSPC);
    close(fd);
}

START_TEST(a_full_disk_costs_records_and_never_a_connection)
{
    struct host *host = host_new();
    int64_t lost;

    if (!own_mounts()) {
        host_free(host);
        unit_skip("it takes the right to mount");
    }
    ck_assert_int_eq(
        mount("tmpfs", host_path(host, "state/spool"), "tmpfs", 0, "size=64k,mode=0700"), 0);
    host_policy(host, host_policy_text);
    ck_assert_msg(host_open(host), "%s", host_log(host));
    expect_sessions(host, 1);
    fill(host, "state/spool/ballast");
    host_expect_torn_records(host);
    expect_sessions(host, 100);
    ck_assert_uint_ge(host_log_count(host, "No space left"), 1);
    ck_assert_uint_le(host_log_count(host, "No space left"), 2);
    fakes_skip_ms(61000);
    expect_sessions(host, 1);
    ck_assert_uint_eq(host_log_count(host, "No space left"), 2);

    ck_assert_int_eq(unlink(host_path(host, "state/spool/ballast")), 0);
    expect_sessions(host, 1);
    lost = count_lost(host);
    ck_assert_int_gt(lost, 200); /* what fitted into the last page was not lost */
    ck_assert_int_eq(lost + (int64_t)count_kept(host), 3 * 103);
    host_close(host);
    ck_assert_int_eq(umount(host_path(host, "state/spool")), 0);
    host_free(host);
}
END_TEST

START_TEST(every_write_that_fails_is_counted)
{
    struct host *host = host_start(host_policy_text);
    struct host_client *client;

    fakes_set_errno(_i == 0 ? EIO : ENOSPC);
    client = host_client_new(host);
    host_login(client, "carol", HOST_PASSWORD);
    free(host_expect_connect(client));
    fakes_fail_at(FAKE_SYSTEM, 1, true);
    host_learn(client, "add", "fd00::2");
    host_disconnect(client, 1, 2);
    fakes_stop();
    host_client_free(client);
    expect_sessions(host, 1);
    ck_assert_int_eq(host_spool(host, SPOOL_LOST, 0).count, 2);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_CONNECTED), 2);
    host_free(host);
}
END_TEST

START_TEST(a_spool_that_is_missing_or_no_folder_is_named_in_the_log)
{
    struct host *host = host_new();
    bool opened;

    host_policy(host, host_policy_text);
    ck_assert_int_eq(rmdir(host_path(host, "state/spool")), 0);
    if (_i == 1)
        host_write(host, "state/spool", "not a folder");
    if (_i == 2)
        ck_assert_int_eq(symlink("/nonexistent", host_path(host, "state/spool")), 0);
    if (_i == 3)
        host_remove_tree(host_path(host, "state"));
    opened = host_open(host);
    ck_assert_msg(host_log_count(host, "spool") >= 1, "log: %s", host_log(host));
    if (opened)
        expect_sessions(host, 3);
    host_free(host);
}
END_TEST

START_TEST(a_read_only_spool_is_named_in_the_log_and_stops_nobody)
{
    struct host *host = host_new();
    bool opened;

    host_policy(host, host_policy_text);
    if (!own_mounts()) {
        host_free(host);
        unit_skip("it takes the right to mount");
    }
    ck_assert_int_eq(mount("tmpfs", host_path(host, "state/spool"), "tmpfs", MS_RDONLY, "size=64k"),
                     0);
    opened = host_open(host);
    ck_assert_uint_ge(host_log_count(host, "Read-only"), 1);
    if (opened) {
        expect_sessions(host, 3);
        host_close(host);
    }
    ck_assert_int_eq(umount(host_path(host, "state/spool")), 0);
    host_free(host);
}
END_TEST

START_TEST(a_spool_removed_meanwhile_stops_nobody)
{
    struct host *host = host_start(host_policy_text);

    expect_sessions(host, 3);
    host_remove_tree(host_path(host, "state"));
    fakes_skip_ms(2000);
    expect_sessions(host, 3);
    host_free(host);
}
END_TEST

START_TEST(files_for_a_verdict_that_cannot_be_written_are_a_denial)
{
    static const char *const variables[] = {"auth_control_file", "auth_failed_reason_file",
                                            "auth_pending_file"};
    static const char *const places[] = {"/nonexistent/file", "", "/", "/dev/full", "relative"};
    struct host *host = host_new();

    host_policy(host, host_policy_text);
    host_wrap(host, "inner_v3", _i == 0 ? "check" : "later-check");
    ck_assert_msg(host_open(host), "%s", host_log(host));
    for (size_t i = 0; i < 15; i++) {
        struct host_client *client = host_client_new(host);
        char *text;

        host_login(client, "carol+ful", HOST_PASSWORD);
        host_force(client, variables[i / 5], places[i % 5]);
        if (host_auth(client) == HOST_DEFERRED)
            ck_assert_int_ne(host_verdict(client, 300), '1');
        ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
        host_client_free(client);
    }
    host_free(host);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("host: disk");
    TCase *tests = tcase_create("disk");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_full_disk_costs_records_and_never_a_connection);
    tcase_add_loop_test(tests, every_write_that_fails_is_counted, 0, 2);
    tcase_add_loop_test(tests, a_spool_that_is_missing_or_no_folder_is_named_in_the_log, 0, 4);
    tcase_add_test(tests, a_read_only_spool_is_named_in_the_log_and_stops_nobody);
    tcase_add_test(tests, a_spool_removed_meanwhile_stops_nobody);
    tcase_add_loop_test(tests, files_for_a_verdict_that_cannot_be_written_are_a_denial, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
