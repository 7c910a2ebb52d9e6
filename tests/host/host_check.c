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
    ck_assert_msg(is_printable(line), "a log line with a control character: %s", line);
    ck_assert_msg(strstr(line, "\xc2\x9b") == NULL, "a C1 control in a log line");
    ck_assert_msg(strstr(line, "\xe2\x80\xae") == NULL, "a bidirectional override in a log line");
    ck_assert_msg(strstr(line, HOST_PASSWORD) == NULL, "a password in the log: %s", line);
    ck_assert_msg(strlen(line) < 1500, "a log line of %zu bytes", strlen(line));
}

void host_check_result(int type, int status, const struct openvpn_plugin_string_list *list)
{
    if (status != HOST_OK)
        ck_assert_ptr_null(list);
    if (status == HOST_DEFERRED)
        ck_assert_int_eq(type, OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY);
    if (list == NULL)
        return;
    ck_assert_int_eq(type, OPENVPN_PLUGIN_CLIENT_CONNECT_V2);
    ck_assert_str_eq(list->name, "config");
    ck_assert_ptr_null(list->next);
    ck_assert_ptr_nonnull(list->value);
    host_check_text(list->value);
}

/* One line of a config text, without its newline. */
static void check_config_line(const char *line, size_t n)
{
    const char *quote = memchr(line, '"', n);

    ck_assert_msg(n <= 255, "a line of %zu bytes", n);
    ck_assert_msg(n == 0 || line[0] != '<', "a line that begins a block: %.*s", (int)n, line);
    if (quote != NULL)
        ck_assert_msg(memchr(quote, ',', n - (size_t)(quote - line)) == NULL,
                      "a comma inside of quotes: %.*s", (int)n, line);
}

void host_check_text(const char *text)
{
    ck_assert_uint_le(strlen(text), MAX_TEXT);
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        check_config_line(text, n);
        for (size_t i = 0; i < n; i++)
            ck_assert_msg(text[i] == '\t' || ((unsigned char)text[i] >= 32 && text[i] != 127),
                          "a control character in: %.*s", (int)n, text);
        text += n + (text[n] == '\n');
    }
}

void host_check_reason(const char *reason)
{
    ck_assert_uint_le(strlen(reason), MAX_REASON);
    ck_assert_msg(is_printable(reason), "a reason with a control character: %s", reason);
    ck_assert_msg(strstr(reason, HOST_PASSWORD) == NULL, "a password in a reason");
    for (; *reason != '\0'; reason++)
        ck_assert_msg((unsigned char)*reason < 128, "a reason that is not ASCII");
}

/* Empty, or three lines: seconds, the method, what is shown. */
void host_check_pending(const char *pending)
{
    const char *line = pending;

    if (*pending == '\0')
        return;
    ck_assert_msg(atoi(pending) > 0, "the pending file has no timeout: %s", pending);
    for (int i = 0; i < 3; i++) {
        const char *end = strchr(line, '\n');

        ck_assert_msg(end != NULL && end > line, "the pending file lacks line %d", i + 1);
        ck_assert_int_le(end - line, 1000);
        for (; line < end; line++)
            ck_assert((unsigned char)*line >= 32 && (unsigned char)*line < 127);
        line++;
    }
    ck_assert_str_eq(line, "");
}
