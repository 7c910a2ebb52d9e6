/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer of `byway explain`: found once, then told to people or to programs. */
#ifndef BYWAY_HELPDESK_EXPLAIN_H
#define BYWAY_HELPDESK_EXPLAIN_H

#include "helpdesk/origin.h"
#include "helpdesk/pushed.h"
#include "lib/choice.h"
#include "lib/push.h"

struct explanation {
    const struct policy *policy;
    struct choice choice;
    char prompt[256]; /* what a client that can show a menu would be asked; "" for nothing */
    /* The rest only when granted. */
    bool has_ipv6;
    struct pushed pushed;
    struct origins origins;
    struct budget_cost budget;
    struct prefix_set *exact; /* the routes without the budget; NULL if there is none */
    size_t bytes;             /* of the text that OpenVPN is handed */
    size_t messages;
};

/* False when memory is out. Free it in any case; it leads into `policy`. */
bool explain_login(struct explanation *explanation, const struct policy *policy,
                   const struct choice_login *login, bool has_ipv6);
void explain_free(struct explanation *explanation);

/* On standard output. False when memory is out. */
bool explain_text(const struct explanation *explanation);
void explain_json(const struct explanation *explanation);

/* "200 routes instead of 1834, which add 51200 IPv4 addresses". Returns `text`. */
#define EXPLAIN_BUDGET_SIZE 200
char *explain_budget(const struct policy_profile *profile, const struct budget_cost *cost,
                     char text[EXPLAIN_BUDGET_SIZE]);

/* What decided, in the third person. */
const char *explain_by(enum choice_by by);

/* Why an option is pushed, for people: "routes internal (profile campus)". */
void explain_why(const struct explanation *explanation, const struct pushed_option *option,
                 char *text, size_t size);

#endif
