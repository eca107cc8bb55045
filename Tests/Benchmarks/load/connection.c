// WebSocket connections as a client: upgrade, frames out (masked), frames in. One buffer reads for all of them.
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

Link *links;
int link_count, room_count;
Handlers handlers;
uint64_t now;
static int poller = -1;
static char buffer[1 << 20];

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

uint64_t clock_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

// Lines of one conversation that stand together are a room.
void load_links(void) {
    FILE *file = fopen(options.links, "r");
    if (!file) fail("%s cannot be read", options.links);
    size_t room_for = 0;
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, file) > 0 && (!options.count || link_count < options.count)) {
        char *conversation = strtok(line, " \n"), *token = strtok(NULL, " \n");
        if (!conversation || !token) continue;
        if ((size_t)link_count == room_for) {
            room_for = room_for ? room_for * 2 : 1024;
            links = realloc(links, room_for * sizeof *links);
        }
        Link *link = &links[link_count];
        memset(link, 0, sizeof *link);
        const char *before = link_count ? links[link_count - 1].conversation : "";
        room_count += strcmp(before, conversation) != 0;
        *link = (Link){ .fd = -1, .index = link_count++, .room = room_count - 1, .token = strdup(token),
                        .conversation = strcmp(before, conversation) ? strdup(conversation) : before };
    }
    fclose(file);
    free(line);
    if (!link_count) fail("%s holds no connections", options.links);
}

void watch(int fd, uint32_t events, void *item) {
    if (poller < 0) poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = events, .data.ptr = item };
    if (epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event) && epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event))
        fail("epoll_ctl: %s", strerror(errno));
}

static void wish(Link *link) {
    watch(link->fd, (link->is_deaf ? 0 : EPOLLIN) | (link->out_count ? EPOLLOUT : 0), link);
}

static void keep(char **kept, size_t *count, const void *bytes, size_t size) {
    if (size) *kept = realloc(*kept, *count + size);
    if (size) memcpy(*kept + *count, bytes, size);
    *count += size;
}

static void forget(char **kept, size_t *count) {
    free(*kept);
    *kept = NULL;
    *count = 0;
}

static void put(Link *link, const void *bytes, size_t size) {
    ssize_t sent = 0;
    if (!link->out_count) {
        sent = send(link->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) sent = 0;    // full, or not connected yet; a broken one shows when it is read
        if ((size_t)sent == size) return;
    }
    keep(&link->out, &link->out_count, (const char *)bytes + sent, size - (size_t)sent);
    wish(link);
}

bool link_open(Link *link, uint64_t after) {
    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0) fail("no descriptor for connection %d: %s", link->index, strerror(errno));
    int one = 1;
    setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (link->receive_buffer) setsockopt(link->fd, SOL_SOCKET, SO_RCVBUF, &link->receive_buffer, sizeof(int));
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)options.port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (connect(link->fd, (void *)&address, sizeof address) && errno != EINPROGRESS) {
        close(link->fd);
        link->fd = -1;
        faults.refused++;
        return false;
    }
    link->state = UPGRADING;
    link->is_deaf = false;
    char request[4096], position[40] = "";
    if (after != UINT64_MAX) snprintf(position, sizeof position, "&after=%llu", (unsigned long long)after);
    int size = snprintf(request, sizeof request,
        "GET /api/chat/ws%s%s?token=%s%s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
        options.profile == V1 ? "/" : "", options.profile == V1 ? link->conversation : "", link->token, position,
        options.profile == V1 ? "" : "Sec-WebSocket-Protocol: chat.v2\r\n");
    keep(&link->out, &link->out_count, request, (size_t)size);    // goes out once it is connected
    wish(link);
    return true;
}

static void put_frame(Link *link, int opcode, const char *payload, size_t size) {
    static const unsigned char mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
    unsigned char frame[70000];
    size_t head = size < 126 ? 6 : 8;
    if (size > 65535) fail("a message of %zu bytes is more than this client sends", size);
    frame[0] = 0x80 | (unsigned char)opcode;
    frame[1] = 0x80 | (size < 126 ? (unsigned char)size : 126);
    if (size >= 126) frame[2] = (unsigned char)(size >> 8), frame[3] = (unsigned char)size;
    memcpy(frame + head - 4, mask, 4);
    for (size_t at = 0; at < size; at++) frame[head + at] = (unsigned char)payload[at] ^ mask[at & 3];
    put(link, frame, head + size);
}

