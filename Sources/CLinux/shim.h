// What glibc declares only to programs that ask for all that is Linux's own, which Swift's import of it does not.
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags);
int pthread_setname_np(unsigned long thread, const char *name);
int sync_file_range(int file, long offset, long count, unsigned int flags);
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif
#ifndef SYNC_FILE_RANGE_WRITE_AND_WAIT
#define SYNC_FILE_RANGE_WRITE_AND_WAIT 7
#endif
