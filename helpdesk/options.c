/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads command lines with getopt_long(3), whose own messages suggest nothing. */
#include "config.h"

#include "helpdesk/options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "helpdesk/command.h"
#include "helpdesk/human.h"
#include "helpdesk/option_table.h"
#include "lib/directive.h"
#include "lib/prefix.h"

#define CODE_HELP (OPTION_COUNT + 1)

/* ── the arguments ── */

bool options_address(const char *text, char address[OPTIONS_ADDRESS_SIZE])
{
    struct prefix prefix;

    if (prefix_parse(text, strlen(text), &prefix) != PREFIX_OK || strchr(text, '/'))
        return false;
    prefix_unmap(&prefix);
    prefix_format_address(&prefix, address);
    return true;
}

static bool read_number(const char *text, int64_t *number)
{
    size_t n = strspn(text, "0123456789");

    if (n == 0 || n > 9 || text[n] != '\0')
        return false;
    *number = strtoll(text, NULL, 10);
    return true;
}

static bool read_word(const struct command *command, enum option_id id, struct option_value *value)
{
    const char *const *words = option_words(command, id);
    const char *nearest = NULL;
    char all[300] = "";

    for (int64_t i = 0; words[i]; i++) {
        if (strcmp(words[i], value->text) == 0) {
            value->number = i;
            return true;
        }
        snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i > 0 ? ", " : "", words[i]);
    }
    nearest = directive_nearest(value->text, words);
    if (nearest)
        command_misuse(command, "%s knows no \"%s\"; did you mean \"%s\"?", option_name(id),
                       value->text, nearest);
    else
        command_misuse(command, "%s knows no \"%s\"; it takes one of %s", option_name(id),
                       value->text, all);
    return false;
}

static bool read_time(const struct options *options, const struct command *command,
                      enum option_id id, struct option_value *value)
{
    struct timespec_context context = {.now = options->now, .zone = &options->zone};
    char error[TIMESPEC_ERROR_SIZE] = "";

    if (!timespec_read(value->text, &context, &value->when, error)) {
        command_misuse(command, "%s: %s", option_name(id), error);
        return false;
    }
    if (value->when.note[0] != '\0')
        command_error("%s \"%s\": %s", option_name(id), value->text, value->when.note);
    return true;
}

static bool must_be(const struct command *command, enum option_id id, const char *text, bool ok,
                    const char *what)
{
    if (!ok)
        command_misuse(command, "%s: \"%s\" is not %s", option_name(id), text, what);
    return ok;
}

static bool read_value(struct options *options, const struct command *command, enum option_id id)
{
    struct option_value *value = &options->value[id];
    const char *text = value->text;

    switch (option_type_of(id)) {
    case OPTION_TIME:
        return read_time(options, command, id, value);
    case OPTION_DURATION:
        return must_be(command, id, text, timespec_read_duration(text, &value->number),
                       "a length of time like 90s, 2m or 1h30m");
    case OPTION_NUMBER:
        return must_be(command, id, text, read_number(text, &value->number),
                       "a number from 0 to 999999999");
    case OPTION_BYTES:
        return must_be(command, id, text, human_read_bytes(text, &value->number),
                       "a size like 500M or 1.5G");
    case OPTION_IP:
        return must_be(command, id, text, options_address(text, value->address),
                       "an IPv4 or IPv6 address");
    case OPTION_WORD:
        return read_word(command, id, value);
    case OPTION_FLAG:
    case OPTION_TEXT:
    case OPTION_FILE:
    case OPTION_A_USER:
    case OPTION_A_PROFILE:
    case OPTION_A_SERVER:
    case OPTION_A_ROUTE_SET:
        break;
    }
    return true;
}

/* ── the line ── */

/* What getopt_long() wants; `names` for suggestions. */
struct known {
    struct option options[OPTION_COUNT + 2];
    const char *names[OPTION_COUNT + 2];
    size_t n;
};

static void know(struct known *known, const char *name, bool has_argument, int code)
{
    known->options[known->n] = (struct option){
        .name = name + 2, .has_arg = has_argument ? required_argument : no_argument, .val = code};
    known->names[known->n++] = name;
}

static struct known all_known(const struct command *command)
{
    struct known known = {.n = 0};

    for (const enum option_id *id = command->options; *id != OPTION_COUNT; id++)
        know(&known, option_name(*id), option_type_of(*id) != OPTION_FLAG, (int)*id);
    know(&known, "--help", false, CODE_HELP);
    return known;
}

/* How many options begin with what was typed before a '='. */
static size_t count_beginnings(const struct known *known, const char *typed)
{
    size_t n = strcspn(typed, "=");
    size_t count = 0;

    for (size_t i = 0; i < known->n; i++)
        count += strncmp(known->names[i], typed, n) == 0;
    return count;
}

