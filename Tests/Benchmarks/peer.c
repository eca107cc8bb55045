// The floor that chatd is measured against: the least that a server must do which keeps what it shows.
//
//     peer PORT FILE
//
// One thread, one epoll. A room is the last part of the path; nobody is asked who they are. What one round of epoll
// brought is committed to SQLite (WAL, synchronous=FULL) in one transaction, and then sent: the frames of one room joined
// in one buffer, one send a member. GET …/messages?limit=N is a page of history from the same file.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct Bytes { char *at; size_t count, capacity; } Bytes;
typedef struct Room { char name[64]; int *members; int count, capacity; Bytes round; bool is_dirty; int64_t seq; struct Room *next; } Room;
typedef struct Client { Room *room; Bytes in, out; bool is_open; } Client;

enum { CLIENTS = 1 << 17, SHELVES = 1 << 14 };
static Client *clients;
static Room *shelves[SHELVES], **dirty;
static int dirty_count, dirty_capacity, poller;
static sqlite3 *database;
static sqlite3_stmt *insertion, *page, *head;
static bool is_writing;
static char buffer[1 << 18];

static void fail(const char *what) {
    fprintf(stderr, "peer: %s: %s\n", what, database ? sqlite3_errmsg(database) : strerror(errno));
    exit(1);
}

static void append(Bytes *bytes, const void *more, size_t count) {
    if (bytes->count + count > bytes->capacity) {
        bytes->capacity = (bytes->count + count) * 2;
        bytes->at = realloc(bytes->at, bytes->capacity);
    }
    memcpy(bytes->at + bytes->count, more, count);
    bytes->count += count;
}

static void let_go(Bytes *bytes) {
    free(bytes->at);
    *bytes = (Bytes){ 0 };
}

static void watch(int fd, uint32_t events, int operation) {
    struct epoll_event event = { .events = events, .data.fd = fd };
    if (epoll_ctl(poller, operation, fd, &event)) fail("epoll_ctl");
}

static Room *room_named(const char *name, size_t count) {
    unsigned hash = 2166136261u;
    if (count > 63) count = 63;
    for (size_t at = 0; at < count; at++) hash = (hash ^ (unsigned char)name[at]) * 16777619u;
    Room **shelf = &shelves[hash % SHELVES];
    for (Room *room = *shelf; room; room = room->next)
        if (strlen(room->name) == count && !memcmp(room->name, name, count)) return room;
    Room *room = calloc(1, sizeof *room);
    memcpy(room->name, name, count);
    sqlite3_bind_text(head, 1, room->name, -1, SQLITE_STATIC);
    if (sqlite3_step(head) == SQLITE_ROW) room->seq = sqlite3_column_int64(head, 0);
    sqlite3_reset(head);
    room->next = *shelf;
    return *shelf = room;
}

static void leave(int fd) {
    Client *client = &clients[fd];
    Room *room = client->room;
    for (int at = 0; room && at < room->count; at++)
        if (room->members[at] == fd) {
            room->members[at] = room->members[--room->count];
            break;
        }
    let_go(&client->in);
    let_go(&client->out);
    *client = (Client){ 0 };
    close(fd);
}

static void put(int fd, const void *bytes, size_t count) {
    Client *client = &clients[fd];
    ssize_t sent = client->out.count ? 0 : send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) sent = 0;
    if ((size_t)sent == count) return;
    if (!client->out.count) watch(fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    append(&client->out, (const char *)bytes + sent, count - (size_t)sent);
}

static void flush(int fd) {
    Bytes *out = &clients[fd].out;
    ssize_t sent = send(fd, out->at, out->count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) return;
    memmove(out->at, out->at + sent, out->count -= (size_t)sent);
    if (out->count) return;
    let_go(out);
    watch(fd, EPOLLIN, EPOLL_CTL_MOD);
}

