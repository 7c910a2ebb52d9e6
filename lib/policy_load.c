/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a file to a policy: reads, declares, applies, checks the whole, prepares the
 * results. Runs inside OpenVPN: prints nothing, exits never, and leaves nothing behind
 * where it fails.
 */
#include "lib/policy_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/policy_load_text.h"
#include "lib/policy_read.h"
#include "lib/policy_words.h"
#include "lib/push.h"

#define MAX_SUGGESTIONS 50 /* each looks at every name */

static struct policy *policy_new(const char *path)
{
    struct arena *arena = arena_new();
    struct policy *policy = arena == NULL ? NULL : arena_alloc(arena, sizeof(*policy));

    if (policy == NULL) {
        arena_free(arena);
        return NULL;
    }
    policy->arena = arena;
    policy->state_dir = POLICY_DEFAULT_STATE;
    policy->path = arena_strdup(arena, path);
    if (policy->path == NULL) {
        policy_free(policy);
        return NULL;
    }
    return policy;
}

static void build_release(struct build *build)
{
    names_free(build->profiles.names);
    names_free(build->route_sets.names);
    names_free(build->groups.names);
    names_free(build->users);
    free(build->drafts);
    free(build->members.items);
    free(build->allowed.items);
    arena_free(build->scratch);
}

/* "campus, library": the split profiles that everybody may have. */
static void list_candidates(const struct policy *policy, char *text, size_t size)
{
    size_t at = 0;

    text[0] = '\0';
    for (size_t i = 0; i < policy->n_profiles && at < size; i++)
        if (!policy->profiles[i].full && !policy->profiles[i].restricted)
            at += (size_t)snprintf(text + at, size - at, "%s%s", at > 0 ? ", " : "",
                                   policy->profiles[i].name);
}

static void check_default(struct build *build)
{
    const struct policy *policy = build->policy;
    char candidates[400];

    if (!build->has_default) {
        list_candidates(policy, candidates, sizeof(candidates));
        if (candidates[0] != '\0')
            build_complain(build, DIAGNOSTIC_ERROR, policy->path, 0,
                           "no \"default-profile\"; it can be one of: %s", candidates);
        else
            build_complain(build, DIAGNOSTIC_ERROR, policy->path, 0,
                           "no \"default-profile\", and no split <profile> for everybody that it "
                           "could name");
    } else if (policy->default_profile != NULL && policy->default_profile->restricted) {
        build_warning(build, build->default_at,
                      "<profile %s> is not for everybody: who may not "
                      "have it and has no other is refused",
                      policy->default_profile->name);
    }
}

/* A user whose name has the suffix's separator in it cannot log in as that. */
static void check_separator(struct build *build)
{
    const struct policy_choose *suffix =
        policy_chooses(build->policy, POLICY_MEANS_USERNAME_SUFFIX);
    const char *example = NULL;
    size_t n = 0;

    if (suffix == NULL || build->policy->identity_common_name)
        return;
    for (size_t i = 0; i < names_count(build->users); i++) {
        const char *name = names_list(build->users)[i];

        if (strstr(name, suffix->argument) == NULL)
            continue;
        example = example == NULL ? name : example;
        n++;
    }
    if (n > 0)
        build_complain(build, DIAGNOSTIC_WARNING, build->policy->path, 0,
                       "%zu user name%s the separator \"%s\" in it, such as \"%.255s\": what "
                       "follows it is taken for a profile",
                       n, n == 1 ? " has" : "s have", suffix->argument, example);
}

static bool somebody_opts_in(const struct build *build, const struct policy_profile *profile)
{
    for (size_t i = 0; i < names_count(build->users); i++)
        if (build->drafts[i].user.opt_in == profile)
            return true;
    return false;
}

static bool is_routed(const struct policy_profile *profile, const struct prefix *host)
{
    if (prefix_set_contains(profile->except, host))
        return false;
    for (size_t i = 0; i < profile->routes.n; i++)
        if (prefix_set_contains(profile->routes.sets[i]->prefixes, host))
            return true;
    return false;
}

/* A split tunnel does not reach a DNS server by itself. */
static void check_dns(struct build *build, const struct policy_profile *profile)
{
    if (profile->full || profile->keep_server_routes)
        return;
    for (size_t i = 0; i < profile->n_dns; i++) {
        struct prefix host = {0};

        if (prefix_parse(profile->dns[i], strlen(profile->dns[i]), &host) == PREFIX_OK &&
            !is_routed(profile, &host))
            build_warning(build, build->profiles.blocks[profile->index],
                          "the DNS server %s of <profile %s> is in none of its routes: what is "
                          "asked of it does not go through the tunnel",
                          profile->dns[i], profile->name);
    }
}

