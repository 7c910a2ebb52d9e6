/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The states of dynamic challenges: a ring, small enough to be searched from end to end. */
#include "config.h"

#include "plugin/challenge.h"

#include "plugin/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct challenge {
    char state[CLIENT_STATE_SIZE]; /* "": free */
    char username[CLIENT_USERNAME_SIZE];
    time_t until;
};

struct challenges {
    struct challenge *ring;
    size_t max;
    size_t next;
};

struct challenges *challenges_new(size_t max)
{
    struct challenges *challenges = calloc(1, sizeof(*challenges));

    if (!challenges)
        return NULL;
    challenges->max = max ? max : 1;
    challenges->ring = calloc(challenges->max, sizeof(*challenges->ring));
    if (!challenges->ring) {
        free(challenges);
        return NULL;
    }
    return challenges;
}

void challenges_free(struct challenges *challenges)
{
    if (!challenges)
        return;
    explicit_bzero(challenges->ring, challenges->max * sizeof(*challenges->ring));
    free(challenges->ring);
    free(challenges);
}

bool challenge_make_state(char state[CLIENT_STATE_SIZE])
{
    unsigned char bytes[16];
    int at = snprintf(state, CLIENT_STATE_SIZE, "%s", CHALLENGE_MARK);

    if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) != (ssize_t)sizeof(bytes))
        return false;
    for (size_t i = 0; i < sizeof(bytes); i++)
        at += snprintf(state + at, CLIENT_STATE_SIZE - (size_t)at, "%02x", bytes[i]);
    explicit_bzero(bytes, sizeof(bytes));
    return true;
}

void challenges_put(struct challenges *challenges, const char *state, const char *username,
                    time_t now)
{
    struct challenge *challenge = &challenges->ring[challenges->next];

    if (strlen(state) >= sizeof(challenge->state) ||
        strlen(username) >= sizeof(challenge->username))
        return;
    challenges->next = (challenges->next + 1) % challenges->max;
    strcpy(challenge->state, state);
    strcpy(challenge->username, username);
    challenge->until = now + CHALLENGE_LIFE_S;
}

bool challenge_equal(const char *secret, const char *other)
{
    size_t n = strlen(secret);
    size_t other_n = strlen(other);
    unsigned difference = n != other_n;

    for (size_t i = 0; i < n; i++)
        difference |= (unsigned char)secret[i] ^ (unsigned char)(i < other_n ? other[i] : 0);
    return difference == 0;
}

bool challenges_take(struct challenges *challenges, const char *state, const char *username,
                     time_t now)
{
    struct challenge *found = NULL;
    bool good;

    for (size_t i = 0; i < challenges->max; i++) {
        struct challenge *challenge = &challenges->ring[i];

        if (*challenge->state && challenge_equal(challenge->state, state))
            found = challenge;
    }
    if (!found)
        return false;
    good = strcmp(found->username, username) == 0 && now < found->until;
    explicit_bzero(found, sizeof(*found)); /* used up, even if by the wrong one */
    return good;
}

char *challenge_reason(const char *state, const char *username, const char *prompt)
{
    char *encoded = credentials_base64(username, strlen(username));
    char *reason = NULL;

    if (encoded && asprintf(&reason, "CRV1:R,E:%s:%s:%s", state, encoded, prompt) < 0)
        reason = NULL;
    free(encoded);
    return reason;
}
