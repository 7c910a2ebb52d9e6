/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Just enough UTF-8; looks at bytes only, never at the locale. */
#include "lib/utf8.h"

#include <stdint.h>

/* What may follow each first byte: RFC 3629, section 4. */
static const struct {
    uint8_t first_low, first_high;
    uint8_t second_low, second_high;
    uint8_t length;
} forms[] = {
    {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool is_continuation(uint8_t byte)
{
    return byte >= 0x80 && byte <= 0xbf;
}

size_t utf8_character(const char *text, size_t n)
{
    const uint8_t *bytes = (const uint8_t *)text;

    if (n == 0)
        return 0;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (bytes[0] < forms[i].first_low || bytes[0] > forms[i].first_high)
            continue;
        if (forms[i].length > n)
            return 0;
        if (forms[i].length > 1 &&
            (bytes[1] < forms[i].second_low || bytes[1] > forms[i].second_high))
            return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if (!is_continuation(bytes[k]))
                return 0;
        return forms[i].length;
    }
    return 0;
}

bool utf8_valid(const char *text, size_t n)
{
    while (n > 0) {
        size_t step = utf8_character(text, n);

        if (step == 0)
            return false;
        text += step;
        n -= step;
    }
    return true;
}

uint32_t utf8_code_point(const char *character, size_t n)
{
    const uint8_t *bytes = (const uint8_t *)character;
    uint32_t code = n == 1 ? bytes[0] : bytes[0] & (0x7fu >> n);

    for (size_t i = 1; i < n; i++)
        code = code << 6 | (bytes[i] & 0x3fu);
    return code;
}

bool utf8_is_control(uint32_t code_point)
{
    static const struct {
        uint32_t low, high;
    } controls[] = {
        {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad}, {0x034f, 0x034f},
        {0x061c, 0x061c}, {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},
        {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},
        {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (code_point >= controls[i].low && code_point <= controls[i].high)
            return true;
    return false;
}

size_t utf8_cut(const char *text, size_t n, size_t max)
{
    if (n <= max)
        return n;
    /* A character that straddles the cut began at most three bytes before it. */
    for (size_t back = 1; back <= 3 && back <= max; back++)
        if (utf8_character(text + max - back, n - max + back) > back)
            return max - back;
    return max;
}
