/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What management tells of clients: >CLIENT events and `status 3`. Nothing of it counts
 * before a later reply to `state` has confirmed the run: until then it waits with its
 * session, or with a candidate, a client that is no session (yet).
 */
#include "mgmtd/memory.h"
#include "mgmtd/recorder_private.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CLIENTS       1000000 /* sessions and candidates; a socket can claim any number */
#define STAYS_MS          10000   /* an announced client that is still listed then was let in */
#define HANDSHAKE_S       60      /* OpenVPN's hand-window: who is listed for longer, too */
#define CANDIDATE_LIFE_MS 60000   /* of one that no status lists */

/* ── finding ── */

bool management_authors(const struct recorder *recorder, const struct run *run)
{
    if (run->file)
        return run->lossy && run->file->at_end;
    return recorder->now.boot_ms >= run->author_from_ms;
}

static bool same_since(const struct session *session, const struct management_client *client)
{
    return session->since == BATCH_NONE || client->since == MANAGEMENT_NONE ||
           session->since == client->since;
}

/*
 * A session of another spool is of another life of the server, whose restart management has
 * not told of yet: it must not be drawn into the one that is over.
 */
static bool is_free(const struct session *session, const struct run *run)
{
    return session->run && session->run->server == run->server &&
           (session->run == run || (session->file && session->file == run->file)) &&
           session->cid == BATCH_NONE && session->ended == BATCH_NONE && !run_takes_along(session);
}

static bool same_address(const char *known, const char *told)
{
    char address[SESSION_ADDRESS_SIZE];

    return !*known || !told || (address_read(told, address) && strcmp(address, known) == 0);
}

static bool same_name(const struct session *session, const struct management_client *client)
{
    const char *name = session->common_name ? session->common_name : session->user;

    return name && client->common_name && strcmp(name, client->common_name) == 0;
}

/*
 * By what a status says, whose lines may have no port (OpenVPN 2.6, IPv6): a session that
 * began before it. A later one may have the address of one that is listed and over by now, and
 * one that is over by now that of one that is listed, unless the spool is read up to the status.
 * Who moved before management first told of him is at another real address.
 */
static struct session *match_vpn(struct recorder *recorder, const struct run *run,
                                 const struct management_client *client, enum session_index index,
                                 const char *told)
{
    char address[SESSION_ADDRESS_SIZE];
    struct session *session, *moved = NULL;

    if (!told || !address_read(told, address))
        return NULL;
    session = sessions_find(recorder->sessions, index, run->server->id,
                            sessions_address_key(recorder->sessions, address));
    for (; session; session = sessions_find_next(session, index)) {
        if (!is_free(session, run) || !same_since(session, client) ||
            session->started >= run->server->talk.status_true_at)
            continue;
        if (same_address(session->real, client->real))
            return session;
        if (!moved && same_name(session, client))
            moved = session;
    }
    return moved;
}

/* The session of the spool that must be this client: no client id is known of it yet. */
static struct session *match(struct recorder *recorder, const struct run *run,
                             const struct management_client *client)
{
    struct session *session = NULL;

    if (client->since != MANAGEMENT_NONE)
        session = sessions_find(recorder->sessions, SESSION_BY_FIRST, run->server->id,
                                sessions_first_key(client->since, client->real_port));
    for (; session; session = sessions_find_next(session, SESSION_BY_FIRST))
        if (is_free(session, run) && same_since(session, client) &&
            same_address(session->real, client->real))
            return session;
    if (run->server->talk.reply != REPLY_STATUS || !run->server->talk.status_spool_read)
        return NULL;
    session = match_vpn(recorder, run, client, SESSION_BY_VPN4, client->vpn4);
    return session ? session : match_vpn(recorder, run, client, SESSION_BY_VPN6, client->vpn6);
}

/* The session or candidate of this client id; *other if that is somebody else. */
static struct session *find(struct recorder *recorder, struct server *server,
                            const struct management_client *client, bool *other)
{
    struct session *known =
        sessions_find(recorder->sessions, SESSION_BY_CID, server->run->id, (uint64_t)client->cid);
    struct session *session;

    *other = known && !same_since(known, client);
    if (known && (*other || known->run))
        return *other ? NULL : known;
    session = match(recorder, server->run, client);
    if (!session)
        return known;
    /* It was a candidate until now, as its session could not be told yet. */
    if (known) {
        known->refused_room = false;
        candidate_drop(recorder, server, known);
    }
    if (session->run != server->run)
        session_move(recorder, session, server->run);
    session_set_cid(recorder, session, client->cid);
    return session;
}

