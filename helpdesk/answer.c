/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens, ends, and adds what must be known. */
#include "config.h"

#include "helpdesk/answer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "helpdesk/human.h"
#include "helpdesk/record.h"
#include "lib/log.h"

#define MAX_CAVEATS 5

bool answer_begin(struct answer *answer, const struct options *options,
                  const struct output_column *columns, size_t n)
{
    *answer =
        (struct answer){.options = options,
                        .style = output_standard(options->form, options->value[OPTION_UTC].is_given,
                                                 options->value[OPTION_NO_HEADER].is_given)};
    if (columns)
        answer->output = output_new(&answer->style, columns, n);
    if (columns && !answer->output)
        command_error("out of memory");
    return !columns || answer->output;
}

bool answer_open(struct answer *answer, const struct options *options,
                 const struct output_column *columns, size_t n)
{
    enum history_trouble trouble = HISTORY_FINE;
    char why[HISTORY_WHY_SIZE];

    if (!answer_begin(answer, options, columns, n))
        return false;
    answer->history = history_open(options_database(options), &trouble, why);
    if (!answer->history)
        command_error("%s", why);
    return answer->history != NULL;
}

enum status answer_finish(struct answer *answer, enum status status, const char *otherwise)
{
    char why[HISTORY_WHY_SIZE];
    size_t n = 0;

    if (status != STATUS_ERROR && answer->output) {
        n = output_rows(answer->output);
        if (!output_finish(answer->output))
            status = command_error("out of memory");
    }
    if (answer->history && history_trouble(answer->history, why) != HISTORY_FINE)
        return command_error("%s", why);
    if (status == STATUS_YES && answer->output && n == 0) {
        command_error("%s", otherwise);
        status = STATUS_NO;
    }
    return status;
}

void answer_close(struct answer *answer)
{
    output_free(answer->output);
    history_close(answer->history);
}

void answer_note(const struct answer *answer, const char *format, ...)
{
    char text[LOG_TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    log_vformat(text, format, arguments);
    va_end(arguments);
    if (answer->style.form != OUTPUT_TABLE)
        command_error("%s", text);
    else if (!answer->style.no_header)
        output_field("Note", "%s", text);
}

char *answer_time(const struct answer *answer, int64_t epoch, char text[ANSWER_TIME_SIZE])
{
    struct zone_time wall = zone_at(&answer->style.zone, epoch);
    char stamp[ZONE_STAMP_SIZE];

    snprintf(text, ANSWER_TIME_SIZE, "%s %s", zone_stamp(&answer->style.zone, epoch, stamp),
             wall.abbreviation);
    return text;
}

int64_t answer_limit(const struct options *options, enum option_id id, int64_t usual)
{
    return options_number(options, id, options->form == OUTPUT_TABLE ? usual : 0);
}

/* ── what may be missing ── */

/* A row of history_sessions.gaps. */
struct gap {
    const char *kind, *meaning, *server, *reason;
    int64_t began, ended, count;
    bool covered;
};

static struct gap read_gap(sqlite3_stmt *row)
{
    return (struct gap){.kind = record_text(row, 0),
                        .meaning = record_text(row, 1),
                        .server = record_text(row, 2),
                        .began = record_time(row, 3),
                        .ended = record_time(row, 4),
                        .covered = sqlite3_column_int64(row, 5) != 0,
                        .count = record_number(row, 6),
                        .reason = record_text(row, 7)};
}

static void say_gap(const struct answer *answer, const struct gap *gap)
{
    char began[ANSWER_TIME_SIZE];
    char ended[ANSWER_TIME_SIZE] = "now";
    char count[HUMAN_SIZE] = "";

    answer_time(answer, gap->began, began);
    if (gap->ended != RECORD_NONE)
        answer_time(answer, gap->ended, ended);
    if (gap->count != RECORD_NONE)
        snprintf(count, sizeof(count), ", %" PRId64, gap->count);
    answer_note(answer, "%s%s%s to %s: %s (%s%s%s%s).%s", gap->server ? gap->server : "",
                gap->server ? ", " : "", began, ended, gap->meaning, gap->kind, count,
                gap->reason ? ": " : "", gap->reason ? gap->reason : "",
                gap->covered ? " When the bytes of that time were sent is not known."
                             : " Something may be missing.");
}

static void say_stale(const struct answer *answer, int64_t last)
{
    sqlite3_stmt *row = history_statement(answer->history, "history_sessions.recorder");
    char text[ANSWER_TIME_SIZE];
    int64_t alive_at = RECORD_NONE;

    if (!row || !history_row(answer->history, row))
        return;
    alive_at = record_time(row, 0);
    if (alive_at != RECORD_NONE && alive_at < last &&
        alive_at < answer->options->now - ANSWER_STALE_S)
        answer_note(answer,
                    "the recorder %s at %s: nothing is known of what came later, and what was "
                    "open then may have ended.",
                    sqlite3_column_int64(row, 1) != 0 ? "was stopped" : "was last alive",
                    answer_time(answer, alive_at, text));
    sqlite3_reset(row);
}

void answer_caveats(const struct answer *answer, int64_t first, int64_t last, int64_t server,
                    bool bytes)
{
    sqlite3_stmt *row = NULL;
    size_t n = 0;

    say_stale(answer, last);
    row = history_statement(answer->history, "history_sessions.gaps");
    if (!row)
        return;
    sqlite3_bind_int64(row, 1, first);
    sqlite3_bind_int64(row, 2, last);
    if (server != RECORD_NONE)
        sqlite3_bind_int64(row, 3, server);
    while (history_row(answer->history, row)) {
        struct gap gap = read_gap(row);

        if (gap.covered && !bytes)
            continue;
        if (n++ < MAX_CAVEATS)
            say_gap(answer, &gap);
    }
    if (n > MAX_CAVEATS)
        answer_note(answer, "there %s %zu earlier time%s like these.",
                    n - MAX_CAVEATS == 1 ? "is" : "are", n - MAX_CAVEATS,
                    n - MAX_CAVEATS == 1 ? "" : "s");
}
