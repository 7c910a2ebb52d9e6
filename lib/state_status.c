/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What mgmtd does about each source, and what changed: text, and back. Pure. */
#include "lib/state_status.h"

#include "lib/state_text.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *folder_of(enum state_kind kind)
{
    return kind == STATE_MEMBERS ? "groups" : "routes";
}

char *state_status_path(enum state_kind kind, const char *name, char path[STATE_PATH_SIZE])
{
    snprintf(path, STATE_PATH_SIZE, "%s/%.*s.status", folder_of(kind), POLICY_MAX_NAME, name);
    return path;
}

char *state_changes_path(const char *set, char path[STATE_PATH_SIZE])
{
    snprintf(path, STATE_PATH_SIZE, "routes/%.*s.changes", POLICY_MAX_NAME, set);
    return path;
}

/* ── the words of a source ── */

enum form { TIME, NUMBER, NUMBER_TEXT };

/* One table drives both directions. */
static const struct word {
    const char *word;
    enum form form;
    size_t offset; /* in struct state_status: of the time or the number */
    size_t text;   /* of the text behind a number */
} words[] = {
    {"tried", TIME, offsetof(struct state_status, tried_at), 0},
    {"good", TIME, offsetof(struct state_status, good_at), 0},
    {"due", TIME, offsetof(struct state_status, due_at), 0},
    {"failed", NUMBER_TEXT, offsetof(struct state_status, failures),
     offsetof(struct state_status, failure)},
    {"held", NUMBER_TEXT, offsetof(struct state_status, holds),
     offsetof(struct state_status, held)},
    {"read", NUMBER, offsetof(struct state_status, read), 0},
    {"kept", NUMBER, offsetof(struct state_status, kept), 0},
    {"dropped", NUMBER, offsetof(struct state_status, dropped), 0},
};
#define WORD_COUNT (sizeof(words) / sizeof(*words))

static void put_word(FILE *out, const struct word *word, const struct state_status *status)
{
    const char *base = (const char *)status;
    uint64_t number = 0;
    const char *text = NULL;

    if (word->form == TIME) {
        state_put_time(out, word->word, *(const int64_t *)(base + word->offset));
        return;
    }
    number = *(const uint64_t *)(base + word->offset);
    if (word->form == NUMBER_TEXT)
        text = *(const char *const *)(base + word->text);
    if (number == 0)
        return;
    fprintf(out, "%s %" PRIu64 "%s", word->word, number, text ? " " : "");
    if (text)
        state_put(out, text, strlen(text), STATE_MAX_TEXT);
    fputc('\n', out);
}

char *state_statuses_format(enum state_kind kind, const char *name,
                            const struct state_statuses *statuses, size_t *n)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, n);

    if (!out)
        return NULL;
    fputs("# byway status 1\n", out);
    state_put_line(out, kind == STATE_MEMBERS ? "# group" : "# set", name, POLICY_MAX_NAME);
    for (size_t i = 0; i < statuses->n; i++) {
        fputc('\n', out);
        state_put_line(out, "source", statuses->items[i].what, STATE_MAX_WHAT);
        for (size_t j = 0; j < WORD_COUNT; j++)
            put_word(out, &words[j], &statuses->items[i]);
    }
    return state_end(out, &text, true);
}

/* False when memory is out. */
static bool take_word(struct arena *arena, const struct word *word, struct state_piece value,
                      struct state_status *status)
{
    char *base = (char *)status;
    const char *blank = memchr(value.text, ' ', value.n);
    size_t n = blank ? (size_t)(blank - value.text) : value.n;
    struct state_piece number = {value.text, n};
    struct state_piece text = {value.text + n + 1, value.n - n - 1};

    if (word->form == TIME) {
        state_read_time(&value, (int64_t *)(base + word->offset));
        return true;
    }
    if (!state_read_number(&number, (uint64_t *)(base + word->offset)) ||
        word->form != NUMBER_TEXT || !blank)
        return true;
    *(const char **)(base + word->text) = state_keep(arena, &text, STATE_MAX_TEXT);
    return *(const char **)(base + word->text) != NULL;
}

