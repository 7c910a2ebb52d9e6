/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which servers may have given out an address, judged from what they gave out about then: a
 * time in which nobody recorded one server says nothing against a holder at another, unless
 * both have such addresses.
 */
#ifndef BYWAY_HELPDESK_WHO_POOL_H
#define BYWAY_HELPDESK_WHO_POOL_H

#include "helpdesk/who.h"

struct who_pools;

/* NULL when memory is out. Freeing NULL is harmless. */
struct who_pools *who_pools_read(struct history *history, const struct who_question *question);
void who_pools_free(struct who_pools *pools);

/*
 * False only if the address is like those of another server, and unlike those of this one,
 * of which enough are known.
 */
bool who_pools_may_give(const struct who_pools *pools, int64_t server_id);

#endif
