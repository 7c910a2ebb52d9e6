/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verdict that comes later than the login, and the process that waits for it. */
#include "tests/host/wrapped.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define PENDING_CLIENTS 200

/* ── a verdict that comes later ── */

START_TEST(a_later_yes_lets_in_and_a_later_no_does_not)
{
    struct host *host = wrapped_start(wrapped_modules[_i], "later-check");
    struct host_client *good = wrapped_login(host, "carol+library", HOST_PASSWORD);
    struct host_client *bad = wrapped_login(host, "alice+full", "wrong");
    char *text;

    ck_assert_int_eq(host_auth(good), HOST_DEFERRED);
    ck_assert_int_eq(host_auth(bad), HOST_DEFERRED);
    ck_assert_int_eq(host_verdict(good, HOST_PATIENCE_MS), '1');
    ck_assert_int_eq(host_verdict(bad, HOST_PATIENCE_MS), '0');
    ck_assert_str_eq(host_reason(bad), "");
    ck_assert_int_eq(host_connect(good, &text), HOST_OK);
    ck_assert_ptr_nonnull(strstr(text, "192.0.2.0"));
    free(text);
    ck_assert_int_eq(host_connect(bad, &text), HOST_ERROR);
    ck_assert_ptr_null(text);
    host_client_free(good);
    host_client_free(bad);
    host_free(host);
}
END_TEST

START_TEST(a_refused_profile_after_a_later_yes_is_explained)
{
    struct host *host = wrapped_start(wrapped_modules[_i], "later-check");
    struct host_client *client = wrapped_login(host, "carol+ful", HOST_PASSWORD);
    char *text;

    ck_assert_int_eq(host_auth(client), HOST_DEFERRED);
    ck_assert_int_eq(host_verdict(client, HOST_PATIENCE_MS), '0');
    ck_assert_ptr_nonnull(strstr(host_reason(client), "ful"));
    ck_assert_ptr_nonnull(strstr(host_reason(client), "campus"));
    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_refused_profile_is_not_revealed_before_a_later_no)
{
    struct host *host = wrapped_start(wrapped_modules[_i], "later-check");
    struct host_client *client = wrapped_login(host, "carol+ful", "wrong");

    ck_assert_int_eq(host_auth(client), HOST_DEFERRED);
    ck_assert_str_eq(host_reason(client), "");
    ck_assert_int_eq(host_verdict(client, HOST_PATIENCE_MS), '0');
    ck_assert_str_eq(host_reason(client), "");
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(its_later_reason_reaches_the_client)
{
    struct host *host = wrapped_start("inner_v3", "later-reason");
    struct host_client *client = wrapped_login(host, "carol+ful", HOST_PASSWORD);

    ck_assert_int_eq(host_auth(client), HOST_DEFERRED);
    ck_assert_int_eq(host_verdict(client, HOST_PATIENCE_MS), '0');
    host_sleep_ms(50); /* nothing puts another in its place */
    ck_assert_str_eq(host_reason(client), "the inner plugin says no");
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(no_verdict_or_garbage_lets_nobody_in)
{
    static const char *const modes[] = {"later-never", "later-junk"};
    struct host *host = wrapped_start(wrapped_modules[_i / 2], modes[_i % 2]);
    struct host_client *client = wrapped_login(host, "carol", HOST_PASSWORD);
    char *text;

    ck_assert_int_eq(host_auth(client), HOST_DEFERRED);
    ck_assert_int_ne(host_verdict(client, 400), '1');
    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    host_client_free(client);
    host_free(host);
}
END_TEST

/* Writes the verdict in the inner module's place ("later-test"), when the test wants it. */
static void give_verdict(struct host *host, const char *verdict)
{
    char *calls = host_inner_calls(host);
    char path[256];
    const char *at = strstr(calls, " control=");
    FILE *file;

    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at, " control=%255s", path), 1);
    file = fopen(path, "r+e");
    ck_assert_ptr_nonnull(file);
    fputs(verdict, file);
    fclose(file);
    free(calls);
}

