/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes a login's user name and password apart: the suffix of the name, and the forms
 * in which OpenVPN clients pack an answer into the password. What comes out is what an
 * authentication plugin must be given. Pure.
 */
#ifndef BYWAY_PLUGIN_CREDENTIALS_H
#define BYWAY_PLUGIN_CREDENTIALS_H

#include "lib/policy.h"

#include <stdbool.h>
#include <stddef.h>

enum credentials_kind {
    CREDENTIALS_BAD,    /* deny: `problem` says why */
    CREDENTIALS_PLAIN,  /* a password, with or without a static challenge's response */
    CREDENTIALS_ANSWER, /* the answer to a dynamic challenge of ours: `state`, `response` */
};

struct credentials {
    enum credentials_kind kind;
    const char *problem;            /* a few words for the log; never anything of the password */
    char user[POLICY_MAX_USER + 1]; /* without the suffix */
    char *password;                 /* plain */
    char *response;                 /* "" if there was none */
    char *state;                    /* "" if there was none */
    size_t size;                    /* of each of these buffers */
};

/*
 * `username` and `password` as OpenVPN hands them over (either may be NULL: bad).
 *
 * "SCRV1:<base64 password>:<base64 response>" is taken apart only where the policy
 * says `choose static-challenge`, and a dynamic challenge's "CRV1::<state>::<response>"
 * only where it says `choose menu` and the state is one of ours: an inner plugin may use
 * either for itself. An empty password is bad, since some directory servers take it for
 * an anonymous login that succeeds.
 */
void credentials_read(const struct policy *policy, const char *username, const char *password,
                      struct credentials *out);

/* Overwrites and frees what credentials_read() made. */
void credentials_wipe(struct credentials *credentials);

/*
 * Decodes `n` bytes of base64 (RFC 4648, padded) into `out`, which has room for n bytes,
 * and ends it with a NUL. False for anything else, and for text with a NUL in it. Control
 * characters become '_', as OpenVPN makes them in names and passwords.
 */
bool credentials_base64_text(const char *text, size_t n, char *out);

/* `n` bytes as base64: a malloc'd string; NULL when memory is out. */
char *credentials_base64(const char *bytes, size_t n);

#endif
