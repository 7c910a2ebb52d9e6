/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Says why an address goes through the tunnel or not, with the lines that say so. */
#include "config.h"

#include "helpdesk/reach_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How much of `file` is the folder of the policy, or its state directory, with the slash. */
static size_t known_folder(const struct policy *policy, const char *file)
{
    const char *slash = strrchr(policy->path, '/');
    size_t folder = slash ? (size_t)(slash - policy->path) + 1 : 0;
    size_t state = strlen(policy->state_dir);

    if (strncmp(file, policy->state_dir, state) == 0 && file[state] == '/')
        return state + 1;
    return strncmp(file, policy->path, folder) == 0 ? folder : 0;
}

char *reach_place(const struct policy *policy, const char *file, unsigned line,
                  char text[REACH_PLACE_SIZE])
{
    const char *shown = file + known_folder(policy, file);

    if (line > 0)
        snprintf(text, REACH_PLACE_SIZE, "%s:%u", shown, line);
    else
        snprintf(text, REACH_PLACE_SIZE, "%s", shown);
    return text;
}

static void tell_place(FILE *out, const struct reach_question *question, const struct place *place)
{
    char text[REACH_PLACE_SIZE];

    fprintf(out, " (%s)", reach_place(question->policy, place->file, place->line, text));
}

static void tell_prefix(FILE *out, const struct place *place)
{
    char text[PREFIX_TEXT_SIZE];

    prefix_format(&place->prefix, text);
    fputs(text, out);
}

static void tell_time(FILE *out, const struct reach_question *question, int64_t at)
{
    char stamp[ZONE_STAMP_SIZE];

    fprintf(out, "%s %s", zone_stamp(question->zone, at, stamp),
            zone_at(question->zone, at).abbreviation);
}

/* ", in routes internal of profile campus (policy.conf:31)" */
static void tell_routes(FILE *out, const struct reach *reach, const struct reach_question *question)
{
    fprintf(out, ", in routes %s", reach->set->name);
    if (!reach->routes)
        return;
    fprintf(out, " of %s %s", reach->routes->block, reach->routes->name);
    tell_place(out, question, reach->routes);
}

static void tell_written(FILE *out, const struct reach *reach,
                         const struct reach_question *question)
{
    if (reach->place == &reach->inlined) {
        fprintf(out, "routes %s of %s %s", reach->set->name, reach->routes->block,
                reach->routes->name);
        tell_place(out, question, reach->place);
        return;
    }
    tell_prefix(out, reach->place);
    tell_place(out, question, reach->place);
    tell_routes(out, reach, question);
}

/* "192.0.2.0/24 from fetch https://… (policy.conf:20), as of … (routes/journals.fetched:9)" */
static void tell_looked_up(FILE *out, const struct reach *reach,
                           const struct reach_question *question)
{
    const struct policy_source *source = reach->source;
    char text[REACH_PLACE_SIZE];

    tell_prefix(out, reach->place);
    if (reach->source_text && reach->source_text[0] != '\0')
        fprintf(out, " from %s", reach->source_text);
    if (source)
        fprintf(out, " (%s)", reach_place(question->policy, source->file, source->line, text));
    else if (reach->source_text && reach->source_text[0] != '\0')
        fputs(", which the policy has no longer", out);
    if (reach->as_of != 0) {
        fputs(reach->why == REACH_RESOLVED ? ", seen " : ", as of ", out);
        tell_time(out, question, reach->as_of);
    }
    tell_place(out, question, reach->place);
    tell_routes(out, reach, question);
}

static void tell_full(FILE *out, const struct reach *reach, const struct reach_question *question)
{
    fprintf(out, "profile %s is a full tunnel", question->profile->name);
    if (reach->place)
        tell_place(out, question, reach->place);
}

static void tell_budget(FILE *out, const struct reach *reach, const struct reach_question *question)
{
    fprintf(out, "none of its routes has it, but the budget of profile %s",
            question->profile->name);
    if (reach->place)
        tell_place(out, question, reach->place);
    fputs(" covers it with them", out);
}

static void tell_exception(FILE *out, const struct reach *reach,
                           const struct reach_question *question)
{
    if (!reach->place) {
        fputs("an exception takes it out", out);
        return;
    }
    fputs("except ", out);
    tell_prefix(out, reach->place);
    fprintf(out, " of %s %s", reach->place->block, reach->place->name);
    tell_place(out, question, reach->place);
    fputs(" takes it out", out);
    if (reach->set && strcmp(reach->place->block, "routes") != 0)
        fprintf(out, " of routes %s", reach->set->name);
}

static void tell(FILE *out, const struct reach *reach, const struct reach_question *question)
{
    switch (reach->why) {
    case REACH_WRITTEN:
    case REACH_LISTED:
        tell_written(out, reach, question);
        break;
    case REACH_FETCHED:
    case REACH_RESOLVED:
        tell_looked_up(out, reach, question);
        break;
    case REACH_BUDGET:
        tell_budget(out, reach, question);
        break;
    case REACH_FULL:
        tell_full(out, reach, question);
        break;
    case REACH_EXCEPT:
        tell_exception(out, reach, question);
        break;
    case REACH_NOTHING:
        fputs("none of its routes has it", out);
        break;
    case REACH_FORBIDDEN:
        fprintf(out, "the user may not have profile %s", question->profile->name);
        break;
    }
}

char *reach_sentence(const struct reach *reach, const struct reach_question *question)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    tell(out, reach, question);
    if (fclose(out) != 0) {
        free(text);
        text = NULL;
    }
    return text;
}
