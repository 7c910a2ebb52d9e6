/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway usage: who or what sent how much, to be compared at a glance. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "helpdesk/answer.h"
#include "helpdesk/bars.h"
#include "helpdesk/human.h"
#include "helpdesk/record.h"
#include "helpdesk/usage.h"

#define USUAL_TOP 20
#define DAY       INT64_C(86400)

/* The columns of a terminal that all but the bars take, and what a bar takes. */
#define BESIDE_BARS 42
#define LEAST_BAR   8
#define MOST_BAR    40

/* The words of --by, as in enum usage_by. */
static const char *const ways[] = {"user", "profile", "server", "day", "hour", NULL};

enum { KEY, WEEKDAY, SINCE, UPLOAD, UPLOAD_BAR, DOWNLOAD, DOWNLOAD_BAR, COLUMNS };

static const struct output_column common_columns[COLUMNS] = {
    [UPLOAD] = {.key = "upload_bytes", .title = "UPLOAD", .kind = OUTPUT_BYTES},
    [UPLOAD_BAR] = {.title = "", .kind = OUTPUT_TEXT, .unknown = "", .spare = 1},
    [DOWNLOAD] = {.key = "download_bytes", .title = "DOWNLOAD", .kind = OUTPUT_BYTES},
    [DOWNLOAD_BAR] = {.title = "", .kind = OUTPUT_TEXT, .unknown = "", .spare = 2},
};

/* The first columns of each way. */
static const struct output_column first_columns[][UPLOAD] = {
    [USAGE_BY_USER] = {{.key = "user", .title = "USER", .kind = OUTPUT_TEXT, .folds = true}},
    [USAGE_BY_PROFILE] = {{.key = "profile",
                           .title = "PROFILE",
                           .kind = OUTPUT_TEXT,
                           .unknown = "(none)",
                           .folds = true}},
    [USAGE_BY_SERVER] = {{.key = "server", .title = "SERVER", .kind = OUTPUT_TEXT, .folds = true}},
    [USAGE_BY_DAY] = {{.key = "day", .title = "DAY", .kind = OUTPUT_TEXT},
                      {.title = "", .kind = OUTPUT_TEXT},
                      {.key = "since", .kind = OUTPUT_TIME}},
    [USAGE_BY_HOUR] = {{.key = "hour", .title = "HOUR", .kind = OUTPUT_TIME}},
};

/* What is under way. */
struct report {
    struct answer answer;
    struct output_column columns[COLUMNS];
    struct usage usage;
    size_t bar_width;
    bool blocks;
    int64_t most_upload, most_download;
};

/* ── rows ── */

/* The name of a user, profile or server; NULL: it has none (any more). */
static const char *name_of(const struct report *report, int64_t id)
{
    static const char *const statements[] = {
        [USAGE_BY_USER] = "history_usage.user-name",
        [USAGE_BY_PROFILE] = "history_usage.profile-name",
        [USAGE_BY_SERVER] = "history_usage.server-name",
    };
    sqlite3_stmt *row = history_statement(report->answer.history, statements[report->usage.by]);

    if (!row)
        return NULL;
    sqlite3_bind_int64(row, 1, id);
    return history_row(report->answer.history, row) ? record_text(row, 0) : NULL;
}

static void put_day(const struct report *report, int64_t period, char date[ZONE_STAMP_SIZE],
                    struct output_value values[COLUMNS])
{
    static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    struct zone_time wall = zone_at(&report->usage.zone, period);

    snprintf(date, ZONE_STAMP_SIZE, "%04d-%02d-%02d", wall.year, wall.month, wall.day);
    values[KEY] = output_text(date);
    values[WEEKDAY] = output_text(weekdays[(unsigned)wall.weekday % 7]);
    values[SINCE] = output_number(period);
}

static bool show(const struct report *report, const struct tally_sum *sum)
{
    struct output_value values[COLUMNS] = {0};
    char date[ZONE_STAMP_SIZE], upload[BARS_SIZE], download[BARS_SIZE];

    if (report->usage.by == USAGE_BY_DAY)
        put_day(report, sum->key, date, values);
    else if (report->usage.by == USAGE_BY_HOUR)
        values[KEY] = output_number(sum->key);
    else
        values[KEY] = output_text(name_of(report, sum->key));
    values[UPLOAD] = output_number(sum->upload);
    values[UPLOAD_BAR] = output_text(
        bars_bar(sum->upload, report->most_upload, report->bar_width, report->blocks, upload));
    values[DOWNLOAD] = output_number(sum->download);
    values[DOWNLOAD_BAR] = output_text(bars_bar(sum->download, report->most_download,
                                                report->bar_width, report->blocks, download));
    return output_row(report->answer.output, values);
}

