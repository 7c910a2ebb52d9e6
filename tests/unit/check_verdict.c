/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real process, real files, and a test in the place of the wrapped plugin. */
#include "config.h"

#include "plugin/verdict.h"

#include "tests/folder.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char dir[64];
static char control[128];
static char reason[128];
static char logged[1024];

static void capture(void *arg, enum log_level level, const char *subsystem, const char *text)
{
    (void)arg;
    (void)level;
    (void)subsystem;
    snprintf(logged, sizeof(logged), "%s", text);
}

static const struct log test_log = {capture, NULL, LOG_LEVEL_DEBUG};

static void put(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
}

static const char *content(const char *path)
{
    static char text[VERDICT_MAX_REASON + 2];
    FILE *in = fopen(path, "r");
    size_t n = in ? fread(text, 1, sizeof(text) - 1, in) : 0;

    text[n] = '\0';
    if (in)
        fclose(in);
    return text;
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void sleep_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

/* How often to look, each 10 ms, for what must come: no busy machine takes that long. */
#define LOOKS 3000

/* Waits for the file to hold something. */
static const char *await(const char *path)
{
    for (int i = 0; i < LOOKS && !*content(path); i++)
        sleep_ms(10);
    return content(path);
}

static void await_gone(const char *path)
{
    for (int i = 0; i < LOOKS && exists(path); i++)
        sleep_ms(10);
    ck_assert_msg(!exists(path), "%s is still there", path);
}

static size_t await_note(struct verdicts *verdicts, char note[VERDICT_MAX_NOTE])
{
    size_t n = 0;

    for (int i = 0; i < LOOKS && n == 0; i++) {
        n = verdicts_next_note(verdicts, note);
        if (n == 0)
            sleep_ms(10);
    }
    return n;
}

static void make_dir(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that the test can see the process end */
    strcpy(dir, "/tmp/check_verdict.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(control, sizeof(control), "%s/acf", dir);
    snprintf(reason, sizeof(reason), "%s/afr", dir);
    put(control, "");
    put(reason, "");
    logged[0] = '\0';
}

static void remove_dir(void)
{
    ck_assert(folder_remove(dir));
}

static struct verdict_job job_for(const char *private_file)
{
    return (struct verdict_job){.private_file = private_file,
                                .control_file = control,
                                .reason_file = reason,
                                .reason = "You may not use it.",
                                .note = "note",
                                .note_n = 4};
}

static char *hand_over(struct verdicts *verdicts)
{
    char *file = verdict_make_file(control);
    struct verdict_job job = job_for(file);

    ck_assert_ptr_nonnull(file);
    ck_assert_msg(verdicts_hand_over(verdicts, &job), "%s", logged);
    return file;
}

START_TEST(a_private_file_is_empty_ours_alone_and_beside_openvpns)
{
    char *one = verdict_make_file(control);
    char *two = verdict_make_file(control);
    struct stat st;

    ck_assert_str_ne(one, two);
    ck_assert_int_eq(strncmp(one, control, strlen(control)), 0);
    ck_assert_int_eq(stat(one, &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0600);
    ck_assert_int_eq(st.st_size, 0);
    verdict_remove_file(one);
    verdict_remove_file(two);
    verdict_remove_file(NULL);
    ck_assert(!exists(one) && !exists(two));
    ck_assert_ptr_null(verdict_make_file("/nowhere/at/all"));
    free(one);
    free(two);
}
END_TEST

START_TEST(nothing_is_said_before_the_verdict)
{
    struct verdicts *verdicts = verdicts_new(&test_log);
    char *file = hand_over(verdicts);
    char note[VERDICT_MAX_NOTE];

    sleep_ms(150);
    ck_assert_str_eq(content(control), "");
    ck_assert_str_eq(content(reason), "");
    ck_assert_uint_eq(verdicts_next_note(verdicts, note), 0);
    verdicts_free(verdicts);
    free(file);
}
END_TEST

START_TEST(after_a_yes_the_login_is_failed_with_the_reason)
{
    struct verdicts *verdicts = verdicts_new(&test_log);
    char *file = hand_over(verdicts);
    char note[VERDICT_MAX_NOTE];

    put(file, "1");
    ck_assert_str_eq(await(control), "0");
    ck_assert_str_eq(content(reason), "You may not use it.");
    ck_assert_uint_eq(await_note(verdicts, note), 4);
    ck_assert_mem_eq(note, "note", 4);
    await_gone(file);
    verdicts_free(verdicts);
    free(file);
}
END_TEST

START_TEST(after_a_no_no_reason_of_ours_is_told)
{
    struct verdicts *verdicts = verdicts_new(&test_log);
    char *file = hand_over(verdicts);
    char note[VERDICT_MAX_NOTE];

    put(reason, "the wrapped plugin's own");
    put(file, "0");
    ck_assert_str_eq(await(control), "0");
    ck_assert_str_eq(content(reason), "the wrapped plugin's own");
    await_gone(file);
    ck_assert_uint_eq(verdicts_next_note(verdicts, note), 0);
    verdicts_free(verdicts);
    free(file);
}
END_TEST

START_TEST(whatever_else_stands_there_is_no_verdict)
{
    struct verdicts *verdicts = verdicts_new(&test_log);
    char *file = hand_over(verdicts);

    put(file, "2");
    sleep_ms(120);
    put(file, "yes");
    sleep_ms(120);
    ck_assert_str_eq(content(control), "");
    put(file, "1\n");
    ck_assert_str_eq(await(control), "0");
    verdicts_free(verdicts);
    free(file);
}
END_TEST

START_TEST(a_verdict_that_was_there_before_the_hand_over_counts)
{
    struct verdicts *verdicts = verdicts_new(&test_log);
    char *file = verdict_make_file(control);
    struct verdict_job job = job_for(file);

    put(file, "1");
    ck_assert(verdicts_hand_over(verdicts, &job));
    ck_assert_str_eq(await(control), "0");
    ck_assert_str_eq(content(reason), "You may not use it.");
    verdicts_free(verdicts);
    free(file);
}
END_TEST

START_TEST(what_openvpn_removed_is_not_made_again)
{
    struct verdicts *verdicts = verdicts_new(&test_log);
    char *file = hand_over(verdicts);

    unlink(control);
    unlink(reason);
    put(file, "1");
    await_gone(file);
    ck_assert(!exists(control) && !exists(reason));
    verdicts_free(verdicts);
    free(file);
}
END_TEST

START_TEST(a_file_in_the_place_of_ours_is_left_alone)
{
    struct verdicts *verdicts = verdicts_new(&test_log);
    char *file = hand_over(verdicts);

    unlink(file);
    put(file, "somebody else's");
    verdicts_free(verdicts);
    sleep_ms(200);
    ck_assert_str_eq(content(file), "somebody else's");
    free(file);
}
END_TEST

START_TEST(closing_the_plugin_ends_the_process_and_removes_its_files)
{
    struct verdicts *verdicts = verdicts_new(&test_log);
    char *one = hand_over(verdicts);
    char *two = hand_over(verdicts);
    int status = -1;

    verdicts_free(verdicts);
    ck_assert_int_gt(wait(&status), 0); /* as the subreaper */
    ck_assert_int_eq(status, 0);
    ck_assert(!exists(one) && !exists(two));
    ck_assert_str_eq(content(control), "");
    free(one);
    free(two);
}
END_TEST

/* The one process there is, found as the child of this subreaper. */
static pid_t process_id(void)
{
    char path[64], text[64] = "";
    FILE *in;

    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    in = fopen(path, "r");
    if (!in || !fgets(text, sizeof(text), in))
        text[0] = '\0';
    if (in)
        fclose(in);
    return atoi(text);
}

/* It takes its name once signals are set aside. */
static void await_settled(pid_t process)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/comm", (int)process);
    for (int i = 0; i < LOOKS && strcmp(content(path), "byway-verdicts\n") != 0; i++)
        sleep_ms(10);
    ck_assert_str_eq(content(path), "byway-verdicts\n");
}

START_TEST(signals_that_end_openvpn_do_not_keep_it_from_removing_its_files)
{
    struct verdicts *verdicts = verdicts_new(&test_log);
    char *file = hand_over(verdicts);
    const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE};

    await_settled(process_id());
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        ck_assert_int_eq(kill(process_id(), signals[i]), 0);
    sleep_ms(50);
    put(file, "1");
    ck_assert_str_eq(await(control), "0");
    verdicts_free(verdicts);
    free(file);
}
END_TEST

START_TEST(a_process_that_died_is_started_again)
{
    struct verdicts *verdicts = verdicts_new(&test_log);
    char *one = hand_over(verdicts);
    char *two;

    kill(process_id(), SIGKILL);
    ck_assert_int_gt(wait(NULL), 0);
    two = hand_over(verdicts);
    put(two, "1");
    ck_assert_str_eq(await(control), "0");
    verdicts_free(verdicts);
    free(one);
    free(two);
}
END_TEST

START_TEST(it_holds_none_of_openvpns_descriptors)
{
    struct verdicts *verdicts = verdicts_new(&test_log);
    int ends[2];
    char byte, *file;

    ck_assert_int_eq(pipe(ends), 0);
    file = hand_over(verdicts);
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0); /* no other writer is left */
    verdicts_free(verdicts);
    free(file);
}
END_TEST

