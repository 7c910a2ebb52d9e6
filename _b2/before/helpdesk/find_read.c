/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters from the command line: names become the numbers that the database has for them. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "helpdesk/find.h"
#include "helpdesk/record.h"
#include "lib/directive.h"

#define NAME_SIZE 512

/* A filter by a word: where its number is found, and where all such words are. */
struct word {
    enum option_id option;
    const char *what;
    const char *find, *names; /* `names` NULL: nothing is suggested */
};

enum { WORD_USER, WORD_PROFILE, WORD_SERVER, WORD_ADDRESS, WORD_REAL_ADDRESS, WORD_COUNT };

static const struct word words[WORD_COUNT] = {
    [WORD_USER] = {OPTION_USER, "user", "words.user-find", "history_sessions.user-names"},
    [WORD_PROFILE] = {OPTION_PROFILE, "profile", "words.profile-find",
                      "history_sessions.profile-names"},
    [WORD_SERVER] = {OPTION_SERVER, "server", "history_sessions.server-find",
                     "history_sessions.server-names"},
    [WORD_ADDRESS] = {OPTION_ADDRESS, "VPN address", "words.address-find", NULL},
    [WORD_REAL_ADDRESS] = {OPTION_REAL_ADDRESS, "real address", "words.address-find", NULL},
};

/* The nearest name there is; "" if none is near. */
static void nearest(struct history *history, const char *names, const char *typed,
                    char found[NAME_SIZE])
{
    sqlite3_stmt *row = names ? history_statement(history, names) : NULL;

    found[0] = '\0';
    while (row && history_row(history, row)) {
        const char *name = record_text(row, 0);
        const char *both[] = {found[0] != '\0' ? found : name, name, NULL};
        const char *best = name ? directive_nearest(typed, both) : NULL;

        if (best && best != found)
            snprintf(found, NAME_SIZE, "%s", best);
    }
}

static void say_unknown(struct history *history, const struct word *word, const char *typed)
{
    char near[NAME_SIZE];

    nearest(history, word->names, typed, near);
    command_error("nothing is on record of the %s \"%s\"%s%s%s", word->what, typed,
                  near[0] != '\0' ? "; did you mean \"" : "", near, near[0] != '\0' ? "\"?" : "");
}

static enum status read_word(struct history *history, const struct word *word,
                             const struct options *options, int64_t *number)
{
    const char *typed = options_text(options, word->option, NULL);
    sqlite3_stmt *row = NULL;

    if (!typed)
        return STATUS_YES;
    row = history_statement(history, word->find);
    if (!row)
        return STATUS_ERROR;
    sqlite3_bind_text(row, 1, typed, -1, SQLITE_STATIC);
    if (!history_row(history, row)) {
        say_unknown(history, word, typed);
        return STATUS_NO;
    }
    *number = sqlite3_column_int64(row, 0);
    sqlite3_reset(row);
    return STATUS_YES;
}

/* --at, or --since and --until. */
static enum status read_time(struct find *find, const struct command *command,
                             const struct options *options)
{
    const struct option_value *at = &options->value[OPTION_AT];
    const struct option_value *since = &options->value[OPTION_SINCE];
    const struct option_value *until = &options->value[OPTION_UNTIL];

    if (at->is_given && (since->is_given || until->is_given))
        return command_misuse(command, "--at excludes --since and --until");
    if (at->is_given)
        since = until = at;
    if (since->is_given)
        find->first = since->when.epoch;
    if (until->is_given)
        find->last = until->when.last;
    return STATUS_YES;
}

static struct find nothing_asked(const struct options *options)
{
    return (struct find){.first = RECORD_FIRST,
                         .last = RECORD_LAST,
                         .now = options->now,
                         .user = FIND_ANY,
                         .profile = FIND_ANY,
                         .server = FIND_ANY,
                         .address = FIND_ANY,
                         .real = FIND_ANY,
                         .open = options->value[OPTION_OPEN].is_given,
                         .min_upload = options_number(options, OPTION_MIN_UPLOAD, FIND_ANY)};
}

enum status find_read_place(struct find *find, struct history *history,
                            const struct command *command, const struct options *options)
{
    enum status status;

    *find = nothing_asked(options);
    status = read_time(find, command, options);
    return status == STATUS_YES ? read_word(history, &words[WORD_SERVER], options, &find->server)
                                : status;
}

enum status find_read(struct find *find, struct history *history, const struct command *command,
                      const struct options *options)
{
    int64_t *const numbers[] = {
        [WORD_USER] = &find->user,         [WORD_PROFILE] = &find->profile,
        [WORD_SERVER] = &find->server,     [WORD_ADDRESS] = &find->address,
        [WORD_REAL_ADDRESS] = &find->real,
    };
    enum status status;

    *find = nothing_asked(options);
    find->order = (enum find_order)options_number(options, OPTION_SORT, 0);
    status = read_time(find, command, options);
    for (size_t i = 0; status == STATUS_YES && i < WORD_COUNT; i++)
        status = read_word(history, &words[i], options, numbers[i]);
    return status;
}
