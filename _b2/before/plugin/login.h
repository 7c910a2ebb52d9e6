/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hooks of authentication, which exist where Byway wraps an authentication plugin.
 * That plugin decides first, on the clean user name and the plain password; what Byway
 * thinks of the chosen profile is shown to nobody before.
 *
 * A connected client is authenticated again at each renegotiation, and from a fixed port
 * also when it starts anew on the connection it had. Its routes cannot change then,
 * so: it is never asked again; it goes on if it says what it said, as long as its
 * profile is still open to it; and it is refused, to connect anew, if it says
 * something that leads elsewhere (or, on a full tunnel, no longer says so).
 */
#ifndef BYWAY_PLUGIN_LOGIN_H
#define BYWAY_PLUGIN_LOGIN_H

#include "plugin/handle.h"

/* AUTH_USER_PASS_VERIFY: an OPENVPN_PLUGIN_FUNC_ code. */
int login_verify(struct handle *handle, struct client *client, const struct inner_call *call);

/* CLIENT_CRRESPONSE, the answer to a question. OpenVPN ignores what it returns. */
int login_answer(struct handle *handle, struct client *client, const struct inner_call *call);

/* What happened to a login after it was handed over (plugin/verdict.h). `note` is changed. */
void login_take_note(struct handle *handle, char *note, size_t n);

#endif
