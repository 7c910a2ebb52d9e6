/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tests/sim/wire.h"

#include "tests/sim/server.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_SIZE 1024

/* ── bytes out ── */

static char *room_for(struct sim_output *out, size_t n)
{
    if (out->begin == out->end)
        out->begin = out->end = 0;
    if (out->end + n > out->room && out->begin > 0) {
        memmove(out->bytes, out->bytes + out->begin, out->end - out->begin);
        out->end -= out->begin;
        out->begin = 0;
    }
    if (out->end + n > out->room) {
        out->room = (out->end + n) * 2;
        out->bytes = realloc(out->bytes, out->room);
        if (!out->bytes) {
            fprintf(stderr, "sim: out of memory\n");
            exit(2);
        }
    }
    return out->bytes + out->end;
}

static void said(struct sim_output *out, size_t n)
{
    out->end += n;
    out->said += n;
}

/* One line; the CRLF is added. */
__attribute__((format(printf, 2, 3))) static void say(struct sim_server *server, const char *format,
                                                      ...)
{
    char *line;
    va_list args;
    int n;

    if (!server->attached)
        return;
    line = room_for(&server->out, LINE_SIZE);
    va_start(args, format);
    n = vsnprintf(line, LINE_SIZE - 2, format, args);
    va_end(args);
    if (n > LINE_SIZE - 3)
        n = LINE_SIZE - 3;
    memcpy(line + n, "\r\n", 2);
    said(&server->out, (size_t)n + 2);
}

const char *wire_output(const struct sim_server *server, size_t *n)
{
    *n = server->out.end - server->out.begin;
    return server->out.bytes + server->out.begin;
}

void wire_taken(struct sim_server *server, size_t n)
{
    server->out.begin += n;
}

/* ── who listens ── */

void wire_hold(struct sim_server *server)
{
    say(server, ">HOLD:Waiting for hold release:0");
}

void wire_attach(struct sim_server *server)
{
    struct world *world = server->world;

    server->attached = true;
    server->bytecount_s = 0;
    server->in_n = 0;
    if (server->blind != SIM_NONE)
        world->ledger.blinds[server->blind].to = world->now;
    server->blind = SIM_NONE;
    say(server, ">INFO:OpenVPN Management Interface Version %d -- type 'help' for more info",
        server->spec->v2_7 ? 6 : 5);
    if (server->waiting)
        wire_hold(server);
}

void wire_detach(struct sim_server *server)
{
    struct world *world = server->world;

    if (!server->attached)
        return;
    server->attached = false;
    server->out.begin = server->out.end = 0;
    server->blind = ledger_add_blind(&world->ledger);
    world->ledger.blinds[server->blind] =
        (struct sim_blind){(uint16_t)server->id, world->now, SIM_NEVER};
}

/* ── what the server tells ── */

static void remember_told(struct sim_server *server, const struct sim_peer *peer,
                          struct traffic_count count)
{
    struct sim_session *session = &server->world->ledger.sessions[peer->session];

    session->told = count;
    session->told_at = server->world->now;
}

void wire_bytecount(struct sim_server *server, struct sim_peer *peer)
{
    struct traffic_count count = world_count(server->world, peer->session);

    if (!server->attached)
        return;
    say(server, ">BYTECOUNT_CLI:%" PRIu64 ",%" PRIu64 ",%" PRIu64, peer->cid, count.from_client,
        count.to_client);
    peer->counted_s = server->world->now / 1000;
    remember_told(server, peer, count);
}

static void say_address(struct sim_server *server, const char *name, struct sim_address address)
{
    char text[SIM_ADDRESS_SIZE];

    if (address.space != SIM_NOWHERE)
        say(server, ">CLIENT:ENV,%s=%s", name, sim_address_text(address, text));
}

