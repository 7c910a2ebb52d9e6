/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State files as text. Nothing that came from the net gets into it but as data. */
#include "lib/state_text.h"

#include "lib/list_line.h"
#include "lib/utf8.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct {
    const char *folder;
    const char *suffix;
} places[] = {
    [STATE_FETCHED] = {"routes", "fetched"},
    [STATE_RESOLVED] = {"routes", "resolved"},
    [STATE_MEMBERS] = {"groups", "members"},
};

char *state_file_path(enum state_kind kind, const char *name, char path[STATE_PATH_SIZE])
{
    snprintf(path, STATE_PATH_SIZE, "%s/%.*s.%s", places[kind].folder, POLICY_MAX_NAME, name,
             places[kind].suffix);
    return path;
}

/* ── what sources are called ── */

char *state_source_text(const struct policy_source *source)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    if (!out)
        return NULL;
    fputs(source->kind == POLICY_SOURCE_FETCH ? "fetch " : "host ", out);
    state_put(out, source->what, strlen(source->what), STATE_MAX_WHAT);
    for (size_t i = 0; i < source->n_where; i++) {
        fputs(" where ", out);
        state_put(out, source->where[i].key, strlen(source->where[i].key), STATE_MAX_WHAT);
        fputc('=', out);
        state_put(out, source->where[i].value, strlen(source->where[i].value), STATE_MAX_WHAT);
    }
    return state_end(out, &text, true);
}

char *state_unix_group_text(const char *unix_group)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    if (!out)
        return NULL;
    fputs("unix-group ", out);
    state_put(out, unix_group, strlen(unix_group), STATE_MAX_WHAT);
    return state_end(out, &text, true);
}

/* ── lines ── */

bool state_is_member(const char *name)
{
    size_t n = strlen(name);
    struct list_line line;

    if (n == 0 || n > POLICY_MAX_USER || name[0] == '"' || name[0] == '\'' || !utf8_valid(name, n))
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    list_begin(&line, name, n);
    return list_next(&line) && line.n == n;
}

static bool put_prefixes(FILE *out, const struct state_source *source)
{
    size_t count = 0, n = 0;
    char *text;

    if (source->prefixes)
        prefix_set_cover(source->prefixes, &count, NULL);
    fprintf(out, "# count %zu\n", count);
    if (count == 0)
        return true;
    text = prefix_set_write(source->prefixes, &n);
    if (text)
        fwrite(text, 1, n, out);
    free(text);
    return text != NULL;
}

static bool put_addresses(FILE *out, const struct state_source *source)
{
    fprintf(out, "# count %zu\n", source->n_addresses);
    for (size_t i = 0; i < source->n_addresses; i++) {
        char prefix[PREFIX_TEXT_SIZE];

        prefix_format(&source->addresses[i].prefix, prefix);
        fputs(prefix, out);
        if (source->addresses[i].seen_at != 0)
            state_put_time(out, " # seen", source->addresses[i].seen_at);
        else
            fputc('\n', out);
    }
    return true;
}

static bool put_members(FILE *out, const struct state_source *source)
{
    size_t count = 0;

    for (size_t i = 0; i < source->n_members; i++)
        count += state_is_member(source->members[i]);
    fprintf(out, "# count %zu\n", count);
    for (size_t i = 0; i < source->n_members; i++)
        if (state_is_member(source->members[i]))
            fprintf(out, "%s\n", source->members[i]);
    return true;
}

/* Each writes the count and the lines. False when memory is out. */
static bool (*const put_lines[])(FILE *out, const struct state_source *source) = {
    [STATE_FETCHED] = put_prefixes,
    [STATE_RESOLVED] = put_addresses,
    [STATE_MEMBERS] = put_members,
};

/* ── sections ── */

static void put_drops(FILE *out, const struct state_source *source)
{
    for (size_t i = 0; i < source->n_drops && i < STATE_MAX_DROPS; i++) {
        const struct state_drop *drop = &source->drops[i];

        fputs("# dropped ", out);
        state_put(out, drop->what, strlen(drop->what), STATE_MAX_TEXT);
        fputc(' ', out);
        state_put(out, drop->why, strlen(drop->why), STATE_MAX_TEXT);
        fputc('\n', out);
    }
    if (source->dropped > 0)
        fprintf(out, "# dropped-all %" PRIu64 "\n", source->dropped);
}

static bool put_source(FILE *out, enum state_kind kind, const struct state_source *source)
{
    fputc('\n', out);
    state_put_line(out, "# source", source->what, STATE_MAX_WHAT);
    state_put_time(out, "# got", source->got_at);
    state_put_time(out, "# checked", source->checked_at);
    state_put_line(out, "# etag", source->etag, STATE_MAX_TEXT);
    state_put_line(out, "# modified", source->modified, STATE_MAX_TEXT);
    if (source->read > 0)
        fprintf(out, "# read %" PRIu64 "\n", source->read);
    put_drops(out, source);
    return put_lines[kind](out, source);
}

char *state_file_format(const struct state_file *file, size_t *n)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, n);
    bool ok = true;

    if (!out)
        return NULL;
    fputs("# byway state 1\n", out);
    state_put_line(out, file->kind == STATE_MEMBERS ? "# group" : "# set", file->name,
                   POLICY_MAX_NAME);
    state_put_time(out, "# written", file->written_at);
    for (size_t i = 0; ok && i < file->n_sources; i++)
        ok = put_source(out, file->kind, &file->sources[i]);
    return state_end(out, &text, ok);
}

int64_t state_next_version(int64_t before, int64_t now)
{
    return now > before ? now : before + 1;
}
