// What a process has used, and how long things took.
#include "load.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Usage usage(int process) {
    Usage found = { 0 };
    if (!process) return found;
    char path[64], text[4096] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    FILE *file = fopen(path, "r");
    if (!file) fail("process %d is gone", process);
    size_t count = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[count] = 0;
    // Behind the name, which may hold anything: state is field 3, then utime 14, stime 15, rss 24.
    char *at = strrchr(text, ')');
    unsigned long user = 0, system = 0;
    long pages = 0;
    if (!at || sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %*u %ld",
                      &user, &system, &pages) != 3)
        fail("%s is not what it was", path);
    found.cpu_seconds = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    found.rss_kib = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
    snprintf(path, sizeof path, "/proc/%d/fd", process);
    DIR *folder = opendir(path);
    if (!folder) return found;
    while (readdir(folder)) found.descriptors++;
    closedir(folder);
    found.descriptors -= 2;    // . and ..
    return found;
}

// 64 buckets for each doubling: exact to 1.6 %.
static unsigned bucket(uint64_t value) {
    if (value < 64) return (unsigned)value;
    int exponent = 63 - __builtin_clzll(value);
    return (unsigned)((exponent - 5) * 64 + (int)(value >> (exponent - 6)) - 64);
}

static double middle(unsigned bucket) {
    if (bucket < 64) return bucket;
    int exponent = (int)bucket / 64 + 5;
    return ((double)(bucket % 64) + 64.5) * (double)(1ull << (exponent - 6));
}

void histogram_add(Histogram *histogram, uint64_t nanoseconds) {
    unsigned at = bucket(nanoseconds);
    histogram->buckets[at < 4096 ? at : 4095]++;
    histogram->count++;
}

double histogram_microseconds(const Histogram *histogram, double quantile) {
    uint64_t left = (uint64_t)((double)histogram->count * quantile);
    for (unsigned at = 0; at < 4096; at++) {
        if (histogram->buckets[at] > left) return middle(at) / 1000;
        left -= histogram->buckets[at];
    }
    return 0;
}
