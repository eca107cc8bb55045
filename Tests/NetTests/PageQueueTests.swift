import Testing

@testable import ChatHTTPServer

@Suite("Pages for readers that are behind")
struct PageQueueTests {
    @Test("All pages hold 16 MiB at most, or 16 KiB each, whatever an entry takes", arguments: [100, 2300, 200_000])
    func size(_ entryBytes: Int) {
        let pages = PageQueue()
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
    func turns() {
        let pages = PageQueue()
        var read: [Int] = []
        for number in 0..<20 {
            pages.enter {
                guard number != 9 else { return false }
                read.append(number)
                return true
            }
        }
        #expect(read == Array(0..<8))
        pages.leave()
        #expect(read == Array(0..<9))
        for _ in 0..<11 { pages.leave() }
        #expect(read == Array(0..<20).filter { $0 != 9 })
    }
}
