/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection is in one of four phases: it rests until it is tried (again), connects, waits
 * for the prompt and the greeting, or is attached. Whatever goes wrong in a turn is written
 * down first (fail()) and carried out at the turn's end (settle()), because it is often found
 * out within the parser.
 */
#include <config.h>

#include "mgmtd/management.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mgmtd/management_command.h"
#include "mgmtd/management_socket.h"

#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS   48000  /* and up to a quarter more, so that not all come at once */
#define TELL_AGAIN_MS  600000 /* the same failure is logged again after so long */
#define WHY_SIZE       512
#define KEEP_BYTES     (1 << 20) /* of the memory for what was read; more goes back to the system */
/* The password, or one of each command: no more is ever waiting to be sent. */
#define OUT_SIZE (MANAGEMENT_MAX_PASSWORD + 2 + COMMAND_COUNT * COMMAND_SIZE)

enum phase { RESTING, CONNECTING, GREETING, ATTACHED };

struct management {
    struct config_server server;
    unsigned bytecount_s, bytecount_asked_s;
    struct management_owner owner;
    const struct log *log;
    struct management_parser *parser;
    enum phase phase;
    int fd;
    int64_t now;
    int64_t due;        /* while not attached: the next try, or when this one is given up */
    unsigned address;   /* of management_socket_addresses() */
    int first_error;    /* of the first of them */
    bool gave_password; /* OpenVPN says nothing to a wrong one but asks again */
    unsigned failures;  /* in a row */
    uint32_t random;
    enum management_command unanswered[COMMAND_COUNT]; /* each at most once, in their order */
    size_t n_unanswered;
    int64_t progress_at; /* of the first of them: when something of its reply came */
    char *in;            /* MANAGEMENT_KEPT_BYTES of pages that are there once they are used */
    size_t in_from, in_to;
    bool at_end;   /* nothing more is to be read; what was read is worked on first */
    int end_error; /* 0: OpenVPN closed it */
    char out[OUT_SIZE];
    size_t out_n;
    bool failed; /* in this turn */
    char why[WHY_SIZE];
    char told[WHY_SIZE]; /* the failure that was logged last */
    int64_t told_at;
};

