/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What OpenVPN tells a plugin in its environment, as a struct. The strings belong
 * to OpenVPN and are valid during one call only. IV_ and UV_ variables, the user
 * name, the password and the challenge response are the client's claims: hostile.
 */
#ifndef BYWAY_PLUGIN_ENV_H
#define BYWAY_PLUGIN_ENV_H

#include <stdint.h>

struct prefix;

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
};

/* Reads `envp` (NULL is an empty one). Of a name that is there twice, the first counts. */
void env_read(const char *const *envp, struct env *out);

/* One more variable: its value, or NULL. */
const char *env_get(const char *const *envp, const char *name);

/* A decimal number, or `missing` if it is NULL, malformed, negative or too large. */
int64_t env_number(const char *text, int64_t missing);

/*
 * The client's real address as text and, in *from, as a host prefix: the address it
 * proved to be reachable at where that is known, else the one it is speaking from.
 * The text is NULL (and *from untouched) if there is none that is an address.
 */
const char *env_real_address(const struct env *env, struct prefix *from, const char **port);

#endif
