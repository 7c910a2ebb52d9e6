/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One session for people: fields, its addresses, its traffic over time. */
#include "config.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/bars.h"
#include "helpdesk/human.h"
#include "helpdesk/story.h"
#include "helpdesk/tally.h"

#define MAX_STEPS    20000
#define HEIGHT       6
#define USUAL_WIDTH  80
#define TEXT_SIZE    600
#define RIVALS_SHOWN 3

/* ── fields ── */

static const char *or_unknown(const char *text)
{
    return text ? text : "?";
}

static void show_user(const struct record *record)
{
    char typed[TEXT_SIZE] = "", name[TEXT_SIZE] = "";

    if (record->typed && strcmp(record->typed, record->user) != 0)
        snprintf(typed, sizeof(typed), ", typed \"%s\"", record->typed);
    if (record->common_name && strcmp(record->common_name, record->user) != 0)
        snprintf(name, sizeof(name), ", certificate \"%s\"", record->common_name);
    output_field("User", "%s%s%s", record->user, typed, name);
}

static void show_tunnel(const struct record *record)
{
    char place[TEXT_SIZE] = "";
    size_t n = 0;

    if (record->profile)
        output_field("Tunnel", "%s, by %s%s", record->profile, or_unknown(record->chosen_by),
                     record->fell_back ? "; another one was asked for and refused" : "");
    else
        output_field("Tunnel", "not known: the server has no plugin, or did not tell");
    if (record->pid != RECORD_NONE)
        n = (size_t)snprintf(place, sizeof(place), ", process %" PRId64, record->pid);
    if (record->cid != RECORD_NONE)
        snprintf(place + n, sizeof(place) - n, ", client %" PRId64, record->cid);
    output_field("Server", "%s%s", or_unknown(record->server), place);
}

/* "journals of 2026-11-20 13:05:00", of "journals@1763643900"; other text as it is. */
static size_t describe_version(const struct answer *answer, const char *item, size_t n, char *text,
                               size_t size)
{
    const char *at = memchr(item, '@', n);
    char time[ANSWER_TIME_SIZE];
    char number[24];
    char *end = number;
    long long epoch = 0;

    if (at && item + n - at - 1 < (ptrdiff_t)sizeof(number)) {
        snprintf(number, sizeof(number), "%.*s", (int)(item + n - at - 1), at + 1);
        epoch = strtoll(number, &end, 10);
    }
    if (!at || end == number || *end || epoch < 0 || epoch > RECORD_LAST)
        return (size_t)snprintf(text, size, "%.*s", (int)n, item);
    if (epoch == 0)
        return (size_t)snprintf(text, size, "%.*s, of which nothing was looked up yet",
                                (int)(at - item), item);
    return (size_t)snprintf(text, size, "%.*s of %s", (int)(at - item), item,
                            answer_time(answer, epoch, time));
}

/* Which versions of routes that are looked up it was given. */
static void show_routes(const struct record *record, const struct answer *answer)
{
    const char *item = record->routes;
    char text[TEXT_SIZE] = "";
    size_t used = 0;

    while (item && *item && used < sizeof(text)) {
        size_t n = strcspn(item, ",");

        if (used > 0)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "; ");
        if (used < sizeof(text))
            used += describe_version(answer, item, n, text + used, sizeof(text) - used);
        item += n + (item[n] != '\0');
    }
    if (used > 0)
        output_field("Routes", "%s", text);
}

/* Until when it lasted, and how sure that is. */
static void show_end(const struct record *record, const struct answer *answer)
{
    char ended[ANSWER_TIME_SIZE], gone_by[ANSWER_TIME_SIZE], lasted[HUMAN_SIZE];

    human_duration(record_duration(record, answer->options->now), lasted);
    if (record->ended == RECORD_NONE && record->last_seen == RECORD_NONE) {
        output_field("Ended", "not yet: open for %s", lasted);
        return;
    }
    if (record->ended == RECORD_NONE) {
        output_field("Ended", "not yet: open for %s, the last sign of life was at %s", lasted,
                     answer_time(answer, record->last_seen, ended));
        return;
    }
    answer_time(answer, record->ended, ended);
    if (record->end_seen && record_last(record) == record->ended) {
        output_field("Ended", "%s, after %s", ended, lasted);
    } else {
        output_field("Last seen", "%s, after %s: the end was not seen", ended, lasted);
        output_field("Gone by", "%s at the latest",
                     answer_time(answer, record_last(record), gone_by));
    }
    if (record->end_reason)
        output_field("Because", "%s (%s)", or_unknown(record->end_meaning), record->end_reason);
}

