/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may stand in a line that is handed to OpenVPN. An option is read twice, by the
 * server within push "…" and by the client by itself, both times by parse_line()
 * (options.c), and must come out the same.
 */
#include "lib/push_private.h"

#include <string.h>

#define MAX_WORDS 16 /* options.h:MAX_PARMS */

struct refused_option {
    const char *name;
    const char *why;
};

static const char by_tunnel[] = "is what `tunnel` decides";
static const char by_routes[] = "belongs into a route set: <routes NAME>";
static const char by_openvpn[] = "is for OpenVPN itself to send";

/* Sorted by what decides it. Routes and redirects of the server's own config are taken back. */
static const struct refused_option refused_options[] = {
    {"route", by_routes},
    {"route-ipv6", by_routes},
    {"redirect-gateway", by_tunnel},
    {"redirect-private", by_tunnel},
    {"block-ipv6", by_tunnel},
    {"block-ipv4", by_tunnel},
    {"ifconfig", by_openvpn},
    {"ifconfig-ipv6", by_openvpn},
    {"peer-id", by_openvpn},
    {"push-continuation", by_openvpn},
    {"auth-token", by_openvpn},
    {"auth-token-user", by_openvpn},
    {"cipher", by_openvpn},
    {"protocol-flags", by_openvpn},
    {"key-derivation", by_openvpn},
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/*
 * Reads one word as OpenVPN does; what it says goes to `word`, cut to `size`. NULL if it
 * is not well-formed, else the rest of the text.
 */
static const char *read_word(const char *text, char *word, size_t size)
{
    char quote = *text == '"' || *text == '\'' ? *text : '\0';
    size_t n = 0;

    for (text += quote != '\0'; *text != '\0'; text++) {
        char c = *text;

        if (quote != '\0' ? c == quote : is_space(c))
            break;
        if (c == '\\' && quote != '\'') {
            c = *++text;
            if (c != '\\' && c != '"' && !is_space(c))
                return NULL;
        }
        if (n + 1 < size)
            word[n++] = c;
    }
    word[n] = '\0';
    if (quote != '\0')
        return *text == quote ? text + 1 : NULL;
    return text;
}

static size_t escaped_length(const char *option)
{
    size_t n = 0;

    for (; *option != '\0'; option++)
        n += *option == '"' || *option == '\\' ? 2 : 1;
    return n;
}

static const char *check_bytes(const char *option)
{
    for (const char *c = option; *c != '\0'; c++) {
        if (*c == ',')
            return "has a comma, which OpenVPN cannot push";
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return "has a control character";
    }
    if (escaped_length(option) > PUSH_MAX_OPTION)
        return "is too long (OpenVPN takes lines of up to 255 bytes)";
    return NULL;
}

static const char *check_name(const char *name)
{
    for (size_t i = 0; i < sizeof(refused_options) / sizeof(refused_options[0]); i++)
        if (strcmp(name, refused_options[i].name) == 0)
            return refused_options[i].why;
    if (strncmp(name, "--", 2) == 0)
        return "begins with dashes, which a pushed option must not";
    return NULL;
}

/* To where the next word begins. An escaped blank there is a blank, too. */
static const char *skip_blanks(const char *text)
{
    while (is_space(*text) || (*text == '\\' && is_space(text[1])))
        text += *text == '\\' ? 2 : 1;
    return text;
}

/* A comment sign counts where a word begins, even with a backslash. */
static bool is_comment(const char *text)
{
    text += *text == '\\';
    return *text == '#' || *text == ';';
}

const char *push_check_option(const char *option)
{
    const char *why = check_bytes(option);
    unsigned words = 0;

    for (option = skip_blanks(option); !why && *option != '\0'; option = skip_blanks(option)) {
        char word[64];

        if (is_comment(option))
            return "has a word that begins with # or ;, where OpenVPN stops reading";
        if (++words > MAX_WORDS)
            return "has more than 16 words, of which OpenVPN takes no notice";
        option = read_word(option, word, sizeof(word));
        if (!option)
            return "has a quote or a backslash that OpenVPN would not understand";
        if (words == 1)
            why = check_name(word);
    }
    return why || words > 0 ? why : "is empty";
}

char *push_escape_option(struct arena *arena, const char *option)
{
    char *escaped = arena_alloc(arena, escaped_length(option) + 1);
    char *to = escaped;

    for (; escaped && *option != '\0'; option++) {
        if (*option == '"' || *option == '\\')
            *to++ = '\\';
        *to++ = *option;
    }
    return escaped;
}

/* A line that is `push "…"` or `push-remove "…"` and nothing else. */
static bool is_safe_line(const char *line, size_t n)
{
    static const char push[] = "push \"";
    static const char push_remove[] = "push-remove \"";
    size_t at = 0;

    if (n > PUSH_MAX_LINE)
        return false;
    if (n > sizeof(push) && memcmp(line, push, sizeof(push) - 1) == 0)
        at = sizeof(push) - 1;
    else if (n > sizeof(push_remove) && memcmp(line, push_remove, sizeof(push_remove) - 1) == 0)
        at = sizeof(push_remove) - 1;
    else
        return false;
    for (; at + 1 < n; at++) {
        unsigned char c = (unsigned char)line[at];

        if (c == ',' || c == '"' || (c < ' ' && c != '\t') || c == 0x7f)
            return false;
        if (c == '\\' && ++at + 1 >= n)
            return false;
    }
    return line[n - 1] == '"';
}

bool push_is_safe(const struct push_text *text)
{
    const char *line = text->text;
    const char *end = text->text + text->n;

    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));

        if (!newline || !is_safe_line(line, (size_t)(newline - line)))
            return false;
        line = newline + 1;
    }
    return true;
}
