/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leaves out of a large tree what no cover of N prefixes comes down to: at a price a prefix that
 * is well below the one such a cover has, most of the tree is taken in large nodes already.
 */
#include "lib/budget_tree.h"

#include <math.h>
#include <stdlib.h>

#define MAX_POWER 128
#define STEP      6

/* How many prefixes of the set are to each that is left, so that looking for it is worth it. */
#define WORTH_IT 8

/* Prefixes at the floor, as multiples of N: fewer are too close to the cover. */
#define TOO_FEW  2
#define TOO_MANY 6

/* How many nodes cost the least at that price, and which. */
static size_t take_at(const struct budget_tree *tree, double lambda, double *least, uint32_t *k,
                      bool *taken)
{
    for (size_t i = 0; i < tree->n; i++) {
        const struct budget_node *node = &tree->nodes[i];
        bool is_leaf = node->left == NO_NODE;
        double parts = is_leaf ? 0 : least[node->left] + least[node->right];
        double whole = node->gap_number + lambda;

        taken[i] = is_leaf || (node->allowed && whole <= parts);
        least[i] = taken[i] ? whole : parts;
        k[i] = taken[i] ? 1 : k[node->left] + k[node->right];
    }
    return k[tree->n - 1];
}

/* A price to begin with: what a prefix less costs on the way to the fewest there can be. */
static double usual_price(const struct budget_tree *tree, bool *taken)
{
    struct budget_choice fewest = {.taken = taken};
    size_t n = tree->nodes[tree->n - 1].exact;

    budget_fewest(tree, &fewest);
    return n > fewest.k ? weight_number(fewest.cost) / (double)(n - fewest.k) : 0;
}

/* The highest price tried at which there are enough; 0 if none is. Prices are a usual one times
 * a power of 2. */
static double narrow_in(const struct budget_tree *tree, size_t n, double *least, uint32_t *k,
                        bool *taken)
{
    double usual = usual_price(tree, taken);
    int low = -MAX_POWER, high = MAX_POWER, power = 0;

    while (usual > 0 && high - low > 1) {
        size_t count = take_at(tree, ldexp(usual, power), least, k, taken);

        *(count >= TOO_FEW * n ? &low : &high) = power;
        if (count >= TOO_FEW * n && count <= TOO_MANY * n)
            break;
        if (high == MAX_POWER)
            power = low + STEP;
        else if (low == -MAX_POWER)
            power = high - STEP;
        else
            power = low + (high - low) / 2;
    }
    return low > -MAX_POWER ? ldexp(usual, low) : 0;
}

bool budget_find_floor(const struct budget_tree *tree, size_t n, bool *taken, double *floor)
{
    double *least;
    uint32_t *k;
    bool ok;

    *floor = 0;
    for (size_t i = 0; i < tree->n; i++)
        taken[i] = tree->nodes[i].left == NO_NODE;
    if (tree->nodes[tree->n - 1].exact / WORTH_IT < n)
        return true;
    least = calloc(tree->n, sizeof(*least));
    k = calloc(tree->n, sizeof(*k));
    ok = least && k;
    if (ok) {
        *floor = narrow_in(tree, n, least, k, taken);
        take_at(tree, *floor, least, k, taken);
    }
    free(least);
    free(k);
    return ok;
}
