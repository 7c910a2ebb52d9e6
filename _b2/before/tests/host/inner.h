/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the wrapped test plugins share. Each exports one version of OpenVPN's plugin
 * interface and does at an authentication what the file DIR/mode says then (DIR is
 * the module's first argument):
 *
 *   check        yes for the password HOST_PASSWORD, else no
 *   quick        the same, found out when the module is opened: no file is used at all
 *   reason       no, with a text in auth_failed_reason_file
 *   error        returns 77
 *   later-check  defers; a process of its own writes the check's verdict 50 ms later
 *   later-reason defers; the same with a text in auth_failed_reason_file and a no
 *   later-slow   defers; the check's verdict 1,500 ms later
 *   later-never  defers and writes nothing
 *   later-junk   defers; writes "x" 50 ms later, and nothing else
 *   later-test   defers; the test writes into the file that DIR/calls names
 *   refuse-open  the module does not open
 *
 * Every call is a line of DIR/calls: "auth username=… password=… common_name=…
 * control=… pending=… reason=… context=0|1 others=N" with %XX for what is not
 * printable, "constructor", "destructor", "close", "type N" for any other hook.
 */
#ifndef BYWAY_TESTS_INNER_H
#define BYWAY_TESTS_INNER_H

#include "config.h"
#include OPENVPN_PLUGIN_HEADER

/* The password that `check` accepts. It must turn up in no log and no spool. */
#define HOST_PASSWORD "correct-horse-battery"

struct inner;

/* NULL if argv has no directory or the mode is refuse-open. */
struct inner *inner_open(const char *const *argv);
void inner_close(struct inner *inner);

int inner_call(struct inner *inner, int type, const char *const *envp, const void *context);

/* Adds a line to DIR/calls. */
void inner_note(const struct inner *inner, const char *line);

#endif
