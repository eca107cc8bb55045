import Synchronization

/// What tasks leave for whoever steps them. It wakes nobody.
public final class Tray<Content: Sendable>: Sendable {
    private let contents = Mutex<[Content]>([])
    private let everything = Atomic<Int>(0)

    public init() {}

    /// How many were ever put here.
    public var total: Int { everything.load(ordering: .relaxed) }

    public var count: Int { contents.withLock { $0.count } }

    public func put(_ content: Content) {
        everything.add(1, ordering: .relaxed)
        contents.withLock { $0.append(content) }
    }

    /// The one at this place, by default the oldest; nil when there is none.
    public func take(at place: Int = 0) -> Content? {
        contents.withLock { place < $0.count ? $0.remove(at: place) : nil }
    }

    public func takeAll() -> [Content] {
        contents.withLock { contents in
            defer { contents = [] }
            return contents
        }
    }
}