static void check_profile(struct build *build, const struct policy_profile *profile)
{
    const struct directive *block = build->profiles.blocks[profile->index];
    size_t n = 0;

    prefix_set_cover(profile->opt_in_from, &n, NULL);
    if (profile->full && build->policy->n_choose == 0 && n == 0 &&
        !somebody_opts_in(build, profile))
        build_warning(build, block,
                      "nobody can get <profile %s>: there is no \"choose\" line, "
                      "\"opt-in\" or \"assume-opt-in-from\" for it",
                      profile->name);
    if (!profile->full && profile->routes.n == 0 && build->policy->n_extras == 1)
        build_warning(build, block, "<profile %s> has no routes: nothing goes through its tunnel",
                      profile->name);
    check_dns(build, profile);
}

static void check_groups(struct build *build)
{
    for (size_t i = 0; i < build->policy->n_groups; i++) {
        const struct policy_group *group = &build->policy->groups[i];
        const struct directive *block = build->groups.blocks[i];

        if (group->n_members == 0 && group->n_unix_groups == 0)
            build_warning(build, block, "nobody is in <group %s>", group->name);
        if (group->routes.n == 0 && !build->group_used[i])
            build_warning(build, block,
                          "<group %s> changes nothing: it has no routes, and no "
                          "profile allows it",
                          group->name);
    }
}

/* What needs all the words, without a mistake in them. */
static void finish(struct build *build)
{
    build_finish_route_sets(build);
    build_finish_groups(build);
    if (build->out_of_memory)
        return;
    build_finish_users(build);
    if (build->out_of_memory)
        return;
    check_separator(build);
    check_groups(build);
    for (size_t i = 0; i < build->policy->n_profiles; i++)
        check_profile(build, &build->policy->profiles[i]);
}

/* `text` is the policy file's, or NULL to read it. */
static void make(struct build *build, const char *text, size_t n, bool whole)
{
    size_t before = diagnostics_errors(build->problems);

    if (text != NULL)
        build_read_text(build, build->policy->path, text, n);
    else if (!build_read_policy(build, build->policy->path))
        return;
    if (build->out_of_memory || !build_declare(build))
        return;
    build_apply(build, &policy_top_context, NULL, build->first);
    if (build->out_of_memory || !whole)
        return;
    check_default(build);
    if (diagnostics_errors(build->problems) == before)
        finish(build);
    if (diagnostics_errors(build->problems) == before)
        push_prepare(build->policy, build->problems);
}

static struct policy *load(const char *path, const char *text, size_t n, bool whole,
                           struct dirs *dirs, struct watch *watch, struct diagnostics *problems,
                           const struct policy_trace *trace)
{
    size_t before = diagnostics_errors(problems);
    struct policy *policy = policy_new(path);
    struct build build = {
        .policy = policy,
        .dirs = dirs,
        .watch = watch,
        .problems = problems,
        .trace = trace,
        .bytes_left = BUILD_MAX_BYTES,
        .suggestions_left = MAX_SUGGESTIONS,
    };

    build.tail = &build.first;
    build.scratch = policy == NULL ? NULL : arena_new();
    if (build.scratch == NULL)
        diagnostics_add(problems, DIAGNOSTIC_ERROR, path, 0, "out of memory");
    else
        make(&build, text, n, whole);
    build_release(&build);
    if (diagnostics_errors(problems) == before)
        return policy;
    policy_free(policy);
    return NULL;
}

struct policy *policy_load(const char *path, struct dirs *dirs, struct watch *watch,
                           struct diagnostics *problems)
{
    return load(path, NULL, 0, true, dirs, watch, problems, NULL);
}

struct policy *policy_load_traced(const char *path, struct dirs *dirs, struct watch *watch,
                                  struct diagnostics *problems, const struct policy_trace *trace)
{
    return load(path, NULL, 0, true, dirs, watch, problems, trace);
}

struct policy *policy_load_sources(const char *path, struct dirs *dirs, struct watch *watch,
                                   struct diagnostics *problems)
{
    return load(path, NULL, 0, false, dirs, watch, problems, NULL);
}

struct policy *policy_load_text(const char *path, const char *text, size_t n, struct dirs *dirs,
                                struct watch *watch, struct diagnostics *problems)
{
    return load(path, text, n, true, dirs, watch, problems, NULL);
}