/* ── candidates ── */

void candidate_drop(struct recorder *recorder, struct server *server, struct session *candidate)
{
    if (candidate->refused_room)
        gap_overload(recorder, server);
    if (server->judged_next == candidate)
        server->judged_next = chain_next(&candidate->in_run);
    chain_remove(&server->candidates, &candidate->in_run);
    recorder->n_candidates--;
    sessions_remove(recorder->sessions, candidate);
}

static void set_address(char to[SESSION_ADDRESS_SIZE], const char *from)
{
    char address[SESSION_ADDRESS_SIZE];

    if (address_read(from, address))
        strcpy(to, address);
}

static void tell_candidate(struct session *candidate, const struct management_client *client)
{
    const struct session_names names = {
        .user = client->username,
        .common_name = client->common_name,
        .program = client->client,
        .platform = client->platform,
    };

    if (!candidate->user || client->client || client->platform)
        session_name(candidate, &names);
    set_address(candidate->real, client->real);
    if (client->real_port != MANAGEMENT_NONE)
        candidate->real_port = client->real_port;
    set_address(candidate->vpn4, client->vpn4);
    set_address(candidate->vpn6, client->vpn6);
}

static struct session *candidate_new(struct recorder *recorder, struct server *server,
                                     const struct management_client *client)
{
    struct session *candidate;

    if (recorder->n_candidates + recorder->n_open >= MAX_CLIENTS) {
        gap_overload(recorder, server);
        return NULL;
    }
    candidate = sessions_add(recorder->sessions, --recorder->next_candidate);
    chain_add(&server->candidates, &candidate->in_run, candidate);
    recorder->n_candidates++;
    candidate->candidate_ms = recorder->now.boot_ms;
    candidate->since = time_or(client->since, BATCH_NONE);
    candidate->cid = client->cid;
    sessions_index(recorder->sessions, candidate, SESSION_BY_CID, server->run->id,
                   (uint64_t)client->cid);
    tell_candidate(candidate, client);
    session_index_all(recorder, candidate, server);
    return candidate;
}

/* ── what is told ── */

/* What is true already is not mixed with what is yet to be confirmed. */
static void hear(struct recorder *recorder, struct server *server, struct session *session)
{
    if (!session->run)
        return;
    status_settle(recorder, session);
    session->heard_for = server->hearing;
    chain_add(&server->heard, &session->in_heard, session);
}

static void hear_count(struct recorder *recorder, struct server *server, struct session *session,
                       enum counts_source source, const struct management_client *client)
{
    if (client->bytes_received < 0 || client->bytes_sent < 0)
        return;
    hear(recorder, server, session);
    session->heard.counted[source] = true;
    session->heard.counts[source] = (struct session_count){
        .from = client->bytes_received,
        .to = client->bytes_sent,
        .at = recorder->now.wall_s,
        .boot_ms = recorder->now.boot_ms,
    };
    session->heard.seen_at = recorder->now.wall_s;
}

void status_bytecount(struct recorder *recorder, struct server *server,
                      const struct management_client *client)
{
    struct session *session =
        sessions_find(recorder->sessions, SESSION_BY_CID, server->run->id, (uint64_t)client->cid);

    if (session)
        hear_count(recorder, server, session, COUNTS_BYTECOUNT, client);
}

static void hear_text(char **to, const char *known, const char *told)
{
    char address[SESSION_ADDRESS_SIZE];

    free(*to);
    *to = NULL;
    if (told && address_read(told, address) && strcmp(address, known) != 0)
        *to = memory_copy(address);
}

static void hear_addresses(struct session *session, const struct management_client *client)
{
    hear_text(&session->heard.real, session->real, client->real);
    session->heard.real_port = client->real_port;
    hear_text(&session->heard.vpn4, "", client->vpn4);
    hear_text(&session->heard.vpn6, "", client->vpn6);
}

static void note_cid(struct server *server, const struct management_client *client)
{
    if (client->cid > server->talk.top_cid)
        server->talk.top_cid = client->cid;
}

void status_client(struct recorder *recorder, struct server *server,
                   const struct management_client *client)
{
    bool other;
    struct session *session = find(recorder, server, client, &other);

    server->talk.wants_state = server->talk.wants_state || other;
    note_cid(server, client);
    if (other || (!session && !client->common_name && !client->username))
        return;
    if (!session)
        session = candidate_new(recorder, server, client);
    if (!session)
        return;
    session->listed = server->talk.status_number;
    hear(recorder, server, session);
    hear_count(recorder, server, session, COUNTS_STATUS, client);
    session->heard.seen_at = recorder->now.wall_s;
    if (session->run) {
        hear_addresses(session, client);
        session->heard.listed = true;
    } else {
        tell_candidate(session, client);
    }
}

