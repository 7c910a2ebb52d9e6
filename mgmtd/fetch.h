/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One HTTP request after the other in the loop's poll, with limits on everything: time, size
 * and redirects. Never blocks. Certificates are always checked; nothing compressed is asked
 * for and nothing decompressed; https never becomes http, and nothing leads to a file.
 */
#ifndef BYWAY_MGMTD_FETCH_H
#define BYWAY_MGMTD_FETCH_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FETCH_MAX_REDIRECTS 5
#define FETCH_TAG_SIZE      256 /* of an ETag, or of Last-Modified, with its NUL */
#define FETCH_ERROR_SIZE    400

struct fetch_settings {
    const char *proxy;   /* NULL: none, whatever the environment says */
    const char *ca_file; /* NULL: the system's */
    unsigned timeout_s;  /* of the whole */
    size_t max_size;     /* bytes of the body */
};

enum fetch_outcome { FETCH_GOOD, FETCH_UNMODIFIED, FETCH_FAILED };

struct fetch_result {
    enum fetch_outcome outcome;
    char *body; /* malloc'd, whoever gets it frees it; NULL unless FETCH_GOOD */
    size_t n;
    char etag[FETCH_TAG_SIZE]; /* as they came, printable ASCII; "": none */
    char modified[FETCH_TAG_SIZE];
    char error[FETCH_ERROR_SIZE]; /* of FETCH_FAILED: the end of a sentence */
    int64_t retry_after_s;        /* what the server asked for; 0: nothing */
};

struct fetch;

/*
 * Begins a request; `etag` and `modified` are those of the last good body, "" for none. What
 * the settings point to must outlive it. NULL when memory is out or the URL is none (not
 * http:// or https://).
 */
struct fetch *fetch_start(CURLM *multi, const struct fetch_settings *settings, const char *url,
                          const char *etag, const char *modified, void *owner);

/* Ends it without a result. */
void fetch_stop(struct fetch *fetch);

/*
 * After curl_multi_perform(): the owner of a request that has come to its end, with its
 * result; the request is freed. NULL if there is none.
 */
void *fetch_finished(CURLM *multi, struct fetch_result *result);

/*
 * The same for a file:// URL, at once: for a thread that may wait. Only a regular file of
 * at most max_size bytes; its `etag` is made of its number, size and time.
 */
void fetch_read_file(const struct fetch_settings *settings, const char *url, const char *etag,
                     struct fetch_result *result);

bool fetch_is_file(const char *url);

#endif
