// A load generator for chat servers with the wire contract's WebSocket and REST, in one thread.
//
//     load MODE --port N [--server PID] --links FILE [...]
//
//     talk     some of each room talk, all listen; each connection is checked for what is missing, repeated or out of order
//     idle     connections that stay: how fast they come, and what each costs in memory
//     join     all into one room at once: until all are in, and until all have been told of all
//     churn    come and go: how fast, and what is left of it
//     history  a page of history by REST, again and again
//     slow     some readers do not read, then they do: what that costs the server, the others, and whether they get all
//
// Ends with one line of JSON, and with status 1 when something was lost, doubled, out of order, refused or closed.
#include "load.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

Options options = { .path = "/api/chat/conversations/%s/messages?limit=50", .senders = 1, .window = 1, .payload = 100,
                    .concurrency = 128, .warmup = 0.5, .seconds = 2, .patience = 30 };

int main(int count, char **arguments) {
    static const struct { const char *name; int (*run)(void); } modes[] = {
        { "talk", talk }, { "idle", idle }, { "join", join }, { "churn", churn }, { "history", history }, { "slow", slow },
    };
    static const struct option names[] = {
        { "port", 1, 0, 'p' }, { "server", 1, 0, 'P' }, { "links", 1, 0, 'l' }, { "path", 1, 0, 'u' },
        { "count", 1, 0, 'n' }, { "senders", 1, 0, 's' }, { "window", 1, 0, 'w' }, { "rate", 1, 0, 'r' },
        { "payload", 1, 0, 'b' }, { "concurrency", 1, 0, 'c' }, { "readers", 1, 0, 'R' }, { "items", 1, 0, 'i' },
        { "warmup", 1, 0, 'W' }, { "seconds", 1, 0, 't' }, { "patience", 1, 0, 'T' }, { "bytes", 1, 0, 'B' },
        { "profile", 1, 0, 'v' }, { "acks", 0, 0, 'a' }, { "typing", 0, 0, 'y' }, { 0 },
    };
    if (count < 2) fail("load talk|idle|join|churn|history|slow --port N --links FILE ...");
    for (int name; (name = getopt_long(count - 1, arguments + 1, "", names, NULL)) != -1;) {
        switch (name) {
        case 'p': options.port = atoi(optarg); break;
        case 'P': options.server = atoi(optarg); break;
        case 'l': options.links = optarg; break;
        case 'u': options.path = optarg; break;
        case 'n': options.count = atoi(optarg); break;
        case 's': options.senders = atoi(optarg); break;
        case 'w': options.window = atoi(optarg); break;
        case 'r': options.rate = atoi(optarg); break;
        case 'b': options.payload = atoi(optarg); break;
        case 'c': options.concurrency = atoi(optarg); break;
        case 'R': options.readers = atoi(optarg); break;
        case 'i': options.items = atoi(optarg); break;
        case 'W': options.warmup = atof(optarg); break;
        case 't': options.seconds = atof(optarg); break;
        case 'T': options.patience = atof(optarg); break;
        case 'B': options.bytes = strtoull(optarg, NULL, 10); break;
        case 'v':
            options.profile = !strcmp(optarg, "v2") ? V2_HELLO : !strcmp(optarg, "v2-subscribe") ? V2_SUBSCRIBE : V1;
            break;
        case 'a': options.acks = true; break;
        case 'y': options.typing = true; break;
        default: return 2;
        }
    }
    if (!options.links || options.port < 1) fail("--port and --links are needed");
    if (options.payload < SMALLEST_PAYLOAD || options.payload > 65000) fail("--payload: %d to 65000", SMALLEST_PAYLOAD);
    if (options.concurrency < 1 || options.window < 1) fail("--concurrency and --window: from 1");
    struct rlimit descriptors;
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    for (size_t at = 0; at < sizeof modes / sizeof *modes; at++)
        if (!strcmp(arguments[1], modes[at].name)) return modes[at].run();
    fail("there is no mode %s", arguments[1]);
}
