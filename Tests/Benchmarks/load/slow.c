// Readers that do not read, in a room at full speed: what they cost the server and the others, and whether they get
// everything once they read again.
//
//     1. the others alone                      latency, until --bytes have passed each of them
//     2. the slow ones come, and read nothing  latency, memory, until as many have passed again
//     3. they read again; who has been closed meanwhile comes back with ?after=
#include "load.h"
#include <string.h>

static enum { ALONE, BESIDE, CATCHING_UP } phase;
static bool is_talking;
static Histogram latency[2];
static uint64_t passed, resumed, total, talking_since;
static int open_now, fast;

static bool is_slow(const Link *link) { return link->index >= fast; }

static void say(Link *link) {
    char text[70000];
    size_t size = compose(text, link, link->number++, clock_ns(), 0);
    link->under_way++;
    total++;
    said_one_more(link);
    link_say(link, text, size);
}

static void opened(Link *link) {
    open_now++;
    if (is_slow(link) && phase != CATCHING_UP) link_listen(link, false);
}

static void text(Link *link, const char *text, size_t size) {
    Heard heard;
    if (parse(text, size, &heard)) {
        take_down(link, &heard);
        if (is_slow(link)) return;
        if (is_talking && phase != CATCHING_UP) histogram_add(&latency[phase], now - heard.time);
        if (link->index == 0) passed += size;
        if (heard.sender == link->index) link->under_way--;
    } else if (size > 15 && !memcmp(text, "{\"type\":\"error\"", 15)) {
        if (!faults.errors++) fprintf(stderr, "%.*s\n", (int)size, text);
    }
}

static void read_over(Link *link) {
    while (is_talking && link->index < options.senders && link->under_way < (uint64_t)options.window
           && (!options.rate || (double)total < (double)(clock_ns() - talking_since) / 1e9 * options.rate))
        say(link);
}

static void closed(Link *link, int status) {
    open_now--;
    if (is_slow(link) && phase == CATCHING_UP && (status < 200 || status >= 600) && !has_all(link)) {
        resumed++;
        link->receive_buffer = 0;
        link_open(link, link->last);
        return;
    }
    fprintf(stderr, "connection %d was closed: %d\n", link->index, status);
    faults.closed++;
}

static void run_for(double seconds) {
    for (uint64_t end = clock_ns() + (uint64_t)(seconds * 1e9); clock_ns() < end;) {
        turn(options.rate ? 0.005 : 0.05);
        for (int at = 0; options.rate && at < options.senders && at < fast; at++) read_over(&links[at]);
    }
}

// The slow ones say from where they are to be told, so that it is known what they must get.
static void open_one(Link *link) {
    if (!is_slow(link)) {
        link_open(link, UINT64_MAX);
        return;
    }
    link->last = links[0].last;
    link->first = link->last + 1;
    link_open(link, link->last);
}

// For so long, and until so much has passed each connection: what a server keeps of a busy room it then keeps already.
static uint64_t run_until_passed(void) {
    uint64_t peak = 0, began = clock_ns(), deadline = began + (uint64_t)(options.patience * 1e9);
    passed = 0;
    while ((passed < options.bytes || clock_ns() - began < (uint64_t)(options.seconds * 1e9)) && clock_ns() < deadline) {
        run_for(0.1);
        Usage found = usage(options.server);
        if (found.rss_kib > peak) peak = found.rss_kib;
    }
    return peak;
}

static void open_from(int first, int end) {
    uint64_t deadline = clock_ns() + (uint64_t)(options.patience * 1e9);
    for (int next = first; open_now < end; turn(0.1)) {
        while (next < end && next - open_now < options.concurrency) open_one(&links[next++]);
        if (clock_ns() > deadline || fault_count()) fail("only %d of %d connections were opened", open_now, end);
    }
}

static bool all_have_all(void) {
    for (int at = 0; at < link_count; at++) if (!has_all(&links[at])) return false;
    return true;
}

int slow(void) {
    handlers = (Handlers){ .opened = opened, .text = text, .read_over = read_over, .closed = closed };
    load_links();
    fast = link_count - options.readers;
    if (room_count != 1 || fast < 1 || !options.readers) fail("slow needs one room, and --readers of it");
    for (int at = fast; at < link_count; at++) links[at].receive_buffer = 4096;
    open_from(0, fast);
    run_for(0.5);
    is_talking = true;
    talking_since = clock_ns();
    for (int at = 0; at < fast; at++) read_over(&links[at]);
    run_for(options.warmup);
    memset(&latency[ALONE], 0, sizeof latency[ALONE]);
    run_until_passed();

    Usage before = usage(options.server);
    open_from(fast, link_count);
    phase = BESIDE;
    run_for(options.warmup);
    // Until their sockets are full they are readers like the others: that is not what is measured.
    memset(&latency[BESIDE], 0, sizeof latency[BESIDE]);
    uint64_t began = clock_ns(), peak = run_until_passed();
    is_talking = false;
    double beside = (double)(clock_ns() - began) / 1e9;
    uint64_t beside_bytes = passed;
    run_for(0.5);
    phase = CATCHING_UP;
    for (int at = fast; at < link_count; at++) link_listen(&links[at], true);
    uint64_t again = clock_ns(), deadline = again + (uint64_t)(options.patience * 1e9);
    while (!all_have_all() && clock_ns() < deadline) {
        turn(0.1);
        Usage found = usage(options.server);
        if (found.rss_kib > peak) peak = found.rss_kib;
    }
    double catching_up = (double)(clock_ns() - again) / 1e9;
    run_for(0.2);
    for (int at = 0; at < link_count; at++) if (!has_all(&links[at])) faults.missing++;

    double alone99 = histogram_microseconds(&latency[ALONE], 0.99), beside99 = histogram_microseconds(&latency[BESIDE], 0.99);
    report_begin("slow");
    report("readers", options.readers);
    report("messages", (double)total);
    report("mib_passed_each", (double)beside_bytes / (1 << 20));
    report("rss_before_mib", (double)before.rss_kib / 1024);
    report("seconds_beside", beside);
    report("rss_growth_mib", ((double)peak - (double)before.rss_kib) / 1024);
    report("p50_alone_us", histogram_microseconds(&latency[ALONE], 0.5));
    report("p50_beside_us", histogram_microseconds(&latency[BESIDE], 0.5));
    report("p99_alone_us", alone99);
    report("p99_beside_us", beside99);
    report("p99_ratio", alone99 > 0 ? beside99 / alone99 : 0);
    report("resumed", (double)resumed);
    report("catching_up_seconds", catching_up);
    return report_end();
}
