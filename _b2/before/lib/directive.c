/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text in the language of OpenVPN's config files → a tree of directives. The text is
 * copied once and its words are cut out of that copy in place. It must not stop at the
 * first mistake, and must not take time or stack that grows faster than the text.
 */
#include "lib/directive.h"

#include <string.h>

#include "lib/utf8.h"

#define QUOTED_MAX  60   /* bytes of a line that an error shows */
#define MAX_ERRORS  1000 /* of one text: nobody reads more, and OpenVPN waits meanwhile */
#define NEAREST_MAX 64   /* longer words are near nothing */

struct open_block {
    struct directive *block;
    struct directive **tail; /* where its next child goes */
};

struct reader {
    struct arena *arena;
    const char *file;
    struct diagnostics *problems;
    unsigned line;
    struct open_block open[DIRECTIVE_MAX_DEPTH + 1]; /* [0] is the text itself */
    unsigned depth;
    unsigned too_deep; /* blocks within blocks that were refused and are passed over */
    bool out_of_memory;
};

/* The words of one line. */
struct words {
    char *at;
    char *end;
    char stop;    /* '>' within a block opener, else NUL */
    bool stopped; /* it was seen */
    unsigned argc;
    char *argv[DIRECTIVE_MAX_WORDS];
    const char *wrong; /* NULL, or the sentence of an error */
};

