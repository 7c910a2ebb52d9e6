/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the wrapped plugin answers later, and Byway is going to refuse (or to ask)
 * whatever that answer is, the refusal must still wait for it: nothing about profiles
 * is said to someone whose password is wrong. The wrapped plugin then gets a private
 * control file, and a small process of ours watches it and answers OpenVPN in its place.
 *
 * That process can only say no. A login that Byway would grant never passes through
 * it: there the wrapped plugin gets OpenVPN's own control file. It is started when it
 * is first needed, holds nothing but the descriptors it is sent (so neither chroot nor a
 * dropped user matters to it), and ends when the plugin's end of its socket is closed.
 */
#ifndef BYWAY_PLUGIN_VERDICT_H
#define BYWAY_PLUGIN_VERDICT_H

#include "lib/log.h"

#include <stdbool.h>
#include <stddef.h>

#define VERDICT_MAX_REASON 1000
#define VERDICT_MAX_NOTE   4400
#define VERDICT_LIFE_S     300 /* OpenVPN has given the login up long before */

struct verdicts;

/* NULL when memory is out. Starts nothing yet. */
struct verdicts *verdicts_new(const struct log *log);

/* Ends the process, which removes the private files it still watches. NULL is harmless. */
void verdicts_free(struct verdicts *verdicts);

/*
 * Makes an empty private control file beside OpenVPN's: its path, malloc'd. NULL with
 * errno set. Who made it removes it with verdict_remove(), unless it is handed over.
 */
char *verdict_make_file(const char *control_file);
void verdict_remove_file(const char *private_file);

struct verdict_job {
    const char *private_file; /* where the wrapped plugin will write '1' or '0' */
    const char *control_file; /* OpenVPN's */
    const char *reason_file;  /* OpenVPN's */
    const char *reason;       /* what to write there after a '1'; after a '0' nothing is */
    const void *note;         /* comes back through verdicts_next_note() after a '1' */
    size_t note_n;
};

/*
 * From here on the process answers OpenVPN, and removes the private file. False if it
 * cannot be reached (the log says why): the caller must deny.
 */
bool verdicts_hand_over(struct verdicts *verdicts, const struct verdict_job *job);

/* One note into `note`: its length; 0 if there is none. Never waits. */
size_t verdicts_next_note(struct verdicts *verdicts, char note[VERDICT_MAX_NOTE]);

/* ── for verdict.c and verdict_process.c alone ── */

enum { VERDICT_FD_PRIVATE, VERDICT_FD_CONTROL, VERDICT_FD_REASON, VERDICT_FD_DIR, VERDICT_FDS };

#define VERDICT_MAX_NAME 255

struct verdict_message {
    size_t reason_n;
    size_t note_n;
    char name[VERDICT_MAX_NAME + 1]; /* of the private file, in the directory VERDICT_FD_DIR */
    char reason[VERDICT_MAX_REASON];
    char note[VERDICT_MAX_NOTE];
};

/* The whole life of the process. `socket_fd` is its end; `parent` is OpenVPN's process id. */
void verdict_process(int socket_fd, int parent) __attribute__((noreturn));

#endif
