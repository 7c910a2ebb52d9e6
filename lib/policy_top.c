/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The top level of a policy file: its blocks are declared here, and its own words applied. */
#include "lib/policy_words.h"

#include <stdio.h>
#include <string.h>

#define MAX_SEPARATOR 8
#define MAX_VARIABLE  64

static const char letters_and_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/* ── declaring ── */

static void keep(struct build *build, struct declared *declared, const struct directive *block)
{
    char *name = arena_strdup(build->policy->arena, block->argv[1]);

    if (name == NULL || !names_add(declared->names, name))
        build_out_of_memory(build);
    else
        declared->blocks[names_count(declared->names) - 1] = block;
}

static void declare(struct build *build, struct declared *declared, const struct directive *block)
{
    const char *name = block->argc == 2 ? block->argv[1] : "";
    size_t index = block->argc == 2 ? names_find(declared->names, name) : NAMES_NONE;

    if (block->argc != 2)
        return; /* build_apply() tells */
    if (!names_is_plain(name)) {
        build_error(build, block, "<%s> cannot be named \"%.80s\": " NAMES_RULE, block->argv[0],
                    name);
        return;
    }
    if (index != NAMES_NONE) {
        build_error(build, block, "<%s %s> is already defined at %s:%u", block->argv[0], name,
                    declared->blocks[index]->file, declared->blocks[index]->line);
        return;
    }
    keep(build, declared, block);
}

static bool is_block(const struct directive *line, const char *name)
{
    return line->is_block && strcmp(line->argv[0], name) == 0;
}

static size_t count_blocks(const struct directive *first, const char *name)
{
    size_t n = 0;

    for (; first != NULL; first = first->next)
        n += is_block(first, name);
    return n;
}

static bool declare_kind(struct build *build, struct declared *declared, const char *name)
{
    declared->names = names_new(declared == &build->profiles);
    declared->blocks =
        arena_array(build->scratch, count_blocks(build->first, name), sizeof(*declared->blocks));
    if (declared->names == NULL || declared->blocks == NULL)
        return build_out_of_memory(build);
    for (const struct directive *line = build->first; line != build->inlined; line = line->next)
        if (is_block(line, name))
            declare(build, declared, line);
    for (const struct directive *line = build->inlined; line != NULL; line = line->next)
        if (is_block(line, name))
            keep(build, declared, line); /* a prefix is its name */
    return !build->out_of_memory;
}

/* Others must know whether a profile is full before its words are applied. */
static bool is_full(const struct directive *block)
{
    for (const struct directive *line = block->children; line != NULL; line = line->next)
        if (strcmp(line->argv[0], "tunnel") == 0 && line->argc > 1)
            return strcmp(line->argv[1], "full") == 0;
    return false;
}

static bool make_arrays(struct build *build)
{
    struct policy *policy = build->policy;
    size_t n_profiles = names_count(build->profiles.names);
    size_t n_sets = names_count(build->route_sets.names);
    size_t n_groups = names_count(build->groups.names);

    policy->profiles = arena_array(policy->arena, n_profiles, sizeof(*policy->profiles));
    policy->route_sets = arena_array(policy->arena, n_sets, sizeof(*policy->route_sets));
    policy->groups = arena_array(policy->arena, n_groups, sizeof(*policy->groups));
    build->set_used = arena_array(build->scratch, n_sets, sizeof(*build->set_used));
    build->group_used = arena_array(build->scratch, n_groups, sizeof(*build->group_used));
    if (policy->profiles == NULL || policy->route_sets == NULL || policy->groups == NULL ||
        build->set_used == NULL || build->group_used == NULL)
        return build_out_of_memory(build);
    policy->n_profiles = n_profiles;
    policy->n_route_sets = n_sets;
    policy->n_groups = n_groups;
    return true;
}

static void fill_arrays(struct build *build)
{
    struct policy *policy = build->policy;

    for (size_t i = 0; i < policy->n_profiles; i++) {
        const struct directive *block = build->profiles.blocks[i];

        policy->profiles[i].index = i;
        policy->profiles[i].name = names_list(build->profiles.names)[i];
        policy->profiles[i].full = is_full(block);
        policy->profiles[i].file = block->file;
        policy->profiles[i].line = block->line;
    }
    for (size_t i = 0; i < policy->n_route_sets; i++) {
        policy->route_sets[i].name = names_list(build->route_sets.names)[i];
        policy->route_sets[i].file = build->route_sets.blocks[i]->file;
        policy->route_sets[i].line = build->route_sets.blocks[i]->line;
    }
    for (size_t i = 0; i < policy->n_groups; i++) {
        policy->groups[i].index = i;
        policy->groups[i].name = names_list(build->groups.names)[i];
        policy->groups[i].file = build->groups.blocks[i]->file;
        policy->groups[i].line = build->groups.blocks[i]->line;
    }
}

