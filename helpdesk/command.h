/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every command of byway looks like. Each has a file of its own, cmd_*.c. */
#ifndef BYWAY_HELPDESK_COMMAND_H
#define BYWAY_HELPDESK_COMMAND_H

#include "helpdesk/options.h"

/* Exit statuses: the same for all commands. */
enum status {
    STATUS_YES = 0,   /* found, granted, in order */
    STATUS_NO = 1,    /* nothing found, refused, not in order */
    STATUS_ERROR = 2, /* wrong usage, or something could not be read */
};

/* The words that an option of a command takes. */
struct command_words {
    enum option_id option;
    const char *const *words; /* NULL-terminated; option_value.number is the index */
};

struct command {
    const char *name;                  /* one word or two: "policy check" */
    const char *operands;              /* "ADDRESS", "[FILE]"; NULL: none */
    const char *summary;               /* one line for the list of commands */
    const char *help;                  /* what --help says above the options */
    const char *after;                 /* what it says below them: operands, exit status */
    const enum option_id *options;     /* which it takes; ends with OPTION_COUNT */
    const struct command_words *words; /* ends with words NULL; NULL: none */
    int least_operands;
    int most_operands;
    enum option_type operand; /* what shell completion offers */
    enum status (*run)(const struct command *command, const struct options *options);
};

extern const struct command cmd_db_backup;
extern const struct command cmd_db_check;
extern const struct command cmd_explain;
extern const struct command cmd_live;
extern const struct command cmd_policy_check;
extern const struct command cmd_refused;
extern const struct command cmd_routes;
extern const struct command cmd_routes_diff;
extern const struct command cmd_routes_refresh;
extern const struct command cmd_routes_test;
extern const struct command cmd_sessions;
extern const struct command cmd_show;
extern const struct command cmd_usage;
extern const struct command cmd_who;

/* All of them, NULL at the end. */
#define COMMANDS_MAX 32
extern const struct command *const commands[];

/* The command with the longest name that the words begin with, and how many of them it takes;
 * NULL if there is none. */
const struct command *command_find(int argc, char **argv, int *used);

/* "routes tset 10.0.0.1": more words than `routes` takes, and the first of them is nearly one
 * that goes on with its name. */
bool command_is_slip(const struct command *command, int used, int argc, char **argv);

/* Reads the arguments of one command and runs it; argv[0] is the last word of its name. */
enum status command_run(const struct command *command, int argc, char **argv);

/* "byway: NAME: …", its synopsis, and how to learn more, on standard error; STATUS_ERROR. */
enum status command_misuse(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "byway: …" on standard error, without control characters; STATUS_ERROR. */
enum status command_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "byway COMMAND …", and what it does, on standard output. */
void command_help(const struct command *command);

#endif
