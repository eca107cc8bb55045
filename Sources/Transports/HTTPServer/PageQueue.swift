public import ChatKernel
import ChatNet

/// Lets a few readers of a loop read a page of the store at a time, in the order in which they asked, and says how large it shall be.
///
/// A store has a few threads that read. A hundred slow readers that drain at once would not get their pages any sooner by
/// asking all together, and a request for history would wait behind them all. A page is its reader's own until its peer has
/// taken it. So the more readers are behind, the smaller are their pages: all together hold some 16 MiB, or
/// 16 KiB each where there are more than a thousand, and half as much again of the page before.
///
/// Confinement, on which `@unchecked Sendable` stands: all of it is touched on its loop alone.
public final class PageQueue: @unchecked Sendable {
    private static let places = 8
    private static let bytes = 16 << 20
    private static let leastPage = 16 << 10

    /// How many readers read pages now, or will when their peers have taken what is queued for them.
    private(set) var behind = 0
    /// About the bytes of an entry on the wire, from the pages that were read last.
    private var entryBytes = 1024
    private var reading = 0
    private var waiting: [() -> Bool] = []
    private var head = 0
    private let loop: EventLoop
    private let errands: Errands

    init(loop: EventLoop, errands: Errands) {
        self.loop = loop
        self.errands = errands
    }

    private var pageBytes: Int { min(max(Self.bytes / max(1, behind), Self.leastPage), PageBudget.bytes) }

    /// How many entries to read at most. A page also ends when its ``PageBudget`` is spent.
    public var entries: Int { max(1, pageBytes / entryBytes) }

    /// The next page is read when no more than this is queued for the peer: enough to keep its socket busy meanwhile.
    public var lowWater: Int { min(ByteStream.lowWater, pageBytes / 2) }

    /// A reader is to be counted, until ``caughtUp()`` is said of it: also when it is gone.
    public func fellBehind() { behind += 1 }

    /// Once for each ``fellBehind()``.
    public func caughtUp() { behind -= 1 }

    /// A page of so many entries took so many bytes.
    public func pageTook(_ bytes: Int, entries: Int) {
        guard entries > 0, bytes > 0 else { return }
        // Rounded up, so that what is always the same does not come to be thought less.
        entryBytes = (3 * entryBytes + bytes / entries + 4) / 4
    }

    /// Reads a page now, or when it is its turn.
    /// - Parameters:
    ///   - begin: called on the loop then. What it returns reads the page, elsewhere; nil when nobody wants it any more.
    ///   - take: is given the page, on the loop again.
    public func read<Page: Sendable>(
        _ begin: @escaping () -> (@Sendable () async throws(ChatError) -> Page)?,
        then take: @escaping @Sendable (Result<Page, ChatError>) -> Void
    ) {
        waiting.append { [self] in
            guard let read = begin() else { return false }
            errands.send { [self] in
                let page: Result<Page, ChatError>
                do throws(ChatError) {
                    page = .success(try await read())
                } catch {
                    page = .failure(error)
                }
                loop.post { [self] in
                    take(page)
                    reading -= 1
                    admit()
                }
            }
            return true
        }
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
