/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's log: the journal, a terminal or syslog. The text is one safe line already. */
#include <config.h>

#include "mgmtd/logging.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

static int priority_of(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return LOG_ERR;
    case LOG_LEVEL_WARNING:
        return LOG_WARNING;
    case LOG_LEVEL_NOTICE:
        return LOG_NOTICE;
    case LOG_LEVEL_DEBUG:
        return LOG_DEBUG;
    }
    return LOG_ERR;
}

static void to_journal(void *arg, enum log_level level, const char *subsystem, const char *text)
{
    (void)arg;
    fprintf(stderr, "<%d>%s: %s\n", priority_of(level), subsystem, text);
}

static void to_terminal(void *arg, enum log_level level, const char *subsystem, const char *text)
{
    (void)arg;
    (void)level;
    fprintf(stderr, "byway-mgmtd: %s: %s\n", subsystem, text);
}

static void to_syslog(void *arg, enum log_level level, const char *subsystem, const char *text)
{
    (void)arg;
    syslog(priority_of(level), "%s: %s", subsystem, text);
}

/* JOURNAL_STREAM is the device and the inode of the journal's stream (systemd.exec(5)). */
static bool is_journal(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    uintmax_t device = 0, inode = 0;
    struct stat st;

    return stream != NULL && sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &device, &inode) == 2 &&
           fstat(fd, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

log_sink *logging_sink(bool foreground)
{
    if (foreground)
        return is_journal(STDERR_FILENO) ? to_journal : to_terminal;
    openlog("byway-mgmtd", LOG_PID | LOG_PERROR, LOG_DAEMON);
    return to_syslog;
}
