/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of all commands, in one table: an option has the same name, the same kind of
 * argument and the same meaning in each command that takes it. Reads them, says what is
 * wrong with them, and describes them for --help and for shell completion.
 */
#ifndef BYWAY_HELPDESK_OPTIONS_H
#define BYWAY_HELPDESK_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "helpdesk/database_file.h"
#include "helpdesk/output.h"
#include "helpdesk/timespec.h"

struct command;

enum option_id {
    /* which moments */
    OPTION_AT,
    OPTION_WITHIN,
    OPTION_SINCE,
    OPTION_UNTIL,
    /* which sessions */
    OPTION_USER,
    OPTION_PROFILE,
    OPTION_SERVER,
    OPTION_ADDRESS,
    OPTION_REAL_ADDRESS,
    OPTION_REAL,
    OPTION_OPEN,
    OPTION_MIN_UPLOAD,
    /* how many, in which order */
    OPTION_BY,
    OPTION_SORT,
    OPTION_TOP,
    OPTION_LIMIT,
    /* of explain */
    OPTION_CHOOSE,
    OPTION_FROM,
    OPTION_COMMON_NAME,
    OPTION_NO_IPV6,
    /* of routes refresh */
    OPTION_ACCEPT,
    /* what the answer looks like */
    OPTION_JSON,
    OPTION_CSV,
    OPTION_UTC,
    OPTION_NO_HEADER,
    /* where to look */
    OPTION_DATABASE,
    OPTION_POLICY,
    OPTION_COUNT
};

/* The argument of an option, and what of an option_value it fills; `text` always. */
enum option_type {
    OPTION_FLAG,   /* none */
    OPTION_TEXT,   /* any text */
    OPTION_FILE,   /* a file's name */
    OPTION_A_USER, /* names that shell completion can offer */
    OPTION_A_PROFILE,
    OPTION_A_SERVER,
    OPTION_A_ROUTE_SET,
    OPTION_TIME,     /* when */
    OPTION_DURATION, /* number: seconds */
    OPTION_NUMBER,   /* number */
    OPTION_BYTES,    /* number: 500M */
    OPTION_IP,       /* address: the canonical form, which options_text() gives */
    OPTION_WORD,     /* number: which of the command's words */
};

#define OPTIONS_ADDRESS_SIZE 48

struct option_value {
    bool is_given;
    const char *text;
    int64_t number;
    struct timespec_when when;
    char address[OPTIONS_ADDRESS_SIZE];
};

struct options {
    struct option_value value[OPTION_COUNT];
    char **operands;
    int n_operands;
    bool wants_help;
    enum output_form form;
    struct zone zone; /* the local one, or UTC with --utc */
    int64_t now;
    char database[DATABASE_FILE_SIZE]; /* see options_database() */
};

/*
 * Reads argv (argv[0] is passed over), which must stay; said to be wrong on standard error
 * if false. Notes about doubtful times go there, too.
 */
bool options_read(struct options *options, const struct command *command, int argc, char **argv);

/* The text of an option, or another one where it was not given. */
const char *options_text(const struct options *options, enum option_id id, const char *otherwise);
int64_t options_number(const struct options *options, enum option_id id, int64_t otherwise);

/* An IPv4 or IPv6 address in the one form that the database has. False if it is none. */
bool options_address(const char *text, char address[OPTIONS_ADDRESS_SIZE]);

/* "--at", and what --help says of it. */
const char *option_name(enum option_id id);
enum option_type option_type_of(enum option_id id);
bool options_take(const struct command *command, enum option_id id);
void options_describe(const struct command *command, FILE *out);

/*
 * The database to look into: --database, else BYWAY_DATABASE, else that of the daemon's
 * config. It stays as long as the options.
 */
const char *options_database(const struct options *options);

/* Finds it where --database does not name it, for options that were not read. */
void options_find_database(struct options *options);

#endif
