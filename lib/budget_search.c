/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cheapest cover of at most N prefixes. With a price on each prefix, the cheapest cover
 * is found in one walk up the tree: a node is taken, or its two sides are covered each for
 * itself. The price is raised until the cover has at most N prefixes. That is the answer for
 * some N only; where it is not, the true one lies close to it, and lib/budget_exact looks
 * through all that lies as close. (Taking whatever is cheapest to join, one after the
 * other, finds it less often: joining some may make a larger prefix free.)
 */
#include "lib/budget_tree.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PRICES   200
#define ROUNDING     1e-11 /* what sums of doubles may be off by */
#define SOME_OPTIONS 32    /* of a node, where all are too many */

struct search {
    const struct budget_tree *tree;
    size_t n;
    double floor;               /* the least price; see budget_search() */
    double *least;              /* by node: at the last price */
    size_t *k;                  /* by node: of the last cover */
    struct weight *cost;        /* by node: likewise */
    struct budget_choice above; /* more than n prefixes */
    struct budget_choice below; /* at most n */
    struct budget_choice now;
};

void budget_fewest(const struct budget_tree *tree, struct budget_choice *fewest)
{
    *fewest = (struct budget_choice){.taken = fewest->taken};
    for (size_t i = 0; i < tree->n; i++) {
        const struct budget_node *node = &tree->nodes[i];

        fewest->taken[i] = node->allowed;
        if (!node->allowed)
            continue;
        fewest->k++;
        fewest->cost = weight_add(fewest->cost, node->gap);
        if (node->left == NO_NODE)
            continue;
        /* Both sides are allowed, and were counted. */
        fewest->k -= 2;
        fewest->cost = weight_subtract(fewest->cost, tree->nodes[node->left].gap);
        fewest->cost = weight_subtract(fewest->cost, tree->nodes[node->right].gap);
    }
}

/* The cheapest cover at that price; of equal ones, that with the fewest prefixes. */
static void cover_at(struct search *s, double lambda, struct budget_choice *out)
{
    const struct budget_tree *tree = s->tree;

    for (size_t i = 0; i < tree->n; i++) {
        const struct budget_node *node = &tree->nodes[i];
        bool is_leaf = node->left == NO_NODE;
        double parts = is_leaf ? 0 : s->least[node->left] + s->least[node->right];
        double whole = node->gap_number + lambda;

        out->taken[i] = is_leaf || (node->allowed && whole <= parts);
        if (out->taken[i]) {
            s->least[i] = whole;
            s->k[i] = 1;
            s->cost[i] = node->gap;
        } else {
            s->least[i] = parts;
            s->k[i] = s->k[node->left] + s->k[node->right];
            s->cost[i] = weight_add(s->cost[node->left], s->cost[node->right]);
        }
    }
    out->k = s->k[tree->n - 1];
    out->cost = s->cost[tree->n - 1];
}

static void swap(struct budget_choice *a, struct budget_choice *b)
{
    struct budget_choice c = *a;

    *a = *b;
    *b = c;
}

/*
 * Narrows the price in from both sides. Returns the one at which `above` and `below` cost
 * the same, and nothing costs less: s->least is of that price.
 */
static double find_price(struct search *s)
{
    double lambda = 0;

    for (int i = 0; i < MAX_PRICES; i++) {
        double low = weight_number(s->above.cost), high = weight_number(s->below.cost);
        double line;

        lambda = (high - low) / (double)(s->above.k - s->below.k);
        line = low + lambda * (double)s->above.k;
        cover_at(s, lambda, &s->now);
        if (s->least[s->tree->n - 1] >= line * (1 - ROUNDING) || s->now.k == s->above.k ||
            s->now.k == s->below.k)
            break;
        swap(&s->now, s->now.k > s->n ? &s->above : &s->below);
        if (s->below.k == s->n)
            break;
    }
    return lambda;
}

/*
 * Joins what costs nothing at that price, from `above` on, the smallest first, as long as
 * more than n prefixes are left. What comes to exactly n is as cheap as any.
 */
