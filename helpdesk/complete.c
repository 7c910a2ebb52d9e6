/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completes command lines from the tables that they are read with. */
#include "config.h"

#include "helpdesk/complete.h"

#include <stdlib.h>
#include <string.h>

#include "helpdesk/command.h"
#include "helpdesk/history.h"
#include "helpdesk/option_table.h"
#include "helpdesk/policy_file.h"

/* A command line that is not finished. */
struct line {
    int n;              /* words before the one to complete */
    char **words;       /* all of them; an option's '=' is a word of its own, as bash has it */
    const char *begins; /* the one to complete */
    FILE *out;
};

/* A shell takes these for nothing but themselves; what begins with '-' is an option. */
static bool is_safe(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "_.@+-/";

    return name[0] != '\0' && name[strspn(name, letters)] == '\0';
}

static void offer(const struct line *line, const char *word)
{
    if (strncmp(word, line->begins, strlen(line->begins)) == 0)
        fprintf(line->out, "%s\n", word);
}

static void offer_name(const struct line *line, const char *name)
{
    if (name[0] != '-' && is_safe(name))
        offer(line, name);
}

/* ── names ── */

/* What is behind an option on the line; NULL if it is not there. */
static const char *value_on_line(const struct line *line, enum option_id id)
{
    for (int i = 0; i + 1 < line->n; i++) {
        if (strcmp(line->words[i], option_name(id)) != 0)
            continue;
        i += strcmp(line->words[i + 1], "=") == 0;
        return i + 1 < line->n ? line->words[i + 1] : NULL;
    }
    return NULL;
}

static void offer_from_policy(const struct line *line, enum option_type type)
{
    const char *path = value_on_line(line, OPTION_POLICY);
    struct policy_file file = {0};

    if (policy_file_load(&file, path ? path : POLICY_FILE_DEFAULT) && file.policy) {
        for (size_t i = 0; type == OPTION_A_PROFILE && i < file.policy->n_profiles; i++)
            offer_name(line, file.policy->profiles[i].name);
        for (size_t i = 0; type == OPTION_A_ROUTE_SET && i < file.policy->n_route_sets; i++)
            offer_name(line, file.policy->route_sets[i].name);
        for (size_t i = 0; type == OPTION_A_USER && i < file.policy->n_user_slots; i++)
            if (file.policy->users[i].name)
                offer_name(line, file.policy->users[i].name);
    }
    policy_file_free(&file);
}

static void offer_from_database(const struct line *line, const char *statement_name)
{
    struct options *none = calloc(1, sizeof(*none));
    const char *path = value_on_line(line, OPTION_DATABASE);
    enum history_trouble trouble;
    char why[HISTORY_WHY_SIZE];
    struct history *history = NULL;
    sqlite3_stmt *statement = NULL;

    if (none && !path)
        options_find_database(none);
    if (none)
        history = history_open(path ? path : options_database(none), &trouble, why);
    if (history)
        statement = history_statement(history, statement_name);
    if (statement)
        sqlite3_bind_text(statement, 1, line->begins, -1, SQLITE_STATIC);
    while (statement && history_row(history, statement)) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);

        if (name)
            offer_name(line, name);
    }
    history_close(history);
    free(none);
}

static void offer_words(const struct line *line, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        offer(line, words[i]);
}

static void offer_value(const struct line *line, const struct command *command,
                        enum option_type type, enum option_id id)
{
    static const char *const times[] = {"now", "today", "yesterday", NULL};

    switch (type) {
    case OPTION_FILE:
        fprintf(line->out, "%s\n", COMPLETE_A_FILE);
        break;
    case OPTION_A_USER:
        if (options_take(command, OPTION_DATABASE))
            offer_from_database(line, "history.users-that-begin");
        else
            offer_from_policy(line, type);
        break;
    case OPTION_A_PROFILE:
        if (options_take(command, OPTION_DATABASE))
            offer_from_database(line, "history.profiles-that-begin");
        else
            offer_from_policy(line, type);
        break;
    case OPTION_A_ROUTE_SET:
        offer_from_policy(line, type);
        break;
    case OPTION_A_SERVER:
        offer_from_database(line, "history.servers-that-begin");
        break;
    case OPTION_TIME:
        offer_words(line, times);
        break;
    case OPTION_WORD:
        offer_words(line, option_words(command, id));
        break;
    case OPTION_FLAG:
    case OPTION_TEXT:
    case OPTION_DURATION:
    case OPTION_NUMBER:
    case OPTION_BYTES:
    case OPTION_IP:
        break;
    }
}

