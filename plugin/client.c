/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Per-client contexts. They are kept in a list because OpenVPN does not destroy every one. */
#include "plugin/client.h"

#include "plugin/control_file.h"

#include <stdlib.h>
#include <string.h>

struct client *client_new(struct client **list)
{
    struct client *client = calloc(1, sizeof(*client));

    if (!client)
        return NULL;
    client->next = *list;
    client->link = list;
    if (*list)
        (*list)->link = &client->next;
    *list = client;
    return client;
}

void client_free(struct client *client)
{
    if (!client)
        return;
    *client->link = client->next;
    if (client->next)
        client->next->link = client->link;
    client_deny_login(client);
    free(client->held);
    explicit_bzero(client->state, sizeof(client->state));
    free(client);
}

void client_deny_login(struct client *client)
{
    client_forget_question(client);
    free(client->verdict_file);
    client->verdict_file = NULL;
    client->login = CLIENT_LOGIN_DENIED;
}

bool client_await_verdict(struct client *client, const char *control_file)
{
    client_deny_login(client);
    client->verdict_file = strdup(control_file);
    if (client->verdict_file)
        client->login = CLIENT_LOGIN_GRANTED;
    return client->verdict_file != NULL;
}

bool client_is_let_in(const struct client *client, const char *username)
{
    return client->login == CLIENT_LOGIN_GRANTED && !client->asked_control_file &&
           strcmp(client->username, username) == 0 &&
           (!client->verdict_file || control_file_says_yes(client->verdict_file));
}

bool client_ask(struct client *client, const char *control_file, const char *reason_file)
{
    client_forget_question(client);
    client->asked_control_file = strdup(control_file);
    client->asked_reason_file = strdup(reason_file);
    if (client->asked_control_file && client->asked_reason_file)
        return true;
    client_forget_question(client);
    return false;
}

void client_forget_question(struct client *client)
{
    free(client->asked_control_file);
    free(client->asked_reason_file);
    client->asked_control_file = NULL;
    client->asked_reason_file = NULL;
}
