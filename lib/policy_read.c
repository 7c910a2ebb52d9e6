/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files a policy is made of: the policy itself, what it includes, plain lists,
 * mgmtd's results. Every file that is read or looked for is watched, so that it is known
 * when trying again is worth it. Never waits: dirs_read_file() takes regular files only.
 */
#include "config.h"

#include "lib/policy_read.h"
#include "lib/policy_words.h"
#include "lib/state_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_INCLUDES  8 /* files within files */
#define MAX_BAD_LINES 20
#define WILDCARDS     "*?["

/* A file being read, and the one that included it. */
struct frame {
    const struct frame *parent;
    dev_t dev;
    ino_t ino;
    unsigned depth;
};

static char *read_whole(struct build *build, const char *path, size_t *n, struct stat *st)
{
    char *text = dirs_read_file(build->dirs, path, build->bytes_left, n, st);

    if (text != NULL)
        build->bytes_left -= *n;
    return text;
}

static void watch(struct build *build, const char *path, const struct stat *seen)
{
    if (!watch_add(build->watch, path, seen))
        build_out_of_memory(build);
}

/* Reads, counts and watches a file. NULL with errno set. */
static char *read_file(struct build *build, const char *path, size_t *n, struct stat *st)
{
    char *text = read_whole(build, path, n, st);
    bool exists = true;
    int why;

    if (text == NULL && errno != ENOENT) {
        /* What cannot be read is looked at, and tried once more: a look that came after
         * the only try could miss the change that would have made it work. */
        exists = dirs_stat(build->dirs, path, st) == 0;
        text = read_whole(build, path, n, st);
    } else if (text == NULL) {
        exists = false;
    }
    why = errno;
    watch(build, path, exists ? st : NULL);
    errno = why;
    return text;
}

/* errno as a sentence for people. */
static const char *why_not(char *text, size_t size)
{
    if (errno == EFBIG)
        return "all files together are larger than " BUILD_MAX_BYTES_TEXT;
    if (errno == EINVAL)
        return "not a regular file";
    snprintf(text, size, "%m");
    return text;
}

static void cannot_read(struct build *build, const struct directive *at, const char *path)
{
    char why[128];
    const char *because = why_not(why, sizeof(why));

    if (at == NULL)
        build_complain(build, DIAGNOSTIC_ERROR, path, 0, "cannot be read: %s", because);
    else
        build_error(build, at, "cannot read \"%.500s\": %s", path, because);
}

/* A pattern's directory is watched: files come and go in it. */
static void watch_directory(struct build *build, const char *pattern)
{
    const char *slash = strrchr(pattern, '/');
    char *directory = strndup(pattern, slash == NULL ? 0 : (size_t)(slash - pattern));
    struct stat st;

    if (directory == NULL) {
        build_out_of_memory(build);
        return;
    }
    if (directory[0] != '\0')
        watch(build, directory, dirs_stat(build->dirs, directory, &st) == 0 ? &st : NULL);
    free(directory);
}

/* An array like dirs_glob()'s with this one path, which it takes over. */
static char **single(char *path)
{
    char **paths = calloc(2, sizeof(*paths));

    if (paths == NULL)
        free(path);
    else
        paths[0] = path;
    return paths;
}

static char **match(struct build *build, const struct directive *include, const char *pattern)
{
    char **paths;
    char why[128];

    watch_directory(build, pattern);
    paths = dirs_glob(build->dirs, pattern);
    if (paths != NULL)
        return paths;
    if (errno == ENOMEM)
        build_out_of_memory(build);
    else if (errno != ENOENT && errno != ENOTDIR) /* no directory, no match */
        build_error(build, include, "cannot look for \"%.500s\": %s", pattern,
                    why_not(why, sizeof(why)));
    return NULL;
}

/* The files an `include` line means, as dirs_glob() gives them; NULL if none, with an error
 * where that is one. */
static char **find_included(struct build *build, const struct directive *include)
{
    const char *name = include->argv[1];
    const char *last = strrchr(name, '/');
    char *path;
    char **paths;

    if (name[0] == '\0' || (last != NULL && last[1] == '\0')) {
        build_error(build, include, "\"%.500s\" is not the name of a file", name);
        return NULL;
    }
    if (last != NULL && strcspn(name, WILDCARDS) < (size_t)(last - name)) {
        build_error(build, include, "wildcards may stand only after the last slash: \"%.500s\"",
                    name);
        return NULL;
    }
    path = dirs_resolve(include->file, name);
    if (path == NULL) {
        build_out_of_memory(build);
        return NULL;
    }
    if (strpbrk(last == NULL ? name : last, WILDCARDS) == NULL) {
        paths = single(path);
        if (paths == NULL)
            build_out_of_memory(build);
        return paths;
    }
    paths = match(build, include, path);
    free(path);
    return paths;
}

static void read_text(struct build *build, const struct frame *frame, const char *path,
                      const char *text, size_t n);

/* True if a file is one of those that are being read. */
static bool is_open(const struct frame *frame, const struct stat *st)
{
    for (; frame != NULL; frame = frame->parent)
        if (frame->dev == st->st_dev && frame->ino == st->st_ino)
            return true;
    return false;
}

