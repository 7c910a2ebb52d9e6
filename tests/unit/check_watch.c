/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/folder.h"
#include "tests/unit/unit.h"

#include "lib/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char base[64];
static char path[128];

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void set_up(void)
{
    snprintf(base, sizeof base, "/tmp/byway-watch-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    snprintf(path, sizeof path, "%s/policy.conf", base);
    write_file(path, "one");
}

static void tear_down(void)
{
    char old[200];

    snprintf(old, sizeof old, "%s.old", base);
    folder_remove(old); /* of one test */
    ck_assert(folder_remove(base));
}

static struct watch *watch_path(const char *name)
{
    struct watch *watch = watch_new();
    struct stat st;

    ck_assert(watch_add(watch, name, stat(name, &st) == 0 ? &st : NULL));
    return watch;
}

static void do_nothing(void)
{
}
static void append(void)
{
    FILE *file = fopen(path, "a");

    fputs("!", file);
    fclose(file);
}
static void rewrite_same_length(void)
{
    write_file(path, "two");
}
static void replace_by_rename(void)
{
    char other[160];

    snprintf(other, sizeof other, "%s.new", path);
    write_file(other, "one");
    ck_assert_int_eq(rename(other, path), 0);
}
static void delete_it(void)
{
    ck_assert_int_eq(unlink(path), 0);
}
static void change_mode(void)
{
    ck_assert_int_eq(chmod(path, 0600), 0);
}
static void rewrite_and_put_its_time_back(void)
{
    struct stat st;
    struct timespec times[2];

    ck_assert_int_eq(stat(path, &st), 0);
    times[0] = st.st_atim;
    times[1] = st.st_mtim;
    rewrite_same_length();
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}
/* The old one stays, elsewhere, as deployment tools do it. */
static void replace_its_directory(void)
{
    char moved[100];

    snprintf(moved, sizeof moved, "%s.old", base);
    ck_assert_int_eq(rename(base, moved), 0);
    ck_assert_int_eq(mkdir(base, 0700), 0);
    write_file(path, "one");
}

static const struct {
    const char *what;
    void (*change)(void);
    bool seen;
} changes[] = {
    {"nothing", do_nothing, false},
    {"appended", append, true},
    {"rewritten with the same length", rewrite_same_length, true},
    {"replaced by rename", replace_by_rename, true},
    {"deleted", delete_it, true},
    {"another mode", change_mode, true},
    {"rewritten, its time put back", rewrite_and_put_its_time_back, true},
    {"its directory replaced", replace_its_directory, true},
};

START_TEST(every_kind_of_change_is_seen_and_stays_seen)
{
    struct dirs *dirs = dirs_new();
    struct watch *watch = watch_path(path);

    ck_assert(!watch_changed(watch, dirs));
    usleep(20000); /* the kernel's clock for files ticks every 4 ms */
    changes[_i].change();
    ck_assert_msg(watch_changed(watch, dirs) == changes[_i].seen, "%s", changes[_i].what);
    ck_assert(watch_changed(watch, dirs) == changes[_i].seen);
    watch_free(watch);
    dirs_free(dirs);
}
END_TEST

START_TEST(a_file_that_appears_is_seen_also_in_a_new_directory)
{
    char directory[160], file[200];
    struct dirs *dirs = dirs_new();
    struct watch *watch;

    snprintf(directory, sizeof directory, "%s/groups", base);
    snprintf(file, sizeof file, "%s/physics.members", directory);
    watch = watch_path(file);
    ck_assert(!watch_changed(watch, dirs));
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    ck_assert(!watch_changed(watch, dirs));
    write_file(file, "");
    ck_assert(watch_changed(watch, dirs));
    watch_free(watch);
    dirs_free(dirs);
}
END_TEST

START_TEST(a_directory_shows_that_a_file_came_or_went)
{
    char directory[160], file[200];
    struct dirs *dirs = dirs_new();
    struct watch *watch;

    snprintf(directory, sizeof directory, "%s/users.d", base);
    snprintf(file, sizeof file, "%s/alice.conf", directory);
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    watch = watch_path(directory);
    ck_assert(!watch_changed(watch, dirs));
    usleep(20000);
    write_file(file, "");
    ck_assert(watch_changed(watch, dirs));
    watch_free(watch);
    dirs_free(dirs);
}
END_TEST

START_TEST(the_first_look_at_a_path_counts)
{
    struct dirs *dirs = dirs_new();
    struct watch *watch = watch_path(path);
    struct stat st;

    usleep(20000);
    append();
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert(watch_add(watch, path, &st));
    ck_assert_uint_eq(watch_count(watch), 1);
    ck_assert(watch_changed(watch, dirs));
    watch_free(watch);
    watch_free(NULL);
    dirs_free(dirs);
}
END_TEST

START_TEST(thousands_of_paths_are_remembered_once_each)
{
    struct dirs *dirs = dirs_new();
    struct watch *watch = watch_new();

    for (unsigned i = 0; i < 20000; i++) {
        char name[160];

        snprintf(name, sizeof name, "%s/users.d/user-%u.conf", base, i % 10000);
        if (!watch_add(watch, name, NULL))
            ck_abort_msg("%s", name);
    }
    ck_assert_uint_eq(watch_count(watch), 10000);
    ck_assert(!watch_changed(watch, dirs));
    watch_free(watch);
    dirs_free(dirs);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("watch");
    TCase *tests = tcase_create("watch");

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, every_kind_of_change_is_seen_and_stays_seen, 0,
                        (int)(sizeof changes / sizeof *changes));
    tcase_add_test(tests, a_file_that_appears_is_seen_also_in_a_new_directory);
    tcase_add_test(tests, a_directory_shows_that_a_file_came_or_went);
    tcase_add_test(tests, the_first_look_at_a_path_counts);
    tcase_add_test(tests, thousands_of_paths_are_remembered_once_each);
    return suite;
}
