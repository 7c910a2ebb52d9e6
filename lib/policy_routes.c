/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * <routes>: prefixes, exceptions, plain lists, and where mgmtd gets more from. A set has
 * what is written, listed, fetched and resolved, less every exception, whatever their order.
 */
#include "lib/duration.h"
#include "lib/policy_read.h"
#include "lib/policy_words.h"
#include "lib/state_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FETCH_LEAST_S   DURATION_MINUTE
#define FETCH_MOST_S    (366 * DURATION_DAY)
#define FETCH_DEFAULT_S DURATION_DAY
#define MAX_URL         2000
#define MAX_WHERE       8   /* conditions of one line */
#define MAX_CONDITION   200 /* bytes of one */

static bool split_into_two(const struct directive *at, unsigned first)
{
    return at->argc == first + 2;
}

static enum prefix_status parse_words(const struct directive *at, unsigned first,
                                      struct prefix *out)
{
    if (split_into_two(at, first))
        return prefix_parse_netmask(at->argv[first], at->argv[first + 1], out);
    return prefix_parse(at->argv[first], strlen(at->argv[first]), out);
}

bool build_prefix(struct build *build, const struct directive *at, unsigned first,
                  struct prefix *out)
{
    enum prefix_status status = parse_words(at, first, out);
    const char *second = split_into_two(at, first) ? at->argv[first + 1] : "";
    char meant[PREFIX_TEXT_SIZE] = "";

    if (status == PREFIX_OK)
        return true;
    if (status == PREFIX_HOST_BITS)
        prefix_format(out, meant);
    build_error(build, at, "\"%.80s%s%.80s\" %s%s%s%s", at->argv[first],
                second[0] != '\0' ? " " : "", second, prefix_status_text(status),
                meant[0] != '\0' ? "; did you mean " : "", meant, meant[0] != '\0' ? "?" : "");
    return false;
}

static bool looks_like_address(const char *word)
{
    return (word[0] >= '0' && word[0] <= '9') || strchr(word, ':') != NULL;
}

static const char never_everything[] =
    "is everything, which a split tunnel never carries; for that, make a profile with "
    "`tunnel full`";

/* A line that is a prefix. */
static bool take_prefix(struct build *build, const struct directive *line)
{
    struct prefix prefix = {0};

    if (line->is_block || !looks_like_address(line->argv[0]))
        return false;
    build->route_set->written++;
    if (line->argc > 2)
        build_error(build, line, "only one prefix stands in a line: \"%.80s %.80s %.80s\"",
                    line->argv[0], line->argv[1], line->argv[2]);
    else if (!build_prefix(build, line, 0, &prefix))
        return true;
    else if (prefix.len == 0)
        build_error(build, line, "\"%.80s\" %s", line->argv[0], never_everything);
    else if (!prefix_set_add(build->route_set->prefixes, &prefix))
        build_out_of_memory(build);
    return true;
}

static void apply_except(struct build *build, const struct directive *line)
{
    struct prefix prefix = {0};

    if (build_prefix(build, line, 1, &prefix) && !prefix_set_add(build->except, &prefix))
        build_out_of_memory(build);
}

static void bad_prefix(void *arg, unsigned line, const char *text, size_t n,
                       enum prefix_status status, const struct prefix *suggestion)
{
    char meant[PREFIX_TEXT_SIZE];
    char why[160];

    if (suggestion == NULL) {
        bad_line(arg, line, text, n, prefix_status_text(status));
        return;
    }
    prefix_format(suggestion, meant);
    snprintf(why, sizeof(why), "%s; did you mean %s?", prefix_status_text(status), meant);
    bad_line(arg, line, text, n, why);
}

static bool has_everything(const struct prefix_set *set)
{
    return prefix_set_is_everything(set, PREFIX_IPV4) || prefix_set_is_everything(set, PREFIX_IPV6);
}

static void known_bad(void *arg, unsigned line, const char *text, size_t n, enum prefix_status why,
                      const struct prefix *suggestion)
{
    (void)arg, (void)line, (void)text, (void)n, (void)why, (void)suggestion;
}

