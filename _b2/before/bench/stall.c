/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into an OpenVPN server, writes down how long each turn of its event
 * loop took: from the return of poll(2) or epoll_wait(2) to the next call of it.
 * While a turn lasts nobody else is served. At exit the turns of at least 20
 * microseconds go to the file that STALL_OUT names, one a line: when the turn began and what it
 * took, wall and CPU, in nanoseconds (CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID).
 */
#include <dlfcn.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#define MAX_TURNS 4000000
#define LEAST_NS  20000

struct turn {
    long long began;
    int wall;
    int cpu;
};

static struct turn *turns;
static size_t n_turns;
static long long wall_began;
static long long cpu_began;

static long long now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void turn_ends(void)
{
    long long wall = wall_began ? now_ns(CLOCK_MONOTONIC) - wall_began : 0;

    if (wall >= LEAST_NS && turns && n_turns < MAX_TURNS)
        turns[n_turns++] = (struct turn){wall_began, (int)wall,
                                         (int)(now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_began)};
}

static void turn_begins(void)
{
    cpu_began = now_ns(CLOCK_THREAD_CPUTIME_ID);
    wall_began = now_ns(CLOCK_MONOTONIC);
}

int epoll_wait(int fd, struct epoll_event *events, int max_events, int timeout)
{
    static int (*real)(int, struct epoll_event *, int, int);
    int ready = 0;

    turn_ends();
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "epoll_wait");
    ready = real(fd, events, max_events, timeout);
    turn_begins();
    return ready;
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    static int (*real)(struct pollfd *, nfds_t, int);
    int ready = 0;

    turn_ends();
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "poll");
    ready = real(fds, n, timeout);
    turn_begins();
    return ready;
}

__attribute__((constructor)) static void begin(void)
{
    if (getenv("STALL_OUT"))
        turns = malloc(MAX_TURNS * sizeof *turns);
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("STALL_OUT");
    FILE *out = path && n_turns ? fopen(path, "w") : NULL;

    if (!out)
        return;
    for (size_t i = 0; i < n_turns; i++)
        fprintf(out, "%lld %d %d\n", turns[i].began, turns[i].wall, turns[i].cpu);
    fclose(out);
}
