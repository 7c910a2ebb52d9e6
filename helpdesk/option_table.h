/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Within options: the words that an option of a command takes. */
#ifndef BYWAY_HELPDESK_OPTION_TABLE_H
#define BYWAY_HELPDESK_OPTION_TABLE_H

#include "helpdesk/options.h"

/* NULL-terminated, possibly empty. */
const char *const *option_words(const struct command *command, enum option_id id);

#endif
