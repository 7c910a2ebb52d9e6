/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * byway routes refresh: asks mgmtd to look sources up now. The request is a file in the state
 * directory, which mgmtd removes when it takes it: so it is known whether anybody did.
 */
#include "config.h"

#include "helpdesk/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "helpdesk/policy_file.h"
#include "lib/state_file.h"

#define FOLDER  "routes/refresh"
#define ACCEPT  "accept\n"
#define WHO_MAY "; ask as root, or as whom byway-mgmtd runs as"
#define WAIT_MS 5000 /* mgmtd looks every second */
#define LOOK_MS 50

struct requests {
    const char *state_dir;
    int folder;
    bool accept;
    const char **names; /* that were asked for */
    size_t n;
};

/* ── the folder ── */

/* As mgmtd must be able to remove what is in it, it belongs to whom the folder above does. */
static int make_folder(int state)
{
    struct stat above;
    int folder;

    if (mkdirat(state, FOLDER, 0755) != 0 && errno != EEXIST)
        return -1;
    folder = openat(state, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder >= 0 && geteuid() == 0 && fstatat(folder, "..", &above, 0) == 0 &&
        fchown(folder, above.st_uid, above.st_gid) != 0) {
        close(folder);
        return -1;
    }
    return folder;
}

static bool open_folder(struct requests *requests)
{
    int state = open(requests->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (state < 0) {
        command_error("%s: %s", requests->state_dir, strerror(errno));
        return false;
    }
    requests->folder = openat(state, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (requests->folder < 0 && errno == ENOENT)
        requests->folder = make_folder(state);
    if (requests->folder < 0)
        command_error("%s/" FOLDER ": %s%s", requests->state_dir, strerror(errno),
                      errno == EACCES   ? WHO_MAY
                      : errno == ENOENT ? "; byway-mgmtd makes it when it has something to look up"
                                        : "");
    close(state);
    return requests->folder >= 0;
}

/* ── requests ── */

/* Written aside, so that mgmtd never sees half of one. 0 or an errno. */
static int put(const struct requests *requests, const char *name)
{
    const char *text = requests->accept ? ACCEPT : "";
    size_t n = strlen(text);
    char aside[POLICY_MAX_NAME + 40]; /* mgmtd passes over what begins with a dot */
    int fd, why = 0;

    snprintf(aside, sizeof(aside), ".%s.%ld", name, (long)getpid());
    fd =
        openat(requests->folder, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return errno;
    if (fchmod(fd, 0644) != 0 || write(fd, text, n) != (ssize_t)n)
        why = errno != 0 ? errno : EIO;
    if (close(fd) != 0 && why == 0)
        why = errno;
    if (why == 0 && renameat(requests->folder, aside, requests->folder, name) != 0)
        why = errno;
    if (why != 0)
        unlinkat(requests->folder, aside, 0);
    return why;
}

static bool put_all(const struct requests *requests)
{
    for (size_t i = 0; i < requests->n; i++) {
        int why = put(requests, requests->names[i]);

        if (why == 0)
            continue;
        command_error("%s/" FOLDER "/%s: %s%s", requests->state_dir, requests->names[i],
                      strerror(why), why == EACCES ? WHO_MAY : "");
        return false;
    }
    return true;
}

/* The first request that is still there; NULL if all were taken. */
static const char *first_left(const struct requests *requests)
{
    struct stat st;

    for (size_t i = 0; i < requests->n; i++)
        if (fstatat(requests->folder, requests->names[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
            return requests->names[i];
    return NULL;
}

static const char *wait_until_taken(const struct requests *requests)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    const char *left = first_left(requests);

    for (int waited = 0; left && waited < WAIT_MS; waited += LOOK_MS) {
        nanosleep(&pause, NULL);
        left = first_left(requests);
    }
    return left;
}

/* One that says "accept" must not be followed some day when nobody thinks of it. */
static void withdraw(const struct requests *requests)
{
    for (size_t i = 0; i < requests->n; i++)
        unlinkat(requests->folder, requests->names[i], 0);
}

/* ── the command ── */

static enum status ask(const struct requests *requests)
{
    const char *left;

    if (!put_all(requests))
        return STATUS_ERROR;
    left = wait_until_taken(requests);
    if (left) {
        command_error("nobody took the request for %s within %d s: byway-mgmtd does not run, or "
                      "not for %s. The request is withdrawn.",
                      left, WAIT_MS / 1000, requests->state_dir);
        withdraw(requests);
        return STATUS_NO;
    }
    for (size_t i = 0; i < requests->n; i++)
        output_field("Asked", "%s is looked up now%s", requests->names[i],
                     requests->accept ? ", and the result is taken however unlike the last it is"
                                      : "");
    output_field("Next",
                 "new connections get what is new within seconds of its coming; how it "
                 "went: byway routes%s%s",
                 requests->n == 1 ? " " : "", requests->n == 1 ? requests->names[0] : "");
    return STATUS_YES;
}

/* All that has sources. A set and a group of one name are asked for together. */
static bool name_all(struct requests *requests, const struct policy *policy)
{
    requests->names = calloc(policy->n_route_sets + policy->n_groups + 1, sizeof(*requests->names));
    for (size_t i = 0; requests->names && i < policy->n_route_sets; i++)
        if (policy->route_sets[i].n_sources > 0)
            requests->names[requests->n++] = policy->route_sets[i].name;
    for (size_t i = 0; requests->names && i < policy->n_groups; i++)
        if (policy->groups[i].n_unix_groups > 0)
            requests->names[requests->n++] = policy->groups[i].name;
    return requests->names != NULL;
}

/* Leaves the one that is asked for. False, having said so, if it has no sources. */
static bool choose(struct requests *requests, const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < requests->n; i++) {
        if (strcmp(requests->names[i], name) != 0)
            continue;
        requests->names[0] = requests->names[i];
        requests->n = 1;
        return true;
    }
    if (policy_find_group(policy, name) || policy_file_route_set(policy, name))
        command_error("nothing of \"%s\" is looked up: it has no fetch, host or unix-group line",
                      name);
    return false;
}

static enum status refresh(const struct options *options, const struct policy *policy)
{
    struct requests requests = {.state_dir = policy->state_dir,
                                .folder = -1,
                                .accept = options->value[OPTION_ACCEPT].is_given};
    enum status status = STATUS_ERROR;

    if (!name_all(&requests, policy))
        command_error("out of memory");
    else if (options->n_operands == 0 && requests.n == 0)
        command_error("nothing of the policy is looked up: it has no fetch, host or unix-group "
                      "line");
    else if ((options->n_operands == 0 || choose(&requests, policy, options->operands[0])) &&
             open_folder(&requests))
        status = ask(&requests);
    if (requests.folder >= 0)
        close(requests.folder);
    free(requests.names);
    return status;
}

static enum status run(const struct command *command, const struct options *options)
{
    struct policy_file file = {0};
    const struct policy *policy;
    enum status status = STATUS_ERROR;

    if (options->value[OPTION_ACCEPT].is_given && options->n_operands == 0)
        return command_misuse(command, "--accept is for one SET: say which");
    policy =
        policy_file_need(&file, options_text(options, OPTION_POLICY, POLICY_FILE_DEFAULT), NULL);
    if (policy)
        status = refresh(options, policy);
    policy_file_free(&file);
    return status;
}

static const enum option_id taken[] = {OPTION_ACCEPT, OPTION_POLICY, OPTION_COUNT};

const struct command cmd_routes_refresh = {
    .name = "routes refresh",
    .operands = "[SET]",
    .most_operands = 1,
    .operand = OPTION_A_ROUTE_SET,
    .options = taken,
    .summary = "have the sources of route sets looked up now",
    .help =
        "Asks byway-mgmtd to look up the sources of a route set or group now, or of all, by a\n"
        "file in the state directory; whoever may write there may ask. Says so if nobody takes\n"
        "the request within five seconds.\n",
    .after = "SET is a route set, or a group with unix-group. --accept takes a result that was\n"
             "held back because it is too unlike the last: look at it first.\n"
             "\n"
             "Exit status: 0 asked, 1 nobody took the request, 2 something went wrong.\n",
    .run = run,
};
