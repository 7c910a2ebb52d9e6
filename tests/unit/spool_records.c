/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of each kind once more, as lib/spool.h lists them: what the tests hold
 * the table in lib/spool_text.c against.
 */
#include "tests/unit/spool_records.h"

#include "lib/utf8.h"

#include <stdlib.h>
#include <string.h>

struct member {
    const char *name;
    size_t offset;
    size_t max;        /* of a string */
    const char *kinds; /* the first letters of the records that have it: s c a d v r l */
    bool plain;        /* it ends before a byte that would need an escape */
};

#define INT(member, kinds)                                              \
    {                                                                   \
#member, offsetof(struct spool_record, member), 0, kinds, false \
    }
#define STR(member, max, kinds)                                           \
    {                                                                     \
#member, offsetof(struct spool_record, member), max, kinds, false \
    }

static const struct member members[] = {
    INT(at, "scadvrl"),
    INT(boot_ms, "scadvrl"),
    INT(session, "cadv"),
    INT(format, "s"),
    INT(pid, "s"),
    INT(start, "s"),
    INT(since, "c"),
    INT(port, "cdr"),
    INT(fell_back, "c"),
    INT(from_client, "d"),
    INT(to_client, "d"),
    INT(duration, "d"),
    INT(count, "l"),
    STR(daemon, 256, "s"),
    STR(plugin, 64, "s"),
    STR(user, 256, "cr"),
    STR(typed, 256, "cr"),
    STR(cn, 256, "cr"),
    STR(profile, 64, "c"),
    STR(by, 24, "c"),
    STR(real, 64, "cdr"),
    STR(vpn4, 16, "c"),
    STR(vpn6, 48, "c"),
    STR(client, 96, "c"),
    STR(platform, 32, "c"),
    STR(token, 64, "c"),
    STR(address, 64, "a"),
    STR(change, 16, "a"),
    STR(wanted, 128, "r"),
    STR(reason, 256, "r"),
    {"routes", offsetof(struct spool_record, routes), 256, "c", true},
};

static int64_t *number(const struct spool_record *record, const struct member *member)
{
    return (int64_t *)((char *)record + member->offset);
}

static const char **text(const struct spool_record *record, const struct member *member)
{
    return (const char **)((char *)record + member->offset);
}

static bool has(enum spool_kind kind, const struct member *member)
{
    return strchr(member->kinds, spool_kind_name(kind)[0]) != NULL;
}

static int64_t random_number(void)
{
    static const int64_t edges[] = {0, 1, -1, 9, 10, 65535, INT64_MAX, INT64_MIN + 1, UINT32_MAX};

    if (rand() % 2)
        return edges[rand() % (int)(sizeof edges / sizeof *edges)];
    return ((int64_t)rand() << 31 | rand()) * (rand() % 2 ? 1 : -1);
}

static void random_text(char *out, size_t size)
{
    static const char *const pieces[] = {
        "alice", "\t",        "\n",       "%",    "%41",  "=",    "\tuser=",
        "\r",    "\\",        "\xc3\xa9", "\xff", "\x01", "\x7f", "\xf0\x9f\x98\x80",
        " ",     "connected", "-1",       "\x9b"};
    size_t n = 0;
    size_t end = (size_t)rand() % (rand() % 4 ? 20 : size);

    while (n < end) {
        const char *piece = pieces[rand() % (int)(sizeof pieces / sizeof *pieces)];
        size_t length = strlen(piece);

        if (n + length >= size)
            break;
        memcpy(out + n, piece, length);
        n += length;
    }
    out[n] = '\0';
}

struct spool_record spool_random(enum spool_kind kind, struct spool_texts *texts)
{
    struct spool_record record = spool_record_make(kind);
    size_t used = 0;

    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        char *place = members[i].max ? texts->text[used++] : NULL;

        if (!has(kind, &members[i]) || rand() % 5 == 0)
            continue;
        if (place) {
            random_text(place, sizeof texts->text[0]);
            *text(&record, &members[i]) = place;
        } else {
            *number(&record, &members[i]) = random_number();
        }
    }
    return record;
}

struct spool_record spool_filled(enum spool_kind kind, struct spool_texts *texts, char c, size_t n)
{
    struct spool_record record = spool_record_make(kind);

    memset(texts->text[0], c, n);
    texts->text[0][n] = '\0';
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (!has(kind, &members[i]))
            continue;
        if (members[i].max)
            *text(&record, &members[i]) = texts->text[0];
        else
            *number(&record, &members[i]) = INT64_MIN + 1;
    }
    return record;
}

static bool same_text(const char *a, const char *b, const struct member *member)
{
    size_t n;

    if (!a || !b)
        return a == b;
    n = utf8_cut(a, strlen(a), member->max);
    for (size_t i = 0; member->plain && i < n; i++)
        if (a[i] < 0x20 || a[i] > 0x7e || a[i] == '%')
            n = i;
    return strlen(b) == n && memcmp(a, b, n) == 0;
}

const char *spool_difference(const struct spool_record *a, const struct spool_record *b)
{
    if (a->kind != b->kind)
        return "kind";
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (members[i].max ? !same_text(*text(a, &members[i]), *text(b, &members[i]), &members[i])
                           : *number(a, &members[i]) != *number(b, &members[i]))
            return members[i].name;
    return NULL;
}
