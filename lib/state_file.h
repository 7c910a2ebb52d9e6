/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State files: what was looked up for a policy. mgmtd writes them, the plugin reads them as
 * plain lists (everything but the lines is a comment), and byway explains them.
 *
 *     # byway state 1
 *     # set journals                              (or: group physics)
 *     # written 2026-11-22T20:44:35Z              the version: later in every next file
 *
 *     # source fetch https://publisher.example/ranges.json where service=S3
 *     # got 2026-11-22T20:44:35Z                  when the lines came
 *     # checked 2026-11-22T20:50:00Z              when they were last found to be still right
 *     # etag "abc"
 *     # modified Sun, 22 Nov 2026 20:00:00 GMT
 *     # read 1234                                 what the source had
 *     # dropped 10.0.0.0/8 private                the first ones, one a line,
 *     # dropped-all 6                             and how many there were
 *     # count 2                                   lines that follow
 *     192.0.2.0/24
 *     2001:db8::/32
 *
 *     # source host www.jstor.org
 *     # got 2026-11-22T20:44:35Z
 *     # count 1
 *     192.0.2.7/32 # seen 2026-11-22T20:44:35Z
 *
 * One section a source, so that the last good result of each survives. Comments of other
 * words are passed over. Lines before the first section are those of a source without a
 * name: so are all of a plain list that somebody else put there.
 */
#ifndef BYWAY_LIB_STATE_FILE_H
#define BYWAY_LIB_STATE_FILE_H

#include "lib/arena.h"
#include "lib/policy.h"
#include "lib/prefix_set.h"

#define STATE_MAX_DROPS 100  /* that are told one by one, of a source */
#define STATE_MAX_WHAT  4400 /* bytes of what a source is called; lines of a policy have 4096 */
#define STATE_MAX_TEXT  400  /* of an ETag, a reason, and so on: what is longer is cut */

enum state_kind {
    STATE_FETCHED,  /* routes/SET.fetched */
    STATE_RESOLVED, /* routes/SET.resolved */
    STATE_MEMBERS   /* groups/GROUP.members */
};

/* An address of a host. */
struct state_address {
    struct prefix prefix;
    int64_t seen_at; /* when the resolver last gave it; 0: not known */
};

/* Something that a source had and that was left out. */
struct state_drop {
    const char *what; /* "10.0.0.0/8" */
    const char *why;  /* "private" */
};

/* Times are epoch seconds; 0 stands for "never". Texts that are not there are NULL. */
struct state_source {
    const char *what; /* as state_source_text() writes it; "" if the lines had no name */
    int64_t got_at;
    int64_t checked_at;
    const char *etag;
    const char *modified;
    uint64_t read;
    struct state_drop *drops; /* the first STATE_MAX_DROPS */
    size_t n_drops;
    uint64_t dropped;                /* all of them */
    struct prefix_set *prefixes;     /* of STATE_FETCHED: minimised */
    struct state_address *addresses; /* of STATE_RESOLVED */
    size_t n_addresses;
    const char **members; /* of STATE_MEMBERS */
    size_t n_members;
    bool damaged; /* after reading: a line was bad, or `count` said another number */
};

struct state_file {
    struct arena *arena; /* of a file that was read: what it consists of, itself included */
    enum state_kind kind;
    const char *name; /* of the set or the group; NULL if the file does not say */
    int64_t written_at;
    struct state_source *sources;
    size_t n_sources;
};

/* "routes/journals.fetched": where it is in the state directory. Returns `path`. */
#define STATE_PATH_SIZE (POLICY_MAX_NAME + 32)
char *state_file_path(enum state_kind kind, const char *name, char path[STATE_PATH_SIZE]);

/*
 * What a source is called, by which its section is found again after the policy has changed:
 * "fetch URL where service=S3", "host www.jstor.org", "unix-group physics". malloc'd; NULL
 * when memory is out.
 */
char *state_source_text(const struct policy_source *source);
char *state_unix_group_text(const char *unix_group);

/* ── reading ── what is read may be anything: nothing of it is an error but a lack of memory */

/*
 * A file that was read, owned by the caller (state_file_free()); NULL when memory is out.
 * `text` is not needed any longer.
 */
struct state_file *state_file_parse(enum state_kind kind, const char *text, size_t n);
void state_file_free(struct state_file *file);

/* The section of a source; NULL if there is none. If there are several, the last. */
struct state_source *state_file_find(const struct state_file *file, const char *what);

/* Only the `written` of a file; 0 if its head has none. Looks at the first few lines. */
int64_t state_file_version(const char *text, size_t n);

/*
 * The whole of DIRECTORY/PATH, malloc'd and NUL-terminated, *n its length without that. At
 * most STATE_MAX_BYTES. NULL with errno set.
 */
#define STATE_MAX_BYTES ((size_t)64 * 1024 * 1024)
char *state_load(const char *directory, const char *path, size_t *n);

/* ── writing ── */

/*
 * The file as text, malloc'd, *n its length; NULL when memory is out. Texts are sanitised:
 * control characters and bytes that are not UTF-8 become '?'. Members that could not stand in
 * a line (state_is_member()) are left out.
 */
char *state_file_format(const struct state_file *file, size_t *n);

/* Can a user of this name stand in a list of members? */
bool state_is_member(const char *name);

/* The `written_at` of a file that comes after one of `before` (0: none): strictly later. */
int64_t state_next_version(int64_t before, int64_t now);

/*
 * Puts a file in the place of DIRECTORY/PATH (a part "routes" or "groups" of PATH is made if
 * it is not there): written aside with mode 0644, renamed. With `sync` it and its directory are
 * synced, so that a power cut leaves the old or the new one. 0 or an errno.
 */
int state_save(const char *directory, const char *path, const char *text, size_t n, bool sync);

/* ── time ── "2026-11-22T20:44:35Z" */

#define STATE_TIME_SIZE 32
char *state_time_format(int64_t at, char text[STATE_TIME_SIZE]);
/* Nothing but that form, of years 1970 to 9999. False, and *at as it was, for other text. */
bool state_time_parse(const char *text, size_t n, int64_t *at);

#endif
