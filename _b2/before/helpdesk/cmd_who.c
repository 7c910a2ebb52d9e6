/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway who: who had this address, and are we sure? */
#include "helpdesk/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "helpdesk/human.h"
#include "helpdesk/output.h"
#include "helpdesk/who.h"
#include "helpdesk/who_text.h"

#define WITHIN_S 120
#define IN_FULL  4 /* as many are shown one below the other; more are a table */

/* ── one candidate, in full ── */

static void show_profile(const struct who_candidate *candidate)
{
    if (candidate->profile)
        output_field("Profile", "%s%s%s%s", candidate->profile,
                     candidate->chosen_by ? ", chosen by " : "",
                     candidate->chosen_by ? candidate->chosen_by : "",
                     candidate->fell_back ? "; another was wanted and refused" : "");
    else
        output_field("Profile", "not known");
}

static void show_session(const struct who_told *told, const struct who_candidate *candidate)
{
    char from[ZONE_STAMP_SIZE], to[ZONE_STAMP_SIZE], lasted[HUMAN_SIZE];

    zone_stamp(&told->zone, candidate->started, from);
    if (candidate->ended == WHO_NONE) {
        zone_stamp(&told->zone, candidate->last_seen, to);
        output_field("Session", "%" PRId64 ": from %s on, open, last seen at %s",
                     candidate->session, from, to);
        return;
    }
    zone_stamp(&told->zone, candidate->ended, to);
    human_duration(candidate->ended - candidate->started, lasted);
    output_field("Session", "%" PRId64 ": %s to %s (%s), %s", candidate->session, from, to, lasted,
                 candidate->end_reason ? candidate->end_reason : "ended");
}

static void show_address(const struct who_told *told, const struct who_candidate *candidate)
{
    char from[ZONE_STAMP_SIZE], to[ZONE_STAMP_SIZE];

    zone_stamp(&told->zone, candidate->since, from);
    if (candidate->until != WHO_NONE)
        zone_stamp(&told->zone, candidate->until, to);
    output_field("Address", "%s, %s, held from %s %s%s", told->question->address,
                 candidate->is_real ? "its REAL address" : "of the VPN", from,
                 candidate->until == WHO_NONE ? "on" : "to ",
                 candidate->until == WHO_NONE ? "" : to);
}

static void show_real(const struct who_candidate *candidate)
{
    if (!candidate->real)
        output_field("From", "not known, or deleted");
    else if (candidate->real_port != WHO_NONE)
        output_field("From", "%s port %" PRId64, candidate->real, candidate->real_port);
    else
        output_field("From", "%s", candidate->real);
    if (candidate->is_real)
        output_field("VPN", "%s%s%s", candidate->vpn4 ? candidate->vpn4 : "",
                     candidate->vpn4 && candidate->vpn6 ? ", " : "",
                     candidate->vpn6 ? candidate->vpn6 : "");
}

static const char *bytes_text(int64_t bytes, char text[HUMAN_SIZE])
{
    return bytes == WHO_NONE ? "not known" : human_bytes(bytes, text);
}

static void show_bytes(const char *label, int64_t in_window, int64_t in_all)
{
    char some[HUMAN_SIZE], all[HUMAN_SIZE];

    output_field(label, "%s in the window, %s in all", bytes_text(in_window, some),
                 bytes_text(in_all, all));
}

/* Bytes are counted in buckets, which are longer than what is asked. */
static void show_counted(const struct who_told *told, const struct who_candidate *candidate)
{
    char from[ZONE_STAMP_SIZE], to[ZONE_STAMP_SIZE];

    show_bytes("Upload", candidate->in_window.upload, candidate->in_all.upload);
    show_bytes("Download", candidate->in_window.download, candidate->in_all.download);
    if (candidate->in_window.upload == WHO_NONE)
        return;
    output_field("", "(in the window: as counted from %s to %s)",
                 zone_stamp(&told->zone, candidate->in_window.from, from),
                 zone_stamp(&told->zone, candidate->in_window.until, to));
}

