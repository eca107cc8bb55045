// What the parts of the load generator share. One thread, one epoll; main.c says what it can do.
#ifndef LOAD_H
#define LOAD_H
#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// MARK: What was asked for (main.c)

typedef struct Options {
    int port;
    int server;           // its process, or 0 when nobody asks what it spends
    const char *links;    // a file: a conversation and a token a line, one line a connection
    const char *path;     // with %s for the conversation; what it begins with depends on the mode
    int count;            // connections, at most; 0 for all lines
    int senders;          // of each room: its first connections
    int window;           // messages a sender has under way
    int rate;             // messages or requests a second, all senders together; 0 for as fast as it goes
    int payload;          // bytes of content
    int concurrency;      // handshakes, cycles or requests under way
    int readers;          // slow ones: the last connections of the room
    int items;            // what a page must hold
    double warmup, seconds, patience;
    uint64_t bytes;       // that must pass a slow reader before it reads again
    bool acks;            // the window is what has not been acknowledged, not what has not been seen
    bool typing;          // a notice of typing before every eighth message
    enum { V1, V2_HELLO, V2_SUBSCRIBE } profile;    // how it follows: its path's conversation, all by a cursor, or one by its number
} Options;
extern Options options;

int talk(void), idle(void), join(void), churn(void), history(void), slow(void);

// MARK: Connections (connection.c)

typedef struct Link {
    int fd, index, room;
    enum { CLOSED, UPGRADING, OPEN } state;
    const char *conversation, *token;
    int receive_buffer;   // 0 for the system's own choice
    bool is_deaf;         // bytes are left in the socket
    char *in, *out;       // an unfinished frame; what the socket has not taken
    size_t in_count, out_count;
    // The mode's own.
    uint64_t first, last, number, under_way, count;
} Link;

// What a mode wants to know. Unset ones are not called.
typedef struct Handlers {
    void (*opened)(Link *);
    void (*text)(Link *, const char *, size_t);
    void (*read_over)(Link *);             // all frames of one read have been handed over
    void (*closed)(Link *, int status);    // the answer to a refused handshake, a close code, or 0
} Handlers;
extern Handlers handlers;

extern Link *links;
extern int link_count, room_count;
extern uint64_t now;      // nanoseconds, read after each epoll_wait and each recv

void load_links(void);
bool link_open(Link *, uint64_t after);    // after: a seq to resume from, or UINT64_MAX
void link_say(Link *, const char *, size_t);
void link_close(Link *, bool politely);    // politely: with a close frame; `closed` follows when the server has answered
void link_listen(Link *, bool);
void turn(double seconds);                 // waits for something and handles it
void watch(int fd, uint32_t events, void *item);
uint64_t clock_ns(void);
void fail(const char *, ...) __attribute__((format(printf, 1, 2), noreturn));

// MARK: What is measured (measure.c)

typedef struct Usage { double cpu_seconds; uint64_t rss_kib; int descriptors; } Usage;
Usage usage(int process);

typedef struct Histogram { uint64_t buckets[4096], count; } Histogram;
void histogram_add(Histogram *, uint64_t nanoseconds);
double histogram_microseconds(const Histogram *, double quantile);

// MARK: What went wrong (ledger.c)

typedef struct Faults { uint64_t missing, repeated, disordered, diverged, misrouted, refused, closed, errors; } Faults;
extern Faults faults;
uint64_t fault_count(void);

// A content is "m<sender> <number> <time> xxx…", of a fixed width, so that it is found and read without a parser.
enum { SMALLEST_PAYLOAD = 40 };
size_t compose(char *to, const Link *sender, uint64_t number, uint64_t time, uint64_t id);
typedef struct Heard { uint64_t seq, number, time; int sender; } Heard;
bool parse(const char *, size_t, Heard *);
// Takes down what a connection was shown, and compares it with what the others of its room were.
void take_down(Link *, const Heard *);
// Counts as missing what the connection has not been shown of all that was said in its room.
void expect_all(Link *);
// Whether it has been shown all that was said.
bool has_all(const Link *);
void said_one_more(Link *);
int active_users(const char *, size_t);    // how many a notice names; -1 when it is none

void report_begin(const char *mode);
void report(const char *name, double value);
int report_end(void);                      // the faults, the end of the line, and the process's status
#endif
