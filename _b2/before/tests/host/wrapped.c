/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See wrapped.h. */
#include "tests/host/wrapped.h"

const char *const wrapped_modules[WRAPPED_MODULES] = {"inner_v1", "inner_v2", "inner_v3"};

struct host *wrapped_start(const char *module, const char *mode)
{
    struct host *host = host_new();
    char text[2048];

    snprintf(text, sizeof(text), "choose static-challenge\n%s", host_policy_text);
    host_policy(host, text);
    host_wrap(host, module, mode);
    ck_assert_msg(host_open(host), "%s", host_log(host));
    return host;
}

struct host_client *wrapped_login(struct host *host, const char *username, const char *password)
{
    struct host_client *client = host_client_new(host);

    host_login(client, username, password);
    return client;
}