START_TEST(it_works_where_no_path_leads_any_more)
{
    struct verdicts *verdicts = verdicts_new(&test_log);
    char moved[128], file_moved[256], control_moved[160], reason_moved[160];
    char *file = hand_over(verdicts);

    snprintf(moved, sizeof(moved), "%s.moved", dir);
    ck_assert_int_eq(rename(dir, moved), 0);
    snprintf(file_moved, sizeof(file_moved), "%s/%s", moved, strrchr(file, '/') + 1);
    snprintf(control_moved, sizeof(control_moved), "%s/acf", moved);
    snprintf(reason_moved, sizeof(reason_moved), "%s/afr", moved);
    put(file_moved, "1");
    ck_assert_str_eq(await(control_moved), "0");
    ck_assert_str_eq(content(reason_moved), "You may not use it.");
    await_gone(file_moved);
    ck_assert_int_eq(rename(moved, dir), 0);
    verdicts_free(verdicts);
    free(file);
}
END_TEST

START_TEST(what_cannot_be_handed_over_is_denied_and_logged)
{
    struct verdicts *verdicts = verdicts_new(&test_log);
    char *file = verdict_make_file(control);
    char *long_reason = malloc(VERDICT_MAX_REASON + 2);
    struct verdict_job job = job_for(file);

    job.control_file = "/nowhere/acf";
    ck_assert(!verdicts_hand_over(verdicts, &job));
    ck_assert_ptr_nonnull(strstr(logged, "No such file"));
    job = job_for("acf");
    ck_assert(!verdicts_hand_over(verdicts, &job));
    memset(long_reason, 'x', VERDICT_MAX_REASON + 1);
    long_reason[VERDICT_MAX_REASON + 1] = '\0';
    job = job_for(file);
    job.reason = long_reason;
    ck_assert(!verdicts_hand_over(verdicts, &job));
    job.reason = long_reason + 1;
    job.note_n = VERDICT_MAX_NOTE + 1;
    ck_assert(!verdicts_hand_over(verdicts, &job));
    verdict_remove_file(file);
    verdicts_free(verdicts);
    free(long_reason);
    free(file);
}
END_TEST

