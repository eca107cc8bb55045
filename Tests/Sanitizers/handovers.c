// Shows the thread sanitizer what a contended Mutex and an early continuation of Swift's do; preloaded into what it watches.
//
// On Linux `Synchronization.Mutex` takes a free lock and lets go of it by one atomic operation, which is compiled into the caller
// and so is seen. When somebody waits, it calls `_lockSlow` and `_unlockSlow` in libswiftSynchronization, which is not
// instrumented, and from there the kernel (FUTEX_LOCK_PI): then the sanitizer misses that one critical section came before the
// other and reports a race of the two. These stand before the two functions and say so. Whatever else races is
// reported as ever; counter.swift proves both.
//
// They are methods of a struct that is passed by reference: `self`, the address of the lock's word, comes as the context.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

// Of the sanitizer's runtime; null in a program without it, such as the `swift test` that starts the one with it.
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

SWIFT void lock_slow(uint32_t state, SELF) __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
SWIFT void unlock_slow(SELF) __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
SWIFT bool try_lock_slow(SELF) __asm__("$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF");

SWIFT void lock_slow(uint32_t state, SELF) {
    static SWIFT void (*real)(uint32_t, SELF);
    if (!real) real = (SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
    real(state, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT void unlock_slow(SELF) {
    static SWIFT void (*real)(SELF);
    if (!real) real = (SWIFT void (*)(SELF))dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
    if (__tsan_release) __tsan_release(self);
    real(self);
}

SWIFT bool try_lock_slow(SELF) {
    static SWIFT bool (*real)(SELF);
    if (!real) real = (SWIFT bool (*)(SELF))dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF");
    bool taken = real(self);
    if (taken && __tsan_acquire) __tsan_acquire(self);
    return taken;
}

// A continuation that has been resumed before its task waits for it: the task goes on at once, and of all the ways on this is the one
// that the runtime does not tell the sanitizer of. What was released when it was resumed is acquired here, under the same name. (The
// debug tests hardly show it, because what they hand over is read by the standard library, which is not instrumented. A release chatd
// under a third of Tests/Interop had 40 reports, all of values made on a store's thread and read behind the `await`; with this it has none.)
#define SWIFT_ASYNC __attribute__((swiftasynccall))

extern void *swift_task_getCurrent(void) __attribute__((weak)) __attribute__((swiftcall));
SWIFT_ASYNC void await_continuation(void *context) __asm__("swift_continuation_await");

SWIFT_ASYNC void await_continuation(void *context) {
    static SWIFT_ASYNC void (*real)(void *context);
    if (!real) real = (SWIFT_ASYNC void (*)(void *))dlsym(RTLD_NEXT, "swift_continuation_await");
    if (__tsan_acquire && swift_task_getCurrent) __tsan_acquire(swift_task_getCurrent());
    __attribute__((musttail)) return real(context);
}
