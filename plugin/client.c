/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Per-client contexts. They are kept in a list because OpenVPN does not destroy every one. */
#include "plugin/client.h"

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
    client_forget_question(client);
    explicit_bzero(client->state, sizeof(client->state));
    free(client);
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
