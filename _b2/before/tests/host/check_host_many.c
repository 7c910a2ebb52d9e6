/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A busy server over a long time: memory and descriptors stay what they were. */
#include "tests/host/fakes.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#define WARM_UP 10000
#ifdef __SANITIZE_ADDRESS__ /* which makes it slow, and keeps freed memory to itself */
#define MANY 20000
#else
#define MANY 100000
#endif

#define ROUNDING    16 /* what malloc may give a piece beyond what it gave another of that size */
#define RESIDENT_KB 1024

/*
 * The pages of what can be written (heap, stack, shared pages of the policy), in kB. Counted
 * by the page: the sum in /proc/self/status lags behind by what each processor has not yet
 * reported. Code is left out; the kernel takes its pages away and brings them back as it likes.
 */
static long resident_kb(void)
{
    FILE *file = fopen("/proc/self/smaps", "re");
    char line[512];
    bool writable = false;
    long sum = 0;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        char protection[5];
        long kb;

        if (sscanf(line, "%*x-%*x %4s", protection) == 1)
            writable = protection[1] == 'w';
        else if (writable && sscanf(line, "Rss: %ld kB", &kb) == 1)
            sum += kb;
    }
    fclose(file);
    ck_assert_int_gt(sum, 0);
    return sum;
}

struct level {
    struct fakes_memory memory;
    long resident_kb;
    unsigned fds;
};

static struct level measure(struct host *host)
{
    struct level now;

    host_log_clear(host);
    now.memory = fakes_memory();
    now.resident_kb = resident_kb();
    now.fds = host_count_fds();
    return now;
}

static void expect_level(struct level before, struct level after)
{
    ck_assert_uint_eq(after.fds, before.fds);
#ifndef __SANITIZE_ADDRESS__
    ck_assert_int_eq(after.memory.pieces, before.memory.pieces);
    ck_assert_msg(after.memory.bytes <= before.memory.bytes + ROUNDING * before.memory.pieces,
                  "%ld pieces of memory grew from %ld to %ld bytes", before.memory.pieces,
                  before.memory.bytes, after.memory.bytes);
    ck_assert_msg(after.resident_kb <= before.resident_kb + RESIDENT_KB,
                  "resident memory grew from %ld to %ld kB", before.resident_kb, after.resident_kb);
#endif
}

