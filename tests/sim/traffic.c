/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/sim/traffic.h"

#include "tests/sim/random.h"

#define MINUTE_MS    60000
#define MINUTES_LONG 32 /* so long somebody keeps doing the same */

struct rate {
    uint64_t from_client, to_client; /* bytes a second */
};

/* Mostly pings, then reading, then work; a few move more than 4 GiB an hour. */
static struct rate rate_of(uint64_t seed, int64_t minute)
{
    uint64_t mood = random_mix(seed ^ 0x6d6f6f64, (uint64_t)minute / MINUTES_LONG) % 64;
    uint64_t n = random_mix(seed, (uint64_t)minute);
    struct rate rate = {4 + n % 9, 4 + (n >> 8) % 9};

    if (mood >= 24)
        rate = (struct rate){300 + n % 2000, 2000 + (n >> 16) % 30000};
    if (mood >= 56)
        rate = (struct rate){5000 + n % 200000, 20000 + (n >> 20) % 500000};
    if (mood == 63)
        rate = (struct rate){100000 + n % 9000000, 1000000 + (n >> 24) % 9000000};
    return rate;
}

static void rewind_to_begin(struct traffic *traffic)
{
    traffic->minute = 0;
    traffic->from_client = TRAFFIC_HANDSHAKE + traffic->seed % 2000;
    traffic->to_client = TRAFFIC_HANDSHAKE + (traffic->seed >> 16) % 2000;
}

void traffic_begin(struct traffic *traffic, uint64_t seed, int64_t began_ms)
{
    traffic->seed = seed;
    traffic->began_ms = began_ms;
    traffic->silent_ms = INT64_MAX;
    rewind_to_begin(traffic);
}

static int64_t min_ms(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The bytes of `ms` milliseconds of one minute, of which the client lived through `alive_ms`. */
static void add(struct traffic_count *count, struct rate rate, int64_t alive_ms, int64_t ms)
{
    count->from_client += rate.from_client * (uint64_t)(alive_ms > 0 ? alive_ms : 0) / 1000;
    count->to_client += rate.to_client * (uint64_t)ms / 1000;
}

struct traffic_count traffic_at(struct traffic *traffic, int64_t ms)
{
    int64_t since = ms > traffic->began_ms ? ms - traffic->began_ms : 0;
    int64_t alive = traffic->silent_ms == INT64_MAX
                        ? since
                        : min_ms(since, traffic->silent_ms - traffic->began_ms);
    struct traffic_count count;

    if (traffic->minute > since / MINUTE_MS || traffic->minute * MINUTE_MS > alive)
        rewind_to_begin(traffic);
    count = (struct traffic_count){traffic->from_client, traffic->to_client};
    for (int64_t minute = traffic->minute;; minute++) {
        int64_t begin = minute * MINUTE_MS;
        struct rate rate = rate_of(traffic->seed, minute);

        if (begin <= alive) {
            traffic->minute = minute;
            traffic->from_client = count.from_client;
            traffic->to_client = count.to_client;
        }
        add(&count, rate, min_ms(alive - begin, MINUTE_MS), min_ms(since - begin, MINUTE_MS));
        if (since - begin <= MINUTE_MS)
            return count;
    }
}
