/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file around a section: what is in it is read each time, so that nothing is held twice. */
#include <config.h>

#include "mgmtd/apply_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ── verdicts ── */

void apply_fail(struct applying *applying, const char *format, ...)
{
    va_list arguments;

    applying->outcome->verdict = APPLY_FAILED;
    va_start(arguments, format);
    vsnprintf(applying->outcome->text, sizeof(applying->outcome->text), format, arguments);
    va_end(arguments);
}

void apply_out_of_memory(struct applying *applying)
{
    apply_fail(applying, "is too much for the memory there is");
}

void apply_hold(struct applying *applying, uint64_t hash, const char *why)
{
    const struct apply_task *task = applying->task;
    unsigned times = hash == task->held_hash ? task->holds + 1 : 1;
    bool often = task->rules.accept_after > 0 && times >= task->rules.accept_after;

    applying->outcome->held_hash = hash;
    applying->outcome->verdict = task->accept || often ? APPLY_CHANGED : APPLY_HELD;
    snprintf(applying->outcome->text, sizeof(applying->outcome->text), "%s", why);
}

uint64_t apply_hash(uint64_t hash, const void *data, size_t n)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* ── reading ── */

/* NULL with errno set; an empty one if there is none yet. */
static struct state_file *load(const struct apply_file *file)
{
    char path[STATE_PATH_SIZE];
    struct state_file *parsed;
    size_t n = 0;
    char *text = state_load(file->state_dir, state_file_path(file->kind, file->name, path), &n);

    if (text == NULL && errno != ENOENT && errno != ENOTDIR)
        return NULL;
    parsed = state_file_parse(file->kind, text == NULL ? "" : text, n);
    free(text);
    if (parsed == NULL)
        errno = ENOMEM;
    return parsed;
}

static bool is_wanted(const struct apply_file *file, const char *what)
{
    for (size_t i = 0; i < file->n_wanted; i++)
        if (strcmp(file->wanted[i], what) == 0)
            return true;
    return false;
}

/* ── writing ── */

/*
 * The sections of the next file: those wanted, in their order, `next` in its place. What is
 * not wanted stays behind them for as long as one of them has no result: a source that was
 * given another address does not take its routes along.
 */
static size_t choose_sections(const struct apply_file *file, const struct state_file *old,
                              const struct state_source *next, struct state_source *sections)
{
    size_t n = 0;

    for (size_t i = 0; i < file->n_wanted; i++) {
        const struct state_source *source = state_file_find(old, file->wanted[i]);

        if (next != NULL && strcmp(file->wanted[i], next->what) == 0)
            source = next;
        if (source != NULL)
            sections[n++] = *source;
    }
    if (n == file->n_wanted)
        return n;
    for (size_t i = 0; i < old->n_sources; i++)
        if (!is_wanted(file, old->sources[i].what))
            sections[n++] = old->sources[i];
    return n;
}

/* 0 or an errno. */
static int write_file(const struct apply_file *file, const struct state_file *old,
                      const struct state_source *next, int64_t now)
{
    struct state_file new = {.kind = file->kind, .name = file->name};
    char path[STATE_PATH_SIZE];
    char *text = NULL;
    size_t n = 0;
    int error = ENOMEM;

    new.written_at = state_next_version(old->written_at, now);
    new.sources = calloc(file->n_wanted + old->n_sources + 1, sizeof(*new.sources));
    if (new.sources != NULL) {
        new.n_sources = choose_sections(file, old, next, new.sources);
        text = state_file_format(&new, &n);
    }
    if (text != NULL)
        error = state_save(file->state_dir, state_file_path(file->kind, file->name, path), text, n,
                           true);
    free(new.sources);
    free(text);
    return error;
}

/* ── a result ── */

static void judge(struct applying *applying)
{
    switch (applying->task->file.kind) {
    case STATE_FETCHED:
        apply_fetched(applying);
        break;
    case STATE_RESOLVED:
        apply_resolved(applying);
        break;
    case STATE_MEMBERS:
        apply_members(applying);
        break;
    }
}

static void put_into_place(struct applying *applying, const struct state_file *old)
{
    const struct apply_task *task = applying->task;
    int error = write_file(&task->file, old, &applying->next, task->now);

    if (error != 0)
        apply_fail(applying, "cannot be written to %s: %s", task->file.state_dir, strerror(error));
}

void apply_run(const struct apply_task *task, struct apply_outcome *outcome)
{
    struct applying applying = {.task = task, .outcome = outcome};
    struct state_file *old = load(&task->file);

    *outcome = (struct apply_outcome){.verdict = APPLY_FAILED};
    applying.arena = arena_new();
    if (old == NULL) {
        apply_fail(&applying, "cannot be added to what is in %s: %s", task->file.state_dir,
                   strerror(errno));
    } else if (applying.arena == NULL) {
        apply_out_of_memory(&applying);
    } else {
        applying.before = state_file_find(old, task->what);
        applying.next =
            (struct state_source){.what = task->what, .got_at = task->now, .checked_at = task->now};
        judge(&applying);
        if (outcome->verdict == APPLY_CHANGED)
            put_into_place(&applying, old);
        if (outcome->verdict == APPLY_CHANGED && task->file.kind != STATE_MEMBERS)
            apply_note_changes(&applying, applying.was, applying.is);
    }
    safety_sieve_free(applying.sieve);
    prefix_set_free(applying.was);
    free(applying.own);
    arena_free(applying.arena);
    state_file_free(old);
}

/* ── the beginning ── */

static struct state_statuses *load_statuses(const struct apply_file *file)
{
    char path[STATE_PATH_SIZE];
    size_t n = 0;
    char *text = state_load(file->state_dir, state_status_path(file->kind, file->name, path), &n);
    struct state_statuses *statuses = state_statuses_parse(text == NULL ? "" : text, n);

    free(text);
    return statuses;
}

/* Whether the file has a section that would not be written again. */
static bool has_leftovers(const struct apply_file *file, const struct state_file *state)
{
    bool has_others = false;

    for (size_t i = 0; i < file->n_wanted; i++)
        if (state_file_find(state, file->wanted[i]) == NULL)
            return false;
    for (size_t i = 0; i < state->n_sources; i++)
        has_others = has_others || !is_wanted(file, state->sources[i].what);
    return has_others;
}

struct state_file *apply_open(const struct apply_file *file, int64_t now,
                              struct state_statuses **statuses, int *error)
{
    struct state_file *state = load(file);

    *error = state == NULL ? errno : 0;
    *statuses = load_statuses(file);
    if (state != NULL && has_leftovers(file, state))
        *error = write_file(file, state, NULL, now);
    return state;
}

int apply_status(const struct apply_file *file, const struct state_statuses *statuses)
{
    char path[STATE_PATH_SIZE];
    size_t n = 0;
    char *text = state_statuses_format(file->kind, file->name, statuses, &n);
    int error;

    if (text == NULL)
        return ENOMEM;
    error = state_save(file->state_dir, state_status_path(file->kind, file->name, path), text, n,
                       false);
    free(text);
    return error;
}
