/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prefixes where the name of a route set may stand: `routes 10.0.0.0/8` in a profile, a
 * group or a user. Each is turned into the block it is short for, a set of that name
 * with that one prefix, so that nothing behind this knows the difference.
 */
#include "lib/policy_words.h"

#include <string.h>

/* "10.0.0.0/8" or "2001:db8::"; an IPv4 address without its length could be a set's name. */
static bool is_prefix(const char *word)
{
    return (word[0] >= '0' && word[0] <= '9' && strchr(word, '/') != NULL) ||
           strchr(word, ':') != NULL;
}

static struct directive *make_line(struct build *build, const struct directive *at, unsigned argc)
{
    struct directive *line = arena_alloc(build->scratch, sizeof(*line));
    char **argv = arena_array(build->scratch, argc + 1, sizeof(*argv));

    if (line == NULL || argv == NULL)
        return NULL;
    *line = (struct directive){.file = at->file, .line = at->line, .argc = argc, .argv = argv};
    return line;
}

/* <routes PREFIX> PREFIX </routes>, at the end of everything that was read. */
static bool append_set(struct build *build, const struct directive *at, char *prefix)
{
    static char routes[] = "routes";
    struct directive *block = make_line(build, at, 2);
    struct directive *line = make_line(build, at, 1);

    if (block == NULL || line == NULL)
        return build_out_of_memory(build);
    block->is_block = true;
    block->argv[0] = routes;
    block->argv[1] = prefix;
    block->children = line;
    line->argv[0] = prefix;
    *build->tail = block;
    build->tail = &block->next;
    if (build->inlined == NULL)
        build->inlined = block;
    return true;
}

static bool expand_line(struct build *build, struct names *seen, const struct directive *line)
{
    for (unsigned i = 1; i < line->argc; i++) {
        if (!is_prefix(line->argv[i]) || names_find(seen, line->argv[i]) != NAMES_NONE)
            continue;
        if (!names_add(seen, line->argv[i]))
            return build_out_of_memory(build);
        if (!append_set(build, line, line->argv[i]))
            return false;
    }
    return true;
}

bool build_expand_prefixes(struct build *build)
{
    struct names *seen = names_new(false);
    bool ok = seen != NULL || build_out_of_memory(build);

    for (const struct directive *block = build->first; ok && block != build->inlined;
         block = block->next)
        for (const struct directive *line = block->children; ok && line != NULL; line = line->next)
            if (strcmp(line->argv[0], "routes") == 0 && strcmp(block->argv[0], "routes") != 0)
                ok = expand_line(build, seen, line);
    names_free(seen);
    return ok;
}
