/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory in chunks of shared anonymous pages, filled from the front. Never on the
 * heap: OpenVPN forks, and copies the page tables of its heap each time. Only the
 * small struct arena itself is malloc'd.
 *
 * Under AddressSanitizer each piece is a malloc of its own, so that running over
 * the end of one is noticed (unless ARENA_ALWAYS_PAGES, for a test of the pages).
 */
#include "lib/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__) && !defined(ARENA_ALWAYS_PAGES)
#define ONE_CHUNK_EACH 1
#elif defined(__has_feature) && !defined(ARENA_ALWAYS_PAGES)
#if __has_feature(address_sanitizer)
#define ONE_CHUNK_EACH 1
#endif
#endif
#ifndef ONE_CHUNK_EACH
#define ONE_CHUNK_EACH 0
#endif

#define FIRST_CHUNK ((size_t)64 * 1024)
#define LAST_CHUNK  ((size_t)4 * 1024 * 1024)

struct chunk {
    struct chunk *next;
    size_t size; /* with this head */
    size_t used; /* with this head */
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct chunk *chunks; /* the first is the one being filled */
    size_t next_size;
    size_t used;
};

struct arena *arena_new(void)
{
    struct arena *arena = calloc(1, sizeof *arena);

    if (arena)
        arena->next_size = FIRST_CHUNK;
    return arena;
}

static struct chunk *chunk_new(size_t size)
{
    struct chunk *chunk;

    if (ONE_CHUNK_EACH) {
        chunk = calloc(1, size);
    } else {
        chunk = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED)
            chunk = NULL;
    }
    if (chunk) {
        chunk->size = size;
        chunk->used = sizeof *chunk;
    }
    return chunk;
}

void arena_free(struct arena *arena)
{
    struct chunk *chunk = arena ? arena->chunks : NULL;

    while (chunk) {
        struct chunk *next = chunk->next;

        if (ONE_CHUNK_EACH)
            free(chunk);
        else
            munmap(chunk, chunk->size);
        chunk = next;
    }
    free(arena);
}

/* A chunk with room for `n` bytes. A big piece gets its own, put behind the one being filled. */
static struct chunk *chunk_for(struct arena *arena, size_t n)
{
    bool own = ONE_CHUNK_EACH || n > arena->next_size / 4;
    struct chunk *chunk = chunk_new(own ? sizeof *chunk + n : arena->next_size);

    if (!chunk)
        return NULL;
    if (own && arena->chunks) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
        return chunk;
    }
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    if (!own && arena->next_size < LAST_CHUNK)
        arena->next_size *= 2;
    return chunk;
}

static void *take(struct arena *arena, size_t n, size_t alignment)
{
    struct chunk *chunk = arena->chunks;
    size_t room = n > 0 ? n : 1; /* each piece has an address of its own */
    size_t start = 0;

    if (room > PTRDIFF_MAX - sizeof *chunk)
        return NULL;
    if (chunk)
        start = (chunk->used + alignment - 1) / alignment * alignment;
    if (!chunk || start > chunk->size || room > chunk->size - start) {
        chunk = chunk_for(arena, room);
        if (!chunk)
            return NULL;
        start = sizeof *chunk;
    }
    chunk->used = start + room;
    arena->used += n;
    return (unsigned char *)chunk + start;
}

void *arena_alloc(struct arena *arena, size_t n)
{
    return take(arena, n, alignof(max_align_t));
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return arena_alloc(arena, count * size);
}

char *arena_strndup(struct arena *arena, const char *text, size_t n)
{
    char *copy = n < SIZE_MAX ? take(arena, n + 1, 1) : NULL;

    if (copy) {
        if (n > 0)
            memcpy(copy, text, n);
        copy[n] = '\0';
    }
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
