import ChatKernel
import ChatNet
import ScriptTesting
import Testing

@testable import ChatHTTPServer

@Suite("Pages for readers that are behind")
struct PageQueueTests {
    @Test("All pages hold 16 MiB at most, or 16 KiB each, whatever an entry takes", arguments: [100, 2300, 200_000])
    func size(_ entryBytes: Int) throws {
        let pages = PageQueue(loop: try EventLoop(), errands: Errands())
        for readers in [0, 1, 10, 64, 65, 500, 1000, 10_000] {
            while pages.behind < readers { pages.fellBehind() }
            for _ in 0..<40 { pages.pageTook(entryBytes * pages.entries, entries: pages.entries) }
            #expect(pages.entries >= 1)
            #expect(pages.lowWater <= 64 << 10)
            guard pages.entries > 1 else { continue }
            let each = pages.entries * entryBytes
            #expect(each <= 256 << 10)
            #expect(each <= 16 << 10 || each * readers <= 16 << 20)
            #expect(each + each / 20 + entryBytes >= min(256 << 10, max(16 << 10, (16 << 20) / max(1, readers))))
            #expect(pages.lowWater < each + entryBytes)
        }
        while pages.behind > 0 { pages.caughtUp() }
        #expect(pages.lowWater == 64 << 10)
    }

    @Test("Eight read at a time, in the order in which they asked; who needs no page any more keeps nobody waiting")
    func turns() async throws {
        let (loop, errands) = (try EventLoop(), Errands())
        try loop.start()
        let work = Task { await errands.run() }
        let pages = PageQueue(loop: loop, errands: errands)
        let begun = Recorder<Int>()
        let store = (0..<20).map { _ in AsyncStream<Void>.makeStream() }
        let (takes, taken) = AsyncStream<Result<Int, ChatError>>.makeStream()
        loop.post {
            for number in 0..<20 {
                pages.read {
                    guard number != 9 else { return nil }
                    begun.note(number)
                    return { () async throws(ChatError) in
                        for await _ in store[number].stream { break }
                        guard number != 5 else { throw ChatError(.storeUnavailable, "The store is away.") }
                        return number
                    }
                } then: {
                    taken.yield($0)
                }
            }
        }
        var results = takes.makeAsyncIterator()
        store[3].continuation.yield()
        #expect(try await results.next()?.get() == 3)
        await withCheckedContinuation { done in loop.post { done.resume() } }
        #expect(begun.all == Array(0..<9))
        for number in 0..<20 { store[number].continuation.yield() }
        var all: [Int] = []
        for _ in 0..<18 {
            switch await results.next() {
            case .success(let number)?: all.append(number)
            case .failure(let error)?: #expect(error.code == .storeUnavailable)
            case nil: break
            }
        }
        #expect(begun.all == Array(0..<20).filter { $0 != 9 })
        #expect(all.sorted() == Array(0..<20).filter { ![3, 5, 9].contains($0) })
        work.cancel()
        loop.stop()
        await loop.ended()
    }
}
