/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the line that is to blame. */
#include "config.h"

#include "helpdesk/reach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helpdesk/origin.h"
#include "helpdesk/reach_private.h"
#include "lib/push.h"
#include "lib/state_file.h"

/* ── which line of a route set ── */

/* The more specific of two places, of which either may be NULL. */
static const struct place *sharper(const struct place *a, const struct place *b)
{
    if (!a || !b)
        return a ? a : b;
    return b->prefix.len > a->prefix.len ? b : a;
}

static const struct place *place_in_set(const struct places *places,
                                        const struct policy_route_set *set)
{
    return sharper(places_prefix(places, PLACE_WRITTEN, "routes", set->name),
                   places_prefix(places, PLACE_LISTED, "routes", set->name));
}

/* Of the sets of a connection that have the address, the one with the most specific line. */
static void find_carrier(struct reach *reach, const struct reach_question *question,
                         const struct origins *origins)
{
    const struct places *places = question->places;

    for (size_t i = 0; i < origins->n; i++) {
        const struct origin *origin = &origins->items[i];
        const struct place *place = place_in_set(places, origin->set);

        if (!prefix_set_contains(origin->set->prefixes, &places->address))
            continue;
        if (reach->set && sharper(reach->place, place) == reach->place)
            continue;
        reach->set = origin->set;
        reach->place = place;
        reach->routes =
            places_line(places, PLACE_ROUTES, origin->what, origin->name, origin->set->name);
    }
}

/* A set that would have the address but for an exception of its own. */
static bool find_excepted(struct reach *reach, const struct reach_question *question,
                          const struct origins *origins)
{
    const struct places *places = question->places;

    for (size_t i = 0; i < origins->n; i++) {
        const struct policy_route_set *set = origins->items[i].set;
        const struct place *except = places_prefix(places, PLACE_EXCEPT, "routes", set->name);

        if (!except || !place_in_set(places, set))
            continue;
        reach->set = set;
        reach->place = except;
        return true;
    }
    return false;
}

/* ── what mgmtd looked up ── */

static bool is_of(const struct policy *policy, const struct place *place, enum state_kind kind,
                  const char *set)
{
    char name[STATE_PATH_SIZE];
    size_t n = strlen(policy->state_dir);

    return strncmp(place->file, policy->state_dir, n) == 0 && place->file[n] == '/' &&
           strcmp(place->file + n + 1, state_file_path(kind, set, name)) == 0;
}

static bool section_has(const struct state_source *section, const struct prefix *address,
                        int64_t *as_of)
{
    bool has = section->prefixes && prefix_set_contains(section->prefixes, address);

    *as_of = section->checked_at > section->got_at ? section->checked_at : section->got_at;
    for (size_t i = 0; i < section->n_addresses; i++) {
        if (!prefix_contains(&section->addresses[i].prefix, address))
            continue;
        has = true;
        if (section->addresses[i].seen_at != 0)
            *as_of = section->addresses[i].seen_at;
    }
    return has;
}

static const struct policy_source *find_source(const struct policy_route_set *set, const char *what)
{
    const struct policy_source *found = NULL;

    for (size_t i = 0; !found && i < set->n_sources; i++) {
        char *text = state_source_text(&set->sources[i]);

        if (text && strcmp(text, what) == 0)
            found = &set->sources[i];
        free(text);
    }
    return found;
}

/* Which section of a state file has the address: one that the policy still has, if any. */
static bool find_section(struct reach *reach, const struct state_file *file,
                         const struct prefix *address)
{
    for (size_t i = 0; i < file->n_sources && !reach->source; i++) {
        const struct state_source *section = &file->sources[i];
        int64_t as_of = 0;

        if (!section_has(section, address, &as_of))
            continue;
        reach->source = find_source(reach->set, section->what);
        if (reach->source_text && !reach->source)
            continue;
        free(reach->source_text);
        reach->as_of = as_of;
        reach->source_text = strdup(section->what);
        if (!reach->source_text)
            return false;
    }
    return true;
}

