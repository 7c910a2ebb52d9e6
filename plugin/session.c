/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs inside OpenVPN's thread: never waits. What is held back is a line of the spool. */
#include "plugin/session.h"

#include "plugin/records.h"

#include <stdlib.h>
#include <string.h>

/* Numbers are given as sessions are written: in a file they only grow. */
static void write_connected(struct handle *handle, struct client *client,
                            const struct spool_record *connected)
{
    struct spool_record record = *connected;

    client->session = record.session = ++handle->last_session;
    handle_record(handle, &record);
}

/* It holds for every client of this server, and stands there only from time to time. */
static bool is_tun(struct handle *handle, const struct env *env)
{
    handle->tun = handle->tun || (env->dev_type && strcmp(env->dev_type, "tun") == 0);
    return handle->tun;
}

static bool expects_address(const struct env *env)
{
    return (env->pool_ip && *env->pool_ip) || (env->pool_ip6 && *env->pool_ip6);
}

/* False when memory is out. */
static bool hold(struct client *client, const struct spool_record *connected)
{
    char line[SPOOL_MAX_LINE];
    size_t n = spool_format(connected, line, sizeof(line));

    client->held = n > 0 ? malloc(n) : NULL;
    if (!client->held)
        return false;
    memcpy(client->held, line, n);
    client->held_n = n - 1; /* without its LF */
    return true;
}

static void drop_held(struct client *client)
{
    free(client->held);
    client->held = NULL;
}

static void write_held(struct handle *handle, struct client *client)
{
    struct spool_record record;

    if (client->held && spool_parse(client->held, client->held_n, &record))
        write_connected(handle, client, &record);
    drop_held(client);
}

void session_begin(struct handle *handle, struct client *client, const struct env *env,
                   const struct spool_record *record)
{
    client->connected = true;
    if (!is_tun(handle, env) || !expects_address(env) || !hold(client, record))
        write_connected(handle, client, record);
}

void session_address(struct handle *handle, struct client *client, const char *change,
                     const char *address)
{
    struct spool_record record = spool_record_make(SPOOL_ADDRESS);

    write_held(handle, client);
    record.session = client->session;
    record.change = change;
    record.address = address;
    handle_record(handle, &record);
}

/* The same login, as a refusal. */
static void write_refused(struct handle *handle, struct client *client)
{
    struct spool_record refused = spool_record_make(SPOOL_REFUSED);
    struct spool_record record;

    if (spool_parse(client->held, client->held_n, &record)) {
        refused.user = record.user;
        refused.typed = record.typed;
        refused.cn = record.cn;
        refused.wanted = record.profile;
        refused.reason =
            "Byway granted this, but OpenVPN, a script or another plugin refused the login.";
        refused.real = record.real;
        refused.port = record.port;
        handle_record(handle, &refused);
    }
    drop_held(client);
}

void session_end(struct handle *handle, struct client *client, const struct env *env)
{
    struct spool_record record;

    if (!client->connected)
        return;
    client->connected = false;
    if (client->held) {
        write_refused(handle, client);
        return;
    }
    record = record_disconnected(env);
    record.session = client->session;
    handle_record(handle, &record);
}

void session_vanish(struct handle *handle, struct client *client)
{
    struct spool_record record = spool_record_make(SPOOL_VANISHED);

    if (!client->connected)
        return;
    client->connected = false;
    if (client->held) { /* it left while others were asked */
        drop_held(client);
        return;
    }
    record.session = client->session;
    handle_record(handle, &record);
}
