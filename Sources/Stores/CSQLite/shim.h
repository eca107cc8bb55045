// SQLite 3, with the macros and variadic functions Swift cannot call, and what of POSIX the store needs: threads to
// keep SQLite off Swift's pool, a file made with its mode, and a lock on it.
#ifndef CHAT_CSQLITE_SHIM_H
#define CHAT_CSQLITE_SHIM_H
#include <sqlite3.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

// SQLITE_TRANSIENT and SQLITE_STATIC are casts of integers to function pointers, which Swift does not import.
static inline int chat_sqlite_bind_text_copy(sqlite3_stmt *s, int i, const char *p, int n) {
    return sqlite3_bind_text(s, i, p, n, SQLITE_TRANSIENT);
}
static inline int chat_sqlite_bind_text_static(sqlite3_stmt *s, int i, const char *p, int n) {
    return sqlite3_bind_text(s, i, p, n, SQLITE_STATIC);
}
static inline int chat_sqlite_bind_blob_copy(sqlite3_stmt *s, int i, const void *p, int n) {
    return sqlite3_bind_blob(s, i, p, n, SQLITE_TRANSIENT);
}
static inline int chat_sqlite_bind_blob_static(sqlite3_stmt *s, int i, const void *p, int n) {
    return sqlite3_bind_blob(s, i, p, n, SQLITE_STATIC);
}

// The codes of I/O errors are expressions, which Swift does not import.
static const int chat_sqlite_ioerr_shmsize = SQLITE_IOERR_SHMSIZE;
static const int chat_sqlite_ioerr_data = SQLITE_IOERR_DATA;
static const int chat_sqlite_ioerr_short_read = SQLITE_IOERR_SHORT_READ;

// errno is a macro.
static inline int chat_errno(void) { return errno; }

// Nanoseconds of a clock that does not go backwards, a condition that waits by it, and such a wait: pthreads wait until a
// time of day unless told otherwise.
static inline long long chat_monotonic(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}
static inline void chat_cond_init_monotonic(pthread_cond_t *c) {
    pthread_condattr_t a;
    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_cond_init(c, &a);
    pthread_condattr_destroy(&a);
}
static inline void chat_cond_rest(pthread_cond_t *c, pthread_mutex_t *m, long long nanoseconds) {
    long long until = chat_monotonic() + nanoseconds;
    struct timespec t = {until / 1000000000, until % 1000000000};
    pthread_cond_timedwait(c, m, &t);
}

// open(2) is variadic.
static inline int chat_open(const char *path, int flags, int mode) { return open(path, flags, (mode_t)mode); }
#endif
