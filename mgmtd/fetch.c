/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Redirects are followed by hand, as libcurl's own rule for them has no memory: http to https
 * and back to http would be followed.
 */
#include <config.h>

#include "mgmtd/fetch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "lib/dirs.h"
#include "mgmtd/clock.h"

#define FIRST_ROOM      ((size_t)64 * 1024)
#define MAX_RETRY_AFTER 86400

struct fetch {
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    void *owner;
    int64_t until_us;
    unsigned redirects;
    bool conditional;
    size_t max_size;
    char *body;
    size_t n, room;
    bool too_large, out_of_memory;
    bool encoded;    /* the body is compressed, or the like */
    bool has_length; /* the server says where the body ends */
    char etag[FETCH_TAG_SIZE], modified[FETCH_TAG_SIZE];
    char error[CURL_ERROR_SIZE];
};

/* ── what comes in ── */

static bool make_room(struct fetch *fetch, size_t more)
{
    size_t room = fetch->room > 0 ? fetch->room : FIRST_ROOM;
    char *body;

    while (room < fetch->n + more)
        room *= 2;
    if (room == fetch->room)
        return true;
    body = realloc(fetch->body, room);
    if (body == NULL)
        return false;
    fetch->body = body;
    fetch->room = room;
    return true;
}

/* Anything but `n` ends the transfer. */
static size_t take_body(char *data, size_t size, size_t n, void *arg)
{
    struct fetch *fetch = arg;

    n *= size;
    fetch->too_large = n > fetch->max_size - fetch->n;
    if (fetch->too_large)
        return 0;
    fetch->out_of_memory = !make_room(fetch, n);
    if (fetch->out_of_memory)
        return 0;
    memcpy(fetch->body + fetch->n, data, n);
    fetch->n += n;
    return n;
}

/* The value of this header, without blanks around it, in *value; false for another header. */
static bool is_header(const char *name, const char *data, size_t n, const char **value,
                      size_t *n_value)
{
    size_t length = strlen(name);

    if (n <= length || data[length] != ':' || strncasecmp(data, name, length) != 0)
        return false;
    data += length + 1;
    n -= length + 1;
    while (n > 0 && strchr(" \t\r\n", data[n - 1]) != NULL)
        n--;
    while (n > 0 && (*data == ' ' || *data == '\t')) {
        data++;
        n--;
    }
    *value = data;
    *n_value = n;
    return true;
}

static bool is_printable(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return true;
}

/* What is too long, or no text, is as good as none. */
static void keep_tag(char tag[FETCH_TAG_SIZE], const char *text, size_t n)
{
    tag[0] = '\0';
    if (n >= FETCH_TAG_SIZE || !is_printable(text, n))
        return;
    memcpy(tag, text, n);
    tag[n] = '\0';
}

static bool is_word(const char *text, size_t n, const char *word)
{
    return n == strlen(word) && strncasecmp(text, word, n) == 0;
}

/* Each answer begins with its status line: what an earlier one said is forgotten. */
static void begin_answer(struct fetch *fetch)
{
    fetch->n = 0;
    fetch->encoded = fetch->has_length = false;
    fetch->etag[0] = fetch->modified[0] = '\0';
}

static size_t take_header(char *data, size_t size, size_t n, void *arg)
{
    struct fetch *fetch = arg;
    const char *value;
    size_t n_value;

    n *= size;
    if (n > 5 && memcmp(data, "HTTP/", 5) == 0) {
        begin_answer(fetch);
        /* From version 2 on every body is framed. */
        fetch->has_length = data[5] != '1' && data[5] != '0';
    } else if (is_header("etag", data, n, &value, &n_value)) {
        keep_tag(fetch->etag, value, n_value);
    } else if (is_header("last-modified", data, n, &value, &n_value)) {
        keep_tag(fetch->modified, value, n_value);
    } else if (is_header("content-length", data, n, &value, &n_value)) {
        fetch->has_length = true;
    } else if (is_header("content-encoding", data, n, &value, &n_value)) {
        fetch->encoded = fetch->encoded || !is_word(value, n_value, "identity");
    } else if (is_header("transfer-encoding", data, n, &value, &n_value)) {
        fetch->has_length = true;
        fetch->encoded = fetch->encoded || !is_word(value, n_value, "chunked");
    }
    return fetch->encoded ? 0 : n;
}

/* ── a request ── */

#define OPTION(option, value) (ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK)

/* What holds for each request; see curl_easy_setopt(3) for each of them. */
static bool set_limits(CURL *easy, const struct fetch_settings *settings)
{
    bool ok = true;

    OPTION(CURLOPT_PROTOCOLS_STR, "http,https");
    OPTION(CURLOPT_FOLLOWLOCATION, 0L);
    OPTION(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)settings->max_size);
    OPTION(CURLOPT_SSL_VERIFYPEER, 1L);
    OPTION(CURLOPT_SSL_VERIFYHOST, 2L);
    OPTION(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (settings->ca_file != NULL) {
        OPTION(CURLOPT_CAINFO, settings->ca_file);
        OPTION(CURLOPT_CAPATH, NULL);
        OPTION(CURLOPT_PROXY_CAINFO, settings->ca_file);
        OPTION(CURLOPT_PROXY_CAPATH, NULL);
    }
    OPTION(CURLOPT_PROXY, settings->proxy == NULL ? "" : settings->proxy);
    OPTION(CURLOPT_NOSIGNAL, 1L);
    /* Else ending a request whose name is still being looked up waits for that. */
    OPTION(CURLOPT_QUICK_EXIT, 1L);
    return ok;
}