static const char *time_text(int64_t ms, char text[32])
{
    time_t s = (time_t)(ms / 1000);
    struct tm tm;

    gmtime_r(&s, &tm);
    strftime(text, 32, "%Y-%m-%d %H:%M:%S", &tm);
    return text;
}

/* What its environment holds of the client. */
static void say_client(struct sim_server *server, const struct sim_peer *peer)
{
    char name[SIM_NAME_SIZE], when[32];

    say(server, ">CLIENT:ENV,time_ascii=%s", time_text(peer->created, when));
    say(server, ">CLIENT:ENV,time_unix=%" PRId64, peer->created / 1000);
    say_address(server, "ifconfig_pool_remote_ip6", peer->vpn6);
    say_address(server, "ifconfig_pool_remote_ip", peer->vpn4);
    say(server, ">CLIENT:ENV,trusted_port=%u", peer->port);
    say_address(server, peer->real.space == SIM_REAL6 ? "trusted_ip6" : "trusted_ip", peer->real);
    say(server, ">CLIENT:ENV,common_name=%s", sim_common_name_text(server, peer, name));
    say(server, ">CLIENT:ENV,username=%s", sim_typed_text(peer, name));
    say(server, ">CLIENT:ENV,session_state=Initial");
    say(server, ">CLIENT:ENV,session_id=token%u", peer->client);
    say(server, ">CLIENT:ENV,untrusted_port=%u", peer->port);
    say_address(server, peer->real.space == SIM_REAL6 ? "untrusted_ip6" : "untrusted_ip",
                peer->real);
    say(server, ">CLIENT:ENV,IV_PROTO=990");
    say(server, ">CLIENT:ENV,IV_CIPHERS=AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305");
    say(server, ">CLIENT:ENV,IV_PLAT=%s", peer->client % 3 ? "linux" : "win");
    say(server, ">CLIENT:ENV,IV_VER=2.6.14");
}

void wire_established(struct sim_server *server, struct sim_peer *peer)
{
    if (!server->attached)
        return;
    if (peer->session != SIM_NONE)
        server->world->ledger.sessions[peer->session].announced = server->world->now;
    say(server, ">CLIENT:ESTABLISHED,%" PRIu64, peer->cid);
    say(server, ">CLIENT:ENV,n_clients=%u", server->n_established);
    say_client(server, peer);
    say(server, ">CLIENT:ENV,remote_port_1=1194");
    say(server, ">CLIENT:ENV,local_port_1=1194");
    say(server, ">CLIENT:ENV,proto_1=udp");
    say(server, ">CLIENT:ENV,daemon_pid=%d", server->pid);
    say(server, ">CLIENT:ENV,daemon_start_time=%" PRId64, server->daemon_start);
    say(server, ">CLIENT:ENV,daemon_log_redirect=0");
    say(server, ">CLIENT:ENV,daemon=0");
    say(server, ">CLIENT:ENV,verb=3");
    say(server, ">CLIENT:ENV,config=/etc/openvpn/server/%s.conf", server->spec->name);
    say(server, ">CLIENT:ENV,ifconfig_local=10.%u.0.1", server->id * 2);
    say(server, ">CLIENT:ENV,ifconfig_netmask=255.254.0.0");
    say(server, ">CLIENT:ENV,script_context=init");
    say(server, ">CLIENT:ENV,tun_mtu=1500");
    say(server, ">CLIENT:ENV,dev_type=tun");
    say(server, ">CLIENT:ENV,dev=tun%u", server->id);
    say(server, ">CLIENT:ENV,redirect_gateway=0");
    say(server, ">CLIENT:ENV,END");
    if (peer->session == SIM_NONE && server->bytecount_s > 0)
        say(server, ">BYTECOUNT_CLI:%" PRIu64 ",%d,%d", peer->cid, TRAFFIC_HANDSHAKE - 1,
            TRAFFIC_HANDSHAKE);
}

/* ── state ── */