static void show_candidate(const struct who_told *told, const struct who_candidate *candidate)
{
    char text[WHO_TEXT_SIZE];

    putchar('\n');
    if (candidate->typed)
        output_field("User", "%s, typed as %s", candidate->user ? candidate->user : "?",
                     candidate->typed);
    else
        output_field("User", "%s", candidate->user ? candidate->user : "?");
    output_field("Certainty", "%s", who_certainty_text(told, candidate, text));
    show_profile(candidate);
    output_field("Server", "%s", candidate->server);
    show_address(told, candidate);
    show_session(told, candidate);
    show_real(candidate);
    output_field("Client", "%s%s%s", candidate->program ? candidate->program : "not known",
                 candidate->platform && candidate->platform[0] != '\0' ? ", " : "",
                 candidate->platform ? candidate->platform : "");
    show_counted(told, candidate);
}

/* ── rows ── */

static const struct output_column columns[] = {
    {"user", "USER", OUTPUT_TEXT, "", false, 0},
    {"typed", NULL, OUTPUT_TEXT, NULL, false, 0},
    {"certainty", "CERTAINTY", OUTPUT_TEXT, NULL, false, 0},
    {"certainty_text", NULL, OUTPUT_TEXT, NULL, false, 0},
    {"at_the_time", NULL, OUTPUT_TEXT, NULL, false, 0},
    {"profile", "PROFILE", OUTPUT_TEXT, NULL, false, 2},
    {"chosen_by", "CHOSEN BY", OUTPUT_TEXT, NULL, false, 7},
    {"fell_back", NULL, OUTPUT_BOOL, NULL, false, 0},
    {"server", "SERVER", OUTPUT_TEXT, NULL, false, 3},
    {"address", NULL, OUTPUT_ADDRESS, NULL, false, 0},
    {"address_is", "ADDRESS IS", OUTPUT_TEXT, NULL, false, 4},
    {"held_since", NULL, OUTPUT_TIME, NULL, false, 0},
    {"held_until", NULL, OUTPUT_TIME, NULL, false, 0},
    {"session", "SESSION", OUTPUT_COUNT, NULL, false, 1},
    {"started", "FROM", OUTPUT_TIME, NULL, false, 0},
    {"ended", "TO", OUTPUT_TIME, "open", false, 0},
    {"end_reason", NULL, OUTPUT_TEXT, NULL, false, 0},
    {"last_seen", NULL, OUTPUT_TIME, NULL, false, 0},
    {"real_address", "REAL ADDRESS", OUTPUT_ADDRESS, NULL, false, 5},
    {"real_port", NULL, OUTPUT_COUNT, NULL, false, 0},
    {"vpn4", NULL, OUTPUT_ADDRESS, NULL, false, 0},
    {"vpn6", NULL, OUTPUT_ADDRESS, NULL, false, 0},
    {"client", "CLIENT", OUTPUT_TEXT, NULL, false, 8},
    {"platform", NULL, OUTPUT_TEXT, NULL, false, 0},
    {"window_upload", "UP IN WINDOW", OUTPUT_BYTES, NULL, false, 2},
    {"window_download", "DOWN IN WINDOW", OUTPUT_BYTES, NULL, false, 6},
    {"counted_from", NULL, OUTPUT_TIME, NULL, false, 0},
    {"counted_until", NULL, OUTPUT_TIME, NULL, false, 0},
    {"upload", "UP IN ALL", OUTPUT_BYTES, NULL, false, 6},
    {"download", "DOWN IN ALL", OUTPUT_BYTES, NULL, false, 7},
};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static struct output_value number(int64_t value)
{
    return value == WHO_NONE ? output_unknown() : output_number(value);
}

static const char *at_word(enum who_at at)
{
    switch (at) {
    case WHO_AT_NO:
        return "no";
    case WHO_AT_MAYBE:
        return "maybe";
    case WHO_AT_YES:
        return "yes";
    }
    return NULL;
}