/* getopt_long() gave up: says why. */
static bool refuse(const struct command *command, const struct known *known, int code, char **argv)
{
    const char *typed = argv[optind - 1];
    char name[64];
    const char *nearest = NULL;

    snprintf(name, sizeof(name), "%.*s", (int)strcspn(typed, "="), typed);
    nearest = directive_nearest(name, known->names);
    if (code == ':')
        command_misuse(command, "%s needs a value behind it", typed);
    else if (strncmp(typed, "--", 2) != 0)
        command_misuse(command,
                       "there is no option -%c (put -- before what only looks like an option)",
                       isprint(optopt) ? optopt : '?');
    else if (strchr(typed, '=') && count_beginnings(known, typed) == 1)
        command_misuse(command, "%s takes no value", name);
    else if (count_beginnings(known, typed) > 1)
        command_misuse(command, "%s is the beginning of several options", name);
    else if (nearest)
        command_misuse(command, "there is no option \"%s\"; did you mean %s?", name, nearest);
    else
        command_misuse(command, "there is no option \"%s\"", name);
    return false;
}

/* Twice the same filter is more likely to be a slip than a wish. */
static bool take(struct options *options, const struct command *command, enum option_id id)
{
    struct option_value *value = &options->value[id];

    if (value->is_given && optarg) {
        command_misuse(command, "%s is there twice", option_name(id));
        return false;
    }
    value->is_given = true;
    value->text = optarg;
    return true;
}

static bool read_line(struct options *options, const struct command *command, int argc, char **argv)
{
    struct known known = all_known(command);
    int code = 0;

    optind = 0;
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":h", known.options, NULL)) != -1) {
        if (code == CODE_HELP || code == 'h')
            options->wants_help = true;
        else if (code == '?' || code == ':')
            return refuse(command, &known, code, argv);
        else if (!take(options, command, (enum option_id)code))
            return false;
    }
    options->operands = argv + optind;
    options->n_operands = argc - optind;
    return true;
}

/* ── what goes together ── */

static bool check_operands(const struct options *options, const struct command *command)
{
    if (options->n_operands > command->most_operands)
        command_misuse(command, "\"%s\" is one argument too many",
                       options->operands[command->most_operands]);
    else if (options->n_operands < command->least_operands)
        command_misuse(command, "%s is missing", command->operands);
    else
        return true;
    return false;
}

static bool check_pairs(const struct options *options, const struct command *command)
{
    const struct option_value *since = &options->value[OPTION_SINCE];
    const struct option_value *until = &options->value[OPTION_UNTIL];

    if (options->value[OPTION_JSON].is_given && options->value[OPTION_CSV].is_given)
        command_misuse(command, "--json and --csv exclude one another");
    else if (since->is_given && until->is_given && since->when.epoch > until->when.last)
        command_misuse(command, "--since is after --until");
    else
        return true;
    return false;
}

bool options_read(struct options *options, const struct command *command, int argc, char **argv)
{
    *options = (struct options){.now = time(NULL)};
    if (!read_line(options, command, argc, argv))
        return false;
    if (options->wants_help)
        return true;
    options->zone = options->value[OPTION_UTC].is_given ? zone_utc : zone_local();
    if (options_take(command, OPTION_DATABASE) && !options->value[OPTION_DATABASE].is_given)
        options_find_database(options);
    options->form = options->value[OPTION_JSON].is_given  ? OUTPUT_JSON
                    : options->value[OPTION_CSV].is_given ? OUTPUT_CSV
                                                          : OUTPUT_TABLE;
    for (size_t id = 0; id < OPTION_COUNT; id++)
        if (options->value[id].is_given && !read_value(options, command, (enum option_id)id))
            return false;
    return check_operands(options, command) && check_pairs(options, command);
}

const char *options_text(const struct options *options, enum option_id id, const char *otherwise)
{
    const struct option_value *value = &options->value[id];

    if (!value->is_given)
        return otherwise;
    return option_type_of(id) == OPTION_IP ? value->address : value->text;
}

int64_t options_number(const struct options *options, enum option_id id, int64_t otherwise)
{
    return options->value[id].is_given ? options->value[id].number : otherwise;
}

const char *options_database(const struct options *options)
{
    return options_text(options, OPTION_DATABASE, options->database);
}

void options_find_database(struct options *options)
{
    const char *set = getenv("BYWAY_DATABASE");

    if (set && set[0] != '\0')
        snprintf(options->database, sizeof(options->database), "%s", set);
    else
        database_file_find(options->database);
}
