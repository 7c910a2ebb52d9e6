/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the last good policy. Loading reads local files only; looking is a stat each. */
#include "plugin/policy_in_use.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_EVERY_S     1
#define LOG_MAX_PROBLEMS 50

struct policy_in_use {
    char *path;
    struct dirs *dirs;
    const struct log *log;
    struct policy *policy;
    struct watch *watch;
    time_t looked_at; /* CLOCK_MONOTONIC */
};

static time_t now_s(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* The first ones: a file of another kind in the policy's place must not flood OpenVPN's log. */
static void log_problems(const struct log *log, const struct diagnostics *problems)
{
    size_t n = diagnostics_count(problems);

    for (size_t i = 0; i < n && i < LOG_MAX_PROBLEMS; i++) {
        const struct diagnostic *diagnostic = diagnostics_at(problems, i);
        char line[1400];

        log_write(log, diagnostic->level == DIAGNOSTIC_ERROR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
                  "policy", "%s", diagnostic_format(diagnostic, line, sizeof(line)));
    }
    if (n > LOG_MAX_PROBLEMS)
        log_write(log, LOG_LEVEL_ERROR, "policy", "… and %zu more: see `byway policy check`",
                  n - LOG_MAX_PROBLEMS);
}

/* True if a new policy was put in the place of the old one. */
static bool load(struct policy_in_use *in_use)
{
    struct diagnostics *problems = diagnostics_new();
    struct watch *watch = watch_new();
    struct policy *policy = NULL;

    if (!problems || !watch)
        goto cleanup;
    policy = policy_load(in_use->path, in_use->dirs, watch, problems);
    log_problems(in_use->log, problems);
    if (policy) {
        policy_free(in_use->policy);
        in_use->policy = policy;
    }
    if (watch_count(watch) > 0) { /* a bad one is watched, too */
        watch_free(in_use->watch);
        in_use->watch = watch;
        watch = NULL;
    }

cleanup:
    if (!problems || (!policy && diagnostics_count(problems) == 0))
        log_write(in_use->log, LOG_LEVEL_ERROR, "policy", "%s: out of memory", in_use->path);
    watch_free(watch);
    diagnostics_free(problems);
    return policy != NULL;
}

struct policy_in_use *policy_in_use_new(const char *path, struct dirs *dirs, const struct log *log)
{
    struct policy_in_use *in_use = calloc(1, sizeof(*in_use));

    if (!in_use)
        return NULL;
    in_use->dirs = dirs;
    in_use->log = log;
    in_use->looked_at = now_s();
    in_use->path = strdup(path);
    if (in_use->path && load(in_use) && in_use->watch)
        return in_use;
    policy_in_use_free(in_use);
    return NULL;
}

void policy_in_use_free(struct policy_in_use *in_use)
{
    if (!in_use)
        return;
    policy_free(in_use->policy);
    watch_free(in_use->watch);
    free(in_use->path);
    free(in_use);
}

const struct policy *policy_in_use_get(struct policy_in_use *in_use)
{
    time_t now = now_s();

    if (now - in_use->looked_at < LOOK_EVERY_S)
        return in_use->policy;
    in_use->looked_at = now;
    if (!watch_changed(in_use->watch, in_use->dirs))
        return in_use->policy;
    if (load(in_use))
        log_write(in_use->log, LOG_LEVEL_NOTICE, "policy", "%s: changed, in use from now on",
                  in_use->path);
    else
        log_write(in_use->log, LOG_LEVEL_ERROR, "policy",
                  "%s: not taken over; the policy from before stays in use", in_use->path);
    return in_use->policy;
}
