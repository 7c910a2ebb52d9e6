/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway routes test: would an address go through the tunnel, and because of which line. */
#include "config.h"

#include "helpdesk/command.h"

#include <stdlib.h>
#include <string.h>

#include "helpdesk/answer.h"
#include "helpdesk/explain.h"
#include "helpdesk/policy_file.h"
#include "helpdesk/reach.h"

enum {
    PROFILE,
    IS_DEFAULT,
    TUNNEL,
    USER,
    ADDRESS,
    THROUGH,
    WHY,
    PREFIX,
    SET,
    HOLDER,
    HOLDER_NAME,
    FILE_NAME,
    LINE,
    SOURCE,
    SOURCE_FILE,
    SOURCE_LINE,
    AS_OF,
    BECAUSE,
    COLUMNS
};

static const struct output_column columns[COLUMNS] = {
    [PROFILE] = {.key = "profile", .title = "PROFILE", .kind = OUTPUT_TEXT, .folds = true},
    [IS_DEFAULT] = {.key = "default", .title = "DEFAULT", .kind = OUTPUT_BOOL, .spare = 2},
    [TUNNEL] = {.key = "tunnel", .title = "TUNNEL", .kind = OUTPUT_TEXT, .spare = 1},
    [USER] = {.key = "user", .kind = OUTPUT_TEXT},
    [ADDRESS] = {.key = "address", .kind = OUTPUT_ADDRESS},
    [THROUGH] = {.key = "through", .title = "THROUGH", .kind = OUTPUT_BOOL},
    [WHY] = {.key = "why", .kind = OUTPUT_TEXT},
    [PREFIX] = {.key = "prefix", .kind = OUTPUT_TEXT},
    [SET] = {.key = "routes", .kind = OUTPUT_TEXT},
    [HOLDER] = {.key = "routes_of", .kind = OUTPUT_TEXT},
    [HOLDER_NAME] = {.key = "routes_of_name", .kind = OUTPUT_TEXT},
    [FILE_NAME] = {.key = "file", .kind = OUTPUT_TEXT},
    [LINE] = {.key = "line", .kind = OUTPUT_COUNT},
    [SOURCE] = {.key = "source", .kind = OUTPUT_TEXT},
    [SOURCE_FILE] = {.key = "source_file", .kind = OUTPUT_TEXT},
    [SOURCE_LINE] = {.key = "source_line", .kind = OUTPUT_COUNT},
    [AS_OF] = {.key = "as_of", .kind = OUTPUT_TIME},
    [BECAUSE] = {.key = "because", .title = "BECAUSE", .kind = OUTPUT_TEXT, .folds = true},
};

/* What was asked, and the frame of the answer. */
struct test {
    const struct options *options;
    const struct policy *policy;
    struct places places;
    struct answer answer;
    const char *address;
    const char *user_name;                /* as typed, NULL: nobody in particular */
    const struct policy_user *user;       /* NULL: the policy does not name one */
    const struct policy_profile *profile; /* NULL: each */
    const struct policy_profile *usual;   /* what that user gets without a choice */
    bool through;                         /* on `profile`, or on the usual one */
};

/* ── one answer ── */

static struct output_value optional(int64_t number)
{
    return number == 0 ? output_unknown() : output_number(number);
}

static void fill_place(const struct reach *reach, char prefix[PREFIX_TEXT_SIZE],
                       struct output_value values[COLUMNS])
{
    const struct place *place = reach->place;
    bool has_prefix = place && place->kind != PLACE_TUNNEL && place->kind != PLACE_BUDGET;

    if (has_prefix)
        prefix_format(&place->prefix, prefix);
    values[PREFIX] = output_text(has_prefix ? prefix : NULL);
    values[FILE_NAME] = output_text(place ? place->file : NULL);
    values[LINE] = place ? output_number(place->line) : output_unknown();
}

