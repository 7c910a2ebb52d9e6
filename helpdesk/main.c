/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The byway command: finds the command that was typed and runs it. */
#include "config.h"

#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helpdesk/command.h"
#include "helpdesk/complete.h"
#include "lib/directive.h"

static void show_commands(FILE *out)
{
    fprintf(out, "usage: byway COMMAND [ARGUMENT...]\n\n");
    for (size_t i = 0; commands[i]; i++)
        fprintf(out, "  %-14s  %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out, "\n"
                 "  byway COMMAND --help   what a command does, and its options\n"
                 "  byway --version        which version this is\n"
                 "\n"
                 "Exit status: 0 yes, 1 no (refused, not in order), 2 something went wrong.\n");
}

static enum status unknown(int argc, char **argv)
{
    const char *names[COMMANDS_MAX + 1] = {NULL};
    char typed[64];
    const char *nearest = NULL;

    for (size_t i = 0; commands[i] && i < COMMANDS_MAX; i++)
        names[i] = commands[i]->name;
    snprintf(typed, sizeof(typed), "%s%s%s", argv[0], argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
    nearest = directive_nearest(typed, names);
    if (!nearest)
        nearest = directive_nearest(argv[0], names);
    for (size_t i = 0; names[i] && !nearest; i++) /* "policy" alone */
        if (strncmp(names[i], argv[0], strlen(argv[0])) == 0 && argv[0][0] != '\0')
            nearest = names[i];
    command_error("there is no command \"%.60s\"%s%s%s",
                  argc > 1 && nearest && strchr(nearest, ' ') ? typed : argv[0],
                  nearest ? "; did you mean \"byway " : "", nearest ? nearest : "",
                  nearest ? "\"?" : "");
    show_commands(stderr);
    return STATUS_ERROR;
}

/* "help" and "help COMMAND". */
static enum status help(int argc, char **argv)
{
    int used;
    const struct command *command = command_find(argc, argv, &used);

    if (command) {
        command_help(command);
        return STATUS_YES;
    }
    if (argc > 0)
        return unknown(argc, argv);
    show_commands(stdout);
    return STATUS_YES;
}

static enum status dispatch(int argc, char **argv)
{
    const struct command *command;
    int used;

    if (argc == 0) {
        show_commands(stderr);
        return STATUS_ERROR;
    }
    if (strcmp(argv[0], "help") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
        return help(0, NULL);
    if (strcmp(argv[0], "complete") == 0) { /* not for people: see completion/ */
        complete(argc - 1, argv + 1, stdout);
        return STATUS_YES;
    }
    if (strcmp(argv[0], "--version") == 0) {
        puts(PACKAGE_STRING);
        return STATUS_YES;
    }
    command = command_find(argc, argv, &used);
    if (command && !command_is_slip(command, used, argc, argv))
        return command_run(command, argc - used + 1, argv + used - 1);
    return unknown(argc, argv);
}

/* Whoever read standard output has seen enough, and went away. */
static bool reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};

    return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

int main(int argc, char **argv)
{
    enum status status = STATUS_ERROR;

    setlocale(LC_ALL, "");
    status = argc > 0 ? dispatch(argc - 1, argv + 1) : STATUS_ERROR;
    /* A report that did not reach its reader must not count as a yes. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (!reader_left())
            perror("byway: standard output");
        status = STATUS_ERROR;
    }
    return status;
}