static void fail(struct management *m, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Only the first reason counts. */
static void fail(struct management *m, const char *format, ...)
{
    va_list args;

    if (m->failed)
        return;
    m->failed = true;
    va_start(args, format);
    vsnprintf(m->why, sizeof(m->why), format, args);
    va_end(args);
}

/* ── reading ── */

static bool has_room(const struct management *m)
{
    return m->in_to < MANAGEMENT_KEPT_BYTES || m->in_from >= MANAGEMENT_KEPT_BYTES / 2;
}

static size_t make_room(struct management *m)
{
    if (m->in_to == MANAGEMENT_KEPT_BYTES) {
        memmove(m->in, m->in + m->in_from, m->in_to - m->in_from);
        m->in_to -= m->in_from;
        m->in_from = 0;
    }
    return MANAGEMENT_KEPT_BYTES - m->in_to;
}

static void forget_input(struct management *m)
{
    if (m->in_to > KEEP_BYTES)
        madvise(m->in + KEEP_BYTES, MANAGEMENT_KEPT_BYTES - KEEP_BYTES, MADV_DONTNEED);
    m->in_from = m->in_to = 0;
}

static void note_end(struct management *m, int error)
{
    if (m->at_end)
        return;
    m->at_end = true;
    m->end_error = error == EPIPE || error == ECONNRESET ? 0 : error;
}

size_t management_read(struct management *m)
{
    ssize_t n;
    size_t most;

    if (!management_wants_read(m))
        return 0;
    most = make_room(m);
    do
        n = recv(m->fd, m->in + m->in_to, most, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        m->in_to += (size_t)n;
    else if (n == 0 || errno != EAGAIN)
        note_end(m, n == 0 ? 0 : errno);
    return n > 0 ? (size_t)n : 0;
}

/* ── sending ── */

static void flush(struct management *m)
{
    ssize_t sent;
    int error;

    if (m->out_n == 0 || m->failed || m->at_end)
        return;
    do
        sent = send(m->fd, m->out, m->out_n, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN) {
        error = errno;
        management_read(m); /* what it said before */
        note_end(m, error);
    }
    if (sent <= 0)
        return;
    m->out_n -= (size_t)sent;
    memmove(m->out, m->out + sent, m->out_n);
    explicit_bzero(m->out + m->out_n, (size_t)sent); /* it may have been the password */
}

static bool is_unanswered(const struct management *m, enum management_command command)
{
    for (size_t i = 0; i < m->n_unanswered; i++)
        if (m->unanswered[i] == command)
            return true;
    return false;
}

/* The one place where commands leave. False if the last one of this kind is not answered yet. */
static bool command(struct management *m, enum management_command command, int64_t number)
{
    size_t n;

    if (m->phase != ATTACHED || m->failed || is_unanswered(m, command))
        return false;
    n = management_command_write(m->out + m->out_n, sizeof(m->out) - m->out_n, command, number);
    if (n == 0)
        return false;
    m->out_n += n;
    if (m->n_unanswered == 0)
        m->progress_at = m->now;
    m->unanswered[m->n_unanswered++] = command;
    return true;
}

static void ask_bytecount(struct management *m)
{
    if (command(m, COMMAND_BYTECOUNT, m->bytecount_s))
        m->bytecount_asked_s = m->bytecount_s;
}

static void ask_everything(struct management *m)
{
    command(m, COMMAND_VERSION, 0);
    command(m, COMMAND_PID, 0);
    command(m, COMMAND_STATE_ALL, 0);
    command(m, COMMAND_ENV_FILTER, 0);
    ask_bytecount(m);
    command(m, COMMAND_STATUS, 0);
}

static void give_password(struct management *m)
{
    char password[MANAGEMENT_MAX_PASSWORD + 1] = "";
    char why[WHY_SIZE];

    if (management_socket_password(&m->server, password, why, sizeof(why)))
        m->out_n = (size_t)snprintf(m->out, sizeof(m->out), "%s\n", password);
    else
        fail(m, "%s", why);
    m->gave_password = true;
    explicit_bzero(password, sizeof(password));
}

/* ── what comes ── */

static void greeted(struct management *m, int64_t version)
{
    char name[160];

    m->phase = ATTACHED;
    m->due = INT64_MAX;
    m->told[0] = '\0';
    log_write(m->log, LOG_LEVEL_NOTICE, "management",
              "server \"%s\": attached to %s (management version %" PRId64 ")", m->server.name,
              management_socket_name(&m->server, name, sizeof(name)), version);
    m->owner.attached(m->owner.arg);
    ask_everything(m);
}

static void before_greeting(struct management *m, const struct management_event *event)
{
    bool asks = event->kind == MANAGEMENT_PASSWORD_PROMPT;

    if (event->kind == MANAGEMENT_GREETING)
        greeted(m, event->number);
    else if (m->gave_password && (asks || event->kind == MANAGEMENT_ERROR))
        fail(m,
             "OpenVPN refused the password: the first line of %.200s must be the same as in the "
             "password file of OpenVPN's \"management\" line",
             m->server.password_file);
    else if (asks)
        give_password(m);
}

/* The first command that waits for its reply has it. */
static void answered(struct management *m)
{
    enum management_command what = m->unanswered[0];

    m->n_unanswered--;
    memmove(m->unanswered, m->unanswered + 1, m->n_unanswered * sizeof(*m->unanswered));
    if (what == COMMAND_STATUS)
        m->failures = 0;
    if (what == COMMAND_BYTECOUNT && m->bytecount_s != m->bytecount_asked_s)
        ask_bytecount(m);
}

static void note_reply(struct management *m, const struct management_event *event)
{
    enum management_event_kind kind = event->kind;

    if (m->n_unanswered == 0)
        return;
    m->progress_at = m->now;
    if (kind == MANAGEMENT_ERROR)
        log_write(m->log, LOG_LEVEL_DEBUG, "management", "server \"%s\" to \"%s\": %s",
                  m->server.name, management_command_name(m->unanswered[0]),
                  event->word ? event->word : "an error");
    if (kind == MANAGEMENT_ERROR || kind == management_command_reply(m->unanswered[0]))
        answered(m);
}

static bool is_of_reply(enum management_event_kind kind)
{
    switch (kind) {
    case MANAGEMENT_STATE:
    case MANAGEMENT_STATUS_TIME:
    case MANAGEMENT_STATUS_CLIENT:
    case MANAGEMENT_STATUS_ROUTE:
    case MANAGEMENT_END:
    case MANAGEMENT_SUCCESS:
    case MANAGEMENT_ERROR:
        return true;
    case MANAGEMENT_PASSWORD_PROMPT:
    case MANAGEMENT_GREETING:
    case MANAGEMENT_HOLD:
    case MANAGEMENT_ESTABLISHED:
    case MANAGEMENT_DISCONNECT:
    case MANAGEMENT_ADDRESS:
    case MANAGEMENT_BYTECOUNT:
    case MANAGEMENT_FATAL:
    case MANAGEMENT_OTHER:
    case MANAGEMENT_GARBAGE:
    case MANAGEMENT_KIND_COUNT:
        break;
    }
    return false;
}

static void on_event(void *arg, const struct management_event *event)
{
    struct management *m = arg;

    if (m->failed)
        return;
    if (m->phase == GREETING) {
        before_greeting(m, event);
        return;
    }
    if (event->kind == MANAGEMENT_GREETING || event->kind == MANAGEMENT_PASSWORD_PROMPT)
        return; /* not again */
    m->owner.event(m->owner.arg, event);
    if (event->kind == MANAGEMENT_HOLD)
        command(m, COMMAND_HOLD_RELEASE, 0);
    if (is_of_reply(event->kind))
        note_reply(m, event);
}

static void closed(struct management *m)
{
    if (m->end_error != 0)
        fail(m, "the connection broke off: %s", strerror(m->end_error));
    else if (m->phase == ATTACHED)
        fail(m, "OpenVPN closed the connection");
    else if (m->server.socket && !m->gave_password)
        fail(m,
             "%s: OpenVPN closed the connection before its greeting: if its config has "
             "\"management-client-user\" or \"management-client-group\", name this account (user "
             "%u, group %u) there",
             m->server.socket, (unsigned)geteuid(), (unsigned)getegid());
    else
        fail(m, "OpenVPN closed the connection before its greeting");
}

static bool work_on_input(struct management *m)
{
    size_t n = m->in_to - m->in_from;

    n = n < MANAGEMENT_TURN_BYTES ? n : MANAGEMENT_TURN_BYTES;
    if (n > 0)
        management_parser_feed(m->parser, m->in + m->in_from, n);
    m->in_from += n;
    if (m->in_from < m->in_to)
        return true;
    forget_input(m);
    if (m->at_end)
        closed(m);
    return n > 0;
}

/* ── connecting ── */

static void connected(struct management *m)
{
    m->phase = GREETING;
    m->due = m->now + MANAGEMENT_GREETING_MS;
}

static void drop_socket(struct management *m)
{
    if (m->fd >= 0)
        close(m->fd);
    m->fd = -1;
    m->at_end = false;
    m->end_error = 0;
    forget_input(m);
    explicit_bzero(m->out, sizeof(m->out));
    m->out_n = 0;
    m->n_unanswered = 0;
    m->gave_password = false;
    management_parser_reset(m->parser);
}

static void cannot_connect(struct management *m, int error);

static void try_address(struct management *m)
{
    bool connecting = false;

    m->fd = management_socket_open(&m->server, m->address, &connecting);
    if (m->fd < 0) {
        cannot_connect(m, errno);
        return;
    }
    m->phase = CONNECTING;
    m->due = m->now + MANAGEMENT_CONNECT_MS;
    if (!connecting)
        connected(m);
}

static void cannot_connect(struct management *m, int error)
{
    char text[WHY_SIZE];

    drop_socket(m);
    if (m->address == 0)
        m->first_error = error;
    if (++m->address < management_socket_addresses(&m->server))
        try_address(m);
    else
        fail(m, "%s", management_socket_explain(&m->server, m->first_error, text, sizeof(text)));
}

static void begin(struct management *m)
{
    m->address = 0;
    try_address(m);
}

static void went_on(struct management *m, bool writable)
{
    int error = writable ? management_socket_error(m->fd) : ETIMEDOUT;

    if (error != 0)
        cannot_connect(m, error);
    else
        connected(m);
}

/* ── when something went wrong ── */

/* 1 s, 2 s, 4 s, … a minute. */
static int64_t retry_after(struct management *m)
{
    int64_t wait = RETRY_FIRST_MS;

    for (unsigned i = 0; i < m->failures && wait < RETRY_MAX_MS; i++)
        wait *= 2;
    if (wait > RETRY_MAX_MS)
        wait = RETRY_MAX_MS;
    m->failures++;
    m->random = m->random * 1664525u + 1013904223u;
    return wait + (int64_t)(m->random >> 8) * wait / 4 / (1 << 24);
}

static void tell(struct management *m, int64_t wait)
{
    bool again = strcmp(m->told, m->why) == 0 && m->now - m->told_at < TELL_AGAIN_MS;

    log_write(m->log, again ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, "management",
              "server \"%s\": %s (trying again after %" PRId64 " s%s)", m->server.name, m->why,
              (wait + 500) / 1000, again || m->failures > 1 ? "" : ", then less and less often");
    if (again)
        return;
    memcpy(m->told, m->why, sizeof(m->told));
    m->told_at = m->now;
}

static void settle(struct management *m)
{
    bool was_attached = m->phase == ATTACHED;
    int64_t wait;

    if (!m->failed)
        return;
    drop_socket(m);
    wait = retry_after(m);
    m->phase = RESTING;
    m->due = m->now + wait;
    tell(m, wait);
    m->failed = false;
    if (was_attached)
        m->owner.detached(m->owner.arg, m->why);
}

static void no_greeting(struct management *m)
{
    char name[160];

    fail(m,
         "%s: connected, but no greeting in %d s: probably another program is attached to it, and "
         "OpenVPN serves one at a time",
         management_socket_name(&m->server, name, sizeof(name)), MANAGEMENT_GREETING_MS / 1000);
}

static bool has_input(const struct management *m)
{
    return m->in_from < m->in_to || m->at_end;
}

/* When the other end will have taken too long. */
static int64_t deadline(const struct management *m)
{
    if (m->phase != ATTACHED)
        return m->due;
    return m->n_unanswered > 0 ? m->progress_at + MANAGEMENT_REPLY_MS : INT64_MAX;
}

static void check_time(struct management *m)
{
    if (m->failed || has_input(m) || m->now < deadline(m))
        return;
    if (m->phase == GREETING)
        no_greeting(m);
    else if (m->phase == ATTACHED)
        fail(m, "OpenVPN has not answered \"%s\" for %d s", management_command_name(*m->unanswered),
             MANAGEMENT_REPLY_MS / 1000);
}

bool management_turn(struct management *m, bool writable, int64_t now_ms)
{
    bool worked = false;

    m->now = now_ms;
    if (m->phase == RESTING && now_ms >= m->due)
        begin(m);
    else if (m->phase == CONNECTING && (writable || now_ms >= m->due))
        went_on(m, writable);
    else if (m->phase >= GREETING)
        worked = work_on_input(m);
    if (m->phase >= GREETING)
        flush(m);
    check_time(m);
    settle(m);
    return worked;
}

/* ── the rest ── */

static char *copy(const char *text, bool *ok)
{
    char *made = text ? strdup(text) : NULL;

    *ok = *ok && (!text || made);
    return made;
}

struct management *management_new(const struct config_server *server, unsigned bytecount_interval_s,
                                  const struct management_owner *owner, const struct log *log)
{
    struct management *m = calloc(1, sizeof(*m));
    bool ok = true;

    if (!m)
        return NULL;
    m->server = *server;
    m->server.name = copy(server->name, &ok);
    m->server.socket = copy(server->socket, &ok);
    m->server.host = copy(server->host, &ok);
    m->server.password_file = copy(server->password_file, &ok);
    m->bytecount_s = bytecount_interval_s;
    m->owner = *owner;
    m->log = log;
    m->fd = -1;
    m->due = 0; /* at once */
    m->parser = management_parser_new(on_event, m);
    m->in = mmap(NULL, MANAGEMENT_KEPT_BYTES, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (getrandom(&m->random, sizeof(m->random), GRND_NONBLOCK) < 0)
        m->random = (uint32_t)getpid();
    if (ok && m->parser && m->in != MAP_FAILED)
        return m;
    management_free(m);
    return NULL;
}

void management_free(struct management *m)
{
    if (!m)
        return;
    if (m->parser && m->in != MAP_FAILED)
        drop_socket(m);
    management_parser_free(m->parser);
    if (m->in != MAP_FAILED)
        munmap(m->in, MANAGEMENT_KEPT_BYTES);
    free((char *)m->server.name);
    free((char *)m->server.socket);
    free((char *)m->server.host);
    free((char *)m->server.password_file);
    free(m);
}

int management_fd(const struct management *m)
{
    return m->fd;
}

bool management_wants_read(const struct management *m)
{
    return m->phase >= GREETING && !m->at_end && has_room(m);
}

bool management_wants_write(const struct management *m)
{
    return m->phase == CONNECTING || m->out_n > 0;
}

int64_t management_due_ms(const struct management *m)
{
    return has_input(m) ? m->now : deadline(m);
}

bool management_is_attached(const struct management *m)
{
    return m->phase == ATTACHED;
}

const struct config_server *management_server(const struct management *m)
{
    return &m->server;
}

static bool ask(struct management *m, enum management_command what, int64_t now_ms)
{
    bool asked;

    m->now = now_ms;
    asked = command(m, what, 0);
    flush(m);
    settle(m);
    return asked;
}

bool management_ask_state(struct management *m, int64_t now_ms)
{
    return ask(m, COMMAND_STATE, now_ms);
}

bool management_ask_status(struct management *m, int64_t now_ms)
{
    return ask(m, COMMAND_STATUS, now_ms);
}

void management_set_bytecount(struct management *m, unsigned interval_s, int64_t now_ms)
{
    if (m->bytecount_s == interval_s)
        return;
    m->now = now_ms;
    m->bytecount_s = interval_s;
    ask_bytecount(m);
    flush(m);
    settle(m);
}

uint64_t management_garbage(const struct management *m)
{
    return management_parser_garbage(m->parser);
}