void status_established(struct recorder *recorder, struct server *server,
                        const struct management_client *client)
{
    bool other;
    struct session *session = find(recorder, server, client, &other);

    /* Out of order, or the numbers began anew. */
    if (client->cid < server->talk.top_cid)
        server->talk.wants_state = true;
    note_cid(server, client);
    if (other || (session && session->run)) {
        server->talk.wants_state = server->talk.wants_state || other;
        return;
    }
    if (!session)
        session = candidate_new(recorder, server, client);
    if (!session)
        return;
    session->announced = true;
    tell_candidate(session, client);
    if (!server->run->file || server->run->lossy)
        server->talk.wants_status = true;
}

void status_disconnect(struct recorder *recorder, struct server *server,
                       const struct management_client *client)
{
    struct session *session =
        sessions_find(recorder->sessions, SESSION_BY_CID, server->run->id, (uint64_t)client->cid);

    if (!session || !same_since(session, client))
        return;
    if (!session->run) {
        candidate_drop(recorder, server, session);
    } else if (!session->file) {
        status_settle(recorder, session);
        batch_keep(recorder, session);
        session->final_from = client->bytes_received < 0 ? BATCH_NONE : client->bytes_received;
        session->final_to = client->bytes_sent < 0 ? BATCH_NONE : client->bytes_sent;
        session_end(recorder, session, recorder->now.wall_s, BATCH_NONE,
                    session_disconnect_reason(recorder, session, recorder->now.boot_ms));
    }
}

/* ── confirmed ── */

/*
 * The plugin knows better: OpenVPN goes on listing an address that it gave to another. Who
 * has none yet had it from the beginning.
 */
static void learn_from_status(struct recorder *recorder, struct session *session,
                              const char *address, const char *own)
{
    if (address && (!session->file || !*own))
        session_learn(recorder, session, address, *own ? session->heard.seen_at : session->started,
                      TOLD_BY_STATUS);
}

static void confirm_session(struct recorder *recorder, struct server *server,
                            struct session *session)
{
    struct session_heard *heard = &session->heard;
    const struct session_count *counts = heard->counts;
    bool status_first = counts[COUNTS_STATUS].boot_ms <= counts[COUNTS_BYTECOUNT].boot_ms;

    if (heard->real)
        session_set_real(recorder, session, heard->real, heard->real_port, heard->seen_at);
    else if (heard->listed)
        session->real_at = heard->seen_at;
    for (int i = 0; i < COUNTS_SOURCES; i++) {
        enum counts_source source = status_first ? COUNTS_SOURCES - 1 - i : i;

        if (heard->counted[source])
            session_count(recorder, session, source, &counts[source]);
    }
    session_seen(recorder, session, heard->seen_at);
    learn_from_status(recorder, session, heard->vpn4, session->vpn4);
    learn_from_status(recorder, session, heard->vpn6, session->vpn6);
    session_forget_heard(server, session);
}

static void begin_candidate(struct recorder *recorder, struct server *server,
                            struct session *candidate)
{
    int64_t now = recorder->now.wall_s;
    char real[SESSION_ADDRESS_SIZE], vpn4[SESSION_ADDRESS_SIZE], vpn6[SESSION_ADDRESS_SIZE];

    strcpy(real, candidate->real);
    strcpy(vpn4, candidate->vpn4);
    strcpy(vpn6, candidate->vpn6);
    *candidate->real = *candidate->vpn4 = *candidate->vpn6 = '\0';
    chain_remove(&server->candidates, &candidate->in_run);
    recorder->n_candidates--;
    session_begin(recorder, candidate, server->run,
                  candidate->since != BATCH_NONE && candidate->since < now ? candidate->since
                                                                           : now);
    candidate->handshake =
        candidate->since == BATCH_NONE || candidate->since <= now ? 0 : BATCH_NONE;
    session_set_real(recorder, candidate, real, candidate->real_port, candidate->started);
    session_learn(recorder, candidate, vpn4, candidate->started, TOLD_BY_STATUS);
    session_learn(recorder, candidate, vpn6, candidate->started, TOLD_BY_STATUS);
    session_index_all(recorder, candidate, server);
    confirm_session(recorder, server, candidate);
}

