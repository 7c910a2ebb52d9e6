/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See push_reader.h. Slow and plain on purpose. */
#include "tests/unit/push_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 256 /* options.h:OPTION_LINE_SIZE */

static bool is_space(char c)
{
    return c == '\0' || strchr(" \t\n\v\f\r", c);
}

enum state { BETWEEN, PLAIN, DOUBLE, SINGLE };

/* options.c:parse_line(), character by character. */
bool reader_parse_line(const char *line, struct reader_words *words)
{
    enum state state = BETWEEN;
    bool backslash = false;
    size_t length = 0;

    words->n = 0;
    for (const char *c = line;; c++) {
        bool take = false;
        bool done = false;

        if (!backslash && *c == '\\' && state != SINGLE) {
            backslash = true;
            continue;
        }
        if (state == BETWEEN && !is_space(*c)) {
            if (*c == '#' || *c == ';')
                return true;
            if (!backslash && (*c == '"' || *c == '\'')) {
                state = *c == '"' ? DOUBLE : SINGLE;
            } else {
                state = PLAIN;
                take = true;
            }
        } else if (state == PLAIN) {
            done = !backslash && is_space(*c);
            take = !done;
        } else if (state == DOUBLE) {
            done = !backslash && *c == '"';
            take = !done;
        } else if (state == SINGLE) {
            done = *c == '\'';
            take = !done;
        }
        if (take && *c != '\0') {
            if (backslash && *c != '\\' && *c != '"' && !is_space(*c))
                return false;
            if (length + 1 >= READER_WORD_SIZE)
                return false;
            words->word[words->n][length++] = *c;
        }
        if (done) {
            words->word[words->n++][length] = '\0';
            length = 0;
            state = BETWEEN;
        }
        backslash = false;
        if (*c == '\0' || words->n == READER_MAX_WORDS)
            return state == BETWEEN;
    }
}

__attribute__((format(printf, 2, 3))) static void mistake(struct reader *reader, const char *format,
                                                          ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (reader->mistakes++ == 0)
        vsnprintf(reader->mistake, sizeof(reader->mistake), format, arguments);
    va_end(arguments);
}

/* push.c:push_option_ex() */
static void push(struct reader *reader, const char *option)
{
    if (strchr(option, ',')) {
        mistake(reader, "a comma in \"%s\"", option);
        return;
    }
    reader->options = realloc(reader->options, (reader->n + 1) * sizeof(*reader->options));
    reader->options[reader->n++] = strdup(option);
}

/* push.c:push_remove_option() */
static void push_remove(struct reader *reader, const char *start)
{
    size_t kept = 0;

    for (size_t i = 0; i < reader->n; i++) {
        if (strncmp(reader->options[i], start, strlen(start)) == 0)
            free(reader->options[i]);
        else
            reader->options[kept++] = reader->options[i];
    }
    reader->n = kept;
}

/* The server's side, multi.c: what is neither push nor push-remove must not occur. */
static void read_server_line(struct reader *reader, const char *line)
{
    struct reader_words words;

    if (!reader_parse_line(line, &words))
        mistake(reader, "the server cannot read \"%s\"", line);
    else if (words.n == 2 && strcmp(words.word[0], "push") == 0)
        push(reader, words.word[1]);
    else if (words.n == 2 && strcmp(words.word[0], "push-remove") == 0)
        push_remove(reader, words.word[1]);
    else
        mistake(reader, "the server does not expect \"%s\"", line);
}

/* options.c:apply_push_options(): the client must understand each as it was meant. */
static void read_as_client(struct reader *reader)
{
    for (size_t i = 0; i < reader->n; i++) {
        struct reader_words words;

        if (strlen(reader->options[i]) >= LINE_SIZE)
            mistake(reader, "the client would split \"%s\"", reader->options[i]);
        else if (!reader_parse_line(reader->options[i], &words) || words.n == 0)
            mistake(reader, "the client cannot read \"%s\"", reader->options[i]);
    }
}

void reader_read(struct reader *reader, const char *const *server_pushes, const char *text,
                 size_t n)
{
    const char *end = text + n;

    *reader = (struct reader){0};
    for (; server_pushes && *server_pushes; server_pushes++)
        push(reader, *server_pushes);
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((newline ? newline : end) - text);
        char line[LINE_SIZE];

        if (!newline)
            mistake(reader, "no newline at the end");
        if (length >= LINE_SIZE || memchr(text, '\0', length)) {
            mistake(reader, "the server would split \"%.60s\"", text);
            return;
        }
        memcpy(line, text, length);
        line[length] = '\0';
        read_server_line(reader, line);
        text += length + 1;
    }
    read_as_client(reader);
}

void reader_free(struct reader *reader)
{
    for (size_t i = 0; i < reader->n; i++)
        free(reader->options[i]);
    free(reader->options);
}

size_t reader_count(const struct reader *reader, const char *start)
{
    size_t count = 0;

    for (size_t i = 0; i < reader->n; i++)
        count += strncmp(reader->options[i], start, strlen(start)) == 0;
    return count;
}

bool reader_has(const struct reader *reader, const char *option)
{
    for (size_t i = 0; i < reader->n; i++)
        if (strcmp(reader->options[i], option) == 0)
            return true;
    return false;
}
