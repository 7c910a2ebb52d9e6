/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times the over-cover of a list by few prefixes. Run by bench/routes, which makes the list.
 *
 *   budget-bench RUNS N... <LIST
 *
 * Prints for each N: the exact prefixes, those of the cover, how many IPv4 addresses and IPv6
 * /64 networks it has besides, by what share of these it may be too large, and milliseconds of
 * wall and of CPU time (medians of RUNS).
 */
#include "lib/budget.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_LIST (64UL * 1024 * 1024)

static void die(const char *what)
{
    fprintf(stderr, "budget-bench: %s\n", what);
    exit(EXIT_FAILURE);
}

static double now_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void bad_line(void *arg, unsigned line, const char *text, size_t n, enum prefix_status why,
                     const struct prefix *suggestion)
{
    (void)arg, (void)line, (void)text, (void)n, (void)why, (void)suggestion;
    die("the list has a bad line");
}

static struct prefix_set *read_list(void)
{
    struct prefix_set *set = prefix_set_new();
    char *text = malloc(MAX_LIST);
    size_t n = text ? fread(text, 1, MAX_LIST, stdin) : 0;

    if (!set || n == 0 || !prefix_set_read(set, text, n, bad_line, NULL) ||
        !prefix_set_minimise(set))
        die("no list");
    free(text);
    return set;
}

static void time_one(const struct prefix_set *set, const struct prefix_set *never, size_t n,
                     struct budget_cost *cost, double *wall, double *cpu)
{
    struct prefix_set *cover = prefix_set_new();

    if (!cover || !prefix_set_add_set(cover, set) || !prefix_set_minimise(cover))
        die("out of memory");
    *wall = now_ms(CLOCK_MONOTONIC);
    *cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID);
    if (budget_cover(cover, never, n, cost) == BUDGET_MEMORY)
        die("out of memory");
    *cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID) - *cpu;
    *wall = now_ms(CLOCK_MONOTONIC) - *wall;
    prefix_set_free(cover);
}

static void report(const struct prefix_set *set, size_t n, size_t runs)
{
    struct prefix_set *never = prefix_set_new();
    double *wall = calloc(runs, sizeof(*wall));
    double *cpu = calloc(runs, sizeof(*cpu));
    struct budget_cost cost = {0};

    if (!never || !prefix_set_minimise(never) || !wall || !cpu)
        die("out of memory");
    for (size_t i = 0; i < runs; i++)
        time_one(set, never, n, &cost, &wall[i], &cpu[i]);
    qsort(wall, runs, sizeof(*wall), by_size);
    qsort(cpu, runs, sizeof(*cpu), by_size);
    printf("%zu %zu %" PRIu64 " %" PRIu64 " %g %.1f %.1f\n", cost.exact, cost.prefixes,
           cost.extra_ipv4, cost.extra_ipv6, cost.slack, wall[runs / 2], cpu[runs / 2]);
    free(wall);
    free(cpu);
    prefix_set_free(never);
}

int main(int argc, char **argv)
{
    size_t runs = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    struct prefix_set *set;

    if (runs == 0)
        die("usage: see the top of bench/budget.c");
    set = read_list();
    for (int i = 2; i < argc; i++)
        report(set, strtoul(argv[i], NULL, 10), runs);
    prefix_set_free(set);
    return EXIT_SUCCESS;
}
