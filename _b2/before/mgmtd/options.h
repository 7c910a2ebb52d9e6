/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of byway-mgmtd. */
#ifndef BYWAY_MGMTD_OPTIONS_H
#define BYWAY_MGMTD_OPTIONS_H

#include <stdbool.h>

#define EXIT_USAGE 2 /* wrong usage, or a config with errors */

struct options {
    char *config; /* an absolute path; malloc'd */
    bool check;
    bool foreground;
};

/* -1 if the daemon is to go on; else all was said that is to say, and this is the exit status. */
int options_read(struct options *options, int argc, char **argv);
void options_free(struct options *options);

#endif
