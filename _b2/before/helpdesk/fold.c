/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Measures in columns, not bytes: a character may take several of the one or the other. */
#include "config.h"

#include "helpdesk/fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define NARROWEST 20 /* below this, folding helps nobody */

size_t fold_terminal_width(void)
{
    struct winsize size = {0};

    if (!isatty(STDOUT_FILENO))
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

/* The columns of the character that `text` begins with; *bytes is its length. */
static size_t character_width(const char *text, size_t *bytes)
{
    mbstate_t state = {0};
    wchar_t wide = L'\0';
    size_t n = mbrtowc(&wide, text, strlen(text), &state);
    int width = 1;

    if (n == (size_t)-1 || n == (size_t)-2 || n == 0)
        n = 1;
    else
        width = wcwidth(wide);
    *bytes = n;
    return width >= 0 ? (size_t)width : 1;
}

size_t fold_width(const char *text)
{
    size_t width = 0;

    while (*text != '\0') {
        size_t bytes;

        width += character_width(text, &bytes);
        text += bytes;
    }
    return width;
}

/* How many bytes of `text` make up its first line, and how many to pass over after it. */
static size_t first_line(const char *text, size_t width, size_t *skip)
{
    size_t at = 0;
    size_t blank = 0;
    size_t columns = 0;

    *skip = 0;
    while (text[at] != '\0') {
        size_t bytes;

        columns += character_width(text + at, &bytes);
        if (columns > width && text[at] != ' ')
            break;
        if (text[at] == ' ')
            blank = at;
        if (columns > width)
            break;
        at += bytes;
    }
    if (text[at] == '\0')
        return at;
    *skip = blank > 0;
    return blank > 0 ? blank : at;
}

char *fold_text(const char *text, size_t width)
{
    char *folded = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&folded, &size);

    if (!out)
        return NULL;
    if (width < NARROWEST)
        width = NARROWEST;
    while (*text != '\0') {
        size_t skip;
        size_t n = first_line(text, width, &skip);

        fwrite(text, 1, n, out);
        text += n + skip;
        if (*text != '\0')
            putc('\n', out);
    }
    if (fclose(out) != 0) {
        free(folded);
        folded = NULL;
    }
    return folded;
}
