/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that watches private control files. It was forked from OpenVPN, where a
 * wrapped plugin may have threads: so only async-signal-safe calls, and no malloc.
 * It can deny a login, and never grant one.
 */
#include "config.h"

#include "plugin/verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_JOBS      512
#define SOCKET_FD     0
#define LOOK_SOON_MS  20 /* while a verdict is likely to come any moment */
#define LOOK_LATER_MS 200
#define SOON_MS       3000

struct job {
    int fds[VERDICT_FDS]; /* all -1: free */
    int64_t since_ms;
    struct verdict_message message;
};

struct process {
    struct job *jobs;
    size_t n; /* used are jobs[0] to jobs[n - 1] */
};

static int64_t now_ms(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_all_from(unsigned first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, ~0U, 0) == 0)
        return;
#endif
    for (int fd = (int)first; fd < 65536; fd++)
        close(fd);
}

/*
 * Ends with the socket alone: what ends OpenVPN must not keep this process from
 * removing the files it made.
 */
static void settle(int socket_fd)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2};
    struct rlimit files = {0};
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (socket_fd != SOCKET_FD)
        dup2(socket_fd, SOCKET_FD);
    close_all_from(SOCKET_FD + 1);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    prctl(PR_SET_NAME, "byway-verdicts");
    if (chdir("/") < 0)
        errno = 0; /* nothing depends on it */
}

static void close_fds(int fds[VERDICT_FDS])
{
    for (size_t i = 0; i < VERDICT_FDS; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}

/* Removes the private file, unless another now has its name. */
static void remove_file(const struct job *job)
{
    struct stat ours, named;

    if (fstat(job->fds[VERDICT_FD_PRIVATE], &ours) == 0 &&
        fstatat(job->fds[VERDICT_FD_DIR], job->message.name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        ours.st_dev == named.st_dev && ours.st_ino == named.st_ino)
        unlinkat(job->fds[VERDICT_FD_DIR], job->message.name, 0);
}

static void end_job(struct process *process, size_t i)
{
    struct job *job = &process->jobs[i];
    struct job *last = &process->jobs[process->n - 1];

    remove_file(job);
    close_fds(job->fds);
    if (job != last)
        memcpy(job, last, sizeof(*job));
    memset(last, 0, sizeof(*last));
    process->n--;
}

/* One write, of one byte; the file may be gone, then no one reads it. */
static void deny(const struct job *job)
{
    if (pwrite(job->fds[VERDICT_FD_CONTROL], "0", 1, 0) < 0)
        errno = 0; /* then OpenVPN's own deadline ends the login */
}

/* The password was right: now the reason may be told. */
static void deny_with_reason(const struct job *job)
{
    int fd = job->fds[VERDICT_FD_REASON];

    if (job->message.note_n > 0)
        send(SOCKET_FD, job->message.note, job->message.note_n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (ftruncate(fd, 0) < 0 || pwrite(fd, job->message.reason, job->message.reason_n, 0) < 0)
        errno = 0; /* then it is denied without */
    deny(job);
}

/* The first byte of the private file: 0 if there is none yet. */
static char look(const struct job *job)
{
    char verdict = 0;

    return pread(job->fds[VERDICT_FD_PRIVATE], &verdict, 1, 0) == 1 ? verdict : 0;
}

static void look_at_all(struct process *process)
{
    int64_t now = now_ms();

    for (size_t i = process->n; i-- > 0;) {
        const struct job *job = &process->jobs[i];
        char verdict = look(job);

        if (verdict == '1')
            deny_with_reason(job);
        else if (verdict == '0')
            deny(job);
        else if (now - job->since_ms < VERDICT_LIFE_S * 1000)
            continue;
        end_job(process, i);
    }
}

/* Takes the descriptors out of a message. False unless all are there. */
static bool take_fds(struct msghdr *header, int fds[VERDICT_FDS])
{
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(header);
    size_t n;

    if (!cmsg || cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
        return false;
    n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (n > VERDICT_FDS)
        n = VERDICT_FDS;
    memcpy(fds, CMSG_DATA(cmsg), n * sizeof(int));
    return n == VERDICT_FDS && !(header->msg_flags & (MSG_CTRUNC | MSG_TRUNC));
}

/* Takes one job in. False at the end of the socket. */
static bool receive(struct process *process)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int) * VERDICT_FDS)];
    } control;
    struct job *job = &process->jobs[process->n]; /* there is one more than is used */
    struct iovec data = {&job->message, sizeof(job->message)};
    struct msghdr header = {.msg_iov = &data,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(SOCKET_FD, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    for (size_t i = 0; i < VERDICT_FDS; i++)
        job->fds[i] = -1;
    job->since_ms = now_ms();
    if (take_fds(&header, job->fds) && n == (ssize_t)sizeof(job->message) &&
        process->n < MAX_JOBS) {
        process->n++;
        return true;
    }
    if (job->fds[VERDICT_FD_CONTROL] >= 0)
        deny(job);
    close_fds(job->fds);
    return true;
}

static int timeout_ms(const struct process *process)
{
    int64_t now = now_ms();

    if (process->n == 0)
        return -1;
    for (size_t i = 0; i < process->n; i++)
        if (now - process->jobs[i].since_ms < SOON_MS)
            return LOOK_SOON_MS;
    return LOOK_LATER_MS;
}

void verdict_process(int socket_fd, int parent)
{
    struct process process = {0};
    struct pollfd fds[2] = {{.fd = SOCKET_FD, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
    bool alive = true;

    settle(socket_fd);
#ifdef SYS_pidfd_open
    fds[1].fd = (int)syscall(SYS_pidfd_open, parent, 0); /* should another hold the socket open */
#else
    (void)parent;
#endif
    process.jobs = mmap(NULL, (MAX_JOBS + 1) * sizeof(struct job), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (process.jobs == MAP_FAILED)
        _exit(1);
    while (alive) {
        if (poll(fds, 2, timeout_ms(&process)) < 0 && errno != EINTR)
            break;
        if (fds[0].revents)
            alive = receive(&process);
        if (fds[1].revents)
            alive = false;
        look_at_all(&process);
    }
    while (process.n > 0)
        end_job(&process, process.n - 1);
    _exit(0);
}
