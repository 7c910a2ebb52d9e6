/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prefix lists with any bytes in them: what is read, written and read again is the
 * same set, everything added is contained, and taking a second list away (what
 * follows the first NUL byte) obeys the laws of sets.
 */
#include "lib/prefix_set.h"

#undef NDEBUG /* to find broken assertions is what this is for */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
    const char *text, *end;
    unsigned line;
};

/* The reader must stay within the text and count upwards. */
static void check_bad_line(void *arg, unsigned line, const char *text, size_t n,
                           enum prefix_status why, const struct prefix *suggestion)
{
    struct told *told = arg;

    assert(line > told->line && n > 0 && text >= told->text && text + n <= told->end);
    assert(why != PREFIX_OK && (why == PREFIX_HOST_BITS) == (suggestion != NULL));
    if (suggestion) {
        char again[PREFIX_TEXT_SIZE];
        struct prefix prefix;
        size_t length = prefix_format(suggestion, again);

        assert(prefix_parse(again, length, &prefix) == PREFIX_OK);
        assert(prefix_compare(&prefix, suggestion) == 0);
    }
    told->line = line;
}

static struct prefix_set *read_set(const char *text, size_t n)
{
    struct prefix_set *set = prefix_set_new();
    struct told told = {text, text + n, 0};

    if (!set || !prefix_set_read(set, text, n, check_bad_line, &told))
        abort();
    if (!prefix_set_minimise(set))
        abort();
    return set;
}

static void check_order(const struct prefix_set *set)
{
    size_t n, n_ipv4;
    const struct prefix *cover = prefix_set_cover(set, &n, &n_ipv4);

    for (size_t i = 0; i < n; i++) {
        assert((cover[i].family == PREFIX_IPV4) == (i < n_ipv4));
        assert(i == 0 || prefix_compare(&cover[i - 1], &cover[i]) < 0);
        assert(i == 0 || !prefix_contains(&cover[i - 1], &cover[i]));
        assert(prefix_set_contains(set, &cover[i]));
    }
}

static void check_written(const struct prefix_set *set)
{
    size_t n;
    char *text = prefix_set_write(set, &n);
    struct prefix_set *again;

    assert(text && text[n] == '\0');
    again = read_set(text, n);
    assert(prefix_set_equal(set, again));
    prefix_set_free(again);
    free(text);
}

/* Every line that is a prefix by itself must be in the set. */
static void check_lines(const struct prefix_set *set, const char *text, size_t n)
{
    for (const char *end = text + n, *next; text < end; text = next + 1) {
        struct prefix prefix;

        next = memchr(text, '\n', (size_t)(end - text));
        if (!next)
            next = end - 1;
        else if (prefix_parse(text, (size_t)(next - text), &prefix) == PREFIX_OK)
            assert(prefix_set_contains(set, &prefix));
    }
}

/* a - b does not change by taking b away again, and with b added it is a + b. */
static void check_difference(struct prefix_set *a, struct prefix_set *b)
{
    struct prefix_set *rest = prefix_set_new(), *twice = prefix_set_new();

    if (!rest || !twice || !prefix_set_add_set(rest, a) || !prefix_set_subtract(rest, b) ||
        !prefix_set_add_set(twice, rest) || !prefix_set_subtract(twice, b))
        abort();
    check_order(rest);
    assert(prefix_set_equal(rest, twice));
    if (!prefix_set_add_set(rest, b) || !prefix_set_add_set(a, b) || !prefix_set_minimise(rest) ||
        !prefix_set_minimise(a))
        abort();
    assert(prefix_set_equal(rest, a));
    check_order(a);
    prefix_set_free(rest);
    prefix_set_free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(size ? size : 1, 1); /* a copy: the sanitizer sees its end */
    size_t n_a, n_b;
    struct prefix_set *a, *b;
    char *second;

    if (!text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    second = size ? memchr(text, '\0', size) : NULL;
    n_a = second ? (size_t)(second - text) : size;
    n_b = second ? size - n_a - 1 : 0;
    a = read_set(text, n_a);
    b = read_set(second ? second + 1 : text, n_b);
    check_order(a);
    check_written(a);
    check_lines(a, text, n_a);
    check_difference(a, b);
    prefix_set_free(a);
    prefix_set_free(b);
    free(text);
    return 0;
}
