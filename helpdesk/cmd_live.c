/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway live: who is connected now, the fastest upload first. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "helpdesk/answer.h"
#include "helpdesk/find.h"
#include "helpdesk/human.h"
#include "helpdesk/record.h"

#define USUAL_LIMIT 100

/* The words of --sort. */
enum order { BY_UPLOAD_RATE, BY_DOWNLOAD_RATE, BY_UPLOAD, BY_DOWNLOAD, BY_STARTED };
static const char *const orders[] = {"upload-rate", "download-rate", "upload",
                                     "download",    "started",       NULL};

/* One open session; RECORD_NONE: not known. */
struct open {
    int64_t id, key;
    int64_t upload_rate, download_rate; /* bytes a second */
};

struct live {
    struct answer answer;
    enum order order;
    struct open *items;
    size_t n, room;
    size_t shown;     /* so many of the items have had their turn */
    size_t n_unknown; /* without a rate */
    double upload_rate, download_rate;
};

enum {
    ID,
    USER,
    ADDRESS,
    VPN4,
    VPN6,
    UPLOAD_RATE,
    DOWNLOAD_RATE,
    UPLOAD,
    DOWNLOAD,
    DURATION,
    STARTED,
    PROFILE,
    SERVER,
    REAL,
    REAL_PORT,
    PROGRAM,
    PLATFORM,
    LAST_SEEN,
    COUNTED_AT,
    COLUMNS
};

static const struct output_column columns[COLUMNS] = {
    [ID] = {.key = "id", .title = "ID", .kind = OUTPUT_COUNT},
    [USER] = {.key = "user", .title = "USER", .kind = OUTPUT_TEXT, .folds = true},
    [ADDRESS] = {.title = "ADDRESS", .kind = OUTPUT_ADDRESS},
    [VPN4] = {.key = "vpn_address", .kind = OUTPUT_ADDRESS},
    [VPN6] = {.key = "vpn_address6", .kind = OUTPUT_ADDRESS},
    [UPLOAD_RATE] = {.key = "upload_rate", .title = "UPLOAD/S", .kind = OUTPUT_RATE},
    [DOWNLOAD_RATE] = {.key = "download_rate", .title = "DOWNLOAD/S", .kind = OUTPUT_RATE},
    [UPLOAD] = {.key = "upload_bytes", .title = "UPLOAD", .kind = OUTPUT_BYTES},
    [DOWNLOAD] = {.key = "download_bytes", .title = "DOWNLOAD", .kind = OUTPUT_BYTES, .spare = 3},
    [DURATION] = {.key = "duration_s", .title = "OPEN FOR", .kind = OUTPUT_DURATION},
    [STARTED] = {.key = "started", .kind = OUTPUT_TIME},
    [PROFILE] = {.key = "profile",
                 .title = "PROFILE",
                 .kind = OUTPUT_TEXT,
                 .unknown = "-",
                 .folds = true,
                 .spare = 2},
    [SERVER] = {.key = "server", .title = "SERVER", .kind = OUTPUT_TEXT, .folds = true, .spare = 4},
    [REAL] = {.key = "real_address", .title = "REAL ADDRESS", .kind = OUTPUT_ADDRESS, .spare = 5},
    [REAL_PORT] = {.key = "real_port", .kind = OUTPUT_COUNT},
    [PROGRAM] = {.key = "client_program",
                 .title = "CLIENT",
                 .kind = OUTPUT_TEXT,
                 .folds = true,
                 .spare = 6},
    [PLATFORM] = {.key = "client_platform", .kind = OUTPUT_TEXT},
    [LAST_SEEN] = {.key = "last_seen", .kind = OUTPUT_TIME},
    [COUNTED_AT] = {.key = "counted_at", .kind = OUTPUT_TIME},
};

/* ── reading ── */

/* Bytes a second: what is not known has no rate, and neither has no time at all. */
static int64_t rate(int64_t bytes, int64_t seconds)
{
    return bytes < 0 || seconds <= 0 ? RECORD_NONE : bytes / seconds;
}

static int64_t key_of(const struct live *live, const struct open *open, sqlite3_stmt *row)
{
    switch (live->order) {
    case BY_UPLOAD_RATE:
        return open->upload_rate;
    case BY_DOWNLOAD_RATE:
        return open->download_rate;
    case BY_UPLOAD:
        return record_number(row, 2);
    case BY_DOWNLOAD:
        return record_number(row, 3);
    case BY_STARTED:
        return record_number(row, 1);
    }
    return 0;
}

