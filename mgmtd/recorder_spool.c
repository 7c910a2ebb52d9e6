/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spool directory: finds files, reads what is new in them, and notices when a writer
 * is gone. The files are the queue: while too much waits for the database nothing is
 * read. OpenVPN's user may write to the directory, so nothing in it is trusted.
 */
#include "mgmtd/memory.h"
#include "mgmtd/recorder_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILES      512   /* at a time; further ones wait until some are done */
#define NEW_FILES      32    /* in one look at the directory: each is opened and read */
#define GARBAGE_MS     5000  /* garbage is noted, if no record has explained it by then */
#define RESTART_MS     10000 /* so long may pass from the end of a spool to the next CONNECTED */
#define EXPECT_MS      2000  /* an address that is not learned by then is the one expected */
#define RETRY_MS       10000
#define RECORDS_A_TIME 256

/* ── files ── */

struct spool_file *file_new(struct recorder *recorder, const char *name)
{
    struct spool_file *file = memory_zeroed(sizeof *file);

    *file = (struct spool_file){
        .id = recorder->next_file++,
        .name = memory_copy(name),
        .pid = BATCH_NONE,
        .start = BATCH_NONE,
        .at = BATCH_NONE,
        .found_ms = recorder->now.boot_ms,
        .skip_before = -1,
        .last_at = BATCH_NONE,
        .gone_ms = BATCH_NONE,
        .taken = -1,
        .alive_at = BATCH_NONE,
        .alive_at_taken = BATCH_NONE,
    };
    chain_add(&recorder->files, &file->link, file);
    return file;
}

bool file_is_live(struct spool_file *file)
{
    return file->reader && spool_reader_writer_gone(file->reader) == 0;
}

static struct spool_file *file_named(const struct recorder *recorder, const char *name)
{
    for (struct spool_file *file = chain_first(&recorder->files); file;
         file = chain_next(&file->link))
        if (strcmp(file->name, name) == 0)
            return file;
    return NULL;
}

/*
 * A file that is shorter than what was read of it, or in which no line begins there, was
 * cut or replaced (a power cut can do that). What it has up to there was read: it is
 * passed over, so that nothing is counted twice.
 */
static void open_from_start(struct recorder *recorder, struct spool_file *file)
{
    file->reader = spool_reader_open(recorder->dir_fd, file->name, 0);
    if (!file->reader)
        return;
    file->skip_before = file->position;
    gap_note(recorder, GAP_SPOOL_DAMAGED, file->run ? file->run->server : NULL,
             recorder->last_alive_at == BATCH_NONE ? recorder->now.wall_s : recorder->last_alive_at,
             recorder->now.wall_s, BATCH_NONE, "the file was cut or replaced");
    log_write(recorder->log, LOG_LEVEL_WARNING, "spool", "%s was cut or replaced", file->name);
}

static void open_file(struct recorder *recorder, struct spool_file *file)
{
    file->reader = spool_reader_open(recorder->dir_fd, file->name, file->position);
    if (!file->reader && (errno == ERANGE || (errno == EINVAL && file->position > 0)))
        open_from_start(recorder, file);
    if (file->reader) {
        file->missing = false;
        return;
    }
    if (!file->missing)
        file->missing_ms = recorder->now.boot_ms;
    file->missing = errno == ENOENT;
    file->retry_ms = recorder->now.boot_ms + RETRY_MS;
    if (!file->missing && !file->complained)
        log_write(recorder->log, LOG_LEVEL_WARNING, "spool", "%s cannot be read: %s", file->name,
                  strerror(errno));
    file->complained = true;
}

/* ── the directory ── */

