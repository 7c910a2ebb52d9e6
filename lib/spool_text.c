/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spool records as lines of text, and back. Pure: touches nothing but its arguments.
 * One table of fields drives both directions. A reader is strict about the form, so
 * that half a line never passes for a whole one by luck, and lenient about names.
 */
#include "lib/spool.h"

#include "lib/utf8.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[SPOOL_KIND_COUNT] = {
    [SPOOL_UNKNOWN] = "unknown",           [SPOOL_SERVER] = "server",
    [SPOOL_CONNECTED] = "connected",       [SPOOL_ADDRESS] = "address",
    [SPOOL_DISCONNECTED] = "disconnected", [SPOOL_VANISHED] = "vanished",
    [SPOOL_REFUSED] = "refused",           [SPOOL_LOST] = "lost",
};

struct field {
    const char *name;
    size_t offset;      /* in struct spool_record */
    unsigned max_value; /* bytes of a string, before escaping; 0 for a number */
    unsigned kinds;     /* bits of the records that have it */
    bool plain;         /* a string that needs no escapes: it ends before a byte that does */
};

#define NUMBER(member, kinds)                                           \
    {                                                                   \
#member, offsetof(struct spool_record, member), 0, kinds, false \
    }
#define TEXT(member, max, kinds)                                          \
    {                                                                     \
#member, offsetof(struct spool_record, member), max, kinds, false \
    }
#define PLAIN(member, max, kinds)                                        \
    {                                                                    \
#member, offsetof(struct spool_record, member), max, kinds, true \
    }

enum {
    SERVER = 1 << SPOOL_SERVER,
    CONNECTED = 1 << SPOOL_CONNECTED,
    ADDRESS = 1 << SPOOL_ADDRESS,
    DISCONNECTED = 1 << SPOOL_DISCONNECTED,
    VANISHED = 1 << SPOOL_VANISHED,
    REFUSED = 1 << SPOOL_REFUSED,
    LOST = 1 << SPOOL_LOST,
    SESSION = CONNECTED | ADDRESS | DISCONNECTED | VANISHED,
    ALL = SERVER | SESSION | REFUSED | LOST,
};

/*
 * In the order in which they are written. An escaped byte takes three, so the maxima are
 * such that the longest record of each kind still fits SPOOL_MAX_LINE.
 */
static const struct field fields[] = {
    NUMBER(format, SERVER),
    NUMBER(at, ALL),
    NUMBER(boot_ms, ALL),
    NUMBER(session, SESSION),
    TEXT(daemon, SPOOL_MAX_VALUE, SERVER),
    NUMBER(pid, SERVER),
    NUMBER(start, SERVER),
    TEXT(plugin, 64, SERVER),
    NUMBER(since, CONNECTED),
    TEXT(user, SPOOL_MAX_VALUE, CONNECTED | REFUSED),
    TEXT(typed, SPOOL_MAX_VALUE, CONNECTED | REFUSED),
    TEXT(cn, SPOOL_MAX_VALUE, CONNECTED | REFUSED),
    TEXT(profile, 64, CONNECTED),
    TEXT(by, 24, CONNECTED),
    NUMBER(fell_back, CONNECTED),
    TEXT(wanted, 128, REFUSED),
    TEXT(reason, SPOOL_MAX_VALUE, REFUSED),
    NUMBER(from_client, DISCONNECTED),
    NUMBER(to_client, DISCONNECTED),
    NUMBER(duration, DISCONNECTED),
    TEXT(real, 64, CONNECTED | DISCONNECTED | REFUSED),
    NUMBER(port, CONNECTED | DISCONNECTED | REFUSED),
    TEXT(vpn4, 16, CONNECTED),
    TEXT(vpn6, 48, CONNECTED),
    TEXT(client, 96, CONNECTED),
    TEXT(platform, 32, CONNECTED),
    TEXT(token, 64, CONNECTED),
    PLAIN(routes, SPOOL_MAX_VALUE, CONNECTED),
    TEXT(address, 64, ADDRESS),
    TEXT(change, 16, ADDRESS),
    NUMBER(count, LOST),
};
#define FIELD_COUNT (sizeof fields / sizeof *fields)
_Static_assert(FIELD_COUNT <= 32, "parse_field() has a bit for each");

static int64_t *number_of(struct spool_record *record, const struct field *field)
{
    return (int64_t *)((char *)record + field->offset);
}

static const char **text_of(struct spool_record *record, const struct field *field)
{
    return (const char **)((char *)record + field->offset);
}

const char *spool_kind_name(enum spool_kind kind)
{
    return (unsigned)kind < SPOOL_KIND_COUNT ? kind_names[kind] : kind_names[SPOOL_UNKNOWN];
}

struct spool_record spool_record_make(enum spool_kind kind)
{
    return (struct spool_record){
        .kind = kind,
        .at = SPOOL_NONE,
        .boot_ms = SPOOL_NONE,
        .session = SPOOL_NONE,
        .format = SPOOL_NONE,
        .pid = SPOOL_NONE,
        .start = SPOOL_NONE,
        .since = SPOOL_NONE,
        .port = SPOOL_NONE,
        .fell_back = SPOOL_NONE,
        .from_client = SPOOL_NONE,
        .to_client = SPOOL_NONE,
        .duration = SPOOL_NONE,
        .count = SPOOL_NONE,
    };
}

/* ── writing ── */

struct line {
    char *text;
    size_t n;
    size_t size;
    bool full;
};

static void put(struct line *line, const char *text, size_t n)
{
    if (line->full || n > line->size - line->n) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->n, text, n);
    line->n += n;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '%';
}

