/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One fork, one pipe: a byte in it means ready, its end that the daemon is gone. */
#include <config.h>

#include "mgmtd/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the process that was started does: waits, and ends as the daemon began. */
static void wait_for(int fd, pid_t child) __attribute__((noreturn));

static void wait_for(int fd, pid_t child)
{
    char byte;
    ssize_t got;
    int status = 0;

    do
        got = read(fd, &byte, 1);
    while (got < 0 && errno == EINTR);
    if (got == 1)
        _exit(EXIT_SUCCESS);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    _exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EXIT_FAILURE);
}

int background_start(void)
{
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    child = fork();
    if (child > 0) {
        close(ends[1]);
        wait_for(ends[0], child);
    }
    close(ends[0]);
    if (child < 0) {
        close(ends[1]);
        return -1;
    }
    setsid();
    return ends[1];
}

void background_ready(int *ready)
{
    int null;

    if (*ready < 0)
        return;
    null = open("/dev/null", O_RDWR | O_NOCTTY);
    for (int fd = 0; fd <= 2 && null >= 0; fd++)
        dup2(null, fd);
    if (null > 2)
        close(null);
    while (write(*ready, "", 1) < 0 && errno == EINTR)
        continue;
    close(*ready);
    *ready = -1;
}