static bool show_row(struct test *test, const struct reach_question *question,
                     const struct reach *reach)
{
    struct output_value values[COLUMNS];
    char prefix[PREFIX_TEXT_SIZE];
    const struct policy_source *source = reach->source;

    values[PROFILE] = output_text(question->profile->name);
    values[IS_DEFAULT] = output_number(question->profile == test->usual);
    values[TUNNEL] = output_text(question->profile->full ? "full" : "split");
    values[USER] = output_text(test->user_name);
    values[ADDRESS] = output_text(test->address);
    values[THROUGH] =
        output_marked(output_number(reach->through), reach->through ? TABLE_GOOD : TABLE_PLAIN);
    values[WHY] = output_text(reach_why_name(reach->why));
    fill_place(reach, prefix, values);
    values[SET] = output_text(reach->set ? reach->set->name : NULL);
    values[HOLDER] = output_text(reach->routes ? reach->routes->block : NULL);
    values[HOLDER_NAME] = output_text(reach->routes ? reach->routes->name : NULL);
    values[SOURCE] = output_text(reach->source_text);
    values[SOURCE_FILE] = output_text(source ? source->file : NULL);
    values[SOURCE_LINE] = source ? output_number(source->line) : output_unknown();
    values[AS_OF] = optional(reach->as_of);
    values[BECAUSE] = output_text(reach->because);
    return output_row(test->answer.output, values);
}

/* One answer for people: no table. */
static void show_fields(const struct test *test, const struct reach_question *question,
                        const struct reach *reach)
{
    const struct policy_profile *profile = question->profile;

    output_field("Address", "%s", test->address);
    if (test->user_name)
        output_field("User", "%s%s", test->user_name,
                     test->user ? "" : " (not named in the policy)");
    output_field("Profile", "%s, a %s tunnel%s", profile->name, profile->full ? "full" : "split",
                 profile == test->usual ? " (the default)" : "");
    output_field("Answer", "%s", reach->through ? "through the tunnel" : "not through the tunnel");
    output_field("Because", "%s", reach->because);
}

/* What the policy alone does not decide. */
static void show_notes(const struct test *test, const struct policy_profile *profile, bool through)
{
    bool ipv6 = test->places.address.family == PREFIX_IPV6;

    if (profile->keep_server_routes && !through)
        answer_note(&test->answer,
                    "profile %s keeps the routes of the server's own config (keep-server-routes), "
                    "which are not looked at here.",
                    profile->name);
    if (ipv6 && through && !profile->full)
        answer_note(&test->answer,
                    "on profile %s only if the server gives the client an IPv6 address.",
                    profile->name);
    if (ipv6 && through && profile->full)
        answer_note(&test->answer,
                    "on profile %s, if the server gives the client no IPv6 address, %s.",
                    profile->name,
                    profile->allow_ipv6_outside ? "it stays outside (allow-ipv6-outside)"
                                                : "it is blocked");
}

static bool ask(struct test *test, const struct policy_profile *profile, bool alone)
{
    const struct reach_question question = {.policy = test->policy,
                                            .places = &test->places,
                                            .zone = &test->answer.style.zone,
                                            .profile = profile,
                                            .user = test->user,
                                            .is_somebody = test->user_name != NULL};
    struct reach reach = {0};
    bool ok = reach_find(&reach, &question);

    if (ok && profile == (test->profile ? test->profile : test->usual))
        test->through = reach.through;
    if (ok && alone)
        show_fields(test, &question, &reach);
    else if (ok)
        show_row(test, &question, &reach);
    reach_free(&reach);
    return ok;
}

/* ── the command ── */

static enum status answer(struct test *test)
{
    const struct policy *policy = test->policy;
    bool alone = test->profile && test->options->form == OUTPUT_TABLE;
    bool ok = answer_begin(&test->answer, test->options, alone ? NULL : columns, COLUMNS);

