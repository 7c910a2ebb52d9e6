/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes user names and passwords apart. Copies of a password live in buffers that are
 * overwritten before they are freed; nothing here logs.
 */
#include "plugin/credentials.h"

#include "lib/choice.h"
#include "plugin/challenge.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define STATIC_PREFIX  "SCRV1:"
#define DYNAMIC_PREFIX "CRV1::"

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int base64_value(char c)
{
    const char *at = c ? strchr(base64_alphabet, c) : NULL;

    return at ? (int)(at - base64_alphabet) : -1;
}

/* Decodes 4 letters into up to 3 bytes; how many, or 0 if they are none. */
static size_t base64_group(const char text[4], bool last, unsigned char out[3])
{
    size_t letters = 4;
    uint32_t bits = 0;

    while (last && letters > 2 && text[letters - 1] == '=')
        letters--;
    for (size_t i = 0; i < 4; i++) {
        int value = i < letters ? base64_value(text[i]) : 0;

        if (value < 0)
            return 0;
        bits = bits << 6 | (uint32_t)value;
    }
    out[0] = (unsigned char)(bits >> 16);
    out[1] = (unsigned char)(bits >> 8);
    out[2] = (unsigned char)bits;
    for (size_t i = letters - 1; i < 3; i++)
        if (out[i]) /* bits that stand for nothing */
            return 0;
    return letters - 1;
}

bool credentials_base64_text(const char *text, size_t n, char *out)
{
    size_t length = 0;

    *out = '\0';
    if (n % 4 != 0)
        return false;
    for (size_t i = 0; i < n; i += 4) {
        unsigned char bytes[3];
        size_t got = base64_group(text + i, i + 4 == n, bytes);

        if (got == 0)
            return false;
        for (size_t k = 0; k < got; k++) {
            if (bytes[k] == 0)
                return false;
            out[length++] = bytes[k] < 32 || bytes[k] == 127 ? '_' : (char)bytes[k];
        }
    }
    out[length] = '\0';
    return true;
}

char *credentials_base64(const char *bytes, size_t n)
{
    char *text = malloc((n + 2) / 3 * 4 + 1);
    char *to = text;

    if (!text)
        return NULL;
    for (size_t i = 0; i < n; i += 3) {
        size_t have = n - i < 3 ? n - i : 3;
        uint32_t bits = 0;

        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < have ? (unsigned char)bytes[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            *to++ = k <= have ? base64_alphabet[bits >> (18 - 6 * k) & 63] : '=';
    }
    *to = '\0';
    return text;
}

static bool read_static(struct credentials *out, const char *rest)
{
    const char *colon = strchr(rest, ':');

    if (!colon)
        return false;
    return credentials_base64_text(rest, (size_t)(colon - rest), out->password) &&
           credentials_base64_text(colon + 1, strlen(colon + 1), out->response);
}

static bool read_answer(struct credentials *out, const char *rest)
{
    const char *end = strstr(rest, "::");

    if (!end)
        return false;
    memcpy(out->state, rest, (size_t)(end - rest));
    out->state[end - rest] = '\0';
    strcpy(out->response, end + 2);
    return true;
}

/* Which form the password is in; false if it pretends to a form it does not have. */
static bool read_password(const struct policy *policy, const char *password,
                          struct credentials *out)
{
    size_t static_n = strlen(STATIC_PREFIX);
    size_t dynamic_n = strlen(DYNAMIC_PREFIX);

    if (policy_chooses(policy, POLICY_MEANS_STATIC_CHALLENGE) &&
        strncmp(password, STATIC_PREFIX, static_n) == 0) {
        out->kind = CREDENTIALS_PLAIN;
        return read_static(out, password + static_n);
    }
    if (policy_chooses(policy, POLICY_MEANS_MENU) &&
        strncmp(password, DYNAMIC_PREFIX CHALLENGE_MARK, dynamic_n + strlen(CHALLENGE_MARK)) == 0) {
        out->kind = CREDENTIALS_ANSWER;
        return read_answer(out, password + dynamic_n);
    }
    out->kind = CREDENTIALS_PLAIN;
    strcpy(out->password, password);
    return true;
}

static const char *read_all(const struct policy *policy, const char *username, const char *password,
                            struct credentials *out)
{
    const char *suffix = NULL;

    if (!username)
        return "no user name";
    if (!password)
        return "no password";
    if (!choice_split_username(policy, username, out->user, &suffix))
        return "an empty user name, or one that is too long";
    out->size = strlen(password) + 1;
    out->password = calloc(1, out->size);
    out->response = calloc(1, out->size);
    out->state = calloc(1, out->size);
    if (!out->password || !out->response || !out->state)
        return "out of memory";
    if (!read_password(policy, password, out))
        return "a challenge response that is malformed";
    if (out->kind == CREDENTIALS_PLAIN && !*out->password)
        return "an empty password";
    return NULL;
}

void credentials_read(const struct policy *policy, const char *username, const char *password,
                      struct credentials *out)
{
    memset(out, 0, sizeof(*out));
    out->problem = read_all(policy, username, password, out);
    if (out->problem)
        out->kind = CREDENTIALS_BAD;
}

static void wipe_one(char **text, size_t size)
{
    if (*text)
        explicit_bzero(*text, size);
    free(*text);
    *text = NULL;
}

void credentials_wipe(struct credentials *credentials)
{
    wipe_one(&credentials->password, credentials->size);
    wipe_one(&credentials->response, credentials->size);
    wipe_one(&credentials->state, credentials->size);
    credentials->size = 0;
}
