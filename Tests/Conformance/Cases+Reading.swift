import ChatKernel

extension StoreConformance {
    static let pages: [ConformanceCase] = [
        ConformanceCase("pages of messages from the end, before and after, ascending") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            // Between the messages stand entries that are none.
            for index in 0..<10 {
                let message = try await scene.post(Scene.ada, id, "\(index)").messageID
                try await scene.perform(Scene.ada, id, .react(message, key: "+", on: true))
            }
            let spans = [Span].everything
            func page(_ query: MessageQuery, _ limit: Int, _ wanted: Range<Int>) async throws {
                try expect(
                    try await scene.contents(query, limit: limit), equals: wanted.map { "\($0)" }, "\(query), \(limit)")
            }
            try await page(.newest(id, spans: spans, offset: 0), 3, 7..<10)
            try await page(.newest(id, spans: spans, offset: 4), 3, 3..<6)
            try await page(.newest(id, spans: spans, offset: 8), 5, 0..<2)
            try await page(.newest(id, spans: spans, offset: 10), 5, 0..<0)
            try await page(.newest(id, spans: spans, offset: .max), 5, 0..<0)
            try await page(.newest(id, spans: spans, offset: 0), .max, 0..<10)
            // Message i has seq 2 + 2i.
            try await page(.before(12, id, spans: spans), 3, 2..<5)
            try await page(.before(13, id, spans: spans), 3, 3..<6)
            try await page(.before(2, id, spans: spans), 3, 0..<0)
            try await page(.before(.max, id, spans: spans), 2, 8..<10)
            try await page(.before(.min, id, spans: spans), 2, 0..<0)
            try await page(.after(12, id, spans: spans), 3, 6..<9)
            try await page(.after(0, id, spans: spans), 2, 0..<2)
            try await page(.after(.min, id, spans: spans), 2, 0..<2)
            try await page(.after(20, id, spans: spans), 2, 0..<0)
            try await page(.after(.max, id, spans: spans), 2, 0..<0)
            try await page(.newest(id, spans: spans, offset: 0), 0, 0..<0)
            try await page(.newest(id, spans: [], offset: 0), 5, 0..<0)
        },
        ConformanceCase("a page shows only what its spans hold") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            for index in 2...20 { try await scene.post(Scene.ada, id, "\(index)") }
            let spans = [Span(from: 3, through: 5), Span(from: 9, through: 10), Span(from: 18)]
            func page(_ query: MessageQuery, _ limit: Int, _ wanted: [Int]) async throws {
                try expect(
                    try await scene.contents(query, limit: limit), equals: wanted.map { "\($0)" }, "\(query), \(limit)")
            }
            try await page(.newest(id, spans: spans, offset: 0), 100, [3, 4, 5, 9, 10, 18, 19, 20])
            try await page(.newest(id, spans: spans, offset: 2), 4, [5, 9, 10, 18])
            try await page(.before(19, id, spans: spans), 3, [9, 10, 18])
            try await page(.before(8, id, spans: spans), 9, [3, 4, 5])
            try await page(.after(4, id, spans: spans), 3, [5, 9, 10])
            try await page(.after(10, id, spans: spans), 9, [18, 19, 20])
        },
    ]

    static let budgets: [ConformanceCase] = [
        ConformanceCase("A page of conversations that ends early holds some; the next goes on behind it") { harness in
            let scene = try await Scene.open(harness)
            let long = String(repeating: "x", count: 60_000)
            var wanted: [ConversationID] = []
            for _ in 0..<12 {
                let id = try await scene.make(with: [Scene.bob])
                try await scene.post(Scene.ada, id, long)
                wanted.insert(id, at: 0)
            }
            var paged: [ConversationID] = []
            var mark: ConversationMark?
            while true {
                let page = try await scene.store.conversations(of: Scene.bob, after: mark, limit: 100)
                paged += page.map(\.id)
                guard PageBudget.isSpent(by: page.lazy.map(\.weight)), let last = page.last else { break }
                mark = ConversationMark(updatedAt: last.updatedAt, id: last.id)
            }
            try expect(paged, equals: wanted, "the conversations, page by page")
        },
        ConformanceCase("A page that ends early holds what is next to where it begins") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let long = String(repeating: "x", count: 60_000)
            for index in 0..<20 { try await scene.post(Scene.ada, id, "\(index) \(long)") }
            func numbers(_ query: MessageQuery) async throws -> [Int] {
                try await scene.contents(query, limit: 100).compactMap { Int($0.prefix { $0 != " " }) }
            }
            let spans = [Span].everything
            let newest = try await numbers(.newest(id, spans: spans, offset: 0))
            try expect(newest, equals: Array(20 - newest.count..<20), "the newest page")
            let before = try await numbers(.before(12, id, spans: spans))
            try expect(before, equals: Array(10 - before.count..<10), "the page before")
            let after = try await numbers(.after(11, id, spans: spans))
            try expect(after, equals: Array(10..<10 + after.count), "the page after")
            for count in [newest.count, before.count, after.count] { try expect(count > 0, "an empty page") }
        },
        ConformanceCase("The budget of a page is spent by weights and nothing else, also of short entries") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            for part in 0..<11 {
                _ = try await scene.commit((0..<100).map { scene.text(Scene.ada, id, "\(part * 100 + $0)") })
            }
            var log: [Entry] = []
            while true {
                let page = try await scene.log(id, after: log.last?.seq ?? 0, limit: 2000)
                log += page
                if page.count < 2000, !PageBudget.isSpent(by: page.lazy.map(\.weight)) { break }
            }
            try expect(log.map(\.seq), equals: Array(1...1101), "a conversation's entries, page by page")
        },
        ConformanceCase("A page that ends early must hold something, and the next goes on behind it") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            let long = String(repeating: "x", count: 60_000)
            for _ in 0..<20 { try await scene.post(Scene.ada, id, long) }
            func isLast(_ page: [Entry]) -> Bool {
                page.count < 100 && !PageBudget.isSpent(by: page.lazy.map(\.weight))
            }
            var log: [Entry] = []
            while true {
                let page = try await scene.log(id, after: log.last?.seq ?? 0, limit: 100)
                log += page
                if isLast(page) { break }
                try expect(!page.isEmpty, "an empty page")
            }
            try expect(log.map(\.seq), equals: Array(1...21), "a conversation's entries, page by page")
            var feed: [Entry] = []
            while true {
                let page = try await scene.feed(Scene.bob, after: feed.last?.pos ?? 0, limit: 100)
                feed += page
                if isLast(page) { break }
                try expect(!page.isEmpty, "an empty page")
            }
            try expect(feed.map(\.seq), equals: Array(1...21), "a user's entries, page by page")
        },
    ]

    static let replays: [ConformanceCase] = [
        ConformanceCase(
            "A page within its budget that is shorter than its limit must mean that nothing more was committed"
        ) { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            let other = try await scene.make(with: [])
            // Much of the log is not for bob.
            for round in 0..<10 {
                _ = try await scene.commit((0..<9).map { scene.text(Scene.ada, other, "\(round) \($0)") })
                try await scene.post(Scene.ada, id, "\(round)")
            }
            for limit in [1, 2, 3, 11, 12] {
                var seqs: [Seq] = []
                var pos: Pos = 0
                while true {
                    let page = try await scene.feed(Scene.bob, after: pos, limit: limit)
                    seqs += page.map(\.seq)
                    pos = page.last?.pos ?? pos
                    if page.count < limit { break }
                }
                try expect(seqs, equals: Array(1...11), "a member's entries, by \(limit)")
                var numbers: [Seq] = []
                while true {
                    let page = try await scene.log(id, after: numbers.last ?? 0, limit: limit)
                    numbers += page.map(\.seq)
                    if page.count < limit { break }
                }
                try expect(numbers, equals: Array(1...11), "the conversation's, by \(limit)")
            }
        },
        ConformanceCase("entries after a number: from the middle, from the end, from beyond") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            for index in 2...12 { try await scene.post(Scene.ada, id, "\(index)") }
            try expect(try await scene.log(id, after: 5, limit: 3).map(\.seq), equals: [6, 7, 8], "from the middle")
            try expect(try await scene.log(id, after: 12), equals: [], "from the end")
            try expect(try await scene.log(id, after: 99), equals: [], "from beyond")
            try expect(try await scene.log(id, after: .max), equals: [], "from far beyond")
            try expect(try await scene.log(id, after: -5, limit: 1).map(\.seq), equals: [1], "from before")
            try expect(try await scene.log(id, limit: 0), equals: [], "none of them")
            try expect(try await scene.feed(Scene.ada, after: .max), equals: [], "a member's from far beyond")
            try expect(try await scene.feed(Scene.ada, after: -5, limit: 1).map(\.seq), equals: [1], "from before")
        },
        ConformanceCase("all that a user may see: over its conversations, by pos, within its stays") { harness in
            let scene = try await Scene.open(harness)
            let (a, b, c) = (
                try await scene.make(with: [Scene.bob]), try await scene.make(with: []),
                try await scene.make(by: Scene.bob, with: [])
            )
            try await scene.post(Scene.ada, a, "1")
            try await scene.post(Scene.ada, b, "not for bob")
            try await scene.post(Scene.bob, c, "2")
            try await scene.perform(Scene.ada, b, .add(Scene.bob, .member))
            try await scene.post(Scene.ada, b, "3")
            try await scene.perform(Scene.ada, a, .remove(Scene.bob))
            try await scene.post(Scene.ada, a, "not for bob either")
            let feed = try await scene.feed(Scene.bob)
            try expect(feed.compactMap(\.content), equals: ["1", "2", "3"], "the contents")
            try expect(feed.map(\.pos), equals: feed.map(\.pos).sorted(), "the order")
            try expect(feed.last?.conversation, equals: a, "the last: the removal")
            let rest = try await scene.feed(Scene.bob, after: feed[2].pos)
            try expect(rest, equals: Array(feed[3...]), "from a position on")
        },
        ConformanceCase("A filter must leave out all conversations that it does not name") { harness in
            let scene = try await Scene.open(harness)
            let (a, b, c, d) = (
                try await scene.make(with: [Scene.bob]), try await scene.make(with: [Scene.bob]),
                try await scene.make(with: [Scene.bob]), try await scene.make(with: [])
            )
            for round in 0..<3 {
                for id in [a, b, c, d] { try await scene.post(Scene.ada, id, "\(round) \(id)") }
            }
            for id in [a, b, c] { try await scene.perform(Scene.bob, id, .read(through: 3)) }
            let all = try await scene.feed(Scene.bob)
            for filter: Set<ConversationID> in [[a], [b, c], [c, d], [d], [], [ConversationID("nowhere"), a]] {
                let wanted = all.filter { filter.contains($0.conversation) }
                try expect(try await scene.feed(Scene.bob, among: filter), equals: wanted, "among \(filter)")
                var found: [Entry] = []
                while true {
                    let page = try await scene.feed(Scene.bob, after: found.last?.pos ?? 0, among: filter, limit: 2)
                    found += page
                    if page.count < 2 { break }
                }
                try expect(found, equals: wanted, "among \(filter), page by page")
            }
        },
        ConformanceCase("The last read mark of a user in a conversation must not be left out") { harness in
            let scene = try await Scene.open(harness)
            let members = [Scene.ada, Scene.bob, Scene.cai]
            let ids = [
                try await scene.make(with: [Scene.bob, Scene.cai]), try await scene.make(with: [Scene.bob, Scene.cai]),
            ]
            var marks: [ConversationID: [UserID: Seq]] = [:]
            for round in 0..<12 {
                let id = ids[round % 2]
                let message = try await scene.post(Scene.ada, id, "\(round)")
                // Not everybody each time, so that a mark may lie far back.
                for member in members[1...(round < 9 ? 2 : 1)] {
                    try await scene.perform(member, id, .read(through: message.seq))
                    marks[id, default: [:]][member] = message.seq
                }
            }
            for limit in [1, 3, 1000] {
                var found: [ConversationID: [UserID: Seq]] = [:]
                var numbered: [Seq] = []
                var pos: Pos = 0
                while true {
                    let page = try await scene.feed(Scene.ada, after: pos, limit: limit)
                    for entry in page {
                        try expect(entry.pos > pos, "an entry out of order")
                        pos = entry.pos
                        if entry.seq > 0 { numbered.append(entry.seq) }
                        guard case .read(let seq) = entry.change else { continue }
                        let before = found[entry.conversation, default: [:]].updateValue(seq, forKey: entry.author.id)
                        try expect(before ?? 0 < seq, "a mark that moves back")
                    }
                    if page.count < limit { break }
                }
                try expect(found, equals: marks, "the marks at the end, by \(limit)")
                try expect(numbered.count, equals: 14, "numbered entries, by \(limit)")
            }
        },
        ConformanceCase("read marks are among what a user may see, while it is a member") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            let message = try await scene.post(Scene.ada, id, "a")
            let mark = try await scene.perform(Scene.bob, id, .read(through: message.seq))
            try expect(try await scene.feed(Scene.ada).contains(mark), "another member does not see it")
            try await scene.perform(Scene.bob, id, .remove(Scene.bob))
            try expect(try await scene.feed(Scene.bob).contains(mark), equals: false, "whether one who left sees it")
        },
        ConformanceCase("an entry replayed is the entry that was committed") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            var entries = try await scene.log(id)
            let first = try await scene.post(Scene.ada, id, "a", as: "k")
            entries.append(first)
            for (user, proposal): (UserID, Draft.Proposal) in [
                (Scene.bob, .post(content: "", clientID: nil, replyTo: first.messageID)),
                (Scene.ada, .edit(first.messageID, content: "b")),
                (Scene.bob, .react(first.messageID, key: "🙂", on: true)),
                (Scene.bob, .react(first.messageID, key: "🙂", on: false)),
                (Scene.ada, .update(name: "", description: "d")), (Scene.ada, .add(Scene.cai, .reader)),
                (Scene.ada, .add(Scene.cai, .owner)), (Scene.cai, .remove(Scene.ada)),
                (Scene.cai, .add(Scene.ada, .admin)),
                (Scene.ada, .remove(Scene.ada)),
            ] { entries.append(try await scene.perform(user, id, proposal)) }
            let reply = entries[2].messageID
            entries.append(try await scene.perform(Scene.bob, id, .read(through: 99)))
            for _ in 0..<2 {
                try expect(try await scene.log(id), equals: entries.filter { $0.seq > 0 }, "the conversation's")
                try expect(try await scene.feed(Scene.bob), equals: entries, "a member's")
                guard try await scene.reopen() else { return }
            }
            let deletion = try await scene.perform(Scene.bob, id, .delete(reply))
            try expect(try await scene.feed(Scene.bob).last, equals: deletion, "a deletion's")
        },
    ]
}
