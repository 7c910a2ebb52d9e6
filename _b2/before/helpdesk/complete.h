/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a word under the cursor may become: for the completion of shells (completion/). */
#ifndef BYWAY_HELPDESK_COMPLETE_H
#define BYWAY_HELPDESK_COMPLETE_H

#include <stdio.h>

/*
 * `words` are those behind "byway" up to the cursor; the last is to be completed and may be
 * empty. Prints what it may become, one a line; the line COMPLETE_A_FILE for a file's name.
 * Names that a shell would not take as they stand are left out. Says nothing of errors.
 */
#define COMPLETE_A_FILE "a file"
void complete(int n, char **words, FILE *out);

#endif
