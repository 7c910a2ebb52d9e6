/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plugin to be wrapped with version 3 of the interface, as a present one has. */
#include "tests/host/inner.h"

#include <stdlib.h>

#pragma GCC visibility push(default)

int openvpn_plugin_open_v3(const int version, struct openvpn_plugin_args_open_in const *arguments,
                           struct openvpn_plugin_args_open_return *retptr)
{
    if (version < OPENVPN_PLUGINv3_STRUCTVER || arguments->callbacks == NULL ||
        arguments->ovpn_version == NULL)
        return OPENVPN_PLUGIN_FUNC_ERROR;
    retptr->type_mask = OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY);
    retptr->handle = inner_open(arguments->argv);
    if (retptr->handle == NULL)
        return OPENVPN_PLUGIN_FUNC_ERROR;
    arguments->callbacks->plugin_log(PLOG_NOTE, "inner", "the inner plugin is open");
    return OPENVPN_PLUGIN_FUNC_SUCCESS;
}

int openvpn_plugin_func_v3(const int version, struct openvpn_plugin_args_func_in const *arguments,
                           struct openvpn_plugin_args_func_return *retptr)
{
    (void)version;
    (void)retptr;
    return inner_call(arguments->handle, arguments->type, arguments->envp,
                      arguments->per_client_context);
}

void *openvpn_plugin_client_constructor_v1(openvpn_plugin_handle_t handle)
{
    inner_note(handle, "constructor");
    return malloc(1);
}

void openvpn_plugin_client_destructor_v1(openvpn_plugin_handle_t handle, void *per_client_context)
{
    inner_note(handle, "destructor");
    free(per_client_context);
}

void openvpn_plugin_close_v1(openvpn_plugin_handle_t handle)
{
    inner_close(handle);
}

#pragma GCC visibility pop