static void say(int fd, Room *room, const char *content, size_t count) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    int64_t moment = time.tv_sec * 1000000ll + time.tv_nsec / 1000;
    if (!is_writing && sqlite3_exec(database, "BEGIN", NULL, NULL, NULL)) fail("BEGIN");
    is_writing = true;
    room->seq++;
    sqlite3_bind_text(insertion, 1, room->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(insertion, 2, room->seq);
    sqlite3_bind_int(insertion, 3, fd);
    sqlite3_bind_text(insertion, 4, content, (int)count, SQLITE_STATIC);
    sqlite3_bind_int64(insertion, 5, moment);
    if (sqlite3_step(insertion) != SQLITE_DONE) fail("INSERT");
    sqlite3_reset(insertion);
    static const char before[] = "{\"type\":\"message\",\"content\":\"";
    char after[256];
    size_t tail = (size_t)snprintf(after, sizeof after,
        "\",\"sender_id\":\"u%d\",\"sender_username\":\"user%d\",\"message_id\":\"%.36s-%lld\",\"timestamp\":\"%lld\","
        "\"is_edited\":false,\"seq\":%lld}",
        fd, fd, room->name, (long long)room->seq, (long long)moment, (long long)room->seq);
    size_t size = sizeof before - 1 + count + tail;
    unsigned char frame[4] = { 0x81, size < 126 ? (unsigned char)size : 126, (unsigned char)(size >> 8), (unsigned char)size };
    append(&room->round, frame, size < 126 ? 2 : 4);
    append(&room->round, before, sizeof before - 1);
    append(&room->round, content, count);
    append(&room->round, after, tail);
    if (room->is_dirty) return;
    room->is_dirty = true;
    if (dirty_count == dirty_capacity) dirty = realloc(dirty, (size_t)(dirty_capacity = dirty_capacity * 2 + 64) * sizeof *dirty);
    dirty[dirty_count++] = room;
}

// Frames of up to 64 KiB; what is not whole stays.
static ssize_t take_frames(int fd, char *bytes, size_t count) {
    size_t at = 0;
    while (count - at >= 6) {
        unsigned char *frame = (unsigned char *)bytes + at;
        size_t first = 2, size = frame[1] & 127;
        if (size == 127) return -1;
        if (size == 126) {
            if (count - at < 8) break;
            first = 4;
            size = (size_t)frame[2] << 8 | frame[3];
        }
        if (count - at < first + 4 + size) break;
        unsigned char *mask = frame + first, *payload = mask + 4;
        for (size_t i = 0; i < size; i++) payload[i] ^= mask[i & 3];
        if ((frame[0] & 15) == 8) return -1;
        if ((frame[0] & 15) == 1) {
            char *content = memmem(payload, size, "\"content\":\"", 11);
            char *quote = content ? memchr(content + 11, '"', size - (size_t)(content + 11 - (char *)payload)) : NULL;
            if (quote) say(fd, clients[fd].room, content + 11, (size_t)(quote - content - 11));
        }
        at += first + 4 + size;
    }
    return (ssize_t)at;
}

