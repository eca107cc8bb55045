import ChatKernel
import Testing

private let room = ConversationID("room")

private func parcel(_ range: ClosedRange<Seq>) -> Parcel {
    Parcel(
        conversation: room,
        entries: range.map {
            Entry(
                conversation: room, seq: $0, pos: $0, at: Timestamp(microseconds: $0), author: ann,
                change: .reaction(MessageID("m"), key: "up", on: true))
        })
}

/// What a continuation asks for, in words: `live 6... 8...` or `read`.
private func words(_ continuation: Feed.Continuation) -> String {
    switch continuation {
    case .read: "read"
    case .nothing: "nothing"
    case .live(let parcels):
        parcels.reduce("live") { "\($0) \($1.parcel.first)-\($1.parcel.last) after \($1.after)" }
    }
}

@Suite("Feed")
struct FeedTests {
    struct LiveCase: Sendable {
        let parcel: ClosedRange<Seq>
        let offer: Feed.Offer
        let position: Seq
    }

    @Test(
        "A live reader that has 5 is offered a parcel",
        arguments: [
            LiveCase(parcel: 6...8, offer: .deliver, position: 8),
            LiveCase(parcel: 4...7, offer: .deliverRest(after: 5), position: 7),
            LiveCase(parcel: 1...6, offer: .deliverRest(after: 5), position: 6),
            LiveCase(parcel: 3...5, offer: .nothing, position: 5),
            LiveCase(parcel: 5...5, offer: .nothing, position: 5),
            LiveCase(parcel: 7...8, offer: .read, position: 5),
        ])
    func live(item: LiveCase) {
        var feed = Feed(position: 5, isLive: true)
        #expect(feed.offer(parcel(item.parcel)) == item.offer)
        #expect(feed.position == item.position)
        #expect(feed.isLive == (item.offer != .read))
    }

    @Test("What came while it read follows the last page")
    func splice() {
        var feed = Feed(position: 0, isLive: false)
        #expect(feed.offer(parcel(6...7)) == .nothing)
        #expect(feed.offer(parcel(8...8)) == .nothing)
        #expect(words(feed.page(through: 3, isLast: false)) == "read")
        #expect(words(feed.page(through: 5, isLast: true)) == "live 6-7 after 5 8-8 after 7")
        #expect(feed.position == 8)
        #expect(feed.isLive)
    }

    @Test("What the page had already is not handed over again")
    func overlap() {
        var feed = Feed(position: 0, isLive: false)
        _ = feed.offer(parcel(1...3))
        _ = feed.offer(parcel(4...6))
        #expect(words(feed.page(through: 5, isLast: true)) == "live 4-6 after 5")
        #expect(feed.position == 6)
    }

    @Test("Nothing was held: the reader is live at once")
    func nothingHeld() {
        var feed = Feed(position: 2, isLive: false)
        #expect(words(feed.page(through: 2, isLast: true)) == "live")
        #expect(feed.isLive)
        #expect(feed.position == 2)
    }

    @Test("A hole between the page and what was held is read")
    func holeAfterPage() {
        var feed = Feed(position: 0, isLive: false)
        _ = feed.offer(parcel(7...8))
        #expect(words(feed.page(through: 5, isLast: true)) == "read")
        #expect(feed.position == 5)
        #expect(words(feed.page(through: 6, isLast: true)) == "live 7-8 after 6")
    }

    @Test("A hole among what was held is read, and nothing of it is handed over twice")
    func holeAmongHeld() {
        var feed = Feed(position: 0, isLive: false)
        _ = feed.offer(parcel(4...4))
        _ = feed.offer(parcel(6...6))
        #expect(words(feed.page(through: 3, isLast: true)) == "read")
        #expect(feed.position == 3)
        #expect(words(feed.page(through: 6, isLast: true)) == "live")
        #expect(feed.position == 6)
    }

    @Test("A hole in what comes live is read, and the parcel that showed it is held")
    func holeInLive() {
        var feed = Feed(position: 5, isLive: true)
        #expect(feed.offer(parcel(7...7)) == .read)
        #expect(words(feed.page(through: 6, isLast: true)) == "live 7-7 after 6")
    }

