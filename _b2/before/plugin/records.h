/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spool records of what OpenVPN's environment and a decision say. Pure; a record points
 * into what it was made of, and has no session yet.
 */
#ifndef BYWAY_PLUGIN_RECORDS_H
#define BYWAY_PLUGIN_RECORDS_H

#include "plugin/env.h"

#include "lib/choice.h"
#include "lib/spool.h"

struct spool_record record_connected(const struct env *env, const struct env_peer *peer,
                                     const struct choice *choice);

struct spool_record record_refused(const struct env *env, const struct env_peer *peer,
                                   const struct choice *choice);

struct spool_record record_disconnected(const struct env *env);

#endif
