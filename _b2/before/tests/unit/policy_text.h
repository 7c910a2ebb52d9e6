/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy from a string, as the real loader reads it: for tests of what decides by policies. */
#ifndef BYWAY_TESTS_POLICY_TEXT_H
#define BYWAY_TESTS_POLICY_TEXT_H

#include "lib/diagnostics.h"
#include "lib/policy.h"

/*
 * Writes `text` to policy.conf in a new directory, loads that and removes both. NULL where
 * the loader found errors, which then are in `problems`; with `problems` NULL they end the
 * test. The caller frees the policy.
 */
struct policy *policy_from_text(const char *text, struct diagnostics *problems);

#endif