static void complain(struct reader *reader, unsigned line, const char *sentence, const char *text,
                     size_t n)
{
    int shown = (int)(n < QUOTED_MAX ? n : QUOTED_MAX);

    diagnostics_add(reader->problems, DIAGNOSTIC_ERROR, reader->file, line, "%s: \"%.*s%s\"",
                    sentence, shown, text, n > QUOTED_MAX ? "…" : "");
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* One character after a backslash, as OpenVPN has it; NUL with words->wrong set if it is none. */
static char unescape(struct words *words)
{
    char c = words->at + 1 < words->end ? words->at[1] : '\0';

    if (c == '\\' || c == '"' || is_blank(c)) {
        words->at += 2;
        return c;
    }
    words->wrong = c == '\0' ? "a backslash at the end (lines cannot be continued)"
                             : "a backslash may stand only before another, a double quote or a "
                               "blank; write \\\\ or use 'single quotes'";
    return '\0';
}

/* Up to the closing quote. What is read moves left over the escapes. */
static char *read_quoted(struct words *words, char quote)
{
    char *word = ++words->at;
    char *to = word;

    while (words->at < words->end && *words->at != quote) {
        if (*words->at == '\\' && quote == '"') {
            *to = unescape(words);
            if (words->wrong != NULL)
                return NULL;
            to++;
        } else {
            *to++ = *words->at++;
        }
    }
    if (words->at == words->end) {
        words->wrong = quote == '"' ? "no closing double quote" : "no closing single quote";
        return NULL;
    }
    words->at++;
    *to = '\0';
    return word;
}

/* Up to a blank, or the stop. */
static char *read_bare(struct words *words)
{
    char *word = words->at;
    char *to = word;

    if (*words->at == '\\' && words->at + 1 < words->end && is_blank(words->at[1])) {
        words->wrong = "a word cannot begin with a backslash and a blank; use quotes";
        return NULL;
    }
    while (words->at < words->end && !is_blank(*words->at)) {
        if (words->stop != '\0' && *words->at == words->stop) {
            words->stopped = true;
            break;
        }
        if (*words->at == '\\') {
            *to = unescape(words);
            if (words->wrong != NULL)
                return NULL;
            to++;
        } else {
            *to++ = *words->at++;
        }
    }
    words->at += words->at < words->end;
    *to = '\0';
    return word;
}

/* The next word, or NULL: no more, the stop, or an error. */
static char *read_word(struct words *words)
{
    while (words->at < words->end && is_blank(*words->at))
        words->at++;
    if (words->stopped || words->at == words->end || *words->at == '#' || *words->at == ';')
        return NULL;
    if (words->stop != '\0' && *words->at == words->stop) {
        words->at++;
        words->stopped = true;
        return NULL;
    }
    if (*words->at == '"' || *words->at == '\'')
        return read_quoted(words, *words->at);
    return read_bare(words);
}

static void read_words(struct words *words)
{
    char *word;

    while ((word = read_word(words)) != NULL) {
        if (words->argc == DIRECTIVE_MAX_WORDS) {
            words->wrong = "too many words in one line";
            return;
        }
        words->argv[words->argc++] = word;
    }
}

/* Appends a directive to the innermost open block. NULL when memory is out. */
static struct directive *append(struct reader *reader, const struct words *words)
{
    struct directive *directive =
        arena_alloc(reader->arena, sizeof(*directive) + (words->argc + 1U) * sizeof(char *));

    if (directive == NULL) {
        reader->out_of_memory = true;
        return NULL;
    }
    directive->file = reader->file;
    directive->line = reader->line;
    directive->argc = words->argc;
    directive->argv = (char **)(directive + 1);
    memcpy(directive->argv, words->argv, words->argc * sizeof(char *));
    *reader->open[reader->depth].tail = directive;
    reader->open[reader->depth].tail = &directive->next;
    return directive;
}

static void open_block(struct reader *reader, const struct words *words)
{
    struct directive *block = append(reader, words);

    if (block == NULL)
        return;
    block->is_block = true;
    reader->depth++;
    reader->open[reader->depth] = (struct open_block){block, &block->children};
}

static void not_closed(struct reader *reader, const struct directive *block)
{
    diagnostics_add(reader->problems, DIAGNOSTIC_ERROR, reader->file, block->line,
                    "<%.60s> is not closed; write </%.60s> after its last line", block->argv[0],
                    block->argv[0]);
}

/* How deep the innermost open block of that name is; 0 if there is none. */
static unsigned find_open(const struct reader *reader, const char *name)
{
    unsigned depth = reader->depth;

    while (depth > 0 && strcmp(reader->open[depth].block->argv[0], name) != 0)
        depth--;
    return depth;
}

static void close_block(struct reader *reader, const char *name)
{
    const struct directive *inner = reader->open[reader->depth].block;
    unsigned depth = find_open(reader, name);

    if (depth > 0) {
        while (reader->depth > depth)
            not_closed(reader, reader->open[reader->depth--].block);
        reader->depth--;
    } else if (inner != NULL) {
        diagnostics_add(reader->problems, DIAGNOSTIC_ERROR, reader->file, reader->line,
                        "\"</%.60s>\" where </%.60s> is expected, for the block of line %u", name,
                        inner->argv[0], inner->line);
        reader->depth--; /* most likely it was meant for this one */
    } else {
        diagnostics_add(reader->problems, DIAGNOSTIC_ERROR, reader->file, reader->line,
                        "\"</%.60s>\" closes a block, but none is open", name);
    }
}

/* What is wrong with the words between < and >, and with what follows them; NULL if nothing. */
static const char *check_tag(struct words *words, bool closing)
{
    char *at = words->at;

    if (words->wrong != NULL)
        return words->wrong;
    if (!words->stopped)
        return "a line that begins with < needs a > too (or quotes)";
    while (at < words->end && is_blank(*at))
        at++;
    if (at < words->end && *at != '#' && *at != ';')
        return "only a comment may stand after the >";
    if (words->argc == 0)
        return "a block needs a name between < and >";
    if (closing && words->argc > 1)
        return "the closing line takes the block's name alone";
    return NULL;
}

static void read_tag(struct reader *reader, struct words *words, const char *text, size_t n)
{
    bool closing = ++words->at < words->end && *words->at == '/';
    const char *wrong;

    words->at += closing;
    words->stop = '>';
    read_words(words);
    wrong = check_tag(words, closing);
    if (wrong != NULL)
        complain(reader, reader->line, wrong, text, n);
    if (reader->too_deep > 0) {
        reader->too_deep += closing ? -1U : 1U;
    } else if (closing && words->argc > 0) {
        close_block(reader, words->argv[0]);
    } else if (!closing && words->argc > 0) {
        if (reader->depth == DIRECTIVE_MAX_DEPTH) {
            complain(reader, reader->line, "too many blocks within blocks", text, n);
            reader->too_deep = 1;
        } else {
            open_block(reader, words);
        }
    }
}

/* The C1 controls are U+0080 to U+009F: 0xc2 and one of these in UTF-8. */
static bool is_control(const char *text, size_t length)
{
    unsigned char first = (unsigned char)text[0];

    if (length == 2)
        return first == 0xc2 && (unsigned char)text[1] < 0xa0;
    return length == 1 && first != '\t' && (first < 0x20 || first == 0x7f);
}

/* What is wrong with a line's bytes; NULL if nothing. */
static const char *check_bytes(const char *text, size_t n)
{
    size_t length;

    for (size_t i = 0; i < n; i += length) {
        length = text[i] >= ' ' && text[i] <= '~' ? 1 : utf8_character(text + i, n - i);
        if (length == 0)
            return "not UTF-8 text";
        if (text[i] == '\0')
            return "a NUL byte";
        if (is_control(text + i, length))
            return "a control character";
    }
    return NULL;
}

/* `line` is the copy that words are cut out of; `text` the same bytes, left as they are. */
static void read_line(struct reader *reader, char *line, const char *text, size_t n)
{
    struct words words = {.at = line, .end = line + n};
    const char *wrong = n > DIRECTIVE_MAX_LINE ? "a line that is too long" : check_bytes(text, n);

    if (wrong != NULL) {
        complain(reader, reader->line, wrong, text, n);
        return;
    }
    while (words.at < words.end && is_blank(*words.at))
        words.at++;
    if (words.at < words.end && *words.at == '<') {
        read_tag(reader, &words, text, n);
        return;
    }
    read_words(&words);
    if (words.wrong != NULL)
        complain(reader, reader->line, words.wrong, text, n);
    else if (words.argc > 0 && reader->too_deep == 0)
        append(reader, &words);
}

static void read_lines(struct reader *reader, char *copy, const char *text, size_t n)
{
    size_t before = diagnostics_errors(reader->problems);
    size_t at = 0;

    while (at < n && !reader->out_of_memory) {
        if (diagnostics_errors(reader->problems) - before >= MAX_ERRORS) {
            diagnostics_add(reader->problems, DIAGNOSTIC_ERROR, reader->file, reader->line,
                            "so many mistakes that the rest is not read");
            reader->depth = 0; /* what is still open may be closed there */
            return;
        }

        const char *newline = memchr(text + at, '\n', n - at);
        size_t length = newline == NULL ? n - at : (size_t)(newline - text) - at;
        size_t without_cr = length > 0 && text[at + length - 1] == '\r' ? length - 1 : length;

        reader->line++;
        read_line(reader, copy + at, text + at, without_cr);
        at += length + 1;
    }
}

struct directive *directive_parse(struct arena *arena, const char *file, const char *text, size_t n,
                                  struct diagnostics *problems)
{
    struct reader reader = {.arena = arena, .file = file, .problems = problems};
    struct directive *first = NULL;
    char *copy;

    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        n -= 3;
    }
    reader.open[0].tail = &first;
    copy = arena_alloc(arena, n + 1);
    if (copy == NULL) {
        reader.out_of_memory = true;
    } else {
        if (n > 0)
            memcpy(copy, text, n);
        read_lines(&reader, copy, text, n);
    }
    if (reader.out_of_memory) {
        diagnostics_add(problems, DIAGNOSTIC_ERROR, file, reader.line, "out of memory");
        return NULL;
    }
    while (reader.depth > 0)
        not_closed(&reader, reader.open[reader.depth--].block);
    return first;
}

