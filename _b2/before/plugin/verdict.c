/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plugin's side of deferred verdicts: starts the process, sends it jobs, takes its
 * notes. Never waits for it: a socket that is full or broken is a login denied.
 */
#include "config.h"

#include "plugin/verdict.h"

#include "plugin/control_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct verdicts {
    const struct log *log;
    int socket_fd; /* -1: no process */
};

struct verdicts *verdicts_new(const struct log *log)
{
    struct verdicts *verdicts = calloc(1, sizeof(*verdicts));

    if (!verdicts)
        return NULL;
    verdicts->log = log;
    verdicts->socket_fd = -1;
    return verdicts;
}

static void hang_up(struct verdicts *verdicts)
{
    if (verdicts->socket_fd >= 0)
        close(verdicts->socket_fd);
    verdicts->socket_fd = -1;
}

void verdicts_free(struct verdicts *verdicts)
{
    if (!verdicts)
        return;
    hang_up(verdicts);
    free(verdicts);
}

char *verdict_make_file(const char *control_file)
{
    unsigned char random[8];
    char *path = NULL;
    int fd;

    if (getrandom(random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
        return NULL;
    if (asprintf(&path, "%s.%02x%02x%02x%02x%02x%02x%02x%02x", control_file, random[0], random[1],
                 random[2], random[3], random[4], random[5], random[6], random[7]) < 0)
        return NULL;
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        int error = errno;

        free(path);
        errno = error;
        return NULL;
    }
    close(fd);
    return path;
}

void verdict_remove_file(const char *private_file)
{
    if (private_file)
        unlink(private_file);
}

/*
 * Forks twice, so that init reaps the process and OpenVPN never sees a child it does
 * not know. The fork in between ends at once; waiting for it is not waiting.
 */
static bool start(struct verdicts *verdicts)
{
    int ends[2];
    int status = -1;
    int parent = (int)getpid();
    pid_t child;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return false;
    child = fork();
    if (child == 0) {
        pid_t grandchild = fork();

        if (grandchild == 0)
            verdict_process(ends[1], parent);
        _exit(grandchild < 0);
    }
    close(ends[1]);
    if (child > 0)
        while (waitpid(child, &status, 0) < 0) {
            if (errno == EINTR)
                continue;
            status = 0; /* somebody ignores SIGCHLD: whether it runs, the first job tells */
            break;
        }
    if (child > 0 && status == 0) {
        verdicts->socket_fd = ends[0];
        return true;
    }
    close(ends[0]);
    errno = EAGAIN;
    return false;
}

/* Opens what the job needs. False with errno set; those that are open stay so. */
static bool open_job(const struct verdict_job *job, const char *slash, int fds[VERDICT_FDS])
{
    char *directory = strndup(job->private_file, (size_t)(slash - job->private_file));

    if (!directory)
        return false;
    fds[VERDICT_FD_PRIVATE] = open(job->private_file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    fds[VERDICT_FD_CONTROL] = control_file_open(job->control_file);
    fds[VERDICT_FD_REASON] = control_file_open(job->reason_file);
    fds[VERDICT_FD_DIR] = open(*directory ? directory : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    free(directory);
    for (size_t i = 0; i < VERDICT_FDS; i++)
        if (fds[i] < 0)
            return false;
    return true;
}

static bool send_job(int socket_fd, const struct verdict_message *message,
                     const int fds[VERDICT_FDS])
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int) * VERDICT_FDS)];
    } control = {0};
    struct iovec data = {(void *)message, sizeof(*message)};
    struct msghdr header = {.msg_iov = &data,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof(control)};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int) * VERDICT_FDS);
    memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * VERDICT_FDS);
    return sendmsg(socket_fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(*message);
}

static bool fill_message(const struct verdict_job *job, const char *name,
                         struct verdict_message *message)
{
    message->reason_n = strlen(job->reason);
    message->note_n = job->note_n;
    if (message->reason_n > sizeof(message->reason) || message->note_n > sizeof(message->note) ||
        strlen(name) >= sizeof(message->name)) {
        errno = EMSGSIZE;
        return false;
    }
    strcpy(message->name, name);
    memcpy(message->reason, job->reason, message->reason_n);
    if (job->note_n > 0)
        memcpy(message->note, job->note, job->note_n);
    return true;
}

/* A process that died is started again, once. */
static bool send_or_restart(struct verdicts *verdicts, const struct verdict_message *message,
                            const int fds[VERDICT_FDS])
{
    if (verdicts->socket_fd >= 0) {
        if (send_job(verdicts->socket_fd, message, fds))
            return true;
        if (errno != EPIPE && errno != ECONNRESET && errno != ENOTCONN)
            return false;
        hang_up(verdicts);
    }
    return start(verdicts) && send_job(verdicts->socket_fd, message, fds);
}

bool verdicts_hand_over(struct verdicts *verdicts, const struct verdict_job *job)
{
    struct verdict_message *message = calloc(1, sizeof(*message));
    const char *slash = strrchr(job->private_file, '/');
    int fds[VERDICT_FDS] = {-1, -1, -1, -1};
    bool sent = false;

    if (!message)
        errno = ENOMEM;
    else if (!slash)
        errno = EINVAL;
    else
        sent = fill_message(job, slash + 1, message) && open_job(job, slash, fds) &&
               send_or_restart(verdicts, message, fds);
    if (!sent)
        log_write(verdicts->log, LOG_LEVEL_ERROR, "login",
                  "a verdict that comes later cannot be waited for: %s: denied", strerror(errno));
    for (size_t i = 0; i < VERDICT_FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(message);
    return sent;
}

size_t verdicts_next_note(struct verdicts *verdicts, char note[VERDICT_MAX_NOTE])
{
    ssize_t n;

    if (verdicts->socket_fd < 0)
        return 0;
    n = recv(verdicts->socket_fd, note, VERDICT_MAX_NOTE, MSG_DONTWAIT);
    return n > 0 ? (size_t)n : 0;
}
