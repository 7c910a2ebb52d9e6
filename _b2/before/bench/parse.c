/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse-bench [ROUNDS]: lines of the management interface read per second of CPU time, on
 * one core; the median of the rounds (default 25) and the slowest.
 *
 * The mix is what a server of 10,000 clients says in five minutes: every client's byte
 * counts every 10 s, logins (of an hour each) with their environment, and one `status 3`.
 * Beside our parser: finding the ends of the lines with memchr() alone, which nobody who
 * looks at every byte can beat by much, and sscanf() on every line, which is the obvious way.
 */
#include "mgmtd/management_parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLIENTS    10000
#define SECONDS    300
#define INTERVAL   10
#define SESSION    3600
#define PIECE      ((size_t)64 * 1024)
#define MAX_ROUNDS 1000

struct text {
    char *bytes;
    size_t n;
    size_t lines;
};

/* ── what a server says ── */

static void say_bytecount(FILE *out)
{
    fprintf(out, ">BYTECOUNT_CLI:%d,%d,%" PRId64 "\r\n", rand() % CLIENTS, rand() % 1000000000,
            (int64_t)rand() * (rand() % 50));
}

/* The variables of a real one (OpenVPN 2.6.14, password login, a client of 2.6). */
static void say_login(FILE *out)
{
    static const char *const constant[] = {
        "time_ascii=2026-11-22 17:57:17",
        "ifconfig_pool_ip6_netbits=64",
        "ifconfig_pool_local_ip6=fd00:8::1",
        "ifconfig_pool_netmask=255.255.0.0",
        "auth_failed_reason_file=/run/openvpn/openvpn_afr_73402fafe91a49a8757fb3bcd900ae69.tmp",
        "auth_pending_file=/run/openvpn/openvpn_apf_66dc10e5645c87271388d40d484a28b8.tmp",
        "auth_control_file=/run/openvpn/openvpn_acf_491853f29aaf1c8359f86dea66b7aec8.tmp",
        "script_type=user-pass-verify",
        "untrusted_port=44463",
        "untrusted_ip=192.0.2.1",
        "IV_GUI_VER=OpenVPN_GUI_11",
        "IV_PLAT_VER=6.1.0",
        "IV_SSL=OpenSSL_3.0.22",
        "IV_COMP_STUBv2=1",
        "IV_COMP_STUB=1",
        "IV_LZO_STUB=1",
        "IV_PROTO=990",
        "IV_CIPHERS=AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305",
        "IV_NCP=2",
        "IV_MTU=1600",
        "IV_TCPNL=1",
        "IV_PLAT=linux",
        "IV_VER=2.6.14",
        "remote_port_1=1194",
        "local_port_1=1194",
        "proto_1=udp6",
        "daemon_pid=27456",
        "daemon_start_time=1795370230",
        "daemon_log_redirect=0",
        "daemon=0",
        "verb=1",
        "config=server.conf",
        "ifconfig_local=10.8.0.1",
        "ifconfig_netmask=255.255.0.0",
        "ifconfig_ipv6_local=fd00:8::1",
        "ifconfig_ipv6_netbits=64",
        "ifconfig_ipv6_remote=fd00:8::2",
        "route_net_gateway=0.0.0.0",
        "route_vpn_gateway=10.8.0.2",
        "script_context=init",
        "tun_mtu=1500",
        "dev=tun0",
        "dev_type=tun",
        "redirect_gateway=0",
    };
    int cid = rand() % CLIENTS;

    fprintf(out, ">CLIENT:ESTABLISHED,%d\r\n>CLIENT:ENV,n_clients=%d\r\n", cid, CLIENTS);
    fprintf(out, ">CLIENT:ENV,time_unix=%d\r\n", 1795370237 + cid);
    fprintf(out, ">CLIENT:ENV,ifconfig_pool_remote_ip6=fd00:8::%x\r\n", 0x1000 + cid);
    fprintf(out, ">CLIENT:ENV,ifconfig_pool_remote_ip=10.8.%d.%d\r\n", cid / 256, cid % 256);
    fprintf(out, ">CLIENT:ENV,trusted_port=%d\r\n", 1024 + cid);
    fprintf(out, ">CLIENT:ENV,trusted_ip=198.51.100.%d\r\n", cid % 256);
    fprintf(out, ">CLIENT:ENV,common_name=user%d\r\n>CLIENT:ENV,username=user%d\r\n", cid, cid);
    for (size_t i = 0; i < sizeof(constant) / sizeof(constant[0]); i++)
        fprintf(out, ">CLIENT:ENV,%s\r\n", constant[i]);
    fputs(">CLIENT:ENV,END\r\n", out);
}

