/* Valgrind maps 32 GiB at most, and the archive's map has room for a terabyte. What a benchmark stores lies in its first part. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/mman.h>

static const size_t LENGTH_MAX = (size_t)16 << 30;

void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset)
{
    static void *(*real)(void *, size_t, int, int, int, off_t);
    if (!real) real = dlsym(RTLD_NEXT, "mmap");
    return real(address, length < LENGTH_MAX ? length : LENGTH_MAX, protection, flags, descriptor, offset);
}

int munmap(void *address, size_t length)
{
    static int (*real)(void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "munmap");
    return real(address, length < LENGTH_MAX ? length : LENGTH_MAX);
}
