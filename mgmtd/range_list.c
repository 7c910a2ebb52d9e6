/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kind of text it is, and the words of plain lists and CSV. */
#include <config.h>

#include "mgmtd/range_list_private.h"

#include <string.h>

#define MAX_WORD 96 /* two IPv6 addresses and a hyphen */

const char *range_list_text(enum range_list_result result)
{
    switch (result) {
    case RANGE_LIST_OK:
        break;
    case RANGE_LIST_NOTHING:
        return "has no prefix in it";
    case RANGE_LIST_PAGE:
        return "is a page of HTML or XML, not a list";
    case RANGE_LIST_BINARY:
        return "is not text";
    case RANGE_LIST_BROKEN_JSON:
        return "is JSON that is broken or cut off";
    case RANGE_LIST_NO_OBJECT:
        return "has no object that \"where\" fits";
    case RANGE_LIST_NO_JSON:
        return "is not JSON, which \"where\" needs";
    case RANGE_LIST_MEMORY:
        return "is too much for the memory there is";
    }
    return "is good";
}

/* ── one word ── */

void range_take(struct range_reader *reader, const struct prefix *prefix, enum prefix_status status)
{
    reader->n_read++;
    if (!reader->take(reader->arg, prefix, status))
        reader->out_of_memory = true;
}

/* What an address of 128 bits is followed by; false at the end of them. */
static bool next_address(struct prefix *address)
{
    uint64_t step_hi = address->family == PREFIX_IPV4 ? UINT64_C(1) << 32 : 0;
    uint64_t step_lo = address->family == PREFIX_IPV4 ? 0 : 1;

    address->lo += step_lo;
    address->hi += step_hi + (address->lo < step_lo);
    return (address->hi | address->lo) != 0;
}

static bool is_after(const struct prefix *a, const struct prefix *b)
{
    return a->hi > b->hi || (a->hi == b->hi && a->lo > b->lo);
}

/* The last address of a prefix. */
static struct prefix last_of(const struct prefix *prefix)
{
    unsigned bits = prefix_family_bits(prefix->family);
    struct prefix last = *prefix;

    last.hi |= ~prefix_mask_hi(prefix->len) & prefix_mask_hi(bits);
    last.lo |= ~prefix_mask_lo(prefix->len) & prefix_mask_lo(bits);
    last.len = (uint8_t)bits;
    return last;
}

/* The shortest prefix that begins with `at` and does not go beyond `end`. */
static struct prefix longest_step(const struct prefix *at, const struct prefix *end)
{
    struct prefix step = *at;

    while (step.len > 0) {
        struct prefix wider = step;
        struct prefix last;

        wider.len--;
        last = last_of(&wider);
        if ((wider.hi & ~prefix_mask_hi(wider.len)) != 0 ||
            (wider.lo & ~prefix_mask_lo(wider.len)) != 0 || is_after(&last, end))
            break;
        step = wider;
    }
    return step;
}

/* "192.0.2.0-192.0.2.255" */
static bool take_range(struct range_reader *reader, const char *text, size_t n, const char *hyphen)
{
    struct prefix from, to;
    size_t n_from = (size_t)(hyphen - text);
    bool more = true;

    if (prefix_parse(text, n_from, &from) != PREFIX_OK ||
        prefix_parse(hyphen + 1, n - n_from - 1, &to) != PREFIX_OK || from.family != to.family ||
        from.len != prefix_family_bits(from.family) || to.len != from.len || is_after(&from, &to))
        return false;
    while (more && !is_after(&from, &to) && !reader->out_of_memory) {
        struct prefix step = longest_step(&from, &to);

        range_take(reader, &step, PREFIX_OK);
        from = last_of(&step);
        more = next_address(&from);
    }
    return !reader->out_of_memory;
}

static bool take_netmask(struct range_reader *reader, const char *text, size_t n, const char *slash)
{
    char word[MAX_WORD + 1];
    struct prefix prefix;
    enum prefix_status status;

    memcpy(word, text, n);
    word[n] = word[slash - text] = '\0';
    status = prefix_parse_netmask(word, word + (slash - text) + 1, &prefix);
    if (status != PREFIX_OK && status != PREFIX_HOST_BITS)
        return false;
    range_take(reader, &prefix, status);
    return !reader->out_of_memory;
}

bool range_take_word(struct range_reader *reader, const char *text, size_t n)
{
    struct prefix prefix;
    const char *between;
    enum prefix_status status;

    if (n < 2 || n > MAX_WORD)
        return false;
    status = prefix_parse(text, n, &prefix);
    if (status == PREFIX_OK || status == PREFIX_HOST_BITS) {
        range_take(reader, &prefix, status);
        return !reader->out_of_memory;
    }
    between = memchr(text, '-', n);
    if (between != NULL)
        return take_range(reader, text, n, between);
    between = memchr(text, '/', n);
    return between != NULL && take_netmask(reader, text, n, between);
}

