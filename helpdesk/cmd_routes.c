/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway routes: the route sets and groups of a policy, and how their sources do. */
#include "config.h"

#include "helpdesk/command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/answer.h"
#include "helpdesk/living.h"
#include "helpdesk/policy_file.h"

enum {
    KIND,
    NAME,
    SHOWN_NAME, /* "group staff", and indented sources: for tables */
    SOURCE,
    STATE,
    GOT,
    CHECKED,
    AGE,
    DUE,
    SHOWN_DUE,
    READ,
    KEPT,
    DROPPED,
    FAILURES,
    HOLDS,
    FILE_VERSION,
    FILE_NAME,
    LINE,
    NOTE,
    COLUMNS
};

static const struct output_column columns[COLUMNS] = {
    [KIND] = {.key = "kind", .kind = OUTPUT_TEXT},
    [NAME] = {.key = "name", .kind = OUTPUT_TEXT},
    [SHOWN_NAME] = {.title = "ROUTES", .kind = OUTPUT_TEXT, .folds = true},
    [SOURCE] = {.key = "source", .kind = OUTPUT_TEXT},
    [STATE] = {.key = "state", .title = "STATE", .kind = OUTPUT_TEXT, .unknown = "-"},
    [GOT] = {.key = "got", .kind = OUTPUT_TIME},
    [CHECKED] = {.key = "checked", .kind = OUTPUT_TIME},
    [AGE] = {.title = "CHECKED", .kind = OUTPUT_TEXT, .unknown = "-", .spare = 1},
    [DUE] = {.key = "due", .kind = OUTPUT_TIME},
    [SHOWN_DUE] = {.title = "DUE", .kind = OUTPUT_TEXT, .unknown = "-", .spare = 3},
    [READ] = {.key = "read", .title = "READ", .kind = OUTPUT_COUNT, .unknown = "-"},
    [KEPT] = {.key = "kept", .title = "KEPT", .kind = OUTPUT_COUNT, .unknown = "-"},
    [DROPPED] =
        {.key = "dropped", .title = "LEFT OUT", .kind = OUTPUT_COUNT, .unknown = "-", .spare = 2},
    [FAILURES] = {.key = "failures", .kind = OUTPUT_COUNT},
    [HOLDS] = {.key = "held_back", .kind = OUTPUT_COUNT},
    [FILE_VERSION] = {.key = "version", .kind = OUTPUT_TIME},
    [FILE_NAME] = {.key = "file", .kind = OUTPUT_TEXT},
    [LINE] = {.key = "line", .kind = OUTPUT_COUNT},
    [NOTE] = {.key = "note",
              .title = "NOTE",
              .kind = OUTPUT_TEXT,
              .unknown = "",
              .folds = true,
              .spare = 4},
};

struct listing {
    const struct options *options;
    const struct policy *policy;
    struct answer answer;
    size_t n_trouble; /* sources that are not as they should be */
};

static struct output_value time_value(int64_t at)
{
    return at == 0 ? output_unknown() : output_number(at);
}

