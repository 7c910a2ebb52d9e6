/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The environment for the wrapped plugin: OpenVPN's, with the clean user name, the plain
 * password and the control file it is to write to in the place of what stood there.
 */
#ifndef BYWAY_PLUGIN_INNER_ENV_H
#define BYWAY_PLUGIN_INNER_ENV_H

struct inner_env;

/* `envp` must live as long. NULL when memory is out. */
struct inner_env *inner_env_new(const char *const *envp, const char *username, const char *password,
                                const char *control_file);

/* The NULL-terminated array, owned by `env`. */
const char **inner_env_get(struct inner_env *env);

/* Overwrites the password and frees. NULL is harmless. */
void inner_env_free(struct inner_env *env);

#endif
