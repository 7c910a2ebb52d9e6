/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's config file as plain data: mgmtd.conf, in the language of policies. It is
 * read only once loaded. Nothing is opened or connected to here; a password file is only
 * tried, so that a mistake is told with its line.
 *
 * In this folder #include "config.h" means this file, so it brings configure's with it.
 */
#ifndef BYWAY_MGMTD_CONFIG_H
#define BYWAY_MGMTD_CONFIG_H

#include <config.h>

#include "lib/arena.h"
#include "lib/diagnostics.h"
#include "lib/log.h"
#include "mgmtd/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_DEFAULT_FILE  BYWAY_SYSCONFDIR "/openvpn/byway/mgmtd.conf"
#define CONFIG_DEFAULT_STATE BYWAY_LOCALSTATEDIR "/lib/byway"
#define CONFIG_MAX_SERVERS   1000
#define CONFIG_MAX_POLICIES  1000

/* One `server` line. */
struct config_server {
    const char *name;
    const char *socket;        /* an absolute path that fits sockaddr_un; NULL: host and port */
    const char *host;          /* an address in its usual form, or "localhost": 127.0.0.1 or ::1 */
    uint16_t port;             /* 1 to 65535 */
    const char *password_file; /* an absolute path; NULL: none. Its first line is the password */
    unsigned line;
};

/* What is looked up for policies, and how. */
struct config_refresh {
    const char **policies; /* absolute, each once */
    size_t n_policies;
    bool policies_default; /* it is the one beside the config, which need not be there */
    const char *proxy;     /* NULL: none */
    const char *ca_file;   /* NULL: the system's */
    unsigned fetch_timeout_s;
    size_t fetch_max_size; /* bytes */
    int64_t keep_addresses_s;
    unsigned host_interval_s;
    unsigned group_interval_s;
    unsigned max_change;   /* percent; 0: any */
    unsigned accept_after; /* 0: never */
    unsigned shortest_ipv4, shortest_ipv6;
};

struct config {
    const char *path;
    const char *database; /* absolute, as are the next two */
    const char *state_dir;
    const char *spool_dir;         /* spool/ of state_dir */
    struct config_server *servers; /* in the file's order */
    size_t n_servers;
    unsigned bytecount_interval_s;
    unsigned status_interval_s;
    unsigned bucket_s;          /* divides an hour */
    struct retention retention; /* nothing is kept longer than its session */
    enum log_level log_level;
    struct config_refresh refresh;
    struct arena *arena; /* holds all of it */
};

/*
 * `path` is absolute. Every error and warning is added to `problems`. NULL if there was any
 * error (diagnostics_errors() is then not 0); errno is then 0 if the file is to blame, else why
 * it may be read another time (ENOMEM). The caller frees the config with config_free().
 */
struct config *config_load(const char *path, struct diagnostics *problems);
/* The same for `n` bytes of `text` as if they stood in `path`. */
struct config *config_load_text(const char *path, const char *text, size_t n,
                                struct diagnostics *problems);
void config_free(struct config *config); /* NULL is harmless */

/* Logs what was wrong with a config. */
void config_tell(const struct diagnostics *problems, const struct log *log);

/* For a reload: true if the connection to a server can stay as it is. Lines do not matter. */
bool config_server_equal(const struct config_server *a, const struct config_server *b);

/* The server of that name, as it is written in either config; NULL if there is none. */
const struct config_server *config_find_server(const struct config *config, const char *name);

/*
 * For a reload: the directive that differs and counts only when the daemon starts; NULL if
 * everything that changed can be taken over.
 */
const char *config_fixed_difference(const struct config *running, const struct config *wanted);

#endif
