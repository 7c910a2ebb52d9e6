/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hooks of a session: connect (where the profile becomes pushed options), the
 * addresses it got, its end. Each returns an OPENVPN_PLUGIN_FUNC_ code.
 */
#ifndef BYWAY_PLUGIN_CONNECT_H
#define BYWAY_PLUGIN_CONNECT_H

#include "plugin/handle.h"

/* CLIENT_CONNECT_V2: refuses, or fills the call's return list. */
int connect_begin(struct handle *handle, struct client *client, const struct inner_call *call);

/* LEARN_ADDRESS. */
int connect_learn(struct handle *handle, struct client *client, const struct inner_call *call);

/* CLIENT_DISCONNECT. OpenVPN calls it for clients that were refused, too. */
int connect_end(struct handle *handle, struct client *client, const struct inner_call *call);

#endif
