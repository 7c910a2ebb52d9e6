/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon at work: one poll for all sockets, signals and the writer's news. In each turn
 * the management sockets are read first; everything else is done in steps of milliseconds.
 */
#include <config.h>

#include "mgmtd/loop.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "mgmtd/background.h"
#include "mgmtd/clock.h"
#include "mgmtd/notify.h"
#include "mgmtd/recording.h"
#include "mgmtd/refresh.h"

#define TICK_MS          1000
#define STATUS_SIZE      400
#define DAMAGED_AGAIN_MS 60000

enum { FD_SIGNALS, FD_WRITER, FD_REFRESH, FD_SERVERS }; /* places in `fds` */

struct loop {
    const struct options *options;
    struct config *first;  /* what the daemon began with: some of it counts until its end */
    struct config *config; /* in force; may be the same */
    struct log *log;
    struct recording *recording;
    struct refresh *refresh;
    CURLM *multi; /* what is fetched, and the poll of everything */
    int signals;
    struct curl_waitfd *fds;
    size_t fds_room;
    int64_t next_ms; /* of recording_step() and refresh_step() */
    int64_t tick_at, watchdog_at;
    int64_t damaged_at;       /* when a database was last found to be; 0: never */
    char status[STATUS_SIZE]; /* as it was told last */
    bool owes_ready;          /* nobody could be told yet that the daemon is ready */
    bool owes_reloading;      /* nor that it began to read its config again */
    bool stopping;
};

/* ── the service manager ── */

/* What does not fit into the manager's socket now is told in a later turn, in this order. */
static void tell_status(struct loop *loop)
{
    char status[STATUS_SIZE];

    recording_status(loop->recording, status, sizeof(status));
    refresh_status(loop->refresh, status + strlen(status), sizeof(status) - strlen(status));
    if (!loop->owes_ready && strcmp(status, loop->status) == 0)
        return;
    if (loop->owes_reloading && !notify_reloading())
        return;
    loop->owes_reloading = false;
    if (!notify_send("%sSTATUS=%s", loop->owes_ready ? "READY=1\n" : "", status))
        return;
    loop->owes_ready = false;
    memcpy(loop->status, status, sizeof(status));
}

static void feed_watchdog(struct loop *loop)
{
    unsigned every_ms = notify_watchdog_ms();
    int64_t now = clock_boot_ms();

    if (every_ms == 0 || now < loop->watchdog_at)
        return;
    loop->watchdog_at = now + every_ms;
    notify_send("WATCHDOG=1");
}

/* ── the config ── */

static void take_config(struct loop *loop, struct config *config)
{
    const char *fixed = config_fixed_difference(loop->first, config);

    if (fixed)
        log_write(loop->log, LOG_LEVEL_WARNING, "config",
                  "the new \"%s\" counts only after a restart; the rest does now", fixed);
    if (loop->config != loop->first)
        config_free(loop->config);
    loop->config = config;
    loop->log->max_level = config->log_level;
    recording_configure(loop->recording, config);
    refresh_configure(loop->refresh, config, loop->first->state_dir);
    log_write(loop->log, LOG_LEVEL_NOTICE, "config", "%s was read again", loop->options->config);
}

static void reload(struct loop *loop)
{
    struct diagnostics *problems = diagnostics_new();
    struct config *config;

    loop->owes_reloading = !notify_reloading();
    config = problems ? config_load(loop->options->config, problems) : NULL;
    if (problems)
        config_tell(problems, loop->log);
    if (config)
        take_config(loop, config);
    else
        log_write(loop->log, LOG_LEVEL_ERROR, "config",
                  "%s was not taken; the daemon goes on as it was", loop->options->config);
    diagnostics_free(problems);
    loop->owes_ready = true;
    tell_status(loop);
}

/* ── signals ── */

static bool open_signals(struct loop *loop)
{
    sigset_t wanted;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGHUP);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    loop->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    return loop->signals >= 0;
}

static void take_signals(struct loop *loop)
{
    struct signalfd_siginfo info;
    bool wants_reload = false;

    while (read(loop->signals, &info, sizeof(info)) == sizeof(info)) {
        wants_reload = wants_reload || info.ssi_signo == SIGHUP;
        loop->stopping = loop->stopping || info.ssi_signo != SIGHUP;
    }
    if (wants_reload && !loop->stopping)
        reload(loop);
}

/* ── a turn ── */

static bool make_room(struct loop *loop)
{
    size_t wanted = FD_SERVERS + servers_count(recording_servers(loop->recording));
    struct curl_waitfd *fds;

    if (wanted <= loop->fds_room)
        return true;
    fds = reallocarray(loop->fds, wanted, sizeof(*fds));
    if (!fds)
        return false;
    loop->fds = fds;
    loop->fds_room = wanted;
    return true;
}

