// Many who come: and stay (idle), and come at once into one room (join), and go again (churn).
#include "load.h"
#include <string.h>

static int open_now, opened_ever, ended_ever;
static bool is_churning, is_over;

static void opened(Link *link) {
    open_now++;
    opened_ever++;
    // One half takes its leave as the protocol has it, the other hangs up.
    if (is_churning && link->number++ % 2) link_close(link, true);
}

static void text(Link *link, const char *text, size_t size) {
    int users = active_users(text, size);
    if (users >= 0) link->count = (uint64_t)users;
    if (size > 15 && !memcmp(text, "{\"type\":\"error\"", 15)) faults.errors++;
}

static void read_over(Link *link) {
    if (is_churning && link->state == OPEN && link->number % 2) link_close(link, false);
}

static void closed(Link *link, int status) {
    (void)link;
    open_now -= status < 200 || status >= 600;
    ended_ever++;
    if (status >= 200 && status < 600) faults.refused++;
    else if (!is_churning && !is_over) faults.closed++;
}

static double open_all(int count) {
    uint64_t began = clock_ns(), deadline = began + (uint64_t)(options.patience * 1e9);
    for (int next = 0; open_now + (int)faults.refused < count; turn(0.1)) {
        while (next < count && next - open_now - (int)faults.refused < options.concurrency)
            link_open(&links[next++], UINT64_MAX);
        if (clock_ns() > deadline) fail("only %d of %d connections were opened", open_now, count);
    }
    return (double)(clock_ns() - began) / 1e9;
}

static void wait_for(double seconds) {
    for (uint64_t end = clock_ns() + (uint64_t)(seconds * 1e9); clock_ns() < end;) turn(0.05);
}

// What the server still holds that it did not before. It may take a moment to notice that we are gone.
static Usage settled(int descriptors) {
    Usage found = usage(options.server);
    for (int tries = 0; tries < 60 && found.descriptors > descriptors; tries++) {
        wait_for(0.05);
        found = usage(options.server);
    }
    return found;
}

// What a server makes once, for its first clients, is not what a connection costs.
static void warm_up(int from) {
    int count = link_count - from < 20 ? link_count - from : 20, before = open_now;
    is_over = true;
    for (int at = 0; at < count; at++) link_open(&links[from + at], UINT64_MAX);
    for (uint64_t end = clock_ns() + 3000000000; open_now < before + count && clock_ns() < end;) turn(0.1);
    for (int at = 0; at < count; at++) link_close(&links[from + at], false);
    wait_for(0.5);
    is_over = false;
}

int idle(void) {
    handlers = (Handlers){ .opened = opened, .text = text, .closed = closed };
    load_links();
    warm_up(0);
    Usage before = usage(options.server);
    double seconds = open_all(link_count);
    wait_for(options.seconds);
    Usage during = usage(options.server);
    is_over = true;
    for (int at = 0; at < link_count; at++) link_close(&links[at], false);
    Usage after = settled(before.descriptors);
    report_begin("idle");
    report("connections", link_count);
    report("per_second", link_count / seconds);
    report("per_cpu_second", link_count / (during.cpu_seconds - before.cpu_seconds));
    report("rss_before_kib", (double)before.rss_kib);
    report("rss_kib", (double)during.rss_kib);
    report("kib_each", ((double)during.rss_kib - (double)before.rss_kib) / link_count);
    report("rss_after_kib", (double)after.rss_kib);
    report("descriptors_left", after.descriptors - before.descriptors);
    return report_end();
}

int join(void) {
    handlers = (Handlers){ .opened = opened, .text = text, .closed = closed };
    load_links();
    Usage before = usage(options.server);
    uint64_t began = clock_ns(), deadline = began + (uint64_t)(options.patience * 1e9);
    double all_in = open_all(link_count);
    int knowing = 0;
    do {
        turn(0.02);
        for (knowing = 0; knowing < link_count && links[knowing].count == (uint64_t)link_count;) knowing++;
    } while (knowing < link_count && clock_ns() < deadline);
    double all_know = (double)(clock_ns() - began) / 1e9;
    if (knowing < link_count) faults.missing++;
    is_over = true;
    report_begin("join");
    report("connections", link_count);
    report("all_in_seconds", all_in);
    report("all_know_seconds", all_know);
    report("per_second", link_count / all_in);
    report("cpu_seconds", usage(options.server).cpu_seconds - before.cpu_seconds);
    return report_end();
}

// So many come and go; the first line's user stays.
static void come_and_go(int cycles) {
    uint64_t began = clock_ns(), deadline = began + (uint64_t)(options.patience * 1e9);
    int started = 0, next = 1;
    ended_ever = 0;
    is_churning = true;
    while (ended_ever < cycles) {
        uint64_t due = options.rate ? (uint64_t)((double)(clock_ns() - began) / 1e9 * options.rate) : UINT64_MAX;
        while (started < cycles && (uint64_t)started < due && started - ended_ever < options.concurrency) {
            while (links[next].state != CLOSED) next = next + 1 < link_count ? next + 1 : 1;
            link_open(&links[next], UINT64_MAX);
            next = next + 1 < link_count ? next + 1 : 1;
            started++;
        }
        turn(options.rate ? 0.01 : 0.1);
        if (clock_ns() > deadline) fail("only %d of %d connections came and went", ended_ever, cycles);
    }
    is_churning = false;
}

// The first line's user watches; the others of its room come and go: each once to begin with, and then it is measured.
int churn(void) {
    handlers = (Handlers){ .opened = opened, .text = text, .read_over = read_over, .closed = closed };
    load_links();
    if (link_count < 3) fail("churn needs three connections");
    int cycles = options.items ? options.items : 5000;
    open_all(1);
    Usage first = usage(options.server);
    come_and_go(link_count);
    settled(first.descriptors);
    wait_for(0.5);
    Usage before = usage(options.server);
    uint64_t began = clock_ns();
    come_and_go(cycles);
    double seconds = (double)(clock_ns() - began) / 1e9;
    Usage after = settled(before.descriptors);
    wait_for(options.seconds);
    Usage later = usage(options.server);
    // One more comes: now the watcher is told who is there, and there are two.
    link_open(&links[1], UINT64_MAX);
    for (uint64_t end = clock_ns() + 3000000000; clock_ns() < end && (links[0].count != 2 || links[1].count != 2);)
        turn(0.05);
    if (links[0].count != 2 || links[1].count != 2) faults.missing++;
    is_over = true;
    report_begin("churn");
    report("cycles", cycles);
    report("per_second", cycles / seconds);
    report("per_cpu_second", cycles / (after.cpu_seconds - before.cpu_seconds));
    report("descriptors_left", later.descriptors - before.descriptors);
    report("rss_before_kib", (double)before.rss_kib);
    report("rss_after_kib", (double)later.rss_kib);
    report("active_users", (double)links[0].count);
    return report_end();
}
