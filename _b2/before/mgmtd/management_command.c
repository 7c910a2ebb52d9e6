/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keywords from a table and integers; pure. */
#include <config.h>

#include "mgmtd/management_command.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
    const char *keyword;
    int64_t max; /* of the number; 0: it takes none */
    enum management_event_kind reply;
} commands[COMMAND_COUNT] = {
    [COMMAND_VERSION] = {"version", 0, MANAGEMENT_END},
    [COMMAND_PID] = {"pid", 0, MANAGEMENT_SUCCESS},
    [COMMAND_STATE_ALL] = {"state all", 0, MANAGEMENT_END},
    [COMMAND_STATE] = {"state", 0, MANAGEMENT_END},
    [COMMAND_ENV_FILTER] = {"env-filter", 3, MANAGEMENT_SUCCESS},
    [COMMAND_BYTECOUNT] = {"bytecount", 86400, MANAGEMENT_SUCCESS},
    [COMMAND_STATUS] = {"status 3", 0, MANAGEMENT_END},
    [COMMAND_HOLD_RELEASE] = {"hold release", 0, MANAGEMENT_SUCCESS},
};

size_t management_command_write(char *line, size_t size, enum management_command command,
                                int64_t number)
{
    int n;

    if ((unsigned)command >= COMMAND_COUNT || number < 0 || number > commands[command].max)
        return 0;
    if (commands[command].max > 0)
        n = snprintf(line, size, "%s %" PRId64 "\n", commands[command].keyword, number);
    else
        n = snprintf(line, size, "%s\n", commands[command].keyword);
    return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

enum management_event_kind management_command_reply(enum management_command command)
{
    return commands[command].reply;
}

const char *management_command_name(enum management_command command)
{
    return commands[command].keyword;
}
