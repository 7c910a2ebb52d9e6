/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directives about living route sets: what is looked up for policies, and how. */
#include <config.h>

#include "mgmtd/config_read.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dirs.h"
#include "lib/duration.h"

#define DEFAULT_POLICY "policy.conf"
#define KIB            ((size_t)1024)
#define MAX_SIZE       (1024 * KIB * KIB)

void config_begin_refresh(struct config *config)
{
    config->refresh = (struct config_refresh){
        .fetch_timeout_s = DURATION_MINUTE,
        .fetch_max_size = 64 * KIB * KIB,
        .keep_addresses_s = 7 * DURATION_DAY,
        .host_interval_s = 5 * DURATION_MINUTE,
        .group_interval_s = 15 * DURATION_MINUTE,
        .max_change = 50,
        .shortest_ipv4 = 8,
        .shortest_ipv6 = 19,
    };
}

/* A path relative to the config's directory, in the config; NULL with an error. */
static const char *resolve(struct config_reader *reader, const char *name)
{
    char *path = dirs_resolve(reader->config->path, name);
    const char *kept = path == NULL ? NULL : config_keep(reader, path);

    if (path == NULL)
        config_out_of_memory(reader);
    free(path);
    return kept;
}

/* ── policies and where to ask ── */

void config_apply_policy(struct config_reader *reader, const struct directive *line)
{
    struct config_refresh *refresh = &reader->config->refresh;
    const char *path = resolve(reader, line->argv[1]);

    if (path == NULL)
        return;
    for (size_t i = 0; i < refresh->n_policies; i++)
        if (strcmp(refresh->policies[i], path) == 0) {
            config_error(reader, line, "a second \"policy\" of \"%.300s\"", path);
            return;
        }
    if (refresh->n_policies + 1 == reader->policies_room)
        config_error(reader, line, "more than %d policies", CONFIG_MAX_POLICIES);
    else
        refresh->policies[refresh->n_policies++] = path;
}

void config_finish_refresh(struct config_reader *reader)
{
    struct config_refresh *refresh = &reader->config->refresh;
    const char *path;

    if (refresh->n_policies > 0)
        return;
    path = resolve(reader, DEFAULT_POLICY);
    if (path == NULL)
        return;
    refresh->policies_default = true;
    refresh->policies[refresh->n_policies++] = path;
}

void config_apply_proxy(struct config_reader *reader, const struct directive *line)
{
    static const char *const schemes[] = {"http://", "https://", "socks4a://", "socks5h://"};
    CURLU *parts = curl_url();
    bool ok = false;

    for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
        ok = ok || strncmp(line->argv[1], schemes[i], strlen(schemes[i])) == 0;
    ok = ok && parts != NULL &&
         curl_url_set(parts, CURLUPART_URL, line->argv[1], CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
    curl_url_cleanup(parts);
    if (ok)
        reader->config->refresh.proxy = config_keep(reader, line->argv[1]);
    else
        config_error(reader, line,
                     "\"%.200s\" is not the address of a proxy, such as http://proxy.example:3128; "
                     "it begins with http://, https://, socks4a:// or socks5h://",
                     line->argv[1]);
}

void config_apply_ca_file(struct config_reader *reader, const struct directive *line)
{
    const char *path = resolve(reader, line->argv[1]);

    if (path != NULL && access(path, R_OK) != 0)
        config_error(reader, line, "the CA file \"%.300s\" cannot be read: %s", path,
                     strerror(errno));
    else if (path != NULL)
        reader->config->refresh.ca_file = path;
}

/* ── numbers ── */

/* A number of up to nine digits within limits; false with an error that says what is wanted. */
static bool take_number(struct config_reader *reader, const struct directive *line, unsigned word,
                        unsigned long least, unsigned long most, const char *wanted,
                        unsigned *number)
{
    const char *text = line->argv[word];
    size_t digits = strspn(text, "0123456789");
    unsigned long value =
        digits >= 1 && digits <= 9 && text[digits] == '\0' ? strtoul(text, NULL, 10) : most + 1;

    if (value >= least && value <= most)
        *number = (unsigned)value;
    else
        config_error(reader, line, "\"%.80s\" is not %s", text, wanted);
    return value >= least && value <= most;
}

void config_apply_max_change(struct config_reader *reader, const struct directive *line)
{
    take_number(reader, line, 1, 0, 100000, "a percentage; 0 allows any change",
                &reader->config->refresh.max_change);
}

void config_apply_accept_after(struct config_reader *reader, const struct directive *line)
{
    take_number(reader, line, 1, 0, 1000, "a number from 0, which is never, to 1000",
                &reader->config->refresh.accept_after);
}

void config_apply_shortest_prefix(struct config_reader *reader, const struct directive *line)
{
    take_number(reader, line, 1, 1, 32, "the length of an IPv4 prefix, from 1 to 32",
                &reader->config->refresh.shortest_ipv4);
    take_number(reader, line, 2, 1, 128, "the length of an IPv6 prefix, from 1 to 128",
                &reader->config->refresh.shortest_ipv6);
}

/* "64m": a number of bytes, KiB or MiB. */
void config_apply_fetch_max_size(struct config_reader *reader, const struct directive *line)
{
    const char *text = line->argv[1];
    size_t digits = strspn(text, "0123456789");
    const char *unit = text + digits;
    size_t size = digits >= 1 && digits <= 10 ? strtoul(text, NULL, 10) : 0;

    if (strcmp(unit, "k") == 0)
        size *= KIB;
    else if (strcmp(unit, "m") == 0)
        size *= KIB * KIB;
    else if (unit[0] != '\0')
        size = 0;
    if (size >= KIB && size <= MAX_SIZE)
        reader->config->refresh.fetch_max_size = size;
    else
        config_error(reader, line,
                     "\"%.80s\" is not a size from 1k to 1024m: a number of bytes, or one of k "
                     "or m",
                     text);
}

/* ── durations ── */

static void take_seconds(struct config_reader *reader, const struct directive *line, int64_t least,
                         int64_t most, const char *examples, unsigned *field)
{
    int64_t seconds = 0;

    if (config_take_duration(reader, line, line->argv[1], least, most, examples, &seconds))
        *field = (unsigned)seconds;
}

void config_apply_fetch_timeout(struct config_reader *reader, const struct directive *line)
{
    take_seconds(reader, line, 1, DURATION_HOUR, "60s or 5m",
                 &reader->config->refresh.fetch_timeout_s);
}

void config_apply_host_interval(struct config_reader *reader, const struct directive *line)
{
    take_seconds(reader, line, 1, DURATION_DAY, "5m or 1h",
                 &reader->config->refresh.host_interval_s);
}

void config_apply_group_interval(struct config_reader *reader, const struct directive *line)
{
    take_seconds(reader, line, 1, DURATION_DAY, "15m or 1h",
                 &reader->config->refresh.group_interval_s);
}

void config_apply_keep_addresses(struct config_reader *reader, const struct directive *line)
{
    int64_t seconds = 0;

    if (config_take_duration(reader, line, line->argv[1], 1, DURATION_YEAR, "7d or 12h", &seconds))
        reader->config->refresh.keep_addresses_s = seconds;
}
