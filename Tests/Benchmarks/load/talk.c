// Rooms in which some talk and all listen: what is delivered, how late, and what it costs the server.
#include "load.h"
#include <string.h>

static bool is_talking, is_measuring;
static uint64_t deliveries, acknowledged, began;
static uint64_t allowance;    // messages that may have been sent by now, with a rate
static uint64_t total;
static Histogram latency;

static void say(Link *link) {
    char text[70000];
    if (options.typing && link->number % 8 == 7) link_say(link, "{\"type\":\"typing\"}", 17);
    size_t size = compose(text, link, link->number, clock_ns(), options.acks ? link->number + 1 : 0);
    link->number++;
    link->under_way++;
    total++;
    said_one_more(link);
    link_say(link, text, size);
}

static void go_on(Link *link) {
    while (is_talking && link->count && link->under_way < (uint64_t)options.window
           && (!options.rate || total < allowance))
        say(link);
}

static int open_now;

static bool begins(const char *text, size_t size, const char *with) {
    return size > strlen(with) && !memcmp(text, with, strlen(with));
}

// A connection of v2 is greeted, says what it follows, and hears that it does.
static void begin(Link *link, const char *text, size_t size) {
    char frame[512];
    if (begins(text, size, "{\"type\":\"hello\"")) {
        const char *cursor = memmem(text, size, "\"cursor\":\"", 10);
        if (!cursor) fail("a greeting without a cursor: %.*s", (int)size, text);
        int length = options.profile == V2_HELLO
            ? snprintf(frame, sizeof frame, "{\"type\":\"hello\",\"cursor\":\"%.*s\"}", (int)strcspn(cursor + 10, "\""), cursor + 10)
            : snprintf(frame, sizeof frame, "{\"type\":\"subscribe\",\"conversation_id\":\"%s\",\"id\":0}", link->conversation);
        link_say(link, frame, (size_t)length);
    } else if (begins(text, size, options.profile == V2_HELLO ? "{\"type\":\"caught_up\"" : "{\"type\":\"ack\"")) {
        open_now++;
    }
}

static void text(Link *link, const char *text, size_t size) {
    if (options.profile != V1 && !is_talking && !total) {
        begin(link, text, size);
        return;
    }
    Heard heard;
    if (parse(text, size, &heard)) {
        take_down(link, &heard);
        if (is_measuring) {
            deliveries++;
            histogram_add(&latency, now - heard.time);
        }
        if (!options.acks && heard.sender == link->index) link->under_way--;
    } else if (size > 13 && !memcmp(text, "{\"type\":\"ack\"", 13)) {
        link->under_way--;
        acknowledged += is_measuring;
    } else if (size > 15 && !memcmp(text, "{\"type\":\"error\"", 15)) {
        if (!faults.errors++) fprintf(stderr, "%.*s\n", (int)size, text);
    }
}

static void read_over(Link *link) { go_on(link); }

static void opened(Link *link) {
    (void)link;
    open_now += options.profile == V1;
}

static void closed(Link *link, int status) {
    fprintf(stderr, "connection %d was closed: %d\n", link->index, status);
    if (status >= 200 && status < 600) faults.refused++; else faults.closed++;
}

static void run_for(double seconds) {
    uint64_t end = clock_ns() + (uint64_t)(seconds * 1e9);
    while ((now = clock_ns()) < end) {
        turn(options.rate ? 0.002 : 0.05);
        if (!options.rate) continue;
        allowance = (uint64_t)((double)(now - began) / 1e9 * options.rate) + 1;
        // One each, so that none of them has all of the rate.
        bool is_left = true;
        while (is_left && total < allowance) {
            is_left = false;
            for (int at = 0; at < link_count && total < allowance; at++) {
                if (!links[at].count || links[at].state != OPEN) continue;
                if (links[at].under_way >= (uint64_t)options.window) continue;
                say(&links[at]);
                is_left = true;
            }
        }
    }
}

static bool all_have_all(void) {
    for (int at = 0; at < link_count; at++)
        if (links[at].state == OPEN && !has_all(&links[at])) return false;
    return true;
}

int talk(void) {
    handlers = (Handlers){ .opened = opened, .text = text, .read_over = read_over, .closed = closed };
    load_links();
    int place = 0;
    for (int at = 0; at < link_count; at++) {
        place = at && links[at].room == links[at - 1].room ? place + 1 : 0;
        links[at].count = place < options.senders;    // whether it talks
    }
    uint64_t deadline = clock_ns() + (uint64_t)(options.patience * 1e9);
    for (int next = 0; open_now < link_count; turn(0.1)) {
        while (next < link_count && next - open_now < options.concurrency) link_open(&links[next++], UINT64_MAX);
        if (clock_ns() > deadline || fault_count()) fail("only %d of %d connections were opened", open_now, link_count);
    }
    run_for(0.3);    // notices of who came
    is_talking = true;
    began = clock_ns();
    for (int at = 0; at < link_count; at++) go_on(&links[at]);
    run_for(options.warmup);
    Usage before = usage(options.server);
    uint64_t from = clock_ns();
    is_measuring = true;
    run_for(options.seconds);
    is_measuring = false;
    double seconds = (double)(clock_ns() - from) / 1e9;
    Usage after = usage(options.server);
    is_talking = false;
    options.rate = 0;
    deadline = clock_ns() + (uint64_t)(options.patience * 1e9);
    while (!all_have_all() && clock_ns() < deadline) turn(0.1);
    run_for(0.1);    // what comes twice comes now
    for (int at = 0; at < link_count; at++) expect_all(&links[at]);

    double cpu = after.cpu_seconds - before.cpu_seconds;
    report_begin("talk");
    report("connections", link_count);
    report("messages", (double)total);
    report("deliveries", (double)deliveries);
    report("per_second", (double)deliveries / seconds);
    report("per_cpu_second", cpu > 0 ? (double)deliveries / cpu : 0);
    report("acknowledged_per_second", (double)acknowledged / seconds);
    report("acknowledged_per_cpu_second", cpu > 0 ? (double)acknowledged / cpu : 0);
    report("p50_us", histogram_microseconds(&latency, 0.5));
    report("p99_us", histogram_microseconds(&latency, 0.99));
    report("server_cpu", cpu / seconds);
    report("rss_kib", (double)after.rss_kib);
    return report_end();
}