static bool set_request(struct fetch *fetch)
{
    CURL *easy = fetch->easy;
    bool ok = true;

    OPTION(CURLOPT_USERAGENT, "byway-mgmtd/" PACKAGE_VERSION " (route sets of a VPN server)");
    OPTION(CURLOPT_HTTPHEADER, fetch->headers);
    OPTION(CURLOPT_WRITEFUNCTION, take_body);
    OPTION(CURLOPT_WRITEDATA, fetch);
    OPTION(CURLOPT_HEADERFUNCTION, take_header);
    OPTION(CURLOPT_HEADERDATA, fetch);
    OPTION(CURLOPT_ERRORBUFFER, fetch->error);
    OPTION(CURLOPT_PRIVATE, fetch);
    return ok;
}

static bool add_header(struct fetch *fetch, const char *name, const char *value)
{
    char line[64 + FETCH_TAG_SIZE];
    struct curl_slist *longer;

    if (value[0] == '\0' || !is_printable(value, strlen(value)))
        return true;
    snprintf(line, sizeof(line), "%s: %s", name, value);
    longer = curl_slist_append(fetch->headers, line);
    if (longer == NULL)
        return false;
    fetch->headers = longer;
    fetch->conditional = true;
    return true;
}

/* Sends the request to that URL, with the time that is left. */
static bool begin(struct fetch *fetch, const char *url)
{
    CURL *easy = fetch->easy;
    int64_t left_ms = (fetch->until_us - clock_us()) / 1000;
    bool ok = true;

    OPTION(CURLOPT_URL, url);
    OPTION(CURLOPT_TIMEOUT_MS, (long)(left_ms > 1 ? left_ms : 1));
    OPTION(CURLOPT_CONNECTTIMEOUT_MS, (long)(left_ms > 1 ? left_ms : 1));
    return ok && curl_multi_add_handle(fetch->multi, easy) == CURLM_OK;
}

static void fetch_free(struct fetch *fetch)
{
    curl_easy_cleanup(fetch->easy);
    curl_slist_free_all(fetch->headers);
    free(fetch->body);
    free(fetch);
}

struct fetch *fetch_start(CURLM *multi, const struct fetch_settings *settings, const char *url,
                          const char *etag, const char *modified, void *owner)
{
    struct fetch *fetch = calloc(1, sizeof(*fetch));

    if (fetch == NULL)
        return NULL;
    fetch->multi = multi;
    fetch->owner = owner;
    fetch->max_size = settings->max_size;
    fetch->until_us = clock_us() + (int64_t)settings->timeout_s * 1000000;
    fetch->easy = curl_easy_init();
    if (fetch->easy != NULL && add_header(fetch, "If-None-Match", etag) &&
        add_header(fetch, "If-Modified-Since", modified) && set_limits(fetch->easy, settings) &&
        set_request(fetch) && begin(fetch, url))
        return fetch;
    fetch_free(fetch);
    return NULL;
}

void fetch_stop(struct fetch *fetch)
{
    curl_multi_remove_handle(fetch->multi, fetch->easy);
    fetch_free(fetch);
}

/* ── the end of a request ── */

static bool begins_with(const char *text, const char *start)
{
    return strncasecmp(text, start, strlen(start)) == 0;
}

