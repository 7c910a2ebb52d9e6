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
    size_t bytes; /* of the text that OpenVPN is handed */
    size_t messages;
};

/* False when memory is out. Free it in any case; it leads into `policy`. */
bool explain_login(struct explanation *explanation, const struct policy *policy,
                   const struct choice_login *login, bool has_ipv6);
void explain_free(struct explanation *explanation);

/* On standard output. False when memory is out. */
bool explain_text(const struct explanation *explanation);
void explain_json(const struct explanation *explanation);

/* What decided, in the third person. */
const char *explain_by(enum choice_by by);

/* Why an option is pushed, for people: "routes internal (profile campus)". */
void explain_why(const struct explanation *explanation, const struct pushed_option *option,
                 char *text, size_t size);

#endif
