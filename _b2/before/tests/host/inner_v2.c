/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plugin to be wrapped with version 2 of the interface and contexts of its own. */
#include "tests/host/inner.h"

#include <stdlib.h>

#pragma GCC visibility push(default)

openvpn_plugin_handle_t openvpn_plugin_open_v2(unsigned int *type_mask, const char *argv[],
                                               const char *envp[],
                                               struct openvpn_plugin_string_list **return_list)
{
    (void)envp;
    (void)return_list;
    *type_mask = OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY);
    return inner_open(argv);
}

int openvpn_plugin_func_v2(openvpn_plugin_handle_t handle, const int type, const char *argv[],
                           const char *envp[], void *per_client_context,
                           struct openvpn_plugin_string_list **return_list)
{
    (void)argv;
    (void)return_list;
    return inner_call(handle, type, envp, per_client_context);
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