/*
 * OpenVPN announces and lists clients whose login is not finished or was refused, too. Who
 * has an address is in; so is, where there are none, who is still listed later.
 */
static bool is_let_in(const struct recorder *recorder, const struct session *candidate)
{
    int64_t known_ms = recorder->now.boot_ms - candidate->candidate_ms;

    if (*candidate->vpn4 || *candidate->vpn6)
        return true;
    return known_ms >= STAYS_MS &&
           (candidate->announced || (candidate->since != BATCH_NONE &&
                                     recorder->now.wall_s - candidate->since > HANDSHAKE_S));
}

static void judge_candidate(struct recorder *recorder, struct server *server,
                            struct session *candidate)
{
    bool listed = candidate->listed == server->talk.status_number;
    int64_t known_ms = recorder->now.boot_ms - candidate->candidate_ms;

    if (!listed && (candidate->listed || known_ms >= CANDIDATE_LIFE_MS))
        candidate_drop(recorder, server, candidate);
    else if (listed && !server->run->file && !management_authors(recorder, server->run))
        server->talk.wants_status = true; /* once it is certain that no spool tells of it */
    else if (!listed || !management_authors(recorder, server->run) ||
             !is_let_in(recorder, candidate))
        return;
    else if (recorder_waiting(recorder) > recorder->settings.max_memory)
        candidate->refused_room = true;
    else
        begin_candidate(recorder, server, candidate);
}

/* Those that management began, and the last complete status does not list. True: all. */
static bool end_unlisted(struct recorder *recorder, struct server *server)
{
    const struct conversation *talk = &server->talk;
    struct session *next;
    size_t n = 0;

    for (struct session *s = chain_first(&server->run->sessions); s; s = next) {
        if (n >= recorder->settings.step)
            return false;
        next = chain_next(&s->in_run);
        if (s->file ? s->listed == 0 || s->listed + 1 >= talk->status_number
                    : s->listed == talk->status_number)
            continue;
        if (!management_authors(recorder, server->run))
            continue;
        session_end_unseen(recorder, s, talk->status_at, END_GONE);
        n++;
    }
    return true;
}

/* First who is gone: somebody new may have got their address. True if there is more. */
static bool believe_status(struct recorder *recorder, struct server *server)
{
    struct conversation *talk = &server->talk;

    if (!talk->status_judging) {
        if (!talk->status_damaged && !end_unlisted(recorder, server))
            return true;
        talk->status_judging = true;
        server->judged_next = chain_first(&server->candidates);
    }
    for (size_t i = 0; server->judged_next; i++) {
        struct session *candidate = server->judged_next;

        if (i >= recorder->settings.step)
            return true;
        server->judged_next = chain_next(&candidate->in_run);
        judge_candidate(recorder, server, candidate);
    }
    talk->status_waits = talk->status_confirmed = talk->status_judging = false;
    return false;
}

static bool is_confirmed(const struct server *server, const struct session *session)
{
    return chain_has(&session->in_heard) && session->heard_for <= server->confirmed;
}

void status_settle(struct recorder *recorder, struct session *session)
{
    if (session->run && is_confirmed(session->run->server, session))
        confirm_session(recorder, session->run->server, session);
}

bool status_work(struct recorder *recorder, struct server *server)
{
    struct session *session = chain_first(&server->heard);

    for (size_t i = 0; session && is_confirmed(server, session); i++) {
        if (i >= recorder->settings.step)
            return true;
        confirm_session(recorder, server, session);
        session = chain_first(&server->heard);
    }
    return server->talk.status_confirmed && believe_status(recorder, server);
}

void status_confirm(struct recorder *recorder, struct server *server)
{
    server->confirmed = server->hearing++;
    if (server->talk.status_waits)
        server->talk.status_confirmed = true;
    status_work(recorder, server);
}

bool status_believe(struct recorder *recorder, struct server *server)
{
    if (server->heard.n == 0)
        return false;
    server->confirmed = server->hearing++;
    return status_work(recorder, server);
}

void status_forget(struct recorder *recorder, struct server *server)
{
    struct session *session;

    while ((session = chain_first(&server->heard))) {
        status_settle(recorder, session);
        session_forget_heard(server, session);
    }
    while ((session = chain_first(&server->candidates)))
        candidate_drop(recorder, server, session);
    server->talk.status_waits = server->talk.status_confirmed = server->talk.status_judging = false;
    server->talk.wants_status = true;
}