static void read_included(struct build *build, const struct frame *parent,
                          const struct directive *include, const char *path)
{
    struct stat st = {0};
    size_t n = 0;
    char *text = read_file(build, path, &n, &st);
    struct frame frame = {parent, st.st_dev, st.st_ino, parent->depth + 1};

    if (text == NULL)
        cannot_read(build, include, path);
    else if (is_open(parent, &st))
        build_error(build, include, "\"%.500s\" includes itself", path);
    else if (parent->depth == MAX_INCLUDES)
        build_error(build, include, "more than %d files included within one another: \"%.500s\"",
                    MAX_INCLUDES, path);
    else
        read_text(build, &frame, path, text, n);
    free(text);
}

static void include_directives(struct build *build, const struct frame *frame,
                               const struct directive *include)
{
    char **paths;

    if (include->argc != 2) {
        build_error(build, include, "usage: include FILE");
        return;
    }
    paths = find_included(build, include);
    for (size_t i = 0; paths != NULL && paths[i] != NULL && !build->out_of_memory; i++)
        read_included(build, frame, include, paths[i]);
    dirs_glob_free(paths);
}

/* Appends a file's directives to the one list of all, other files' in the place of `include`. */
static void read_text(struct build *build, const struct frame *frame, const char *path,
                      const char *text, size_t n)
{
    char *file = arena_strdup(build->policy->arena, path);
    struct directive *next;

    if (file == NULL) {
        build_out_of_memory(build);
        return;
    }
    next = directive_parse(build->scratch, file, text, n, build->problems);
    while (next != NULL && !build->out_of_memory) {
        struct directive *line = next;

        next = line->next;
        line->next = NULL;
        if (!line->is_block && strcmp(line->argv[0], "include") == 0) {
            include_directives(build, frame, line);
        } else {
            *build->tail = line;
            build->tail = &line->next;
        }
    }
}

void build_read_text(struct build *build, const char *path, const char *text, size_t n)
{
    struct frame frame = {.depth = 0};

    read_text(build, &frame, path, text, n);
}

bool build_read_policy(struct build *build, const char *path)
{
    struct stat st = {0};
    size_t n = 0;
    char *text = read_file(build, path, &n, &st);
    struct frame frame = {NULL, st.st_dev, st.st_ino, 0};

    if (text == NULL)
        cannot_read(build, NULL, path);
    else
        read_text(build, &frame, path, text, n);
    free(text);
    return text != NULL;
}

void build_include_list(struct build *build, const struct directive *include, build_take *take)
{
    char **paths = find_included(build, include);

    for (size_t i = 0; paths != NULL && paths[i] != NULL && !build->out_of_memory; i++) {
        struct stat st = {0};
        size_t n = 0;
        char *text = read_file(build, paths[i], &n, &st);

        if (text == NULL)
            cannot_read(build, include, paths[i]);
        else
            take(build, DIAGNOSTIC_ERROR, paths[i], text, n);
        free(text);
    }
    dirs_glob_free(paths);
}

/* Only what a file says of itself stays the same when it is copied. */
static int64_t version_of(const char *text, size_t n, const struct stat *st)
{
    int64_t version = state_file_version(text, n);

    return version != 0 ? version : (int64_t)st->st_mtime;
}

int64_t build_read_state(struct build *build, const char *file, unsigned line, const char *name,
                         build_take *take)
{
    struct stat st = {0};
    int64_t version = 0;
    size_t n = 0;
    char *path = NULL;
    char *text;
    char why[128];

    if (asprintf(&path, "%s/%s", build->policy->state_dir, name) < 0) {
        build_out_of_memory(build);
        return 0;
    }
    text = read_file(build, path, &n, &st);
    if (text != NULL) {
        version = version_of(text, n, &st);
        take(build, DIAGNOSTIC_WARNING, path, text, n);
    } else if (errno == ENOENT || errno == ENOTDIR)
        build_complain(build, DIAGNOSTIC_WARNING, file, line,
                       "no result yet: \"%.500s\" is not there", path);
    else /* the routes it had must not vanish from a running server */
        build_complain(build, DIAGNOSTIC_ERROR, file, line, "cannot read \"%.500s\": %s", path,
                       why_not(why, sizeof(why)));
    free(path);
    free(text);
    return version;
}

void build_trace_list(struct build *build, const char *kind, const char *name, const char *path,
                      const char *text, size_t n)
{
    struct list_line line;

    if (build->trace == NULL)
        return;
    list_begin(&line, text, n);
    while (list_next(&line))
        build->trace->listed(
            build->trace->arg,
            &(struct policy_listed){kind, name, path, line.number, line.text, line.n});
}

void bad_line(struct bad_lines *bad, unsigned line, const char *text, size_t n, const char *why)
{
    if (++bad->n <= MAX_BAD_LINES)
        build_complain(bad->build, bad->level, bad->file, line, "\"%.*s%s\" %s",
                       (int)(n < 60 ? n : 60), text, n > 60 ? "…" : "", why);
    bad->last = line;
}

void bad_lines_end(const struct bad_lines *bad)
{
    if (bad->n > MAX_BAD_LINES)
        build_complain(bad->build, bad->level, bad->file, bad->last, "and %u more bad lines",
                       bad->n - MAX_BAD_LINES);
}
