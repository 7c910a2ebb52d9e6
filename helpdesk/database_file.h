/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which database there is to look into where nobody named one: that of the daemon's config,
 * byway-mgmtd.conf(5), where this account can read it, else the one of a daemon without.
 */
#ifndef BYWAY_HELPDESK_DATABASE_FILE_H
#define BYWAY_HELPDESK_DATABASE_FILE_H

#define DATABASE_FILE_CONFIG  BYWAY_SYSCONFDIR "/openvpn/byway/mgmtd.conf"
#define DATABASE_FILE_DEFAULT BYWAY_LOCALSTATEDIR "/lib/byway/sessions.db"
#define DATABASE_FILE_SIZE    4096

/*
 * The config is the file that BYWAY_MGMTD_CONF names, else the usual one. It is the daemon's
 * business what is wrong in it: a line that says nothing is passed over without a word.
 */
void database_file_find(char path[DATABASE_FILE_SIZE]);

#endif
