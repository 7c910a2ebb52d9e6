/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a published list takes from the request to the state file: fetched by HTTP from a
 * process beside, read, judged, merged, written, synced and renamed. And its parts, for a
 * plain list and for JSON; then with every hundredth prefix changed, and with none.
 */
#include <config.h>

#include "mgmtd/apply.h"
#include "mgmtd/fetch.h"
#include "mgmtd/range_list.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *const wanted[] = {"fetch http://127.0.0.1/"};
static const struct safety_rules rules = {
    .shortest_ipv4 = 8, .shortest_ipv6 = 19, .max_change = 50};

struct list {
    char *text;
    size_t n;
};

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ── the lists ── */

static uint64_t mix(uint64_t x) /* splitmix64 */
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* Anybody's prefix: of IPv4 between /20 and /32, a quarter of them IPv6. */
static void one_prefix(char *text, size_t size, unsigned i, unsigned shift)
{
    uint64_t mixed = mix(i + (uint64_t)shift);
    unsigned len = 20 + mixed % 13;
    uint32_t v4 = (uint32_t)(16 + (mixed >> 8) % 80) << 24 | (mixed >> 32 & 0xffffff);

    v4 &= (uint32_t)(UINT64_C(0xffffffff) << (32 - len));
    if (i % 4 == 3)
        snprintf(text, size, "2a%02x:%x:%x::/48", (unsigned)(mixed & 255),
                 (unsigned)(mixed >> 8 & 0xfff), (unsigned)(mixed >> 32 & 0xffff));
    else
        snprintf(text, size, "%u.%u.%u.%u/%u", v4 >> 24, v4 >> 16 & 255, v4 >> 8 & 255, v4 & 255,
                 len);
}

static struct list make_list(unsigned n, bool json, bool changed)
{
    struct list list = {malloc((size_t)n * 110 + 100), 0};

    if (list.text == NULL)
        abort();
    if (json)
        list.n += (size_t)sprintf(list.text, "{\"prefixes\": [\n");
    for (unsigned i = 0; i < n; i++) {
        char prefix[64];

        one_prefix(prefix, sizeof(prefix), i, changed && i % 100 == 0 ? 77777777 : 0);
        if (json)
            list.n += (size_t)sprintf(list.text + list.n,
                                      "{\"ip_prefix\": \"%s\", \"region\": \"eu-west-%u\", "
                                      "\"service\": \"S3\"}%s\n",
                                      prefix, i % 3, i + 1 < n ? "," : "");
        else
            list.n += (size_t)sprintf(list.text + list.n, "%s\n", prefix);
    }
    if (json)
        list.n += (size_t)sprintf(list.text + list.n, "]}\n");
    return list;
}

/* ── fetching ── */

/* Answers every request with the list; returns the port. */
static int serve(const struct list *list, pid_t *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 5) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        abort();
    *server = fork();
    while (*server == 0) {
        int client = accept(listener, NULL, NULL);
        char head[200];
        size_t sent = 0;

        if (client < 0 || read(client, head, sizeof(head)) < 0)
            _exit(1);
        dprintf(client, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                list->n);
        while (sent < list->n) {
            ssize_t n = write(client, list->text + sent, list->n - sent);

            if (n <= 0)
                break;
            sent += (size_t)n;
        }
        close(client);
    }
    close(listener);
    return ntohs(address.sin_port);
}

/* The longest that one turn kept the loop, in *longest. */
static double fetch_list(const struct list *list, struct fetch_result *result, double *longest)
{
    const struct fetch_settings settings = {.timeout_s = 60, .max_size = (size_t)1 << 30};
    CURLM *multi = curl_multi_init();
    char url[64];
    pid_t server;
    double began;

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", serve(list, &server));
    began = now_ms();
    *longest = 0;
    if (fetch_start(multi, &settings, url, "", "", (void *)wanted) == NULL)
        abort();
    for (;;) {
        double turn = now_ms();
        int running;

        curl_multi_perform(multi, &running);
        if (fetch_finished(multi, result) != NULL)
            break;
        turn = now_ms() - turn;
        *longest = turn > *longest ? turn : *longest;
        curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    began = now_ms() - began;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    curl_multi_cleanup(multi);
    if (result->outcome != FETCH_GOOD)
        abort();
    return began;
}

/* ── applying ── */

static void show_parts(const struct list *list)
{
    struct safety_sieve *sieve = safety_sieve_new(&rules);
    double began = now_ms(), read, merged;
    size_t n = 0, kept = 0;

    if (range_list_read(list->text, list->n, NULL, 0, safety_sieve_take, sieve, &n) !=
        RANGE_LIST_OK)
        abort();
    read = now_ms();
    prefix_set_cover(safety_sieve_finish(sieve), &kept, NULL);
    merged = now_ms();
    printf("  %zu read and judged %.0f ms, merged to %zu %.0f ms\n", n, read - began, kept,
           merged - read);
    safety_sieve_free(sieve);
}

static double apply_list(const char *folder, const struct fetch_result *fetched,
                         struct apply_outcome *outcome)
{
    const struct apply_task task = {
        .file = {folder, STATE_FETCHED, "bench", wanted, 1},
        .rules = {.shortest_ipv4 = 8, .shortest_ipv6 = 19, .max_change = 50},
        .what = wanted[0],
        .now = time(NULL),
        .body = fetched->body,
        .n_body = fetched->n};
    double began = now_ms();

    apply_run(&task, outcome);
    if (outcome->verdict == APPLY_FAILED || outcome->verdict == APPLY_HELD) {
        fprintf(stderr, "%s\n", outcome->text);
        exit(1);
    }
    return now_ms() - began;
}

static void measure(const char *folder, const char *name, struct list list)
{
    struct fetch_result fetched;
    struct apply_outcome outcome;
    double longest = 0;
    double fetch_ms = fetch_list(&list, &fetched, &longest);
    double apply_ms = apply_list(folder, &fetched, &outcome);

    printf("%s, %.1f MB: fetched %.0f ms (longest turn of the loop %.1f), to the file %.0f ms, "
           "together %.0f; %ju in use, %zu new, %zu gone\n",
           name, (double)list.n / 1e6, fetch_ms, longest, apply_ms, fetch_ms + apply_ms,
           (uintmax_t)outcome.kept, outcome.added, outcome.removed);
    show_parts(&list);
    free(fetched.body);
    free(list.text);
}

int main(int argc, char **argv)
{
    unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000000;
    struct rusage usage;
    char file[4096];

    if (argc < 2) {
        fprintf(stderr, "usage: refresh-bench FOLDER [PREFIXES]\n");
        return 2;
    }
    snprintf(file, sizeof(file), "%s/routes/bench.fetched", argv[1]);
    unlink(file);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    measure(argv[1], "list, the first", make_list(n, false, false));
    measure(argv[1], "list, 1 % changed", make_list(n, false, true));
    measure(argv[1], "list, the same", make_list(n, false, true));
    measure(argv[1], "JSON, 1 % changed", make_list(n, true, false));
    getrusage(RUSAGE_SELF, &usage);
    printf("memory at most %ld MiB, with both copies of the text\n", usage.ru_maxrss / 1024);
    return 0;
}
