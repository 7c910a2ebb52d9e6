/* SPDX-License-Identifier: GPL-2.0-or-later */
/* getaddrinfo(3), getgrnam_r(3) and getpwent(3), and their ways of saying no. */
#include <config.h>

#include "mgmtd/resolve.h"

#include <errno.h>
#include <grp.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FIRST_BUFFER ((size_t)16 * 1024)
#define MAX_BUFFER   ((size_t)64 * 1024 * 1024) /* a group of a million */

/* ── hosts ── */

/* False for other families. */
static bool to_host(const struct sockaddr *address, struct prefix *host)
{
    *host = (struct prefix){0};
    if (address == NULL)
        return false;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;

        host->hi = (uint64_t)ntohl(in->sin_addr.s_addr) << 32;
        host->len = 32;
        host->family = PREFIX_IPV4;
        return true;
    }
    if (address->sa_family == AF_INET6) {
        const uint8_t *bytes =
            ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr;

        for (int i = 0; i < 8; i++) {
            host->hi = host->hi << 8 | bytes[i];
            host->lo = host->lo << 8 | bytes[i + 8];
        }
        host->len = 128;
        host->family = PREFIX_IPV6;
        prefix_unmap(host);
        return true;
    }
    return false;
}

static int compare_hosts(const void *a, const void *b)
{
    return prefix_compare(a, b);
}

/* Sorts, and leaves each once. */
static size_t sort_hosts(struct prefix *hosts, size_t n)
{
    size_t kept = 0;

    if (n > 1)
        qsort(hosts, n, sizeof(*hosts), compare_hosts);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || prefix_compare(&hosts[kept - 1], &hosts[i]) != 0)
            hosts[kept++] = hosts[i];
    return kept;
}

bool resolve_host(const char *name, struct prefix **addresses, size_t *n,
                  char error[RESOLVE_ERROR_SIZE])
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    size_t count = 0;
    int status = getaddrinfo(name, NULL, &hints, &found);

    *addresses = NULL;
    *n = 0;
    if (status != 0) {
        snprintf(error, RESOLVE_ERROR_SIZE, "cannot be looked up: %s",
                 status == EAI_SYSTEM ? strerror(errno) : gai_strerror(status));
        return false;
    }
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next)
        count++;
    *addresses = calloc(count + 1, sizeof(**addresses));
    for (const struct addrinfo *at = found; at != NULL && *addresses != NULL; at = at->ai_next)
        *n += to_host(at->ai_addr, &(*addresses)[*n]);
    freeaddrinfo(found);
    *n = *addresses == NULL ? 0 : sort_hosts(*addresses, *n);
    if (*n > 0)
        return true;
    snprintf(error, RESOLVE_ERROR_SIZE, "has no address");
    free(*addresses);
    *addresses = NULL;
    return false;
}

struct prefix *resolve_own_addresses(size_t *n)
{
    struct ifaddrs *list = NULL;
    struct prefix *own;
    size_t count = 0;

    *n = 0;
    if (getifaddrs(&list) != 0)
        return NULL;
    for (const struct ifaddrs *at = list; at != NULL; at = at->ifa_next)
        count++;
    own = calloc(count + 1, sizeof(*own));
    for (const struct ifaddrs *at = list; at != NULL && own != NULL; at = at->ifa_next)
        *n += to_host(at->ifa_addr, &own[*n]);
    freeifaddrs(list);
    *n = own == NULL ? 0 : sort_hosts(own, *n);
    return own;
}

/* ── groups ── */

struct name_list {
    char **names;
    size_t n, room;
    bool out_of_memory;
};

void resolve_free_names(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

static void add_name(struct name_list *list, const char *name)
{
    if (list->n == list->room) {
        size_t room = list->room > 0 ? 2 * list->room : 64;
        char **names = reallocarray(list->names, room, sizeof(*names));

        list->out_of_memory = list->out_of_memory || names == NULL;
        if (names == NULL)
            return;
        list->names = names;
        list->room = room;
    }
    list->names[list->n] = strdup(name);
    if (list->names[list->n] == NULL)
        list->out_of_memory = true;
    else
        list->n++;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_names(struct name_list *list)
{
    size_t kept = 0;

    if (list->n > 1)
        qsort(list->names, list->n, sizeof(*list->names), compare_names);
    for (size_t i = 0; i < list->n; i++)
        if (kept > 0 && strcmp(list->names[kept - 1], list->names[i]) == 0)
            free(list->names[i]);
        else
            list->names[kept++] = list->names[i];
    list->n = kept;
}

/* 0, or an errno; *found is NULL if there is no such group. *buffer is for the caller to free. */
static int find_group(const char *name, struct group *group, struct group **found, char **buffer)
{
    size_t size = FIRST_BUFFER;
    int error = ERANGE;

    *found = NULL;
    *buffer = NULL;
    for (; error == ERANGE && size <= MAX_BUFFER; size *= 2) {
        char *larger = realloc(*buffer, size);

        if (larger == NULL)
            return ENOMEM;
        *buffer = larger;
        error = getgrnam_r(name, group, *buffer, size, found);
    }
    return error;
}

/*
 * The system's list of users, where it gives one; LDAP servers often do not, and their groups
 * list everybody. There is one position in it a process: one thread at a time.
 */
static int add_primary_members(struct name_list *list, gid_t gid)
{
    static pthread_mutex_t position = PTHREAD_MUTEX_INITIALIZER;
    const struct passwd *user;
    int error;

    pthread_mutex_lock(&position);
    setpwent();
    for (errno = 0; (user = getpwent()) != NULL; errno = 0)
        if (user->pw_gid == gid)
            add_name(list, user->pw_name);
    error = errno == ENOENT ? 0 : errno;
    endpwent();
    pthread_mutex_unlock(&position);
    return error;
}

bool resolve_group(const char *name, char ***members, size_t *n, char error[RESOLVE_ERROR_SIZE])
{
    struct group group, *found;
    struct name_list list = {0};
    char *buffer;
    int status = find_group(name, &group, &found, &buffer);

    for (char **member = found == NULL ? NULL : found->gr_mem; member != NULL && *member != NULL;
         member++)
        add_name(&list, *member);
    if (status == 0 && found != NULL)
        status = add_primary_members(&list, found->gr_gid);
    if (list.out_of_memory)
        status = ENOMEM;
    free(buffer);
    *members = list.names;
    *n = list.n;
    if (status == 0 && found != NULL) {
        sort_names(&list);
        *n = list.n;
        return true;
    }
    snprintf(error, RESOLVE_ERROR_SIZE, "cannot be looked up: %s",
             status == 0 ? "there is no such group" : strerror(status));
    resolve_free_names(list.names, list.n);
    *members = NULL;
    *n = 0;
    return false;
}
