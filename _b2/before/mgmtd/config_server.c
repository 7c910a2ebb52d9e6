/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `server` lines: where the management interface of an OpenVPN server is. */
#include <config.h>

#include "mgmtd/config_read.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/dirs.h"

#define LOCALHOST  "localhost"
#define MAX_SOCKET (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

/* ── the password's file ── */

static void check_opened(struct config_reader *reader, const struct directive *line,
                         const char *path, int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        config_error(reader, line, "the password file \"%.300s\" cannot be read: %s", path,
                     strerror(errno));
    else if (!S_ISREG(st.st_mode))
        config_error(reader, line, "the password file \"%.300s\" is not a regular file", path);
    else if (st.st_size == 0)
        config_error(reader, line, "the password file \"%.300s\" is empty", path);
    else if ((st.st_mode & S_IROTH) != 0)
        config_warning(reader, line,
                       "everybody on this machine can read the password file \"%.300s\"", path);
}

/* Opened as who runs this, so that it is known now and not at midnight. */
static void check_password_file(struct config_reader *reader, const struct directive *line,
                                const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd >= 0)
        check_opened(reader, line, path, fd);
    else if (errno == EACCES)
        config_error(reader, line,
                     "the password file \"%.300s\" may not be read by the user that runs this "
                     "(number %u)",
                     path, (unsigned)geteuid());
    else
        config_error(reader, line, "the password file \"%.300s\" cannot be read: %s", path,
                     strerror(errno));
    if (fd >= 0)
        close(fd);
}

static bool take_password(struct config_reader *reader, const struct directive *line, unsigned at,
                          struct config_server *server)
{
    char *path;

    if (at == line->argc)
        return true;
    if (at + 2 != line->argc || strcmp(line->argv[at], "password") != 0) {
        config_error(reader, line, "\"%.80s\" where \"password FILE\" or nothing is expected%s",
                     line->argv[at],
                     strcmp(line->argv[at], "unix") == 0 ? "; a path needs no \"unix\"" : "");
        return false;
    }
    path = dirs_resolve(line->file, line->argv[at + 1]);
    if (path == NULL) {
        config_out_of_memory(reader);
        return false;
    }
    check_password_file(reader, line, path);
    server->password_file = config_keep(reader, path);
    free(path);
    return server->password_file != NULL;
}

/* ── the address ── */

static bool take_socket(struct config_reader *reader, const struct directive *line,
                        struct config_server *server)
{
    const char *path = line->argv[3];

    if (strlen(path) > MAX_SOCKET) {
        config_error(reader, line, "a path of more than %zu bytes cannot be a socket: \"%.300s\"",
                     MAX_SOCKET, path);
        return false;
    }
    server->socket = config_keep(reader, path);
    return server->socket != NULL && take_password(reader, line, 4, server);
}

/* "127.0.0.1", "::1" or "localhost"; false for other text, and for "any address". */
static bool read_host(const char *text, char host[INET6_ADDRSTRLEN], bool *is_local)
{
    struct in_addr v4;
    struct in6_addr v6;

    *is_local = true;
    if (strcmp(text, LOCALHOST) == 0) {
        strcpy(host, LOCALHOST);
        return true;
    }
    if (inet_pton(AF_INET, text, &v4) == 1) {
        *is_local = ntohl(v4.s_addr) >> 24 == 127;
        return v4.s_addr != 0 && inet_ntop(AF_INET, &v4, host, INET6_ADDRSTRLEN) != NULL;
    }
    if (inet_pton(AF_INET6, text, &v6) != 1 || IN6_IS_ADDR_UNSPECIFIED(&v6))
        return false;
    *is_local = IN6_IS_ADDR_LOOPBACK(&v6);
    return inet_ntop(AF_INET6, &v6, host, INET6_ADDRSTRLEN) != NULL;
}

static bool take_host(struct config_reader *reader, const struct directive *line,
                      struct config_server *server, bool *is_local)
{
    const char *text = line->argv[3];
    char host[INET6_ADDRSTRLEN];

    if (!read_host(text, host, is_local)) {
        config_error(reader, line,
                     "\"%.300s\" is neither the path of a socket, which begins with a slash, nor "
                     "an address, nor localhost",
                     text);
        return false;
    }
    server->host = config_keep(reader, host);
    return server->host != NULL;
}

static bool take_port(struct config_reader *reader, const struct directive *line,
                      struct config_server *server)
{
    const char *text = line->argc > 4 ? line->argv[4] : "";
    size_t digits = strspn(text, "0123456789");
    unsigned long port =
        digits >= 1 && digits <= 5 && text[digits] == '\0' ? strtoul(text, NULL, 10) : 0;