static bool take_line(struct state_statuses *statuses, const struct state_piece *line, size_t room)
{
    struct state_status *status = &statuses->items[statuses->n - (statuses->n > 0)];
    struct state_piece value;

    if (state_is_word(line, "source", &value)) {
        if (statuses->n == room)
            return true;
        status = &statuses->items[statuses->n++];
        status->what = state_keep(statuses->arena, &value, STATE_MAX_WHAT);
        return status->what != NULL;
    }
    for (size_t i = 0; statuses->n > 0 && i < WORD_COUNT; i++)
        if (state_is_word(line, words[i].word, &value))
            return take_word(statuses->arena, &words[i], value, status);
    return true;
}

static size_t count_sources(struct state_piece rest)
{
    struct state_piece line, value;
    size_t n = 0;

    while (state_take_line(&rest, &line))
        n += state_is_word(&line, "source", &value);
    return n;
}

struct state_statuses *state_statuses_parse(const char *text, size_t n)
{
    struct arena *arena = arena_new();
    struct state_statuses *statuses = arena ? arena_alloc(arena, sizeof(*statuses)) : NULL;
    struct state_piece rest = {text, n};
    size_t room = count_sources(rest);
    struct state_piece line;
    bool ok = false;

    if (statuses) {
        statuses->arena = arena;
        statuses->items = arena_array(arena, room, sizeof(*statuses->items));
        ok = statuses->items != NULL;
    }
    while (ok && state_take_line(&rest, &line))
        ok = take_line(statuses, &line, room);
    if (ok)
        return statuses;
    arena_free(arena);
    return NULL;
}

void state_statuses_free(struct state_statuses *statuses)
{
    if (statuses)
        arena_free(statuses->arena);
}

const struct state_status *state_statuses_find(const struct state_statuses *statuses,
                                               const char *what)
{
    for (size_t i = 0; i < statuses->n; i++)
        if (strcmp(statuses->items[i].what, what) == 0)
            return &statuses->items[i];
    return NULL;
}

/* ── changes ── */

size_t state_change_format(const struct state_change *change, char line[STATE_CHANGE_SIZE])
{
    FILE *out = fmemopen(line, STATE_CHANGE_SIZE, "w");
    char at[STATE_TIME_SIZE], prefix[PREFIX_TEXT_SIZE];
    long n = -1;

    if (!out)
        return 0;
    prefix_format(&change->prefix, prefix);
    fprintf(out, "%s %c %s ", state_time_format(change->at, at), change->added ? '+' : '-', prefix);
    state_put(out, change->source, change->source_n, STATE_MAX_WHAT);
    fputc('\n', out);
    if (fflush(out) == 0)
        n = ftell(out);
    fclose(out);
    return n > 0 ? (size_t)n : 0;
}

/* The next word of *rest. */
static struct state_piece take(struct state_piece *rest)
{
    const char *blank = memchr(rest->text, ' ', rest->n);
    size_t n = blank ? (size_t)(blank - rest->text) : rest->n;
    struct state_piece word = {rest->text, n};

    rest->text += n + (blank != NULL);
    rest->n -= n + (blank != NULL);
    return word;
}

bool state_change_parse(const char *line, size_t n, struct state_change *change)
{
    struct state_piece rest = {line, n};
    struct state_piece at = take(&rest);
    struct state_piece sign = take(&rest);
    struct state_piece prefix = take(&rest);
    struct state_change read = {0};

    if (!state_read_time(&at, &read.at) || sign.n != 1 ||
        (sign.text[0] != '+' && sign.text[0] != '-') ||
        prefix_parse(prefix.text, prefix.n, &read.prefix) != PREFIX_OK)
        return false;
    read.added = sign.text[0] == '+';
    read.source = rest.text;
    read.source_n = rest.n;
    *change = read;
    return true;
}
