/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Says how sure an answer is, in words that a person can repeat. */
#include "config.h"

#include "helpdesk/who_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Adds to what there is, after `between` if there is anything. */
static void add(char text[WHO_TEXT_SIZE], const char *between, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add(char text[WHO_TEXT_SIZE], const char *between, const char *format, ...)
{
    size_t n = strlen(text);
    va_list arguments;

    n += (size_t)snprintf(text + n, WHO_TEXT_SIZE - n, "%s", n > 0 ? between : "");
    if (n >= WHO_TEXT_SIZE)
        return;
    va_start(arguments, format);
    vsnprintf(text + n, WHO_TEXT_SIZE - n, format, arguments);
    va_end(arguments);
}

struct stamp {
    char text[ZONE_STAMP_SIZE];
};

static struct stamp stamp(const struct who_told *told, int64_t at)
{
    struct stamp stamp;

    zone_stamp(&told->zone, at, stamp.text);
    return stamp;
}

/* ── times when nobody recorded ── */

static void add_between(const struct who_told *told, const struct who_gap *gap,
                        char text[WHO_TEXT_SIZE])
{
    if (gap->began == WHO_NONE && gap->ended == WHO_NONE)
        add(text, " ", "at any time");
    else if (gap->began == WHO_NONE)
        add(text, " ", "before %s", stamp(told, gap->ended).text);
    else if (gap->ended == WHO_NONE)
        add(text, " ", "since %s", stamp(told, gap->began).text);
    else
        add(text, " ", "between %s and %s", stamp(told, gap->began).text,
            stamp(told, gap->ended).text);
}

char *who_gap_text(const struct who_told *told, const struct who_gap *gap, char text[WHO_TEXT_SIZE])
{
    const char *server = gap->server ? gap->server : "all servers";

    text[0] = '\0';
    switch (gap->kind) {
    case WHO_GAP_NOT_WATCHED:
        add(text, "", "nobody was recording %s", server);
        break;
    case WHO_GAP_SPOOL_LOST:
        add(text, "", "the plugin could not write down what happened on %s", server);
        break;
    case WHO_GAP_SPOOL_DAMAGED:
        add(text, "", "what the plugin wrote down on %s could not be read", server);
        break;
    case WHO_GAP_OVERLOAD:
        add(text, "", "more happened on %s than could be recorded", server);
        break;
    case WHO_GAP_CLOCK:
        add(text, "", "the recorder's clock was set, by %" PRId64 " seconds,", gap->count);
        break;
    case WHO_GAP_STOPPED:
        add(text, "",
            gap->began == WHO_NONE ? "the recorder did not run" : "nobody has been recording");
        break;
    case WHO_GAP_BEFORE:
        add(text, "", "nothing was recorded of %s", server);
        break;
    case WHO_GAP_DELETED:
        add(text, "", "what was recorded of sessions that ended");
        break;
    }
    add_between(told, gap, text);
    if (gap->kind == WHO_GAP_DELETED)
        add(text, " ", "has been deleted, as the retention says");
    if (gap->reason)
        add(text, " ", "(%s)", gap->reason);
    return text;
}

/* ── candidates ── */

/* "2 people held it in that window". */
static void add_people(const struct who_told *told, char text[WHO_TEXT_SIZE])
{
    bool all_held = true;

    for (size_t i = 0; i < told->answer->n; i++)
        all_held = all_held && who_held(told->question, &told->answer->candidates[i]);
    add(text, "; ", "%zu people held it in that window%s", told->answer->people,
        all_held ? "" : ", or may have");
}

const char *who_certainty_word(const struct who_candidate *candidate)
{
    static const struct {
        enum who_doubt doubt;
        const char *word;
    } words[] = {
        {WHO_UNSEEN, "end-not-seen"}, {WHO_MOVED, "moved"},       {WHO_SHARED, "shared"},
        {WHO_UNWATCHED, "unwatched"}, {WHO_NAMELESS, "nameless"},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (candidate->doubts & words[i].doubt)
            return words[i].word;
    return "certain";
}

static void add_unseen(const struct who_told *told, const struct who_candidate *candidate,
                       char text[WHO_TEXT_SIZE])
{
    add(text, "; ", "only possible: the end was not seen, last seen at %s",
        stamp(told, candidate->last_seen).text);
    if (candidate->until != WHO_NONE)
        add(text, ", ", "gone by %s", stamp(told, candidate->until).text);
}

static void add_moved(const struct who_told *told, const struct who_candidate *candidate,
                      char text[WHO_TEXT_SIZE])
{
    (void)told;
    (void)candidate;
    add(text, "; ", "only possible: its real address changed about then, unseen");
}

/* The window was held in part only, and not at the moment that was named. */
static void add_when(const struct who_told *told, const struct who_candidate *candidate,
                     char text[WHO_TEXT_SIZE])
{
    if (candidate->at_time != WHO_AT_NO)
        return;
    if (candidate->since > told->question->asked_to)
        add(text, "; ", "not yet at the named time: from %s on",
            stamp(told, candidate->since).text);
    else
        add(text, "; ", "no more at the named time: until %s", stamp(told, candidate->until).text);
}

char *who_certainty_text(const struct who_told *told, const struct who_candidate *candidate,
                         char text[WHO_TEXT_SIZE])
{
    unsigned doubts = candidate->doubts;

    text[0] = '\0';
    if (doubts == 0)
        add(text, "", "certain");
    if (doubts & WHO_UNSEEN)
        add_unseen(told, candidate, text);
    if (doubts & WHO_MOVED)
        add_moved(told, candidate, text);
    if (doubts & WHO_SHARED)
        add_people(told, text);
    if (doubts & WHO_UNWATCHED)
        add(text, "; ", "another may have held it while nobody was recording");
    if (doubts & WHO_NAMELESS)
        add(text, "; ", "no name was recorded");
    add_when(told, candidate, text);
    return text;
}

/* ── the answer ── */

char *who_verdict_text(const struct who_told *told, char text[WHO_TEXT_SIZE])
{
    const struct who_answer *answer = told->answer;
    const char *user =
        answer->n > 0 && answer->candidates[0].user ? answer->candidates[0].user : "";

    text[0] = '\0';
    switch (answer->verdict) {
    case WHO_NOBODY:
        add(text, "", "nobody held it");
        break;
    case WHO_UNKNOWN:
        add(text, "", "nobody is known to have held it, but not all was recorded then");
        break;
    case WHO_CERTAIN:
        add(text, "", "%s, certain", user);
        break;
    case WHO_POSSIBLE:
        if (user[0] == '\0')
            add(text, "", "somebody whose name was not recorded");
        else
            add(text, "", "possibly %s: not certain", user);
        break;
    case WHO_SEVERAL:
        add(text, "", "not certain");
        add_people(told, text);
        break;
    }
    return text;
}
