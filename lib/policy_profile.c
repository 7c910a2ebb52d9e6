/* SPDX-License-Identifier: GPL-2.0-or-later */
/* <profile>: what a tunnel is like, and who may have it. */
#include "lib/policy_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/push.h"

#define MAX_DNS         8   /* addresses of one server: OpenVPN's dns.h:dns_server */
#define MAX_DOMAINS     10  /* OpenVPN's tun.h:N_SEARCH_LIST_LEN */
#define MAX_DOMAIN      200 /* bytes, so that the pushed line stays under 255 */
#define MOST_MAX_ROUTES 100000

static void keep_text(struct build *build, const struct directive *line, size_t max,
                      const char **out)
{
    const char *text = line->argv[1];
    char *kept;

    if (text[0] == '\0' || strlen(text) > max) {
        build_error(build, line, "\"%s\" takes 1 to %zu bytes of text; this is %zu", line->argv[0],
                    max, strlen(text));
    } else if (!build_is_printable(text)) {
        build_error(build, line, "a character that cannot be shown in \"%.300s\"", text);
    } else {
        kept = arena_strdup(build->policy->arena, text);
        if (kept == NULL)
            build_out_of_memory(build);
        else
            *out = kept;
    }
}

static void apply_title(struct build *build, const struct directive *line)
{
    keep_text(build, line, POLICY_MAX_TITLE, &build->profile->title);
}

static void apply_message(struct build *build, const struct directive *line)
{
    keep_text(build, line, POLICY_MAX_MESSAGE, &build->profile->message);
}

/* That it is full was noted when the block was declared. */
static void apply_tunnel(struct build *build, const struct directive *line)
{
    static const char *const kinds[] = {"split", "full", NULL};
    char hint[BUILD_HINT_SIZE];

    if (strcmp(line->argv[1], "split") != 0 && strcmp(line->argv[1], "full") != 0)
        build_error(build, line, "\"%.80s\" is not a kind of tunnel: split or full%s",
                    line->argv[1], build_hint(build, line->argv[1], kinds, hint));
}

static void apply_routes(struct build *build, const struct directive *line)
{
    if (build->profile->full)
        build_warning(build, line,
                      "routes have no effect in a full tunnel, which carries "
                      "everything");
    build_add_routes(build, line);
}

static void apply_except(struct build *build, const struct directive *line)
{
    struct prefix prefix = {0};

    if (!build_prefix(build, line, 1, &prefix))
        return;
    if (build->profile->full && prefix.family == PREFIX_IPV6)
        build_error(build, line,
                    "\"%.80s\": a full tunnel has exceptions for IPv4 only; no "
                    "client can be told to send IPv6 past it",
                    line->argv[1]);
    else if (build->profile->full && prefix.len == 0)
        build_error(build, line, "\"%.80s\" leaves nothing of a full tunnel", line->argv[1]);
    else if (!prefix_set_add(build->profile->except, &prefix))
        build_out_of_memory(build);
}

/* True if the word may stand here, in a full tunnel; else an error. */
static bool is_full(struct build *build, const struct directive *line)
{
    if (!build->profile->full)
        build_error(build, line, "\"%s\" is for a full tunnel, and <profile %s> is a split one",
                    line->argv[0], build->profile->name);
    return build->profile->full;
}

/* All of the IPv6 addresses that the Internet uses (RFC 4291), and all private ones (RFC 4193). */
static const struct prefix ipv6_internet = {.hi = 0x2000ULL << 48, .len = 3, .family = PREFIX_IPV6};
static const struct prefix ipv6_private = {.hi = 0xfc00ULL << 48, .len = 7, .family = PREFIX_IPV6};

/* More than any one network has. */
static bool is_many_networks(const struct prefix *prefix)
{
    if (prefix->family == PREFIX_IPV4)
        return prefix->len < 8;
    return prefix->len < 16 && !prefix_contains(&ipv6_private, prefix);
}

static void apply_assume(struct build *build, const struct directive *line)
{
    struct prefix prefix = {0};

    if (!is_full(build, line) || !build_prefix(build, line, 1, &prefix))
        return;
    if (prefix.len == 0 || prefix_contains(&prefix, &ipv6_internet)) {
        build_error(build, line,
                    "\"%.80s\" is everywhere, which would make the full tunnel everybody's "
                    "default; name the networks that need it",
                    line->argv[1]);
        return;
    }
    if (is_many_networks(&prefix))
        build_warning(build, line,
                      "\"%.80s\" is a large part of the Internet: whoever comes from there is on a "
                      "full tunnel without having chosen it",
                      line->argv[1]);
    if (!prefix_set_add(build->profile->opt_in_from, &prefix))
        build_out_of_memory(build);
}

static void apply_block_local(struct build *build, const struct directive *line)
{
    build->profile->block_local = is_full(build, line);
}

