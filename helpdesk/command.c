/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands share in talking to the person who typed them. */
#include "config.h"

#include "helpdesk/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/directive.h"
#include "lib/log.h"

const struct command *const commands[] = {
    &cmd_who,         &cmd_sessions,       &cmd_live,         &cmd_show,      &cmd_usage,
    &cmd_refused,     &cmd_explain,        &cmd_policy_check, &cmd_routes,    &cmd_routes_test,
    &cmd_routes_diff, &cmd_routes_refresh, &cmd_db_check,     &cmd_db_backup, NULL,
};

/* How many words of argv name this command; 0 if they name another. */
static int words_of(const struct command *command, int argc, char **argv)
{
    const char *blank = strchr(command->name, ' ');
    size_t first = blank ? (size_t)(blank - command->name) : strlen(command->name);

    if (argc < 1 || strlen(argv[0]) != first || strncmp(command->name, argv[0], first) != 0)
        return 0;
    if (!blank)
        return 1;
    return argc >= 2 && strcmp(blank + 1, argv[1]) == 0 ? 2 : 0;
}

const struct command *command_find(int argc, char **argv, int *used)
{
    const struct command *found = NULL;

    *used = 0;
    for (size_t i = 0; commands[i]; i++) {
        int words = words_of(commands[i], argc, argv);

        if (words > *used) {
            found = commands[i];
            *used = words;
        }
    }
    return found;
}

bool command_is_slip(const struct command *command, int used, int argc, char **argv)
{
    size_t n = strlen(command->name);
    const char *names[COMMANDS_MAX + 1] = {NULL};
    size_t n_names = 0;

    for (size_t i = 0; commands[i] && n_names < COMMANDS_MAX; i++)
        if (strncmp(commands[i]->name, command->name, n) == 0 && commands[i]->name[n] == ' ')
            names[n_names++] = commands[i]->name + n + 1;
    return argc - used > command->most_operands && directive_nearest(argv[used], names);
}

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
