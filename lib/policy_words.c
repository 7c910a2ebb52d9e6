/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applies directives by tables of keywords, and says what is wrong with one: the words
 * it has too many of, where it belongs, what was meant.
 */
#include "lib/policy_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/utf8.h"

#define MAX_COMPLAINTS 1000 /* of each level: more help nobody, and OpenVPN waits meanwhile */
#define MAX_WORDS      24   /* of one table */

static void add(struct build *build, enum diagnostic_level level, const char *file, unsigned line,
                const char *format, va_list arguments) __attribute__((format(printf, 5, 0)));

static void add(struct build *build, enum diagnostic_level level, const char *file, unsigned line,
                const char *format, va_list arguments)
{
    unsigned *count = level == DIAGNOSTIC_ERROR ? &build->errors : &build->warnings;
    char text[1024];

    if (++*count > MAX_COMPLAINTS) {
        if (*count == MAX_COMPLAINTS + 1)
            diagnostics_add(build->problems, level, file, line,
                            "there is more, but it is too much to tell");
        return;
    }
    vsnprintf(text, sizeof(text), format, arguments);
    diagnostics_add(build->problems, level, file, line, "%s", text);
}

void build_error(struct build *build, const struct directive *at, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(build, DIAGNOSTIC_ERROR, at->file, at->line, format, arguments);
    va_end(arguments);
}

void build_warning(struct build *build, const struct directive *at, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(build, DIAGNOSTIC_WARNING, at->file, at->line, format, arguments);
    va_end(arguments);
}

void build_complain(struct build *build, enum diagnostic_level level, const char *file,
                    unsigned line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(build, level, file, line, format, arguments);
    va_end(arguments);
}

bool build_out_of_memory(struct build *build)
{
    if (!build->out_of_memory)
        diagnostics_add(build->problems, DIAGNOSTIC_ERROR, build->policy->path, 0, "out of memory");
    build->out_of_memory = true;
    return false;
}

const char *build_hint(struct build *build, const char *word, const char *const *names,
                       char text[BUILD_HINT_SIZE])
{
    const char *nearest = NULL;

    text[0] = '\0';
    if (build->suggestions_left > 0) {
        build->suggestions_left--;
        nearest = directive_nearest(word, names);
    }
    if (nearest != NULL)
        snprintf(text, BUILD_HINT_SIZE, "; did you mean \"%.80s\"?", nearest);
    return text;
}

size_t build_find(struct build *build, const struct declared *declared, const char *kind,
                  const struct directive *at, const char *name)
{
    size_t index = names_find(declared->names, name);
    char hint[BUILD_HINT_SIZE];

    if (index == NAMES_NONE)
        build_error(build, at, "there is no %s \"%.80s\"%s", kind, name,
                    build_hint(build, name, names_list(declared->names), hint));
    return index;
}

size_t build_count_words(const struct directive *block, const char *name)
{
    size_t n = 0;

    for (const struct directive *line = block->children; line != NULL; line = line->next)
        if (strcmp(line->argv[0], name) == 0)
            n += line->argc - 1;
    return n;
}

/* A character that has no place in any name, or moves what comes after it on the screen. */
static bool is_misleading(const char *text, size_t length)
{
    static const char *const misleading[] = {
        "\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b", "\u202c",
        "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\ufeff",
    };

    for (size_t i = 0; i < sizeof(misleading) / sizeof(*misleading); i++)
        if (strlen(misleading[i]) == length && memcmp(misleading[i], text, length) == 0)
            return true;
    return false;
}

static bool check_text(const char *text, bool printable)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n;) {
        unsigned char first = (unsigned char)text[i];
        size_t length = utf8_character(text + i, n - i);

        if (length == 0 || first < 0x20 || first == 0x7f ||
            (first == 0xc2 && (unsigned char)text[i + 1] < 0xa0) || /* C1 */
            (printable && is_misleading(text + i, length)))
            return false;
        i += length;
    }
    return true;
}

bool build_is_text(const char *text)
{
    return check_text(text, false);
}

bool build_is_printable(const char *text)
{
    return check_text(text, true);
}