static bool put_candidate(struct output *output, const struct who_told *told,
                          const struct who_candidate *candidate)
{
    char text[WHO_TEXT_SIZE];
    const struct output_value values[N_COLUMNS] = {
        output_text(candidate->user),
        output_text(candidate->typed ? candidate->typed : candidate->user),
        output_marked(output_text(who_certainty_word(candidate)),
                      candidate->doubts ? TABLE_DOUBT : TABLE_GOOD),
        output_text(who_certainty_text(told, candidate, text)),
        output_text(at_word(candidate->at_time)),
        output_text(candidate->profile),
        output_text(candidate->chosen_by),
        output_number(candidate->fell_back),
        output_text(candidate->server),
        output_text(told->question->address),
        output_text(candidate->is_real ? "real" : "vpn"),
        number(candidate->since),
        number(candidate->until),
        number(candidate->session),
        number(candidate->started),
        number(candidate->ended),
        output_text(candidate->end_reason),
        number(candidate->last_seen),
        output_text(candidate->real),
        number(candidate->real_port),
        output_text(candidate->vpn4),
        output_text(candidate->vpn6),
        output_text(candidate->program),
        output_text(candidate->platform),
        number(candidate->in_window.upload),
        number(candidate->in_window.download),
        number(candidate->in_window.from),
        number(candidate->in_window.until),
        number(candidate->in_all.upload),
        number(candidate->in_all.download),
    };

    return output_row(output, values);
}

/* A row without a name, so that a program cannot overlook that somebody may be missing. */
static bool put_gap(struct output *output, const struct who_told *told, const struct who_gap *gap)
{
    char text[WHO_TEXT_SIZE];
    struct output_value values[N_COLUMNS] = {{0}};

    for (size_t i = 0; i < N_COLUMNS; i++) {
        if (strcmp(columns[i].key, "certainty") == 0)
            values[i] = output_text("not-recorded");
        else if (strcmp(columns[i].key, "certainty_text") == 0)
            values[i] = output_text(who_gap_text(told, gap, text));
        else if (strcmp(columns[i].key, "server") == 0)
            values[i] = output_text(gap->server);
        else if (strcmp(columns[i].key, "started") == 0)
            values[i] = number(gap->began);
        else if (strcmp(columns[i].key, "ended") == 0)
            values[i] = number(gap->ended);
    }
    return output_row(output, values);
}

static bool put_rows(const struct who_told *told, const struct output_style *style)
{
    struct output *output = output_new(style, columns, N_COLUMNS);
    bool ok = output != NULL;

    for (size_t i = 0; ok && i < told->answer->n; i++)
        ok = put_candidate(output, told, &told->answer->candidates[i]);
    for (size_t i = 0; ok && i < told->answer->n_gaps && style->form != OUTPUT_TABLE; i++)
        ok = put_gap(output, told, &told->answer->gaps[i]);
    ok = ok && output_finish(output);
    output_free(output);
    return ok;
}

/* ── the answer ── */

static void show_head(const struct who_told *told)
{
    const struct who_question *question = told->question;
    char from[ZONE_STAMP_SIZE], to[ZONE_STAMP_SIZE], zone[ZONE_TEXT_SIZE], text[WHO_TEXT_SIZE];

    zone_stamp(&told->zone, question->from, from);
    zone_stamp(&told->zone, question->to, to);
    zone_text(&told->zone, question->from, zone);
    output_field("Asked", "%s, %s to %s %s", question->address, from, to, zone);
    output_field("Answer", "%s", who_verdict_text(told, text));
    for (size_t i = 0; i < told->answer->n_gaps; i++)
        output_field(i == 0 ? "Mind" : "", "%s", who_gap_text(told, &told->answer->gaps[i], text));
}

static bool show(const struct who_told *told, const struct options *options)
{
    struct output_style style = output_standard(options->form, options->value[OPTION_UTC].is_given,
                                                options->value[OPTION_NO_HEADER].is_given);

    if (options->form != OUTPUT_TABLE)
        return put_rows(told, &style);
    if (!style.no_header)
        show_head(told);
    if (told->answer->n > IN_FULL || style.no_header) {
        if (told->answer->n > 0 && !style.no_header)
            putchar('\n');
        return told->answer->n == 0 || put_rows(told, &style);
    }
    for (size_t i = 0; i < told->answer->n; i++)
        show_candidate(told, &told->answer->candidates[i]);
    return true;
}