static void apply_allow_ipv6_outside(struct build *build, const struct directive *line)
{
    build->profile->allow_ipv6_outside = is_full(build, line);
}

static void apply_keep_server_routes(struct build *build, const struct directive *line)
{
    (void)line;
    build->profile->keep_server_routes = true;
}

/* A number of routes; 0 with an error. */
static size_t count_of_routes(struct build *build, const struct directive *line)
{
    const char *text = line->argv[1];
    size_t digits = strspn(text, "0123456789");
    unsigned long n =
        digits > 0 && digits < 8 && text[digits] == '\0' ? strtoul(text, NULL, 10) : 0;

    if (n >= 1 && n <= MOST_MAX_ROUTES)
        return n;
    build_error(build, line, "\"%.80s\" is not a number from 1 to %d", text, MOST_MAX_ROUTES);
    return 0;
}

static void apply_max_routes(struct build *build, const struct directive *line)
{
    size_t n = count_of_routes(build, line);

    if (n > 0)
        build->profile->max_routes = n;
}

static void apply_budget(struct build *build, const struct directive *line)
{
    size_t n = count_of_routes(build, line);

    if (build->profile->full)
        build_warning(build, line, "a budget has no effect in a full tunnel");
    else
        build->profile->budget = n;
}

/* Appends a copy to a list that has room. */
static void append(struct build *build, const char **list, size_t *n, const char *text)
{
    char *kept = arena_strdup(build->policy->arena, text);

    if (kept == NULL)
        build_out_of_memory(build);
    else
        list[(*n)++] = kept;
}

static void apply_dns(struct build *build, const struct directive *line)
{
    struct policy_profile *profile = build->profile;

    for (unsigned i = 1; i < line->argc && !build->out_of_memory; i++) {
        const char *address = line->argv[i];
        struct prefix prefix = {0};

        if (prefix_parse(address, strlen(address), &prefix) != PREFIX_OK ||
            strchr(address, '/') != NULL)
            build_error(build, line, "\"%.80s\" is not an IPv4 or IPv6 address", address);
        else if (profile->n_dns == MAX_DNS)
            build_error(build, line, "\"%.80s\" is one too many: clients take %d DNS servers",
                        address, MAX_DNS);
        else
            append(build, profile->dns, &profile->n_dns, address);
    }
}

static void apply_search_domain(struct build *build, const struct directive *line)
{
    struct policy_profile *profile = build->profile;

    for (unsigned i = 1; i < line->argc && !build->out_of_memory; i++) {
        const char *name = line->argv[i];

        if (!build_is_domain(name))
            build_error(build, line, "\"%.80s\" is not a domain name", name);
        else if (strlen(name) > MAX_DOMAIN)
            build_error(build, line, "\"%.80s…\" is longer than the %d bytes that can be pushed",
                        name, MAX_DOMAIN);
        else if (profile->n_search_domains == MAX_DOMAINS)
            build_error(build, line, "\"%.80s\" is one too many: clients take %d search domains",
                        name, MAX_DOMAINS);
        else
            append(build, profile->search_domains, &profile->n_search_domains, name);
    }
}

static void apply_push(struct build *build, const struct directive *line)
{
    const char *wrong = push_check_option(line->argv[1]);
    struct policy_profile *profile = build->profile;
    char *escaped;

    if (wrong != NULL) {
        build_error(build, line, "\"%.80s\" %s", line->argv[1], wrong);
        return;
    }
    escaped = push_escape_option(build->policy->arena, line->argv[1]);
    if (escaped == NULL)
        build_out_of_memory(build);
    else
        profile->push[profile->n_push++] = escaped;
}

static void allow_group(struct build *build, const struct directive *line, const char *name)
{
    size_t index = build_find(build, &build->groups, "group", line, name);
    struct policy_profile *profile = build->profile;

    if (index == NAMES_NONE)
        return;
    build->group_used[index] = true;
    for (size_t i = 0; i < profile->n_allow_groups; i++)
        if (profile->allow_groups[i] == &build->policy->groups[index])
            return;
    profile->allow_groups[profile->n_allow_groups++] = &build->policy->groups[index];
}

static void allow_user(struct build *build, const struct directive *line, const char *name)
{
    size_t index = build_user(build, line, name);

    if (index != NAMES_NONE)
        pairs_add(build, &build->allowed, index, build->profile->index);
}

/* allow user NAME… | allow group NAME… */
static void apply_allow(struct build *build, const struct directive *line)
{
    static const char *const kinds[] = {"user", "group", NULL};
    char hint[BUILD_HINT_SIZE];
    bool users = strcmp(line->argv[1], "user") == 0;

    build->profile->restricted = true;
    if (!users && strcmp(line->argv[1], "group") != 0) {
        build_error(build, line, "\"%.80s\" where \"user\" or \"group\" is expected%s",
                    line->argv[1], build_hint(build, line->argv[1], kinds, hint));
        return;
    }
    for (unsigned i = 2; i < line->argc && !build->out_of_memory; i++) {
        if (users)
            allow_user(build, line, line->argv[i]);
        else
            allow_group(build, line, line->argv[i]);
    }
}