    if (line->argc == 4)
        config_error(reader, line, "a port must follow \"%.80s\"", line->argv[3]);
    else if (port < 1 || port > UINT16_MAX)
        config_error(reader, line, "\"%.80s\" is not a port from 1 to 65535", text);
    server->port = (uint16_t)port;
    return port >= 1 && port <= UINT16_MAX;
}

static bool take_tcp(struct config_reader *reader, const struct directive *line,
                     struct config_server *server)
{
    bool is_local = true;

    if (!take_host(reader, line, server, &is_local) || !take_port(reader, line, server) ||
        !take_password(reader, line, 5, server))
        return false;
    if (!is_local)
        config_warning(reader, line,
                       "the password, and who is connected, can be read on the way to %s: the "
                       "management interface has no encryption",
                       server->host);
    if (server->password_file == NULL)
        config_warning(reader, line,
                       "without a password whoever can reach %s port %u controls that server",
                       server->host, server->port);
    return true;
}

/* ── the line ── */

static bool has_text(const char *a, const char *b)
{
    return a != NULL && b != NULL ? strcmp(a, b) == 0 : a == b;
}

/* localhost is one of the machine's own, so it may be the same as either. */
static bool same_host(const char *a, const char *b)
{
    static const char *const own[] = {LOCALHOST, "127.0.0.1", "::1"};
    bool a_own = false, b_own = false;

    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
        a_own = a_own || strcmp(a, own[i]) == 0;
        b_own = b_own || strcmp(b, own[i]) == 0;
    }
    return strcmp(a, b) == 0 ||
           (a_own && b_own && (strcmp(a, LOCALHOST) == 0 || strcmp(b, LOCALHOST) == 0));
}

static bool same_address(const struct config_server *a, const struct config_server *b)
{
    if (a->socket != NULL || b->socket != NULL)
        return has_text(a->socket, b->socket);
    return a->port == b->port && same_host(a->host, b->host);
}

static bool check_new(struct config_reader *reader, const struct directive *line,
                      const struct config_server *server)
{
    size_t named = names_find(reader->servers, server->name);

    if (named != NAMES_NONE) {
        config_error(reader, line, "a second server \"%s\"; the first is at %s:%u", server->name,
                     line->file, reader->config->servers[named].line);
        return false;
    }
    for (size_t i = 0; i < reader->config->n_servers; i++) {
        const struct config_server *other = &reader->config->servers[i];

        if (same_address(server, other)) {
            config_error(reader, line,
                         "server \"%s\" at %s:%u has the same address, and a management "
                         "interface talks to one at a time",
                         other->name, line->file, other->line);
            return false;
        }
    }
    return true;
}

static bool take_name(struct config_reader *reader, const struct directive *line,
                      struct config_server *server)
{
    static const char *const expected[] = {"management", NULL};
    char hint[CONFIG_HINT_SIZE];

    if (!names_is_plain(line->argv[1])) {
        config_error(reader, line, "a server cannot be named \"%.80s\": " NAMES_RULE,
                     line->argv[1]);
        return false;
    }
    if (strcmp(line->argv[2], "management") != 0) {
        config_error(reader, line, "\"%.80s\" where \"management\" is expected%s", line->argv[2],
                     config_hint(line->argv[2], expected, hint));
        return false;
    }
    server->name = config_keep(reader, line->argv[1]);
    return server->name != NULL;
}

void config_apply_server(struct config_reader *reader, const struct directive *line)
{
    struct config *config = reader->config;
    struct config_server server = {.line = line->line};

    if (config->n_servers == reader->servers_room) {
        config_error(reader, line, "more than %d servers", CONFIG_MAX_SERVERS);
        return;
    }
    if (!take_name(reader, line, &server))
        return;
    if (line->argv[3][0] == '/' ? !take_socket(reader, line, &server)
                                : !take_tcp(reader, line, &server))
        return;
    if (!check_new(reader, line, &server))
        return;
    if (names_add(reader->servers, server.name))
        config->servers[config->n_servers++] = server;
    else
        config_out_of_memory(reader);
}

bool config_server_equal(const struct config_server *a, const struct config_server *b)
{
    return strcmp(a->name, b->name) == 0 && has_text(a->socket, b->socket) &&
           has_text(a->host, b->host) && a->port == b->port &&
           has_text(a->password_file, b->password_file);
}
