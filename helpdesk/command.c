/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands share in talking to the person who typed them. */
#include "helpdesk/command.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/log.h"

enum status command_usage(const struct command *command)
{
    fprintf(stderr, "usage: byway %s %s\nMore: byway %s --help\n", command->name, command->synopsis,
            command->name);
    return STATUS_ERROR;
}

enum status command_error(const char *format, ...)
{
    char text[LOG_TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    log_make_printable(text);
    fprintf(stderr, "byway: %s\n", text);
    return STATUS_ERROR;
}

void command_help(const struct command *command)
{
    printf("usage: byway %s %s\n\n%s", command->name, command->synopsis, command->help);
}
