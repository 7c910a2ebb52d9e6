/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a publisher may send, as a list and as JSON, on its whole way: found prefixes are
 * good ones, what is left of them is safe and the same when it is written and read again,
 * and no JSON that is refused gives any. The first byte says how many conditions there are;
 * each is a line of KEY=VALUE before the body.
 */
#include <config.h>

#include "mgmtd/range_list.h"
#include "mgmtd/safety.h"

#undef NDEBUG /* to find broken assertions is what this is for */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_WHERE 8

static const struct prefix own = {(uint64_t)0xc6120002 << 32, 0, 32, PREFIX_IPV4};
static const struct safety_rules rules = {
    .shortest_ipv4 = 8, .shortest_ipv6 = 19, .max_change = 50, .own = &own, .n_own = 1};

struct found {
    struct safety_sieve *sieve;
    size_t n;
};

static bool take(void *arg, const struct prefix *prefix, enum prefix_status status)
{
    struct found *found = arg;
    char text[PREFIX_TEXT_SIZE];
    struct prefix again;
    size_t n = prefix_format(prefix, text);

    assert(status == PREFIX_OK || status == PREFIX_HOST_BITS);
    assert(prefix_parse(text, n, &again) == PREFIX_OK && prefix_compare(prefix, &again) == 0);
    found->n++;
    return safety_sieve_take(found->sieve, prefix, status);
}

static void check_safe(const struct prefix_set *set)
{
    size_t n = 0;
    const struct prefix *cover = prefix_set_cover(set, &n, NULL);

    for (size_t i = 0; i < n; i++) {
        enum safety_reason reason = safety_judge(&rules, &cover[i]);

        /* Neighbours may have merged into one that would be too short by itself. */
        assert(reason == SAFETY_GOOD || reason == SAFETY_TOO_SHORT);
        assert(!prefix_contains(&cover[i], &own));
    }
}

/* The list that is made of it is read as the same set. */
static void check_again(const struct prefix_set *set)
{
    size_t n = 0, n_found = 0;
    char *text = prefix_set_write(set, &n);
    struct found found = {safety_sieve_new(&rules), 0};
    struct prefix_set *again;
    char why[SAFETY_WHY_SIZE];

    assert(text != NULL && found.sieve != NULL);
    range_list_read(text, n, NULL, 0, take, &found, &n_found);
    again = safety_sieve_finish(found.sieve);
    assert(again != NULL);
    if (n > 0 && n_found > 0)
        safety_accepts(&rules, set, again, why);
    safety_sieve_free(found.sieve);
    free(text);
}

static size_t read_where(char *text, size_t size, struct policy_condition where[MAX_WHERE],
                         char **body)
{
    size_t wanted = size > 0 ? (unsigned char)text[0] % (MAX_WHERE + 1) : 0, n = 0;
    char *at = size > 0 ? text + 1 : text;
    char *end = text + size;

    while (n < wanted) {
        char *line = memchr(at, '\n', (size_t)(end - at));
        char *equals = line == NULL ? NULL : memchr(at, '=', (size_t)(line - at));

        if (equals == NULL)
            break;
        *equals = *line = '\0';
        where[n++] = (struct policy_condition){at, equals + 1};
        at = line + 1;
    }
    *body = at;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size > 0 ? size : 1); /* a copy: the sanitizer sees its end */
    struct found found = {safety_sieve_new(&rules), 0};
    struct policy_condition where[MAX_WHERE];
    size_t n_where, n_read = 0;
    enum range_list_result result;
    char *body;

    if (text == NULL || found.sieve == NULL)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    n_where = read_where(text, size, where, &body);
    result =
        range_list_read(body, (size_t)(text + size - body), where, n_where, take, &found, &n_read);
    assert(n_read == found.n);
    assert((result == RANGE_LIST_OK) <= (n_read > 0));
    assert(strlen(range_list_text(result)) > 0);
    if (result == RANGE_LIST_OK) {
        const struct prefix_set *set = safety_sieve_finish(found.sieve);
        const struct safety_dropped *dropped;

        assert(set != NULL && safety_sieve_dropped(found.sieve, &dropped) <= 40 * n_read);
        check_safe(set);
        check_again(set);
    }
    safety_sieve_free(found.sieve);
    free(text);
    return 0;
}
