/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests' wrapped plugins saw: each exports one as `inner_seen`. */
#ifndef BYWAY_TESTS_INNER_MODULE_H
#define BYWAY_TESTS_INNER_MODULE_H

#include <stddef.h>

struct inner_seen {
    int opened, closed, aborted;
    int clients; /* living */
    int calls;
    int type;
    int argc;
    char argv0[256];
    char argv1[256];
    char username[512];
    char password[512];
    char control_file[512];
    int usernames; /* how often a user name was in the environment */
    void *context;
    int cert_depth; /* -2: this version of the API has none */
    int had_return_list;
};

#endif
