/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads state files back, section by section. A file may have been written by anybody and
 * may be damaged: whatever is not understood is passed over, and the section says so.
 */
#include "lib/state_text.h"

#include "lib/list_line.h"

#include <stdlib.h>

#define HEAD_LINES  8     /* that state_file_version() looks at */
#define MAX_SOURCES 10000 /* what comes after so many sections belongs to the last */

struct reading {
    struct state_file *file;
    struct state_source *source;
    uint64_t lines; /* of the section */
    uint64_t count; /* what it says about that */
    bool has_count;
    size_t room; /* for its addresses or members */
    bool out_of_memory;
};

/* ── the comments of a section ── */

static void keep(struct reading *r, const char **out, const struct state_piece *value, size_t max)
{
    *out = state_keep(r->file->arena, value, max);
    r->out_of_memory |= !*out;
}

static void take_etag(struct reading *r, const struct state_piece *value)
{
    keep(r, &r->source->etag, value, STATE_MAX_TEXT);
}

static void take_modified(struct reading *r, const struct state_piece *value)
{
    keep(r, &r->source->modified, value, STATE_MAX_TEXT);
}

static void take_got(struct reading *r, const struct state_piece *value)
{
    state_read_time(value, &r->source->got_at);
}

static void take_checked(struct reading *r, const struct state_piece *value)
{
    state_read_time(value, &r->source->checked_at);
}

static void take_read(struct reading *r, const struct state_piece *value)
{
    state_read_number(value, &r->source->read);
}

static void take_count(struct reading *r, const struct state_piece *value)
{
    r->has_count = state_read_number(value, &r->count);
}

static void take_dropped_all(struct reading *r, const struct state_piece *value)
{
    state_read_number(value, &r->source->dropped);
}

static void take_dropped(struct reading *r, const struct state_piece *value)
{
    struct state_source *source = r->source;
    const char *blank = memchr(value->text, ' ', value->n);
    size_t n = blank ? (size_t)(blank - value->text) : value->n;
    struct state_piece what = {value->text, n};
    struct state_piece why = {value->text + n + (blank != NULL), value->n - n - (blank != NULL)};

    if (source->n_drops == STATE_MAX_DROPS)
        return;
    if (!source->drops)
        source->drops = arena_array(r->file->arena, STATE_MAX_DROPS, sizeof(*source->drops));
    r->out_of_memory |= !source->drops;
    if (!source->drops)
        return;
    keep(r, &source->drops[source->n_drops].what, &what, STATE_MAX_TEXT);
    keep(r, &source->drops[source->n_drops].why, &why, STATE_MAX_TEXT);
    source->n_drops++;
}

static const struct {
    const char *word;
    void (*take)(struct reading *r, const struct state_piece *value);
} words[] = {
    {"# checked", take_checked}, {"# count", take_count},       {"# dropped", take_dropped},
    {"# etag", take_etag},       {"# got", take_got},           {"# dropped-all", take_dropped_all},
    {"# read", take_read},       {"# modified", take_modified},
};

static void end_section(struct reading *r)
{
    struct state_source *source = r->source;

    if (r->has_count && r->count != r->lines)
        source->damaged = true;
    if (source->dropped < source->n_drops)
        source->dropped = source->n_drops;
    if (!prefix_set_minimise(source->prefixes))
        r->out_of_memory = true;
    r->lines = 0;
    r->has_count = false;
    r->room = 0;
}

static void begin_section(struct reading *r, const struct state_piece *what)
{
    struct state_source *source = &r->file->sources[r->file->n_sources++];

    r->source = source;
    source->prefixes = prefix_set_new();
    r->out_of_memory |= !source->prefixes;
    keep(r, &source->what, what, STATE_MAX_WHAT);
}

