/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the spool's files share. */
#include "tests/unit/spool_fixture.h"

#include "tests/folder.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char spool_base[128];
int spool_dir_fd = -1;

void spool_set_up(void)
{
    const char *folder = getenv("TMPDIR"); /* to try another file system */

    snprintf(spool_base, sizeof spool_base, "%s/byway-spool-XXXXXX", folder ? folder : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(spool_base));
    spool_dir_fd = open(spool_base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(spool_dir_fd, 0);
}

void spool_tear_down(void)
{
    close(spool_dir_fd);
    ck_assert(folder_remove(spool_base));
}

struct spool_writer *spool_open_writer_in(int dir_fd)
{
    struct spool_record server = spool_record_make(SPOOL_SERVER);

    server.daemon = "campus";
    server.start = 1700000000;
    server.pid = 42;
    server.plugin = "0.1.0";
    return spool_writer_open(dir_fd, &server);
}

struct spool_writer *spool_open_writer(void)
{
    return spool_open_writer_in(spool_dir_fd);
}

bool spool_append(struct spool_writer *writer, int64_t session)
{
    struct spool_record record = spool_record_make(SPOOL_CONNECTED);
    char user[201];

    memset(user, '%', 200);
    user[200] = '\0';
    record.session = session;
    record.user = user;
    return spool_writer_append(writer, &record);
}

int64_t spool_size(const struct spool_writer *writer)
{
    struct stat st;

    ck_assert_int_eq(fstatat(spool_dir_fd, spool_writer_name(writer), &st, 0), 0);
    return st.st_size;
}

void spool_expect_story(struct spool_reader *reader, const char *story)
{
    char seen[2000] = "";
    size_t n = 0;

    for (;;) {
        struct spool_record record;
        enum spool_next next = spool_reader_next(reader, &record);

        if (next == SPOOL_NEXT_END || n > sizeof seen - 30)
            break;
        ck_assert_int_ne(next, SPOOL_NEXT_ERROR);
        if (next == SPOOL_NEXT_GARBAGE)
            seen[n++] = '?';
        else
            seen[n++] = spool_kind_name(record.kind)[0];
        if (record.kind == SPOOL_LOST)
            n += (size_t)snprintf(seen + n, 24, "%lld", (long long)record.count);
    }
    seen[n] = '\0';
    ck_assert_str_eq(seen, story);
}

void spool_expect_file(const struct spool_writer *writer, const char *story)
{
    struct spool_reader *reader = spool_reader_open(spool_dir_fd, spool_writer_name(writer), 0);

    ck_assert_ptr_nonnull(reader);
    spool_expect_story(reader, story);
    ck_assert_int_eq(spool_reader_position(reader), spool_size(writer));
    spool_reader_close(reader);
}
