// Requests over connections that stay: a page of history again and again.
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct Caller {
    int fd;
    char *bytes;
    size_t count, capacity;
    uint64_t asked;
} Caller;
static char request[4096];
static size_t request_size;
static Histogram latency;
static uint64_t answered, answered_bytes;

static void ask(Caller *caller) {
    caller->asked = clock_ns();
    caller->count = 0;
    if (send(caller->fd, request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size) fail("a request could not be sent");
}

// Whether a whole answer has come.
static bool is_whole(Caller *caller) {
    caller->bytes[caller->count] = 0;
    char *blank = strstr(caller->bytes, "\r\n\r\n");
    if (!blank) return false;
    char *length = strcasestr(caller->bytes, "\r\ncontent-length:");
    if (!length || length > blank) fail("an answer without its length: %.300s", caller->bytes);
    size_t body = strtoull(length + 17, NULL, 10);
    if (caller->count < (size_t)(blank + 4 - caller->bytes) + body) return false;
    if (atoi(caller->bytes + 9) != 200) fail("refused: %.500s", caller->bytes);
    // Counted in the first and then in every 64th answer: it is the server that is measured.
    if (options.items && answered % 64 == 0) {
        int items = 0;
        for (char *at = blank; (at = strstr(at, "\"content\":")); at++) items++;
        if (items != options.items) faults.missing += (uint64_t)abs(items - options.items);
    }
    return true;
}

static bool receive(Caller *caller) {
    for (;;) {
        if (caller->capacity - caller->count < 65536) caller->bytes = realloc(caller->bytes, caller->capacity += 1 << 18);
        ssize_t count = recv(caller->fd, caller->bytes + caller->count, caller->capacity - caller->count - 1, MSG_DONTWAIT);
        if (count < 0 && errno == EAGAIN) return false;
        if (count <= 0) fail("a connection was closed");
        caller->count += (size_t)count;
        if (is_whole(caller)) return true;
    }
}

int history(void) {
    options.count = 1;
    load_links();
    char path[1024];
    snprintf(path, sizeof path, options.path, links[0].conversation);
    request_size = (size_t)snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", path, links[0].token);
    Caller *callers = calloc((size_t)options.concurrency, sizeof *callers);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)options.port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int poller = epoll_create1(0), one = 1;
    for (int at = 0; at < options.concurrency; at++) {
        Caller *caller = &callers[at];
        caller->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(caller->fd, (void *)&address, sizeof address)) fail("no connection: %s", strerror(errno));
        setsockopt(caller->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = caller };
        epoll_ctl(poller, EPOLL_CTL_ADD, caller->fd, &event);
        ask(caller);
    }
    uint64_t began = clock_ns(), from = began + (uint64_t)(options.warmup * 1e9), end = from + (uint64_t)(options.seconds * 1e9);
    bool is_measuring = false;
    Usage before = { 0 };
    uint64_t total = 0;
    while ((now = clock_ns()) < end) {
        if (!is_measuring && now >= from) {
            is_measuring = true;
            before = usage(options.server);
        }
        struct epoll_event events[64];
        int ready = epoll_wait(poller, events, 64, 100);
        for (int at = 0; at < ready; at++) {
            Caller *caller = events[at].data.ptr;
            if (!receive(caller)) continue;
            total++;
            if (is_measuring) {
                answered++;
                answered_bytes += caller->count;
                histogram_add(&latency, clock_ns() - caller->asked);
            }
            while (options.rate && (double)(clock_ns() - began) / 1e9 * options.rate < (double)total) usleep(500);
            ask(caller);
        }
    }
    Usage after = usage(options.server);
    double seconds = (double)(clock_ns() - from) / 1e9, cpu = after.cpu_seconds - before.cpu_seconds;
    report_begin("history");
    report("per_second", (double)answered / seconds);
    report("per_cpu_second", cpu > 0 ? (double)answered / cpu : 0);
    report("bytes_each", answered ? (double)answered_bytes / (double)answered : 0);
    report("p50_us", histogram_microseconds(&latency, 0.5));
    report("p99_us", histogram_microseconds(&latency, 0.99));
    report("server_cpu", cpu / seconds);
    return report_end();
}