/* More at once than there is room for: each gets an answer, none hangs. */
START_TEST(a_flood_of_logins_is_answered)
{
    enum { N = 700 };
    struct verdicts *verdicts = verdicts_new(&test_log);
    char *files[N], controls[N][160];
    int denied_at_once = 0;

    for (int i = 0; i < N; i++) {
        struct verdict_job job;

        snprintf(controls[i], sizeof(controls[i]), "%s/acf%d", dir, i);
        put(controls[i], "");
        files[i] = verdict_make_file(controls[i]);
        job = job_for(files[i]);
        job.control_file = controls[i];
        if (!verdicts_hand_over(verdicts, &job)) {
            denied_at_once++;
            put(controls[i], "0");
        }
    }
    for (int i = 0; i < N; i++)
        if (exists(files[i]))
            put(files[i], "1");
    for (int i = 0; i < N; i++) {
        ck_assert_str_eq(await(controls[i]), "0");
        free(files[i]);
    }
    ck_assert_int_lt(denied_at_once, N);
    verdicts_free(verdicts);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("verdict");
    TCase *tcase = tcase_create("verdict");

    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, make_dir, remove_dir);
    tcase_add_test(tcase, a_private_file_is_empty_ours_alone_and_beside_openvpns);
    tcase_add_test(tcase, nothing_is_said_before_the_verdict);
    tcase_add_test(tcase, after_a_yes_the_login_is_failed_with_the_reason);
    tcase_add_test(tcase, after_a_no_no_reason_of_ours_is_told);
    tcase_add_test(tcase, whatever_else_stands_there_is_no_verdict);
    tcase_add_test(tcase, a_verdict_that_was_there_before_the_hand_over_counts);
    tcase_add_test(tcase, what_openvpn_removed_is_not_made_again);
    tcase_add_test(tcase, a_file_in_the_place_of_ours_is_left_alone);
    tcase_add_test(tcase, closing_the_plugin_ends_the_process_and_removes_its_files);
    tcase_add_test(tcase, signals_that_end_openvpn_do_not_keep_it_from_removing_its_files);
    tcase_add_test(tcase, a_process_that_died_is_started_again);
    tcase_add_test(tcase, it_holds_none_of_openvpns_descriptors);
    tcase_add_test(tcase, it_works_where_no_path_leads_any_more);
    tcase_add_test(tcase, what_cannot_be_handed_over_is_denied_and_logged);
    tcase_add_test(tcase, a_flood_of_logins_is_answered);
    suite_add_tcase(suite, tcase);
    return suite;
}