static void measure_bars(struct report *report)
{
    const struct tally *sums = &report->usage.sums;
    size_t width = report->answer.style.width;
    size_t left = width > BESIDE_BARS ? (width - BESIDE_BARS) / 2 : 0;

    if (width == 0 || left > MOST_BAR)
        left = MOST_BAR;
    report->bar_width = left < LEAST_BAR ? LEAST_BAR : left;
    report->blocks = bars_has_blocks();
    for (size_t i = 0; i < sums->n; i++) {
        if (sums->sums[i].upload > report->most_upload)
            report->most_upload = sums->sums[i].upload;
        if (sums->sums[i].download > report->most_download)
            report->most_download = sums->sums[i].download;
    }
}

/* ── what the rows are of ── */

static void say_sum(const struct report *report, size_t shown)
{
    const struct usage *usage = &report->usage;
    char first[ANSWER_TIME_SIZE], last[ANSWER_TIME_SIZE], up[HUMAN_SIZE], down[HUMAN_SIZE];
    char left_out[100] = "";
    int64_t upload = 0, download = 0;

    for (size_t i = 0; i < usage->sums.n; i++) {
        upload = tally_plus(upload, usage->sums.sums[i].upload);
        download = tally_plus(download, usage->sums.sums[i].download);
    }
    if (shown < usage->sums.n)
        snprintf(left_out, sizeof(left_out), "; %zu of %zu %ss are shown (--top 0: all)", shown,
                 usage->sums.n, ways[usage->by]);
    answer_note(&report->answer,
                "%s to %s, in steps of %" PRId64 " min: upload %s, download %s in all%s.",
                answer_time(&report->answer, usage->first, first),
                answer_time(&report->answer, usage->last, last), (usage->bucket_s + 59) / 60,
                human_bytes(upload, up), human_bytes(download, down), left_out);
}

static enum status list(struct report *report)
{
    const struct options *options = report->answer.options;
    struct tally *sums = &report->usage.sums;
    bool in_order = report->usage.by >= USAGE_BY_DAY;
    size_t top = (size_t)answer_limit(options, OPTION_TOP, in_order ? 0 : USUAL_TOP);
    enum status status = STATUS_YES;

    if (!usage_add_up(&report->usage, report->answer.history))
        return command_error("out of memory");
    if (in_order && top > 0) /* the largest days, not the first */
        tally_sort(sums);
    measure_bars(report);
    top = top == 0 || top > sums->n ? sums->n : top;
    for (size_t i = 0; i < top; i++)
        if (!show(report, &sums->sums[i]))
            break;
    status = answer_finish(&report->answer, status, "no traffic was counted in that time");
    if (status == STATUS_YES && options->form == OUTPUT_TABLE)
        say_sum(report, top);
    return status;
}

/* The last day, or the last thirty where days are compared. */
static void read_time(struct usage *usage, const struct options *options)
{
    const struct option_value *since = &options->value[OPTION_SINCE];
    const struct option_value *until = &options->value[OPTION_UNTIL];

    usage->last = until->is_given ? until->when.last : options->now;
    usage->first = usage->last - (usage->by == USAGE_BY_DAY ? 30 * DAY : DAY);
    if (since->is_given)
        usage->first = since->when.epoch;
}

static enum status run(const struct command *command, const struct options *options)
{
    struct report report = {
        .usage = {.by = (enum usage_by)options_number(options, OPTION_BY, USAGE_BY_USER),
                  .zone = options->zone,
                  .now = options->now}};
    enum status status = STATUS_ERROR;

    (void)command;
    memcpy(report.columns, common_columns, sizeof(common_columns));
    memcpy(report.columns, first_columns[report.usage.by], sizeof(first_columns[0]));
    read_time(&report.usage, options);
    if (answer_open(&report.answer, options, report.columns, COLUMNS)) {
        status = list(&report);
        if (status != STATUS_ERROR)
            answer_caveats(&report.answer, report.usage.first, report.usage.last, RECORD_NONE,
                           true);
    }
    tally_free(&report.usage.sums);
    answer_close(&report.answer);
    return status;
}

static const enum option_id taken[] = {
    OPTION_BY,  OPTION_SINCE, OPTION_UNTIL,     OPTION_TOP,      OPTION_JSON,
    OPTION_CSV, OPTION_UTC,   OPTION_NO_HEADER, OPTION_DATABASE, OPTION_COUNT};

static const struct command_words words[] = {{OPTION_BY, ways}, {0}};

const struct command cmd_usage = {
    .name = "usage",
    .options = taken,
    .words = words,
    .summary = "who sent how much; or which profile, server, day or hour",
    .help =
        "Adds up bytes, the largest upload first; days and hours in their order, unless --top\n"
        "asks for the largest. Without --since it is of the last 24 hours, of days of the last\n"
        "30. Bytes are counted in steps of the recorder's bucket (5 minutes): a step counts\n"
        "where it has any part in the time.\n",
    .after = "A table shows 20 users, profiles or servers unless --top says otherwise.\n"
             "\n"
             "Exit status: 0 found, 1 nothing found, 2 something went wrong.\n",
    .run = run,
};
