/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mgmtd/ending.h"

#define SILENT_MS      30000
#define SILENT_REPORTS 3
#define REPLACED_MS    500
#define TOGETHER_S     2 /* between the first and the last session that go with a server */
#define NOTICED_S      5 /* from the last of them to the moment the server is known to be gone */

enum end_reason ending_of_disconnect(const struct ending_quiet *quiet)
{
    bool nothing_since =
        quiet->counted_from != BATCH_NONE &&
        (quiet->final_from == BATCH_NONE || quiet->final_from <= quiet->counted_from);

    if (nothing_since && quiet->quiet_ms >= SILENT_MS && quiet->reports >= SILENT_REPORTS)
        return END_SILENT;
    return END_DISCONNECTED;
}

bool ending_is_replaced(enum end_reason reason, int64_t ended_boot_ms, int64_t connected_boot_ms)
{
    return (reason == END_DISCONNECTED || reason == END_SILENT) && ended_boot_ms >= 0 &&
           ended_boot_ms <= connected_boot_ms && connected_boot_ms - ended_boot_ms <= REPLACED_MS;
}

enum end_reason ending_with_run(enum end_reason reason, int64_t ended, int64_t last,
                                int64_t gone_by, enum end_reason of_run)
{
    if (of_run != END_SERVER_STOP && of_run != END_SERVER_RESTART)
        return reason;
    if (reason != END_DISCONNECTED && reason != END_SILENT)
        return reason;
    if (ended < last - TOGETHER_S || ended < gone_by - TOGETHER_S - NOTICED_S || ended > gone_by)
        return reason;
    return of_run;
}