/* ── commands ── */

/* The first word of a command's name, or the second; "" if it has none. */
static void word_of(const struct command *command, int which, char word[64])
{
    const char *blank = strchr(command->name, ' ');

    if (which == 0)
        snprintf(word, 64, "%.*s", (int)strcspn(command->name, " "), command->name);
    else
        snprintf(word, 64, "%s", blank ? blank + 1 : "");
}

/* The command that the line begins with, and how many words name it: "routes test" before
 * "routes". */
static const struct command *command_of(const struct line *line, int *used)
{
    const struct command *found = NULL;

    *used = 0;
    for (size_t i = 0; commands[i]; i++) {
        char first[64], second[64];
        int words;

        word_of(commands[i], 0, first);
        word_of(commands[i], 1, second);
        words = second[0] != '\0' ? 2 : 1;
        if (words > *used && line->n >= words && strcmp(line->words[0], first) == 0 &&
            (words == 1 || strcmp(line->words[1], second) == 0)) {
            found = commands[i];
            *used = words;
        }
    }
    return found;
}

/* The next word of a command's name, behind the `n` first ones at `words`. */
static void offer_commands(const struct line *line, char **words, int n)
{
    char before[64] = "";

    for (size_t i = 0; n < 2 && commands[i]; i++) {
        char first[64], word[64];

        word_of(commands[i], 0, first);
        word_of(commands[i], n, word);
        if (word[0] == '\0' || strcmp(word, before) == 0 ||
            (n == 1 && strcmp(words[0], first) != 0))
            continue;
        offer(line, word);
        memcpy(before, word, sizeof(before)); /* "policy" once, however many begin with it */
    }
}

/* ── options ── */

static bool is_on_line(const struct line *line, enum option_id id)
{
    for (int i = 0; i < line->n; i++)
        if (strcmp(line->words[i], option_name(id)) == 0)
            return true;
    return false;
}

/* The option whose value is to be completed; OPTION_COUNT if it is none. */
static enum option_id awaits_value(const struct line *line, const struct command *command)
{
    int at = line->n - 1;

    at -= at > 0 && strcmp(line->words[at], "=") == 0;
    for (const enum option_id *id = command->options; at >= 0 && *id != OPTION_COUNT; id++)
        if (option_type_of(*id) != OPTION_FLAG && strcmp(line->words[at], option_name(*id)) == 0)
            return *id;
    return OPTION_COUNT;
}

static bool is_behind_dashes(const struct line *line)
{
    for (int i = 0; i < line->n; i++)
        if (strcmp(line->words[i], "--") == 0)
            return true;
    return false;
}

static void complete_command(const struct line *line, const struct command *command)
{
    enum option_id id = awaits_value(line, command);

    if (is_behind_dashes(line)) {
        offer_value(line, command, command->operand, OPTION_COUNT);
    } else if (id != OPTION_COUNT) {
        offer_value(line, command, option_type_of(id), id);
    } else if (line->begins[0] == '-') {
        for (const enum option_id *taken = command->options; *taken != OPTION_COUNT; taken++)
            if (!is_on_line(line, *taken))
                offer(line, option_name(*taken));
        offer(line, "--help");
    } else {
        offer_value(line, command, command->operand, OPTION_COUNT);
    }
}

void complete(int n, char **words, FILE *out)
{
    struct line line = {.n = n > 0 ? n - 1 : 0, .words = words, .begins = "", .out = out};
    const struct command *command = NULL;
    int used = 0;

    if (n > 0)
        line.begins = words[n - 1];
    if (strcmp(line.begins, "=") == 0) { /* --option= */
        line.n++;
        line.begins = "";
    }
    command = command_of(&line, &used);
    if (command) {
        if (used == 1 && line.n == 1) /* `routes` may go on as "routes test" */
            offer_commands(&line, words, 1);
        line.n -= used;
        line.words += used;
        complete_command(&line, command);
    } else if (line.n > 0 && strcmp(words[0], "help") == 0) {
        offer_commands(&line, words + 1, line.n - 1);
    } else {
        offer_commands(&line, words, line.n);
        if (line.n == 0)
            offer_words(&line, (const char *const[]){"help", "--help", "--version", NULL});
    }
}
