/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes CSV. */
#include "helpdesk/csv.h"

#include <inttypes.h>
#include <string.h>

#include "lib/utf8.h"

static void begin(struct csv *csv)
{
    if (csv->has_cells)
        putc(',', csv->out);
    csv->has_cells = true;
}

/* What a spreadsheet runs: ASCII, and the wide forms that some take for it. */
static bool begins_formula(uint32_t code)
{
    return code == '=' || code == '+' || code == '-' || code == '@' || code == 0xff1d ||
           code == 0xff0b || code == 0xff0d || code == 0xff20 || code == 0x2212;
}

/* Where some spreadsheet may begin a cell. */
static bool ends_cell(uint32_t code)
{
    return code == ',' || code == ';' || code == '|' || code == ':' || code == '"' || code == '\'';
}

static bool is_blank(uint32_t code)
{
    return code == ' ' || code == 0xa0 || code == 0x3000;
}

/* Characters that stand for themselves wherever they are, and begin no cell. */
static size_t plain(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/");
}

/* One character; what is none becomes '?'. Returns its bytes. */
static size_t put_character(FILE *out, const char *text, size_t left, bool *at_start)
{
    size_t n = utf8_character(text, left);
    uint32_t code = n > 0 ? utf8_code_point(text, n) : 0;

    if (*at_start && begins_formula(code))
        putc('\'', out);
    *at_start = ends_cell(code) || (*at_start && is_blank(code));
    if (code == '"')
        fputs("\"\"", out);
    else if (utf8_is_control(code))
        putc('?', out);
    else
        fwrite(text, 1, n, out);
    return n > 0 ? n : 1;
}

void csv_text(struct csv *csv, const char *text)
{
    bool at_start = true; /* of what may be a cell */
    size_t n = 0;

    begin(csv);
    putc('"', csv->out);
    for (size_t left = strlen(text); left > 0; left -= n, text += n) {
        n = plain(text);
        if (n > 0) {
            fwrite(text, 1, n, csv->out);
            at_start = false;
        } else {
            n = put_character(csv->out, text, left, &at_start);
        }
    }
    putc('"', csv->out);
}

void csv_number(struct csv *csv, int64_t value)
{
    begin(csv);
    fprintf(csv->out, "%" PRId64, value);
}

void csv_word(struct csv *csv, const char *word)
{
    begin(csv);
    fputs(word, csv->out);
}

void csv_empty(struct csv *csv)
{
    begin(csv);
}

void csv_end_line(struct csv *csv)
{
    fputs("\r\n", csv->out);
    csv->has_cells = false;
}
