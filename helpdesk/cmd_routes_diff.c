/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway routes diff: which prefixes came to a route set and which went, since some time. */
#include "config.h"

#include "helpdesk/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/answer.h"
#include "helpdesk/policy_file.h"
#include "lib/duration.h"
#include "lib/state_status.h"

enum { PREFIX, CHANGE, AT, SOURCE, COLUMNS };

static const struct output_column columns[COLUMNS] = {
    [CHANGE] = {.key = "change", .title = "CHANGE", .kind = OUTPUT_TEXT},
    [PREFIX] = {.key = "prefix", .title = "PREFIX", .kind = OUTPUT_ADDRESS},
    [AT] = {.key = "at", .title = "TIME", .kind = OUTPUT_TIME},
    [SOURCE] = {.key = "source", .title = "SOURCE", .kind = OUTPUT_TEXT, .folds = true},
};

/* The changes that were asked about, and the file they point into. */
struct changes {
    char *text;
    struct state_change *items;
    size_t n;
    size_t room;
    int64_t first_at; /* of all in the file; 0: none */
};

static bool keep(struct changes *changes, const struct state_change *change)
{
    if (changes->n == changes->room) {
        size_t room = changes->room ? changes->room * 2 : 256;
        struct state_change *items = reallocarray(changes->items, room, sizeof(*items));

        if (!items)
            return false;
        changes->items = items;
        changes->room = room;
    }
    changes->items[changes->n++] = *change;
    return true;
}

/* Those from `since` on. False when memory is out. */
static bool take_lines(struct changes *changes, size_t n, int64_t since)
{
    const char *at = changes->text, *end = changes->text + n;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        struct state_change change;

        if (!newline) /* being written */
            break;
        if (state_change_parse(at, (size_t)(newline - at), &change)) {
            if (changes->first_at == 0 || change.at < changes->first_at)
                changes->first_at = change.at;
            if (change.at >= since && !keep(changes, &change))
                return false;
        }
        at = newline + 1;
    }
    return true;
}

static int compare_sources(const struct state_change *a, const struct state_change *b)
{
    size_t n = a->source_n < b->source_n ? a->source_n : b->source_n;
    int order = memcmp(a->source, b->source, n);

    return order != 0 ? order : (a->source_n > b->source_n) - (a->source_n < b->source_n);
}

/* By prefix and source; of the same the earlier, which stands before in the file. */
static int compare(const void *x, const void *y)
{
    const struct state_change *a = x, *b = y;
    int order = prefix_compare(&a->prefix, &b->prefix);

    if (order == 0)
        order = compare_sources(a, b);
    return order != 0 ? order : (a->source > b->source) - (a->source < b->source);
}

static bool same_thing(const struct state_change *a, const struct state_change *b)
{
    return prefix_compare(&a->prefix, &b->prefix) == 0 && compare_sources(a, b) == 0;
}

static bool show(struct output *output, const struct state_change *change)
{
    struct output_value values[COLUMNS];
    char prefix[PREFIX_TEXT_SIZE];
    char *source = strndup(change->source, change->source_n);
    bool ok = source != NULL;

    prefix_format(&change->prefix, prefix);
    values[CHANGE] = output_marked(output_text(change->added ? "added" : "removed"),
                                   change->added ? TABLE_GOOD : TABLE_BAD);
    values[PREFIX] = output_text(prefix);
    values[AT] = output_number(change->at);
    values[SOURCE] = output_text(source);
    ok = ok && output_row(output, values);
    free(source);
    return ok;
}

/* What came and went again, or went and came back, is no change. */
static bool show_net(struct answer *answer, struct changes *changes)
{
    bool ok = true;

    if (changes->n > 0)
        qsort(changes->items, changes->n, sizeof(*changes->items), compare);
    for (size_t i = 0, last; ok && i < changes->n; i = last + 1) {
        for (last = i;
             last + 1 < changes->n && same_thing(&changes->items[i], &changes->items[last + 1]);)
            last++;
        if (changes->items[i].added == changes->items[last].added)
            ok = show(answer->output, &changes->items[last]);
    }
    return ok;
}

/* False, having said so, if the file is there and cannot be read. */
static bool load(struct changes *changes, const struct policy *policy, const char *set,
                 int64_t since)
{
    char path[STATE_PATH_SIZE];
    size_t n = 0;

    changes->text = state_load(policy->state_dir, state_changes_path(set, path), &n);
    if (!changes->text && errno != ENOENT) {
        command_error("%s/%s: %s", policy->state_dir, path, strerror(errno));
        return false;
    }
    if (changes->text && !take_lines(changes, n, since)) {
        command_error("out of memory");
        return false;
    }
    return true;
}

static enum status diff(const struct options *options, const struct policy *policy,
                        const struct policy_route_set *set)
{
    int64_t since = options->value[OPTION_SINCE].is_given ? options->value[OPTION_SINCE].when.epoch
                                                          : options->now - DURATION_DAY;
    struct changes changes = {0};
    struct answer answer = {0};
    char text[ANSWER_TIME_SIZE];
    enum status status = STATUS_ERROR;

    if (load(&changes, policy, set->name, since) &&
        answer_begin(&answer, options, columns, COLUMNS)) {
        status = show_net(&answer, &changes) ? STATUS_YES : command_error("out of memory");
        status = answer_finish(&answer, status, "nothing changed");
        if (changes.first_at > since && status != STATUS_ERROR)
            answer_note(&answer, "what is known begins at %s.",
                        answer_time(&answer, changes.first_at, text));
    }
    answer_close(&answer);
    free(changes.items);
    free(changes.text);
    return status;
}

static enum status run(const struct command *command, const struct options *options)
{
    struct policy_file file = {0};
    const struct policy *policy =
        policy_file_need(&file, options_text(options, OPTION_POLICY, POLICY_FILE_DEFAULT), NULL);
    const struct policy_route_set *set =
        policy ? policy_file_route_set(policy, options->operands[0]) : NULL;
    enum status status = STATUS_ERROR;

    (void)command;
    if (set)
        status = diff(options, policy, set);
    policy_file_free(&file);
    return status;
}

static const enum option_id taken[] = {OPTION_SINCE,     OPTION_JSON,   OPTION_CSV,  OPTION_UTC,
                                       OPTION_NO_HEADER, OPTION_POLICY, OPTION_COUNT};

const struct command cmd_routes_diff = {
    .name = "routes diff",
    .operands = "SET",
    .least_operands = 1,
    .most_operands = 1,
    .operand = OPTION_A_ROUTE_SET,
    .options = taken,
    .summary = "which prefixes of a route set came and went",
    .help = "Lists the prefixes that sources of a route set gave or took back since some time, a\n"
            "day unless given: what is another one now than then, with when that was. What came\n"
            "and went again in between is not shown.\n",
    .after = "Exit status: 0 something changed, 1 nothing changed, 2 something went wrong.\n",
    .run = run,
};