static void say_status(FILE *out)
{
    fputs("TITLE\tOpenVPN 2.6.14 x86_64-pc-linux-gnu\r\n"
          "TIME\t2026-11-22 17:57:23\t1795370243\r\n"
          "HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\t"
          "Virtual IPv6 Address\tBytes Received\tBytes Sent\tConnected Since\t"
          "Connected Since (time_t)\tUsername\tClient ID\tPeer ID\tData Channel Cipher\r\n",
          out);
    for (int i = 0; i < CLIENTS; i++)
        fprintf(out,
                "CLIENT_LIST\tuser%d\t198.51.100.%d:%d\t10.8.%d.%d\tfd00:8::%x\t%d\t%d\t"
                "2026-11-22 17:57:17\t1795370237\tuser%d\t%d\t%d\tAES-256-GCM\r\n",
                i, i % 256, 1024 + i, i / 256, i % 256, 0x1000 + i, rand(), rand(), i, i, i);
    fputs("HEADER\tROUTING_TABLE\tVirtual Address\tCommon Name\tReal Address\tLast Ref\t"
          "Last Ref (time_t)\r\n",
          out);
    for (int i = 0; i < CLIENTS; i++) {
        fprintf(out, "ROUTING_TABLE\t10.8.%d.%d\tuser%d\t198.51.100.%d:%d", i / 256, i % 256, i,
                i % 256, 1024 + i);
        fprintf(out, "\t2026-11-22 17:57:17\t1795370237\r\n");
        fprintf(out, "ROUTING_TABLE\tfd00:8::%x\tuser%d\t198.51.100.%d:%d", 0x1000 + i, i, i % 256,
                1024 + i);
        fprintf(out, "\t2026-11-22 17:57:17\t1795370237\r\n");
    }
    fputs("GLOBAL_STATS\tMax bcast/mcast queue length\t0\r\nEND\r\n", out);
}

/* So many lines of byte counts, logins, and statuses, evenly mixed. */
static struct text make(int counts, int logins, int statuses)
{
    struct text text = {0};
    FILE *out = open_memstream(&text.bytes, &text.n);

    srand(1);
    for (int i = 0; i < statuses; i++)
        say_status(out);
    for (int i = 0; i < (counts ? counts : logins); i++) {
        if (counts)
            say_bytecount(out);
        if (logins && (!counts || i % (counts / logins) == 0))
            say_login(out);
    }
    fclose(out);
    for (size_t i = 0; i < text.n; i++)
        text.lines += text.bytes[i] == '\n';
    return text;
}

/* ── ways to read it ── each returns something that depends on all of it */

static void add(void *arg, const struct management_event *event)
{
    uint64_t *sum = arg;

    *sum += (uint64_t)event->client.cid + (uint64_t)event->client.bytes_sent;
}

static uint64_t ours(const struct text *text)
{
    uint64_t sum = 0;
    struct management_parser *parser = management_parser_new(add, &sum);

    for (size_t at = 0; at < text->n; at += PIECE)
        management_parser_feed(parser, text->bytes + at,
                               text->n - at < PIECE ? text->n - at : PIECE);
    sum += management_parser_garbage(parser);
    management_parser_free(parser);
    return sum;
}

