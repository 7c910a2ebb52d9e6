/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server whose plugin wraps one of the inner modules, for the tests of that. */
#ifndef BYWAY_TESTS_WRAPPED_H
#define BYWAY_TESTS_WRAPPED_H

#include "tests/host/host.h"

/* One for each version of OpenVPN's plugin API. */
#define WRAPPED_MODULES 3
extern const char *const wrapped_modules[WRAPPED_MODULES];

/* Opened, with host_policy_text and `choose static-challenge`. */
struct host *wrapped_start(const char *module, const char *mode);

/* A new client that has typed that. */
struct host_client *wrapped_login(struct host *host, const char *username, const char *password);

#endif
