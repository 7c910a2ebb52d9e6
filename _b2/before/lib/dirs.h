/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files reached through directories that were opened once. OpenVPN may chroot or
 * drop its user after it opened the plugin; a path would then lead elsewhere, an
 * open directory still leads to the same place. (A symbolic link to an absolute path
 * does not: after a chroot it leads into the new root.)
 */
#ifndef BYWAY_LIB_DIRS_H
#define BYWAY_LIB_DIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct dirs;

/* NULL when memory is out. Freeing NULL is harmless; it closes the directories. */
struct dirs *dirs_new(void);
void dirs_free(struct dirs *dirs);

/*
 * The open directory `path` (absolute), opened at the first call and kept.
 * Owned by `dirs`. -1 with errno set when it cannot be opened (that is not kept).
 * After a chroot a directory is only found in one that is open already, else ENOENT. So
 * that one made later is found, the nearest directory above a missing one is kept.
 */
int dirs_get(struct dirs *dirs, const char *path);

/*
 * Opens those again that were replaced by another directory of the same path; the
 * descriptors keep their numbers. What cannot be opened now stays as it was, and so
 * does everything after a chroot.
 */
void dirs_refresh(struct dirs *dirs);

/*
 * openat(2) and fstatat(2) on the directory part of an absolute path. O_CLOEXEC is
 * always added. Return as those do.
 */
int dirs_open(struct dirs *dirs, const char *path, int flags, mode_t mode);
int dirs_stat(struct dirs *dirs, const char *path, struct stat *out);

/*
 * A whole regular file, malloc'd and NUL-terminated (the caller frees), *n its
 * length without that NUL. At most `max` bytes. NULL with errno set (EFBIG: longer
 * than `max`; EINVAL: not a regular file). Opened non-blocking, so that a FIFO in
 * the file's place cannot hold anyone up. *st (if not NULL) is the fstat(2) of
 * what was read.
 */
char *dirs_read_file(struct dirs *dirs, const char *path, size_t max, size_t *n, struct stat *st);

/*
 * The absolute paths that match `pattern` (absolute; wildcards in its last part
 * only), sorted, dot files left out: a malloc'd, NULL-terminated array of malloc'd
 * strings, freed by dirs_glob_free(). NULL with errno set when the directory
 * cannot be read or memory is out; no match is an empty array.
 */
char **dirs_glob(struct dirs *dirs, const char *pattern);
void dirs_glob_free(char **paths);

/*
 * `name` as seen from the file `from`: absolute names stay, others are joined to
 * the directory of `from`. malloc'd; NULL when memory is out.
 */
char *dirs_resolve(const char *from, const char *name);

#endif
