/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The session spool: what the plugin saw of every session, one record a line, in a
 * file that mgmtd reads, even much later. One file per plugin start. A record is
 * one write(2) of at most SPOOL_MAX_LINE bytes to a file opened O_APPEND.
 *
 * A line is a record's name, then TAB-separated key=value fields, then LF. In
 * values every byte but printable ASCII other than '%' stands as %XX, so no value can
 * forge a field or a line. Fields that are not known are not written. Readers pass over
 * keys and records they do not know; a key that comes twice, or an escape that is not
 * needed, makes a line garbage.
 *
 *   server     first line of a file: format=1, at, boot_ms, daemon, pid, start, plugin
 *   connected  at, boot_ms, session, since, user, typed, cn, profile, by, fell_back, real, port,
 *              vpn4, vpn6, client, platform, token, routes
 *   address    at, boot_ms, session, address, change=add|update
 *   disconnected at, boot_ms, session, from_client, to_client, duration, real, port
 *   vanished   at, boot_ms, session
 *   refused    at, boot_ms, user, typed, cn, wanted, reason, real, port
 *   lost       at, boot_ms, count
 *
 * On a tun device, `connected` is written with the first address; who was refused between our
 * hook and that, by a script or another plugin, is `refused`.
 */
#ifndef BYWAY_LIB_SPOOL_H
#define BYWAY_LIB_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SPOOL_FORMAT    1
#define SPOOL_MAX_LINE  4096
#define SPOOL_MAX_VALUE 256 /* bytes of a value; what is longer is cut (some sooner) */
#define SPOOL_MAX_BYTES (64L * 1024 * 1024) /* unread bytes of one file: then records are lost */
#define SPOOL_SUFFIX    ".spool"

enum spool_kind {
    SPOOL_UNKNOWN, /* a well-formed line of a later version */
    SPOOL_SERVER,
    SPOOL_CONNECTED,
    SPOOL_ADDRESS,
    SPOOL_DISCONNECTED,
    SPOOL_VANISHED,
    SPOOL_REFUSED,
    SPOOL_LOST,
    SPOOL_KIND_COUNT
};

/* Numbers that were not there are SPOOL_NONE, strings that were not there NULL. */
#define SPOOL_NONE INT64_MIN

/*
 * One record of any kind; each kind uses the fields the table above names. Byte
 * counts are seen from the user's side: from_client is the upload.
 */
struct spool_record {
    enum spool_kind kind;
    int64_t at;      /* epoch seconds */
    int64_t boot_ms; /* CLOCK_BOOTTIME, milliseconds: for durations when the clock is set */
    int64_t session; /* from 1, unique in its file */
    int64_t format;
    int64_t pid;
    int64_t start; /* OpenVPN's daemon_start_time */
    int64_t since; /* OpenVPN's time_unix: the client's first packet */
    int64_t port;
    int64_t fell_back; /* 1 if refused but given the default */
    int64_t from_client;
    int64_t to_client;
    int64_t duration; /* seconds, as OpenVPN counts: from the first packet */
    int64_t count;
    const char *daemon;
    const char *plugin; /* version */
    const char *user;
    const char *typed; /* the user name as it was typed */
    const char *cn;
    const char *profile;
    const char *by;
    const char *real;
    const char *vpn4;
    const char *vpn6;
    const char *client;   /* IV_VER, or IV_GUI_VER where given */
    const char *platform; /* IV_PLAT */
    const char *token;    /* session_id of --auth-gen-token */
    const char *routes;   /* versions of looked up routes, as policy_versions() writes them */
    const char *address;  /* of an address record */
    const char *change;
    const char *wanted;
    const char *reason;
};

/* A record of this kind with every field "not there". */
struct spool_record spool_record_make(enum spool_kind kind);

/* ── text ── pure */

/*
 * The line with its LF into `line`; its length, or 0 if it does not fit (it always
 * fits SPOOL_MAX_LINE). Not NUL-terminated.
 */
size_t spool_format(const struct spool_record *record, char *line, size_t size);

/*
 * Reads one line of `n` bytes without its LF. The strings are unescaped in place:
 * `line` is written to, and the record points into it. False if it is not a spool
 * line (torn, forged, garbage); *record then is SPOOL_UNKNOWN.
 */
