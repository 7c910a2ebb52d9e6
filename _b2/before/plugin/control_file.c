/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes to OpenVPN's control files. */
#include "plugin/control_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_as(const char *path, int flags)
{
    int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

int control_file_open(const char *path)
{
    return open_as(path, O_WRONLY);
}

bool control_file_says_yes(const char *path)
{
    int fd = open_as(path, O_RDONLY);
    char verdict = '\0';
    bool yes;

    if (fd < 0)
        return false;
    yes = read(fd, &verdict, 1) == 1 && verdict == '1';
    close(fd);
    return yes;
}

bool control_file_write(const char *path, const char *text)
{
    int fd = control_file_open(path);
    size_t n = strlen(text);
    bool written;

    if (fd < 0)
        return false;
    written = ftruncate(fd, 0) == 0 && write(fd, text, n) == (ssize_t)n;
    close(fd);
    return written;
}