static enum status ask(struct history *history, const struct who_question *question,
                       const struct options *options)
{
    struct who_answer answer = {0};
    const struct who_told told = {question, &answer, options->zone};
    char why[HISTORY_WHY_SIZE];
    enum status status = STATUS_ERROR;

    if (who_ask(history, question, &answer) && show(&told, options))
        status = answer.n > 0 ? STATUS_YES : STATUS_NO;
    else if (history_trouble(history, why) != HISTORY_FINE)
        command_error("%s", why);
    else
        command_error("out of memory");
    who_free(&answer);
    return status;
}

/* The window around the named time: nothing is known of what has not happened yet. */
static bool read_question(const struct command *command, const struct options *options,
                          struct who_question *question, char address[OPTIONS_ADDRESS_SIZE])
{
    const struct option_value *at = &options->value[OPTION_AT];
    int64_t within = options_number(options, OPTION_WITHIN, WITHIN_S);

    *question = (struct who_question){
        .address = address,
        .asked = at->is_given ? at->when.epoch : options->now,
        .asked_to = at->is_given ? at->when.last : options->now,
        .server = options_text(options, OPTION_SERVER, NULL),
        .real_only = options->value[OPTION_REAL].is_given,
        .now = options->now,
    };
    question->from = question->asked - within;
    question->to = question->asked_to + within;
    if (question->to > options->now)
        question->to = options->now;
    if (question->asked_to > question->to)
        question->asked_to = question->to;
    if (!options_address(options->operands[0], address)) {
        command_misuse(command, "\"%s\" is not an IPv4 or IPv6 address", options->operands[0]);
        return false;
    }
    if (question->from > options->now || question->asked > options->now) {
        command_error("that time has not come yet");
        return false;
    }
    return true;
}

/* A name that is mistyped would make everybody innocent. */
static bool is_server(struct history *history, const char *name)
{
    sqlite3_stmt *row = history_statement(history, "who.server");
    char why[HISTORY_WHY_SIZE];
    bool found = false;

    if (row) {
        sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
        found = history_row(history, row);
        sqlite3_reset(row);
    }
    if (!found && history_trouble(history, why) != HISTORY_FINE)
        command_error("%s", why);
    else if (!found)
        command_error("nothing was recorded of a server \"%s\"", name);
    return found;
}

static enum status run(const struct command *command, const struct options *options)
{
    struct who_question question;
    char address[OPTIONS_ADDRESS_SIZE], why[HISTORY_WHY_SIZE];
    enum history_trouble trouble = HISTORY_FINE;
    struct history *history = NULL;
    enum status status = STATUS_ERROR;

    if (!read_question(command, options, &question, address))
        return STATUS_ERROR;
    history = history_open(options_database(options), &trouble, why);
    if (!history)
        return command_error("%s", why);
    if (!question.server || is_server(history, question.server))
        status = ask(history, &question, options);
    history_close(history);
    return status;
}

static const enum option_id taken[] = {
    OPTION_AT,  OPTION_WITHIN, OPTION_SERVER,    OPTION_REAL,     OPTION_JSON,
    OPTION_CSV, OPTION_UTC,    OPTION_NO_HEADER, OPTION_DATABASE, OPTION_COUNT};

const struct command cmd_who = {
    .name = "who",
    .operands = "ADDRESS",
    .least_operands = 1,
    .most_operands = 1,
    .operand = OPTION_IP,
    .options = taken,
    .summary = "who had an address at a time, and how sure that is",
    .help =
        "Finds everybody who held an address of the VPN, or had it as the real one they came\n"
        "from, at some moment of the time asked for, and says how sure that is. A name alone is\n"
        "an answer only where it says \"certain\": nobody else can have held it then.\n",
    .after = "ADDRESS is an IPv4 or IPv6 address. Without --at it is about now.\n"
             "\n"
             "Exit status: 0 somebody is known to have held it, or that they may have; 1 nobody\n"
             "is (the answer says whether anybody was recording); 2 something went wrong.\n",
    .run = run,
};