static bool add(struct live *live, sqlite3_stmt *row)
{
    struct open open = {.id = record_number(row, 0),
                        .upload_rate = rate(record_number(row, 4), record_number(row, 6)),
                        .download_rate = rate(record_number(row, 5), record_number(row, 6))};

    if (live->n == live->room) {
        size_t room = live->room > 0 ? live->room * 2 : 256;
        struct open *items = reallocarray(live->items, room, sizeof(*items));

        if (!items)
            return false;
        live->items = items;
        live->room = room;
    }
    open.key = key_of(live, &open, row);
    live->n_unknown += open.upload_rate == RECORD_NONE;
    live->upload_rate += open.upload_rate == RECORD_NONE ? 0 : (double)open.upload_rate;
    live->download_rate += open.download_rate == RECORD_NONE ? 0 : (double)open.download_rate;
    live->items[live->n++] = open;
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct open *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

static void bind(sqlite3_stmt *statement, int at, int64_t value)
{
    if (value != FIND_ANY)
        sqlite3_bind_int64(statement, at, value);
}

static bool read_all(struct live *live, const struct find *find)
{
    sqlite3_stmt *row = history_statement(live->answer.history, "history_sessions.live");
    bool ok = true;

    if (!row)
        return true;
    bind(row, 1, find->server);
    bind(row, 2, find->profile);
    bind(row, 3, find->user);
    while (ok && history_row(live->answer.history, row))
        ok = add(live, row);
    if (live->n > 0)
        qsort(live->items, live->n, sizeof(*live->items), compare);
    return ok;
}

/* ── showing ── */

/* They come in the order of the items; one whose row is damaged does not come. */
static bool show(void *arg, const struct record *record)
{
    struct live *live = arg;
    const struct open *open = NULL;
    struct output_value values[COLUMNS];

    while (live->shown < live->n && live->items[live->shown].id != record->id)
        live->shown++;
    if (live->shown == live->n)
        return false;
    open = &live->items[live->shown++];
    values[ID] = record_value(record->id);
    values[USER] = output_text(record->user);
    values[ADDRESS] = output_text(record->vpn4 ? record->vpn4 : record->vpn6);
    values[VPN4] = output_text(record->vpn4);
    values[VPN6] = output_text(record->vpn6);
    values[UPLOAD_RATE] = record_value(open->upload_rate);
    values[DOWNLOAD_RATE] = record_value(open->download_rate);
    values[UPLOAD] = record_value(record->upload);
    values[DOWNLOAD] = record_value(record->download);
    values[DURATION] = output_number(record_duration(record, live->answer.options->now));
    values[STARTED] = record_value(record->started);
    values[PROFILE] = output_text(record->profile);
    values[SERVER] = output_text(record->server);
    values[REAL] = output_text(record->real);
    values[REAL_PORT] = record_value(record->real_port);
    values[PROGRAM] = output_text(record->program);
    values[PLATFORM] = output_text(record->platform);
    values[LAST_SEEN] = record_value(record->last_seen);
    values[COUNTED_AT] = record_value(record->counted_at);
    return output_row(live->answer.output, values);
}

static void show_all(struct live *live, size_t limit)
{
    struct records records = {.history = live->answer.history, .visit = show, .arg = live};

    for (size_t i = 0; i < limit; i++)
        if (!records_add(&records, live->items[i].id))
            break;
    records_end(&records);
}

static int64_t whole(double number)
{
    return number < 9e18 ? (int64_t)number : INT64_MAX;
}

static void say_sum(const struct live *live, size_t shown)
{
    char up[HUMAN_SIZE], down[HUMAN_SIZE], unknown[64] = "", left_out[64] = "";

    if (live->n_unknown > 0)
        snprintf(unknown, sizeof(unknown), " (%zu without counts)", live->n_unknown);
    if (shown < live->n)
        snprintf(left_out, sizeof(left_out), "; %zu are shown (--limit 0: all)", shown);
    answer_note(&live->answer, "%zu open session%s%s: upload %s/s, download %s/s%s.", live->n,
                live->n == 1 ? "" : "s", unknown, human_bytes(whole(live->upload_rate), up),
                human_bytes(whole(live->download_rate), down), left_out);
}

static enum status list(struct live *live, const struct find *find)
{
    const struct options *options = live->answer.options;
    size_t limit = (size_t)answer_limit(options, OPTION_LIMIT, USUAL_LIMIT);
    enum status status = STATUS_YES;

    live->order = (enum order)options_number(options, OPTION_SORT, BY_UPLOAD_RATE);
    if (!read_all(live, find))
        return command_error("out of memory");
    limit = limit == 0 || limit > live->n ? live->n : limit;
    show_all(live, limit);
    status = answer_finish(&live->answer, status, "nobody is connected");
    if (status == STATUS_YES && options->form == OUTPUT_TABLE)
        say_sum(live, limit);
    return status;
}

static enum status run(const struct command *command, const struct options *options)
{
    struct live live = {0};
    struct find find;
    enum status status = STATUS_ERROR;

    if (answer_open(&live.answer, options, columns, COLUMNS)) {
        status = find_read(&find, live.answer.history, command, options);
        status =
            status == STATUS_YES ? list(&live, &find) : answer_finish(&live.answer, status, "");
        if (status != STATUS_ERROR)
            answer_caveats(&live.answer, options->now, options->now, find.server, false);
    }
    free(live.items);
    answer_close(&live.answer);
    return status;
}

static const enum option_id taken[] = {
    OPTION_USER, OPTION_PROFILE, OPTION_SERVER,    OPTION_SORT,     OPTION_LIMIT, OPTION_JSON,
    OPTION_CSV,  OPTION_UTC,     OPTION_NO_HEADER, OPTION_DATABASE, OPTION_COUNT};

static const struct command_words words[] = {{OPTION_SORT, orders}, {0}};

const struct command cmd_live = {
    .name = "live",
    .options = taken,
    .words = words,
    .summary = "who is connected now, and how fast",
    .help = "Lists the sessions that are open, the fastest upload first. Rates are those of the\n"
            "last five to ten minutes (one to two of the recorder's buckets), or of as much of\n"
            "them as a session has lived.\n",
    .after = "A table shows 100 sessions unless --limit says otherwise.\n"
             "\n"
             "Exit status: 0 somebody is connected, 1 nobody, 2 something went wrong.\n",
    .run = run,
};
