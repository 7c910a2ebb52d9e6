/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway sessions: who was connected, by any of the things that may be known. */
#include "config.h"

#include <inttypes.h>

#include "helpdesk/answer.h"
#include "helpdesk/find.h"
#include "helpdesk/record_list.h"

#define USUAL_LIMIT 100

/* What is under way. */
struct listing {
    struct answer answer;
    struct find find;
    bool has_doubtful_end;
};

static bool show(void *arg, const struct record *record)
{
    struct listing *listing = arg;
    struct output_value values[RECORD_COLUMNS];

    listing->has_doubtful_end =
        listing->has_doubtful_end || (record->ended != RECORD_NONE && !record->end_seen);
    record_values(record, listing->find.now, values);
    return output_row(listing->answer.output, values);
}

static bool gather(void *arg, int64_t id)
{
    return records_add(arg, id);
}

/* False: memory is out. That reading failed, finishing says. */
static bool show_all(struct listing *listing)
{
    struct records records = {.history = listing->answer.history, .visit = show, .arg = listing};
    bool ok = find_sessions(&listing->find, listing->answer.history, gather, &records);

    records_end(&records);
    return ok;
}

static void say_assumed(const struct listing *listing)
{
    char first[ANSWER_TIME_SIZE];

    answer_note(&listing->answer, "of the last %d days only, from %s on: --since says otherwise.",
                FIND_USUAL_DAYS, answer_time(&listing->answer, listing->find.first, first));
}

static void say_more(const struct listing *listing)
{
    if (listing->has_doubtful_end && listing->answer.style.form == OUTPUT_TABLE)
        answer_note(&listing->answer, "~ is the last sign of life of a session whose end was not "
                                      "seen (byway show ID tells more).");
    if (listing->find.more)
        answer_note(&listing->answer,
                    "these are the first %" PRId64 ", there are more: --limit 0 shows all.",
                    listing->find.limit);
}

static enum status run(const struct command *command, const struct options *options)
{
    struct listing listing = {0};
    enum status status = STATUS_ERROR;

    if (answer_open(&listing.answer, options, record_columns, RECORD_COLUMNS)) {
        status = find_read(&listing.find, listing.answer.history, command, options);
        listing.find.limit = answer_limit(options, OPTION_LIMIT, USUAL_LIMIT);
        find_assume_time(&listing.find);
        if (status == STATUS_YES && !show_all(&listing))
            status = command_error("out of memory");
        status = answer_finish(&listing.answer, status, "no session fits");
        if (status != STATUS_ERROR && listing.find.is_assumed)
            say_assumed(&listing);
        if (status == STATUS_YES)
            say_more(&listing);
        if (status != STATUS_ERROR)
            answer_caveats(&listing.answer, listing.find.first, listing.find.last,
                           listing.find.server, false);
    }
    answer_close(&listing.answer);
    return status;
}

static const enum option_id taken[] = {
    OPTION_USER,      OPTION_PROFILE,  OPTION_SERVER, OPTION_ADDRESS, OPTION_REAL_ADDRESS,
    OPTION_SINCE,     OPTION_UNTIL,    OPTION_AT,     OPTION_OPEN,    OPTION_MIN_UPLOAD,
    OPTION_SORT,      OPTION_LIMIT,    OPTION_JSON,   OPTION_CSV,     OPTION_UTC,
    OPTION_NO_HEADER, OPTION_DATABASE, OPTION_COUNT};

static const struct command_words words[] = {{OPTION_SORT, find_orders}, {0}};

const struct command cmd_sessions = {
    .name = "sessions",
    .options = taken,
    .words = words,
    .summary = "sessions, by user, address, time, ...",
    .help = "Lists sessions, the newest first. A session is listed if it may have lived at any\n"
            "moment of the time asked about, whenever it began.\n",
    .after = "All filters must fit. A table shows 100 sessions unless --limit says otherwise.\n"
             "In another order than by start, and with --min-upload, it is of the last 30 days\n"
             "unless a time, a user, an address or --open is given.\n"
             "\n"
             "Exit status: 0 found, 1 nothing found, 2 something went wrong.\n",
    .run = run,
};
