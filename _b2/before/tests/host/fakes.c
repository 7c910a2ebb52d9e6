/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See fakes.h. One thread only, as OpenVPN has; and functions have no context to be in. */
#include "config.h"

#include "tests/host/fakes.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static bool on;
static bool in_plugin;
static bool failed;
static bool keep_failing;
static enum fake_failure failing;
static int with_errno = EIO;
static unsigned long seen;
static unsigned long fail_at;
static long skipped_ms;
static struct fakes_memory held;

void fakes_fail_at(enum fake_failure what, unsigned long n, bool all_after)
{
    seen = 0;
    failing = what;
    fail_at = n;
    keep_failing = all_after;
    failed = false;
    on = true;
}

void fakes_set_errno(int error)
{
    with_errno = error;
}

unsigned long fakes_stop(void)
{
    on = false;
    return seen;
}

bool fakes_failed(void)
{
    return failed;
}

struct fakes_memory fakes_memory(void)
{
    return held;
}

bool fakes_enter_plugin(bool inside)
{
    bool before = in_plugin;

    in_plugin = inside;
    return before;
}

void fakes_skip_ms(long ms)
{
    skipped_ms += ms;
}

static bool refuse(enum fake_failure what)
{
    if (!on || !in_plugin || what != failing)
        return false;
    seen++;
    if (seen != fail_at && !(keep_failing && seen > fail_at))
        return false;
    failed = true;
    errno = what == FAKE_MEMORY ? ENOMEM : with_errno;
    return true;
}

/* dlsym() may itself want memory before it has found any: it gets this, and never frees it. */
static void *early(size_t n)
{
    static _Alignas(16) char memory[4096];
    static size_t used;
    size_t at = used;

    used += (n + 15) / 16 * 16;
    return used <= sizeof(memory) ? memory + at : NULL;
}

/* Declares `real`, the next function of that name. NULL only while it is being looked for. */
#define REAL(name)                                 \
    static __typeof__(name) *real;                 \
    static bool looking;                           \
    if (real == NULL && !looking) {                \
        looking = true;                            \
        *(void **)&real = dlsym(RTLD_NEXT, #name); \
        looking = false;                           \
    }

#pragma GCC visibility push(default)

/* ── memory ── */

void *malloc(size_t n);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t n);
void free(void *piece);

/* Under a sanitizer nothing is counted: it frees what others than these here gave out. */
static void count(void *piece, int sign)
{
#ifndef __SANITIZE_ADDRESS__
    if (piece != NULL) {
        held.pieces += sign;
        held.bytes += sign * (long)malloc_usable_size(piece);
    }
#else
    (void)piece;
    (void)sign;
#endif
}

static void *taken(void *piece)
{
    count(piece, 1);
    return piece;
}

void *malloc(size_t n)
{
    REAL(malloc)
    if (real == NULL)
        return early(n);
    return refuse(FAKE_MEMORY) ? NULL : taken(real(n));
}

void *calloc(size_t count, size_t size)
{
    REAL(calloc)
    if (real == NULL)
        return early(count * size);
    return refuse(FAKE_MEMORY) ? NULL : taken(real(count, size));
}

void *realloc(void *old, size_t n)
{
    REAL(realloc)
    void *new;

    if (real == NULL)
        return early(n);
    if (refuse(FAKE_MEMORY))
        return NULL;
    count(old, -1);
    new = real(old, n);
    count(new != NULL || n == 0 ? new : old, 1); /* where it failed, the old one stays */
    return new;
}

void free(void *piece)
{
    REAL(free)
    if (real == NULL)
        return;
    count(piece, -1);
    real(piece);
}

void *mmap(void *address, size_t n, int protection, int flags, int fd, off_t offset)
{
    REAL(mmap)
    if (real == NULL || refuse(FAKE_MEMORY))
        return MAP_FAILED;
    return real(address, n, protection, flags, fd, offset);
}

/* ── files and processes ── */

#define MODE_OF(flags, mode)               \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list arguments;                 \
        va_start(arguments, flags);        \
        mode = va_arg(arguments, mode_t);  \
        va_end(arguments);                 \
    }

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    REAL(open)
    MODE_OF(flags, mode)
    return refuse(FAKE_SYSTEM) ? -1 : real(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    mode_t mode = 0;
    REAL(openat)
    MODE_OF(flags, mode)
    return refuse(FAKE_SYSTEM) ? -1 : real(folder, path, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    REAL(write)
    return refuse(FAKE_SYSTEM) ? -1 : real(fd, bytes, n);
}

ssize_t read(int fd, void *bytes, size_t n)
{
    REAL(read)
    return refuse(FAKE_SYSTEM) ? -1 : real(fd, bytes, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
    REAL(pwrite)
    return refuse(FAKE_SYSTEM) ? -1 : real(fd, bytes, n, offset);
}

int ftruncate(int fd, off_t n)
{
    REAL(ftruncate)
    return refuse(FAKE_SYSTEM) ? -1 : real(fd, n);
}

pid_t fork(void)
{
    REAL(fork)
    return refuse(FAKE_SYSTEM) ? -1 : real();
}

int socketpair(int family, int type, int protocol, int ends[2])
{
    REAL(socketpair)
    return refuse(FAKE_SYSTEM) ? -1 : real(family, type, protocol, ends);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    REAL(sendmsg)
    return refuse(FAKE_SYSTEM) ? -1 : real(fd, message, flags);
}

ssize_t getrandom(void *bytes, size_t n, unsigned flags);
ssize_t getrandom(void *bytes, size_t n, unsigned flags)
{
    REAL(getrandom)
    return refuse(FAKE_SYSTEM) ? -1 : real(bytes, n, flags);
}

/* ── time ── */

int clock_gettime(clockid_t clock, struct timespec *now)
{
    REAL(clock_gettime)
    int result = real(clock, now);

    if (result == 0 && (clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME)) {
        now->tv_sec += skipped_ms / 1000;
        now->tv_nsec += skipped_ms % 1000 * 1000000;
        now->tv_sec += now->tv_nsec / 1000000000;
        now->tv_nsec %= 1000000000;
    }
    return result;
}

#pragma GCC visibility pop
