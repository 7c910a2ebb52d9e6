/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells the service manager how the daemon is: the protocol of sd_notify(3), one datagram
 * to the socket that NOTIFY_SOCKET names. Never waits. Without a service manager nothing
 * is sent.
 */
#ifndef BYWAY_MGMTD_NOTIFY_H
#define BYWAY_MGMTD_NOTIFY_H

#include <stdbool.h>

/*
 * "READY=1\nSTATUS=…", "STATUS=…", "WATCHDOG=1" or "STOPPING=1"; at most 1,000 bytes. False
 * with errno set if it could not be sent; EAGAIN: try again soon.
 */
bool notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The config is being read again; "READY=1" must follow. */
bool notify_reloading(void);

/* How often WATCHDOG=1 is to be sent, in milliseconds: half of what the manager waits. 0: never. */
unsigned notify_watchdog_ms(void);

#endif
