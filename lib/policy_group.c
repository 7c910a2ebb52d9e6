/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <group>: its members, written, listed or looked up by mgmtd, and the routes they bring. */
#include "lib/policy_read.h"
#include "lib/policy_words.h"
#include "lib/state_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_member(struct build *build, const struct directive *line, const char *name)
{
    size_t user = build_user(build, line, name);

    if (user != NAMES_NONE)
        pairs_add(build, &build->members, user, build->group->index);
}

static void apply_user(struct build *build, const struct directive *line)
{
    for (unsigned i = 1; i < line->argc && !build->out_of_memory; i++)
        add_member(build, line, line->argv[i]);
}

static const char *wrong_name(const char *text, size_t n)
{
    if (n > POLICY_MAX_USER)
        return "is longer than a user name may be";
    if (text[0] == '"' || text[0] == '\'')
        return "has quotes; in a list of users, a line is a name as it is";
    return "has characters that a user name cannot have";
}

/* A plain list of users: each line is a name, blanks within it included. */
static void take_list(struct build *build, enum diagnostic_level level, const char *path,
                      const char *text, size_t n)
{
    struct bad_lines bad = {.build = build, .level = level, .file = path};
    struct list_line line;

    list_begin(&line, text, n);
    while (!build->out_of_memory && list_next(&line)) {
        char name[POLICY_MAX_USER + 1] = "";
        size_t user;

        if (line.n < sizeof(name))
            memcpy(name, line.text, line.n);
        if (line.n >= sizeof(name) || strlen(name) != line.n || name[0] == '"' || name[0] == '\'' ||
            !build_is_text(name)) {
            bad_line(&bad, line.number, line.text, line.n, wrong_name(line.text, line.n));
            continue;
        }
        user = build_add_user(build, name);
        if (user != NAMES_NONE)
            pairs_add(build, &build->members, user, build->group->index);
    }
    bad_lines_end(&bad);
    build_trace_list(build, "group", build->group->name, path, text, n);
}

static void apply_include(struct build *build, const struct directive *line)
{
    build_include_list(build, line, take_list);
}

static void apply_unix_group(struct build *build, const struct directive *line)
{
    struct policy_group *group = build->group;

    for (unsigned i = 1; i < line->argc; i++) {
        char *kept = arena_strdup(build->policy->arena, line->argv[i]);

        if (kept == NULL) {
            build_out_of_memory(build);
            return;
        }
        if (kept[0] == '\0' || strpbrk(kept, ":,\n") != NULL)
            build_error(build, line, "\"%.80s\" cannot be the name of a group", kept);
        else
            group->unix_groups[group->n_unix_groups++] = kept;
    }
}

static const struct word words[] = {
    {"include", 1, 1, WORD_REPEATED, "FILE", apply_include},
    {"routes", 1, WORDS_ANY, WORD_REPEATED, "NAME|PREFIX...", build_add_routes},
    {"unix-group", 1, WORDS_ANY, WORD_REPEATED, "NAME...", apply_unix_group},
    {"user", 1, WORDS_ANY, WORD_REPEATED, "NAME...", apply_user},
};

const struct context policy_group_context = {
    .name = "<group>",
    .words = words,
    .n = sizeof(words) / sizeof(*words),
};

void build_group(struct build *build, const struct directive *block, size_t index)
{
    struct policy_group *group = &build->policy->groups[index];

    build->group = group;
    build->block = block;
    group->unix_groups = arena_array(build->policy->arena, build_count_words(block, "unix-group"),
                                     sizeof(*group->unix_groups));
    if (group->unix_groups == NULL) {
        build_out_of_memory(build);
        return;
    }
    build_begin_routes(build, &group->routes);
    build_apply(build, &policy_group_context, block, block->children);
    build_end_routes(build);
}

void build_finish_groups(struct build *build)
{
    for (size_t i = 0; i < build->policy->n_groups && !build->out_of_memory; i++) {
        struct policy_group *group = &build->policy->groups[i];
        char name[STATE_PATH_SIZE];

        if (group->n_unix_groups == 0)
            continue;
        build->group = group;
        state_file_path(STATE_MEMBERS, group->name, name);
        build_read_state(build, group->file, group->line, name, take_list);
    }
}
