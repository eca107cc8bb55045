#include <stddef.h>
#include <stdint.h>

// SwiftPM renames the main of every executable and demands the new name when it links; libFuzzer's own main does not have it.
// So here is one for each fuzz target, in the way libFuzzer offers to those who bring their own. FUZZERS comes from Package.swift.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));

#define ENTRY(target) \
    int target##_main(int argc, char **argv) { return LLVMFuzzerRunDriver(&argc, &argv, LLVMFuzzerTestOneInput); }

FUZZERS
