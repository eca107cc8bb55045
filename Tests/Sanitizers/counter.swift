// Two threads and a counter, behind a Mutex or not: what the thread sanitizer says of them with and without handovers.c.
import Glibc
import Synchronization

final class Counter: @unchecked Sendable {
    let guarded = Mutex(0)
    var bare = 0
}

let counter = Counter()
let isGuarded = CommandLine.arguments.dropFirst().first != "bare"

/// Two threads that count, held in the lock for long enough that one of them waits.
var threads: [pthread_t] = [0, 0]
for index in threads.indices {
    pthread_create(
        &threads[index], nil,
        { _ in
            for _ in 0..<200 {
                if isGuarded {
                    counter.guarded.withLock {
                        $0 += 1
                        usleep(100)
                    }
                } else {
                    counter.bare += 1
                }
            }
            return nil
        }, nil)
}
for thread in threads { pthread_join(thread, nil) }
print(isGuarded ? counter.guarded.withLock { $0 } : counter.bare)
