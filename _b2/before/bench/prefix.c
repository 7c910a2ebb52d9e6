/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * prefix-bench [--except] FILE...: writes the minimal cover of all the prefixes in
 * the files to standard output, without those of the files after --except.
 *
 * prefix-bench --unions ROUNDS: what loading a policy asks of prefix sets, in memory.
 * 100 sets of 1,000 prefixes, and 300 unions of some of them of 2,000 prefixes and
 * more; prints the milliseconds of CPU time for every 100, one round a line.
 */
#include "lib/prefix_set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SETS   100
#define SIZE   1000
#define UNIONS 300

static void complain(void *arg, unsigned line, const char *text, size_t n, enum prefix_status why,
                     const struct prefix *suggestion)
{
    (void)suggestion;
    fprintf(stderr, "%s:%u: \"%.*s\" %s\n", (const char *)arg, line, (int)n, text,
            prefix_status_text(why));
}

static bool read_file(struct prefix_set *set, char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st = {0};
    void *text = MAP_FAILED;
    bool ok = false;

    if (fd < 0 || fstat(fd, &st) < 0)
        goto cleanup;
    ok = st.st_size == 0;
    if (ok)
        goto cleanup;
    text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (text == MAP_FAILED)
        goto cleanup;
    ok = prefix_set_read(set, text, (size_t)st.st_size, complain, path);
    munmap(text, (size_t)st.st_size);
cleanup:
    if (!ok)
        fprintf(stderr, "prefix-bench: %s: %s\n", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool write_all(const char *text, size_t n)
{
    while (n > 0) {
        ssize_t written = write(STDOUT_FILENO, text, n);

        if (written < 0)
            return false;
        text += written;
        n -= (size_t)written;
    }
    return true;
}

static double cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Networks of a campus: half of them IPv4 in 10.0.0.0/8, half IPv6 in 2001:db8::/32. */
static bool fill(struct prefix_set *set)
{
    for (int i = 0; i < SIZE; i++) {
        uint64_t random = (uint64_t)rand();
        struct prefix prefix = {.len = 26, .family = PREFIX_IPV4};

        prefix.hi = UINT64_C(10) << 56 | (random & 0x3ffff) << 38;
        if (i % 2) {
            prefix.family = PREFIX_IPV6;
            prefix.len = 64;
            prefix.hi = UINT64_C(0x20010db8) << 32 | (random & 0xffffff);
        }
        if (!prefix_set_add(set, &prefix))
            return false;
    }
    return prefix_set_minimise(set);
}

static bool make_unions(struct prefix_set *const sets[SETS])
{
    for (int i = 0; i < UNIONS; i++) {
        struct prefix_set *all = prefix_set_new();
        bool ok = all != NULL;

        for (int members = 2 + i % 3; ok && members > 0; members--)
            ok = prefix_set_add_set(all, sets[rand() % SETS]);
        ok = ok && prefix_set_minimise(all);
        prefix_set_free(all);
        if (!ok)
            return false;
    }
    return true;
}

static int measure_unions(long rounds)
{
    struct prefix_set *sets[SETS] = {NULL};
    bool ok = true;

    srand(1);
    for (int i = 0; ok && i < SETS; i++) {
        sets[i] = prefix_set_new();
        ok = sets[i] && fill(sets[i]);
    }
    while (ok && rounds-- > 0) {
        double began = cpu_ms();

        ok = make_unions(sets);
        printf("%.3f\n", (cpu_ms() - began) * 100 / UNIONS);
    }
    for (int i = 0; i < SETS; i++)
        prefix_set_free(sets[i]);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int write_cover(int argc, char **argv)
{
    struct prefix_set *set = prefix_set_new(), *except = prefix_set_new();
    struct prefix_set *to = set;
    char *text = NULL;
    size_t n = 0;
    bool ok = set && except;

    for (int i = 1; ok && i < argc; i++) {
        if (strcmp(argv[i], "--except") == 0)
            to = except;
        else
            ok = read_file(to, argv[i]);
    }
    ok = ok && prefix_set_minimise(set) && prefix_set_subtract(set, except);
    text = ok ? prefix_set_write(set, &n) : NULL;
    ok = text && write_all(text, n);
    free(text);
    prefix_set_free(set);
    prefix_set_free(except);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--unions") == 0)
        return measure_unions(strtol(argv[2], NULL, 10));
    return write_cover(argc, argv);
}
