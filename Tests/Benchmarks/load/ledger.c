// What was said, what each connection was shown of it, and whether the two agree.
#include "load.h"
#include <stdlib.h>
#include <string.h>

Faults faults;

// What stands at each seq of a room, as the first who was shown it saw it.
typedef struct Said { int sender; uint32_t number; } Said;
typedef struct Room { Said *said; uint64_t base, count, capacity, sent; } Room;
static Room *rooms;
static uint64_t *next_number;    // by sender

static Room *room_of(const Link *link) {
    if (!rooms) rooms = calloc((size_t)room_count, sizeof *rooms);
    if (!next_number) next_number = calloc((size_t)link_count, sizeof *next_number);
    return &rooms[link->room];
}

void said_one_more(Link *link) { room_of(link)->sent++; }

size_t compose(char *to, const Link *sender, uint64_t number, uint64_t time, uint64_t id) {
    int size = sprintf(to, "{\"type\":\"message\",");
    if (options.profile != V1) size += sprintf(to + size, "\"conversation_id\":\"%s\",", sender->conversation);
    int before = size;
    size += sprintf(to + size, "\"content\":\"m%06d %010llu %016llx ", sender->index, (unsigned long long)number,
                    (unsigned long long)time);
    before = size - before - 11;
    int padding = options.payload - before;
    memset(to + size, 'x', (size_t)padding);
    size += padding;
    if (id) size += sprintf(to + size, "\",\"id\":%llu}", (unsigned long long)id);
    else size += sprintf(to + size, "\"}");
    return (size_t)size;
}

bool parse(const char *text, size_t size, Heard *heard) {
    static const char head[] = "{\"type\":\"message\",", content[] = "\"content\":\"m";
    if (size < sizeof head + (size_t)options.payload || memcmp(text, head, sizeof head - 1)) return false;
    const char *start = memmem(text, size - (size_t)options.payload, content, sizeof content - 1);
    if (!start) return false;
    start += sizeof content - 1;
    char *end;
    heard->sender = (int)strtol(start, &end, 10);
    heard->number = strtoull(end, &end, 10);
    heard->time = strtoull(end, &end, 16);
    // v1 has the numbers behind the content, v2 in front of it.
    const char *from = options.profile == V1 ? start + options.payload - 1 : text;
    const char *seq = memmem(from, size - (size_t)(from - text), "\"seq\":", 6);
    if (!seq) return false;
    heard->seq = strtoull(seq + 6, NULL, 10);
    return heard->sender >= 0 && heard->sender < link_count;
}

void take_down(Link *link, const Heard *heard) {
    Room *room = room_of(link);
    if (links[heard->sender].room != link->room) {
        faults.misrouted++;
        return;
    }
    if (!room->base) room->base = heard->seq;
    if (!link->first) {
        link->first = heard->seq;
        link->last = heard->seq - 1;
    }
    if (heard->seq <= link->last || heard->seq < room->base) {
        faults.repeated++;
        return;
    }
    faults.missing += heard->seq - link->last - 1;
    link->last = heard->seq;
    uint64_t at = heard->seq - room->base;
    while (at >= room->capacity) {
        room->capacity = room->capacity ? room->capacity * 2 : 1024;
        room->said = realloc(room->said, room->capacity * sizeof *room->said);
    }
    while (room->count < at) room->said[room->count++] = (Said){ -1, 0 };
    Said said = { heard->sender, (uint32_t)heard->number };
    if (at == room->count) {
        room->said[room->count++] = said;
        if (heard->number != next_number[heard->sender]) faults.disordered++;
        next_number[heard->sender] = heard->number + 1;
    } else if (room->said[at].sender < 0) {
        room->said[at] = said;
    } else if (room->said[at].sender != said.sender || room->said[at].number != said.number) {
        faults.diverged++;
    }
}

bool has_all(const Link *link) {
    Room *room = room_of(link);
    return !room->sent || (room->base && link->last + 1 >= room->base + room->sent);
}

void expect_all(Link *link) {
    Room *room = room_of(link);
    if (!room->sent) return;
    if (!link->first) {
        faults.missing += room->sent;
        return;
    }
    if (link->first > room->base) faults.missing += link->first - room->base;
    if (!has_all(link)) faults.missing += room->base + room->sent - 1 - link->last;
}

int active_users(const char *text, size_t size) {
    static const char key[] = "\"active_users\":[";
    if (size < 16 || memcmp(text, "{\"type\":\"system\"", 16)) return -1;
    const char *at = memmem(text, size, key, sizeof key - 1);
    if (!at) return -1;
    at += sizeof key - 1;
    const char *end = memchr(at, ']', size - (size_t)(at - text));
    if (!end) return -1;
    int quotes = 0;
    for (; at < end; at++) quotes += *at == '"';
    return quotes / 2;
}

uint64_t fault_count(void) {
    return faults.missing + faults.repeated + faults.disordered + faults.diverged + faults.misrouted + faults.refused
        + faults.closed + faults.errors;
}

void report_begin(const char *mode) { printf("{\"mode\": \"%s\"", mode); }

void report(const char *name, double value) { printf(", \"%s\": %.6g", name, value); }

int report_end(void) {
    report("missing", (double)faults.missing);
    report("repeated", (double)faults.repeated);
    report("disordered", (double)faults.disordered);
    report("diverged", (double)faults.diverged);
    report("misrouted", (double)faults.misrouted);
    report("refused", (double)faults.refused);
    report("closed", (double)faults.closed);
    report("errors", (double)faults.errors);
    printf("}\n");
    return fault_count() ? 1 : 0;
}
