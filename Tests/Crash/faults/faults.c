/*
 * Stands between a program and the system, by LD_PRELOAD, for the files below one folder:
 *
 *     FAULTS_FOLDER   the folder; without it nothing is done
 *     FAULTS_LOG      a file that takes every write, length, sync, new name and lost name, and every line on standard
 *                     output, in the order in which they happened; power.py makes disks after a power cut from it
 *     FAULTS_STOP     kills the program instead of the call with this number
 *     FAULTS_FULL     FROM,CALLS,SHORT: from the FROMth call that writes on, the disk is full for CALLS calls (0: for ever);
 *                     the first SHORT of them are cut short where they can be, and the file system says that it is full
 *     FAULTS_EIO      write|sync,FROM,CALLS,NAME: the FROMth such call to a file whose name ends in NAME fails with EIO,
 *                     as do those that follow it, CALLS altogether (0: for ever)
 *
 * Files that processes only use to agree among themselves (LMDB's -lock, SQLite's -shm) hold no data and are left
 * alone; a shared, writable map of any other file would escape, so it ends the program.
 *
 * A record of the log, integers in the machine's order: kind 1, file 4, offset 8, length 8, then so many bytes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
    CREATED = 'C', FOUND = 'F', WRITTEN = 'W', WRITTEN_THROUGH = 'D', LENGTH = 'T', SYNCED = 'S', SYNC_FAILED = 'X',
    FOLDER_SYNCED = 'N', UNLINKED = 'U', RENAMED = 'R', LINKED = 'L', OUTPUT = 'A', REFUSED = 'E'
};
enum { FILES_MAX = 1024, DESCRIPTORS_MAX = 4096, NO_FILE = 0, THE_FOLDER = -1 };

/* Which calls fail: those with the numbers from .. from + calls - 1, counted from 1. */
struct window { uint64_t from, calls, count; char name[64]; };

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static char folder[PATH_MAX];
static int log_descriptor = -1;
static uint64_t call_count, stop_at, short_calls;
static struct window full, write_error, sync_error;
static int file_of[DESCRIPTORS_MAX];
static struct { ino_t inode; char name[256]; } files[FILES_MAX];
static int file_count;

#define REAL(name) ({ static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name); real; })

static void fail(const char *what) {
    dprintf(2, "faults: %s\n", what);
    abort();
}

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("FAULTS_FOLDER");
    if (!text || !realpath(text, folder)) { folder[0] = 0; return; }
    if ((text = getenv("FAULTS_LOG"))) {
        log_descriptor = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log_descriptor < 0) fail("the log cannot be written");
    }
    if ((text = getenv("FAULTS_STOP"))) stop_at = strtoull(text, NULL, 10);
    if ((text = getenv("FAULTS_FULL")) && sscanf(text, "%lu,%lu,%lu", &full.from, &full.calls, &short_calls) != 3)
        fail("FAULTS_FULL");
    if ((text = getenv("FAULTS_EIO"))) {
        char what[8];
        struct window read;
        memset(&read, 0, sizeof read);
        if (sscanf(text, "%7[a-z],%lu,%lu,%63s", what, &read.from, &read.calls, read.name) != 4) fail("FAULTS_EIO");
        *(strcmp(what, "sync") ? &write_error : &sync_error) = read;
    }
}

/* Whether the call that is being made falls into a window; counts it. */
static int falls_into(struct window *window, int file) {
    if (!window->from) return 0;
    const char *name = files[file].name;
    size_t length = strlen(name), wanted = strlen(window->name);
    if (wanted > length || strcmp(name + length - wanted, window->name)) return 0;
    window->count++;
    return window->count >= window->from && (!window->calls || window->count < window->from + window->calls);
}

static void note(enum kind kind, int file, uint64_t offset, const struct iovec *parts, int part_count) {
    if (log_descriptor < 0) return;
    struct __attribute__((packed)) { uint8_t kind; uint32_t file; uint64_t offset, length; } head = {kind, file, offset, 0};
    struct iovec all[part_count + 1];
    all[0] = (struct iovec){&head, sizeof head};
    for (int part = 0; part < part_count; part++) {
        all[part + 1] = parts[part];
        head.length += parts[part].iov_len;
    }
    if (syscall(SYS_writev, log_descriptor, all, part_count + 1) != (ssize_t)(sizeof head + head.length))
        fail("the log cannot be written");
}

static void note_text(enum kind kind, int file, const char *text) {
    struct iovec part = {(void *)text, strlen(text)};
    note(kind, file, 0, &part, 1);
}

/* Counts a call that changes something, and ends the program where it has to. */
static void step(void) {
    if (++call_count == stop_at) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
}

