/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Just enough UTF-8: where a valid character ends, and where text may be cut.
 * RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef BYWAY_LIB_UTF8_H
#define BYWAY_LIB_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes (1 to 4) of the character that `text` begins with; 0 if it is not a valid one
 * within `n` bytes. NUL is a character of one byte. */
size_t utf8_character(const char *text, size_t n);

/* True if all `n` bytes are valid characters. */
bool utf8_valid(const char *text, size_t n);

/*
 * How many of `n` bytes may be kept so that at most `max` are and no valid character is
 * cut in two. Bytes that are not UTF-8 count as characters of their own.
 */
size_t utf8_cut(const char *text, size_t n, size_t max);

#endif
