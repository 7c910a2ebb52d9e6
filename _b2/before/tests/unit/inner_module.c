/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tiny authentication plugin for tests, built for each version of OpenVPN's plugin
 * API (OPEN_API, FUNC_API). It does what it is told: `says=N` in the environment is what
 * its function returns, `gives=TEXT` what it adds to a return list; `mask=N` among its
 * arguments is what it asks for; `fail` makes it fail to open.
 */
#include "config.h"

#include OPENVPN_PLUGIN_HEADER

#include "tests/unit/inner_module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((visibility("default"))) struct inner_seen inner_seen;

#define EXPORT __attribute__((visibility("default")))

static void copy(char to[512], const char *from)
{
    snprintf(to, 512, "%s", from);
}

static int see(int type, const char **argv, const char **envp, void *context)
{
    int says = OPENVPN_PLUGIN_FUNC_ERROR;

    inner_seen.calls++;
    inner_seen.type = type;
    inner_seen.context = context;
    inner_seen.usernames = 0;
    for (inner_seen.argc = 0; argv && argv[inner_seen.argc]; inner_seen.argc++)
        continue;
    snprintf(inner_seen.argv0, sizeof(inner_seen.argv0), "%s", inner_seen.argc > 0 ? argv[0] : "");
    snprintf(inner_seen.argv1, sizeof(inner_seen.argv1), "%s", inner_seen.argc > 1 ? argv[1] : "");
    for (; envp && *envp; envp++) {
        if (strncmp(*envp, "username=", 9) == 0 && inner_seen.usernames++ >= 0)
            copy(inner_seen.username, *envp + 9);
        if (strncmp(*envp, "password=", 9) == 0)
            copy(inner_seen.password, *envp + 9);
        if (strncmp(*envp, "auth_control_file=", 18) == 0)
            copy(inner_seen.control_file, *envp + 18);
        if (strncmp(*envp, "says=", 5) == 0)
            says = atoi(*envp + 5);
    }
    return says;
}

#if FUNC_API > 1
/* What `gives=` says, as the config of a client. */
static void give(const char **envp, struct openvpn_plugin_string_list **list)
{
    for (; list && envp && *envp; envp++) {
        if (strncmp(*envp, "gives=", 6) != 0)
            continue;
        *list = calloc(1, sizeof(**list));
        (*list)->name = strdup("config");
        (*list)->value = strdup(*envp + 6);
        return;
    }
}
#endif

/* The mask in the arguments, or that of any authentication plugin; -1 to fail. */
static int opened(const char **argv)
{
    int mask = OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY);

    inner_seen.opened++;
    for (size_t i = 0; argv[i]; i++) {
        if (strncmp(argv[i], "mask=", 5) == 0)
            mask = atoi(argv[i] + 5);
        if (strcmp(argv[i], "fail") == 0)
            mask = -1;
    }
    return mask;
}

#if OPEN_API == 1
EXPORT openvpn_plugin_handle_t openvpn_plugin_open_v1(unsigned int *type_mask, const char *argv[],
                                                      const char *envp[])
{
    int mask = opened(argv);

    (void)envp;
    *type_mask = (unsigned)mask;
    return mask < 0 ? NULL : &inner_seen;
}
#elif OPEN_API == 2
EXPORT openvpn_plugin_handle_t
openvpn_plugin_open_v2(unsigned int *type_mask, const char *argv[], const char *envp[],
                       struct openvpn_plugin_string_list **return_list)
{
    int mask = opened(argv);

    (void)envp;
    *return_list = calloc(1, sizeof(**return_list)); /* for the host to free */
    *type_mask = (unsigned)mask;
    return mask < 0 ? NULL : &inner_seen;
}
#else
EXPORT int openvpn_plugin_open_v3(const int version,
                                  struct openvpn_plugin_args_open_in const *arguments,
                                  struct openvpn_plugin_args_open_return *retptr)
{
    int mask = opened((const char **)arguments->argv);

    if (version < 5 || mask < 0)
        return OPENVPN_PLUGIN_FUNC_ERROR;
    retptr->type_mask = mask;
    retptr->handle = &inner_seen;
    return OPENVPN_PLUGIN_FUNC_SUCCESS;
}
#endif

#if FUNC_API == 1
EXPORT int openvpn_plugin_func_v1(openvpn_plugin_handle_t handle, const int type,
                                  const char *argv[], const char *envp[])
{
    (void)handle;
    inner_seen.cert_depth = -2;
    return see(type, argv, envp, NULL);
}
#elif FUNC_API == 2
EXPORT int openvpn_plugin_func_v2(openvpn_plugin_handle_t handle, const int type,
                                  const char *argv[], const char *envp[], void *per_client_context,
                                  struct openvpn_plugin_string_list **return_list)
{
    (void)handle;
    inner_seen.cert_depth = -2;
    inner_seen.had_return_list = return_list != NULL;
    give(envp, return_list);
    return see(type, argv, envp, per_client_context);
}
#elif FUNC_API == 3
EXPORT int openvpn_plugin_func_v3(const int version,
                                  struct openvpn_plugin_args_func_in const *arguments,
                                  struct openvpn_plugin_args_func_return *retptr)
{
    (void)version;
    inner_seen.cert_depth = arguments->current_cert_depth;
    inner_seen.had_return_list = retptr->return_list != NULL;
    give((const char **)arguments->envp, retptr->return_list);
    return see(arguments->type, (const char **)arguments->argv, (const char **)arguments->envp,
               arguments->per_client_context);
}
#endif

#if FUNC_API > 1
EXPORT void *openvpn_plugin_client_constructor_v1(openvpn_plugin_handle_t handle)
{
    (void)handle;
    inner_seen.clients++;
    return malloc(1);
}

EXPORT void openvpn_plugin_client_destructor_v1(openvpn_plugin_handle_t handle,
                                                void *per_client_context)
{
    (void)handle;
    inner_seen.clients--;
    free(per_client_context);
}
#endif

EXPORT void openvpn_plugin_abort_v1(openvpn_plugin_handle_t handle)
{
    (void)handle;
    inner_seen.aborted++;
}

EXPORT void openvpn_plugin_close_v1(openvpn_plugin_handle_t handle)
{
    (void)handle;
    inner_seen.closed++;
}
