/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the helpdesk is told in the middle of a scenario: `byway who` without its output. */
#include "config.h"

#include "tests/unit/scenario.h"
#include "tests/unit/unit.h"

#include "helpdesk/who.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const verdicts[] = {
    [WHO_NOBODY] = "nobody",     [WHO_UNKNOWN] = "unknown", [WHO_CERTAIN] = "certain",
    [WHO_POSSIBLE] = "possible", [WHO_SEVERAL] = "several",
};

/* "certain alice", "possible alice, doubted", where something may be missing, or "nobody" */
static void tell(const struct who_answer *answer, char text[200])
{
    size_t n = (size_t)snprintf(text, 200, "%s", verdicts[answer->verdict]);

    for (size_t i = 0; i < answer->n && n < 200; i++)
        n += (size_t)snprintf(text + n, 200 - n, " %s", answer->candidates[i].user);
    if (answer->n > 0 && answer->n_gaps > 0 && n < 200)
        snprintf(text + n, 200 - n, ", doubted");
}

void scenario_who(const char *database, int64_t now, const char *question)
{
    struct who_question asked = {.now = now};
    struct who_answer answer = {0};
    enum history_trouble trouble;
    char address[64], why[HISTORY_WHY_SIZE], told[200];
    struct history *history = history_open(database, &trouble, why);
    int used = 0;

    ck_assert_msg(history != NULL, "%s", why);
    ck_assert_int_eq(sscanf(question, "%60s %" SCNd64 " %n", address, &asked.asked, &used), 2);
    asked.address = address;
    asked.asked_to = asked.from = asked.to = asked.asked;
    ck_assert(who_ask(history, &asked, &answer));
    tell(&answer, told);
    ck_assert_msg(strcmp(told, question + used) == 0, "who %s: %s", question, told);
    who_free(&answer);
    history_close(history);
}