void link_say(Link *link, const char *text, size_t size) { put_frame(link, 1, text, size); }

static void end(Link *link, int status) {
    if (link->state == CLOSED) return;
    close(link->fd);
    link->fd = -1;
    link->state = CLOSED;
    forget(&link->in, &link->in_count);
    forget(&link->out, &link->out_count);
    if (handlers.closed) handlers.closed(link, status);
}

void link_close(Link *link, bool politely) {
    if (politely && link->state == OPEN) put_frame(link, 8, "\x03\xe8", 2);
    else end(link, 0);
}

void link_listen(Link *link, bool listens) {
    if (link->state == CLOSED || link->is_deaf == !listens) return;
    link->is_deaf = !listens;
    wish(link);
}

// The bytes of whole frames, or of the answer to the handshake, at the front; the rest is kept for the next time.
static size_t take_frames(Link *link, char *bytes, size_t count) {
    size_t at = 0;
    if (link->state == UPGRADING) {
        char *blank = memmem(bytes, count, "\r\n\r\n", 4);
        if (!blank) return 0;
        int status = count > 12 ? atoi(bytes + 9) : 0;
        if (status != 101) {
            end(link, status);
            return count;
        }
        at = (size_t)(blank - bytes) + 4;
        link->state = OPEN;
        if (handlers.opened) handlers.opened(link);
    }
    while (link->state == OPEN && count - at >= 2) {
        const unsigned char *frame = (unsigned char *)bytes + at;
        size_t head = 2, size = frame[1];
        if (size == 126) head = 4;
        if (size == 127) head = 10;
        if (count - at < head) break;
        if (head == 4) size = (size_t)frame[2] << 8 | frame[3];
        if (head == 10) for (size = 0, head = 2; head < 10; head++) size = size << 8 | frame[head];
        if (count - at < head + size) break;
        const char *payload = bytes + at + head;
        switch (frame[0]) {
        case 0x81: if (handlers.text) handlers.text(link, payload, size); break;
        case 0x89: put_frame(link, 10, payload, size); break;
        case 0x8a: break;
        case 0x88: end(link, size >= 2 ? (unsigned char)payload[0] << 8 | (unsigned char)payload[1] : 1005); break;
        default: fail("a frame that begins with %#x", frame[0]);
        }
        at += head + size;
    }
    return link->state == CLOSED ? count : at;
}

static void receive(Link *link) {
    size_t kept = link->in_count;
    if (kept + 65536 > sizeof buffer) fail("a frame of more than %zu bytes", sizeof buffer);
    if (kept) memcpy(buffer, link->in, kept);
    ssize_t count = recv(link->fd, buffer + kept, sizeof buffer - kept, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return end(link, 0);
    now = clock_ns();
    size_t all = kept + (size_t)count, taken = take_frames(link, buffer, all);
    if (link->state == CLOSED) return;
    if (taken < all || kept) {
        forget(&link->in, &link->in_count);
        keep(&link->in, &link->in_count, buffer + taken, all - taken);
    }
    if (handlers.read_over) handlers.read_over(link);
}

static void flush(Link *link) {
    ssize_t sent = send(link->fd, link->out, link->out_count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return end(link, 0);
    if (sent <= 0) return;
    memmove(link->out, link->out + sent, link->out_count - (size_t)sent);
    link->out_count -= (size_t)sent;
    if (!link->out_count) {
        forget(&link->out, &link->out_count);
        wish(link);
    }
}

void turn(double seconds) {
    struct epoll_event events[512];
    int ready = epoll_wait(poller, events, 512, seconds <= 0 ? 0 : (int)(seconds * 1000 + 0.999));
    now = clock_ns();
    for (int at = 0; at < ready; at++) {
        Link *link = events[at].data.ptr;
        if (link->state != CLOSED && events[at].events & EPOLLOUT) flush(link);
        if (link->state != CLOSED && events[at].events & EPOLLIN) receive(link);
        else if (link->state != CLOSED && events[at].events & (EPOLLERR | EPOLLHUP)) end(link, 0);
    }
}
