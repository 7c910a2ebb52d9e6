/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands that Byway gives OpenVPN, and the only place where one is written. A command
 * is a row of a table and at most a number, so nothing that came from outside can be in one.
 *
 * Not among them, for good: `state on` and `log on` (a reader that hangs would hang a
 * restart of the server), and everything that ends, lets in or keeps out a client.
 */
#ifndef BYWAY_MGMTD_MANAGEMENT_COMMAND_H
#define BYWAY_MGMTD_MANAGEMENT_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "mgmtd/management_parse.h"

enum management_command {
    COMMAND_VERSION,
    COMMAND_PID,
    COMMAND_STATE_ALL,
    COMMAND_STATE,
    COMMAND_ENV_FILTER, /* with a number */
    COMMAND_BYTECOUNT,  /* with a number: seconds */
    COMMAND_STATUS,     /* `status 3` */
    COMMAND_HOLD_RELEASE,
    COMMAND_COUNT
};

#define COMMAND_SIZE 32 /* bytes of the longest line with its LF; more than enough */

/*
 * The line with its LF; its length. `number` is for the commands that take one, and 0 for
 * the others. 0 if that is no command, the number is not one it takes, or `size` too small.
 */
size_t management_command_write(char *line, size_t size, enum management_command command,
                                int64_t number);

/* What ends the reply where OpenVPN obeys: MANAGEMENT_SUCCESS or MANAGEMENT_END. */
enum management_event_kind management_command_reply(enum management_command command);

/* For messages: "status 3". */
const char *management_command_name(enum management_command command);

#endif
