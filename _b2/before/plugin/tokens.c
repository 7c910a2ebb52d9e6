/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table with a fixed number of slots and a list of the entries by last use.
 * Never grows past its bound, whatever clients do.
 */
#include "plugin/tokens.h"

#include "plugin/client.h"

#include <stdlib.h>
#include <string.h>

struct token {
    struct token *chain; /* of the same slot */
    struct token *newer;
    struct token *older;
    char id[TOKENS_MAX_ID + 1];
    char username[CLIENT_USERNAME_SIZE];
    struct said said;
};

struct tokens {
    struct token **slots;
    size_t n_slots;
    struct token *newest;
    struct token *oldest;
    size_t n;
    size_t max;
};

struct tokens *tokens_new(size_t max)
{
    struct tokens *tokens = calloc(1, sizeof(*tokens));

    if (!tokens)
        return NULL;
    tokens->max = max ? max : 1;
    tokens->n_slots = 2 * tokens->max;
    tokens->slots = calloc(tokens->n_slots, sizeof(struct token *));
    if (!tokens->slots) {
        free(tokens);
        return NULL;
    }
    return tokens;
}

void tokens_free(struct tokens *tokens)
{
    if (!tokens)
        return;
    while (tokens->newest) {
        struct token *token = tokens->newest;

        tokens->newest = token->older;
        free(token);
    }
    free(tokens->slots);
    free(tokens);
}

static struct token **token_slot(const struct tokens *tokens, const char *id)
{
    uint64_t hash = 14695981039346656037U; /* FNV-1a */

    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 1099511628211U;
    return &tokens->slots[hash % tokens->n_slots];
}

static struct token *token_find(const struct tokens *tokens, const char *id)
{
    struct token *token = *token_slot(tokens, id);

    while (token && strcmp(token->id, id) != 0)
        token = token->chain;
    return token;
}

static void token_unlink(struct tokens *tokens, struct token *token)
{
    *(token->newer ? &token->newer->older : &tokens->newest) = token->older;
    *(token->older ? &token->older->newer : &tokens->oldest) = token->newer;
    token->newer = token->older = NULL;
}

static void token_link_newest(struct tokens *tokens, struct token *token)
{
    token->newer = NULL;
    token->older = tokens->newest;
    *(tokens->newest ? &tokens->newest->newer : &tokens->oldest) = token;
    tokens->newest = token;
}

static void token_drop(struct tokens *tokens, struct token *token)
{
    struct token **link = token_slot(tokens, token->id);

    while (*link != token)
        link = &(*link)->chain;
    *link = token->chain;
    token_unlink(tokens, token);
    free(token);
    tokens->n--;
}

static struct token *token_add(struct tokens *tokens, const char *id)
{
    struct token *token = calloc(1, sizeof(*token));
    struct token **slot = token_slot(tokens, id);

    if (!token)
        return NULL;
    strcpy(token->id, id);
    token->chain = *slot;
    *slot = token;
    token_link_newest(tokens, token);
    tokens->n++;
    return token;
}

void tokens_put(struct tokens *tokens, const char *id, const char *username,
                const struct said *said)
{
    struct token *token;

    if (!*id || strlen(id) > TOKENS_MAX_ID || strlen(username) >= CLIENT_USERNAME_SIZE)
        return;
    token = token_find(tokens, id);
    if (!token) {
        if (tokens->n >= tokens->max)
            token_drop(tokens, tokens->oldest);
        token = token_add(tokens, id);
    }
    if (!token)
        return;
    strcpy(token->username, username);
    token->said = *said;
    token_unlink(tokens, token);
    token_link_newest(tokens, token);
}

bool tokens_get(struct tokens *tokens, const char *id, const char *username, struct said *said)
{
    struct token *token = token_find(tokens, id);

    if (!token || strcmp(token->username, username) != 0)
        return false;
    *said = token->said;
    token_unlink(tokens, token);
    token_link_newest(tokens, token);
    return true;
}

size_t tokens_count(const struct tokens *tokens)
{
    return tokens->n;
}
