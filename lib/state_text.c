/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words, numbers and times of state files, and no byte in them that a line cannot hold. */
#include "lib/state_text.h"

#include "lib/utf8.h"

#include <stdlib.h>
#include <time.h>

#define LAST_SECOND INT64_C(253402300799) /* of the year 9999 */

bool state_take_line(struct state_piece *rest, struct state_piece *line)
{
    const char *newline;
    size_t n;

    if (rest->n == 0)
        return false;
    newline = memchr(rest->text, '\n', rest->n);
    n = newline ? (size_t)(newline - rest->text) : rest->n;
    *line = (struct state_piece){rest->text, n};
    rest->text += newline ? n + 1 : n;
    rest->n -= newline ? n + 1 : n;
    if (line->n > 0 && line->text[line->n - 1] == '\r')
        line->n--;
    return true;
}

bool state_is_word(const struct state_piece *line, const char *word, struct state_piece *value)
{
    size_t n = strlen(word);

    if (line->n < n || memcmp(line->text, word, n) != 0 || (line->n > n && line->text[n] != ' '))
        return false;
    if (line->n == n)
        *value = (struct state_piece){line->text + n, 0};
    else
        *value = (struct state_piece){line->text + n + 1, line->n - n - 1};
    return true;
}

static bool is_shown(const char *character, size_t n)
{
    return n > 0 && !utf8_is_control(utf8_code_point(character, n));
}

static void trim(const char **text, size_t *n)
{
    while (*n > 0 && **text == ' ') {
        ++*text;
        --*n;
    }
    while (*n > 0 && (*text)[*n - 1] == ' ')
        --*n;
}

void state_put(FILE *out, const char *text, size_t n, size_t max)
{
    trim(&text, &n);
    n = utf8_cut(text, n, max);
    trim(&text, &n);
    while (n > 0) {
        size_t step = utf8_character(text, n);

        if (is_shown(text, step))
            fwrite(text, 1, step, out);
        else
            fputc('?', out);
        text += step ? step : 1;
        n -= step ? step : 1;
    }
}

void state_put_line(FILE *out, const char *keyword, const char *text, size_t max)
{
    if (!text)
        return;
    fprintf(out, "%s ", keyword);
    state_put(out, text, strlen(text), max);
    fputc('\n', out);
}

void state_put_time(FILE *out, const char *keyword, int64_t at)
{
    char text[STATE_TIME_SIZE];

    if (at != 0)
        fprintf(out, "%s %s\n", keyword, state_time_format(at, text));
}

char *state_end(FILE *out, char **text, bool ok)
{
    ok = !ferror(out) && ok;
    if (fclose(out) == 0 && ok)
        return *text;
    free(*text);
    return NULL;
}

/* No character gets longer by being replaced. */
char *state_keep(struct arena *arena, const struct state_piece *piece, size_t max)
{
    size_t n = utf8_cut(piece->text, piece->n, max);
    char *copy = arena_strndup(arena, piece->text, n);
    size_t out = 0;

    for (size_t at = 0; copy && at < n;) {
        size_t step = utf8_character(piece->text + at, n - at);

        if (is_shown(piece->text + at, step)) {
            memcpy(copy + out, piece->text + at, step);
            out += step;
        } else {
            copy[out++] = '?';
        }
        at += step ? step : 1;
    }
    if (copy)
        copy[out] = '\0';
    return copy;
}

bool state_read_number(const struct state_piece *piece, uint64_t *value)
{
    uint64_t number = 0;

    if (piece->n == 0 || piece->n > 18)
        return false;
    for (size_t i = 0; i < piece->n; i++) {
        if (piece->text[i] < '0' || piece->text[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(piece->text[i] - '0');
    }
    *value = number;
    return true;
}

bool state_read_time(const struct state_piece *piece, int64_t *at)
{
    return state_time_parse(piece->text, piece->n, at);
}

char *state_time_format(int64_t at, char text[STATE_TIME_SIZE])
{
    time_t time = (time_t)(at < 0 ? 0 : at > LAST_SECOND ? LAST_SECOND : at);
    struct tm tm = {0};

    gmtime_r(&time, &tm);
    strftime(text, STATE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return text;
}

/* The number that `n` digits are; -1 if they are none. */
static int digits(const char *text, size_t n)
{
    int value = 0;

    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool state_time_parse(const char *text, size_t n, int64_t *at)
{
    char again[STATE_TIME_SIZE];
    struct tm tm = {0};
    int64_t time;

    if (n != strlen("2026-11-22T20:44:35Z"))
        return false;
    tm.tm_year = digits(text, 4) - 1900;
    tm.tm_mon = digits(text + 5, 2) - 1;
    tm.tm_mday = digits(text + 8, 2);
    tm.tm_hour = digits(text + 11, 2);
    tm.tm_min = digits(text + 14, 2);
    tm.tm_sec = digits(text + 17, 2);
    if (tm.tm_year < 70)
        return false;
    time = timegm(&tm);
    /* The 30th of February, the 61st minute and other marks than these come out different. */
    if (time < 0 || memcmp(state_time_format(time, again), text, n) != 0)
        return false;
    *at = time;
    return true;
}