static void take_comment(struct reading *r, const struct state_piece *line)
{
    struct state_file *file = r->file;
    struct state_piece value;

    if (state_is_word(line, "# source", &value) && file->n_sources <= MAX_SOURCES) {
        end_section(r);
        begin_section(r, &value);
        return;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (state_is_word(line, words[i].word, &value))
            words[i].take(r, &value);
    if (file->n_sources > 1)
        return;
    if (state_is_word(line, "# set", &value) || state_is_word(line, "# group", &value))
        keep(r, &file->name, &value, POLICY_MAX_NAME);
    else if (state_is_word(line, "# written", &value))
        state_read_time(&value, &file->written_at);
}

/* ── lines, some at a time ── */

static void bad_prefix(void *arg, unsigned line, const char *text, size_t n, enum prefix_status why,
                       const struct prefix *suggestion)
{
    struct reading *r = arg;

    (void)line, (void)text, (void)n, (void)why, (void)suggestion;
    r->source->damaged = true;
}

static uint64_t count_lines(struct state_piece body)
{
    struct state_piece line;
    uint64_t count = 0;

    while (state_take_line(&body, &line))
        count += line.n > 0;
    return count;
}

static void take_prefixes(struct reading *r, struct state_piece body)
{
    r->lines += count_lines(body);
    if (!prefix_set_read(r->source->prefixes, body.text, body.n, bad_prefix, r))
        r->out_of_memory = true;
}

/* "192.0.2.7/32 # seen 2026-11-22T20:44:35Z" */
static bool read_address(const struct state_piece *line, struct state_address *out)
{
    struct state_piece rest, seen;
    size_t used = 0;

    *out = (struct state_address){0};
    if (prefix_parse_start(line->text, line->n, &out->prefix, &used) != PREFIX_OK)
        return false;
    rest = (struct state_piece){line->text + used, line->n - used};
    if (state_is_word(&rest, " # seen", &seen))
        state_read_time(&seen, &out->seen_at);
    return rest.n == 0 || rest.text[0] == ' ';
}

/* Room for as many more items as there may be lines: the items, moved if need be. */
static void *more(struct reading *r, void *items, size_t n, size_t lines, size_t size)
{
    void *moved;

    if (lines <= r->room - n)
        return items;
    r->room = r->room * 2 > n + lines ? r->room * 2 : n + lines;
    moved = arena_array(r->file->arena, r->room, size);
    if (moved && n > 0)
        memcpy(moved, items, n * size);
    r->out_of_memory |= !moved;
    return moved;
}

static void take_addresses(struct reading *r, struct state_piece body)
{
    struct state_source *source = r->source;
    uint64_t lines = count_lines(body);
    struct state_piece line;

    r->lines += lines;
    source->addresses =
        more(r, source->addresses, source->n_addresses, lines, sizeof(*source->addresses));
    while (!r->out_of_memory && state_take_line(&body, &line)) {
        if (line.n == 0)
            continue;
        if (read_address(&line, &source->addresses[source->n_addresses]))
            source->n_addresses++;
        else
            source->damaged = true;
    }
}

static void take_members(struct reading *r, struct state_piece body)
{
    struct state_source *source = r->source;
    uint64_t lines = count_lines(body);
    struct list_line line;

    r->lines += lines;
    source->members = more(r, source->members, source->n_members, lines, sizeof(*source->members));
    list_begin(&line, body.text, body.n);
    while (!r->out_of_memory && list_next(&line)) {
        char *member = arena_strndup(r->file->arena, line.text, line.n);

        r->out_of_memory |= !member;
        if (member && strlen(member) == line.n && state_is_member(member))
            source->members[source->n_members++] = member;
        else
            source->damaged = true;
    }
}

static void (*const take_body[])(struct reading *r, struct state_piece body) = {
    [STATE_FETCHED] = take_prefixes,
    [STATE_RESOLVED] = take_addresses,
    [STATE_MEMBERS] = take_members,
};

/* The lines up to the next that is a comment. */
static struct state_piece take_run(struct state_piece *rest)
{
    struct state_piece run = *rest;
    struct state_piece line;

    while (rest->n > 0 && rest->text[0] != '#')
        state_take_line(rest, &line);
    run.n -= rest->n;
    return run;
}

static bool read_all(struct reading *r, struct state_piece rest)
{
    const struct state_piece nameless = {"", 0};
    struct state_piece line;

    begin_section(r, &nameless);
    while (rest.n > 0 && !r->out_of_memory) {
        if (rest.text[0] != '#')
            take_body[r->file->kind](r, take_run(&rest));
        else if (state_take_line(&rest, &line))
            take_comment(r, &line);
    }
    if (!r->out_of_memory)
        end_section(r);
    return !r->out_of_memory;
}

/* ── the file ── */

static bool is_empty(const struct state_source *source)
{
    size_t n = 0;

    prefix_set_cover(source->prefixes, &n, NULL);
    return n == 0 && source->n_addresses == 0 && source->n_members == 0 && !source->damaged;
}

static size_t count_sources(struct state_piece rest)
{
    struct state_piece line, value;
    size_t n = 0;

    while (state_take_line(&rest, &line))
        n += state_is_word(&line, "# source", &value);
    return n < MAX_SOURCES ? n : MAX_SOURCES;
}

struct state_file *state_file_parse(enum state_kind kind, const char *text, size_t n)
{
    struct arena *arena = arena_new();
    struct state_file *file = arena ? arena_alloc(arena, sizeof(*file)) : NULL;
    struct state_piece whole = {text, n};
    struct reading r = {.file = file};

    if (!file) {
        arena_free(arena);
        return NULL;
    }
    *file = (struct state_file){.arena = arena, .kind = kind};
    file->sources = arena_array(arena, count_sources(whole) + 1, sizeof(*file->sources));
    if (!file->sources || !read_all(&r, whole)) {
        state_file_free(file);
        return NULL;
    }
    if (is_empty(&file->sources[0])) { /* nothing before the first section */
        prefix_set_free(file->sources[0].prefixes);
        file->sources++;
        file->n_sources--;
    }
    return file;
}

void state_file_free(struct state_file *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->n_sources; i++)
        prefix_set_free(file->sources[i].prefixes);
    arena_free(file->arena);
}

struct state_source *state_file_find(const struct state_file *file, const char *what)
{
    for (size_t i = file->n_sources; i > 0; i--)
        if (strcmp(file->sources[i - 1].what, what) == 0)
            return &file->sources[i - 1];
    return NULL;
}

int64_t state_file_version(const char *text, size_t n)
{
    struct state_piece rest = {text, n};
    struct state_piece line, value;
    int64_t at = 0;

    for (int i = 0; i < HEAD_LINES && rest.n > 0 && *rest.text == '#'; i++)
        if (state_take_line(&rest, &line) && state_is_word(&line, "# written", &value) &&
            state_read_time(&value, &at))
            break;
    return at;
}
