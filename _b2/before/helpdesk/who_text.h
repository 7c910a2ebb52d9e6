/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An answer of who_ask() in words: what is told to people, and goes along to programs. */
#ifndef BYWAY_HELPDESK_WHO_TEXT_H
#define BYWAY_HELPDESK_WHO_TEXT_H

#include "helpdesk/who.h"
#include "helpdesk/zone.h"

#define WHO_TEXT_SIZE 600

/* What is asked, what the answer is, and the zone its times are shown in. */
struct who_told {
    const struct who_question *question;
    const struct who_answer *answer;
    struct zone zone;
};

/* "certain", or why not, for one candidate. Returns `text`. */
char *who_certainty_text(const struct who_told *told, const struct who_candidate *candidate,
                         char text[WHO_TEXT_SIZE]);
/* The same in one word for programs: certain, unwatched, shared, end-not-seen, moved, nameless. */
const char *who_certainty_word(const struct who_candidate *candidate);

/* "nobody watched campus between … and …: why". Returns `text`. */
char *who_gap_text(const struct who_told *told, const struct who_gap *gap,
                   char text[WHO_TEXT_SIZE]);

/* The whole answer in a sentence. Returns `text`. */
char *who_verdict_text(const struct who_told *told, char text[WHO_TEXT_SIZE]);

#endif
