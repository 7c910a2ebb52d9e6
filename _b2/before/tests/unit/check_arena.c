/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Built twice: check_arena tests the arena as it is built, check_arena_pages one that
 * takes pages also under AddressSanitizer; there the linker puts this file's mmap(2) in
 * front of the system's.
 */
#include "tests/unit/unit.h"

#include "lib/arena.h"

#include <errno.h>
#include <limits.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(freeing_nothing_is_harmless)
{
    arena_free(NULL);
}
END_TEST

static bool all_are(const unsigned char *bytes, size_t n, unsigned char value)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

START_TEST(pieces_are_zeroed_aligned_and_apart)
{
    struct arena *arena = arena_new();
    enum { PIECES = 3000 };
    static unsigned char *pieces[PIECES];
    static size_t sizes[PIECES];
    size_t sum = 0;

    srand(1);
    for (size_t i = 0; i < PIECES; i++) {
        sizes[i] = (size_t)rand() % (i % 100 == 0 ? 300000 : 200);
        pieces[i] = arena_alloc(arena, sizes[i]);
        if (!pieces[i] || (uintptr_t)pieces[i] % alignof(max_align_t) != 0 ||
            !all_are(pieces[i], sizes[i], 0))
            ck_abort_msg("piece %zu", i);
        memset(pieces[i], (int)(i % 255) + 1, sizes[i]);
        sum += sizes[i];
    }
    for (size_t i = 0; i < PIECES; i++)
        if (!all_are(pieces[i], sizes[i], (unsigned char)(i % 255 + 1)))
            ck_abort_msg("piece %zu was overwritten", i);
    ck_assert_uint_eq(arena_used(arena), sum);
    arena_free(arena);
}
END_TEST

START_TEST(pieces_of_no_bytes_have_addresses_of_their_own)
{
    struct arena *arena = arena_new();
    void *a = arena_alloc(arena, 0);
    void *b = arena_alloc(arena, 0);

    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_ptr_ne(a, b);
    arena_free(arena);
}
END_TEST

START_TEST(strings_are_copied_with_their_end)
{
    struct arena *arena = arena_new();
    char text[] = "campus";
    char *whole = arena_strdup(arena, text);
    char *part = arena_strndup(arena, text, 3);
    char *empty = arena_strndup(arena, NULL, 0);
    uint64_t *number = arena_alloc(arena, sizeof *number);

    text[0] = 'X';
    *number = UINT64_MAX;
    ck_assert_str_eq(whole, "campus");
    ck_assert_str_eq(part, "cam");
    ck_assert_str_eq(empty, "");
    ck_assert_uint_eq((uintptr_t)number % alignof(max_align_t), 0);
    arena_free(arena);
}
END_TEST

START_TEST(absurd_sizes_are_refused_and_harm_nothing)
{
    struct arena *arena = arena_new();
    char *before = arena_strdup(arena, "before");
    volatile size_t huge = SIZE_MAX; /* the compiler need not know */

    ck_assert_ptr_null(arena_array(arena, huge / 2, 3));
    ck_assert_ptr_null(arena_alloc(arena, huge));
    ck_assert_ptr_null(arena_alloc(arena, huge - 15));
    ck_assert_ptr_null(arena_strndup(arena, "x", huge));
    ck_assert_ptr_nonnull(arena_array(arena, huge, 0));
    ck_assert_ptr_nonnull(arena_array(arena, 0, huge));
    ck_assert_str_eq(before, "before");
    ck_assert_str_eq(arena_strdup(arena, "after"), "after");
    ck_assert_uint_eq(arena_used(arena), sizeof "before" + sizeof "after");
    arena_free(arena);
}
END_TEST

#ifdef ARENA_ALWAYS_PAGES

static unsigned pages_left = UINT_MAX; /* so many mappings still succeed */
static size_t mapped;                  /* bytes */

void *__real_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t n);
int __wrap_munmap(void *at, size_t n);

void *__wrap_mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    if (pages_left == 0) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    pages_left--;
    mapped += n;
    return __real_mmap(at, n, protection, flags, fd, offset);
}

int __wrap_munmap(void *at, size_t n)
{
    mapped -= n;
    return __real_munmap(at, n);
}

START_TEST(the_pages_are_shared_with_a_forked_process)
{
    struct arena *arena = arena_new();
    char *small = arena_strdup(arena, "parent");
    char *large = arena_alloc(arena, 1000000);
    pid_t child = fork();

    if (child == 0) {
        strcpy(small, "child");
        strcpy(large, "child");
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_str_eq(small, "child");
    ck_assert_str_eq(large, "child");
    arena_free(arena);
}
END_TEST

START_TEST(little_is_mapped_beyond_what_is_given_out_and_all_is_given_back)
{
    struct arena *arena = arena_new();

    for (int i = 0; i < 20000; i++)
        if (!arena_alloc(arena, i % 1000 == 0 ? 500000 : 1008))
            ck_abort_msg("memory is out");
    ck_assert_uint_gt(mapped, arena_used(arena));
    ck_assert_uint_lt(mapped, arena_used(arena) + ((size_t)5 << 20));
    arena_free(arena);
    ck_assert_uint_eq(mapped, 0);
}
END_TEST

START_TEST(without_pages_there_is_no_piece_and_what_was_given_out_stays)
{
    struct arena *arena = arena_new();
    char *before;

    pages_left = 0;
    ck_assert_ptr_null(arena_alloc(arena, 1));
    ck_assert_ptr_null(arena_alloc(arena, 1 << 20));
    pages_left = 1;
    before = arena_strdup(arena, "before");
    ck_assert_ptr_null(arena_alloc(arena, 1 << 20));
    ck_assert_ptr_nonnull(arena_alloc(arena, 10000)); /* there is room left in the first */
    ck_assert_str_eq(before, "before");
    ck_assert_uint_eq(arena_used(arena), sizeof "before" + 10000);
    arena_free(arena);
    ck_assert_uint_eq(mapped, 0);
}
END_TEST

static void add_tests_of_pages(TCase *tests)
{
    tcase_add_test(tests, the_pages_are_shared_with_a_forked_process);
    tcase_add_test(tests, little_is_mapped_beyond_what_is_given_out_and_all_is_given_back);
    tcase_add_test(tests, without_pages_there_is_no_piece_and_what_was_given_out_stays);
}

#else

static void add_tests_of_pages(TCase *tests)
{
    (void)tests;
}

#endif

Suite *unit_suite(void)
{
    Suite *suite = suite_create("arena");
    TCase *tests = tcase_create("arena");

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, freeing_nothing_is_harmless);
    tcase_add_test(tests, pieces_are_zeroed_aligned_and_apart);
    tcase_add_test(tests, pieces_of_no_bytes_have_addresses_of_their_own);
    tcase_add_test(tests, strings_are_copied_with_their_end);
    tcase_add_test(tests, absurd_sizes_are_refused_and_harm_nothing);
    add_tests_of_pages(tests);
    return suite;
}
