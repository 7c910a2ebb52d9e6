/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mgmtd/chain.h"

void chain_add(struct chain *chain, struct chain_link *link, void *item)
{
    if (link->item)
        return;
    *link = (struct chain_link){.before = chain->last, .item = item};
    *(chain->last ? &chain->last->next : &chain->first) = link;
    chain->last = link;
    chain->n++;
}

void chain_remove(struct chain *chain, struct chain_link *link)
{
    if (!link->item)
        return;
    *(link->before ? &link->before->next : &chain->first) = link->next;
    *(link->next ? &link->next->before : &chain->last) = link->before;
    *link = (struct chain_link){0};
    chain->n--;
}

void *chain_first(const struct chain *chain)
{
    return chain->first ? chain->first->item : NULL;
}

void *chain_next(const struct chain_link *link)
{
    return link->next ? link->next->item : NULL;
}

void *chain_before(const struct chain_link *link)
{
    return link->before ? link->before->item : NULL;
}

bool chain_has(const struct chain_link *link)
{
    return link->item != NULL;
}