static void show_client(const struct record *record)
{
    char login[64] = "";

    if (record->handshake_s != RECORD_NONE)
        snprintf(login, sizeof(login), "; the login took %" PRId64 "s", record->handshake_s);
    if (record->real && record->real_port != RECORD_NONE)
        output_field("From", "%s port %" PRId64, record->real, record->real_port);
    if (record->program || record->platform)
        output_field("Client", "%s on %s%s", or_unknown(record->program),
                     or_unknown(record->platform), login);
}

static const char *bytes_text(int64_t bytes, char text[HUMAN_SIZE])
{
    return bytes == RECORD_NONE ? "not known" : human_bytes(bytes, text);
}

static void show_fields(const struct record *record, const struct answer *answer)
{
    char began[ANSWER_TIME_SIZE], up[HUMAN_SIZE], down[HUMAN_SIZE];

    output_field("Session", "%" PRId64, record->id);
    show_user(record);
    show_tunnel(record);
    show_routes(record, answer);
    output_field("Began", "%s", answer_time(answer, record->started, began));
    show_end(record, answer);
    show_client(record);
    output_field("Upload", "%s", bytes_text(record->upload, up));
    output_field("Download", "%s", bytes_text(record->download, down));
}

/* ── addresses ── */

enum { ADDRESS, KIND, SINCE, UNTIL, NOTE, COLUMNS };

static const struct output_column columns[COLUMNS] = {
    [ADDRESS] = {.title = "ADDRESS", .kind = OUTPUT_ADDRESS},
    [KIND] = {.title = "KIND", .kind = OUTPUT_TEXT},
    [SINCE] = {.title = "SINCE", .kind = OUTPUT_TIME},
    [UNTIL] = {.title = "UNTIL", .kind = OUTPUT_TIME, .unknown = "now"},
    [NOTE] = {.title = "HOW SURE", .kind = OUTPUT_TEXT, .folds = true},
};

/* "certain; also held by bob (session 17 on campus)". */
static void say_how_sure(const struct story_address *address, const struct answer *answer,
                         char text[TEXT_SIZE])
{
    char until[ANSWER_TIME_SIZE];
    size_t n = 0;

    if (address->until != address->certain_until)
        n = (size_t)snprintf(text, TEXT_SIZE, "certain until %s, possible after that",
                             answer_time(answer, address->certain_until, until));
    else
        n = (size_t)snprintf(text, TEXT_SIZE, "%s",
                             address->n_rivals > 0 ? "not alone" : "certain");
    for (size_t i = 0; i < address->n_rivals && i < RIVALS_SHOWN && n < TEXT_SIZE; i++)
        n += (size_t)snprintf(text + n, TEXT_SIZE - n,
                              "; %s may have held it, too (session %" PRId64 " on %s)",
                              or_unknown(address->rivals[i].user), address->rivals[i].session,
                              or_unknown(address->rivals[i].server));
    if (address->n_rivals > RIVALS_SHOWN && n < TEXT_SIZE)
        snprintf(text + n, TEXT_SIZE - n, "; and others");
}

static bool show_addresses(const struct story *story, const struct answer *answer)
{
    struct output *output = output_new(&answer->style, columns, COLUMNS);
    bool ok = output != NULL;

    for (size_t i = 0; ok && i < story->n_addresses; i++) {
        const struct story_address *address = &story->addresses[i];
        bool is_sure = address->until == address->certain_until && address->n_rivals == 0;
        char sure[TEXT_SIZE];
        struct output_value values[COLUMNS] = {[ADDRESS] = output_text(address->text),
                                               [KIND] =
                                                   output_text(address->is_real ? "real" : "VPN"),
                                               [SINCE] = record_value(address->since),
                                               [UNTIL] = record_value(address->until)};

        say_how_sure(address, answer, sure);
        values[UNTIL].is_about = address->until != address->certain_until;
        values[NOTE] = output_marked(output_text(sure), is_sure ? TABLE_GOOD : TABLE_DOUBT);
        ok = output_row(output, values);
    }
    if (ok && story->n_addresses > 0)
        putchar('\n');
    ok = ok && output_finish(output);
    output_free(output);
    return ok;
}

