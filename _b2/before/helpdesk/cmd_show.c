/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway show: everything about one session. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/story.h"

static bool read_id(const char *text, int64_t *id)
{
    size_t n = strspn(text, "0123456789");

    errno = 0;
    *id = strtoll(text, NULL, 10);
    return n > 0 && text[n] == '\0' && errno == 0;
}

static enum status put(const struct story *story, const struct answer *answer)
{
    bool ok = true;

    switch (answer->style.form) {
    case OUTPUT_TABLE:
        ok = story_text(story, answer);
        break;
    case OUTPUT_JSON:
        story_json(story, answer);
        break;
    case OUTPUT_CSV: /* false when nobody reads on, too */
        story_rows(story, answer);
        break;
    }
    return ok ? STATUS_YES : command_error("out of memory");
}

static enum status show(struct answer *answer, int64_t id)
{
    struct story story;
    enum status status = story_read(&story, answer->history, id, answer->options->now);

    if (status == STATUS_YES)
        status = put(&story, answer);
    else if (status == STATUS_ERROR)
        command_error("out of memory");
    else if (answer->style.form == OUTPUT_JSON)
        fputs("[]\n", answer->style.out);
    status = answer_finish(answer, status, "");
    if (status == STATUS_YES)
        answer_caveats(answer, story.record.started, record_last(&story.record),
                       story.record.server_id, true);
    else if (status == STATUS_NO)
        command_error("there is no session %s", answer->options->operands[0]);
    story_free(&story);
    return status;
}

static enum status run(const struct command *command, const struct options *options)
{
    bool is_csv = options->form == OUTPUT_CSV;
    struct answer answer = {0};
    enum status status = STATUS_ERROR;
    int64_t id = 0;

    if (!read_id(options->operands[0], &id))
        return command_misuse(command, "\"%s\" is not the number of a session",
                              options->operands[0]);
    if (answer_open(&answer, options, is_csv ? story_columns : NULL, STORY_COLUMNS))
        status = show(&answer, id);
    answer_close(&answer);
    return status;
}

static const enum option_id taken[] = {OPTION_JSON,      OPTION_CSV,      OPTION_UTC,
                                       OPTION_NO_HEADER, OPTION_DATABASE, OPTION_COUNT};

const struct command cmd_show = {
    .name = "show",
    .operands = "ID",
    .least_operands = 1,
    .most_operands = 1,
    .operand = OPTION_TEXT,
    .options = taken,
    .summary = "everything about one session",
    .help =
        "Shows one session: who, from where, on which tunnel, its addresses, each with how sure\n"
        "it is, and its traffic over time.\n",
    .after = "ID is the number that the other commands show.\n"
             "\n"
             "Exit status: 0 found, 1 there is no such session, 2 something went wrong.\n",
    .run = run,
};
