/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions that OpenVPN calls, and which of ours each call goes to. Runs inside
 * OpenVPN's one thread: never waits, never exits.
 */
#include "plugin/connect.h"
#include "plugin/session.h"
#include "plugin/handle.h"
#include "plugin/login.h"

/* Everything else is hidden, and the header's OPENVPN_EXPORT changes nothing about that. */
#pragma GCC visibility push(default)

#define OLDEST_STRUCTVER 5 /* the first with everything used here; OpenVPN 2.4 has it */

int openvpn_plugin_min_version_required_v1(void)
{
    return 3;
}

int openvpn_plugin_open_v3(const int version, struct openvpn_plugin_args_open_in const *arguments,
                           struct openvpn_plugin_args_open_return *retptr)
{
    struct handle *handle;

    if (version < OLDEST_STRUCTVER || !arguments || !retptr || !arguments->callbacks ||
        !arguments->callbacks->plugin_log)
        return OPENVPN_PLUGIN_FUNC_ERROR;
    handle = handle_new(arguments);
    if (!handle)
        return OPENVPN_PLUGIN_FUNC_ERROR;
    retptr->handle = handle;
    retptr->type_mask = handle_mask(handle);
    return OPENVPN_PLUGIN_FUNC_SUCCESS;
}

int openvpn_plugin_func_v3(const int version, struct openvpn_plugin_args_func_in const *arguments,
                           struct openvpn_plugin_args_func_return *retptr)
{
    struct handle *handle = arguments ? arguments->handle : NULL;
    struct client *client = arguments ? arguments->per_client_context : NULL;
    struct inner_call call;

    if (version < OLDEST_STRUCTVER || !handle || !retptr)
        return OPENVPN_PLUGIN_FUNC_ERROR;
    call = (struct inner_call){
        .type = arguments->type,
        .argv = arguments->argv,
        .envp = arguments->envp,
        .cert_depth = arguments->current_cert_depth,
        .cert = arguments->current_cert,
        .return_list = retptr->return_list,
    };
    handle_collect(handle);
    switch (arguments->type) {
    case OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY:
        return login_verify(handle, client, &call);
    case OPENVPN_PLUGIN_CLIENT_CRRESPONSE:
        return login_answer(handle, client, &call);
    case OPENVPN_PLUGIN_CLIENT_CONNECT_V2:
        return connect_begin(handle, client, &call);
    case OPENVPN_PLUGIN_LEARN_ADDRESS:
        return connect_learn(handle, client, &call);
    case OPENVPN_PLUGIN_CLIENT_DISCONNECT:
        return connect_end(handle, client, &call);
    default: /* what only the wrapped plugin asked for */
        return handle_forward(handle, client, &call);
    }
}

void *openvpn_plugin_client_constructor_v1(openvpn_plugin_handle_t handle)
{
    return handle ? handle_client_new(handle) : NULL;
}

void openvpn_plugin_client_destructor_v1(openvpn_plugin_handle_t handle, void *per_client_context)
{
    if (!handle || !per_client_context)
        return;
    handle_collect(handle);
    session_vanish(handle, per_client_context);
    handle_client_free(handle, per_client_context);
}

void openvpn_plugin_close_v1(openvpn_plugin_handle_t handle)
{
    handle_free(handle);
}

void openvpn_plugin_abort_v1(openvpn_plugin_handle_t handle)
{
    if (handle)
        inner_abort(((struct handle *)handle)->inner);
}

#pragma GCC visibility pop
