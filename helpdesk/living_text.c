/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a source, in words. */
#include "config.h"

#include "helpdesk/living.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "helpdesk/human.h"

#define SOME_DROPS 3 /* are named in a note */

static void tell_state(FILE *out, const struct living_source *source)
{
    const struct state_status *status = source->status;

    switch (source->state) {
    case LIVING_HELD:
        fprintf(out, "held back: %s; %s", status->held ? status->held : "no reason is known",
                source->section ? "what it last gave stays in use" : "nothing of it is in use");
        break;
    case LIVING_FAILING:
        fprintf(out, "failed %" PRIu64 "%s: %s", status->failures,
                status->failures == 1 ? " time" : " times in a row",
                status->failure ? status->failure : "no reason is known");
        break;
    case LIVING_GONE:
        fputs("the policy has it no longer; in use until byway-mgmtd takes it out", out);
        break;
    case LIVING_BY_HAND:
        fputs("these lines are not byway-mgmtd's", out);
        break;
    case LIVING_NEVER:
        fputs(status && status->tried_at != 0
                  ? "no result yet"
                  : "no result yet: does byway-mgmtd run, and know this policy?",
              out);
        break;
    case LIVING_DAMAGED:
        fputs("the state file does not have as many good lines as it says", out);
        break;
    case LIVING_OVERDUE:
        fputs("should have been looked up by now: does byway-mgmtd run?", out);
        break;
    case LIVING_GOOD:
        break;
    }
}

static void tell_drops(FILE *out, const struct living_source *source)
{
    const struct state_source *section = source->section;
    size_t n = section && section->n_drops < SOME_DROPS ? section->n_drops : SOME_DROPS;

    if (source->dropped == 0)
        return;
    fprintf(out, "%sleft out: ", source->state == LIVING_GOOD ? "" : "; ");
    for (size_t i = 0; section && i < n; i++)
        fprintf(out, "%s%s %s", i > 0 ? ", " : "", section->drops[i].what, section->drops[i].why);
    if (!section || source->dropped > n)
        fprintf(out, " and %" PRIu64 " more", source->dropped - (section ? n : 0));
}

char *living_note(const struct living_source *source)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    tell_state(out, source);
    tell_drops(out, source);
    if (fclose(out) != 0) {
        free(text);
        text = NULL;
    }
    return text;
}

/* A state file may hold any time. */
static int64_t span(int64_t from, int64_t to)
{
    return to > from ? to - from : 0;
}

const char *living_ago(int64_t at, int64_t now, char text[LIVING_SPAN_SIZE])
{
    char length[HUMAN_SIZE];

    if (at == 0)
        return NULL;
    if (at > now)
        snprintf(text, LIVING_SPAN_SIZE, "%s ahead", human_duration(span(now, at), length));
    else
        snprintf(text, LIVING_SPAN_SIZE, "%s ago", human_duration(span(at, now), length));
    return text;
}

const char *living_due(int64_t at, int64_t now, char text[LIVING_SPAN_SIZE])
{
    char length[HUMAN_SIZE];

    if (at == 0)
        return NULL;
    if (at < now)
        snprintf(text, LIVING_SPAN_SIZE, "%s late", human_duration(span(at, now), length));
    else
        snprintf(text, LIVING_SPAN_SIZE, "in %s", human_duration(span(now, at), length));
    return text;
}