/*
 * The slow way, for a list that has everything in it: without the lines that are just that. What
 * is bad in the others was told.
 */
static bool read_without_everything(struct prefix_set *set, const char *text, size_t n,
                                    struct bad_lines *bad)
{
    struct prefix_set *one = prefix_set_new();
    struct list_line line;
    bool ok = one != NULL;

    list_begin(&line, text, n);
    while (ok && list_next(&line)) {
        prefix_set_clear(one);
        ok = prefix_set_read(one, line.text, line.n, known_bad, NULL) && prefix_set_minimise(one);
        if (ok && has_everything(one))
            bad_line(bad, line.number, line.text, line.n, never_everything);
        else
            ok = ok && prefix_set_add_set(set, one);
    }
    prefix_set_free(one);
    return ok && prefix_set_minimise(set);
}

/*
 * Adds a plain list to the set. A list that mgmtd fetched may not turn a split tunnel into
 * a full one: a /0 in it is passed over, and so is a list that adds up to one.
 */
static bool read_list(struct build *build, enum diagnostic_level level, const char *path,
                      const char *text, size_t n, struct prefix_set *list)
{
    struct bad_lines bad = {.build = build, .level = level, .file = path};
    bool ok = prefix_set_read(list, text, n, bad_prefix, &bad) && prefix_set_minimise(list);
    size_t in_use = 0;

    if (ok && has_everything(list)) {
        prefix_set_clear(list);
        ok = read_without_everything(list, text, n, &bad);
    }
    if (ok && has_everything(list)) {
        build_complain(build, level, path, 0,
                       "all its prefixes together are every address of IPv%d, "
                       "which a split tunnel never carries%s",
                       prefix_set_is_everything(list, PREFIX_IPV4) ? PREFIX_IPV4 : PREFIX_IPV6,
                       level == DIAGNOSTIC_WARNING ? "; not used" : "");
        prefix_set_clear(list);
    }
    bad_lines_end(&bad);
    if (ok)
        prefix_set_cover(list, &in_use, NULL);
    if (in_use > 0)
        build_trace_list(build, "routes", build->route_set->name, path, text, n);
    return ok && prefix_set_add_set(build->route_set->prefixes, list);
}

static void take_list(struct build *build, enum diagnostic_level level, const char *path,
                      const char *text, size_t n)
{
    struct prefix_set *list = prefix_set_new();
    struct list_line line;

    list_begin(&line, text, n);
    while (list_next(&line))
        build->route_set->written++;
    if (list == NULL || !read_list(build, level, path, text, n, list))
        build_out_of_memory(build);
    prefix_set_free(list);
}

static void apply_include(struct build *build, const struct directive *line)
{
    build_include_list(build, line, take_list);
}

static struct policy_source *add_source(struct build *build, const struct directive *line,
                                        enum policy_source_kind kind, const char *what)
{
    struct policy_route_set *set = build->route_set;
    char *kept = arena_strdup(build->policy->arena, what);

    if (kept == NULL) {
        build_out_of_memory(build);
        return NULL;
    }
    set->sources[set->n_sources] =
        (struct policy_source){.kind = kind, .what = kept, .file = line->file, .line = line->line};
    return &set->sources[set->n_sources++];
}

/* "https://user:password@host/" */
static bool has_password(const char *url)
{
    const char *host = strstr(url, "://") + 3;

    return memchr(host, '@', strcspn(host, "/?#")) != NULL;
}

static bool check_url(struct build *build, const struct directive *line, const char *url)
{
    static const char *const schemes[] = {"https://", "http://", "file://"};
    bool known = false;

    for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
        size_t n = strlen(schemes[i]);

        known = known || (strncmp(url, schemes[i], n) == 0 && url[n] != '\0');
    }
    if (!known)
        build_error(build, line,
                    "\"%.200s\" is not an address to fetch from; it begins with "
                    "https://, http:// or file://",
                    url);
    for (const char *c = url; known && *c != '\0'; c++)
        if (*c <= ' ' || *c > '~') {
            build_error(build, line, "\"%.200s\" has a character that must be written as %%XX",
                        url);
            return false;
        }
    if (known && has_password(url)) {
        build_error(build, line,
                    "a user name or password in the address: it would stand in the state files "
                    "and logs for everybody to read");
        return false;
    }
    if (known && strlen(url) > MAX_URL) {
        build_error(build, line, "an address of more than %d bytes: \"%.200s…\"", MAX_URL, url);
        return false;
    }
    return known;
}