static size_t count_plain(const char *text, size_t n)
{
    size_t plain = 0;

    while (plain < n && is_plain((unsigned char)text[plain]))
        plain++;
    return plain;
}

static void put_escaped(struct line *line, const char *text, size_t n)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        char escape[3] = {'%', hex[c >> 4], hex[c & 15]};

        if (is_plain(c))
            put(line, text + i, 1);
        else
            put(line, escape, sizeof escape);
    }
}

static void put_key(struct line *line, const char *name)
{
    put(line, "\t", 1);
    put(line, name, strlen(name));
    put(line, "=", 1);
}

static void put_field(struct line *line, const struct field *field, struct spool_record *record)
{
    if (field->max_value == 0 && *number_of(record, field) != SPOOL_NONE) {
        char digits[24];
        int n = snprintf(digits, sizeof digits, "%lld", (long long)*number_of(record, field));

        put_key(line, field->name);
        put(line, digits, (size_t)n);
    } else if (field->max_value != 0 && *text_of(record, field)) {
        const char *text = *text_of(record, field);
        /* A little more than fits, to see the character that the cut would split. */
        size_t n = strnlen(text, (size_t)field->max_value + 4);

        put_key(line, field->name);
        n = utf8_cut(text, n, field->max_value);
        put_escaped(line, text, field->plain ? count_plain(text, n) : n);
    }
}

size_t spool_format(const struct spool_record *record, char *line, size_t size)
{
    struct spool_record copy = *record;
    struct line out = {.text = line, .size = size};

    if (copy.kind <= SPOOL_UNKNOWN || copy.kind >= SPOOL_KIND_COUNT)
        return 0;
    put(&out, kind_names[copy.kind], strlen(kind_names[copy.kind]));
    for (const struct field *field = fields; field < fields + FIELD_COUNT; field++)
        if (field->kinds & 1u << copy.kind)
            put_field(&out, field, &copy);
    put(&out, "\n", 1);
    return out.full ? 0 : out.n;
}

/* ── reading ── */

/* Names are small letters, digits and '_'. */
static bool is_name(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= '0' && text[i] <= '9') &&
            text[i] != '_')
            return false;
    return n > 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* In place; the new length in *n. False for what put_escaped() does not write. */
static bool unescape(char *text, size_t *n)
{
    size_t out = 0;

    for (size_t i = 0; i < *n; i++) {
        int high, low;

        if (is_plain((unsigned char)text[i])) {
            text[out++] = text[i];
            continue;
        }
        if (text[i] != '%' || *n - i < 3)
            return false;
        high = hex_digit(text[i + 1]);
        low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0 || high + low == 0 || is_plain((unsigned char)(high << 4 | low)))
            return false;
        text[out++] = (char)(high << 4 | low);
        i += 2;
    }
    *n = out;
    return true;
}

/* As "%lld" writes it, and nothing else; SPOOL_NONE is not a number. */
static bool parse_number(const char *text, size_t n, int64_t *out)
{
    bool negative = n > 0 && text[0] == '-';
    const char *digits = text + negative;
    size_t count = n - negative;
    int64_t value = 0;

    if (count == 0 || count > 19 || (digits[0] == '0' && (count > 1 || negative)))
        return false;
    for (size_t i = 0; i < count; i++) {
        int digit = digits[i] - '0';

        if (digit < 0 || digit > 9 || value > (INT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = negative ? -value : value;
    return true;
}

static enum spool_kind kind_of(const char *name, size_t n)
{
    for (int kind = SPOOL_SERVER; kind < SPOOL_KIND_COUNT; kind++)
        if (strlen(kind_names[kind]) == n && memcmp(kind_names[kind], name, n) == 0)
            return (enum spool_kind)kind;
    return SPOOL_UNKNOWN;
}

static const struct field *field_of(const char *name, size_t n, enum spool_kind kind)
{
    for (const struct field *field = fields; field < fields + FIELD_COUNT; field++)
        if (field->kinds & 1u << kind && strlen(field->name) == n &&
            memcmp(field->name, name, n) == 0)
            return field;
    return NULL;
}

/* One "key=value" of `n` bytes. */
static bool parse_field(char *text, size_t n, struct spool_record *record, uint32_t *seen)
{
    char *equals = memchr(text, '=', n);
    const struct field *field;
    size_t length;
    char *value;

    if (!equals || !is_name(text, (size_t)(equals - text)))
        return false;
    value = equals + 1;
    length = n - (size_t)(value - text);
    if (!unescape(value, &length))
        return false;
    field = field_of(text, (size_t)(equals - text), record->kind);
    if (!field)
        return true;
    if (*seen & UINT32_C(1) << (field - fields))
        return false;
    *seen |= UINT32_C(1) << (field - fields);
    if (field->max_value == 0)
        return parse_number(value, length, number_of(record, field));
    /* One to the left, over the '=': so there is always room for the NUL. */
    memmove(value - 1, value, length);
    value[-1 + (ptrdiff_t)length] = '\0';
    *text_of(record, field) = value - 1;
    return true;
}

bool spool_parse(char *line, size_t n, struct spool_record *record)
{
    char *end = line + n;
    char *tab = memchr(line, '\t', n);
    size_t name_n = tab ? (size_t)(tab - line) : n;
    uint32_t seen = 0;

    *record = spool_record_make(SPOOL_UNKNOWN);
    if (!is_name(line, name_n))
        return false;
    record->kind = kind_of(line, name_n);
    while (tab) {
        char *field = tab + 1;

        tab = memchr(field, '\t', (size_t)(end - field));
        if (!parse_field(field, (size_t)((tab ? tab : end) - field), record, &seen)) {
            *record = spool_record_make(SPOOL_UNKNOWN);
            return false;
        }
    }
    return true;
}
