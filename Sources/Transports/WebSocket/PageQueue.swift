/// Lets a few connections of a loop read a page of the store at a time, in the order in which they asked.
///
/// A store has a few threads that read. A hundred slow readers that drain at once would not get their pages any sooner by
/// asking all together, but each would hold a page of memory, and a request for history would wait behind them all.
/// Belongs to its loop.
final class PageQueue {
    private static let places = 8

    private var reading = 0
    private var waiting: [() -> Bool] = []
    private var head = 0

    /// Calls `read` now or when it is its turn; unless that says false, ``leave()`` is to follow.
    func enter(_ read: @escaping () -> Bool) {
        waiting.append(read)
        admit()
    }

    /// A page has been read.
    func leave() {
        reading -= 1
        admit()
    }

    private func admit() {
        while reading < Self.places, head < waiting.count {
            let next = waiting[head]
            head += 1
            if next() { reading += 1 }
        }
        if head == waiting.count {
            waiting.removeAll(keepingCapacity: waiting.count <= 64)
            head = 0
        } else if head >= 64, head * 2 >= waiting.count {
            waiting.removeFirst(head)
            head = 0
        }
    }
}
