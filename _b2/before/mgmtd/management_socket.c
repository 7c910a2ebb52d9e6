/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens sockets and reads one small file. Never waits for the network. */
#include <config.h>

#include "mgmtd/management_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool is_localhost(const struct config_server *server)
{
    return server->host && strcmp(server->host, "localhost") == 0;
}

unsigned management_socket_addresses(const struct config_server *server)
{
    return is_localhost(server) ? 2 : 1;
}

/* ── connecting ── */

static int unix_address(const char *path, struct sockaddr_storage *address, socklen_t *size)
{
    struct sockaddr_un *to = (struct sockaddr_un *)address;
    size_t n = strlen(path);

    if (n >= sizeof(to->sun_path))
        return ENAMETOOLONG;
    to->sun_family = AF_UNIX;
    memcpy(to->sun_path, path, n + 1);
    *size = sizeof(*to);
    return 0;
}

static int inet_address(const char *host, uint16_t port, struct sockaddr_storage *address,
                        socklen_t *size)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char service[8];

    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(host, service, &hints, &found) != 0)
        return EINVAL;
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *size = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

static int find_address(const struct config_server *server, unsigned i,
                        struct sockaddr_storage *address, socklen_t *size)
{
    static const char *const localhost[] = {"127.0.0.1", "::1"};

    memset(address, 0, sizeof(*address));
    if (server->socket)
        return unix_address(server->socket, address, size);
    return inet_address(is_localhost(server) ? localhost[i] : server->host, server->port, address,
                        size);
}

int management_socket_open(const struct config_server *server, unsigned i, bool *connecting)
{
    struct sockaddr_storage address;
    socklen_t size = 0;
    int error = find_address(server, i, &address, &size);
    int fd = -1;

    *connecting = false;
    if (error == 0)
        fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (error == 0 && fd < 0)
        error = errno;
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, size) != 0) {
        *connecting = errno == EINPROGRESS;
        error = *connecting ? 0 : errno;
    }
    if (error != 0 && fd >= 0) {
        close(fd);
        fd = -1;
    }
    errno = error;
    return fd;
}

int management_socket_error(int fd)
{
    int error = 0;
    socklen_t size = sizeof(error);

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

/* ── what it means ── */

char *management_socket_name(const struct config_server *server, char *text, size_t size)
{
    if (server->socket)
        snprintf(text, size, "%s", server->socket);
    else
        snprintf(text, size, "%s port %u", server->host, server->port);
    return text;
}

char *management_socket_explain(const struct config_server *server, int error, char *text,
                                size_t size)
{
    static const struct {
        int error;
        const char *of_unix, *of_tcp; /* after "SOCKET: " */
    } sentences[] = {
        {ENOENT,
         "there is no such socket: OpenVPN does not run, or its config has no \"management FILE "
         "unix\" line with this file",
         NULL},
        {ECONNREFUSED, "nobody listens there: OpenVPN ended and left its socket behind",
         "nobody listens there: OpenVPN does not run, or its config has no \"management\" line "
         "with this address and port"},
        {EACCES,
         "this account may not enter the folder, or not use the socket: give it an ACL with a "
         "line in tmpfiles.d, as in \"a+ /run/openvpn-server - - - - u:_byway:x\"",
         "a security policy of this machine forbids the connection"},
        {EPERM,
         "the system forbids it (a security policy such as AppArmor): if OpenVPN's config has "
         "\"management-client-user\", name this account there",
         "a firewall of this machine forbids the connection"},
        {EAGAIN,
         "another program is attached, and a further one waits: OpenVPN serves one at a time, so "
         "end the others",
         NULL},
        {ENOTDIR, "a part of this path is not a folder: correct the \"server\" line", NULL},
        {EINVAL, NULL, "this is not an address: correct the \"server\" line"},
        {ETIMEDOUT, NULL, "no answer: is the address right, and does a firewall let it through?"},
    };
    char name[160];
    const char *what = NULL;

    for (size_t i = 0; i < sizeof(sentences) / sizeof(*sentences) && !what; i++)
        if (sentences[i].error == error)
            what = server->socket ? sentences[i].of_unix : sentences[i].of_tcp;
    snprintf(text, size, "%s: %s", management_socket_name(server, name, sizeof(name)),
             what ? what : strerror(error));
    return text;
}

/* ── the password ── */

/* Cuts `n` bytes of a file after the first line; false if that is no password. */
static bool take_line(char *text, size_t n)
{
    size_t length = 0;

    while (length < n && text[length] != '\n' && text[length] != '\r')
        length++;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    memset(text + length, 0, n - length);
    return length > 0 && length <= MANAGEMENT_MAX_PASSWORD;
}

/* Bytes read, or -1 with errno set. */
static ssize_t read_file(const char *path, char *text, size_t size)
{
    /* Not held up by a FIFO that took the file's place. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    ssize_t n = -1;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
        errno = EINVAL;
    else
        n = read(fd, text, size);
    close(fd);
    return n;
}

bool management_socket_password(const struct config_server *server,
                                char password[MANAGEMENT_MAX_PASSWORD + 1], char *why, size_t size)
{
    const char *path = server->password_file;
    char text[MANAGEMENT_MAX_PASSWORD + 2] = "";
    ssize_t n = path ? read_file(path, text, sizeof(text)) : 0;
    bool ok = n > 0 && take_line(text, (size_t)n);

    if (!path)
        snprintf(why, size,
                 "the server asks for a password: put \"password FILE\" at the end of its "
                 "\"server\" line");
    else if (n < 0)
        snprintf(why, size, "the password file %.200s cannot be read: %s", path, strerror(errno));
    else if (!ok)
        snprintf(why, size,
                 "the first line of the password file %.200s is not a password (1 to %d bytes, no "
                 "control characters)",
                 path, MANAGEMENT_MAX_PASSWORD);
    else
        memcpy(password, text, MANAGEMENT_MAX_PASSWORD + 1);
    explicit_bzero(text, sizeof(text));
    return ok;
}