START_TEST(who_connects_before_the_verdict_is_denied)
{
    struct host *host = wrapped_start("inner_v3", "later-test");
    struct host_client *client = wrapped_login(host, "alice+full", HOST_PASSWORD);
    char *text;

    ck_assert_int_eq(host_auth(client), HOST_DEFERRED);
    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    give_verdict(host, "1");
    ck_assert_int_eq(host_verdict(client, HOST_PATIENCE_MS), '1');
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(who_will_be_refused_waits_on_a_private_file_that_goes_away)
{
    struct host *host = wrapped_start("inner_v3", "later-test");
    struct host_client *client = wrapped_login(host, "carol+ful", HOST_PASSWORD);
    char *calls;
    char own[512];

    ck_assert_int_eq(host_auth(client), HOST_DEFERRED);
    calls = host_inner_calls(host);
    snprintf(own, sizeof(own), " control=%s ", host_get(client, "auth_control_file"));
    ck_assert_ptr_nonnull(strstr(calls, " control=/"));
    ck_assert_msg(strstr(calls, own) == NULL, "the inner plugin was given OpenVPN's own file");
    free(calls);
    host_client_free(client);
    host_sleep_ms(300);
    host_close(host);
    ck_assert_msg(host_is_empty(host, "tmp"), "files were left in tmp-dir");
    host_free(host);
}
END_TEST

START_TEST(two_hundred_wait_at_once_and_each_gets_its_own_verdict)
{
    struct host *host = wrapped_start("inner_v3", "later-slow");
    struct host_client *clients[PENDING_CLIENTS];

    for (int i = 0; i < PENDING_CLIENTS; i++) {
        char name[32];

        snprintf(name, sizeof(name), "user%d%s", i, i % 5 == 1 ? "+ful" : "");
        clients[i] = wrapped_login(host, name, i % 3 == 0 ? "wrong" : HOST_PASSWORD);
        ck_assert_int_eq(host_auth(clients[i]), HOST_DEFERRED);
    }
    for (int i = 0; i < PENDING_CLIENTS; i++) {
        char verdict = host_verdict(clients[i], HOST_PATIENCE_MS);
        bool explained = host_reason(clients[i])[0] != '\0';

        ck_assert_int_eq(verdict, i % 3 == 0 || i % 5 == 1 ? '0' : '1');
        ck_assert_int_eq(explained, i % 3 != 0 && i % 5 == 1);
    }
    for (int i = 0; i < PENDING_CLIENTS; i++)
        host_client_free(clients[i]);
    host_free(host);
}
END_TEST

static void await_empty(struct host *host, const char *folder)
{
    for (unsigned ms = 0; ms < HOST_PATIENCE_MS && !host_is_empty(host, folder); ms += 10)
        host_sleep_ms(10);
    ck_assert_msg(host_is_empty(host, folder), "files were left in %s", folder);
}

START_TEST(a_client_that_goes_away_meanwhile_does_no_harm)
{
    struct host *host = wrapped_start(wrapped_modules[_i], "later-check");

    for (int i = 0; i < 20; i++) {
        struct host_client *client = wrapped_login(host, "carol", HOST_PASSWORD);

        ck_assert_int_eq(host_auth(client), HOST_DEFERRED);
        host_client_free(client); /* its files are gone before the verdict comes */
    }
    await_empty(host, "tmp");
    host_sleep_ms(400); /* for a verdict that makes a file again */
    host_close(host);   /* and every process has ended */
    ck_assert_msg(host_is_empty(host, "tmp"), "a file was made again after OpenVPN removed it");
    host_free(host);
}
END_TEST

/* ── the process that waits for a verdict in the place of OpenVPN ── */

/* It takes its name once it holds nothing of OpenVPN's any more. */
static void await_settled(pid_t helper)
{
    char path[64], name[64] = "";

    snprintf(path, sizeof(path), "/proc/%d/comm", (int)helper);
    for (unsigned ms = 0; ms < HOST_PATIENCE_MS && strcmp(name, "byway-verdicts\n") != 0;
         ms += 10) {
        FILE *in = fopen(path, "r");

        if (ms > 0)
            host_sleep_ms(10);
        if (in && !fgets(name, sizeof(name), in))
            name[0] = '\0';
        if (in)
            fclose(in);
    }
    ck_assert_str_eq(name, "byway-verdicts\n");
}

/* Its pid: a login that will be refused whatever the verdict starts it. */
static pid_t start_helper(struct host *host)
{
    struct host_client *client = wrapped_login(host, "carol+ful", HOST_PASSWORD);
    pid_t helper;

    ck_assert_int_eq(host_auth(client), HOST_DEFERRED);
    helper = host_child(0);
    ck_assert_msg(helper > 0, "no helper is there");
    await_settled(helper);
    host_client_free(client);
    return helper;
}

START_TEST(a_killed_helper_lets_nobody_in)
{
    struct host *host = wrapped_start("inner_v3", "later-never");
    struct host_client *client;
    struct host_client *next;
    char *text;

    kill(start_helper(host), SIGSTOP);
    host_inner_mode(host, "later-check");
    client = wrapped_login(host, "carol+ful", HOST_PASSWORD);
    ck_assert_int_eq(host_auth(client), HOST_DEFERRED);
    kill(host_child(0), SIGKILL);
    ck_assert_int_ne(host_verdict(client, 500), '1');
    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    next = wrapped_login(host, "carol+ful", HOST_PASSWORD); /* with a new helper */
    ck_assert_int_eq(host_auth(next), HOST_DEFERRED);
    ck_assert_int_eq(host_verdict(next, HOST_PATIENCE_MS), '0');
    ck_assert_int_eq(host_connect(next, &text), HOST_ERROR);
    host_client_free(client);
    host_client_free(next);
    host_free(host);
}
END_TEST

START_TEST(a_stopped_helper_and_a_full_pipe_hold_nobody_up)
{
    struct host *host = wrapped_start("inner_v3", "later-never");
    pid_t helper = start_helper(host);

    kill(helper, SIGSTOP);
    for (int i = 0; i < 2000; i++) {
        struct host_client *client = wrapped_login(host, "carol+ful", HOST_PASSWORD);

        ck_assert_int_ne(host_auth(client), HOST_OK);
        host_client_free(client);
    }
    kill(helper, SIGCONT);
    host_free(host);
}
END_TEST

START_TEST(the_helper_holds_nothing_of_the_server_s)
{
    struct host *host;
    int ends[2];
    char byte;

    ck_assert_int_eq(pipe(ends),
                     0); /* inherited unless someone closes it, as a management socket */
    host = wrapped_start("inner_v3", "later-never");
    start_helper(host);
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    host_sleep_ms(100);
    ck_assert_msg(read(ends[0], &byte, 1) == 0, "the helper holds an inherited descriptor");
    host_free(host);
    close(ends[0]);
}
END_TEST

START_TEST(the_helper_ends_with_a_server_that_was_killed)
{
    int ends[2];
    pid_t helper = 0;
    pid_t server;

    ck_assert_int_eq(pipe(ends), 0);
    server = fork();
    if (server == 0) {
        struct host *host = wrapped_start("inner_v3", "later-never");

        helper = start_helper(host);
        if (write(ends[1], &helper, sizeof(helper)) < 0)
            _exit(1);
        host_remove_tree(host_dir(host));
        kill(getpid(), SIGKILL);
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &helper, sizeof(helper)), sizeof(helper));
    waitpid(server, NULL, 0);
    for (unsigned ms = 0; ms < HOST_PATIENCE_MS && kill(helper, 0) == 0 && !host_is_zombie(helper);
         ms += 50)
        host_sleep_ms(50);
    ck_assert_msg(kill(helper, 0) != 0 || host_is_zombie(helper), "the helper outlived the server");
    close(ends[0]);
}
END_TEST

