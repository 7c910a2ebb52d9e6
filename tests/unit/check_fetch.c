/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to a small server of the test's own, which answers in all the ways there are. */
#include "tests/unit/unit.h"

#include "mgmtd/fetch.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))
#define MAX_SIZE     1000
#define LARGE                                                                          \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define HUGE LARGE LARGE LARGE LARGE LARGE LARGE LARGE

struct server {
    int listener;
    char url[64];
    const char *answer;
    bool stalls; /* after the answer, instead of closing */
    char asked[2000];
    unsigned requests;
    pthread_t thread;
};

static void serve_one(struct server *server, int client)
{
    size_t n = 0;
    ssize_t got;

    while (n + 1 < sizeof(server->asked) &&
           (got = read(client, server->asked + n, sizeof(server->asked) - 1 - n)) > 0) {
        n += (size_t)got;
        server->asked[n] = '\0';
        if (strstr(server->asked, "\r\n\r\n"))
            break;
    }
    server->requests++;
    if (send(client, server->answer, strlen(server->answer), MSG_NOSIGNAL) < 0)
        return;
    while (server->stalls && read(client, server->asked, 1) > 0)
        continue; /* until the other side has enough */
}

static void *serve(void *arg)
{
    struct server *server = arg;
    int client;

    while ((client = accept(server->listener, NULL, NULL)) >= 0) {
        serve_one(server, client);
        close(client);
    }
    return NULL;
}

