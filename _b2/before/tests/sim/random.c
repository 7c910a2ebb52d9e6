/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/sim/random.h"

#include <math.h>

uint64_t random_mix(uint64_t seed, uint64_t n)
{
    uint64_t z = seed + (n + 1) * 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t random_next(struct random *random)
{
    uint64_t n = random_mix(random->state, 0);

    random->state += 0x9e3779b97f4a7c15u;
    return n;
}

uint64_t random_below(struct random *random, uint64_t n)
{
    return random_next(random) % n;
}

bool random_percent(struct random *random, unsigned percent)
{
    return random_below(random, 100) < percent;
}

int64_t random_wait(struct random *random, int64_t mean_ms)
{
    double u = (double)((random_next(random) >> 11) + 1) / 9007199254740993.0; /* 2^53 + 1 */

    return 1 + (int64_t)(-log(u) * (double)mean_ms);
}