static const struct word words[] = {
    {"allow", 2, WORDS_ANY, WORD_REPEATED, "user NAME... | allow group NAME...", apply_allow},
    {"allow-ipv6-outside", 0, 0, WORD_ONCE, "", apply_allow_ipv6_outside},
    {"assume-opt-in-from", 1, 2, WORD_REPEATED, "PREFIX [NETMASK]", apply_assume},
    {"block-local", 0, 0, WORD_ONCE, "", apply_block_local},
    {"budget", 1, 1, WORD_ONCE, "NUMBER", apply_budget},
    {"dns", 1, WORDS_ANY, WORD_REPEATED, "ADDRESS...", apply_dns},
    {"except", 1, 2, WORD_REPEATED, "PREFIX [NETMASK]", apply_except},
    {"keep-server-routes", 0, 0, WORD_ONCE, "", apply_keep_server_routes},
    {"max-routes", 1, 1, WORD_ONCE, "NUMBER", apply_max_routes},
    {"message", 1, 1, WORD_ONCE, "\"TEXT\"", apply_message},
    {"push", 1, 1, WORD_REPEATED, "\"OPTION\"", apply_push},
    {"routes", 1, WORDS_ANY, WORD_REPEATED, "NAME|PREFIX...", apply_routes},
    {"search-domain", 1, WORDS_ANY, WORD_REPEATED, "DOMAIN...", apply_search_domain},
    {"title", 1, 1, WORD_ONCE, "\"TEXT\"", apply_title},
    {"tunnel", 1, 1, WORD_ONCE, "split | tunnel full", apply_tunnel},
};

const struct context policy_profile_context = {
    .name = "<profile>",
    .words = words,
    .n = sizeof(words) / sizeof(*words),
};

/* Room for all that the block's lines can add. False when memory is out. */
static bool make_room(struct build *build, const struct directive *block)
{
    struct arena *arena = build->policy->arena;
    struct policy_profile *profile = build->profile;

    profile->except = prefix_set_new();
    profile->opt_in_from = prefix_set_new();
    profile->dns = arena_array(arena, MAX_DNS, sizeof(*profile->dns));
    profile->search_domains = arena_array(arena, MAX_DOMAINS, sizeof(*profile->search_domains));
    profile->push = arena_array(arena, build_count_words(block, "push"), sizeof(*profile->push));
    profile->allow_groups =
        arena_array(arena, build_count_words(block, "allow"), sizeof(*profile->allow_groups));
    return profile->except != NULL && profile->opt_in_from != NULL && profile->dns != NULL &&
           profile->search_domains != NULL && profile->push != NULL &&
           profile->allow_groups != NULL;
}

static int compare_groups(const void *a, const void *b)
{
    size_t x = (*(const struct policy_group *const *)a)->index;
    size_t y = (*(const struct policy_group *const *)b)->index;

    return (x > y) - (x < y);
}

/* Exceptions that add up to everything, and the like. */
static void check_sums(struct build *build, const struct directive *block)
{
    struct policy_profile *profile = build->profile;

    if (!prefix_set_minimise(profile->except) || !prefix_set_minimise(profile->opt_in_from)) {
        build_out_of_memory(build);
        return;
    }
    if (profile->full && prefix_set_is_everything(profile->except, PREFIX_IPV4))
        build_error(build, block, "the exceptions of <profile %s> leave nothing of a full tunnel",
                    profile->name);
    if (profile->budget > profile->max_routes)
        build_error(build, block,
                    "the \"budget\" of <profile %s> is larger than its max-routes, %zu",
                    profile->name, profile->max_routes);
    if (prefix_set_is_everything(profile->opt_in_from, PREFIX_IPV4) ||
        prefix_set_contains(profile->opt_in_from, &ipv6_internet))
        build_error(build, block,
                    "the \"assume-opt-in-from\" lines of <profile %s> add up to everywhere, which "
                    "would make the full tunnel everybody's default",
                    profile->name);
}

void build_profile(struct build *build, const struct directive *block, size_t index)
{
    struct policy_profile *profile = &build->policy->profiles[index];

    build->profile = profile;
    build->block = block;
    profile->max_routes = POLICY_MAX_ROUTES;
    profile->title = profile->name;
    if (!make_room(build, block)) {
        build_out_of_memory(build);
        return;
    }
    build_begin_routes(build, &profile->routes);
    build_apply(build, &policy_profile_context, block, block->children);
    build_end_routes(build);
    qsort(profile->allow_groups, profile->n_allow_groups, sizeof(*profile->allow_groups),
          compare_groups);
    if (!build->out_of_memory)
        check_sums(build, block);
}