/* What stands behind the URL, not checked yet. */
struct fetch_words {
    const char *every; /* NULL if not said */
    const char *where[MAX_WHERE];
    size_t n_where;
};

static bool split_fetch(struct build *build, const struct directive *line, struct fetch_words *out)
{
    for (unsigned i = 2; i < line->argc; i += 2) {
        const char *word = line->argv[i];
        const char *value = i + 1 < line->argc ? line->argv[i + 1] : NULL;

        if (value != NULL && strcmp(word, "every") == 0 && out->every == NULL) {
            out->every = value;
        } else if (value != NULL && strcmp(word, "where") == 0 && out->n_where < MAX_WHERE) {
            out->where[out->n_where++] = value;
        } else if (strcmp(word, "every") == 0 && out->every != NULL) {
            build_error(build, line, "\"every\" stands twice in the line");
            return false;
        } else if (out->n_where == MAX_WHERE) {
            build_error(build, line, "at most %d conditions stand in a line", MAX_WHERE);
            return false;
        } else {
            build_error(build, line,
                        "\"%.80s\" where \"every DURATION\" or \"where KEY=VALUE\" is expected",
                        word);
            return false;
        }
    }
    return true;
}

/* 0, with an error, for what is no such duration. */
static unsigned fetch_interval(struct build *build, const struct directive *line, const char *text)
{
    int64_t every_s = 0;

    if (text == NULL)
        return FETCH_DEFAULT_S;
    if (!duration_parse(text, &every_s) || every_s < FETCH_LEAST_S || every_s > FETCH_MOST_S) {
        build_error(build, line,
                    "\"%.80s\" is not a duration from 1m to 366d, such as 30m, 6h or "
                    "1d",
                    text);
        return 0;
    }
    return (unsigned)every_s;
}

static bool check_condition(struct build *build, const struct directive *line, const char *text)
{
    const char *equals = strchr(text, '=');

    if (equals == NULL || equals == text) {
        build_error(build, line, "\"%.80s\" is not a condition such as service=S3", text);
        return false;
    }
    if (strlen(text) > MAX_CONDITION || !build_is_printable(text)) {
        build_error(build, line,
                    "\"%.80s\" is longer than the %d bytes that a condition may have, or not "
                    "printable",
                    text, MAX_CONDITION);
        return false;
    }
    return true;
}

static void add_condition(struct build *build, struct policy_source *source, const char *text)
{
    struct arena *arena = build->policy->arena;
    const char *equals = strchr(text, '=');
    char *key = arena_strndup(arena, text, (size_t)(equals - text));
    char *value = arena_strdup(arena, equals + 1);

    if (key == NULL || value == NULL)
        build_out_of_memory(build);
    else
        source->where[source->n_where++] = (struct policy_condition){key, value};
}

static void add_fetch(struct build *build, const struct directive *line,
                      const struct fetch_words *words, unsigned every_s)
{
    struct policy_source *source = add_source(build, line, POLICY_SOURCE_FETCH, line->argv[1]);

    if (source == NULL)
        return;
    source->every_s = every_s;
    source->where = arena_array(build->policy->arena, words->n_where, sizeof(*source->where));
    if (source->where == NULL) {
        build_out_of_memory(build);
        return;
    }
    for (size_t i = 0; i < words->n_where; i++)
        add_condition(build, source, words->where[i]);
}

/* fetch URL [every DURATION] [where KEY=VALUE]… */
static void apply_fetch(struct build *build, const struct directive *line)
{
    struct fetch_words words = {0};
    bool ok = check_url(build, line, line->argv[1]);
    unsigned every_s;

    if (!split_fetch(build, line, &words))
        return;
    every_s = fetch_interval(build, line, words.every);
    for (size_t i = 0; i < words.n_where; i++)
        ok = check_condition(build, line, words.where[i]) && ok;
    if (ok && every_s > 0)
        add_fetch(build, line, &words, every_s);
}

