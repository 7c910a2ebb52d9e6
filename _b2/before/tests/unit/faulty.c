/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/faulty.h"

#include <sqlite3.h>
#include <stddef.h>
#include <string.h>

static struct {
    enum faulty_kind kind;
    int countdown; /* 0: not armed */
    int code;
    bool lasting, struck;
} fault;

void faulty_arm(enum faulty_kind kind, int n, int code, bool lasting)
{
    fault.kind = kind;
    fault.countdown = n;
    fault.code = code;
    fault.lasting = lasting;
    fault.struck = false;
}

bool faulty_disarm(void)
{
    fault.countdown = 0;
    return fault.struck;
}

/* True if this call has to fail. */
static bool strikes(enum faulty_kind kind)
{
    if (fault.countdown == 0)
        return false;
    if (fault.struck)
        return fault.lasting && (kind == FAULTY_MALLOC) == (fault.kind == FAULTY_MALLOC);
    if (kind != fault.kind || --fault.countdown > 0)
        return false;
    fault.countdown = 1; /* stays armed */
    fault.struck = true;
    return true;
}

/* ── files ── */

struct file {
    sqlite3_file base;
    sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;

static sqlite3_file *real(sqlite3_file *file)
{
    return ((struct file *)file)->real;
}

static int file_close(sqlite3_file *file)
{
    int rc = real(file)->pMethods->xClose(real(file));

    sqlite3_free(real(file));
    return rc;
}

static int file_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
    return strikes(FAULTY_READ) ? SQLITE_IOERR_READ
                                : real(file)->pMethods->xRead(real(file), to, n, at);
}

static int file_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 at)
{
    if (!strikes(FAULTY_WRITE))
        return real(file)->pMethods->xWrite(real(file), from, n, at);
    if (fault.code != SQLITE_FULL)
        real(file)->pMethods->xWrite(real(file), from, n / 2, at);
    return fault.code;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return strikes(FAULTY_TRUNCATE) ? SQLITE_IOERR_TRUNCATE
                                    : real(file)->pMethods->xTruncate(real(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    return strikes(FAULTY_SYNC) ? SQLITE_IOERR_FSYNC
                                : real(file)->pMethods->xSync(real(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return strikes(FAULTY_READ) ? SQLITE_IOERR_FSTAT
                                : real(file)->pMethods->xFileSize(real(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return strikes(FAULTY_LOCK) ? fault.code : real(file)->pMethods->xLock(real(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xUnlock(real(file), level);
}

static int file_check_lock(sqlite3_file *file, int *held)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), held);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
    return real(file)->pMethods->xFileControl(real(file), op, arg);
}

static int file_sector_size(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int file_characteristics(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **to)
{
    return strikes(FAULTY_SHM) ? SQLITE_IOERR_SHMMAP
                               : real(file)->pMethods->xShmMap(real(file), page, size, extend, to);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    if ((flags & SQLITE_SHM_LOCK) && strikes(FAULTY_LOCK))
        return fault.code;
    return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    real(file)->pMethods->xShmBarrier(real(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete)
{
    return real(file)->pMethods->xShmUnmap(real(file), delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
                    int *out_flags)
{
    struct file *file = (struct file *)base;
    int rc;

    (void)vfs;
    memset(file, 0, sizeof(*file));
    if (strikes(FAULTY_OPEN))
        return SQLITE_CANTOPEN;
    file->real = sqlite3_malloc(real_vfs->szOsFile);
    if (file->real == NULL)
        return SQLITE_NOMEM;
    memset(file->real, 0, (size_t)real_vfs->szOsFile);
    rc = real_vfs->xOpen(real_vfs, name, file->real, flags, out_flags);
    if (file->real->pMethods)
        file->base.pMethods = &methods;
    else
        sqlite3_free(file->real);
    return rc;
}

/* SQLite waits where locks change hands in an unlucky order: for ten seconds, if all fail. */
static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

/* ── memory ── */

static sqlite3_mem_methods real_memory;

static void *memory_malloc(int n)
{
    return strikes(FAULTY_MALLOC) ? NULL : real_memory.xMalloc(n);
}

static void *memory_realloc(void *old, int n)
{
    return strikes(FAULTY_MALLOC) ? NULL : real_memory.xRealloc(old, n);
}

void faulty_install(void)
{
    static sqlite3_vfs vfs;
    sqlite3_mem_methods memory;

    sqlite3_shutdown();
    if (real_memory.xMalloc == NULL)
        sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
    memory = real_memory;
    memory.xMalloc = memory_malloc;
    memory.xRealloc = memory_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);
    sqlite3_initialize();
    real_vfs = sqlite3_vfs_find("unix");
    vfs = *real_vfs;
    vfs.zName = "faulty";
    vfs.szOsFile = (int)sizeof(struct file);
    vfs.pNext = NULL;
    vfs.xOpen = vfs_open;
    vfs.xSleep = vfs_sleep;
    sqlite3_vfs_register(&vfs, 1);
}