    for (size_t i = 0; ok && i < policy->n_profiles; i++)
        if (!test->profile || test->profile == &policy->profiles[i])
            ok = ask(test, &policy->profiles[i], alone) ||
                 command_error("out of memory") == STATUS_YES;
    if (answer_finish(&test->answer, ok ? STATUS_YES : STATUS_ERROR, "") != STATUS_YES)
        ok = false;
    if (ok)
        show_notes(test, test->profile ? test->profile : test->usual, test->through);
    answer_close(&test->answer);
    if (!ok)
        return STATUS_ERROR;
    return test->through ? STATUS_YES : STATUS_NO;
}

/* What the user gets who chooses nothing, decided as at login. */
static enum status find_usual(struct test *test)
{
    struct choice_login login = {0};
    struct choice choice;

    test->usual = test->policy->default_profile;
    if (!test->user_name)
        return STATUS_YES;
    if (test->policy->identity_common_name)
        login.common_name = test->user_name;
    else
        login.username = test->user_name;
    choice_decide(test->policy, &login, &choice);
    if (choice.outcome == CHOICE_ERROR)
        return command_error("--user: %s", choice.reason);
    test->user = choice.known;
    if (choice.outcome == CHOICE_GRANTED)
        test->usual = choice.profile;
    else if (!test->profile) {
        command_error("%s gets no tunnel: %s", test->user_name, choice.reason);
        return STATUS_NO;
    }
    return STATUS_YES;
}

static enum status test_address(struct test *test)
{
    const char *profile = options_text(test->options, OPTION_PROFILE, NULL);
    enum status status;

    if (profile && !(test->profile = policy_file_profile(test->policy, profile)))
        return STATUS_ERROR;
    status = find_usual(test);
    if (status != STATUS_YES)
        return status;
    if (test->user_name && !test->profile)
        test->profile = test->usual;
    return answer(test);
}

static enum status run(const struct command *command, const struct options *options)
{
    struct test test = {.options = options, .user_name = options_text(options, OPTION_USER, NULL)};
    struct policy_file file = {0};
    char address[OPTIONS_ADDRESS_SIZE];
    struct prefix prefix;
    struct policy_trace trace = places_trace(&test.places);
    enum status status = STATUS_ERROR;

    if (!options_address(options->operands[0], address) ||
        prefix_parse(address, strlen(address), &prefix) != PREFIX_OK)
        return command_misuse(command, "\"%s\" is not an IPv4 or IPv6 address",
                              options->operands[0]);
    test.address = address;
    if (!places_begin(&test.places, &prefix))
        command_error("out of memory");
    else
        test.policy = policy_file_need(
            &file, options_text(options, OPTION_POLICY, POLICY_FILE_DEFAULT), &trace);
    if (test.places.out_of_memory)
        command_error("out of memory");
    else if (test.policy)
        status = test_address(&test);
    places_free(&test.places);
    policy_file_free(&file);
    return status;
}

static const enum option_id taken[] = {OPTION_USER, OPTION_PROFILE,   OPTION_JSON,   OPTION_CSV,
                                       OPTION_UTC,  OPTION_NO_HEADER, OPTION_POLICY, OPTION_COUNT};

const struct command cmd_routes_test = {
    .name = "routes test",
    .operands = "ADDRESS",
    .least_operands = 1,
    .most_operands = 1,
    .operand = OPTION_TEXT,
    .options = taken,
    .summary = "would an address go through the tunnel, and because of which line",
    .help = "Says whether the policy as it is now, with all that was fetched and resolved for it,\n"
            "sends an address through the tunnel, and which line of which file is to blame: of\n"
            "several the most specific. It asks no server, and a client's own network, or routes\n"
            "that somebody added there, may have the last word.\n",
    .after = "With --user it is about the profile that user gets without a choice, or about\n"
             "--profile; without either there is a row for each profile, for users without\n"
             "routes of their own, and the exit status is that of the default one.\n"
             "\n"
             "Exit status: 0 through the tunnel, 1 not, 2 something went wrong.\n",
    .run = run,
};
