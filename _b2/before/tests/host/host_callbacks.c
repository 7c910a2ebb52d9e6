/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The five functions that OpenVPN lends a plugin, with the same limits and the same
 * oddities (plugin.c:plugin_vlog, base64.c).
 */
#include "tests/host/host_private.h"

#include <limits.h>
#include <stdarg.h>

#include "tests/host/fakes.h"

#define LINE_SIZE 10240 /* ERR_BUF_SIZE of OpenVPN's error.h, rounded up */

/* OpenVPN's callbacks have no argument for a context, so its double cannot do without this. */
static struct host *current;

static const char *level_name(openvpn_plugin_log_flags_t flags)
{
    if (flags & PLOG_ERR)
        return "error";
    if (flags & PLOG_WARN)
        return "warning";
    return flags & PLOG_NOTE ? "note" : "debug";
}

static void append(struct host *host, const char *line)
{
    size_t n = strlen(line);

    host->log = realloc(host->log, host->log_n + n + 2);
    host_must((host->log) != NULL, "no host->log");
    memcpy(host->log + host->log_n, line, n);
    host->log_n += n;
    memcpy(host->log + host->log_n, "\n", 2);
    host->log_n++;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void log_v(openvpn_plugin_log_flags_t flags, const char *name, const char *format,
                  va_list arguments)
{
    static char whole_format[LINE_SIZE];
    static char line[LINE_SIZE];
    bool inside = fakes_enter_plugin(false);
    int n;

    host_must((current) != NULL, "no current");
    host_must(name != NULL && *name != '\0', "OpenVPN drops a message without a name");
    host_must(strchr(name, '%') == NULL, "the name becomes a part of the format");
    snprintf(whole_format, sizeof(whole_format), "%s: %s", level_name(flags), format);
    n = vsnprintf(line, sizeof(line), whole_format, arguments);
    host_must(n >= 0, "a format that fails: %s", format);
    host_check_log_line(line);
    append(current, line);
    fakes_enter_plugin(inside);
}
#pragma GCC diagnostic pop

static void log_line(openvpn_plugin_log_flags_t flags, const char *name, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_v(flags, name, format, arguments);
    va_end(arguments);
}

static void wipe(void *data, size_t n)
{
    memset(data, 0, n);
    __asm__ volatile("" ::"r"(data) : "memory");
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int encode(const void *data, int size, char **text)
{
    const unsigned char *in = data;
    char *out;
    int n = 0;

    if (size < 0)
        return -1;
    out = malloc((size_t)size / 3 * 4 + 5);
    if (out == NULL)
        return -1;
    for (int i = 0; i < size; i += 3) {
        unsigned bits = (unsigned)in[i] << 16;

        bits |= i + 1 < size ? (unsigned)in[i + 1] << 8 : 0;
        bits |= i + 2 < size ? in[i + 2] : 0;
        out[n++] = alphabet[bits >> 18];
        out[n++] = alphabet[bits >> 12 & 63];
        out[n++] = i + 1 < size ? alphabet[bits >> 6 & 63] : '=';
        out[n++] = i + 2 < size ? alphabet[bits & 63] : '=';
    }
    out[n] = '\0';
    *text = out;
    return n;
}

/* Four letters to `bits`; how many bytes they make, or -1. */
static int decode_four(const char *four, unsigned *bits)
{
    int padding = 0;

    *bits = 0;
    for (int i = 0; i < 4; i++) {
        const char *at = four[i] == '\0' ? NULL : strchr(alphabet, four[i]);

        if (four[i] == '=')
            padding++;
        else if (at == NULL || padding > 0)
            return -1;
        *bits = *bits << 6 | (at != NULL ? (unsigned)(at - alphabet) : 0);
    }
    return padding > 2 ? -1 : 3 - padding;
}

/* As OpenVPN's: it stops without an error at a foreign character where a group could begin. */
static int decode(const char *text, void *data, int size)
{
    unsigned char *out = data;
    int n = 0;

    for (; *text != '\0' && (*text == '=' || strchr(alphabet, *text) != NULL); text += 4) {
        unsigned bits;
        int bytes = decode_four(text, &bits);

        if (bytes < 0 || (size >= 0 && n + bytes > size))
            return -1;
        for (int i = 0; i < bytes; i++)
            out[n++] = (unsigned char)(bits >> (16 - 8 * i));
    }
    return n;
}

struct openvpn_plugin_callbacks *host_callbacks_use(struct host *host)
{
    static struct openvpn_plugin_callbacks callbacks = {
        .plugin_log = log_line,
        .plugin_vlog = log_v,
        .plugin_secure_memzero = wipe,
        .plugin_base64_encode = encode,
        .plugin_base64_decode = decode,
    };

    current = host;
    return &callbacks;
}
