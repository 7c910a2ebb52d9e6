/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy_load() without the policy file: for the fuzzer and for tests. */
#ifndef BYWAY_LIB_POLICY_LOAD_TEXT_H
#define BYWAY_LIB_POLICY_LOAD_TEXT_H

#include "lib/policy_load.h"

/* As policy_load(), but for `n` bytes of `text` (not NULL) as if they stood in `path`. What
 * they include is read from where it is. */
struct policy *policy_load_text(const char *path, const char *text, size_t n, struct dirs *dirs,
                                struct watch *watch, struct diagnostics *problems);

#endif
