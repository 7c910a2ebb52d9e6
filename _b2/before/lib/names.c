/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table of names with open addressing. Only what an administrator wrote is ever
 * added to one; what comes from the network is only looked up.
 */
#include "lib/names.h"

#include <stdlib.h>
#include <string.h>

struct names {
    bool fold_case;
    const char **list; /* n of them and a NULL */
    size_t n;
    uint32_t *slots; /* 1 + the index in `list`; 0 is free */
    size_t n_slots;  /* a power of two, more than half of them free */
};

/* Not tolower(): that depends on a locale which is OpenVPN's to set. */
static unsigned char fold(char c, bool fold_case)
{
    return (unsigned char)(fold_case && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

uint64_t names_hash(const char *name, bool fold_case)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

    for (; *name != '\0'; name++)
        hash = (hash ^ fold(*name, fold_case)) * 0x100000001b3;
    return hash ^ hash >> 29; /* the low bits choose the slot */
}

bool names_equal(const char *a, const char *b, bool fold_case)
{
    while (*a != '\0' && fold(*a, fold_case) == fold(*b, fold_case)) {
        a++;
        b++;
    }
    return *a == *b;
}

struct names *names_new(bool fold_case)
{
    struct names *names = calloc(1, sizeof(*names));

    if (names == NULL)
        return NULL;
    names->fold_case = fold_case;
    names->n_slots = 16;
    names->list = calloc(names->n_slots / 2 + 1, sizeof(*names->list));
    names->slots = calloc(names->n_slots, sizeof(*names->slots));
    if (names->list == NULL || names->slots == NULL) {
        names_free(names);
        return NULL;
    }
    return names;
}

void names_free(struct names *names)
{
    if (names == NULL)
        return;
    free(names->list);
    free(names->slots);
    free(names);
}

/* The slot where the name is, or the free one where it would go. */
static size_t find_slot(const struct names *names, const uint32_t *slots, size_t n_slots,
                        const char *name)
{
    size_t at = names_hash(name, names->fold_case) & (n_slots - 1);

    while (slots[at] != 0 && !names_equal(names->list[slots[at] - 1], name, names->fold_case))
        at = (at + 1) & (n_slots - 1);
    return at;
}

size_t names_find(const struct names *names, const char *name)
{
    uint32_t slot = names->slots[find_slot(names, names->slots, names->n_slots, name)];

    return slot == 0 ? NAMES_NONE : slot - 1;
}

static bool grow(struct names *names)
{
    size_t n_slots = names->n_slots * 2;
    const char **list = realloc(names->list, (n_slots / 2 + 1) * sizeof(*list));
    uint32_t *slots = NULL;

    if (list == NULL)
        return false;
    names->list = list;
    if (n_slots / 2 >= UINT32_MAX)
        return false;
    slots = calloc(n_slots, sizeof(*slots));
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < names->n; i++)
        slots[find_slot(names, slots, n_slots, list[i])] = (uint32_t)i + 1;
    free(names->slots);
    names->slots = slots;
    names->n_slots = n_slots;
    return true;
}

bool names_add(struct names *names, const char *name)
{
    if (names->n == names->n_slots / 2 && !grow(names))
        return false;
    names->slots[find_slot(names, names->slots, names->n_slots, name)] = (uint32_t)names->n + 1;
    names->list[names->n++] = name;
    names->list[names->n] = NULL;
    return true;
}

size_t names_count(const struct names *names)
{
    return names->n;
}

const char *const *names_list(const struct names *names)
{
    return names->list;
}

bool names_is_plain(const char *text)
{
    size_t n = strlen(text);

    return n >= 1 && n <= NAMES_MAX && text[0] != '.' && text[0] != '-' &&
           strspn(text, "_.-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == n;
}