static void start(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(server->listener, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(server->listener, 8), 0);
    ck_assert_int_eq(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d/list", ntohs(address.sin_port));
    ck_assert_int_eq(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

/* Asks once, with at most `timeout_s`. */
static struct fetch_result ask(struct server *server, const char *etag, unsigned timeout_s)
{
    const struct fetch_settings settings = {.timeout_s = timeout_s, .max_size = MAX_SIZE};
    CURLM *multi = curl_multi_init();
    struct fetch_result result = {0};
    int running;

    start(server);
    ck_assert_ptr_nonnull(fetch_start(multi, &settings, server->url, etag, "", server));
    for (;;) {
        ck_assert_int_eq(curl_multi_perform(multi, &running), CURLM_OK);
        if (fetch_finished(multi, &result) == server)
            break;
        curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
    stop(server);
    curl_multi_cleanup(multi);
    return result;
}

static const struct {
    const char *etag; /* that is asked with */
    const char *answer;
    const char *body;  /* NULL: none */
    const char *error; /* NULL: the body, or unmodified */
    const char *tag;
    int retry_after_s;
} answers[] = {
    {"", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag:  \"one\" \r\n\r\nabc", "abc", NULL,
     "\"one\"", 0},
    {"", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", NULL, "", 0},
    {"", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", "abc", NULL, "", 0},
    {"", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "abc", NULL,
     "", 0},
    {"\"one\"", "HTTP/1.1 304 Not Modified\r\n\r\n", NULL, NULL, "", 0},
    {"", "HTTP/1.1 304 Not Modified\r\n\r\n", NULL, "status 304", "", 0},
    /* Not all of it, or nobody knows. */
    {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", NULL, "in the middle, after 3", "", 0},
    {"", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", NULL, "", "", 0},
    {"", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", NULL, "", "", 0},
    {"", "HTTP/1.1 200 OK\r\n\r\nabc", NULL, "does not say how long", "", 0},
    {"", "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc", NULL, "", "", 0},
    {"", "HTTP/1.1 200 OK\r\nContent-Le", NULL, "", "", 0},
    {"", "", NULL, "cannot be fetched", "", 0},
    {"", "garbage\r\n\r\n", NULL, "", "", 0},
    /* Too much of it, whether it says so or not. */
    {"", "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", NULL, "fetch-max-size (1000", "", 0},
    {"", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", NULL, "", "", 0},
    {"", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n460\r\n" HUGE "\r\n0\r\n\r\n", NULL,
     "fetch-max-size (1000", "", 0},
    /* Not what was asked for. */
    {"", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Encoding: gzip\r\n\r\nabc", NULL,
     "is compressed", "", 0},
    {"", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: Text/HTML; x\r\n\r\nabc", NULL,
     "page of HTML", "", 0},
    {"", "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 120\r\n\r\n", NULL, "status 503",
     "", 120},
    {"", "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 99999999\r\n\r\n", NULL,
     "status 503", "", 86400},
    {"", "HTTP/1.1 302 Away\r\nContent-Length: 0\r\nLocation: file:///etc/passwd\r\n\r\n", NULL,
     "which is neither", "", 0},
    {"", "HTTP/1.1 302 Away\r\nContent-Length: 0\r\nLocation: /list\r\n\r\n", NULL,
     "more than 5 times", "", 0},
    /* A tag that is none, or too long to keep. */
    {"", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: \"\x01\"\r\n\r\nabc", "abc", NULL, "", 0},
    {"", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: " LARGE LARGE "\r\n\r\nabc", "abc", NULL,
     "", 0},
};

START_TEST(an_answer_is_all_of_it_or_none_and_says_why)
{
    struct server server = {.answer = answers[_i].answer};
    struct fetch_result result = ask(&server, answers[_i].etag, 30);

    if (answers[_i].error) {
        ck_assert_int_eq(result.outcome, FETCH_FAILED);
        ck_assert_uint_gt(strlen(result.error), 5);
        ck_assert_msg(strstr(result.error, answers[_i].error) != NULL, "%s", result.error);
    }
    if (answers[_i].body) {
        ck_assert_int_eq(result.outcome, FETCH_GOOD);
        ck_assert_uint_eq(result.n, strlen(answers[_i].body));
        ck_assert(result.n == 0 || memcmp(result.body, answers[_i].body, result.n) == 0);
    } else {
        ck_assert_ptr_null(result.body);
    }
    if (!answers[_i].error && !answers[_i].body)
        ck_assert_int_eq(result.outcome, FETCH_UNMODIFIED);
    ck_assert_str_eq(result.etag, answers[_i].tag);
    ck_assert_int_eq((int)result.retry_after_s, answers[_i].retry_after_s);
    ck_assert_uint_le(server.requests, FETCH_MAX_REDIRECTS + 1);
    free(result.body);
}
END_TEST

START_TEST(a_tag_is_sent_along_and_nothing_that_would_end_the_line)
{
    struct server server = {.answer = "HTTP/1.1 304 Not Modified\r\n\r\n"};
    struct fetch_result result = ask(&server, "\"one\"", 30);

    ck_assert_int_eq(result.outcome, FETCH_UNMODIFIED);
    ck_assert_ptr_nonnull(strstr(server.asked, "\r\nIf-None-Match: \"one\"\r\n"));
    ck_assert_ptr_nonnull(strstr(server.asked, "\r\nUser-Agent: byway-mgmtd/"));
    result = ask(&server, "x\r\nEvil: 1", 30);
    ck_assert_int_eq(result.outcome, FETCH_FAILED);
    ck_assert_ptr_null(strstr(server.asked, "Evil"));
}
END_TEST

static const char *const slow[] = {"", "H", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"};

START_TEST(a_server_that_stalls_is_left_when_the_time_is_up)
{
    struct server server = {.answer = slow[_i], .stalls = true};
    time_t began = time(NULL);
    struct fetch_result result = ask(&server, "", 1);

    ck_assert_int_eq(result.outcome, FETCH_FAILED);
    ck_assert_ptr_null(result.body);
    ck_assert_int_lt((int)(time(NULL) - began), 20);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("fetch");
    TCase *tests = tcase_create("fetch");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, an_answer_is_all_of_it_or_none_and_says_why, 0, COUNT(answers));
    tcase_add_test(tests, a_tag_is_sent_along_and_nothing_that_would_end_the_line);
    tcase_add_loop_test(tests, a_server_that_stalls_is_left_when_the_time_is_up, 0, COUNT(slow));
    suite_add_tcase(suite, tests);
    return suite;
}