void wire_state(struct sim_server *server, const char *state, const char *detail)
{
    struct sim_past *past = server->past;
    const unsigned room = sizeof server->past / sizeof *server->past;
    char local[32] = "";

    if (server->n_past == room)
        memmove(&past[0], &past[1], --server->n_past * sizeof *past);
    past += server->n_past++;
    past->at = server->world->now / 1000;
    if (strcmp(state, "RECONNECTING") != 0)
        snprintf(local, sizeof local, "10.%u.0.1", server->id * 2);
    snprintf(past->text, sizeof past->text, "%s,%s,%s,,,,", state, detail, local);
}

static void say_states(struct sim_server *server, unsigned from)
{
    for (unsigned i = from; i < server->n_past; i++)
        say(server, "%" PRId64 ",%s", server->past[i].at, server->past[i].text);
    say(server, "END");
}

static void command_state(struct sim_server *server, const char *argument)
{
    if (!*argument)
        say_states(server, server->n_past > 0 ? server->n_past - 1 : 0);
    else if (strcmp(argument, "all") == 0)
        say_states(server, 0);
    else
        say(server, "SUCCESS: real-time state notification set to %s",
            strcmp(argument, "on") == 0 ? "ON" : "OFF");
}

/* ── status 3 ── */

/* 2.6 shows no port of an IPv6 address (mroute_addr_print_ex). */
static const char *real_text(const struct sim_server *server, const struct sim_peer *peer,
                             char text[80])
{
    char address[SIM_ADDRESS_SIZE];
    bool six = peer->real.space == SIM_REAL6;

    sim_address_text(peer->real, address);
    if (server->spec->v2_7 && six)
        snprintf(text, 80, "udp6:[%s]:%u", address, peer->port);
    else if (server->spec->v2_7)
        snprintf(text, 80, "udp4:%s:%u", address, peer->port);
    else if (six)
        snprintf(text, 80, "%s", address);
    else
        snprintf(text, 80, "%s:%u", address, peer->port);
    return text;
}

static struct traffic_count status_count(struct sim_server *server, const struct sim_peer *peer)
{
    struct sim_session *session;
    struct traffic_count count = {TRAFFIC_HANDSHAKE - 1, TRAFFIC_HANDSHAKE};

    if (peer->session == SIM_NONE)
        return count;
    session = &server->world->ledger.sessions[peer->session];
    count = world_count(server->world, peer->session);
    remember_told(server, peer, count);
    if (session->listed == SIM_NEVER)
        session->listed = server->world->now;
    return count;
}

static void say_status_client(struct sim_server *server, const struct sim_peer *peer)
{
    bool known = peer->authenticated;
    struct traffic_count count = status_count(server, peer);
    char real[80], vpn4[SIM_ADDRESS_SIZE], vpn6[SIM_ADDRESS_SIZE], when[32];
    char name[SIM_NAME_SIZE] = "UNDEF", cn[SIM_NAME_SIZE] = "UNDEF";

    if (known) {
        sim_typed_text(peer, name);
        sim_common_name_text(server, peer, cn);
    }
    say(server,
        "CLIENT_LIST\t%s\t%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%s\t%" PRId64 "\t%s\t%" PRIu64
        "\t%u\tAES-256-GCM",
        cn, real_text(server, peer, real), sim_address_text(peer->vpn4, vpn4),
        sim_address_text(peer->vpn6, vpn6), count.from_client, count.to_client,
        time_text(peer->created, when), peer->created / 1000, name, peer->cid, peer->place);
}

static void say_status_route(struct sim_server *server, const struct sim_peer *peer,
                             struct sim_address address)
{
    char real[80], vpn[SIM_ADDRESS_SIZE], cn[SIM_NAME_SIZE], when[32];

    if (address.space == SIM_NOWHERE)
        return;
    say(server, "ROUTING_TABLE\t%s\t%s\t%s\t%s\t%" PRId64, sim_address_text(address, vpn),
        sim_common_name_text(server, peer, cn), real_text(server, peer, real),
        time_text(server->world->now, when), server->world->now / 1000);
}