/* mgmtd takes a spool whose lock is free for that of a server that is no more. */
START_TEST(the_helper_does_not_hold_the_spool_s_lock)
{
    struct host *host = wrapped_start("inner_v3", "later-never");
    struct spool_reader *reader;
    char *path = host_spool_name(host);
    int folder = open(host_path(host, "state/spool"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    pid_t helper = start_helper(host);

    reader = spool_reader_open(folder, strrchr(path, '/') + 1, 0);
    ck_assert_ptr_nonnull(reader);
    ck_assert_int_eq(spool_reader_writer_gone(reader), 0);
    kill(helper, SIGSTOP); /* so that it cannot end with the plugin */
    host_close_unchecked(host);
    ck_assert_int_eq(spool_reader_writer_gone(reader), 1);
    kill(helper, SIGCONT);
    spool_reader_close(reader);
    close(folder);
    free(path);
    host_free(host);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("host: inner plugin, later");
    TCase *tests = tcase_create("inner_later");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, a_later_yes_lets_in_and_a_later_no_does_not, 0, WRAPPED_MODULES);
    tcase_add_loop_test(tests, a_refused_profile_after_a_later_yes_is_explained, 0,
                        WRAPPED_MODULES);
    tcase_add_loop_test(tests, a_refused_profile_is_not_revealed_before_a_later_no, 0,
                        WRAPPED_MODULES);
    tcase_add_test(tests, its_later_reason_reaches_the_client);
    tcase_add_loop_test(tests, no_verdict_or_garbage_lets_nobody_in, 0, WRAPPED_MODULES * 2);
    tcase_add_test(tests, who_connects_before_the_verdict_is_denied);
    tcase_add_test(tests, who_will_be_refused_waits_on_a_private_file_that_goes_away);
    tcase_add_test(tests, two_hundred_wait_at_once_and_each_gets_its_own_verdict);
    tcase_add_loop_test(tests, a_client_that_goes_away_meanwhile_does_no_harm, 0, WRAPPED_MODULES);
    tcase_add_test(tests, a_killed_helper_lets_nobody_in);
    tcase_add_test(tests, a_stopped_helper_and_a_full_pipe_hold_nobody_up);
    tcase_add_test(tests, the_helper_holds_nothing_of_the_server_s);
    tcase_add_test(tests, the_helper_ends_with_a_server_that_was_killed);
    tcase_add_test(tests, the_helper_does_not_hold_the_spool_s_lock);
    suite_add_tcase(suite, tests);
    return suite;
}