/* The name within the folder; NULL outside of it. */
static const char *name_within(const char *path, char *buffer) {
    if (!folder[0]) return NULL;
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash) return NULL;
    snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
    if (!realpath(parent[0] ? parent : "/", buffer) || strcmp(buffer, folder)) return NULL;
    const char *name = slash + 1;
    size_t bytes = strlen(name);
    if (bytes >= 5 && !strcmp(name + bytes - 5, "-lock")) return NULL;
    if (bytes >= 4 && !strcmp(name + bytes - 4, "-shm")) return NULL;
    return name;
}

static int number_of(ino_t inode) {
    for (int file = file_count; file > 0; file--)
        if (files[file].inode == inode) return file;
    return NO_FILE;
}

static int opened(int descriptor, const char *path, int is_new) {
    char buffer[PATH_MAX];
    if (descriptor < 0 || descriptor >= DESCRIPTORS_MAX || !folder[0]) return descriptor;
    file_of[descriptor] = NO_FILE;
    if (realpath(path, buffer) && !strcmp(buffer, folder)) { file_of[descriptor] = THE_FOLDER; return descriptor; }
    const char *name = name_within(path, buffer);
    struct stat status;
    if (!name || fstat(descriptor, &status) || !S_ISREG(status.st_mode)) return descriptor;
    int file = is_new ? NO_FILE : number_of(status.st_ino);
    if (file == NO_FILE) {
        if (++file_count >= FILES_MAX) fail("too many files");
        file = file_count;
        files[file].inode = status.st_ino;
        snprintf(files[file].name, sizeof files[file].name, "%s", name);
        note_text(is_new ? CREATED : FOUND, file, name);
    }
    file_of[descriptor] = file;
    return descriptor;
}

static int tracked(int descriptor) {
    return descriptor >= 0 && descriptor < DESCRIPTORS_MAX ? file_of[descriptor] : NO_FILE;
}

#define WITH_LOCK(type, body) do { pthread_mutex_lock(&lock); type result; int error; { body } \
    error = errno; pthread_mutex_unlock(&lock); errno = error; return result; } while (0)

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        mode_t mode = 0; \
        if (flags & (O_CREAT | __O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); } \
        WITH_LOCK(int, { \
            int is_new = (flags & O_CREAT) && access(path, F_OK) != 0; \
            result = opened(REAL(name)(path, flags, mode), path, is_new); \
        }); \
    }
OPEN(open)
OPEN(open64)

/* A path that is relative to an open folder is none of the archive's. */
#define OPEN_AT(name) \
    int name(int place, const char *path, int flags, ...) { \
        mode_t mode = 0; \
        if (flags & (O_CREAT | __O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); } \
        if (place != AT_FDCWD) return syscall(SYS_openat, place, path, flags, mode); \
        WITH_LOCK(int, { \
            int is_new = (flags & O_CREAT) && access(path, F_OK) != 0; \
            result = opened(syscall(SYS_openat, place, path, flags, mode), path, is_new); \
        }); \
    }
OPEN_AT(openat)
OPEN_AT(openat64)

int close(int descriptor) {
    WITH_LOCK(int, {
        if (tracked(descriptor)) file_of[descriptor] = NO_FILE;
        result = REAL(close)(descriptor);
    });
}

/* All writing ends here; an offset of -1 is the descriptor's own. */
static ssize_t put(int descriptor, const struct iovec *parts, int part_count, off_t offset) {
    int file = tracked(descriptor);
    if (descriptor == 1 && log_descriptor >= 0) note(OUTPUT, 0, 0, parts, part_count);
    if (file <= NO_FILE)
        return offset < 0 ? syscall(SYS_writev, descriptor, parts, part_count)
                          : syscall(SYS_pwritev, descriptor, parts, part_count, offset, 0);
    step();
    if (falls_into(&write_error, file)) { note(REFUSED, file, EIO, NULL, 0); errno = EIO; return -1; }
    struct iovec first = parts[0];
    if (falls_into(&full, file)) {
        note(REFUSED, file, ENOSPC, NULL, 0);
        if (full.count >= full.from + short_calls || first.iov_len < 1024) { errno = ENOSPC; return -1; }
        first.iov_len = first.iov_len / 1024 * 512;
        parts = &first;
        part_count = 1;
    }
    off_t place = offset < 0 ? lseek(descriptor, 0, SEEK_CUR) : offset;
    ssize_t count = syscall(SYS_pwritev, descriptor, parts, part_count, place, 0);
    size_t wanted = 0;
    for (int part = 0; part < part_count; part++) wanted += parts[part].iov_len;
    if (count >= 0 && (size_t)count != wanted) fail("the disk of the test itself is full");
    if (count < 0) return count;
    if (offset < 0) lseek(descriptor, place + count, SEEK_SET);
    int flags = fcntl(descriptor, F_GETFL);
    note(flags & O_DSYNC ? WRITTEN_THROUGH : WRITTEN, file, place, parts, part_count);
    return count;
}