static int timeout_ms(const struct loop *loop)
{
    int64_t due = servers_due_ms(recording_servers(loop->recording));
    int64_t now = clock_boot_ms();

    due = loop->next_ms < due ? loop->next_ms : due;
    due = loop->tick_at < due ? loop->tick_at : due;
    if (due <= now)
        return 0;
    return due - now > TICK_MS ? TICK_MS : (int)(due - now);
}

/* Waits for something to happen, and reads the sockets. */
static bool poll_once(struct loop *loop)
{
    struct servers *servers = recording_servers(loop->recording);
    int64_t began, ended;
    CURLMcode code;

    if (!make_room(loop)) {
        log_write(loop->log, LOG_LEVEL_ERROR, "loop", "memory is out");
        return false;
    }
    loop->fds[FD_SIGNALS] = (struct curl_waitfd){.fd = loop->signals, .events = CURL_WAIT_POLLIN};
    loop->fds[FD_WRITER] =
        (struct curl_waitfd){.fd = recording_fd(loop->recording), .events = CURL_WAIT_POLLIN};
    loop->fds[FD_REFRESH] =
        (struct curl_waitfd){.fd = refresh_fd(loop->refresh), .events = CURL_WAIT_POLLIN};
    servers_poll(servers, loop->fds + FD_SERVERS);
    began = clock_us();
    code = curl_multi_poll(loop->multi, loop->fds, FD_SERVERS + (unsigned)servers_count(servers),
                           timeout_ms(loop), NULL);
    ended = clock_us();
    if (code != CURLM_OK) {
        log_write(loop->log, LOG_LEVEL_ERROR, "loop", "polling failed: %s",
                  curl_multi_strerror(code));
        return false;
    }
    servers_turn(servers, loop->fds + FD_SERVERS, ended, ended - began > 1000);
    return true;
}

/*
 * The writer cannot go on with this database. Once is bad luck; what damages a new one within
 * a minute would fill the disk with damaged ones.
 */
static bool open_anew(struct loop *loop)
{
    int64_t now = clock_boot_ms();

    if (loop->damaged_at != 0 && now - loop->damaged_at < DAMAGED_AGAIN_MS) {
        log_write(loop->log, LOG_LEVEL_ERROR, "loop",
                  "the new database is damaged, too: look after the disk; giving up");
        return false;
    }
    loop->damaged_at = now;
    recording_abandon(loop->recording);
    loop->recording = recording_open(loop->first, loop->config, true, loop->log);
    return loop->recording != NULL;
}

static bool turn(struct loop *loop)
{
    int64_t refresh_ms;

    if (!poll_once(loop))
        return false;
    if (loop->fds[FD_SIGNALS].revents)
        take_signals(loop);
    if (loop->fds[FD_WRITER].revents && !recording_news(loop->recording) && !open_anew(loop))
        return false;
    loop->next_ms = recording_step(loop->recording);
    refresh_ms = refresh_step(loop->refresh);
    loop->next_ms = refresh_ms < loop->next_ms ? refresh_ms : loop->next_ms;
    if (clock_boot_ms() >= loop->tick_at) {
        loop->tick_at = clock_boot_ms() + TICK_MS;
        tell_status(loop);
    }
    feed_watchdog(loop);
    return true;
}

/* ── from beginning to end ── */

static bool open_all(struct loop *loop)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return false;
    loop->multi = curl_multi_init();
    if (!loop->multi || !open_signals(loop)) {
        log_write(loop->log, LOG_LEVEL_ERROR, "loop", "cannot begin: %s", strerror(errno));
        return false;
    }
    loop->recording = recording_open(loop->first, loop->config, false, loop->log);
    if (!loop->recording)
        return false;
    loop->refresh = refresh_new(loop->multi, loop->log);
    if (loop->refresh)
        refresh_configure(loop->refresh, loop->config, loop->first->state_dir);
    else
        log_write(loop->log, LOG_LEVEL_ERROR, "loop", "cannot begin: %s", strerror(errno));
    return loop->refresh != NULL;
}

static bool work(struct loop *loop)
{
    loop->owes_ready = true;
    tell_status(loop);
    while (!loop->stopping)
        if (!turn(loop))
            return false;
    log_write(loop->log, LOG_LEVEL_NOTICE, "loop", "leaving");
    return true;
}

static bool close_all(struct loop *loop)
{
    bool ok = true;

    notify_send("STOPPING=1");
    if (loop->recording)
        ok = recording_finish(loop->recording);
    refresh_free(loop->refresh);
    if (loop->config != loop->first)
        config_free(loop->config);
    config_free(loop->first);
    curl_multi_cleanup(loop->multi);
    curl_global_cleanup();
    if (loop->signals >= 0)
        close(loop->signals);
    free(loop->fds);
    return ok;
}

int daemon_run(const struct options *options, struct config *config, struct log *log, int *ready)
{
    struct loop loop = {
        .options = options, .first = config, .config = config, .log = log, .signals = -1};
    bool ok = open_all(&loop);

    if (ok) {
        background_ready(ready);
        ok = work(&loop);
    }
    ok = close_all(&loop) && ok;
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