/* host NAME… */
static void apply_host(struct build *build, const struct directive *line)
{
    for (unsigned i = 1; i < line->argc; i++) {
        const char *name = line->argv[i];
        struct prefix ignored;

        if (prefix_parse(name, strlen(name), &ignored) != PREFIX_BAD_ADDRESS)
            build_error(build, line,
                        "\"%.80s\" is an address; write it in a line of its own, "
                        "without \"host\"",
                        name);
        else if (!build_is_domain(name))
            build_error(build, line, "\"%.80s\" is not a host name", name);
        else
            add_source(build, line, POLICY_SOURCE_HOST, name);
    }
}

static const struct word words[] = {
    {"except", 1, 2, WORD_REPEATED, "PREFIX [NETMASK]", apply_except},
    {"fetch", 1, WORDS_ANY, WORD_REPEATED, "URL [every DURATION] [where KEY=VALUE]...",
     apply_fetch},
    {"host", 1, WORDS_ANY, WORD_REPEATED, "NAME...", apply_host},
    {"include", 1, 1, WORD_REPEATED, "FILE", apply_include},
};

const struct context policy_routes_context = {
    .name = "<routes>",
    .words = words,
    .n = sizeof(words) / sizeof(*words),
    .other = take_prefix,
};

void build_route_set(struct build *build, const struct directive *block, size_t index)
{
    struct policy_route_set *set = &build->policy->route_sets[index];
    size_t n = build_count_words(block, "host") + build_count_words(block, "fetch");

    set->prefixes = prefix_set_new();
    set->except = prefix_set_new();
    set->sources = arena_array(build->policy->arena, n, sizeof(*set->sources));
    if (set->prefixes == NULL || set->except == NULL || set->sources == NULL) {
        build_out_of_memory(build);
        return;
    }
    build->route_set = set;
    build->except = set->except;
    build_apply(build, &policy_routes_context, block, block->children);
}

/* Whether a set has a source of that kind; *first is where. */
static bool has_source(const struct policy_route_set *set, enum policy_source_kind kind,
                       const struct policy_source **first)
{
    for (size_t i = 0; i < set->n_sources; i++)
        if (set->sources[i].kind == kind) {
            *first = &set->sources[i];
            return true;
        }
    return false;
}

static void read_results(struct build *build, enum policy_source_kind kind, enum state_kind state)
{
    const struct policy_source *source = NULL;
    char name[STATE_PATH_SIZE];
    int64_t version;

    if (!has_source(build->route_set, kind, &source))
        return;
    state_file_path(state, build->route_set->name, name);
    version = build_read_state(build, source->file, source->line, name, take_list);
    if (version > build->route_set->version)
        build->route_set->version = version;
}

static void finish_set(struct build *build, size_t index)
{
    struct policy_route_set *set = &build->policy->route_sets[index];
    const struct directive *block = build->route_sets.blocks[index];
    size_t n = 0;

    build->route_set = set;
    read_results(build, POLICY_SOURCE_FETCH, STATE_FETCHED);
    read_results(build, POLICY_SOURCE_HOST, STATE_RESOLVED);
    if (!prefix_set_minimise(set->except) || !prefix_set_minimise(set->prefixes) ||
        !prefix_set_subtract(set->prefixes, set->except) || !prefix_set_minimise(set->prefixes)) {
        build_out_of_memory(build);
        return;
    }
    prefix_set_cover(set->prefixes, &n, NULL);
    if (n == 0 && set->n_sources == 0)
        build_warning(build, block, "<routes %s> holds no address%s", set->name,
                      set->written > 0 ? ": its exceptions take everything away" : "");
    if (!build->set_used[index])
        build_warning(build, block, "nothing uses <routes %s>", set->name);
}

void build_finish_route_sets(struct build *build)
{
    for (size_t i = 0; i < build->policy->n_route_sets && !build->out_of_memory; i++)
        finish_set(build, i);
}
