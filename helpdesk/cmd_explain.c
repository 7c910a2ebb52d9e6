/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway explain: what a login would get and why, decided and rendered by the plugin's code. */
#include "config.h"

#include "helpdesk/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/explain.h"
#include "helpdesk/policy_file.h"

struct arguments {
    const char *path;
    const char *user;
    const char *choose;
    const char *common_name;
    const char *from;
    bool no_ipv6;
    bool json;
};

static struct arguments arguments_of(const struct options *options)
{
    return (struct arguments){
        .path = options_text(options, OPTION_POLICY, POLICY_FILE_DEFAULT),
        .user = options->n_operands > 0 ? options->operands[0] : NULL,
        .choose = options_text(options, OPTION_CHOOSE, NULL),
        .common_name = options_text(options, OPTION_COMMON_NAME, NULL),
        .from = options_text(options, OPTION_FROM, NULL),
        .no_ipv6 = options->value[OPTION_NO_IPV6].is_given,
        .json = options->form == OUTPUT_JSON,
    };
}

/*
 * Makes --choose one of the ways the policy offers: the first that the user name does not
 * use up. `typed` is malloc'd for a suffix, and then stands in for the user name.
 */
static bool apply_choice(const struct policy *policy, const struct arguments *arguments,
                         struct choice_login *login, char **typed)
{
    const struct policy_choose *choose = policy->choose;
    size_t i = 0;

    while (i < policy->n_choose && choose[i].means == POLICY_MEANS_USERNAME_SUFFIX &&
           (!arguments->user || strstr(arguments->user, choose[i].argument)))
        i++;
    if (i == policy->n_choose) {
        command_error(policy->n_choose == 0
                          ? "--choose: nothing can be chosen, the policy has no \"choose\" line"
                          : "--choose: the policy knows the user name's suffix only; say either");
        return false;
    }
    switch (choose[i].means) {
    case POLICY_MEANS_USERNAME_SUFFIX:
        if (asprintf(typed, "%s%s%s", arguments->user, choose[i].argument, arguments->choose) < 0) {
            *typed = NULL;
            command_error("out of memory");
            return false;
        }
        login->username = *typed;
        break;
    case POLICY_MEANS_PEER_INFO:
        login->peer_info = arguments->choose;
        break;
    case POLICY_MEANS_STATIC_CHALLENGE:
        login->static_challenge = arguments->choose;
        break;
    case POLICY_MEANS_MENU:
        login->menu = arguments->choose;
        break;
    case POLICY_MEANS_COUNT:
        break;
    }
    return true;
}

static enum status explain(const struct policy *policy, const struct arguments *arguments)
{
    struct choice_login login = {.username = arguments->user,
                                 .common_name = arguments->common_name};
    struct explanation explanation = {0};
    struct prefix from = {0};
    char *typed = NULL;
    enum status status = STATUS_ERROR;

    if (arguments->from && /* options_read() has seen to it that it is an address */
        prefix_parse(arguments->from, strlen(arguments->from), &from) == PREFIX_OK)
        login.from = &from;
    if (!arguments->choose || apply_choice(policy, arguments, &login, &typed)) {
        bool ok = explain_login(&explanation, policy, &login, !arguments->no_ipv6);

        if (!ok)
            command_error("out of memory");
        else if (arguments->json)
            explain_json(&explanation);
        else
            ok = explain_text(&explanation) || command_error("out of memory") == STATUS_YES;
        if (ok)
            status = explanation.choice.outcome == CHOICE_GRANTED ? STATUS_YES : STATUS_NO;
    }
    explain_free(&explanation);
    free(typed);
    return status;
}

static enum status run(const struct command *command, const struct options *options)
{
    struct arguments arguments = arguments_of(options);
    struct policy_file file = {0};
    enum status status = STATUS_ERROR;

    if (!arguments.user && !arguments.common_name)
        return command_misuse(command, "USER or --common-name is missing");
    if (policy_file_need(&file, arguments.path, NULL))
        status = explain(file.policy, &arguments);
    policy_file_free(&file);
    return status;
}

static const enum option_id taken[] = {OPTION_CHOOSE,  OPTION_FROM,   OPTION_COMMON_NAME,
                                       OPTION_NO_IPV6, OPTION_POLICY, OPTION_JSON,
                                       OPTION_COUNT};

const struct command cmd_explain = {
    .name = "explain",
    .operands = "[USER]",
    .most_operands = 1,
    .operand = OPTION_A_USER,
    .options = taken,
    .summary = "what a user would get, and why",
    .help =
        "Decides a login as the plugin would, and shows what would be pushed and why, or why the\n"
        "login would be refused. It asks no server: it is the policy as it is now, not what a\n"
        "session was given.\n",
    .after = "USER is the user name, as typed at login, with a suffix or without.\n"
             "\n"
             "Exit status: 0 granted, 1 refused, 2 something went wrong.\n",
    .run = run,
};
