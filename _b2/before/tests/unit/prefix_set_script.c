/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does to prefix sets what a script on standard input says, for
 * oracle_prefix_set.py. Two sets, `a` and `b`; a command is one line:
 *
 *   clear            empties both
 *   a PREFIX…        adds to a
 *   b PREFIX…        adds to b
 *   union            a becomes a and b
 *   minus            a becomes a without b
 *   cover            prints the cover of a, on one line
 *   has PREFIX       prints 1 if a contains it, else 0
 */
#include "lib/prefix_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what)
{
    fprintf(stderr, "prefix_set_script: %s\n", what);
    exit(EXIT_FAILURE);
}

static struct prefix parse(const char *word)
{
    struct prefix prefix;

    if (prefix_parse(word, strlen(word), &prefix) != PREFIX_OK)
        fail(word);
    return prefix;
}

static void add_words(struct prefix_set *set, char **rest)
{
    for (char *word; (word = strtok_r(NULL, " ", rest)) != NULL;) {
        struct prefix prefix = parse(word);

        if (!prefix_set_add(set, &prefix))
            fail("out of memory");
    }
}

static void print_cover(const struct prefix_set *set)
{
    size_t n, n_ipv4;
    const struct prefix *cover = prefix_set_cover(set, &n, &n_ipv4);
    char text[PREFIX_TEXT_SIZE];

    for (size_t i = 0; i < n; i++) {
        if ((i < n_ipv4) != (cover[i].family == PREFIX_IPV4))
            fail("the families are mixed");
        prefix_format(&cover[i], text);
        printf(i ? " %s" : "%s", text);
    }
    putchar('\n');
}

static bool obey(char *line, struct prefix_set *a, struct prefix_set *b)
{
    char *rest = NULL;
    const char *command = strtok_r(line, " ", &rest);

    if (!command)
        return true;
    if (strcmp(command, "clear") == 0) {
        prefix_set_clear(a);
        prefix_set_clear(b);
    } else if (strcmp(command, "a") == 0) {
        add_words(a, &rest);
    } else if (strcmp(command, "b") == 0) {
        add_words(b, &rest);
    } else if (strcmp(command, "union") == 0) {
        return prefix_set_add_set(a, b);
    } else if (strcmp(command, "minus") == 0) {
        return prefix_set_subtract(a, b);
    } else if (strcmp(command, "cover") == 0) {
        if (!prefix_set_minimise(a))
            return false;
        print_cover(a);
    } else if (strcmp(command, "has") == 0) {
        struct prefix prefix = parse(rest);

        if (!prefix_set_minimise(a))
            return false;
        printf("%d\n", prefix_set_contains(a, &prefix));
    } else {
        fail("unknown command");
    }
    return true;
}

int main(void)
{
    struct prefix_set *a = prefix_set_new(), *b = prefix_set_new();
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    setvbuf(stdout, NULL, _IOLBF, 0); /* the oracle waits for each answer */
    if (!a || !b)
        fail("out of memory");
    while ((n = getline(&line, &room, stdin)) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (!obey(line, a, b))
            fail("out of memory");
    }
    free(line);
    prefix_set_free(a);
    prefix_set_free(b);
    return EXIT_SUCCESS;
}
