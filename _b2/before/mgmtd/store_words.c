/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of words. A table of fixed size for each kind remembers what was looked up
 * last, one word a slot; what is not there is looked up in the database, and made there.
 * A number is remembered before its transaction is committed: a rollback forgets all.
 */
#include "mgmtd/store_private.h"

#include "lib/names.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS ((size_t)1 << 14)

struct slot {
    char *key; /* NULL: empty */
    int64_t id;
};

struct words {
    struct slot slots[N_WORD_KINDS][SLOTS];
};

struct words *words_new(void)
{
    return calloc(1, sizeof(struct words));
}

void words_forget(struct words *words)
{
    for (size_t kind = 0; words && kind < N_WORD_KINDS; kind++)
        for (size_t i = 0; i < SLOTS; i++) {
            free(words->slots[kind][i].key);
            words->slots[kind][i].key = NULL;
        }
}

void words_free(struct words *words)
{
    words_forget(words);
    free(words);
}

/* SQLITE_ROW: *id is its number; SQLITE_DONE: there is none. */
static int find(sqlite3_stmt *statement, int64_t *id)
{
    int rc = sqlite3_step(statement);

    if (rc == SQLITE_ROW)
        *id = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return rc;
}

/* Looks a word up in the database, and makes it if it is not there. */
static int number(struct store *store, enum word_kind kind, const char *text, const char *second,
                  int64_t *id)
{
    int rc = SQLITE_OK;

    for (int add = 0; add < 2; add++) {
        sqlite3_stmt *statement = store->statements[FIND_USER + 2 * (int)kind + add];

        rc = sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
        if (rc == SQLITE_OK && second)
            rc = sqlite3_bind_text(statement, 2, second, -1, SQLITE_STATIC);
        if (rc == SQLITE_OK)
            rc = find(statement, id);
        sqlite3_clear_bindings(statement);
        if (rc != SQLITE_DONE)
            return rc == SQLITE_ROW ? SQLITE_OK : rc;
    }
    *id = sqlite3_last_insert_rowid(store->db);
    return SQLITE_OK;
}

/* Where a word is remembered, if it is: the two texts of a client as one. */
static struct slot *slot_of(struct words *words, enum word_kind kind, const char *key)
{
    return &words->slots[kind][names_hash(key, false) % SLOTS];
}

void words_forget_one(struct words *words, enum word_kind kind, const char *text)
{
    struct slot *slot = slot_of(words, kind, text);

    if (slot->key && strcmp(slot->key, text) == 0) {
        free(slot->key);
        slot->key = NULL;
    }
}

static void remember(struct slot *slot, const char *key, int64_t id)
{
    size_t n = strlen(key) + 1;
    char *copy = malloc(n);

    if (copy == NULL)
        return; /* it is looked up again next time */
    memcpy(copy, key, n);
    free(slot->key);
    slot->key = copy;
    slot->id = id;
}

void words_bind(struct words *words, struct row *row, enum word_kind kind, const char *text,
                const char *second)
{
    char scratch[2][STORE_TEXT_MAX + 5];
    char key[2 * STORE_TEXT_MAX + 2];
    struct slot *slot;
    size_t n, n2 = 0;
    int64_t id = BATCH_NONE;

    if (text == NULL || row->rc != SQLITE_OK) {
        row_int(row, BATCH_NONE);
        return;
    }
    text = store_printable(text, scratch[0]);
    n = strlen(text);
    memcpy(key, text, n + 1);
    if (second) {
        second = store_printable(second, scratch[1]);
        n2 = strlen(second);
        key[n] = '\n'; /* is in no printable text */
        memcpy(key + n + 1, second, n2 + 1);
    }
    slot = slot_of(words, kind, key);
    if (slot->key && strcmp(slot->key, key) == 0) {
        id = slot->id;
    } else {
        row->rc = number(row->store, kind, text, second, &id);
        if (row->rc == SQLITE_OK)
            remember(slot, key, id);
    }
    row_int(row, id);
}