/* Fails with a text about it. */
static void fail(struct fetch_result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void fail(struct fetch_result *result, const char *format, ...)
{
    va_list arguments;

    result->outcome = FETCH_FAILED;
    va_start(arguments, format);
    vsnprintf(result->error, sizeof(result->error), format, arguments);
    va_end(arguments);
}

/* True if the request goes on elsewhere, or must not: then with a result. */
static bool redirect(struct fetch *fetch, long status, struct fetch_result *result)
{
    const char *from = NULL;
    char *to = NULL;

    curl_easy_getinfo(fetch->easy, CURLINFO_EFFECTIVE_URL, &from);
    curl_easy_getinfo(fetch->easy, CURLINFO_REDIRECT_URL, &to);
    if (status < 300 || status >= 400 || status == 304 || to == NULL)
        return false;
    if (++fetch->redirects > FETCH_MAX_REDIRECTS)
        fail(result, "redirects more than %d times", FETCH_MAX_REDIRECTS);
    else if (!begins_with(to, "https://") && !begins_with(to, "http://"))
        fail(result, "redirects to \"%.200s\", which is neither https nor http", to);
    else if (from != NULL && begins_with(from, "https://") && !begins_with(to, "https://"))
        fail(result, "redirects from https to \"%.200s\"", to);
    else
        result->outcome = FETCH_GOOD;
    if (result->outcome == FETCH_FAILED)
        return true;
    to = strdup(to); /* it is the handle's */
    fetch->n = 0;
    if (to == NULL || !begin(fetch, to))
        fail(result, "redirects to where no request could be sent");
    free(to);
    return true;
}

static void judge_failure(const struct fetch *fetch, CURLcode code, struct fetch_result *result)
{
    if (fetch->encoded)
        fail(result, "is compressed, though that was not asked for");
    else if (fetch->too_large || code == CURLE_FILESIZE_EXCEEDED)
        fail(result, "is larger than fetch-max-size (%zu bytes)", fetch->max_size);
    else if (fetch->out_of_memory)
        fail(result, "is too much for the memory there is");
    else if (code == CURLE_PARTIAL_FILE)
        fail(result, "ended in the middle, after %zu bytes", fetch->n);
    else
        fail(result, "cannot be fetched: %s",
             fetch->error[0] != '\0' ? fetch->error : curl_easy_strerror(code));
}

static void judge_answer(struct fetch *fetch, long status, struct fetch_result *result)
{
    const char *type = NULL;
    curl_off_t wait = 0;

    curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(fetch->easy, CURLINFO_RETRY_AFTER, &wait);
    result->retry_after_s = wait < 0 ? 0 : wait > MAX_RETRY_AFTER ? MAX_RETRY_AFTER : wait;
    if (status == 304 && fetch->conditional)
        result->outcome = FETCH_UNMODIFIED;
    else if (status != 200)
        fail(result, "is not there: the server answers with status %ld", status);
    else if (type != NULL &&
             (begins_with(type, "text/html") || begins_with(type, "application/xh")))
        fail(result, "is a page of HTML, not a list");
    else if (!fetch->has_length)
        fail(result, "does not say how long it is, so half of it would look like all of it");
    else
        result->outcome = FETCH_GOOD;
}

/* True if it has come to its end. */
static bool conclude(struct fetch *fetch, CURLcode code, struct fetch_result *result)
{
    long status = 0;

    *result = (struct fetch_result){.outcome = FETCH_FAILED};
    curl_multi_remove_handle(fetch->multi, fetch->easy);
    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        judge_failure(fetch, code, result);
    else if (!redirect(fetch, status, result))
        judge_answer(fetch, status, result);
    else
        return result->outcome == FETCH_FAILED;
    if (result->outcome != FETCH_GOOD)
        return true;
    memcpy(result->etag, fetch->etag, sizeof(result->etag));
    memcpy(result->modified, fetch->modified, sizeof(result->modified));
    result->body = fetch->body;
    result->n = fetch->n;
    fetch->body = NULL;
    return true;
}

void *fetch_finished(CURLM *multi, struct fetch_result *result)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        struct fetch *fetch = NULL;
        void *owner;

        if (message->msg != CURLMSG_DONE ||
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch) != CURLE_OK ||
            !conclude(fetch, message->data.result, result))
            continue;
        owner = fetch->owner;
        fetch_free(fetch);
        return owner;
    }
    return NULL;
}

/* ── files ── */

bool fetch_is_file(const char *url)
{
    return begins_with(url, "file://");
}

/* The path of a file:// URL, to be freed with curl_free(); NULL if it has none. */
static char *path_of(const char *url)
{
    CURLU *parts = curl_url();
    char *path = NULL;

    if (parts == NULL || curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_PATH, &path, CURLU_URLDECODE) != CURLUE_OK)
        path = NULL;
    curl_url_cleanup(parts);
    return path;
}

static void read_path(const struct fetch_settings *settings, struct dirs *dirs, const char *path,
                      const char *etag, struct fetch_result *result)
{
    struct stat st = {0};

    result->body = dirs_read_file(dirs, path, settings->max_size, &result->n, &st);
    if (result->body == NULL && errno == EFBIG) {
        fail(result, "is larger than fetch-max-size (%zu bytes)", settings->max_size);
        return;
    }
    if (result->body == NULL) {
        fail(result, "cannot be read: %s",
             errno == EINVAL ? "it is not a regular file" : strerror(errno));
        return;
    }
    snprintf(result->etag, sizeof(result->etag), "%ju-%ju-%jd.%09ld", (uintmax_t)st.st_ino,
             (uintmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    result->outcome = FETCH_GOOD;
    if (strcmp(result->etag, etag) != 0)
        return;
    result->outcome = FETCH_UNMODIFIED;
    free(result->body);
    result->body = NULL;
}

void fetch_read_file(const struct fetch_settings *settings, const char *url, const char *etag,
                     struct fetch_result *result)
{
    struct dirs *dirs = dirs_new();
    char *path = path_of(url);

    *result = (struct fetch_result){.outcome = FETCH_FAILED};
    if (dirs == NULL)
        fail(result, "is too much for the memory there is");
    else if (path == NULL || path[0] != '/')
        fail(result, "is no file: \"%.200s\"", url);
    else
        read_path(settings, dirs, path, etag, result);
    curl_free(path);
    dirs_free(dirs);
}
