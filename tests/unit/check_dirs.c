/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/folder.h"
#include "tests/unit/unit.h"

#include "lib/dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char base[64];

/* "<base>/name"; of the last eight calls. */
static const char *in_base(const char *name)
{
    static char texts[8][200];
    static unsigned next;
    char *text = texts[next++ % 8];

    snprintf(text, sizeof texts[0], "%s/%s", base, name);
    return text;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void set_up(void)
{
    snprintf(base, sizeof base, "/tmp/byway-dirs-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    ck_assert_int_eq(mkdir(in_base("etc"), 0755), 0);
    ck_assert_int_eq(chmod(base, 0755), 0);
    write_file(in_base("etc/policy.conf"), "the policy");
}

static void tear_down(void)
{
    ck_assert(folder_remove(base));
}

static void expect_text(struct dirs *dirs, const char *path, const char *text)
{
    size_t n = 0;
    char *read = dirs_read_file(dirs, path, 1000, &n, NULL);

    ck_assert_msg(read != NULL, "%s: %s", path, strerror(errno));
    ck_assert_str_eq(read, text);
    ck_assert_uint_eq(n, strlen(text));
    free(read);
}

static void expect_error(struct dirs *dirs, const char *path, size_t max, int error)
{
    size_t n = 0;

    errno = 0;
    ck_assert_ptr_null(dirs_read_file(dirs, path, max, &n, NULL));
    ck_assert_int_eq(errno, error);
}

START_TEST(a_file_is_read_whole_with_its_stat)
{
    struct dirs *dirs = dirs_new();
    struct stat st, again;
    size_t n = 0;
    char *text = dirs_read_file(dirs, in_base("etc/policy.conf"), 10, &n, &st);

    ck_assert_str_eq(text, "the policy");
    ck_assert_uint_eq(n, 10);
    ck_assert_int_eq(dirs_stat(dirs, in_base("etc/policy.conf"), &again), 0);
    ck_assert_uint_eq(st.st_ino, again.st_ino);
    free(text);
    write_file(in_base("etc/empty"), "");
    expect_text(dirs, in_base("etc/empty"), "");
    dirs_free(dirs);
    dirs_free(NULL);
}
END_TEST

START_TEST(what_is_too_long_or_no_file_is_an_error)
{
    struct dirs *dirs = dirs_new();

    ck_assert_int_eq(mkfifo(in_base("etc/fifo"), 0600), 0);
    expect_error(dirs, in_base("etc/policy.conf"), 9, EFBIG);
    expect_error(dirs, in_base("etc/fifo"), 100, EINVAL);
    expect_error(dirs, in_base("etc"), 100, EINVAL);
    expect_error(dirs, "/dev/null", 100, EINVAL);
    expect_error(dirs, in_base("etc/absent"), 100, ENOENT);
    expect_error(dirs, in_base("absent/absent"), 100, ENOENT);
    expect_error(dirs, in_base("etc/policy.conf/x"), 100, ENOTDIR);
    expect_error(dirs, "policy.conf", 100, EINVAL);
    expect_error(dirs, "etc/policy.conf", 100, EINVAL);
    expect_error(dirs, "", 100, EINVAL);
    dirs_free(dirs);
}
END_TEST

START_TEST(files_that_say_they_are_empty_are_read_to_their_end)
{
    struct dirs *dirs = dirs_new();
    size_t n = 0;
    char *text = dirs_read_file(dirs, "/proc/self/status", 1 << 20, &n, NULL);

    ck_assert_ptr_nonnull(text);
    ck_assert_uint_gt(n, 100);
    ck_assert_uint_eq(strlen(text), n);
    ck_assert_ptr_nonnull(strstr(text, "Threads:"));
    expect_error(dirs, "/proc/self/status", 20, EFBIG);
    free(text);
    dirs_free(dirs);
}
END_TEST

START_TEST(a_file_that_grows_while_it_is_read_stays_bounded)
{
    struct dirs *dirs = dirs_new();
    const char *path = in_base("etc/growing");
    pid_t child;

    write_file(path, "");
    child = fork();
    if (child == 0) {
        int fd = open(path, O_WRONLY | O_APPEND);

        for (int i = 0; i < 20000; i++)
            if (write(fd, "0123456789abcdef", 16) != 16)
                _exit(1);
        _exit(0);
    }
    for (int i = 0; i < 200; i++) {
        size_t n = 0;
        char *text = dirs_read_file(dirs, path, 100000, &n, NULL);

        if (text) {
            ck_assert_uint_le(n, 100000);
            ck_assert_uint_eq(strlen(text), n);
        } else {
            ck_assert_int_eq(errno, EFBIG);
        }
        free(text);
    }
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    dirs_free(dirs);
}
END_TEST

START_TEST(a_directory_is_opened_once_and_named_with_or_without_its_slash)
{
    struct dirs *dirs = dirs_new();
    int fd = dirs_get(dirs, in_base("etc"));
    struct stat st;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_eq(dirs_get(dirs, in_base("etc///")), fd);
    ck_assert_int_ne(dirs_get(dirs, base), fd);
    ck_assert_int_eq(dirs_get(dirs, in_base("absent")), -1);
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(dirs_get(dirs, in_base("etc/policy.conf")), -1);
    ck_assert_int_eq(errno, ENOTDIR);
    ck_assert_int_eq(dirs_get(dirs, "etc"), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(dirs_get(dirs, ""), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(dirs_stat(dirs, "/", &st), 0);
    ck_assert(S_ISDIR(st.st_mode));
    ck_assert_int_eq(dirs_stat(dirs, in_base("etc/"), &st), 0);
    ck_assert(S_ISDIR(st.st_mode));
    dirs_free(dirs);
}
END_TEST

START_TEST(a_file_opened_for_writing_is_not_inherited)
{
    struct dirs *dirs = dirs_new();
    int fd = dirs_open(dirs, in_base("etc/new"), O_WRONLY | O_CREAT | O_EXCL, 0640);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    close(fd);
    ck_assert_int_eq(dirs_open(dirs, in_base("etc/new"), O_WRONLY | O_CREAT | O_EXCL, 0640), -1);
    ck_assert_int_eq(errno, EEXIST);
    dirs_free(dirs);
}
END_TEST

START_TEST(a_replaced_directory_is_found_at_a_refresh_under_the_same_number)
{
    struct dirs *dirs = dirs_new();
    int fd = dirs_get(dirs, in_base("etc"));

    ck_assert_int_eq(rename(in_base("etc"), in_base("old")), 0);
    dirs_refresh(dirs);
    expect_text(dirs, in_base("etc/policy.conf"), "the policy");
    ck_assert_int_eq(mkdir(in_base("etc"), 0755), 0);
    write_file(in_base("etc/policy.conf"), "a new one");
    expect_text(dirs, in_base("etc/policy.conf"), "the policy");
    dirs_refresh(dirs);
    expect_text(dirs, in_base("etc/policy.conf"), "a new one");
    ck_assert_int_eq(dirs_get(dirs, in_base("etc")), fd);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    dirs_free(dirs);
}
END_TEST

/* ── a pattern ── */

static void expect_glob(struct dirs *dirs, const char *pattern, const char *const *names)
{
    char **paths = dirs_glob(dirs, pattern);
    size_t i = 0;

    ck_assert_msg(paths != NULL, "%s: %s", pattern, strerror(errno));
    for (; names[i]; i++)
        ck_assert_str_eq(paths[i], in_base(names[i]));
    ck_assert_ptr_null(paths[i]);
    dirs_glob_free(paths);
}

START_TEST(a_pattern_gives_sorted_paths_without_dot_files)
{
    static const char *const names[] = {"etc/B.conf",       "etc/a.conf",  "etc/a1.conf",
                                        "etc/.hidden.conf", "etc/a.conf~", "etc/c.list"};
    struct dirs *dirs = dirs_new();

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        write_file(in_base(names[i]), "");
    for (int twice = 0; twice < 2; twice++) {
        expect_glob(dirs, in_base("etc/*.conf"),
                    (const char *const[]){"etc/B.conf", "etc/a.conf", "etc/a1.conf",
                                          "etc/policy.conf", NULL});
        expect_glob(dirs, in_base("etc/[ab]?.conf"), (const char *const[]){"etc/a1.conf", NULL});
        expect_glob(dirs, in_base("etc/c.list"), (const char *const[]){"etc/c.list", NULL});
        expect_glob(dirs, in_base("etc/*.none"), (const char *const[]){NULL});
    }
    write_file(in_base("etc/b.none"), "");
    expect_glob(dirs, in_base("etc/*.none"), (const char *const[]){"etc/b.none", NULL});
    ck_assert_ptr_null(dirs_glob(dirs, in_base("absent/*")));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_ptr_null(dirs_glob(dirs, "*.conf"));
    ck_assert_int_eq(errno, EINVAL);
    dirs_glob_free(NULL);
    dirs_free(dirs);
}
END_TEST

START_TEST(a_pattern_can_match_thousands)
{
    struct dirs *dirs = dirs_new();
    char **paths;

    for (unsigned i = 0; i < 1000; i++) {
        char name[32];

        snprintf(name, sizeof name, "etc/%04u.user", i);
        write_file(in_base(name), "");
    }
    paths = dirs_glob(dirs, in_base("etc/*.user"));
    ck_assert_ptr_nonnull(paths);
    for (unsigned i = 0; i < 1000; i++) {
        char name[32];

        snprintf(name, sizeof name, "etc/%04u.user", i);
        if (!paths[i] || strcmp(paths[i], in_base(name)) != 0)
            ck_abort_msg("number %u is not %s", i, name);
    }
    ck_assert_ptr_null(paths[1000]);
    dirs_glob_free(paths);
    dirs_free(dirs);
}
END_TEST

START_TEST(names_are_joined_to_the_directory_of_the_file_that_says_them)
{
    static const struct {
        const char *from, *name, *joined;
    } cases[] = {
        {"/etc/byway/policy.conf", "internal.list", "/etc/byway/internal.list"},
        {"/etc/byway/policy.conf", "users.d/*.conf", "/etc/byway/users.d/*.conf"},
        {"/etc/byway/policy.conf", "/srv/list", "/srv/list"},
        {"/policy.conf", "list", "/list"},
        {"policy.conf", "list", "list"},
        {"etc/policy.conf", "../list", "etc/../list"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *joined = dirs_resolve(cases[i].from, cases[i].name);

        ck_assert_str_eq(joined, cases[i].joined);
        free(joined);
    }
}
END_TEST

/* ── after OpenVPN's chroot and user change ── */

/* Runs `body` in a child that has gone into <base>/jail as nobody; it answers 0 or a line. */
static void run_in_jail(struct dirs *dirs, int (*body)(struct dirs *dirs))
{
    pid_t child;
    int status = 0;

    if (geteuid() != 0)
        unit_skip("not root, so chroot and setuid were not tried");
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if ((mkdir(in_base("jail"), 0755) != 0 && errno != EEXIST) ||
            chroot(in_base("jail")) != 0 || chdir("/") != 0 || setgid(65534) != 0 ||
            setuid(65534) != 0)
            _exit(255);
        _exit(body(dirs));
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d (of the line %d)",
                  status, WEXITSTATUS(status));
}

#define EXPECT(what)               \
    do {                           \
        if (!(what))               \
            return __LINE__ % 255; \
    } while (0)

static int read_and_list(struct dirs *dirs)
{
    struct stat st;
    size_t n = 0;
    char *text = dirs_read_file(dirs, in_base("etc/policy.conf"), 100, &n, &st);
    char **paths = dirs_glob(dirs, in_base("etc/*.conf"));

    EXPECT(access(in_base("etc"), F_OK) != 0); /* the jail is real */
    EXPECT(text && strcmp(text, "the policy") == 0);
    EXPECT(paths && paths[0] && strcmp(paths[0], in_base("etc/policy.conf")) == 0 && !paths[1]);
    EXPECT(dirs_stat(dirs, in_base("etc/policy.conf"), &st) == 0 && st.st_size == 10);
    dirs_refresh(dirs);
    EXPECT(dirs_stat(dirs, in_base("etc/policy.conf"), &st) == 0);
    free(text);
    dirs_glob_free(paths);
    return 0;
}

START_TEST(known_directories_stay_within_reach_after_chroot_and_setuid)
{
    struct dirs *dirs = dirs_new();

    ck_assert_int_ge(dirs_get(dirs, in_base("etc")), 0);
    run_in_jail(dirs, read_and_list);
    dirs_free(dirs);
}
END_TEST

static int refresh_beside_a_twin(struct dirs *dirs)
{
    struct stat st;

    EXPECT(stat(in_base("etc/policy.conf"), &st) == 0 && st.st_size == 0); /* the jail's own */
    dirs_refresh(dirs);
    EXPECT(dirs_stat(dirs, in_base("etc/policy.conf"), &st) == 0 && st.st_size == 10);
    return 0;
}

START_TEST(a_directory_of_the_same_path_in_the_new_root_does_not_take_its_place)
{
    struct dirs *dirs = dirs_new();
    char command[400];

    snprintf(command, sizeof command, "mkdir -p %s/jail%s/etc && : > %s/jail%s/etc/policy.conf",
             base, base, base, base);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_ge(dirs_get(dirs, in_base("etc")), 0);
    run_in_jail(dirs, refresh_beside_a_twin);
    dirs_free(dirs);
}
END_TEST

static int look_for_the_unknown(struct dirs *dirs)
{
    struct stat st;

    EXPECT(dirs_get(dirs, in_base("etc")) == -1 && errno == ENOENT);
    EXPECT(stat("/trap/policy.conf", &st) == 0); /* it is there, in the jail */
    EXPECT(dirs_stat(dirs, "/trap/policy.conf", &st) == -1 && errno == ENOENT);
    return 0;
}

START_TEST(a_directory_of_the_new_root_is_not_taken_for_one_of_the_old)
{
    struct dirs *dirs = dirs_new();
    char command[300];

    snprintf(command, sizeof command, "mkdir -p %s/jail/trap && : > %s/jail/trap/policy.conf", base,
             base);
    ck_assert_int_eq(system(command), 0);
    run_in_jail(dirs, look_for_the_unknown);
    dirs_free(dirs);
}
END_TEST

static int read_what_was_made_since(struct dirs *dirs)
{
    struct stat st;
    size_t n = 0;
    char *text = dirs_read_file(dirs, in_base("state/groups/physics.members"), 100, &n, NULL);

    EXPECT(text && strcmp(text, "alice") == 0);
    EXPECT(dirs_stat(dirs, in_base("state/link/policy.conf"), &st) == -1);
    EXPECT(dirs_stat(dirs, in_base("other/file"), &st) == 0); /* beside it */
    free(text);
    return 0;
}

START_TEST(a_directory_that_was_missed_before_a_chroot_is_found_after_it)
{
    struct dirs *dirs = dirs_new();
    struct stat st;

    ck_assert_int_eq(dirs_stat(dirs, in_base("state/groups/physics.members"), &st), -1);
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(mkdir(in_base("state"), 0755), 0);
    ck_assert_int_eq(dirs_stat(dirs, in_base("state/groups/physics.members"), &st), -1);
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_int_eq(mkdir(in_base("state/groups"), 0755), 0);
    ck_assert_int_eq(symlink("/trap", in_base("state/link")), 0);
    ck_assert_int_eq(mkdir(in_base("other"), 0755), 0);
    write_file(in_base("state/groups/physics.members"), "alice");
    write_file(in_base("other/file"), "");
    run_in_jail(dirs, read_what_was_made_since);
    dirs_free(dirs);
}
END_TEST

static int list_without_rights(struct dirs *dirs)
{
    char **paths = dirs_glob(dirs, in_base("secret/*"));
    size_t n = 0;

    EXPECT(paths && paths[0]); /* opened as root, so it can still be listed */
    EXPECT(!dirs_read_file(dirs, paths[0], 100, &n, NULL) && errno == EACCES);
    dirs_glob_free(paths);
    return 0;
}

START_TEST(what_may_not_be_read_any_more_says_so)
{
    struct dirs *dirs = dirs_new();

    ck_assert_int_eq(mkdir(in_base("secret"), 0700), 0);
    write_file(in_base("secret/key"), "x");
    ck_assert_int_ge(dirs_get(dirs, in_base("secret")), 0);
    run_in_jail(dirs, list_without_rights);
    dirs_free(dirs);
}
END_TEST

static int use_without_listing(struct dirs *dirs)
{
    struct dirs *fresh = dirs_new();
    size_t n = 0;
    char *text;

    (void)dirs;
    text = dirs_read_file(fresh, "/through/file", 100, &n, NULL);
    EXPECT(text && strcmp(text, "x") == 0);
    EXPECT(!dirs_glob(fresh, "/through/*") && errno == EACCES);
    free(text);
    dirs_free(fresh);
    return 0;
}

START_TEST(a_directory_that_may_only_be_passed_through_can_be_used_but_not_listed)
{
    char command[300];

    snprintf(
        command, sizeof command,
        "mkdir -p %s/jail/through && printf x > %s/jail/through/file && chmod 711 %s/jail/through",
        base, base, base);
    ck_assert_int_eq(system(command), 0);
    run_in_jail(NULL, use_without_listing);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("dirs");
    TCase *tests = tcase_create("dirs");

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_file_is_read_whole_with_its_stat);
    tcase_add_test(tests, what_is_too_long_or_no_file_is_an_error);
    tcase_add_test(tests, files_that_say_they_are_empty_are_read_to_their_end);
    tcase_add_test(tests, a_file_that_grows_while_it_is_read_stays_bounded);
    tcase_add_test(tests, a_directory_is_opened_once_and_named_with_or_without_its_slash);
    tcase_add_test(tests, a_file_opened_for_writing_is_not_inherited);
    tcase_add_test(tests, a_replaced_directory_is_found_at_a_refresh_under_the_same_number);
    tcase_add_test(tests, a_pattern_gives_sorted_paths_without_dot_files);
    tcase_add_test(tests, a_pattern_can_match_thousands);
    tcase_add_test(tests, names_are_joined_to_the_directory_of_the_file_that_says_them);
    tcase_add_test(tests, known_directories_stay_within_reach_after_chroot_and_setuid);
    tcase_add_test(tests, a_directory_of_the_same_path_in_the_new_root_does_not_take_its_place);
    tcase_add_test(tests, a_directory_of_the_new_root_is_not_taken_for_one_of_the_old);
    tcase_add_test(tests, a_directory_that_was_missed_before_a_chroot_is_found_after_it);
    tcase_add_test(tests, what_may_not_be_read_any_more_says_so);
    tcase_add_test(tests, a_directory_that_may_only_be_passed_through_can_be_used_but_not_listed);
    return suite;
}
