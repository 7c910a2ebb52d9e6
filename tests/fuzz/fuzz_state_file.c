/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State files, status files and lines of changes with any bytes in them. The first byte says
 * which. What is read and written is read as the same again, the plugin finds nothing wrong
 * with it, and no byte of it is one that a terminal obeys.
 */
#include "lib/state_status.h"

#include "lib/utf8.h"

#undef NDEBUG /* to find broken assertions is what this is for */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_bad_line(void *arg, unsigned line, const char *text, size_t n,
                        enum prefix_status why, const struct prefix *suggestion)
{
    (void)arg, (void)line, (void)text, (void)n, (void)why, (void)suggestion;
    abort();
}

static void check_shown(const char *text)
{
    size_t n = strlen(text);

    assert(utf8_valid(text, n));
    for (size_t at = 0; at < n;) {
        size_t step = utf8_character(text + at, n - at);

        assert(!utf8_is_control(utf8_code_point(text + at, step)));
        at += step;
    }
}

static void check_source(const struct state_source *source)
{
    check_shown(source->what);
    assert(source->n_drops <= STATE_MAX_DROPS && source->n_drops <= source->dropped);
    for (size_t i = 0; i < source->n_drops; i++) {
        check_shown(source->drops[i].what);
        check_shown(source->drops[i].why);
    }
    for (size_t i = 0; i < source->n_members; i++)
        assert(state_is_member(source->members[i]));
}

/* All prefixes of a file, as the plugin takes them. */
static struct prefix_set *as_plain_list(const char *text, size_t n)
{
    struct prefix_set *set = prefix_set_new();

    if (!set || !prefix_set_read(set, text, n, no_bad_line, NULL) || !prefix_set_minimise(set))
        abort();
    return set;
}

static struct prefix_set *all_prefixes(const struct state_file *file)
{
    struct prefix_set *set = prefix_set_new();

    for (size_t i = 0; i < file->n_sources; i++) {
        const struct state_source *source = &file->sources[i];

        if (!set || !prefix_set_add_set(set, source->prefixes))
            abort();
        for (size_t j = 0; j < source->n_addresses; j++)
            if (!prefix_set_add(set, &source->addresses[j].prefix))
                abort();
    }
    if (!set || !prefix_set_minimise(set))
        abort();
    return set;
}

static void check_file(enum state_kind kind, const char *text, size_t n)
{
    struct state_file *file = state_file_parse(kind, text, n), *again;
    struct prefix_set *plain, *all;
    size_t written_n, twice_n;
    char *written, *twice;

    assert(file);
    for (size_t i = 0; i < file->n_sources; i++)
        check_source(&file->sources[i]);
    written = state_file_format(file, &written_n);
    again = state_file_parse(kind, written, written_n);
    twice = state_file_format(again, &twice_n);
    assert(written_n == twice_n && memcmp(written, twice, written_n) == 0);
    assert(state_file_version(written, written_n) == file->written_at);
    if (kind != STATE_MEMBERS) {
        plain = as_plain_list(written, written_n);
        all = all_prefixes(file);
        assert(prefix_set_equal(plain, all));
        prefix_set_free(plain);
        prefix_set_free(all);
    }
    for (size_t i = 0; i < again->n_sources; i++)
        assert(!again->sources[i].damaged);
    state_file_free(file);
    state_file_free(again);
    free(written);
    free(twice);
}

static void check_statuses(const char *text, size_t n)
{
    struct state_statuses *statuses = state_statuses_parse(text, n), *again;
    size_t written_n, twice_n;
    char *written, *twice;

    assert(statuses);
    written = state_statuses_format(STATE_FETCHED, "a", statuses, &written_n);
    again = state_statuses_parse(written, written_n);
    assert(again->n == statuses->n);
    twice = state_statuses_format(STATE_FETCHED, "a", again, &twice_n);
    assert(written_n == twice_n && memcmp(written, twice, written_n) == 0);
    state_statuses_free(statuses);
    state_statuses_free(again);
    free(written);
    free(twice);
}

static void check_change(const char *text, size_t n)
{
    struct state_change change, again;
    char line[STATE_CHANGE_SIZE];
    size_t written;

    if (!state_change_parse(text, n, &change))
        return;
    written = state_change_format(&change, line);
    assert(written > 0 && memchr(line, '\n', written) == line + written - 1);
    assert(state_change_parse(line, written - 1, &again));
    assert(again.at == change.at && again.added == change.added);
    assert(prefix_compare(&again.prefix, &change.prefix) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 1;

    if (size == 0)
        return 0;
    switch (data[0] % 5) {
    case 0:
        check_file(STATE_FETCHED, text, size - 1);
        break;
    case 1:
        check_file(STATE_RESOLVED, text, size - 1);
        break;
    case 2:
        check_file(STATE_MEMBERS, text, size - 1);
        break;
    case 3:
        check_statuses(text, size - 1);
        break;
    default:
        check_change(text, size - 1);
        break;
    }
    return 0;
}
