/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies an environment with three variables replaced. Logs nothing. */
#include "plugin/inner_env.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { USERNAME, PASSWORD, CONTROL_FILE, REPLACED };

static const char *const names[REPLACED] = {"username=", "password=", "auth_control_file="};

struct inner_env {
    char *replaced[REPLACED];
    const char **envp;
};

/* Is it one of those replaced? Also a second one of that name: none may get through. */
static bool is_replaced(const char *variable)
{
    for (size_t i = 0; i < REPLACED; i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

struct inner_env *inner_env_new(const char *const *envp, const char *username, const char *password,
                                const char *control_file)
{
    const char *const values[REPLACED] = {username, password, control_file};
    struct inner_env *env = calloc(1, sizeof(*env));
    size_t n = 0;

    if (!env)
        return NULL;
    while (envp && envp[n])
        n++;
    env->envp = calloc(n + REPLACED + 1, sizeof(*env->envp));
    if (!env->envp)
        goto fail;
    n = 0;
    for (size_t i = 0; i < REPLACED; i++) {
        size_t size = strlen(names[i]) + strlen(values[i]) + 1;

        env->replaced[i] = malloc(size); /* not asprintf: it may leave copies behind */
        if (!env->replaced[i])
            goto fail;
        memcpy(env->replaced[i], names[i], strlen(names[i]));
        strcpy(env->replaced[i] + strlen(names[i]), values[i]);
        env->envp[n++] = env->replaced[i];
    }
    for (; envp && *envp; envp++)
        if (!is_replaced(*envp))
            env->envp[n++] = *envp;
    return env;

fail:
    inner_env_free(env);
    return NULL;
}

const char **inner_env_get(struct inner_env *env)
{
    return env->envp;
}

void inner_env_free(struct inner_env *env)
{
    if (!env)
        return;
    if (env->replaced[PASSWORD])
        explicit_bzero(env->replaced[PASSWORD], strlen(env->replaced[PASSWORD]));
    for (size_t i = 0; i < REPLACED; i++)
        free(env->replaced[i]);
    free(env->envp);
    free(env);
}
