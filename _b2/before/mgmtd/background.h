/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Going into the background: whoever started the daemon waits until it is ready, sees what
 * it says until then, and gets its exit status if it does not come up.
 */
#ifndef BYWAY_MGMTD_BACKGROUND_H
#define BYWAY_MGMTD_BACKGROUND_H

/*
 * Returns in a child process: a descriptor for background_ready(). -1 with errno set, in the
 * process that called, if there is none. No thread may run yet.
 */
int background_start(void);

/*
 * The daemon is up: lets the waiting process go, and with it the terminal. It is harmless a
 * second time, and for a `*ready` of -1 (in the foreground).
 */
void background_ready(int *ready);

#endif