static bool is_spool(const char *name)
{
    size_t n = strlen(name);
    size_t suffix = strlen(SPOOL_SUFFIX);

    return n > suffix && strcmp(name + n - suffix, SPOOL_SUFFIX) == 0 && *name != '.';
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* It may be removed and made again while the daemon runs. */
static void let_go_of_removed_dir(struct recorder *recorder)
{
    struct stat about;

    if (recorder->dir_fd < 0 || fstat(recorder->dir_fd, &about) != 0 || about.st_nlink > 0)
        return;
    close(recorder->dir_fd);
    recorder->dir_fd = -1;
}

static DIR *open_dir(struct recorder *recorder)
{
    DIR *dir = NULL;
    int fd = -1;

    let_go_of_removed_dir(recorder);
    if (recorder->dir_fd < 0)
        recorder->dir_fd = open(recorder->spool_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (recorder->dir_fd >= 0)
        fd = openat(recorder->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        dir = fdopendir(fd);
    if (!dir && fd >= 0)
        close(fd);
    if (!dir && !recorder->dir_failed)
        log_write(recorder->log, LOG_LEVEL_WARNING, "spool", "%s cannot be read: %s",
                  recorder->spool_dir, strerror(errno));
    recorder->dir_failed = !dir;
    return dir;
}

/* Those that could not be deleted are only remembered. */
static size_t files_under_way(const struct recorder *recorder)
{
    size_t n = 0;

    for (const struct spool_file *file = chain_first(&recorder->files); file;
         file = chain_next(&file->link))
        n += !file->stays;
    return n;
}

/* New files, in the order of their names, so that the same files give the same rows. */
static void scan(struct recorder *recorder)
{
    char **names = NULL;
    size_t n = 0;
    size_t under_way = files_under_way(recorder);
    struct dirent *entry;
    DIR *dir = open_dir(recorder);

    while (dir && n < NEW_FILES && under_way + n < MAX_FILES && (entry = readdir(dir))) {
        if (!is_spool(entry->d_name) || file_named(recorder, entry->d_name))
            continue;
        names = memory_array(names, n + 1, sizeof *names);
        names[n++] = memory_copy(entry->d_name);
    }
    if (dir)
        closedir(dir);
    if (n > 0)
        qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        file_new(recorder, names[i]);
        free(names[i]);
    }
    free(names);
}

/* ── reading ── */

static void note_garbage(struct recorder *recorder, struct spool_file *file)
{
    int64_t now = recorder->now.wall_s;

    if (file->garbage == 0)
        return;
    gap_note(recorder, GAP_SPOOL_DAMAGED, file->run->server,
             file->last_at == BATCH_NONE ? now : file->last_at, now, file->garbage, NULL);
    log_write(recorder->log, LOG_LEVEL_WARNING, "spool", "%s: %lld lines cannot be read",
              file->name, (long long)file->garbage);
    file->run->lossy = true;
    file->garbage = 0;
}

static void take_record(struct recorder *recorder, struct spool_file *file,
                        const struct spool_record *record)
{
    int64_t position = spool_reader_position(file->reader);

    if (record->kind != SPOOL_LOST)
        note_garbage(recorder, file);
    if (position > file->skip_before)
        record_take(recorder, file, record);
    else if (record->kind == SPOOL_CONNECTED && record->session > file->last_number)
        file->last_number = record->session;
    if (position > file->position)
        file->position = position;
}

static void take_garbage(struct recorder *recorder, struct spool_file *file)
{
    if (spool_reader_position(file->reader) <= file->skip_before)
        return;
    if (file->garbage++ == 0)
        file->garbage_ms = recorder->now.boot_ms;
}

/*
 * The first line says whose file it is. Where that is another record (its writer's disk was
 * full at the beginning), the name does, and the file is read again from its beginning.
 */
static bool identify(struct recorder *recorder, struct spool_file *file,
                     const struct spool_record *record)
{
    bool is_server = record->kind == SPOOL_SERVER;

    file_identify(file, is_server ? record : NULL);
    if (is_server)
        return true;
    spool_reader_close(file->reader);
    file->reader = NULL;
    open_file(recorder, file);
    return false;
}

/* What every new file says of itself, before any is read: the next one bounds the last. */
static void identify_new(struct recorder *recorder)
{
    struct spool_record record;

    for (struct spool_file *file = chain_first(&recorder->files); file;
         file = chain_next(&file->link)) {
        enum spool_next next;

        if (file->identified || file->missing || recorder->now.boot_ms < file->retry_ms)
            continue;
        if (!file->reader)
            open_file(recorder, file);
        next = file->reader ? spool_reader_next(file->reader, &record) : SPOOL_NEXT_END;
        if (next == SPOOL_NEXT_RECORD || next == SPOOL_NEXT_GARBAGE)
            identify(recorder, file, &record);
    }
}

/* Reads up to `max` records; how many it was. */
static size_t read_records(struct recorder *recorder, struct spool_file *file, size_t max)
{
    struct spool_record record;
    size_t n = 0;

    file->at_end = file->up_to_now = false;
    while (n < max && file->reader) {
        enum spool_next next;

        if (!file->identified || (!file->run && !file_assign(recorder, file)))
            return n;
        next = spool_reader_next(file->reader, &record);
        if (next == SPOOL_NEXT_END) {
            file->at_end = file->up_to_now = true;
            return n;
        }
        if (next == SPOOL_NEXT_ERROR)
            return n;
        n++;
        if (next == SPOOL_NEXT_RECORD)
            take_record(recorder, file, &record);
        else
            take_garbage(recorder, file);
    }
    return n;
}

/* ── the end of a file ── */

/* The length of the daemon's name in "<daemon>-<start>-<pid>…". */
static size_t stem(const char *name)
{
    size_t n = strlen(name);

    for (int dashes = 0; n > 0 && dashes < 2;)
        dashes += name[--n] == '-';
    return n;
}

static bool same_daemon(const struct spool_file *a, const struct spool_file *b)
{
    size_t n = stem(a->name);

    return n > 0 && n == stem(b->name) && strncmp(a->name, b->name, n) == 0;
}

int64_t run_next_began(const struct recorder *recorder, const struct run *run, int64_t now)
{
    int64_t next = now;

    for (const struct run *other = chain_first(&recorder->runs); other;
         other = chain_next(&other->link))
        if (other != run && other->server == run->server && other->began >= run->began &&
            other->id > run->id && other->began < next)
            next = other->began;
    for (const struct spool_file *file = chain_first(&recorder->files); file;
         file = chain_next(&file->link))
        if (file != run->file && file->at > run->file->at && file->at < next &&
            same_daemon(file, run->file))
            next = file->at;
    return next;
}

static bool same_process_goes_on(const struct recorder *recorder, const struct spool_file *file)
{
    const struct server *server = file->run->server;

    if (server->run && server->run != file->run && server->run->pid == file->run->pid &&
        server->run->ended == BATCH_NONE && server->run->id > file->run->id)
        return true;
    for (const struct spool_file *other = chain_first(&recorder->files); other;
         other = chain_next(&other->link))
        if (other != file && other->identified && other->pid == file->pid &&
            other->start > file->start && same_daemon(other, file))
            return true;
    return false;
}

/* Management, if it is connected, will soon say whether the process lives on (SIGHUP). */
static bool may_go_on(const struct recorder *recorder, const struct spool_file *file)
{
    const struct server *server = file->run->server;

    return server->talk.attached && server->run == file->run &&
           recorder->now.boot_ms - file->gone_ms < RESTART_MS;
}

static size_t open_sessions(const struct recorder *recorder, const struct spool_file *file)
{
    size_t n = 0;

    for (const struct run *run = chain_first(&recorder->runs); run; run = chain_next(&run->link))
        if (run->file == file)
            n += run->sessions.n;
    return n;
}

bool file_is_known_to_have_ended(const struct recorder *recorder, const struct spool_file *file)
{
    return !file->run || (file->run->ended != BATCH_NONE && open_sessions(recorder, file) == 0);
}

void file_note_finished(struct recorder *recorder, struct spool_file *file, bool known)
{
    gap_end_deleted(recorder, file);
    file->finished = true;
    known = known && file->position == file->written;
    file->finished_batch = recorder->n_taken + (known ? 0 : 1);
}

static void finish(struct recorder *recorder, struct spool_file *file)
{
    int64_t now = recorder->now.wall_s;
    bool known = file_is_known_to_have_ended(recorder, file);
    bool goes_on = same_process_goes_on(recorder, file);
    enum end_reason reason = goes_on                             ? END_SERVER_RESTART
                             : open_sessions(recorder, file) > 0 ? END_SERVER_DIED
                                                                 : END_SERVER_STOP;

    if (file->garbage > 0)
        note_garbage(recorder, file);
    for (struct run *run = chain_first(&recorder->runs); run; run = chain_next(&run->link)) {
        int64_t gone_by;

        if (run->file != file)
            continue;
        gone_by = run_next_began(recorder, run, now);
        run_end(recorder, run, gone_by, reason);
        run_part(recorder, run, gone_by, reason); /* it ended before */
    }
    file->position = spool_reader_position(file->reader);
    file_note_finished(recorder, file, known);
}

/* Nothing more will come of a file whose writer is gone and that is read to its end. */
static void look_for_end(struct recorder *recorder, struct spool_file *file)
{
    if (!file->at_end || file->finished)
        return;
    if (file->garbage > 0 && recorder->now.boot_ms - file->garbage_ms >= GARBAGE_MS) {
        note_garbage(recorder, file);
        file->position = spool_reader_position(file->reader);
    }
    if (file_is_live(file)) {
        if (!file->run || !spool_reader_is_deleted(file->reader))
            file->alive_at = recorder->now.wall_s;
        else
            deleted_while_read(recorder, file);
        return;
    }
    if (file->gone_ms == BATCH_NONE) {
        file->gone_ms = recorder->now.boot_ms;
        read_records(recorder, file, SIZE_MAX); /* what came before the writer went */
        if (!file->at_end)
            return;
    }
    if (!file->run) {
        if (!file->identified)
            file_identify(file, NULL);
        if (!file_assign(recorder, file))
            return;
    }
    if (may_go_on(recorder, file))
        file->run->server->talk.wants_state = true;
    else
        finish(recorder, file);
}

bool spool_is_read(struct recorder *recorder, struct spool_file *file)
{
    if (!file->reader || file->finished ||
        recorder_waiting(recorder) > recorder->settings.max_memory)
        return false;
    read_records(recorder, file, RECORDS_A_TIME);
    return file->at_end;
}

static size_t read_file(struct recorder *recorder, struct spool_file *file, size_t max)
{
    size_t n;

    if (!file->reader && !file->finished && recorder->now.boot_ms >= file->retry_ms)
        open_file(recorder, file);
    if (file->missing && !file->finished)
        deleted_while_away(recorder, file);
    if (!file->reader || file->finished)
        return 0;
    n = read_records(recorder, file, max);
    look_for_end(recorder, file);
    return n;
}

/* True if there are more than a step allows. */
static bool believe_expected(struct recorder *recorder)
{
    struct session *session;
    size_t n = 0;

    while ((session = chain_first(&recorder->tentative)) &&
           recorder->now.boot_ms - session->tentative_boot_ms >= EXPECT_MS) {
        if (n++ >= recorder->settings.step)
            return true;
        session_believe_expected(recorder, session);
    }
    return false;
}

void spool_take_up(struct recorder *recorder)
{
    DIR *dir;

    if (!recorder->spool_dir || !chain_first(&recorder->files))
        return;
    dir = open_dir(recorder);
    if (!dir)
        return;
    closedir(dir);
    for (struct spool_file *file = chain_first(&recorder->files); file;
         file = chain_next(&file->link))
        open_file(recorder, file);
}

bool spool_confirms(const struct server *server)
{
    const struct run *run = server->run;

    return run && run->ended == BATCH_NONE && run->file && run->file->run == run && !run->lossy &&
           run->file->garbage == 0;
}

/* True if there is more than a step allows. */
static bool believe_counts(struct recorder *recorder)
{
    bool more = false;

    for (size_t i = 0; i < recorder->n_servers; i++) {
        struct server *server = recorder->servers[i];

        if (server->talk.resolved && spool_confirms(server) && server->run->file->up_to_now &&
            file_is_live(server->run->file))
            more = status_believe(recorder, server) || more;
    }
    return more;
}

bool recorder_read_spool(struct recorder *recorder, size_t max_records, struct recorder_time now)
{
    bool more = true;
    size_t n = 0;

    recorder_tick(recorder, now);
    if (!recorder->spool_dir)
        return false;
    scan(recorder);
    identify_new(recorder);
    for (struct spool_file *file = chain_first(&recorder->files); file;
         file = chain_next(&file->link))
        file->up_to_now = false;
    while (more && n < max_records) {
        struct spool_file *next;

        more = false;
        for (struct spool_file *file = chain_first(&recorder->files);
             file && recorder_waiting(recorder) <= recorder->settings.max_memory; file = next) {
            size_t part = max_records - n < RECORDS_A_TIME ? max_records - n : RECORDS_A_TIME;
            size_t found = read_file(recorder, file, part);

            next = chain_next(&file->link);
            n += found;
            more = more || (found > 0 && !file->at_end);
        }
    }
    recorder->looked = recorder->looked || !more;
    more = believe_counts(recorder) || more;
    return believe_expected(recorder) || more;
}
