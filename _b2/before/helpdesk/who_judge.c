/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How sure is it? Everything that decides whether a name may be named. Pure. */
#include "config.h"

#include "helpdesk/who.h"

#include <string.h>

bool who_held(const struct who_question *question, const struct who_candidate *candidate)
{
    return candidate->certain_since <= candidate->certain_until &&
           candidate->certain_since <= question->to && candidate->certain_until >= question->from;
}

/* A name that is not known may be anybody's. */
static bool has_name(const struct who_candidate *candidate)
{
    return candidate->user && candidate->user[0] != '\0';
}

bool who_same_person(const struct who_candidate *a, const struct who_candidate *b)
{
    return a->session == b->session ||
           (has_name(a) && has_name(b) && strcmp(a->user, b->user) == 0);
}

static enum who_at at_time(const struct who_question *question,
                           const struct who_candidate *candidate)
{
    if (candidate->certain_since <= question->asked_to &&
        candidate->certain_until >= question->asked &&
        candidate->certain_since <= candidate->certain_until)
        return WHO_AT_YES;
    if (candidate->since <= question->asked_to &&
        (candidate->until == WHO_NONE || candidate->until >= question->asked))
        return WHO_AT_MAYBE;
    return WHO_AT_NO;
}

/* As far as it is known to have lived, whether it moved or not. */
static bool was_there(const struct who_question *question, const struct who_candidate *candidate)
{
    int64_t until = candidate->until == WHO_NONE || candidate->until > candidate->last_seen
                        ? candidate->last_seen
                        : candidate->until;

    return candidate->since <= question->to && until >= question->from;
}

static unsigned doubts_of(const struct who_question *question, const struct who_answer *answer,
                          const struct who_candidate *candidate)
{
    unsigned doubts = 0;

    if (!who_held(question, candidate))
        doubts |= was_there(question, candidate) ? WHO_MOVED : WHO_UNSEEN;
    if (answer->people > 1)
        doubts |= WHO_SHARED;
    if (answer->n_gaps > 0)
        doubts |= WHO_UNWATCHED;
    if (!has_name(candidate))
        doubts |= WHO_NAMELESS;
    return doubts;
}

/* How many different people there are. */
static size_t count_people(const struct who_answer *answer)
{
    size_t people = 0;

    for (size_t i = 0; i < answer->n; i++) {
        bool is_new = true;

        for (size_t k = 0; k < i && is_new; k++)
            is_new = !who_same_person(&answer->candidates[i], &answer->candidates[k]);
        people += is_new;
    }
    return people;
}

static enum who_verdict verdict_of(const struct who_answer *answer)
{
    if (answer->n == 0)
        return answer->n_gaps > 0 ? WHO_UNKNOWN : WHO_NOBODY;
    if (answer->people > 1)
        return WHO_SEVERAL;
    for (size_t i = 0; i < answer->n; i++)
        if (answer->candidates[i].doubts == 0)
            return WHO_CERTAIN;
    return WHO_POSSIBLE;
}

void who_judge(const struct who_question *question, struct who_answer *answer)
{
    answer->people = count_people(answer);
    for (size_t i = 0; i < answer->n; i++) {
        struct who_candidate *candidate = &answer->candidates[i];

        candidate->doubts = doubts_of(question, answer, candidate);
        candidate->at_time = at_time(question, candidate);
    }
    answer->verdict = verdict_of(answer);
}
