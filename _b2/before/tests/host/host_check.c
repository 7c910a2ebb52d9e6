/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold whatever a test does: no log line can be forged or holds a
 * password; a refused call returns nothing; a text is one that OpenVPN reads as it
 * was meant (options.c:read_config_string, push.c:push_option_ex).
 */
#include "tests/host/host_private.h"

#define MAX_TEXT   900000
#define MAX_REASON 1000

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 32 || (unsigned char)*text == 127)
            return false;
    }
    return true;
}

void host_check_log_line(const char *line)
{
    host_must(is_printable(line), "a log line with a control character: %s", line);
    host_must(strstr(line, "\xc2\x9b") == NULL, "a C1 control in a log line");
    host_must(strstr(line, "\xe2\x80\xae") == NULL, "a bidirectional override in a log line");
    host_must(strstr(line, HOST_PASSWORD) == NULL, "a password in the log: %s", line);
    host_must(strlen(line) < 1500, "a log line of %zu bytes", strlen(line));
}

void host_check_result(int type, int status, const struct openvpn_plugin_string_list *list)
{
    if (status != HOST_OK)
        host_must((list) == NULL, "there is list");
    if (status == HOST_DEFERRED)
        host_must(type == OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY, "hook %d deferred", type);
    if (list == NULL)
        return;
    host_must(type == OPENVPN_PLUGIN_CLIENT_CONNECT_V2, "hook %d returned a list", type);
    host_must(strcmp(list->name, "config") == 0, "a list named %s", list->name);
    host_must((list->next) == NULL, "there is list->next");
    host_must((list->value) != NULL, "no list->value");
    host_check_text(list->value);
}

/* One line of a config text, without its newline. */
static void check_config_line(const char *line, size_t n)
{
    const char *quote = memchr(line, '"', n);

    host_must(n <= 255, "a line of %zu bytes", n);
    host_must(n == 0 || line[0] != '<', "a line that begins a block: %.*s", (int)n, line);
    if (quote != NULL)
        host_must(memchr(quote, ',', n - (size_t)(quote - line)) == NULL,
                  "a comma inside of quotes: %.*s", (int)n, line);
}

void host_check_text(const char *text)
{
    host_must(strlen(text) <= MAX_TEXT, "a text of %zu bytes", strlen(text));
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        check_config_line(text, n);
        for (size_t i = 0; i < n; i++)
            host_must(text[i] == '\t' || ((unsigned char)text[i] >= 32 && text[i] != 127),
                      "a control character in: %.*s", (int)n, text);
        text += n + (text[n] == '\n');
    }
}

void host_check_reason(const char *reason)
{
    host_must(strlen(reason) <= MAX_REASON, "a reason of %zu bytes", strlen(reason));
    host_must(is_printable(reason), "a reason with a control character: %s", reason);
    host_must(strstr(reason, HOST_PASSWORD) == NULL, "a password in a reason");
    for (; *reason != '\0'; reason++)
        host_must((unsigned char)*reason < 128, "a reason that is not ASCII");
}

/* Empty, or three lines: seconds, the method, what is shown. */
void host_check_pending(const char *pending)
{
    const char *line = pending;

    if (*pending == '\0')
        return;
    host_must(atoi(pending) > 0, "the pending file has no timeout: %s", pending);
    for (int i = 0; i < 3; i++) {
        const char *end = strchr(line, '\n');

        host_must(end != NULL && end > line, "the pending file lacks line %d", i + 1);
        ck_assert_int_le(end - line, 1000);
        for (; line < end; line++)
            host_must((unsigned char)*line >= 32 && (unsigned char)*line < 127, "pending: %s",
                      pending);
        line++;
    }
    ck_assert_str_eq(line, "");
}