static uint64_t with_memchr(const struct text *text)
{
    uint64_t sum = 0;
    const char *at = text->bytes, *end = text->bytes + text->n;

    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL)
        sum += (uint64_t)(++at - text->bytes);
    return sum;
}

static uint64_t scan(const char *line)
{
    unsigned long long cid = 0, in = 0, out = 0, since = 0;
    char name[256], value[8192], cn[256], real[64], vpn4[64], vpn6[64];

    if (sscanf(line, ">BYTECOUNT_CLI:%llu,%llu,%llu", &cid, &in, &out) == 3)
        return cid + in + out;
    if (sscanf(line, ">CLIENT:ENV,%255[^=]=%8191[^\r]", name, value) == 2)
        return (uint64_t)name[0] + (uint64_t)value[0];
    if (sscanf(line, ">CLIENT:ESTABLISHED,%llu", &cid) == 1)
        return cid;
    if (sscanf(line,
               "CLIENT_LIST\t%255[^\t]\t%63[^\t]\t%63[^\t]\t%63[^\t]\t%llu\t%llu\t%*[^\t]\t%llu\t"
               "%255[^\t]\t%llu",
               cn, real, vpn4, vpn6, &in, &out, &since, name, &cid) == 9)
        return cid + in + out + since;
    if (sscanf(line, "ROUTING_TABLE\t%63[^\t]\t%255[^\t]\t%63[^\t]", vpn4, cn, real) == 3)
        return (uint64_t)vpn4[0];
    return 0;
}

static uint64_t with_sscanf(const struct text *text)
{
    uint64_t sum = 0;
    char line[MANAGEMENT_MAX_LINE];
    const char *at = text->bytes, *end = text->bytes + text->n, *next = NULL;

    for (; (next = memchr(at, '\n', (size_t)(end - at))) != NULL; at = next + 1) {
        memcpy(line, at, (size_t)(next - at));
        line[next - at] = '\0';
        sum += scan(line);
    }
    return sum;
}

/* ── measuring ── */

static double cpu_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void measure(const char *what, const struct text *text, long rounds,
                    uint64_t (*way)(const struct text *))
{
    static volatile uint64_t sum;
    double took[MAX_ROUNDS];

    sum = way(text); /* once for the caches */
    for (long i = 0; i < rounds; i++) {
        double began = cpu_s();

        sum += way(text);
        took[i] = cpu_s() - began;
    }
    qsort(took, (size_t)rounds, sizeof(took[0]), by_size);
    printf("%-34s %8zu lines %6.1f ns a line %7.2f million lines/s (slowest %.2f) %6.0f MB/s\n",
           what, text->lines, took[rounds / 2] * 1e9 / (double)text->lines,
           (double)text->lines / took[rounds / 2] / 1e6,
           (double)text->lines / took[rounds - 1] / 1e6, (double)text->n / took[rounds / 2] / 1e6);
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 25;
    int counts = CLIENTS / INTERVAL * SECONDS, logins = CLIENTS * SECONDS / SESSION;
    struct text mix = make(counts, logins, 1);
    struct text only_counts = make(counts, 0, 0);
    struct text only_logins = make(0, logins, 0);
    struct text only_status = make(0, 0, 1);

    if (rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: parse-bench [ROUNDS]\n");
        return 2;
    }
    measure("Byway, the mix", &mix, rounds, ours);
    measure("- memchr alone (the bound)", &mix, rounds, with_memchr);
    measure("- sscanf (the obvious way)", &mix, rounds, with_sscanf);
    measure("Byway, byte counts only", &only_counts, rounds, ours);
    measure("- memchr alone", &only_counts, rounds, with_memchr);
    measure("- sscanf", &only_counts, rounds, with_sscanf);
    measure("Byway, environments only", &only_logins, rounds, ours);
    measure("Byway, status 3 only", &only_status, rounds, ours);
    free(mix.bytes);
    free(only_counts.bytes);
    free(only_logins.bytes);
    free(only_status.bytes);
    return 0;
}
