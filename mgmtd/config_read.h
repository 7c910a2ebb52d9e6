/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files that make a config out of text share; private to mgmtd/config*.c.
 *
 *   config          the file, the defaults, the checks of the whole
 *   config_words    the table of keywords, and the directives of one value
 *   config_server   `server` lines
 *   config_refresh  what is about living route sets
 */
#ifndef BYWAY_MGMTD_CONFIG_READ_H
#define BYWAY_MGMTD_CONFIG_READ_H

#include "lib/directive.h"
#include "lib/names.h"
#include "mgmtd/config.h"

enum config_kept { CONFIG_REAL_ADDRESSES, CONFIG_SESSIONS, CONFIG_TRAFFIC, CONFIG_KEPT_COUNT };

struct config_reader {
    struct config *config;
    struct diagnostics *problems;
    struct arena *scratch; /* the directives */
    struct names *servers; /* the good `server` lines' names, in the order of config->servers */
    size_t servers_room;
    size_t policies_room;
    size_t errors_before;                               /* of `problems` */
    unsigned complaints[2];                             /* by level: told, or too many to tell */
    const struct directive *kept_at[CONFIG_KEPT_COUNT]; /* `retention` lines; NULL: the default */
};

/* Applies each directive of a file. */
void config_apply(struct config_reader *reader, const struct directive *first);

/* server NAME management SOCKET|HOST PORT [password FILE] */
void config_apply_server(struct config_reader *reader, const struct directive *line);

/* What is about policies, and what is looked up for them. */
void config_apply_policy(struct config_reader *reader, const struct directive *line);
void config_apply_proxy(struct config_reader *reader, const struct directive *line);
void config_apply_ca_file(struct config_reader *reader, const struct directive *line);
void config_apply_fetch_timeout(struct config_reader *reader, const struct directive *line);
void config_apply_fetch_max_size(struct config_reader *reader, const struct directive *line);
void config_apply_keep_addresses(struct config_reader *reader, const struct directive *line);
void config_apply_host_interval(struct config_reader *reader, const struct directive *line);
void config_apply_group_interval(struct config_reader *reader, const struct directive *line);
void config_apply_max_change(struct config_reader *reader, const struct directive *line);
void config_apply_accept_after(struct config_reader *reader, const struct directive *line);
void config_apply_shortest_prefix(struct config_reader *reader, const struct directive *line);
/* The defaults, and the policy where none is named. */
void config_begin_refresh(struct config *config);
void config_finish_refresh(struct config_reader *reader);

/* A duration within limits. False with an error; `examples` as in "such as 10s or 1m". */
bool config_take_duration(struct config_reader *reader, const struct directive *line,
                          const char *text, int64_t least, int64_t most, const char *examples,
                          int64_t *seconds);

/* "real-addresses", and where its duration is in a config. */
const char *config_kept_name(enum config_kept kept);
int64_t *config_kept_field(struct config *config, enum config_kept kept);

/* An error or a warning about a directive; after a thousand no more are told. */
void config_complain(struct config_reader *reader, enum diagnostic_level level,
                     const struct directive *at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define config_error(reader, at, ...)   config_complain(reader, DIAGNOSTIC_ERROR, at, __VA_ARGS__)
#define config_warning(reader, at, ...) config_complain(reader, DIAGNOSTIC_WARNING, at, __VA_ARGS__)

/* A near name, as "; did you mean "…"?" in `text`; "" if there is none. */
#define CONFIG_HINT_SIZE 128
const char *config_hint(const char *word, const char *const *names, char text[CONFIG_HINT_SIZE]);

/* A copy in the config; NULL with an error when memory is out. */
const char *config_keep(struct config_reader *reader, const char *text);
#define OUT_OF_MEMORY "out of memory" /* lib/directive says the same */
void config_out_of_memory(struct config_reader *reader);

#endif