bool spool_parse(char *line, size_t n, struct spool_record *record);

const char *spool_kind_name(enum spool_kind kind);

/* ── writer ── for the plugin: never waits, never exits */

struct spool_writer;

/*
 * Creates `<daemon>-<start>-<pid>[.N].spool` in the open directory `dir_fd`, mode 0660,
 * locked with flock() for as long as the writer lives, and writes the server record
 * (`format`, `at` and `boot_ms` are filled in). What `daemon` has besides [A-Za-z0-9_.-],
 * and a dot or dash at its beginning, becomes '_' in the name; no daemon is "openvpn". On a full
 * disk the server record waits, and is still the first. NULL with errno set.
 * Who forks and lives on must call spool_writer_close() in the child, or the lock stays.
 */
struct spool_writer *spool_writer_open(int dir_fd, const struct spool_record *server);

/* Unlocks and closes; the file stays. NULL is harmless. */
void spool_writer_close(struct spool_writer *writer);

/* Another cap than SPOOL_MAX_BYTES. */
void spool_writer_set_cap(struct spool_writer *writer, int64_t bytes);

/*
 * Appends the record, with `at` and `boot_ms` filled in where they are SPOOL_NONE. Where
 * that fails (disk full, cap reached: SPOOL_MAX_BYTES that mgmtd has not freed, file
 * deleted) the record is counted as lost, and the count is itself recorded once writing
 * works again. What a write left half done is made garbage then (it cannot be cut off:
 * somebody may be reading it). True if the record was written.
 */
bool spool_writer_append(struct spool_writer *writer, const struct spool_record *record);

/*
 * The number of records lost since the last call that said so, at most once a minute
 * (else 0), and why in *why: an errno, where EDQUOT is also our own cap and ENOENT means
 * that the file was deleted. For a log line.
 */
uint64_t spool_writer_take_lost(struct spool_writer *writer, int *why);

/* That errno in words that say what to do. */
const char *spool_lost_text(int why);

/* The name of the file within its directory. */
const char *spool_writer_name(const struct spool_writer *writer);

/* ── reader ── for mgmtd and tests */

struct spool_reader;

/*
 * Opens `name` in `dir_fd` and goes on reading at `position` (0 for a new file). NULL
 * with errno set: ERANGE if the position is beyond the end (after a power cut a file may
 * be shorter than what was read of it), EINVAL if it is not the beginning of a line or
 * `name` is not a regular file. Links are not followed.
 */
struct spool_reader *spool_reader_open(int dir_fd, const char *name, int64_t position);
void spool_reader_close(struct spool_reader *reader);

enum spool_next {
    SPOOL_NEXT_RECORD,  /* *record is valid until the next call */
    SPOOL_NEXT_GARBAGE, /* a complete line that is no record, or freed space, was passed over */
    SPOOL_NEXT_END,     /* no complete line yet; try again later */
    SPOOL_NEXT_ERROR    /* errno says why */
};

enum spool_next spool_reader_next(struct spool_reader *reader, struct spool_record *record);

/* The byte after the last line that spool_reader_next() handed out or passed over. */
int64_t spool_reader_position(const struct spool_reader *reader);

/*
 * Gives the disk space before `position` back, in whole blocks of 4 KiB (punches a hole;
 * the size stays). Only once `position` is safely stored: what was freed is gone. 0 or an
 * errno (EINVAL: not read yet; EOPNOTSUPP: the file system cannot).
 */
int spool_reader_free_before(struct spool_reader *reader, int64_t position);

/*
 * 1: the writer is gone (its lock is free), so what can be read now is all there will be;
 * 0: it lives; -1 with errno set. An empty file is taken for one whose writer is just
 * beginning, for a minute.
 */
int spool_reader_writer_gone(struct spool_reader *reader);

/* True if somebody deleted the file: its writer notices that, too, and writes no more. */
bool spool_reader_is_deleted(const struct spool_reader *reader);

/*
 * Deletes the file if its writer is gone and no complete line is left to read: 1 if so,
 * 0 if it is still needed, -1 with errno set. `dir_fd` and `name` as it was opened.
 */
int spool_reader_remove_finished(struct spool_reader *reader, int dir_fd, const char *name);

#endif
