/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What OpenVPN tells a plugin in its environment, as a struct. The strings belong
 * to OpenVPN and are valid during one call only. IV_ and UV_ variables, the user
 * name, the password and the challenge response are the client's claims: hostile.
 */
#ifndef BYWAY_PLUGIN_ENV_H
#define BYWAY_PLUGIN_ENV_H

#include "lib/prefix.h"

#include <stdint.h>

/* NULL: not there. Which call has which variable: OpenVPN's multi.c and ssl_verify.c. */
struct env {
    const char *username; /* "" counts as not there */
    const char *password; /* never logged, never stored */
    const char *common_name;
    const char *trusted_ip; /* IPv4; the other family stands in trusted_ip6 */
    const char *trusted_ip6;
    const char *trusted_port;
    const char *untrusted_ip;
    const char *untrusted_ip6;
    const char *untrusted_port;
    const char *pool_ip; /* ifconfig_pool_remote_ip: the client's, tentative at connect */
    const char *pool_ip6;
    const char *control_file; /* auth_control_file, and so on: paths OpenVPN made */
    const char *pending_file;
    const char *reason_file;
    const char *session_id; /* of --auth-gen-token; made by OpenVPN, so it can be trusted */
    const char *session_state;
    const char *crresponse; /* base64 as the client sent it */
    const char *time_unix;
    const char *bytes_received;
    const char *bytes_sent;
    const char *time_duration;
    const char *iv_sso;
    const char *iv_ver;
    const char *iv_gui_ver;
    const char *iv_plat;
    const char *daemon_pid;
    const char *daemon_start_time;
    const char *config;
    const char *dev_type; /* not after every restart */
};

/* Reads `envp` (NULL is an empty one). Of a name that is there twice, the first counts. */
void env_read(const char *const *envp, struct env *out);

/* One more variable: its value, or NULL. */
const char *env_get(const char *const *envp, const char *name);

/* A decimal number, or `missing` if it is NULL, malformed, negative or too large. */
int64_t env_number(const char *text, int64_t missing);

/* Where a client is: its real address, not the tunnel's. */
struct env_peer {
    const char *address;  /* NULL if not known */
    const char *port;     /* NULL if not known */
    struct prefix prefix; /* the address as a host; its family is 0 if not known */
};

/*
 * The address the client proved to be reachable at where that is known, else the one
 * it is speaking from. What is no address counts as not known.
 */
struct env_peer env_peer(const struct env *env);

/* For log lines: the address, or words that say it is not known. */
const char *env_peer_name(const struct env_peer *peer);

#endif