bool build_declare(struct build *build)
{
    build->users = names_new(false);
    if (build->users == NULL)
        return build_out_of_memory(build);
    if (!build_expand_prefixes(build) || !declare_kind(build, &build->profiles, "profile") ||
        !declare_kind(build, &build->route_sets, "routes") ||
        !declare_kind(build, &build->groups, "group") || !make_arrays(build))
        return false;
    fill_arrays(build);
    return true;
}

/* ── applying ── */

/* Hands a block on, if it is the one that its name was declared by. */
static void apply_block(struct build *build, const struct declared *declared,
                        const struct directive *block,
                        void (*take)(struct build *, const struct directive *, size_t))
{
    size_t index = names_find(declared->names, block->argv[1]);

    if (index != NAMES_NONE && declared->blocks[index] == block)
        take(build, block, index);
}

static void apply_routes(struct build *build, const struct directive *block)
{
    apply_block(build, &build->route_sets, block, build_route_set);
}

static void apply_profile(struct build *build, const struct directive *block)
{
    apply_block(build, &build->profiles, block, build_profile);
}

static void apply_group(struct build *build, const struct directive *block)
{
    apply_block(build, &build->groups, block, build_group);
}

static void apply_user(struct build *build, const struct directive *block)
{
    size_t index = build_user(build, block, block->argv[1]);
    struct draft_user *draft;

    if (index == NAMES_NONE)
        return;
    draft = &build->drafts[index];
    if (draft->block != NULL) {
        build_error(build, block, "<user %.255s> is already defined at %s:%u", block->argv[1],
                    draft->block->file, draft->block->line);
        return;
    }
    draft->block = block;
    build_user_block(build, block, index);
}

static bool check_separator(struct build *build, const struct directive *line)
{
    const char *text = line->argv[2];
    size_t n = strlen(text);
    bool ok = n >= 1 && n <= MAX_SEPARATOR && strcspn(text, letters_and_digits) == n;

    for (size_t i = 0; ok && i < n; i++)
        ok = text[i] > ' ' && text[i] <= '~';
    if (!ok)
        build_error(build, line,
                    "\"%.80s\" cannot separate a user name from a profile: 1 to %d "
                    "printable ASCII characters, none a letter, a digit or a blank",
                    text, MAX_SEPARATOR);
    return ok;
}

static bool check_variable(struct build *build, const struct directive *line)
{
    const char *text = line->argv[2];
    size_t n = strlen(text);
    bool ok = n > 3 && n <= MAX_VARIABLE && strncmp(text, "UV_", 3) == 0 &&
              3 + strspn(text + 3, "_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789") ==
                  n;

    if (!ok)
        build_error(build, line,
                    "\"%.80s\" is not a variable that clients can send: UV_ and "
                    "letters, digits or '_'",
                    text);
    return ok;
}

/* The means of choosing a profile, in the order of enum policy_means. */
static const struct {
    const char *usage; /* of the argument; NULL if there is none */
    bool (*check)(struct build *build, const struct directive *line);
} means[POLICY_MEANS_COUNT] = {
    [POLICY_MEANS_USERNAME_SUFFIX] = {"SEPARATOR", check_separator},
    [POLICY_MEANS_PEER_INFO] = {"UV_NAME", check_variable},
    [POLICY_MEANS_STATIC_CHALLENGE] = {NULL, NULL},
    [POLICY_MEANS_MENU] = {NULL, NULL},
};

/* POLICY_MEANS_COUNT with an error if there are no such means. */
static enum policy_means find_means(struct build *build, const struct directive *line)
{
    const char *names[POLICY_MEANS_COUNT + 1] = {NULL};
    char hint[BUILD_HINT_SIZE];

    for (unsigned i = 0; i < POLICY_MEANS_COUNT; i++) {
        names[i] = policy_means_name((enum policy_means)i);
        if (strcmp(names[i], line->argv[1]) == 0)
            return (enum policy_means)i;
    }
    build_error(build, line,
                "\"%.80s\" is no means of choosing; there are username-suffix, "
                "peer-info, static-challenge and menu%s",
                line->argv[1], build_hint(build, line->argv[1], names, hint));
    return POLICY_MEANS_COUNT;
}

