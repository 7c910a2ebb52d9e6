/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every command of byway looks like. Each has a file of its own, cmd_*.c. */
#ifndef BYWAY_HELPDESK_COMMAND_H
#define BYWAY_HELPDESK_COMMAND_H

/* Exit statuses: the same for all commands. */
enum status {
    STATUS_YES = 0,   /* found, granted, in order */
    STATUS_NO = 1,    /* nothing found, refused, not in order */
    STATUS_ERROR = 2, /* wrong usage, or something could not be read */
};

struct command {
    const char *name;     /* one word or two: "policy check" */
    const char *synopsis; /* its arguments */
    const char *summary;  /* one line for the list of commands */
    const char *help;     /* what --help says below the synopsis */
    /* argv[0] is the last word of the name. Options are not parsed yet, but for --help. */
    enum status (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command cmd_explain;
extern const struct command cmd_policy_check;

/* The synopsis and how to learn more, on standard error; STATUS_ERROR. */
enum status command_usage(const struct command *command);

/* "byway: …" on standard error, without control characters; STATUS_ERROR. */
enum status command_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "byway COMMAND …", and what it does, on standard output. */
void command_help(const struct command *command);

#endif