ssize_t write(int descriptor, const void *bytes, size_t length) {
    struct iovec part = {(void *)bytes, length};
    if (descriptor != 1 && tracked(descriptor) <= NO_FILE) return syscall(SYS_write, descriptor, bytes, length);
    WITH_LOCK(ssize_t, { result = put(descriptor, &part, 1, -1); });
}
ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    if (descriptor != 1 && tracked(descriptor) <= NO_FILE) return syscall(SYS_writev, descriptor, parts, count);
    WITH_LOCK(ssize_t, { result = put(descriptor, parts, count, -1); });
}
ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
    struct iovec part = {(void *)bytes, length};
    WITH_LOCK(ssize_t, { result = put(descriptor, &part, 1, offset); });
}
ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    WITH_LOCK(ssize_t, { result = put(descriptor, parts, count, offset); });
}
ssize_t pwrite64(int, const void *, size_t, off64_t) __attribute__((alias("pwrite")));
ssize_t pwritev64(int, const struct iovec *, int, off64_t) __attribute__((alias("pwritev")));

int ftruncate(int descriptor, off_t length) {
    WITH_LOCK(int, {
        int file = tracked(descriptor);
        if (file > NO_FILE) step();
        result = syscall(SYS_ftruncate, descriptor, length);
        if (file > NO_FILE && result == 0) note(LENGTH, file, length, NULL, 0);
    });
}
int ftruncate64(int, off64_t) __attribute__((alias("ftruncate")));

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    if (tracked(descriptor) > NO_FILE) { errno = EOPNOTSUPP; return -1; }
    return syscall(SYS_fallocate, descriptor, mode, offset, length);
}
int fallocate64(int, int, off64_t, off64_t) __attribute__((alias("fallocate")));
int posix_fallocate(int descriptor, off_t offset, off_t length) {
    return fallocate(descriptor, 0, offset, length) ? errno : 0;
}
int posix_fallocate64(int, off64_t, off64_t) __attribute__((alias("posix_fallocate")));

/* What is synced is only noted: the disk that counts is made from the log. */
static int sync_file(int descriptor, long number) {
    int file = tracked(descriptor);
    if (file == NO_FILE) return syscall(number, descriptor);
    step();
    if (file == THE_FOLDER) { note(FOLDER_SYNCED, 0, 0, NULL, 0); return 0; }
    if (falls_into(&sync_error, file)) { note(SYNC_FAILED, file, 0, NULL, 0); errno = EIO; return -1; }
    note(SYNCED, file, 0, NULL, 0);
    return 0;
}
int fsync(int descriptor) { WITH_LOCK(int, { result = sync_file(descriptor, SYS_fsync); }); }
int fdatasync(int descriptor) { WITH_LOCK(int, { result = sync_file(descriptor, SYS_fdatasync); }); }

int statvfs(const char *path, struct statvfs *status) {
    WITH_LOCK(int, {
        result = REAL(statvfs)(path, status);
        int is_full = full.from && full.count >= full.from && (!full.calls || full.count + 1 < full.from + full.calls);
        if (is_full) status->f_bavail = status->f_bfree = 0;
    });
}
int statvfs64(const char *path, struct statvfs64 *status) { return statvfs(path, (struct statvfs *)status); }

static int forget(const char *path, int (*real)(const char *)) {
    char buffer[PATH_MAX];
    const char *name = name_within(path, buffer);
    if (name) step();
    int result = real(path);
    if (name && result == 0) note_text(UNLINKED, 0, name);
    return result;
}
int unlink(const char *path) { WITH_LOCK(int, { result = forget(path, REAL(unlink)); }); }
int remove(const char *path) { WITH_LOCK(int, { result = forget(path, REAL(remove)); }); }

int rename(const char *from, const char *to) {
    WITH_LOCK(int, {
        char first[PATH_MAX]; char second[PATH_MAX]; char names[600];
        const char *old = name_within(from, first);
        const char *new = name_within(to, second);
        if (old) step();
        result = REAL(rename)(from, to);
        if (old && new && result == 0) {
            snprintf(names, sizeof names, "%s/%s", old, new);
            note_text(RENAMED, 0, names);
            struct stat status;
            int file = stat(to, &status) == 0 ? number_of(status.st_ino) : NO_FILE;
            if (file != NO_FILE) snprintf(files[file].name, sizeof files[file].name, "%s", new);
        }
    });
}

int link(const char *from, const char *to) {
    WITH_LOCK(int, {
        char first[PATH_MAX]; char second[PATH_MAX]; char names[600];
        const char *old = name_within(from, first);
        const char *new = name_within(to, second);
        if (old) step();
        result = REAL(link)(from, to);
        if (old && new && result == 0) {
            snprintf(names, sizeof names, "%s/%s", old, new);
            note_text(LINKED, 0, names);
        }
    });
}

void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
    if (tracked(descriptor) > NO_FILE && (protection & PROT_WRITE) && (flags & MAP_SHARED)) fail("a writable map");
    return (void *)syscall(SYS_mmap, address, length, protection, flags, descriptor, offset);
}
void *mmap64(void *, size_t, int, int, int, off64_t) __attribute__((alias("mmap")));