/* choose MEANS [ARGUMENT] */
static void apply_choose(struct build *build, const struct directive *line)
{
    enum policy_means which = find_means(build, line);
    struct policy *policy = build->policy;
    const char *usage = which < POLICY_MEANS_COUNT ? means[which].usage : NULL;
    char *argument = NULL;

    if (which == POLICY_MEANS_COUNT)
        return;
    if ((usage != NULL) != (line->argc == 3)) {
        build_error(build, line, "usage: choose %s%s%s", line->argv[1], usage != NULL ? " " : "",
                    usage != NULL ? usage : "");
        return;
    }
    if (policy_chooses(policy, which) != NULL) {
        build_error(build, line, "a second \"choose %s\"; the first is at %s:%u", line->argv[1],
                    build->choose_at[which]->file, build->choose_at[which]->line);
        return;
    }
    if (means[which].check != NULL && !means[which].check(build, line))
        return;
    if (usage != NULL && (argument = arena_strdup(policy->arena, line->argv[2])) == NULL) {
        build_out_of_memory(build);
        return;
    }
    build->choose_at[which] = line;
    policy->choose[policy->n_choose++] = (struct policy_choose){which, argument};
}

static void apply_default_profile(struct build *build, const struct directive *line)
{
    size_t index = build_find(build, &build->profiles, "profile", line, line->argv[1]);
    const struct policy_profile *profile;

    build->has_default = true;
    if (index == NAMES_NONE)
        return;
    profile = &build->policy->profiles[index];
    if (profile->full)
        build_error(build, line,
                    "a full tunnel is never a default, and \"%s\" is one; let users "
                    "choose it (\"choose ...\"), write \"opt-in %s\" for one who asked "
                    "for it, or \"assume-opt-in-from\" for a network that needs it",
                    profile->name, profile->name);
    else
        build->policy->default_profile = profile;
    build->default_at = line;
}

/* One of two words. Their first is the default. */
static bool take_one_of(struct build *build, const struct directive *line, const char *no,
                        const char *yes)
{
    const char *const both[] = {no, yes, NULL};
    char hint[BUILD_HINT_SIZE];

    if (strcmp(line->argv[1], no) != 0 && strcmp(line->argv[1], yes) != 0)
        build_error(build, line, "\"%.80s\" where \"%s\" or \"%s\" is expected%s", line->argv[1],
                    no, yes, build_hint(build, line->argv[1], both, hint));
    return strcmp(line->argv[1], yes) == 0;
}

static void apply_identity(struct build *build, const struct directive *line)
{
    build->policy->identity_common_name = take_one_of(build, line, "username", "common-name");
}

static void apply_on_refused(struct build *build, const struct directive *line)
{
    build->policy->on_refused_default = take_one_of(build, line, "reject", "default");
}

static void apply_state_dir(struct build *build, const struct directive *line)
{
    char *path;

    if (line->argv[1][0] != '/') {
        build_error(build, line, "\"%.300s\" must begin with a slash", line->argv[1]);
        return;
    }
    path = arena_strdup(build->policy->arena, line->argv[1]);
    if (path == NULL)
        build_out_of_memory(build);
    else
        build->policy->state_dir = path;
}

/* Files were put in the place of their `include` when they were read. */
static void apply_include(struct build *build, const struct directive *line)
{
    (void)build;
    (void)line;
}

static const struct word words[] = {
    {"choose", 1, 2, WORD_REPEATED, "MEANS [ARGUMENT]", apply_choose},
    {"default-profile", 1, 1, WORD_ONCE, "PROFILE", apply_default_profile},
    {"group", 1, 1, WORD_BLOCK, "NAME", apply_group},
    {"identity", 1, 1, WORD_ONCE, "username | identity common-name", apply_identity},
    {"include", 1, 1, WORD_REPEATED, "FILE", apply_include},
    {"on-refused", 1, 1, WORD_ONCE, "reject | on-refused default", apply_on_refused},
    {"profile", 1, 1, WORD_BLOCK, "NAME", apply_profile},
    {"routes", 1, 1, WORD_BLOCK, "NAME", apply_routes},
    {"state-dir", 1, 1, WORD_ONCE, "DIRECTORY", apply_state_dir},
    {"user", 1, 1, WORD_BLOCK, "NAME", apply_user},
};

const struct context policy_top_context = {
    .name = "the policy itself",
    .words = words,
    .n = sizeof(words) / sizeof(*words),
};
