/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes spool records. Decides nothing and writes nothing. */
#include "plugin/records.h"

static const char *text_or_null(const char *text)
{
    return *text ? text : NULL;
}

struct spool_record record_connected(const struct env *env, const struct env_peer *peer,
                                     const struct choice *choice)
{
    struct spool_record record = spool_record_make(SPOOL_CONNECTED);

    record.since = env_number(env->time_unix, SPOOL_NONE);
    record.user = choice->user;
    record.typed = env->username;
    record.cn = env->common_name;
    record.profile = choice->profile->name;
    record.by = choice_by_name(choice->by);
    record.fell_back = choice->fell_back ? 1 : SPOOL_NONE;
    record.real = peer->address;
    record.port = env_number(peer->port, SPOOL_NONE);
    record.vpn4 = env->pool_ip;
    record.vpn6 = env->pool_ip6;
    record.client = env->iv_gui_ver ? env->iv_gui_ver : env->iv_ver;
    record.platform = env->iv_plat;
    record.token = env->session_id;
    return record;
}

struct spool_record record_refused(const struct env *env, const struct env_peer *peer,
                                   const struct choice *choice)
{
    struct spool_record record = spool_record_make(SPOOL_REFUSED);

    record.user = text_or_null(choice->user);
    record.typed = env->username;
    record.cn = env->common_name;
    record.wanted = text_or_null(choice->wanted);
    record.reason = choice->reason;
    record.real = peer->address;
    record.port = env_number(peer->port, SPOOL_NONE);
    return record;
}

/* Once a client has moved between address families OpenVPN shows both: then it is not known. */
static const char *last_address(const struct env *env)
{
    if (env->trusted_ip && env->trusted_ip6)
        return NULL;
    return env->trusted_ip ? env->trusted_ip : env->trusted_ip6;
}

struct spool_record record_disconnected(const struct env *env)
{
    struct spool_record record = spool_record_make(SPOOL_DISCONNECTED);

    record.from_client = env_number(env->bytes_received, SPOOL_NONE);
    record.to_client = env_number(env->bytes_sent, SPOOL_NONE);
    record.duration = env_number(env->time_duration, SPOOL_NONE);
    record.real = last_address(env);
    record.port = env_number(env->trusted_port, SPOOL_NONE);
    return record;
}