/* The kernel would make a huge page of many small ones when it has the time: 2 MB at once. */
static void set_up(void)
{
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

/* constructor, authentication, connect, learn, disconnect, destructor. */
static void live(struct host *host, int i)
{
    struct host_client *client = host_client_new(host);
    char name[32];
    char *text;

    snprintf(name, sizeof(name), "user%d%s", i, i % 3 == 0 ? "+library" : "");
    host_login(client, name, HOST_PASSWORD);
    host_must(host_auth_quick(client) == HOST_OK, "%s", host_log(host));
    host_must(host_connect(client, &text) == HOST_OK, "%s", host_log(host));
    free(text);
    host_learn(client, "add", "10.8.0.2");
    if (i % 4 != 0)
        host_disconnect(client, i, i);
    host_client_free(client);
}

/* The spool would reach its cap; mgmtd, which would free it, is not there. */
static void empty_spool(struct host *host)
{
    char *name = host_spool_name(host);

    ck_assert_int_eq(truncate(name, 0), 0);
    free(name);
}

START_TEST(many_sessions_leave_nothing_in_memory)
{
    struct host *host = host_new();
    struct level before = {0};

    host_policy(host, host_policy_text);
    host_wrap(host, "inner_v3", "quick");
    ck_assert_msg(host_open(host), "%s", host_log(host));
    for (int i = 1; i <= MANY; i++) {
        live(host, i);
        if (i % WARM_UP == 0)
            empty_spool(host);
        if (i % 1000 == 0)
            host_log_clear(host);
        if (i == WARM_UP)
            before = measure(host);
    }
    expect_level(before, measure(host));
    host_free(host);
}
END_TEST

/* The password, and what only a token's memory keeps for later: the answer to a challenge. */
#define CHOOSES_LIBRARY "SCRV1:Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5:bGlicmFyeQ=="

START_TEST(many_tokens_take_bounded_memory)
{
    struct host *host = host_new();
    struct level before = {0};
    char policy[2048];

    snprintf(policy, sizeof(policy), "choose static-challenge\n%s", host_policy_text);
    host_policy(host, policy);
    host_wrap(host, "inner_v3", "quick");
    ck_assert_msg(host_open(host), "%s", host_log(host));
    for (int i = 1; i <= MANY; i++) {
        struct host_client *client = host_client_new(host);
        char id[32];
        char *text;

        snprintf(id, sizeof(id), "session%d", i);
        host_set(client, "session_id", id);
        host_login(client, "carol", CHOOSES_LIBRARY);
        host_must(host_auth_quick(client) == HOST_OK, "%s", host_log(host));
        host_must(host_connect(client, &text) == HOST_OK, "%s", host_log(host));
        free(text);
        host_client_free(client);
        if (i % WARM_UP == 0)
            empty_spool(host);
        if (i % 1000 == 0)
            host_log_clear(host);
        if (i == WARM_UP)
            before = measure(host);
    }
    expect_level(before, measure(host));
    host_free(host);
}
END_TEST

START_TEST(a_thousand_clients_at_once_are_kept_apart)
{
    enum { AT_ONCE = 1000 };
    struct host *host = host_new();
    struct host_client *clients[AT_ONCE];

    host_policy(host, host_policy_text);
    host_wrap(host, "inner_v3", "check");
    ck_assert_msg(host_open(host), "%s", host_log(host));
    for (int i = 0; i < AT_ONCE; i++) {
        char name[32];

        clients[i] = host_client_new(host);
        snprintf(name, sizeof(name), "user%d%s", i, i % 2 == 0 ? "+library" : "");
        host_login(clients[i], name, i % 7 == 0 ? "wrong" : HOST_PASSWORD);
    }
    for (int i = AT_ONCE - 1; i >= 0; i--)
        ck_assert_int_eq(host_auth(clients[i]), i % 7 == 0 ? HOST_ERROR : HOST_OK);
    for (int i = 0; i < AT_ONCE; i++) {
        char *text;

        ck_assert_int_eq(host_connect(clients[i], &text), i % 7 == 0 ? HOST_ERROR : HOST_OK);
        if (text != NULL)
            ck_assert_int_eq(strstr(text, "192.0.2.0") != NULL, i % 2 == 0);
        free(text);
    }
    for (int i = 0; i < AT_ONCE; i++)
        host_client_free(clients[(i * 7 + 3) % AT_ONCE]);
    ck_assert_uint_eq(host_spool_count(host, SPOOL_CONNECTED),
                      host_spool_count(host, SPOOL_VANISHED));
    host_free(host);
}
END_TEST

START_TEST(a_hundred_reloads_leave_nothing_in_memory)
{
    struct host *host = host_start(host_policy_text);
    struct level before = {0};

    for (int i = 0; i < 100; i++) {
        char text[2048];

        snprintf(text, sizeof(text), "%s%s", host_policy_text, i % 3 == 0 ? "nonsense\n" : "\n");
        host_policy(host, text);
        fakes_skip_ms(2000);
        free(host_text_for(host, "carol"));
        if (i == 9)
            before = measure(host);
    }
    expect_level(before, measure(host));
    host_free(host);
}
END_TEST

/* A script that OpenVPN starts inherits what is not marked so. */
START_TEST(every_descriptor_of_the_plugin_s_is_closed_on_exec)
{
    struct host *host = host_new();
    struct host_client *client;
    DIR *folder;
    struct dirent *entry;
    bool before[1024] = {false};

    for (int fd = 0; fd < 1024; fd++)
        before[fd] = fcntl(fd, F_GETFD) >= 0;
    host_policy(host, host_policy_text);
    host_wrap(host, "inner_v3", "later-never");
    ck_assert_msg(host_open(host), "%s", host_log(host));
    client = host_client_new(host);
    host_login(client, "carol+ful", HOST_PASSWORD);
    host_auth(client); /* starts what there is to start */
    folder = opendir("/proc/self/fd");
    while ((entry = readdir(folder)) != NULL) {
        int fd = atoi(entry->d_name);

        if (entry->d_name[0] == '.' || fd == dirfd(folder) || before[fd])
            continue;
        ck_assert_msg(fcntl(fd, F_GETFD) & FD_CLOEXEC, "descriptor %d is inherited", fd);
    }
    closedir(folder);
    host_client_free(client);
    host_free(host);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("host: many");
    TCase *tests = tcase_create("many");

    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, many_sessions_leave_nothing_in_memory);
    tcase_add_test(tests, many_tokens_take_bounded_memory);
    tcase_add_test(tests, a_thousand_clients_at_once_are_kept_apart);
    tcase_add_test(tests, a_hundred_reloads_leave_nothing_in_memory);
    tcase_add_test(tests, every_descriptor_of_the_plugin_s_is_closed_on_exec);
    suite_add_tcase(suite, tests);
    return suite;
}
