/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses no over-cover may gain. */
#include "lib/budget_tree.h"

#include <string.h>

/* Addresses that are nobody's on the Internet: a cover never gains them. */
static const char special[] = "0.0.0.0/8\n"
                              "10.0.0.0/8\n"
                              "100.64.0.0/10\n"
                              "127.0.0.0/8\n"
                              "169.254.0.0/16\n"
                              "172.16.0.0/12\n"
                              "192.168.0.0/16\n"
                              "224.0.0.0/3\n"
                              "::/3\n"
                              "4000::/2\n"
                              "8000::/1\n";

static void no_bad_line(void *arg, unsigned line, const char *text, size_t n,
                        enum prefix_status why, const struct prefix *suggestion)
{
    (void)arg, (void)line, (void)text, (void)n, (void)why, (void)suggestion;
}

bool budget_has_family(const struct prefix_set *set, uint8_t family)
{
    size_t n = 0, n_ipv4 = 0;

    prefix_set_cover(set, &n, &n_ipv4);
    return family == PREFIX_IPV4 ? n_ipv4 > 0 : n > n_ipv4;
}

/*
 * Where a set has all special addresses of a family, nothing would keep its cover from being
 * everything: then the largest prefix that it does not have stays outside.
 */
static bool leave_something(struct prefix_set *forbidden, struct prefix_set *set, uint8_t family)
{
    struct prefix all = {.family = family};
    struct prefix_set *rest = prefix_set_new();
    const struct prefix *items, *largest = NULL;
    size_t n = 0;
    bool ok = rest && prefix_set_add(rest, &all) && prefix_set_subtract(rest, set);

    if (ok) {
        items = prefix_set_cover(rest, &n, NULL);
        for (size_t i = 0; i < n; i++)
            if (!largest || items[i].len < largest->len)
                largest = &items[i];
        ok = !largest || (prefix_set_add(forbidden, largest) && prefix_set_minimise(forbidden));
    }
    prefix_set_free(rest);
    return ok;
}

struct prefix_set *budget_forbidden(struct prefix_set *set, const struct prefix_set *never,
                                    bool *is_odd)
{
    struct prefix_set *forbidden = prefix_set_new();
    bool ok = forbidden &&
              prefix_set_read(forbidden, special, strlen(special), no_bad_line, NULL) &&
              prefix_set_add_set(forbidden, never) && prefix_set_subtract(forbidden, set) &&
              prefix_set_minimise(forbidden);

    *is_odd = false;
    for (uint8_t family = PREFIX_IPV4; ok && family <= PREFIX_IPV6; family += 2) {
        if (budget_has_family(forbidden, family))
            continue;
        *is_odd = true;
        ok = leave_something(forbidden, set, family);
    }
    if (ok)
        return forbidden;
    prefix_set_free(forbidden);
    return NULL;
}