bool build_is_domain(const char *text)
{
    static const char letters[] =
        "_-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t left = strlen(text);

    if (left == 0 || left > 253)
        return false;
    for (;;) {
        size_t n = strspn(text, letters);

        if (n < 1 || n > 63 || text[0] == '-' || text[n - 1] == '-')
            return false;
        if (text[n] == '\0')
            return true;
        if (text[n] != '.')
            return false;
        text += n + 1;
    }
}

static const struct word *find_word(const struct context *context, const char *name)
{
    for (size_t i = 0; i < context->n; i++)
        if (strcmp(context->words[i].name, name) == 0)
            return &context->words[i];
    return NULL;
}

static const struct context *const contexts[] = {
    &policy_top_context,   &policy_routes_context, &policy_profile_context,
    &policy_group_context, &policy_user_context,
};

/* The places where a word would be known, as "<profile> or <user>"; false if nowhere. */
static bool find_elsewhere(const char *name, char *text, size_t size)
{
    size_t at = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sizeof(contexts) / sizeof(*contexts); i++)
        if (find_word(contexts[i], name) != NULL && at < size)
            at += (size_t)snprintf(text + at, size - at, "%s%s", at > 0 ? " or " : "",
                                   contexts[i]->name);
    return at > 0;
}

static void complain_unknown(struct build *build, const struct context *context,
                             const struct directive *block, const struct directive *line)
{
    const char *names[MAX_WORDS + 1] = {NULL};
    char hint[BUILD_HINT_SIZE];

    if (line->is_block && block != NULL) {
        build_error(build, line,
                    "<%.60s> within <%.60s> of line %u; is </%.60s> missing before it?",
                    line->argv[0], block->argv[0], block->line, block->argv[0]);
    } else if (find_elsewhere(line->argv[0], hint, sizeof(hint))) {
        build_error(build, line, "\"%.80s\" does not belong in %s, but in %s", line->argv[0],
                    context->name, hint);
    } else {
        for (size_t i = 0; i < context->n && i < MAX_WORDS; i++)
            names[i] = context->words[i].name;
        build_error(build, line, "unknown directive \"%.80s\" in %s%s", line->argv[0],
                    context->name, build_hint(build, line->argv[0], names, hint));
    }
}

/* True if a line has the form that its keyword wants. */
static bool check_form(struct build *build, const struct word *word, const struct directive *line)
{
    bool block = word->kind == WORD_BLOCK;

    if (block && !line->is_block)
        build_error(build, line, "\"%s\" is a block: <%s %s>, its lines, and </%s>", word->name,
                    word->name, word->usage, word->name);
    else if (!block && line->is_block)
        build_error(build, line, "<%s> is not a block but a line; usage: %s %s", word->name,
                    word->name, word->usage);
    else if (line->argc - 1 < word->min || line->argc - 1 > word->max)
        build_error(build, line, "too %s words after \"%s\"; usage: %s%s%s%s%s",
                    line->argc - 1 < word->min ? "few" : "many", word->name, block ? "<" : "",
                    word->name, word->usage[0] != '\0' ? " " : "", word->usage, block ? ">" : "");
    else
        return true;
    return false;
}

void build_apply(struct build *build, const struct context *context, const struct directive *block,
                 const struct directive *first)
{
    const struct directive *seen[MAX_WORDS] = {NULL};

    for (const struct directive *line = first; line != NULL && !build->out_of_memory;
         line = line->next) {
        const struct word *word;
        size_t i;

        if (build->trace != NULL)
            build->trace->line(build->trace->arg, block, line);
        if (context->other != NULL && context->other(build, line))
            continue;
        word = find_word(context, line->argv[0]);
        if (word == NULL) {
            complain_unknown(build, context, block, line);
            continue;
        }
        if (!check_form(build, word, line))
            continue;
        i = (size_t)(word - context->words);
        if (word->kind == WORD_ONCE && seen[i] != NULL) {
            build_error(build, line, "a second \"%s\"; the first is at %s:%u", word->name,
                        seen[i]->file, seen[i]->line);
            continue;
        }
        seen[i] = line;
        word->apply(build, line);
    }
}
