/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <config.h>

#include "tests/unit/management_fixture.h"

#include "tests/folder.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct management *connection;
struct config_server server;
int64_t now_ms;
char told[65536];
char logged[65536];

static char folder[64];
static char socket_path[96];
static int listener;

/* ── the owner and the log ── */

static void note(char *where, const char *text)
{
    size_t n = strlen(where);

    snprintf(where + n, sizeof(told) - n, "%s\n", text);
}

static void on_attached(void *arg)
{
    (void)arg;
    note(told, "attached");
}

static void on_detached(void *arg, const char *why)
{
    char text[1200];

    (void)arg;
    snprintf(text, sizeof(text), "detached: %s", why);
    note(told, text);
}

static void on_event(void *arg, const struct management_event *event)
{
    static const char *const names[MANAGEMENT_KIND_COUNT] = {
        [MANAGEMENT_PASSWORD_PROMPT] = "prompt",
        [MANAGEMENT_GREETING] = "greeting",
        [MANAGEMENT_HOLD] = "hold",
        [MANAGEMENT_STATE] = "state",
        [MANAGEMENT_BYTECOUNT] = "bytecount",
        [MANAGEMENT_END] = "end",
        [MANAGEMENT_SUCCESS] = "success",
        [MANAGEMENT_ERROR] = "error",
    };

    (void)arg;
    note(told, names[event->kind] ? names[event->kind] : "another");
}

static void on_log(void *arg, enum log_level level, const char *subsystem, const char *text)
{
    static const char *const levels[] = {"error", "warning", "notice", "debug"};
    char line[1100];

    (void)arg;
    ck_assert_str_eq(subsystem, "management");
    snprintf(line, sizeof(line), "%s %s", levels[level], text);
    note(logged, line);
}

static const struct log log_here = {.sink = on_log, .max_level = LOG_LEVEL_DEBUG};
static const struct management_owner owner = {NULL, on_attached, on_detached, on_event};

void assert_logged(const char *part)
{
    ck_assert_msg(strstr(logged, part), "\"%s\" is not in the log:\n%s", part, logged);
}

size_t count(const char *text, const char *part)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        n++;
    return n;
}

/* ── the folder ── */

const char *in_folder(const char *name)
{
    static char paths[2][128];
    static unsigned which;

    which ^= 1;
    snprintf(paths[which], sizeof(paths[which]), "%s/%s", folder, name);
    return paths[which];
}

void write_text(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

void stop_listening(void)
{
    if (listener >= 0)
        close(listener);
    listener = -1;
}

void listen_again(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    stop_listening();
    unlink(socket_path);
    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
}

uint16_t listen_tcp(const char *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    bool is_v6 = strchr(address, ':') != NULL;
    void *any = is_v6 ? (void *)&v6 : (void *)&v4;
    socklen_t size = is_v6 ? sizeof(v6) : sizeof(v4);

    stop_listening();
    ck_assert_int_eq(inet_pton(is_v6 ? AF_INET6 : AF_INET, address,
                               is_v6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr),
                     1);
    listener = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, any, size) != 0)
        unit_skip("this address family is not there");
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, any, &size), 0);
    return ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
}

static void set_up(void)
{
    snprintf(folder, sizeof(folder), "/tmp/byway-management-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(socket_path, sizeof(socket_path), "%s/sock", folder);
    listener = -1;
    listen_again();
    server = (struct config_server){.name = "main", .socket = socket_path};
    now_ms = 5000000;
    told[0] = logged[0] = '\0';
}

static void tear_down(void)
{
    management_free(connection);
    connection = NULL;
    stop_listening();
    ck_assert(folder_remove(folder));
}

TCase *management_case(const char *name)
{
    TCase *tests = tcase_create(name);

    tcase_add_checked_fixture(tests, set_up, tear_down);
    return tests;
}

/* ── turns ── */

/* One turn with what poll(2) says; false if it had nothing to say and no time was up. */
static bool turn(void)
{
    struct pollfd wanted = {.fd = management_fd(connection)};
    bool due = management_due_ms(connection) <= now_ms;
    int n;

    wanted.events = (short)((management_wants_read(connection) ? POLLIN : 0) |
                            (management_wants_write(connection) ? POLLOUT : 0));
    n = poll(&wanted, 1, due || wanted.fd < 0 ? 0 : 20);
    ck_assert_int_ge(n, 0);
    if (n == 0 && !due)
        return false;
    if (wanted.revents & (POLLIN | POLLHUP))
        management_read(connection);
    management_turn(connection, wanted.revents & POLLOUT, now_ms);
    return true;
}

void turns(void)
{
    int i = 0;

    while (turn())
        ck_assert_int_lt(++i, 10000); /* else it turns for ever */
}

void pass(int64_t ms)
{
    now_ms += ms;
    turns();
}

void begin(void)
{
    connection = management_new(&server, 10, &owner, &log_here);
    ck_assert_ptr_nonnull(connection);
    turns();
}

/* ── the other end ── */

int accept_one(void)
{
    struct pollfd wanted = {.fd = listener, .events = POLLIN};
    int fd;

    ck_assert_int_eq(poll(&wanted, 1, 5000), 1);
    fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    return fd;
}

void say(int fd, const char *text)
{
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    turns();
}

const char *heard(int fd)
{
    static char text[4096];
    ssize_t n;

    turns();
    n = read(fd, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

bool hears_end(int fd)
{
    char byte;

    return read(fd, &byte, 1) == 0;
}

int greet(void)
{
    int fd;

    begin();
    fd = accept_one();
    say(fd, GREETING);
    ck_assert_str_eq(heard(fd), FIRST_COMMANDS);
    return fd;
}
