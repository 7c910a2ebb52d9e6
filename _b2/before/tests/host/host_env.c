/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Environments, as OpenVPN hands them to plugins. Nothing is filtered: any bytes pass. */
#include "tests/host/host_private.h"

static size_t find(const struct host_env *env, const char *name)
{
    size_t n = strlen(name);
    size_t i;

    for (i = 0; i < env->n; i++) {
        if (strncmp(env->entries[i], name, n) == 0 && env->entries[i][n] == '=')
            break;
    }
    return i;
}

static void drop(struct host_env *env, size_t i)
{
    free(env->entries[i]);
    env->n--;
    env->entries[i] = env->entries[env->n];
    env->entries[env->n] = NULL;
}

void host_env_set(struct host_env *env, const char *name, const char *value)
{
    size_t i = find(env, name);
    size_t n = strlen(name) + 1;
    char *entry;

    if (i < env->n)
        drop(env, i);
    if (value == NULL)
        return;
    if (env->n + 2 > env->room) {
        env->room = env->room * 2 + 64;
        env->entries = realloc(env->entries, env->room * sizeof(*env->entries));
        host_must((env->entries) != NULL, "no env->entries");
    }
    entry = malloc(n + strlen(value) + 1);
    host_must((entry) != NULL, "no entry");
    memcpy(entry, name, n - 1);
    entry[n - 1] = '=';
    strcpy(entry + n, value);
    env->entries[env->n++] = entry;
    env->entries[env->n] = NULL;
}

const char *host_env_get(const struct host_env *env, const char *name)
{
    size_t i = find(env, name);

    return i < env->n ? env->entries[i] + strlen(name) + 1 : NULL;
}

void host_env_clear(struct host_env *env)
{
    while (env->n > 0)
        drop(env, env->n - 1);
    free(env->entries);
    *env = (struct host_env){0};
}