    @Test("Past the bound what is held is let go, and read again")
    func overflow() {
        var feed = Feed(position: 0, isLive: false, holdLimit: 3)
        _ = feed.offer(parcel(4...6))
        _ = feed.offer(parcel(7...7))
        _ = feed.offer(parcel(8...8))
        #expect(words(feed.page(through: 3, isLast: true)) == "read")
        #expect(words(feed.page(through: 8, isLast: true)) == "live")
        #expect(feed.position == 8)
    }

    @Test("A single parcel past the bound is not held")
    func largeParcel() {
        var feed = Feed(position: 0, isLive: false, holdLimit: 3)
        _ = feed.offer(parcel(2...5))
        #expect(words(feed.page(through: 1, isLast: true)) == "read")
    }

    @Test("Few but long ones past a megabyte are let go, and read again")
    func longParcels() {
        func long(_ seq: Seq) -> Parcel {
            let content = String(repeating: "x", count: 400_000)
            let posted = Change.Posted(id: MessageID("m"), content: content)
            return Parcel(
                conversation: room,
                entries: [
                    Entry(
                        conversation: room, seq: seq, pos: seq, at: Timestamp(microseconds: 0), author: ann,
                        change: .message(posted))
                ])
        }
        var feed = Feed(position: 0, isLive: false)
        for seq in Seq(2)...3 { _ = feed.offer(long(seq)) }
        #expect(words(feed.page(through: 1, isLast: true)) == "live 2-2 after 1 3-3 after 2")
        feed = Feed(position: 0, isLive: false)
        for seq in Seq(2)...4 { _ = feed.offer(long(seq)) }
        #expect(words(feed.page(through: 1, isLast: true)) == "read")
    }

    @Test("Exactly the bound is held")
    func atBound() {
        var feed = Feed(position: 0, isLive: false, holdLimit: 3)
        _ = feed.offer(parcel(2...4))
        #expect(words(feed.page(through: 1, isLast: true)) == "live 2-4 after 1")
    }

    @Test("After an overflow the next read holds again")
    func holdsAfterOverflow() {
        var feed = Feed(position: 0, isLive: false, holdLimit: 2)
        _ = feed.offer(parcel(2...4))
        #expect(words(feed.page(through: 1, isLast: true)) == "read")
        _ = feed.offer(parcel(5...5))
        #expect(words(feed.page(through: 4, isLast: true)) == "live 5-5 after 4")
    }

    @Test("An overflow is remembered over pages that are not the last")
    func overflowOverPages() {
        var feed = Feed(position: 0, isLive: false, holdLimit: 1)
        _ = feed.offer(parcel(3...4))
        #expect(words(feed.page(through: 1, isLast: false)) == "read")
        #expect(words(feed.page(through: 2, isLast: true)) == "read")
    }

    @Test("A lagging reader is offered nothing, and reads when it has drained")
    func lag() {
        var feed = Feed(position: 5, isLive: true)
        feed.lag()
        #expect(feed.isLagging)
        #expect(feed.offer(parcel(6...6)) == .nothing)
        #expect(feed.position == 5)
        let mustRead = feed.resume()
        #expect(mustRead)
        #expect(!feed.isLagging)
        #expect(words(feed.page(through: 6, isLast: true)) == "live")
        #expect(feed.offer(parcel(7...7)) == .deliver)
    }

    @Test("A page that was on its way when the reader began to lag is not taken")
    func pageWhileLagging() {
        var feed = Feed(position: 5, isLive: false)
        feed.lag()
        #expect(words(feed.page(through: 9, isLast: true)) == "nothing")
        #expect(feed.position == 5)
    }

    @Test("Only a lagging reader resumes", arguments: [true, false])
    func resumeOnly(isLive: Bool) {
        var feed = Feed(position: 5, isLive: isLive)
        let mustRead = feed.resume()
        #expect(!mustRead)
    }

    @Test("A page nobody asked for changes nothing")
    func unasked() {
        var feed = Feed(position: 5, isLive: true)
        #expect(words(feed.page(through: 9, isLast: true)) == "nothing")
        #expect(feed.position == 5)
    }

    @Test("A page that came back short of the position does not take it back")
    func shortPage() {
        var feed = Feed(position: 5, isLive: false)
        #expect(words(feed.page(through: 3, isLast: true)) == "live")
        #expect(feed.position == 5)
    }
}