static struct output_value count_value(uint64_t n)
{
    return output_number(n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

/* ── rows ── */

struct heading {
    const char *kind; /* "routes" or "group" */
    const char *name;
    size_t read;
    size_t kept;
    const char *file;
    unsigned line;
};

static void blank(struct output_value values[COLUMNS], const struct heading *heading)
{
    for (size_t i = 0; i < COLUMNS; i++)
        values[i] = output_unknown();
    values[KIND] = output_text(heading->kind);
    values[NAME] = output_text(heading->name);
}

/* The set as it is in use, with all its sources. */
static bool show_heading(struct listing *listing, const struct heading *heading,
                         const struct living *living)
{
    struct output_value values[COLUMNS];
    char shown[POLICY_MAX_NAME + 80];

    blank(values, heading);
    snprintf(shown, sizeof(shown), "%s%s", strcmp(heading->kind, "group") == 0 ? "group " : "",
             heading->name);
    values[SHOWN_NAME] = output_text(shown);
    values[READ] = output_number((int64_t)heading->read);
    values[KEPT] = output_number((int64_t)heading->kept);
    values[FILE_VERSION] = time_value(living->version);
    values[FILE_NAME] = output_text(heading->file);
    values[LINE] = output_number(heading->line);
    return output_row(listing->answer.output, values);
}

static enum table_mark mark_of(enum living_state state)
{
    switch (state) {
    case LIVING_GOOD:
        return TABLE_GOOD;
    case LIVING_HELD:
    case LIVING_FAILING:
    case LIVING_DAMAGED:
        return TABLE_BAD;
    case LIVING_GONE:
    case LIVING_BY_HAND:
    case LIVING_NEVER:
    case LIVING_OVERDUE:
        break;
    }
    return TABLE_DOUBT;
}

static const char *what_of(const struct living_source *source)
{
    return source->what[0] != '\0' ? source->what : "by hand";
}

static bool show_source(struct listing *listing, const struct heading *heading,
                        const struct living_source *source)
{
    struct output_value values[COLUMNS];
    char age[LIVING_SPAN_SIZE], due[LIVING_SPAN_SIZE];
    int64_t now = listing->options->now;
    char *name = NULL;
    char *note = living_note(source);
    bool ok = note && asprintf(&name, "  %s", what_of(source)) >= 0;

    blank(values, heading);
    values[SHOWN_NAME] = output_text(ok ? name : NULL);
    values[SOURCE] = output_text(source->what);
    values[STATE] =
        output_marked(output_text(living_state_name(source->state)), mark_of(source->state));
    values[GOT] = time_value(source->got_at);
    values[CHECKED] = time_value(source->checked_at);
    values[AGE] = output_text(living_ago(source->checked_at, now, age));
    values[DUE] = time_value(source->due_at);
    values[SHOWN_DUE] = output_text(living_due(source->due_at, now, due));
    values[READ] = count_value(source->read);
    values[KEPT] = count_value(source->kept);
    values[DROPPED] = count_value(source->dropped);
    values[FAILURES] = count_value(source->status ? source->status->failures : 0);
    values[HOLDS] = count_value(source->status ? source->status->holds : 0);
    values[FILE_NAME] = output_text(source->file);
    values[LINE] = source->file ? output_number(source->line) : output_unknown();
    values[NOTE] = output_text(note && note[0] != '\0' ? note : NULL);
    if (ok) {
        ok = output_row(listing->answer.output, values);
        free(name);
    }
    free(note);
    return ok;
}

/* ── one set with all that is known, for people ── */

static void show_drops(const struct state_source *section)
{
    for (size_t i = 0; i < section->n_drops; i++)
        output_field(i == 0 ? "Left out" : "", "%s %s", section->drops[i].what,
                     section->drops[i].why);
    if (section->dropped > section->n_drops)
        output_field(section->n_drops == 0 ? "Left out" : "", "%" PRIu64 " more",
                     section->dropped - section->n_drops);
}

static void show_time(const struct listing *listing, const char *label, int64_t at,
                      const char *beside)
{
    char text[ANSWER_TIME_SIZE];

    if (at != 0)
        output_field(label, "%s%s%s%s", answer_time(&listing->answer, at, text), beside ? " (" : "",
                     beside ? beside : "", beside ? ")" : "");
}

static bool show_details(struct listing *listing, const struct living_source *source)
{
    char got[LIVING_SPAN_SIZE], checked[LIVING_SPAN_SIZE], due[LIVING_SPAN_SIZE];
    int64_t now = listing->options->now;
    char *note = living_note(source);

    putchar('\n');
    output_field("Source", "%s", what_of(source));
    if (source->file)
        output_field("Named at", "%s:%u", source->file, source->line);
    output_field("State", "%s%s%s", living_state_name(source->state),
                 note && note[0] != '\0' ? ": " : "", note ? note : "");
    show_time(listing, "Got", source->got_at, living_ago(source->got_at, now, got));
    show_time(listing, "Checked", source->checked_at, living_ago(source->checked_at, now, checked));
    show_time(listing, "Due", source->due_at, living_due(source->due_at, now, due));
    output_field("Prefixes", "%" PRIu64 " read, %" PRIu64 " kept, %" PRIu64 " left out",
                 source->read, source->kept, source->dropped);
    if (source->section)
        show_drops(source->section);
    free(note);
    return note != NULL;
}

static void show_counts(const struct heading *heading)
{
    if (strcmp(heading->kind, "group") == 0)
        output_field("In use", "%zu member%s", heading->kept, heading->kept == 1 ? "" : "s");
    else
        output_field("In use", "%zu prefix%s after merging and exceptions, of %zu", heading->kept,
                     heading->kept == 1 ? "" : "es", heading->read);
}

/* ── all of one set or group ── */

static bool show_living(struct listing *listing, const struct heading *heading,
                        const struct living *living, bool alone)
{
    bool ok = true;

    if (alone) {
        output_field(strcmp(heading->kind, "group") == 0 ? "Group" : "Routes", "%s, of %s:%u",
                     heading->name, heading->file, heading->line);
        show_counts(heading);
        show_time(listing, "Version", living->version, NULL);
    } else {
        ok = show_heading(listing, heading, living);
    }
    if (alone && living->n == 0)
        output_field("Sources", "none: nothing of it is looked up");
    for (size_t i = 0; ok && i < living->n; i++) {
        const struct living_source *source = &living->sources[i];

        listing->n_trouble += source->state != LIVING_GOOD && source->state != LIVING_BY_HAND;
        ok = alone ? show_details(listing, source) : show_source(listing, heading, source);
    }
    return ok;
}

static bool show_set(struct listing *listing, const struct policy_route_set *set, bool alone)
{
    struct living living;
    struct heading heading = {.kind = "routes",
                              .name = set->name,
                              .read = set->written,
                              .file = set->file,
                              .line = set->line};
    bool ok = living_of_set(&living, listing->policy, set, listing->options->now);

    prefix_set_cover(set->prefixes, &heading.kept, NULL);
    ok = ok && show_living(listing, &heading, &living, alone);
    living_free(&living);
    return ok;
}

static bool show_group(struct listing *listing, const struct policy_group *group, bool alone)
{
    struct living living;
    struct heading heading = {.kind = "group",
                              .name = group->name,
                              .read = group->n_members,
                              .kept = group->n_members,
                              .file = group->file,
                              .line = group->line};
    bool ok = living_of_group(&living, listing->policy, group, listing->options->now) &&
              show_living(listing, &heading, &living, alone);

    living_free(&living);
    return ok;
}

/* ── the command ── */

static bool show_all(struct listing *listing)
{
    const struct policy *policy = listing->policy;
    bool ok = true;

    for (size_t i = 0; ok && i < policy->n_route_sets; i++)
        if (names_is_plain(policy->route_sets[i].name)) /* none is `routes 10.0.0.0/8` */
            ok = show_set(listing, &policy->route_sets[i], false);
    for (size_t i = 0; ok && i < policy->n_groups; i++)
        if (policy->groups[i].n_unix_groups > 0)
            ok = show_group(listing, &policy->groups[i], false);
    return ok;
}

/* What was asked for; both NULL for everything. */
struct asked {
    const struct policy_route_set *set;
    const struct policy_group *group;
};

/* A group is found if there is no route set of that name. */
static bool find_asked(struct asked *asked, const struct policy *policy, const char *name)
{
    asked->group = policy_find_group(policy, name);
    if (asked->group && asked->group->n_unix_groups > 0 && !policy_find_route_set(policy, name))
        return true;
    asked->group = NULL;
    asked->set = policy_file_route_set(policy, name);
    return asked->set != NULL;
}

static enum status answer(struct listing *listing, const struct asked *asked)
{
    bool alone = (asked->set || asked->group) && listing->options->form == OUTPUT_TABLE;
    enum status status;
    bool ok = answer_begin(&listing->answer, listing->options, alone ? NULL : columns, COLUMNS);

    if (ok && asked->set)
        ok = show_set(listing, asked->set, alone);
    else if (ok && asked->group)
        ok = show_group(listing, asked->group, alone);
    else if (ok)
        ok = show_all(listing);
    if (!ok)
        command_error("out of memory");
    status = answer_finish(&listing->answer, ok ? STATUS_YES : STATUS_ERROR,
                           "the policy has no route sets");
    answer_close(&listing->answer);
    return status == STATUS_YES && listing->n_trouble > 0 ? STATUS_NO : status;
}

static enum status run(const struct command *command, const struct options *options)
{
    struct listing listing = {.options = options};
    struct policy_file file = {0};
    struct asked asked = {0};
    enum status status = STATUS_ERROR;

    (void)command;
    listing.policy =
        policy_file_need(&file, options_text(options, OPTION_POLICY, POLICY_FILE_DEFAULT), NULL);
    if (listing.policy &&
        (options->n_operands == 0 || find_asked(&asked, listing.policy, options->operands[0])))
        status = answer(&listing, &asked);
    policy_file_free(&file);
    return status;
}

static const enum option_id taken[] = {OPTION_JSON,      OPTION_CSV,    OPTION_UTC,
                                       OPTION_NO_HEADER, OPTION_POLICY, OPTION_COUNT};

const struct command cmd_routes = {
    .name = "routes",
    .operands = "[SET]",
    .most_operands = 1,
    .operand = OPTION_A_ROUTE_SET,
    .options = taken,
    .summary = "the route sets of a policy, and how their sources do",
    .help =
        "Lists the route sets of a policy, and the groups whose members are looked up: how many\n"
        "prefixes (or members) there are, as they came and after merging; and of each source when\n"
        "it was last found right, when it is due, what it had, what of it was left out, and\n"
        "whether it fails or its result was held back. With SET it says why, too.\n",
    .after =
        "SET is a route set, or a group with unix-group.\n"
        "\n"
        "Exit status: 0 every source is as it should be, 1 one is not, 2 something went wrong.\n",
    .run = run,
};
