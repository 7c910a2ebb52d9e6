/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes what a policy says of one address. */
#include "config.h"

#include "helpdesk/places.h"

#include <stdlib.h>
#include <string.h>

static void note(struct places *places, struct place place)
{
    struct arena *arena = places->arena;

    if (places->n == places->room) {
        size_t room = places->room ? places->room * 2 : 64;
        struct place *items = reallocarray(places->items, room, sizeof(*items));

        if (!items) {
            places->out_of_memory = true;
            return;
        }
        places->items = items;
        places->room = room;
    }
    place.block = arena_strdup(arena, place.block);
    place.name = arena_strdup(arena, place.name);
    place.file = arena_strdup(arena, place.file);
    if (place.set)
        place.set = arena_strdup(arena, place.set);
    if (!place.block || !place.name || !place.file || (place.kind == PLACE_ROUTES && !place.set))
        places->out_of_memory = true;
    else
        places->items[places->n++] = place;
}

static struct place at(enum place_kind kind, const struct directive *block,
                       const struct directive *line)
{
    return (struct place){.kind = kind,
                          .block = block->argv[0],
                          .name = block->argc > 1 ? block->argv[1] : "",
                          .file = line->file,
                          .line = line->line};
}

/* A prefix, from the word `first` on, that has the address. */
static void note_prefix(struct places *places, enum place_kind kind, const struct directive *block,
                        const struct directive *line, unsigned first)
{
    struct place place = at(kind, block, line);
    char *const *words = line->argv + first;
    enum prefix_status status = line->argc == first + 2
                                    ? prefix_parse_netmask(words[0], words[1], &place.prefix)
                                    : prefix_parse(words[0], strlen(words[0]), &place.prefix);

    if (status == PREFIX_OK && prefix_contains(&place.prefix, &places->address))
        note(places, place);
}

static void note_line(void *arg, const struct directive *block, const struct directive *line)
{
    struct places *places = arg;

    if (!block)
        return;
    if (strcmp(line->argv[0], "except") == 0 && line->argc > 1) {
        note_prefix(places, PLACE_EXCEPT, block, line, 1);
    } else if (strcmp(block->argv[0], "routes") == 0) {
        note_prefix(places, PLACE_WRITTEN, block, line, 0);
    } else if (strcmp(line->argv[0], "tunnel") == 0) {
        note(places, at(PLACE_TUNNEL, block, line));
    } else if (strcmp(line->argv[0], "budget") == 0) {
        note(places, at(PLACE_BUDGET, block, line));
    } else if (strcmp(line->argv[0], "routes") == 0) {
        for (unsigned i = 1; i < line->argc; i++) {
            struct place place = at(PLACE_ROUTES, block, line);

            place.set = line->argv[i];
            note(places, place);
        }
    }
}

static void bad_line(void *arg, unsigned line, const char *text, size_t n, enum prefix_status why,
                     const struct prefix *suggestion)
{
    (void)arg, (void)line, (void)text, (void)n, (void)why, (void)suggestion;
}

/* As the loader reads the line of a list. */
static bool read_listed(struct places *places, const struct policy_listed *listed,
                        struct prefix *prefix)
{
    const struct prefix *read;
    size_t n = 0;

    prefix_set_clear(places->scratch);
    if (!prefix_set_read(places->scratch, listed->text, listed->n, bad_line, NULL) ||
        !prefix_set_minimise(places->scratch)) {
        places->out_of_memory = true;
        return false;
    }
    read = prefix_set_cover(places->scratch, &n, NULL);
    if (n > 0)
        *prefix = *read;
    return n > 0;
}

/* A list in which everything stands is used without that line. */
static void note_listed(void *arg, const struct policy_listed *listed)
{
    struct places *places = arg;
    struct place place = {.kind = PLACE_LISTED,
                          .block = listed->kind,
                          .name = listed->name,
                          .file = listed->file,
                          .line = listed->line};

    if (strcmp(listed->kind, "routes") == 0 && read_listed(places, listed, &place.prefix) &&
        place.prefix.len > 0 && prefix_contains(&place.prefix, &places->address))
        note(places, place);
}

bool places_begin(struct places *places, const struct prefix *address)
{
    *places =
        (struct places){.address = *address, .arena = arena_new(), .scratch = prefix_set_new()};
    return places->arena && places->scratch;
}

void places_free(struct places *places)
{
    free(places->items);
    prefix_set_free(places->scratch);
    arena_free(places->arena);
}

struct policy_trace places_trace(struct places *places)
{
    return (struct policy_trace){.arg = places, .line = note_line, .listed = note_listed};
}

static bool is_in(const struct place *place, enum place_kind kind, const char *block,
                  const char *name)
{
    return place->kind == kind && strcmp(place->block, block) == 0 &&
           strcmp(place->name, name) == 0;
}

const struct place *places_prefix(const struct places *places, enum place_kind kind,
                                  const char *block, const char *name)
{
    const struct place *best = NULL;

    for (size_t i = 0; i < places->n; i++)
        if (is_in(&places->items[i], kind, block, name) &&
            (!best || places->items[i].prefix.len > best->prefix.len))
            best = &places->items[i];
    return best;
}

const struct place *places_line(const struct places *places, enum place_kind kind,
                                const char *block, const char *name, const char *set)
{
    for (size_t i = 0; i < places->n; i++)
        if (is_in(&places->items[i], kind, block, name) &&
            (!set || strcmp(places->items[i].set, set) == 0))
            return &places->items[i];
    return NULL;
}
