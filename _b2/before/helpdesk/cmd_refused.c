/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway refused: who was refused a tunnel, and why. */
#include "config.h"

#include <inttypes.h>

#include "helpdesk/answer.h"
#include "helpdesk/find.h"
#include "helpdesk/record.h"

#define USUAL_LIMIT 100

enum { AT, USER, TYPED, COMMON_NAME, WANTED, REASON, REAL, REAL_PORT, SERVER, COLUMNS };

static const struct output_column columns[COLUMNS] = {
    [AT] = {.key = "at", .title = "TIME", .kind = OUTPUT_TIME},
    [USER] = {.key = "user", .title = "USER", .kind = OUTPUT_TEXT, .folds = true},
    [TYPED] = {.key = "typed", .kind = OUTPUT_TEXT},
    [COMMON_NAME] = {.key = "common_name", .kind = OUTPUT_TEXT},
    [WANTED] =
        {.key = "wanted", .title = "WANTED", .kind = OUTPUT_TEXT, .unknown = "-", .folds = true},
    [REASON] = {.key = "reason", .title = "REASON", .kind = OUTPUT_TEXT, .folds = true},
    [REAL] = {.key = "real_address", .title = "REAL ADDRESS", .kind = OUTPUT_ADDRESS, .spare = 1},
    [REAL_PORT] = {.key = "real_port", .kind = OUTPUT_COUNT},
    [SERVER] = {.key = "server", .title = "SERVER", .kind = OUTPUT_TEXT, .folds = true, .spare = 2},
};

static bool show(const struct answer *answer, sqlite3_stmt *row)
{
    struct output_value values[COLUMNS];

    values[AT] = record_value(record_time(row, 0));
    values[SERVER] = output_text(record_text(row, 1));
    values[USER] = output_text(record_text(row, 2));
    values[TYPED] = output_text(record_text(row, 3));
    values[COMMON_NAME] = output_text(record_text(row, 4));
    values[WANTED] = output_text(record_text(row, 5));
    values[REASON] = output_text(record_text(row, 6));
    values[REAL] = output_text(record_text(row, 7));
    values[REAL_PORT] = record_value(record_number(row, 8));
    return output_row(answer->output, values);
}

/* One row more than the limit is asked for, to know whether there are any. */
static void list(const struct answer *answer, const struct find *find, int64_t limit, bool *more)
{
    const char *user = options_text(answer->options, OPTION_USER, NULL);
    sqlite3_stmt *row =
        history_statement(answer->history, user ? "history_refused.user" : "history_refused.all");
    int64_t n = 0;

    if (!row)
        return;
    sqlite3_bind_int64(row, 1, find->first);
    sqlite3_bind_int64(row, 2, find->last);
    if (find->server != FIND_ANY)
        sqlite3_bind_int64(row, 3, find->server);
    sqlite3_bind_int64(row, 4, limit > 0 ? limit + 1 : -1);
    if (user)
        sqlite3_bind_text(row, 5, user, -1, SQLITE_STATIC);
    while (history_row(answer->history, row)) {
        if (limit > 0 && n++ == limit)
            *more = true;
        else if (!show(answer, row))
            break;
    }
    sqlite3_reset(row);
}

static enum status run(const struct command *command, const struct options *options)
{
    struct answer answer = {0};
    struct find find;
    int64_t limit = answer_limit(options, OPTION_LIMIT, USUAL_LIMIT);
    enum status status = STATUS_ERROR;
    bool more = false;

    if (answer_open(&answer, options, columns, COLUMNS)) {
        status = find_read_place(&find, answer.history, command, options);
        if (status == STATUS_YES)
            list(&answer, &find, limit, &more);
        status = answer_finish(&answer, status, "nobody was refused");
        if (more && status == STATUS_YES)
            answer_note(&answer,
                        "these are the last %" PRId64 ", there are more: --limit 0 shows all.",
                        limit);
        if (status != STATUS_ERROR)
            answer_caveats(&answer, find.first, find.last, find.server, false);
    }
    answer_close(&answer);
    return status;
}

static const enum option_id taken[] = {
    OPTION_USER, OPTION_SERVER, OPTION_SINCE,     OPTION_UNTIL,    OPTION_LIMIT, OPTION_JSON,
    OPTION_CSV,  OPTION_UTC,    OPTION_NO_HEADER, OPTION_DATABASE, OPTION_COUNT};

const struct command cmd_refused = {
    .name = "refused",
    .options = taken,
    .summary = "who was refused a tunnel, and why",
    .help = "Lists logins that got no tunnel: a profile that there is not, or that the user may\n"
            "not have. The last is the first. Wrong passwords are not among them.\n",
    .after = "A table shows 100 of them unless --limit says otherwise.\n"
             "\n"
             "Exit status: 0 found, 1 nothing found, 2 something went wrong.\n",
    .run = run,
};
