/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Just enough UTF-8: where a valid character ends, where text may be cut, and what no
 * terminal must be shown.
 * RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef BYWAY_LIB_UTF8_H
#define BYWAY_LIB_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes (1 to 4) of the character that `text` begins with; 0 if it is not a valid one
 * within `n` bytes. NUL is a character of one byte. */
size_t utf8_character(const char *text, size_t n);

/* True if all `n` bytes are valid characters. */
bool utf8_valid(const char *text, size_t n);

/* The number of a valid character of `n` bytes. */
uint32_t utf8_code_point(const char *character, size_t n);

/*
 * True for characters that a terminal or a reader would obey, not show: control characters,
 * line separators, marks that turn the reading direction, and those that are not seen at
 * all, with which two names look the same.
 */
bool utf8_is_control(uint32_t code_point);

/*
 * How many of `n` bytes may be kept so that at most `max` are and no valid character is
 * cut in two. Bytes that are not UTF-8 count as characters of their own.
 */
size_t utf8_cut(const char *text, size_t n, size_t max);

#endif
