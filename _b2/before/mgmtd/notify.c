/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One datagram to the service manager; keeps no state and leaves the environment as it is. */
#include <config.h>

#include "mgmtd/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAX_MESSAGE 1000

/* A path, or a name in the abstract namespace behind an "@". False with errno set. */
static bool make_address(const char *name, struct sockaddr_un *address, socklen_t *size)
{
    size_t n = strlen(name);

    if ((name[0] != '/' && name[0] != '@') || n < 2) {
        errno = EAFNOSUPPORT;
        return false;
    }
    if (n >= sizeof(address->sun_path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, name, n);
    if (name[0] == '@')
        address->sun_path[0] = '\0';
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return true;
}

static bool send_text(const char *name, const char *text, size_t n)
{
    struct sockaddr_un address;
    socklen_t size = 0;
    ssize_t sent = -1;
    int saved;
    int fd;

    if (!make_address(name, &address, &size))
        return false;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    do
        sent = sendto(fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address, size);
    while (sent < 0 && errno == EINTR);
    saved = errno;
    close(fd);
    errno = saved;
    return sent >= 0;
}

bool notify_send(const char *format, ...)
{
    const char *name = getenv("NOTIFY_SOCKET");
    char text[MAX_MESSAGE + 1];
    va_list arguments;
    int n;

    if (name == NULL || name[0] == '\0')
        return true;
    va_start(arguments, format);
    n = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (n < 0 || n > MAX_MESSAGE) {
        errno = EMSGSIZE;
        return false;
    }
    return send_text(name, text, (size_t)n);
}

bool notify_reloading(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return notify_send("RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                       (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

/* An environment variable that is a positive number; 0 for any other text and for none. */
static unsigned long long number_of(const char *variable)
{
    const char *text = getenv(variable);
    size_t digits = text == NULL ? 0 : strspn(text, "0123456789");

    if (digits == 0 || digits > 18 || text[digits] != '\0')
        return 0;
    return strtoull(text, NULL, 10);
}

unsigned notify_watchdog_ms(void)
{
    unsigned long long half_ms = number_of("WATCHDOG_USEC") / 2000;

    if (getenv("WATCHDOG_PID") != NULL && number_of("WATCHDOG_PID") != (unsigned)getpid())
        return 0;
    return half_ms > UINT_MAX ? UINT_MAX : (unsigned)half_ms;
}
