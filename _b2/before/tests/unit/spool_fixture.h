/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder for spool files, a writer in it, and whether a file tells the right story. */
#ifndef BYWAY_TESTS_SPOOL_FIXTURE_H
#define BYWAY_TESTS_SPOOL_FIXTURE_H

#include "lib/spool.h"

/* In TMPDIR or /tmp. Made by spool_set_up(), removed by spool_tear_down(): a checked fixture. */
extern char spool_base[128];
extern int spool_dir_fd;

void spool_set_up(void);
void spool_tear_down(void);

/* A writer of "campus-1700000000-42.spool" there, or in another directory. */
struct spool_writer *spool_open_writer(void);
struct spool_writer *spool_open_writer_in(int dir_fd);

/* A connected record of about 600 bytes. */
bool spool_append(struct spool_writer *writer, int64_t session);

/* Of the file, in bytes. */
int64_t spool_size(const struct spool_writer *writer);

/*
 * Reads to the end and holds it against a story: a letter for each line, its kind's
 * first or '?' for garbage; "l3" stands for three lost.
 */
void spool_expect_story(struct spool_reader *reader, const char *story);

/* The same for the whole of the writer's file. */
void spool_expect_file(const struct spool_writer *writer, const char *story);

#endif
