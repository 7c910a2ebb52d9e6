/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mgmtd/sessions.h"

#include "mgmtd/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define FIRST_SLOTS 256

struct slots {
    struct session_node **heads;
    size_t n_slots; /* a power of two */
    size_t n;
};

struct sessions {
    struct slots indexes[SESSION_INDEXES];
    uint64_t secret[2];
};

/* ── the hash ── */

/* The finalizer of MurmurHash3: every bit of the input moves every bit of the output. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 33) * 0xff51afd7ed558ccdU;
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53U;
    return x ^ x >> 33;
}

static size_t slot_of(const struct sessions *sessions, const struct slots *slots, int64_t place,
                      uint64_t key)
{
    uint64_t hash = mix(mix((uint64_t)place ^ sessions->secret[0]) ^ key ^ sessions->secret[1]);

    return hash & (slots->n_slots - 1);
}

static void insert(const struct sessions *sessions, struct slots *slots, struct session_node *node)
{
    struct session_node **head = &slots->heads[slot_of(sessions, slots, node->place, node->key)];

    node->next = *head;
    *head = node;
}

static void grow(const struct sessions *sessions, struct slots *slots)
{
    struct slots bigger = {.n_slots = slots->n_slots ? 2 * slots->n_slots : FIRST_SLOTS};

    bigger.heads = memory_need(calloc(bigger.n_slots, sizeof(struct session_node *)));
    bigger.n = slots->n;
    for (size_t i = 0; i < slots->n_slots; i++)
        while (slots->heads[i]) {
            struct session_node *node = slots->heads[i];

            slots->heads[i] = node->next;
            insert(sessions, &bigger, node);
        }
    free(slots->heads);
    *slots = bigger;
}

static struct session *session_of(struct session_node *node, enum session_index index)
{
    char *nodes = (char *)(node - index);

    return (struct session *)(void *)(nodes - offsetof(struct session, nodes));
}

void sessions_unindex(struct sessions *sessions, struct session *session, enum session_index index)
{
    struct slots *slots = &sessions->indexes[index];
    struct session_node *node = &session->nodes[index];
    struct session_node **link;

    if (!node->in)
        return;
    link = &slots->heads[slot_of(sessions, slots, node->place, node->key)];
    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    *node = (struct session_node){0};
    slots->n--;
}

void sessions_index(struct sessions *sessions, struct session *session, enum session_index index,
                    int64_t place, uint64_t key)
{
    struct slots *slots = &sessions->indexes[index];
    struct session_node *node = &session->nodes[index];

    sessions_unindex(sessions, session, index);
    if (slots->n >= slots->n_slots)
        grow(sessions, slots);
    *node = (struct session_node){.place = place, .key = key, .in = true};
    insert(sessions, slots, node);
    slots->n++;
}

static struct session *first_from(struct session_node *node, enum session_index index,
                                  int64_t place, uint64_t key)
{
    while (node && (node->place != place || node->key != key))
        node = node->next;
    return node ? session_of(node, index) : NULL;
}

struct session *sessions_find(const struct sessions *sessions, enum session_index index,
                              int64_t place, uint64_t key)
{
    const struct slots *slots = &sessions->indexes[index];

    if (slots->n_slots == 0)
        return NULL;
    return first_from(slots->heads[slot_of(sessions, slots, place, key)], index, place, key);
}

struct session *sessions_find_next(const struct session *session, enum session_index index)
{
    const struct session_node *node = &session->nodes[index];

    return first_from(node->next, index, node->place, node->key);
}

uint64_t sessions_first_key(int64_t since, int64_t port)
{
    return mix((uint64_t)since) ^ (uint64_t)port;
}

uint64_t sessions_address_key(const struct sessions *sessions, const char *address)
{
    uint64_t hash = sessions->secret[0];

    for (; *address; address++)
        hash = mix(hash ^ (unsigned char)*address);
    return hash;
}

/* ── the table ── */

struct sessions *sessions_new(void)
{
    struct sessions *sessions = memory_zeroed(sizeof *sessions);

    if (getrandom(sessions->secret, sizeof sessions->secret, GRND_NONBLOCK) < 0)
        sessions->secret[0] = (uint64_t)time(NULL) ^ (uintptr_t)sessions;
    return sessions;
}

static void session_free(struct session *session)
{
    session_heard_nothing(session);
    free(session->user);
    free(session->typed);
    free(session->common_name);
    free(session->profile);
    free(session->chosen_by);
    free(session->program);
    free(session->platform);
    free(session->routes);
    free(session->held);
    free(session);
}

void sessions_free(struct sessions *sessions)
{
    struct slots *all;

    if (!sessions)
        return;
    all = &sessions->indexes[SESSION_BY_ID];
    for (size_t i = 0; i < all->n_slots; i++)
        while (all->heads[i]) {
            struct session_node *node = all->heads[i];

            all->heads[i] = node->next;
            session_free(session_of(node, SESSION_BY_ID));
        }
    for (int i = 0; i < SESSION_INDEXES; i++)
        free(sessions->indexes[i].heads);
    free(sessions);
}

struct session *sessions_add(struct sessions *sessions, int64_t id)
{
    struct session *session = memory_zeroed(sizeof *session);

    session->id = id;
    session->number = session->cid = session->since = BATCH_NONE;
    session->started = session->ended = session->gone_by = session->last_seen = BATCH_NONE;
    session->started_boot_ms = session->ended_boot_ms = BATCH_NONE;
    session->tentative_boot_ms = BATCH_NONE;
    session->final_from = session->final_to = BATCH_NONE;
    session->real_port = session->fell_back = session->handshake = BATCH_NONE;
    session->quiet_since_ms = session->heard.seen_at = BATCH_NONE;
    sessions_index(sessions, session, SESSION_BY_ID, 0, (uint64_t)id);
    return session;
}

void sessions_remove(struct sessions *sessions, struct session *session)
{
    for (int i = 0; i < SESSION_INDEXES; i++)
        sessions_unindex(sessions, session, i);
    session_free(session);
}

size_t sessions_count(const struct sessions *sessions)
{
    return sessions->indexes[SESSION_BY_ID].n;
}

/* ── one session ── */

struct session_held *session_holds(const struct session *session, enum held_kind kind,
                                   const char *address)
{
    for (size_t i = 0; i < session->n_held; i++)
        if (session->held[i].kind == kind && strcmp(session->held[i].address, address) == 0)
            return &session->held[i];
    return NULL;
}

struct session_held *session_hold(struct session *session, enum held_kind kind, const char *address,
                                  int64_t since)
{
    struct session_held *held;

    session->held = memory_array(session->held, session->n_held + 1, sizeof *session->held);
    held = &session->held[session->n_held++];
    *held = (struct session_held){.kind = kind, .since = since};
    strncpy(held->address, address, sizeof held->address - 1);
    return held;
}

void session_unhold(struct session *session, struct session_held *held)
{
    size_t after = session->n_held - (size_t)(held - session->held) - 1;

    memmove(held, held + 1, after * sizeof *held);
    session->n_held--;
}

void session_heard_nothing(struct session *session)
{
    free(session->heard.real);
    free(session->heard.vpn4);
    free(session->heard.vpn6);
    session->heard = (struct session_heard){.seen_at = BATCH_NONE};
}
