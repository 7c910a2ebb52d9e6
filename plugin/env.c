/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads OpenVPN's environment by a table. Runs at every connect, so one pass over
 * the variables; it allocates nothing and changes nothing.
 */
#include "plugin/env.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct variable {
    const char *name;
    size_t length;
    size_t offset;
};

#define VARIABLE(text, member)                               \
    {                                                        \
        text, sizeof(text) - 1, offsetof(struct env, member) \
    }

static const struct variable variables[] = {
    VARIABLE("username", username),
    VARIABLE("password", password),
    VARIABLE("common_name", common_name),
    VARIABLE("trusted_ip", trusted_ip),
    VARIABLE("trusted_ip6", trusted_ip6),
    VARIABLE("trusted_port", trusted_port),
    VARIABLE("untrusted_ip", untrusted_ip),
    VARIABLE("untrusted_ip6", untrusted_ip6),
    VARIABLE("untrusted_port", untrusted_port),
    VARIABLE("ifconfig_pool_remote_ip", pool_ip),
    VARIABLE("ifconfig_pool_remote_ip6", pool_ip6),
    VARIABLE("auth_control_file", control_file),
    VARIABLE("auth_pending_file", pending_file),
    VARIABLE("auth_failed_reason_file", reason_file),
    VARIABLE("session_id", session_id),
    VARIABLE("session_state", session_state),
    VARIABLE("crresponse", crresponse),
    VARIABLE("time_unix", time_unix),
    VARIABLE("bytes_received", bytes_received),
    VARIABLE("bytes_sent", bytes_sent),
    VARIABLE("time_duration", time_duration),
    VARIABLE("IV_SSO", iv_sso),
    VARIABLE("IV_VER", iv_ver),
    VARIABLE("IV_GUI_VER", iv_gui_ver),
    VARIABLE("IV_PLAT", iv_plat),
    VARIABLE("daemon_pid", daemon_pid),
    VARIABLE("daemon_start_time", daemon_start_time),
    VARIABLE("config", config),
    VARIABLE("dev_type", dev_type),
};

static void env_take(struct env *out, const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const struct variable *variable = &variables[i];
        const char **member;

        if (variable->length != length || memcmp(variable->name, name, length) != 0)
            continue;
        member = (const char **)((char *)out + variable->offset);
        if (!*member)
            *member = name + length + 1;
        return;
    }
}

void env_read(const char *const *envp, struct env *out)
{
    memset(out, 0, sizeof(*out));
    for (; envp && *envp; envp++) {
        const char *equals = strchr(*envp, '=');

        if (equals)
            env_take(out, *envp, (size_t)(equals - *envp));
    }
    if (out->username && !*out->username)
        out->username = NULL;
}

const char *env_get(const char *const *envp, const char *name)
{
    size_t length = strlen(name);

    for (; envp && *envp; envp++)
        if (strncmp(*envp, name, length) == 0 && (*envp)[length] == '=')
            return *envp + length + 1;
    return NULL;
}

int64_t env_number(const char *text, int64_t missing)
{
    char *end = NULL;
    long long value;

    if (!text || *text < '0' || *text > '9')
        return missing;
    errno = 0;
    value = strtoll(text, &end, 10);
    return errno || *end ? missing : (int64_t)value;
}

/* A link-local address comes with its zone, "fe80::1%eth0": the zone is no part of it. */
static bool take_address(const char *address, const char *port, struct env_peer *peer)
{
    struct prefix found;

    if (!address || prefix_parse(address, strcspn(address, "%"), &found) != PREFIX_OK)
        return false;
    if (found.len != prefix_family_bits(found.family))
        return false;
    *peer = (struct env_peer){.address = address, .port = port, .prefix = found};
    return true;
}

struct env_peer env_peer(const struct env *env)
{
    struct env_peer peer = {0};

    if (!take_address(env->trusted_ip, env->trusted_port, &peer) &&
        !take_address(env->trusted_ip6, env->trusted_port, &peer) &&
        !take_address(env->untrusted_ip, env->untrusted_port, &peer))
        take_address(env->untrusted_ip6, env->untrusted_port, &peer);
    return peer;
}

const char *env_peer_name(const struct env_peer *peer)
{
    return peer->address ? peer->address : "an unknown address";
}