static void command_status(struct sim_server *server, const char *argument)
{
    char when[32];

    (void)argument; /* nobody asks for another form than 3 */
    say(server, "TITLE\tOpenVPN %s x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] [EPOLL]",
        server->spec->v2_7 ? "2.7.6" : "2.6.14");
    say(server, "TIME\t%s\t%" PRId64, time_text(server->world->now, when),
        server->world->now / 1000);
    say(server, "HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\t"
                "Virtual IPv6 Address\tBytes Received\tBytes Sent\tConnected Since\t"
                "Connected Since (time_t)\tUsername\tClient ID\tPeer ID\tData Channel Cipher");
    for (uint32_t i = 0; i < server->n_peers; i++)
        say_status_client(server, server->peers[i]);
    say(server, "HEADER\tROUTING_TABLE\tVirtual Address\tCommon Name\tReal Address\tLast Ref\t"
                "Last Ref (time_t)");
    for (uint32_t i = 0; i < server->n_peers; i++) {
        say_status_route(server, server->peers[i], server->peers[i]->vpn4);
        say_status_route(server, server->peers[i], server->peers[i]->vpn6);
    }
    say(server, "GLOBAL_STATS\tMax bcast/mcast queue length\t0");
    say(server, "GLOBAL_STATS\tdco_enabled\t0");
    say(server, "END");
}

/* ── commands ── */

static void command_version(struct sim_server *server, const char *argument)
{
    if (*argument) /* tells what the client understands; 2.6 answers nothing */
        return;
    say(server, "OpenVPN Version: OpenVPN %s x86_64-pc-linux-gnu",
        server->spec->v2_7 ? "2.7.6" : "2.6.14");
    say(server, "Management Version: %d", server->spec->v2_7 ? 6 : 5);
    say(server, "END");
}

static void command_pid(struct sim_server *server, const char *argument)
{
    (void)argument;
    say(server, "SUCCESS: pid=%d", server->pid);
}

static void command_env_filter(struct sim_server *server, const char *argument)
{
    say(server, "SUCCESS: env_filter_level=%d", atoi(argument));
}

static void command_bytecount(struct sim_server *server, const char *argument)
{
    server->bytecount_s = atoi(argument);
    say(server, "SUCCESS: bytecount interval changed");
}

static void command_hold(struct sim_server *server, const char *argument)
{
    if (strcmp(argument, "release") != 0) {
        say(server, "ERROR: bad hold command parameter");
        return;
    }
    say(server, "SUCCESS: hold release succeeded");
    server_release(server);
}

static void dispatch(struct sim_server *server, char *line)
{
    static const struct {
        const char *name;
        void (*call)(struct sim_server *server, const char *argument);
    } commands[] = {
        {"version", command_version},
        {"pid", command_pid},
        {"env-filter", command_env_filter},
        {"bytecount", command_bytecount},
        {"hold", command_hold},
        {"state", command_state},
        {"status", command_status},
    };
    char *argument = line + strcspn(line, " ");

    if (*argument)
        *argument++ = '\0';
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(line, commands[i].name) == 0) {
            commands[i].call(server, argument);
            return;
        }
    say(server, "ERROR: unknown command [%s], enter 'help' for more options", line);
}

void wire_input(struct sim_server *server, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n && server->attached; i++) {
        if (bytes[i] == '\n') {
            while (server->in_n > 0 && server->in[server->in_n - 1] == '\r')
                server->in_n--;
            server->in[server->in_n] = '\0';
            server->in_n = 0;
            if (*server->in)
                dispatch(server, server->in);
        } else {
            if (server->in_n == sizeof server->in - 1)
                server->in_n = 0; /* as OpenVPN does */
            server->in[server->in_n++] = bytes[i];
        }
    }
}