/* ── traffic ── */

/* Steps of time that the drawing is made of. */
struct steps {
    int64_t start, step_s;
    size_t n;
    int64_t *upload, *download;
};

static bool make_steps(struct steps *steps, const struct story *story)
{
    int64_t bucket_s = story->bucket_s;
    int64_t length = 0;

    steps->start = story->record.started - story->record.started % bucket_s;
    length = story->end - steps->start + 1;
    steps->step_s = (length / MAX_STEPS / bucket_s + 1) * bucket_s;
    steps->n = (size_t)((length + steps->step_s - 1) / steps->step_s);
    steps->upload = calloc(steps->n, sizeof(*steps->upload));
    steps->download = calloc(steps->n, sizeof(*steps->download));
    return steps->upload && steps->download;
}

static void mark(struct steps *steps, int64_t from, int64_t to)
{
    size_t i = from > steps->start ? (size_t)((from - steps->start) / steps->step_s) : 0;

    for (; i < steps->n && steps->start + (int64_t)i * steps->step_s < to; i++)
        steps->upload[i] = steps->download[i] = BARS_UNKNOWN;
}

/* Where bytes are missing, retention has deleted the oldest buckets. */
static void mark_deleted(struct steps *steps, const struct story *story)
{
    int64_t sum = 0;

    for (size_t i = 0; i < story->n_traffic; i++)
        sum = tally_plus(sum, story->traffic[i].upload);
    if (sum < story->record.upload)
        mark(steps, steps->start, story->oldest);
}

/* Bytes of a longer time than a bucket are known, but not when in it they were sent. */
static void fill_steps(struct steps *steps, const struct story *story)
{
    for (size_t j = 0; j < story->n_traffic; j++) {
        const struct story_traffic *traffic = &story->traffic[j];
        int64_t i = (traffic->bucket - steps->start) / steps->step_s;

        if (traffic->bucket < steps->start || i >= (int64_t)steps->n)
            continue;
        if (traffic->since < traffic->bucket) {
            mark(steps, traffic->since, traffic->until);
        } else if (steps->upload[i] != BARS_UNKNOWN) {
            steps->upload[i] = tally_plus(steps->upload[i], traffic->upload);
            steps->download[i] = tally_plus(steps->download[i], traffic->download);
        }
    }
}

static bool draw(const char *what, const int64_t *bytes, const struct steps *steps,
                 const struct answer *answer)
{
    struct bars_series series = {
        .start = steps->start, .step_s = steps->step_s, .bytes = bytes, .n = steps->n};
    struct bars_layout layout = {.width =
                                     answer->style.width > 0 ? answer->style.width : USUAL_WIDTH,
                                 .height = HEIGHT,
                                 .blocks = bars_has_blocks(),
                                 .zone = answer->style.zone};
    char *text = bars_over_time(&series, &layout);

    if (text)
        printf("\n%s\n%s", what, text);
    free(text);
    return text != NULL;
}

/* Nothing is drawn of what is not known, and nothing of nothing. */
static bool show_traffic(const struct story *story, const struct answer *answer)
{
    const struct record *record = &story->record;
    struct steps steps = {0};
    bool ok = true;

    if (record->upload == RECORD_NONE && record->download == RECORD_NONE && story->n_traffic == 0)
        return true;
    if (story->n_traffic == 0) {
        if (record->upload > 0 || record->download > 0)
            answer_note(answer, "when these bytes were sent is not on record (any more).");
        return true;
    }
    ok = make_steps(&steps, story);
    if (ok) {
        fill_steps(&steps, story);
        mark_deleted(&steps, story);
        ok = draw("Upload", steps.upload, &steps, answer) &&
             draw("Download", steps.download, &steps, answer);
    }
    free(steps.upload);
    free(steps.download);
    return ok;
}

bool story_text(const struct story *story, const struct answer *answer)
{
    show_fields(&story->record, answer);
    return show_addresses(story, answer) && show_traffic(story, answer);
}
