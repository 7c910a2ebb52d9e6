/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a session ended, judged from what is known of it. Pure. */
#ifndef BYWAY_MGMTD_ENDING_H
#define BYWAY_MGMTD_ENDING_H

#include "mgmtd/batch.h"

#include <stdbool.h>
#include <stdint.h>

/* OpenVPN reported the end; what the counts said of the time before it. */
struct ending_quiet {
    int64_t final_from;   /* BATCH_NONE: not told */
    int64_t counted_from; /* the last count of what came from the client; BATCH_NONE: none */
    int64_t quiet_ms;     /* since that count was reached */
    unsigned reports;     /* how many reports repeated it */
};

/* END_SILENT if nothing had come from the client for so long that it looks like a timeout. */
enum end_reason ending_of_disconnect(const struct ending_quiet *quiet);

/*
 * Whether somebody who connected under the same name replaced a session that was reported
 * ended: OpenVPN ends the old one in the act, so nothing but other plugins' and scripts'
 * hooks lies between the two. By a clock that cannot be set; BATCH_NONE: not known.
 */
bool ending_is_replaced(enum end_reason reason, int64_t ended_boot_ms, int64_t connected_boot_ms);

/*
 * The reason of a session that was reported ended at `ended`, now that its run is known to
 * have ended (END_SERVER_STOP or END_SERVER_RESTART) by `gone_by`, `last` being the end of
 * the last session in it: those that ended together at the very end went with their server.
 */
enum end_reason ending_with_run(enum end_reason reason, int64_t ended, int64_t last,
                                int64_t gone_by, enum end_reason of_run);

#endif