static void join_ties(struct search *s, double lambda)
{
    const struct budget_tree *tree = s->tree;
    size_t too_many = s->above.k - s->n;

    for (size_t i = 0; i < tree->n; i++) {
        const struct budget_node *node = &tree->nodes[i];
        double parts;

        s->now.taken[i] = s->above.taken[i];
        s->k[i] = 1;
        s->cost[i] = node->gap;
        if (s->now.taken[i])
            continue;
        s->k[i] = s->k[node->left] + s->k[node->right];
        s->cost[i] = weight_add(s->cost[node->left], s->cost[node->right]);
        parts = weight_number(s->cost[i]) + lambda * (double)s->k[i];
        if (!node->allowed || s->k[i] - 1 > too_many ||
            node->gap_number + lambda > parts * (1 + ROUNDING))
            continue;
        too_many -= s->k[i] - 1;
        s->now.taken[i] = true;
        s->k[i] = 1;
        s->cost[i] = node->gap;
    }
    s->now.k = s->k[tree->n - 1];
    s->now.cost = s->cost[tree->n - 1];
    if (s->now.k <= s->n && weight_less(s->now.cost, s->below.cost))
        swap(&s->now, &s->below);
}

static enum budget_found try_within(struct search *s, const struct budget_price *price)
{
    enum budget_found found = budget_exact(s->tree, s->n, price, &s->now);

    if (found == BUDGET_FOUND && weight_less(s->now.cost, s->below.cost))
        swap(&s->now, &s->below);
    return found;
}

/*
 * Looks through what lies ever farther from the least that a cover can cost, until the best
 * that was found lies within. What is below the leaves lies farther than the floor is deep.
 */
static enum budget_searched look_closely(struct search *s, double lambda, double *slack)
{
    struct budget_price price = {.lambda = lambda, .least = s->least, .most = SIZE_MAX};
    double least = s->least[s->tree->n - 1] - lambda * (double)s->n;
    double rounding = ROUNDING * s->least[s->tree->n - 1];
    double most = weight_number(s->below.cost) - least;
    enum budget_found found = BUDGET_FOUND;

    for (double delta = most / 4096; most > rounding; delta *= 4) {
        price.delta = (delta < most ? delta : most) + rounding;
        if (s->floor > 0 && price.delta + rounding >= lambda - s->floor)
            return BUDGET_FLOOR_TOO_HIGH;
        found = try_within(s, &price);
        most = weight_number(s->below.cost) - least;
        if (found == BUDGET_NO_MEMORY || found == BUDGET_TOO_MANY || price.delta >= most)
            break;
    }
    if (found == BUDGET_TOO_MANY) { /* not all, then, but some of each kind */
        price.delta = most + rounding;
        price.most = SOME_OPTIONS;
        found = try_within(s, &price);
        *slack = (weight_number(s->below.cost) - least) / weight_number(s->below.cost);
    }
    return found == BUDGET_NO_MEMORY ? BUDGET_SEARCH_NO_MEMORY : BUDGET_SEARCHED;
}

static enum budget_searched search(struct search *s, double *slack)
{
    double lambda;

    *slack = 0;
    budget_fewest(s->tree, &s->below);
    if (s->below.k == s->n)
        return BUDGET_SEARCHED;
    cover_at(s, s->floor, &s->above);
    if (s->above.k <= s->n)
        return BUDGET_FLOOR_TOO_HIGH;
    lambda = find_price(s);
    if (s->below.k == s->n)
        return BUDGET_SEARCHED;
    cover_at(s, lambda, &s->now);
    join_ties(s, lambda);
    return look_closely(s, lambda, slack);
}

enum budget_searched budget_search(const struct budget_tree *tree, size_t n, double floor,
                                   struct budget_choice *best, double *slack)
{
    struct search s = {.tree = tree, .n = n, .floor = floor};
    enum budget_searched searched = BUDGET_SEARCH_NO_MEMORY;

    s.least = calloc(tree->n, sizeof(*s.least));
    s.k = calloc(tree->n, sizeof(*s.k));
    s.cost = calloc(tree->n, sizeof(*s.cost));
    s.above.taken = calloc(tree->n, sizeof(bool));
    s.below.taken = calloc(tree->n, sizeof(bool));
    s.now.taken = calloc(tree->n, sizeof(bool));
    if (s.least && s.k && s.cost && s.above.taken && s.below.taken && s.now.taken)
        searched = search(&s, slack);
    if (searched == BUDGET_SEARCHED) {
        memcpy(best->taken, s.below.taken, tree->n * sizeof(bool));
        best->k = s.below.k;
        best->cost = s.below.cost;
    }
    free(s.least);
    free(s.k);
    free(s.cost);
    free(s.above.taken);
    free(s.below.taken);
    free(s.now.taken);
    return searched;
}
