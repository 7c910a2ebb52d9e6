/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a management socket is reached: connecting without waiting, what an errno of that
 * means for the administrator, and the password's file. Private to mgmtd/management.c.
 */
#ifndef BYWAY_MGMTD_MANAGEMENT_SOCKET_H
#define BYWAY_MGMTD_MANAGEMENT_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "mgmtd/config.h"

/* "localhost" is 127.0.0.1, then ::1; everything else has one address. */
unsigned management_socket_addresses(const struct config_server *server);

/*
 * Begins to connect to the i-th address: a non-blocking socket, with *connecting if it must
 * become writable first (then see management_socket_error()). -1 with errno set.
 */
int management_socket_open(const struct config_server *server, unsigned i, bool *connecting);

/* 0 or the errno with which connecting ended. */
int management_socket_error(int fd);

/* A sentence on why connecting failed, that says what to do. Returns `text`. */
char *management_socket_explain(const struct config_server *server, int error, char *text,
                                size_t size);

/* "/run/openvpn-server/main.sock", "127.0.0.1 port 7505". Returns `text`. */
char *management_socket_name(const struct config_server *server, char *text, size_t size);

#define MANAGEMENT_MAX_PASSWORD 512 /* bytes; OpenVPN reads no longer line */

/*
 * The first line of the server's password file, NUL-terminated; the caller wipes it. False,
 * with a sentence in `why`, where there is none that can be sent.
 */
bool management_socket_password(const struct config_server *server,
                                char password[MANAGEMENT_MAX_PASSWORD + 1], char *why, size_t size);

#endif
