/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands share in talking to the person who typed them. */
#include "config.h"

#include "helpdesk/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/log.h"

const struct command *const commands[] = {
    &cmd_who,     &cmd_sessions, &cmd_live,         &cmd_show, &cmd_usage,
    &cmd_refused, &cmd_explain,  &cmd_policy_check, NULL,
};

/* "byway: …", and `before` in front of the text. */
static void complain(const char *before, const char *format, va_list arguments)
{
    char text[LOG_TEXT_SIZE];

    log_vformat(text, format, arguments);
    fprintf(stderr, "byway: %s%s%s\n", before, before[0] != '\0' ? ": " : "", text);
}

static void show_usage(const struct command *command, FILE *out)
{
    fprintf(out, "usage: byway %s%s%s%s\n", command->name,
            command->options[0] != OPTION_COUNT ? " [OPTION...]" : "", command->operands ? " " : "",
            command->operands ? command->operands : "");
}

enum status command_misuse(const struct command *command, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    complain(command->name, format, arguments);
    va_end(arguments);
    show_usage(command, stderr);
    fprintf(stderr, "More: byway %s --help\n", command->name);
    return STATUS_ERROR;
}

enum status command_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    complain("", format, arguments);
    va_end(arguments);
    return STATUS_ERROR;
}

void command_help(const struct command *command)
{
    show_usage(command, stdout);
    printf("\n%s", command->help);
    if (command->options[0] != OPTION_COUNT)
        putchar('\n');
    options_describe(command, stdout);
    printf("\n%s", command->after);
}

enum status command_run(const struct command *command, int argc, char **argv)
{
    struct options *options = calloc(1, sizeof(*options));
    enum status status = STATUS_ERROR;

    if (!options) {
        command_error("out of memory");
    } else if (options_read(options, command, argc, argv)) {
        if (options->wants_help) {
            command_help(command);
            status = STATUS_YES;
        } else {
            status = command->run(command, options);
        }
    }
    free(options);
    return status;
}
