// What Glibc's module does not show to Swift: epoll, eventfd and the macros around them.
#ifndef CHAT_CLINUX_SHIM_H
#define CHAT_CLINUX_SHIM_H
// Without _GNU_SOURCE, on purpose: Swift's own Glibc module is built so, and the same struct may not have two definitions in
// one program. What glibc hides then is declared below.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

// `errno` is a macro around a call, which Swift does not import.
static inline int chat_errno(void) { return errno; }

// How much freed memory at the end of a heap is kept for the next time, in bytes. Elsewhere than in glibc: as it is there.
static inline void chat_keep_freed(int bytes) {
#ifdef __GLIBC__
  mallopt(M_TRIM_THRESHOLD, bytes);
#else
  (void)bytes;
#endif
}

// Variadic, so not imported.
static inline int chat_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

extern int pthread_setname_np(pthread_t, const char *);

// The resource's type differs between C and what Swift imports of it.
static inline int chat_get_descriptor_limit(struct rlimit *limit) { return getrlimit(RLIMIT_NOFILE, limit); }
static inline int chat_set_descriptor_limit(const struct rlimit *limit) { return setrlimit(RLIMIT_NOFILE, limit); }

extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int sched_getaffinity(pid_t, size_t, void *);

// Cores this process may run on: a container's cpuset counts, not the machine's cores.
static inline int chat_available_cores(void) {
    unsigned long mask[16] = {0};
    if (sched_getaffinity(0, sizeof mask, mask) < 0) return 1;
    int count = 0;
    for (int i = 0; i < 16; i++) count += __builtin_popcountl(mask[i]);
    return count > 0 ? count : 1;
}

// With pointers to one address family or another, which Swift would have to cast.
static inline int chat_accept(int listener, struct sockaddr_storage *peer) {
    socklen_t size = sizeof *peer;
    return accept4(listener, (struct sockaddr *)peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
static inline int chat_bound_address(int socket, struct sockaddr_storage *address) {
    socklen_t size = sizeof *address;
    return getsockname(socket, (struct sockaddr *)address, &size);
}
static inline int chat_bind(int socket, const struct sockaddr *address, socklen_t size) {
    return bind(socket, address, size);
}
static inline int chat_connect(int socket, const struct sockaddr *address, socklen_t size) {
    return connect(socket, address, size);
}
#endif
