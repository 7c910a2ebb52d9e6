/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes state files as mgmtd does, with the library's writer, out of lines on standard input:
 *
 *     write_state STATE-DIRECTORY fetched|resolved|members NAME
 *
 * A line is a word and fields, key=value, with tabs between them: `source` (what, got,
 * checked, read), then its `drop` (what, why) and `have` (text, seen); `status` (of
 * state_status, by the names of its members) and `change` (at, added, prefix, source).
 * Times are epoch seconds. What there is no line for is not written.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/state_status.h"

#define MAX_ITEMS 1000

static enum state_kind kind;
static struct state_file file;
static struct state_source sources[MAX_ITEMS];
static struct state_statuses statuses;
static struct state_status status_items[MAX_ITEMS];
static FILE *changes;

static void fail(const char *what)
{
    fprintf(stderr, "write_state: %s\n", what);
    exit(2);
}

/* The value of a field, malloc'd; NULL if it is not there. */
static char *field(const char *line, const char *key)
{
    size_t n = strlen(key);

    for (const char *at = strchr(line, '\t'); at; at = strchr(at + 1, '\t'))
        if (strncmp(at + 1, key, n) == 0 && at[1 + n] == '=')
            return strndup(at + n + 2, strcspn(at + n + 2, "\t"));
    return NULL;
}

static int64_t number(const char *line, const char *key)
{
    char *text = field(line, key);
    int64_t value = text ? strtoll(text, NULL, 10) : 0;

    free(text);
    return value;
}

static struct prefix prefix_of(const char *line, const char *key)
{
    char *text = field(line, key);
    struct prefix prefix;

    if (!text || prefix_parse(text, strlen(text), &prefix) != PREFIX_OK)
        fail("not a prefix");
    free(text);
    return prefix;
}

static void take_source(const char *line)
{
    struct state_source *source = &sources[file.n_sources++];

    source->what = field(line, "what");
    source->got_at = number(line, "got");
    source->checked_at = number(line, "checked");
    source->read = (uint64_t)number(line, "read");
    source->prefixes = prefix_set_new();
    source->drops = calloc(STATE_MAX_DROPS, sizeof(*source->drops));
    source->addresses = calloc(MAX_ITEMS, sizeof(*source->addresses));
    source->members = calloc(MAX_ITEMS, sizeof(*source->members));
}

static void take_drop(const char *line)
{
    struct state_source *source = &sources[file.n_sources - 1];

    source->drops[source->n_drops++] = (struct state_drop){field(line, "what"), field(line, "why")};
    source->dropped++;
}

static void take_have(const char *line)
{
    struct state_source *source = &sources[file.n_sources - 1];
    struct prefix prefix;

    if (kind == STATE_MEMBERS) {
        source->members[source->n_members++] = field(line, "text");
        return;
    }
    prefix = prefix_of(line, "text");
    if (kind == STATE_RESOLVED)
        source->addresses[source->n_addresses++] =
            (struct state_address){prefix, number(line, "seen")};
    else if (!prefix_set_add(source->prefixes, &prefix) || !prefix_set_minimise(source->prefixes))
        fail("out of memory");
}

static void take_status(const char *line)
{
    status_items[statuses.n++] = (struct state_status){
        .what = field(line, "what"),
        .tried_at = number(line, "tried_at"),
        .good_at = number(line, "good_at"),
        .due_at = number(line, "due_at"),
        .failures = (uint64_t)number(line, "failures"),
        .failure = field(line, "failure"),
        .holds = (uint64_t)number(line, "holds"),
        .held = field(line, "held"),
        .read = (uint64_t)number(line, "read"),
        .kept = (uint64_t)number(line, "kept"),
        .dropped = (uint64_t)number(line, "dropped"),
    };
}

static void take_change(const char *line)
{
    char *source = field(line, "source");
    struct state_change change = {.at = number(line, "at"),
                                  .added = number(line, "added") != 0,
                                  .prefix = prefix_of(line, "prefix"),
                                  .source = source,
                                  .source_n = strlen(source)};
    char text[STATE_CHANGE_SIZE];

    fwrite(text, 1, state_change_format(&change, text), changes);
    free(source);
}

static const struct {
    const char *word;
    void (*take)(const char *line);
} words[] = {
    {"source", take_source}, {"drop", take_drop},     {"have", take_have},
    {"status", take_status}, {"change", take_change},
};

static void take(char *line)
{
    size_t n = strcspn(line, "\t\n");

    line[strcspn(line, "\n")] = '\0';
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strlen(words[i].word) == n && strncmp(words[i].word, line, n) == 0) {
            words[i].take(line);
            return;
        }
    fail(line);
}

/* `text` is taken over. */
static void save(const char *directory, const char *path, char *text, size_t n)
{
    if (!text || state_save(directory, path, text, n, false) != 0)
        fail(path);
    free(text);
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {"fetched", "resolved", "members"};
    char path[STATE_PATH_SIZE];
    char *line = NULL, *changed = NULL, *text;
    size_t room = 0, n = 0, n_changed = 0;

    if (argc != 4)
        fail("usage: write_state STATE-DIRECTORY KIND NAME");
    while (strcmp(kinds[kind], argv[2]) != 0)
        if (++kind > STATE_MEMBERS)
            fail("no such kind");
    file = (struct state_file){
        .kind = kind, .name = argv[3], .written_at = time(NULL), .sources = sources};
    statuses.items = status_items;
    changes = open_memstream(&changed, &n_changed);
    while (getline(&line, &room, stdin) > 0)
        take(line);
    fclose(changes);
    if (file.n_sources > 0) {
        text = state_file_format(&file, &n);
        save(argv[1], state_file_path(kind, argv[3], path), text, n);
    }
    if (statuses.n > 0) {
        text = state_statuses_format(kind, argv[3], &statuses, &n);
        save(argv[1], state_status_path(kind, argv[3], path), text, n);
    }
    if (n_changed > 0)
        save(argv[1], state_changes_path(argv[3], path), changed, n_changed);
    else
        free(changed);
    free(line);
    return 0;
}