/* ── plain lists and CSV ── */

/* Blanks, control characters, and what stands between words in CSV and code. */
static const bool ends_word_table[256] = {
    [0 ... ' '] = true, [','] = true, [';'] = true, ['"'] = true, ['\''] = true, ['`'] = true,
    ['|'] = true,       ['['] = true, [']'] = true, ['('] = true, [')'] = true,  ['{'] = true,
    ['}'] = true,       ['<'] = true, ['>'] = true, ['='] = true,
};

static bool ends_word(char c)
{
    return ends_word_table[(unsigned char)c];
}

static size_t word_length(const char *text, const char *end)
{
    const char *c = text;

    while (c < end && !ends_word(*c))
        c++;
    return (size_t)(c - text);
}

/* A word that can be an address: worth a closer look. */
static bool may_be_address(const char *text, size_t n)
{
    return (text[0] >= '0' && text[0] <= '9') || memchr(text, ':', n) != NULL;
}

/*
 * The netmask of an address, if the next word of its line is one: no address of 255.0.0.0/8 is
 * anybody's. Returns where that word ends; NULL if it is none.
 */
static const char *follow_netmask(struct range_reader *reader, const char *text, size_t n,
                                  const char *end)
{
    const char *mask = text + n;
    char word[2 * MAX_WORD + 2];
    size_t n_mask;

    if (n > MAX_WORD || memchr(text, '/', n) != NULL || memchr(text, '.', n) == NULL)
        return NULL;
    while (mask < end && *mask != '\n' && *mask != '#' && ends_word(*mask))
        mask++;
    n_mask = word_length(mask, end);
    if (n_mask < 7 || n_mask > 15 || n + n_mask + 1 > MAX_WORD || memcmp(mask, "255.", 4) != 0)
        return NULL;
    memcpy(word, text, n);
    word[n] = '/';
    memcpy(word + n + 1, mask, n_mask);
    return take_netmask(reader, word, n + 1 + n_mask, word + n) ? mask + n_mask : NULL;
}

static const char *end_of_line(const char *text, const char *end)
{
    const char *newline = memchr(text, '\n', (size_t)(end - text));

    return newline == NULL ? end : newline;
}

static bool begins_comment(const char *text, const char *at)
{
    return *at == '#' || (*at == ';' && (at == text || (unsigned char)at[-1] <= ' '));
}

static enum range_list_result read_words(struct range_reader *reader, const char *text, size_t n)
{
    const char *end = text + n;
    const char *at = text;

    while (at < end && !reader->out_of_memory) {
        size_t length = word_length(at, end);
        const char *next = NULL;

        if (begins_comment(text, at)) {
            at = end_of_line(at, end);
            continue;
        }
        if (length > 0 && may_be_address(at, length)) {
            next = follow_netmask(reader, at, length, end);
            if (next == NULL)
                range_take_word(reader, at, length);
        }
        at = next != NULL ? next : at + (length > 0 ? length : 1);
    }
    return RANGE_LIST_OK;
}

/* ── the kind ── */

static void skip_mark_and_blanks(const char **text, size_t *n)
{
    if (*n >= 3 && memcmp(*text, "\xef\xbb\xbf", 3) == 0) {
        *text += 3;
        *n -= 3;
    }
    while (*n > 0 && strchr(" \t\r\n", **text) != NULL && **text != '\0') {
        ++*text;
        --*n;
    }
}

static enum range_list_result read_any(struct range_reader *reader, const char *text, size_t n)
{
    if (n == 0)
        return RANGE_LIST_NOTHING;
    if (memchr(text, '\0', n) != NULL)
        return RANGE_LIST_BINARY;
    if (text[0] == '<')
        return RANGE_LIST_PAGE;
    if (text[0] == '{' || text[0] == '[')
        return range_read_json(reader, text, n);
    return reader->n_where > 0 ? RANGE_LIST_NO_JSON : read_words(reader, text, n);
}

enum range_list_result range_list_read(const char *text, size_t n,
                                       const struct policy_condition *where, size_t n_where,
                                       range_list_take *take, void *arg, size_t *n_read)
{
    struct range_reader reader = {.where = where, .n_where = n_where, .take = take, .arg = arg};
    enum range_list_result result;

    skip_mark_and_blanks(&text, &n);
    result = read_any(&reader, text, n);
    if (n_read != NULL)
        *n_read = reader.n_read;
    if (reader.out_of_memory)
        return RANGE_LIST_MEMORY;
    return result == RANGE_LIST_OK && reader.n_read == 0 ? RANGE_LIST_NOTHING : result;
}
