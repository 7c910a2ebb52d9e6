/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway explain: what a login would get and why, decided and rendered by the plugin's code. */
#include "config.h"

#include "helpdesk/command.h"

#include <getopt.h>
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

enum option_code {
    OPTION_CHOOSE = 256,
    OPTION_COMMON_NAME,
    OPTION_FROM,
    OPTION_JSON,
    OPTION_NO_IPV6,
    OPTION_POLICY
};

static const struct option options[] = {
    {"choose", required_argument, NULL, OPTION_CHOOSE},
    {"common-name", required_argument, NULL, OPTION_COMMON_NAME},
    {"from", required_argument, NULL, OPTION_FROM},
    {"json", no_argument, NULL, OPTION_JSON},
    {"no-ipv6", no_argument, NULL, OPTION_NO_IPV6},
    {"policy", required_argument, NULL, OPTION_POLICY},
    {NULL, 0, NULL, 0},
};

static bool parse_arguments(int argc, char **argv, struct arguments *arguments)
{
    int code;

    *arguments = (struct arguments){.path = POLICY_FILE_DEFAULT};
    optind = 0;
    while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (code) {
        case OPTION_CHOOSE:
            arguments->choose = optarg;
            break;
        case OPTION_COMMON_NAME:
            arguments->common_name = optarg;
            break;
        case OPTION_FROM:
            arguments->from = optarg;
            break;
        case OPTION_JSON:
            arguments->json = true;
            break;
        case OPTION_NO_IPV6:
            arguments->no_ipv6 = true;
            break;
        case OPTION_POLICY:
            arguments->path = optarg;
            break;
        default:
            return false;
        }
    }
    if (argc - optind == 1)
        arguments->user = argv[optind];
    return argc - optind == 1 || (argc == optind && arguments->common_name);
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

static bool apply_from(const struct arguments *arguments, struct choice_login *login,
                       struct prefix *from)
{
    if (prefix_parse(arguments->from, strlen(arguments->from), from) != PREFIX_OK ||
        from->len != prefix_family_bits(from->family)) {
        command_error("--from: \"%s\" is not an IPv4 or IPv6 address", arguments->from);
        return false;
    }
    login->from = from;
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

    if ((!arguments->choose || apply_choice(policy, arguments, &login, &typed)) &&
        (!arguments->from || apply_from(arguments, &login, &from))) {
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

static enum status run(const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    struct policy_file file = {0};
    enum status status = STATUS_ERROR;

    if (!parse_arguments(argc, argv, &arguments))
        return command_usage(command);
    if (policy_file_load(&file, arguments.path)) {
        if (file.policy) {
            status = explain(file.policy, &arguments);
        } else {
            policy_file_report(&file, stderr);
            command_error("%s has errors; see: byway policy check", arguments.path);
        }
    }
    policy_file_free(&file);
    return status;
}

const struct command cmd_explain = {
    .name = "explain",
    .synopsis = "[USER] [--choose PROFILE] [--from ADDRESS] [--common-name NAME]\n"
                "                    [--no-ipv6] [--policy FILE] [--json]",
    .summary = "what a user would get, and why",
    .help =
        "Decides a login as the plugin would, and shows what would be pushed and why, or why the\n"
        "login would be refused. It asks no server: it is the policy as it is now, not what a\n"
        "session was given.\n"
        "\n"
        "  USER                the user name, as typed at login, with a suffix or without\n"
        "  --choose PROFILE    the user asks for this profile (in the first way that the policy\n"
        "                      names and that USER does not use up)\n"
        "  --from ADDRESS      the address the user connects from, for assume-opt-in-from\n"
        "  --common-name NAME  the certificate's name; USER may be left out then\n"
        "  --no-ipv6           the server gives the client no IPv6 address\n"
        "  --policy FILE       the policy (" POLICY_FILE_DEFAULT ")\n"
        "  --json              for programs\n"
        "\n"
        "Exit status: 0 granted, 1 refused, 2 something went wrong.\n",
    .run = run,
};