/* Not tolower(): that depends on a locale which is OpenVPN's to set. */
static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Edits (insert, delete, replace, swap of neighbours) from `a` to `b`, case disregarded. */
static size_t edit_distance(const char *a, size_t a_n, const char *b, size_t b_n)
{
    size_t rows[3][NEAREST_MAX + 1] = {{0}};
    size_t *before = rows[0], *last = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b_n; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_n; i++) {
        size_t *spare = before;

        row[0] = i;
        for (size_t j = 1; j <= b_n; j++) {
            bool same = fold(a[i - 1]) == fold(b[j - 1]);
            size_t best = last[j - 1] + !same;

            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        before = last;
        last = row;
        row = spare;
    }
    return last[b_n];
}

const char *directive_nearest(const char *word, const char *const *names)
{
    size_t n = strlen(word);
    size_t limit = n <= 4 ? 1 : 2;
    const char *nearest = NULL;

    if (n == 0 || n > NEAREST_MAX)
        return NULL;
    for (; *names != NULL; names++) {
        size_t name_n = strlen(*names);
        size_t distance;

        if (name_n > NEAREST_MAX || name_n + limit < n || n + limit < name_n)
            continue;
        distance = edit_distance(word, n, *names, name_n);
        if (distance <= limit && distance < name_n) {
            nearest = *names;
            if (distance == 0)
                break;
            limit = distance - 1;
        }
    }
    return nearest;
}
