/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Beside each state file, what mgmtd does about its sources: routes/SET.status and
 * groups/GROUP.status. What changes without changing routes stands here, so that the plugin,
 * which does not read it, does not reload. `byway routes` does.
 *
 *     # byway status 1
 *     # set journals
 *     source fetch https://publisher.example/ranges.json
 *     tried 2026-11-22T20:50:00Z      when it was last asked
 *     good 2026-11-22T20:44:35Z       when it last answered well (304, or the same, too)
 *     due 2026-11-22T21:50:00Z        when it will be asked again
 *     failed 3 HTTP 503               how often in a row, and why the last time
 *     held 2 shrank from 1200 to 3 prefixes   how often the same result was held back, and why
 *     read 1234                       what the last good answer had,
 *     kept 1200                       what of it is in use, as a minimal cover,
 *     dropped 34                      and what of it was left out
 *
 * And routes/SET.changes, to which a line is added for each prefix that came or went, with
 * the source it came from or was of:
 *
 *     2026-11-22T20:44:35Z + 192.0.2.0/24 fetch https://publisher.example/ranges.json
 */
#ifndef BYWAY_LIB_STATE_STATUS_H
#define BYWAY_LIB_STATE_STATUS_H

#include "lib/state_file.h"

#define STATE_MAX_CHANGES_BYTES (1024 * 1024) /* then the older half goes */

/* Of one source. Times are epoch seconds, 0: never. Texts that are not there are NULL. */
struct state_status {
    const char *what; /* as state_source_text() writes it */
    int64_t tried_at;
    int64_t good_at;
    int64_t due_at;
    uint64_t failures; /* in a row */
    const char *failure;
    uint64_t holds; /* in a row; 0: nothing is held back */
    const char *held;
    uint64_t read;
    uint64_t kept;
    uint64_t dropped;
};

struct state_statuses {
    struct arena *arena; /* of a file that was read */
    struct state_status *items;
    size_t n;
};

/* "routes/journals.status", and "groups/physics.status" for STATE_MEMBERS. Returns `path`. */
char *state_status_path(enum state_kind kind, const char *name, char path[STATE_PATH_SIZE]);

/*
 * Reads one; what is not understood is passed over. The caller frees it with
 * state_statuses_free(). NULL when memory is out.
 */
struct state_statuses *state_statuses_parse(const char *text, size_t n);
void state_statuses_free(struct state_statuses *statuses);

const struct state_status *state_statuses_find(const struct state_statuses *statuses,
                                               const char *what);

/* The file as text, malloc'd, *n its length; NULL when memory is out. `name` is the set's or
 * the group's. Texts are sanitised. state_save() puts it in its place. */
char *state_statuses_format(enum state_kind kind, const char *name,
                            const struct state_statuses *statuses, size_t *n);

/* ── routes/SET.changes ── */

struct state_change {
    int64_t at;
    bool added; /* else removed */
    struct prefix prefix;
    const char *source; /* source_n bytes, not NUL-terminated */
    size_t source_n;
};

char *state_changes_path(const char *set, char path[STATE_PATH_SIZE]);

/* A line with its LF into `line`, its length; 0 when memory is out. The source is
 * sanitised. */
#define STATE_CHANGE_SIZE (STATE_TIME_SIZE + PREFIX_TEXT_SIZE + STATE_MAX_WHAT + 8)
size_t state_change_format(const struct state_change *change, char line[STATE_CHANGE_SIZE]);

/* One line of `n` bytes without its LF; *change points into it. False for what is none. */
bool state_change_parse(const char *line, size_t n, struct state_change *change);

#endif
