/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loaded in front of byway-mgmtd (LD_PRELOAD), it refuses memory when it is told to: REFUSE
 * names a file that the test and the daemon share, and that holds four numbers. The test
 * writes the first two at any time; the daemon's allocations are counted meanwhile.
 */
#include <config.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct orders {
    _Atomic int64_t left;    /* the allocation after so many is refused, once; negative: none */
    _Atomic int64_t every;   /* each so-manieth is refused; 0: none */
    _Atomic int64_t asked;   /* allocations so far */
    _Atomic int64_t refused; /* of them */
};

static struct orders *orders; /* NULL: no file, and nothing is refused */
static _Thread_local int exempt __attribute__((tls_model("initial-exec")));

__attribute__((constructor)) static void read_orders(void)
{
    const char *path = getenv("REFUSE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map;

    if (fd < 0)
        return;
    map = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        orders = map;
}

static int refuse(void)
{
    int64_t asked, every;

    if (!orders || exempt)
        return 0;
    asked = atomic_fetch_add(&orders->asked, 1) + 1;
    every = atomic_load(&orders->every);
    if ((every <= 0 || asked % every != 0) &&
        (atomic_load(&orders->left) < 0 || atomic_fetch_sub(&orders->left, 1) != 0))
        return 0;
    atomic_fetch_add(&orders->refused, 1);
    errno = ENOMEM;
    return 1;
}

/* The same function of whoever comes next: the C library, or a sanitizer. */
#define NEXT(type, name, parameters)          \
    static type(*next) parameters;            \
    if (!next) {                              \
        void *found = dlsym(RTLD_NEXT, name); \
        memcpy(&next, &found, sizeof next);   \
    }
#define SEEN __attribute__((visibility("default")))

SEEN void *malloc(size_t size)
{
    NEXT(void *, "malloc", (size_t))
    return refuse() ? NULL : next(size);
}

SEEN void *calloc(size_t n, size_t size)
{
    NEXT(void *, "calloc", (size_t, size_t))
    return refuse() ? NULL : next(n, size);
}

SEEN void *realloc(void *before, size_t size)
{
    NEXT(void *, "realloc", (void *, size_t))
    return refuse() ? NULL : next(before, size);
}

SEEN void *reallocarray(void *before, size_t n, size_t size)
{
    NEXT(void *, "reallocarray", (void *, size_t, size_t))
    return refuse() ? NULL : next(before, n, size);
}

SEEN char *strdup(const char *text)
{
    NEXT(char *, "strdup", (const char *))
    return refuse() ? NULL : next(text);
}

/* The sanitizer calls this in every new thread, and does not survive its failure. */
SEEN int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes)
{
    int error;

    NEXT(int, "pthread_getattr_np", (pthread_t, pthread_attr_t *))
    exempt = 1;
    error = next(thread, attributes);
    exempt = 0;
    return error;
}
