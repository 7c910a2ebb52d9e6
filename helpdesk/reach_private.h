/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Within reach: how an answer is told. */
#ifndef BYWAY_HELPDESK_REACH_PRIVATE_H
#define BYWAY_HELPDESK_REACH_PRIVATE_H

#include "helpdesk/reach.h"

/* What was found as a sentence, malloc'd; NULL when memory is out. */
char *reach_sentence(const struct reach *reach, const struct reach_question *question);

#endif
