/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a policy, loaded and rendered. Whatever loads must keep the promises: no
 * full tunnel by default, nothing in a result that OpenVPN would take for something else.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/directive.h"
#include "lib/policy_load_text.h"
#include "lib/push.h"

#define MAX_USERS 3 /* whose results are looked at */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "promise broken: %s\n", what);
    abort();
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* An option as the client reads it: what only a full tunnel may push. */
static void check_option(char *const *argv, unsigned argc)
{
    require(strcmp(argv[0], "redirect-gateway") != 0, "a redirected gateway on a split tunnel");
    require(strcmp(argv[0], "redirect-private") != 0 || argc == 1, "more than keeping the way");
    if (strcmp(argv[0], "route") == 0 && argc > 2)
        require(strcmp(argv[2], "0.0.0.0") != 0, "a default route on a split tunnel");
    if (strcmp(argv[0], "route-ipv6") == 0 && argc > 1)
        require(strstr(argv[1], "/0") == NULL, "an IPv6 default route on a split tunnel");
}

/* A push as OpenVPN reads it, and then the client. */
static void check_push(const char *line)
{
    struct arena *arena = arena_new();
    struct diagnostics *problems = diagnostics_new();
    const struct directive *push = directive_parse(arena, "", line, strlen(line), problems);

    require(push != NULL && push->next == NULL && push->argc == 2, "a push of several words");
    if (strcmp(push->argv[0], "push") == 0) {
        const struct directive *option =
            directive_parse(arena, "", push->argv[1], strlen(push->argv[1]), problems);

        if (option != NULL)
            check_option(option->argv, option->argc);
    }
    diagnostics_free(problems);
    arena_free(arena);
}

/* One line, without its newline. */
static void check_line(const char *line, size_t n, bool full)
{
    char copy[PUSH_MAX_LINE + 1];

    require(n <= PUSH_MAX_LINE, "a line is longer than OpenVPN takes");
    memcpy(copy, line, n);
    copy[n] = '\0';
    require(begins(copy, "push \"") || begins(copy, "push-remove \""), "a line is no push");
    require(strchr(copy, ',') == NULL, "a comma");
    require(copy[n - 1] == '"', "a push that is not closed");
    if (!full)
        check_push(copy);
}

static void check_text(const char *text, size_t n, bool full)
{
    const char *end = text + n;

    require(n <= POLICY_MAX_TEXT + 10000, "a result that ends OpenVPN");
    require(memchr(text, '\0', n) == NULL, "a NUL");
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));

        require(newline != NULL, "a last line without its end");
        check_line(text, (size_t)(newline - text), full);
        text = newline + 1;
    }
}

static void check_routes(const struct policy *policy, const struct policy_profile *profile,
                         const struct policy_user *user)
{
    struct prefix_set *routes = push_routes(policy, profile, user, NULL);

    require(routes != NULL, "no routes");
    require(profile->full || !(prefix_set_is_everything(routes, PREFIX_IPV4) ||
                               prefix_set_is_everything(routes, PREFIX_IPV6)),
            "a split tunnel of everything");
    prefix_set_free(routes);
}

static void check_results(const struct policy *policy, const struct policy_user *user)
{
    for (size_t i = 0; i < policy->n_profiles; i++) {
        const struct policy_profile *profile = &policy->profiles[i];

        for (int ipv6 = 0; ipv6 < 2; ipv6++) {
            struct push_connection connection = {.has_ipv6 = ipv6 == 1, .fell_back = ipv6 == 0};
            size_t n = 0;
            char *text = push_render(policy, profile, user, &connection, &n);

            require(text != NULL, "no result");
            check_text(text, n, profile->full);
            free(text);
        }
        check_routes(policy, profile, user);
    }
}

static void check_user(const struct policy *policy, const struct policy_user *user)
{
    require(policy_find_user(policy, user->name) == user, "a user is not found");
    require(user->extra < policy->n_extras, "a combination that does not exist");
    if (user->profile != NULL)
        require(!user->profile->full && policy_allows(user->profile, user), "a bad default");
    if (user->opt_in != NULL)
        require(user->opt_in->full && policy_allows(user->opt_in, user), "a bad opt-in");
}

static void check_policy(const struct policy *policy)
{
    unsigned rendered = 0;

    require(policy->default_profile != NULL && !policy->default_profile->full,
            "the default is a full tunnel");
    require(policy->n_extras >= 1 && policy->extras[0].n == 0, "nobody's routes are not empty");
    check_results(policy, NULL);
    for (size_t i = 0; i < policy->n_user_slots; i++) {
        if (policy->users[i].name == NULL)
            continue;
        check_user(policy, &policy->users[i]);
        if (rendered++ < MAX_USERS)
            check_results(policy, &policy->users[i]);
    }
}

/* True if a text may name a file of this machine: what is in those is not ours to read. */
static bool names_a_file(const char *text, size_t n)
{
    static const char nowhere[] = "/nonexistent";

    for (size_t i = 0; i < n; i++) {
        bool begins_word = i == 0 || strchr(" \t\r\n\"'\\", text[i - 1]) != NULL;

        if (text[i] == '/' && begins_word &&
            (n - i < sizeof(nowhere) || memcmp(text + i, nowhere, sizeof(nowhere) - 1) != 0))
            return true;
    }
    return false;
}

static void load_and_check(const char *text, size_t n)
{
    struct dirs *dirs = dirs_new();
    struct watch *watch = watch_new();
    struct diagnostics *problems = diagnostics_new();
    struct policy *policy =
        policy_load_text("/nonexistent/policy.conf", text, n, dirs, watch, problems);

    require((policy == NULL) == (diagnostics_errors(problems) > 0), "refused without a reason");
    if (policy != NULL)
        check_policy(policy);
    policy_free(policy);
    diagnostics_free(problems);
    watch_free(watch);
    dirs_free(dirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!names_a_file((const char *)data, size))
        load_and_check((const char *)data, size);
    return 0;
}
