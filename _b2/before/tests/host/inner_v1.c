/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plugin to be wrapped that knows version 1 of the interface only: no contexts. */
#include "tests/host/inner.h"

#pragma GCC visibility push(default)

openvpn_plugin_handle_t openvpn_plugin_open_v1(unsigned int *type_mask, const char *argv[],
                                               const char *envp[])
{
    (void)envp;
    *type_mask = OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY);
    return inner_open(argv);
}

int openvpn_plugin_func_v1(openvpn_plugin_handle_t handle, const int type, const char *argv[],
                           const char *envp[])
{
    (void)argv;
    return inner_call(handle, type, envp, NULL);
}

void openvpn_plugin_close_v1(openvpn_plugin_handle_t handle)
{
    inner_close(handle);
}

#pragma GCC visibility pop