static void answer_history(int fd, const char *path, size_t count) {
    const char *name = path + sizeof "/api/chat/conversations/" - 1, *slash = memchr(name, '/', count);
    const char *limit = memmem(path, count, "limit=", 6);
    Bytes body = { 0 };
    if (slash) sqlite3_bind_text(page, 1, name, (int)(slash - name), SQLITE_STATIC);
    sqlite3_bind_int(page, 2, limit ? atoi(limit + 6) : 50);
    append(&body, "[", 1);
    while (sqlite3_step(page) == SQLITE_ROW) {
        char text[512];
        if (body.count > 1) append(&body, ",", 1);
        int sender = sqlite3_column_int(page, 1);
        long long seq = sqlite3_column_int64(page, 0), moment = sqlite3_column_int64(page, 3);
        append(&body, text, (size_t)snprintf(text, sizeof text, "{\"id\":\"%.36s-%lld\",\"conversation_id\":\"%.36s\",\"sender_id\":\"u%d\","
            "\"sender_username\":\"user%d\",\"content\":\"", name, seq, name, sender, sender));
        append(&body, sqlite3_column_text(page, 2), (size_t)sqlite3_column_bytes(page, 2));
        append(&body, text, (size_t)snprintf(text, sizeof text,
            "\",\"is_edited\":false,\"created_at\":\"%lld\",\"updated_at\":\"%lld\",\"seq\":%lld}", moment, moment, seq));
    }
    sqlite3_reset(page);
    append(&body, "]", 1);
    char front[256];
    put(fd, front, (size_t)snprintf(front, sizeof front,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", body.count));
    put(fd, body.at, body.count);
    let_go(&body);
}

// A request of either kind; 0 when it is not whole yet.
static ssize_t take_request(int fd, char *bytes, size_t count) {
    char *blank = memmem(bytes, count, "\r\n\r\n", 4);
    if (!blank) return count > 8192 ? -1 : 0;
    ssize_t taken = blank + 4 - bytes;
    char *path = memchr(bytes, ' ', count), *end = path ? memchr(path + 1, ' ', (size_t)(blank - path)) : NULL;
    if (!end) return -1;
    path++;
    *blank = 0;
    char *key = strcasestr(bytes, "Sec-WebSocket-Key:");
    if (!key) {
        answer_history(fd, path, (size_t)(end - path));
        return taken;
    }
    char joined[128];
    key += strspn(key + 18, " ") + 18;
    int size = snprintf(joined, sizeof joined, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)strcspn(key, "\r"), key);
    unsigned char digest[20], accept[40];
    SHA1((unsigned char *)joined, (size_t)size, digest);
    EVP_EncodeBlock(accept, digest, 20);
    char *question = memchr(path, '?', (size_t)(end - path)), *stop = question ? question : end;
    char *slash = memrchr(path, '/', (size_t)(stop - path));
    if (!slash) return -1;
    Client *client = &clients[fd];
    Room *room = client->room = room_named(slash + 1, (size_t)(stop - slash - 1));
    if (room->count == room->capacity)
        room->members = realloc(room->members, (size_t)(room->capacity = room->capacity * 2 + 8) * sizeof(int));
    room->members[room->count++] = fd;
    client->is_open = true;
    char answer[256];
    put(fd, answer, (size_t)snprintf(answer, sizeof answer,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept));
    return taken;
}

static void receive(int fd) {
    Client *client = &clients[fd];
    size_t kept = client->in.count;
    if (kept) memcpy(buffer, client->in.at, kept);
    ssize_t count = recv(fd, buffer + kept, sizeof buffer - kept, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return leave(fd);
    size_t all = kept + (size_t)count, at = 0;
    for (ssize_t taken = 1; taken > 0 && at < all; at += (size_t)taken) {
        taken = client->is_open ? take_frames(fd, buffer + at, all - at) : take_request(fd, buffer + at, all - at);
        if (taken < 0) return leave(fd);
    }
    let_go(&client->in);
    if (at < all) append(&client->in, buffer + at, all - at);
}

// Nothing is sent before it is safe.
static void end_round(void) {
    if (is_writing && sqlite3_exec(database, "COMMIT", NULL, NULL, NULL)) fail("COMMIT");
    is_writing = false;
    for (int at = 0; at < dirty_count; at++) {
        Room *room = dirty[at];
        for (int member = 0; member < room->count; member++) put(room->members[member], room->round.at, room->round.count);
        room->round.count = 0;
        room->is_dirty = false;
    }
    dirty_count = 0;
}

static void open_database(const char *file) {
    if (sqlite3_open(file, &database)) fail(file);
    if (sqlite3_exec(database, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE IF NOT EXISTS messages(room TEXT, seq INTEGER, sender INTEGER, content TEXT, time INTEGER);"
            "CREATE UNIQUE INDEX IF NOT EXISTS by_seq ON messages(room, seq)", NULL, NULL, NULL)
        || sqlite3_prepare_v2(database, "INSERT INTO messages VALUES (?, ?, ?, ?, ?)", -1, &insertion, NULL)
        || sqlite3_prepare_v2(database, "SELECT max(seq) FROM messages WHERE room = ?", -1, &head, NULL)
        || sqlite3_prepare_v2(database, "SELECT * FROM (SELECT seq, sender, content, time FROM messages WHERE room = ? "
            "ORDER BY seq DESC LIMIT ?) ORDER BY seq", -1, &page, NULL))
        fail("the file cannot be used");
}

int main(int count, char **arguments) {
    if (count != 3) fail("PORT FILE");
    struct rlimit descriptors;
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    signal(SIGPIPE, SIG_IGN);
    clients = calloc(CLIENTS, sizeof *clients);
    open_database(arguments[2]);
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1])),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) {
        perror("peer: bind");
        return 1;
    }
    poller = epoll_create1(0);
    watch(listener, EPOLLIN, EPOLL_CTL_ADD);
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[512];
        int ready = epoll_wait(poller, events, 512, -1);
        for (int at = 0; at < ready; at++) {
            int fd = events[at].data.fd;
            if (fd == listener) {
                for (int turns = 0; turns < 64; turns++) {
                    int arrived = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                    if (arrived < 0) break;
                    if (arrived >= CLIENTS) {
                        close(arrived);
                        continue;
                    }
                    setsockopt(arrived, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    watch(arrived, EPOLLIN, EPOLL_CTL_ADD);
                }
                continue;
            }
            if (events[at].events & EPOLLOUT && clients[fd].out.count) flush(fd);
            if (events[at].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(fd);
        }
        end_round();
    }
}