static bool look_into_state(struct reach *reach, const struct reach_question *question,
                            enum state_kind kind)
{
    char path[STATE_PATH_SIZE];
    size_t n = 0;
    char *text =
        state_load(question->policy->state_dir, state_file_path(kind, reach->set->name, path), &n);
    struct state_file *file = text ? state_file_parse(kind, text, n) : NULL;
    bool ok = !text || (file && find_section(reach, file, &question->places->address));

    state_file_free(file);
    free(text);
    return ok;
}

/* Why the set has it: by a line of its own, of a list, or of what was looked up. */
static bool explain_set(struct reach *reach, const struct reach_question *question)
{
    const struct place *place = reach->place;

    if (place && reach->routes && !names_is_plain(reach->set->name)) {
        /* `routes 10.0.0.0/8`: the set is where it is first named, but this is the line. */
        reach->inlined = *place;
        reach->inlined.file = reach->routes->file;
        reach->inlined.line = reach->routes->line;
        reach->place = &reach->inlined;
    }
    reach->why = place && place->kind == PLACE_LISTED ? REACH_LISTED : REACH_WRITTEN;
    if (!place || place->kind != PLACE_LISTED)
        return true;
    if (is_of(question->policy, place, STATE_FETCHED, reach->set->name)) {
        reach->why = REACH_FETCHED;
        return look_into_state(reach, question, STATE_FETCHED);
    }
    if (is_of(question->policy, place, STATE_RESOLVED, reach->set->name)) {
        reach->why = REACH_RESOLVED;
        return look_into_state(reach, question, STATE_RESOLVED);
    }
    return true;
}

/* ── the answer ── */

static const struct place *exception_of(const struct reach_question *question)
{
    return places_prefix(question->places, PLACE_EXCEPT, "profile", question->profile->name);
}

static bool answer_full(struct reach *reach, const struct reach_question *question)
{
    reach->why = reach->through ? REACH_FULL : REACH_EXCEPT;
    reach->place = reach->through ? places_line(question->places, PLACE_TUNNEL, "profile",
                                                question->profile->name, NULL)
                                  : exception_of(question);
    return true;
}

static bool answer_split(struct reach *reach, const struct reach_question *question,
                         const struct origins *origins)
{
    find_carrier(reach, question, origins);
    if (reach->through && reach->set)
        return explain_set(reach, question);
    if (reach->through) {
        reach->why = REACH_BUDGET;
        reach->place =
            places_line(question->places, PLACE_BUDGET, "profile", question->profile->name, NULL);
    } else if (reach->set) {
        reach->why = REACH_EXCEPT;
        reach->place = exception_of(question);
    } else {
        reach->why = find_excepted(reach, question, origins) ? REACH_EXCEPT : REACH_NOTHING;
    }
    return true;
}

bool reach_find(struct reach *reach, const struct reach_question *question)
{
    const struct policy_profile *profile = question->profile;
    struct prefix_set *routes = push_routes(question->policy, profile, question->user, NULL);
    struct origins origins = {0};
    bool ok = routes && origins_find(&origins, profile, question->user);

    *reach = (struct reach){.why = REACH_NOTHING};
    if (ok && question->is_somebody && !policy_allows(profile, question->user)) {
        reach->why = REACH_FORBIDDEN;
    } else if (ok) {
        reach->through = prefix_set_contains(routes, &question->places->address);
        ok = profile->full ? answer_full(reach, question) : answer_split(reach, question, &origins);
    }
    reach->because = ok ? reach_sentence(reach, question) : NULL;
    origins_free(&origins);
    prefix_set_free(routes);
    return reach->because != NULL;
}

void reach_free(struct reach *reach)
{
    free(reach->source_text);
    free(reach->because);
}

const char *reach_why_name(enum reach_why why)
{
    switch (why) {
    case REACH_WRITTEN:
        return "written";
    case REACH_LISTED:
        return "list";
    case REACH_FETCHED:
        return "fetch";
    case REACH_RESOLVED:
        return "host";
    case REACH_BUDGET:
        return "budget";
    case REACH_FULL:
        return "full-tunnel";
    case REACH_EXCEPT:
        return "except";
    case REACH_NOTHING:
        return "no-route";
    case REACH_FORBIDDEN:
        return "not-allowed";
    }
    return "?";
}
