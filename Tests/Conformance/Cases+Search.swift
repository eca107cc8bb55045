import ChatKernel

/// For a store that has the ability; of another, they ask nothing, unless its harness names the ability.
extension StoreConformance {
    static let search: [ConformanceCase] = [
        offering("found are messages that hold all the words, newest first, as they stand") {
            (scene, store: any StoreWithSearch) in
            let (a, b) = (try await scene.make(with: []), try await scene.make(with: []))
            let first = try await scene.post(Scene.ada, a, "Green tea?")
            try await scene.post(Scene.ada, b, "Tea. Always.")
            try await scene.post(Scene.ada, b, "Coffee")
            let last = try await scene.post(Scene.ada, a, "GREEN is the tea")
            try await scene.perform(Scene.ada, a, .react(first.messageID, key: "+", on: true))
            let wanted = [try await store.message(last.messageID), try await store.message(first.messageID)]
            try expect(try await scene.search("tea green"), equals: wanted.compactMap(\.self), "what was found")
        },
        offering("a quotation is found in its order, and the beginning of a word in each that begins so") {
            (scene, _: any StoreWithSearch) in
            let id = try await scene.make(with: [])
            for text in ["a green tea", "tea, green", "greenish tea", "日本語"] {
                try await scene.post(Scene.ada, id, text)
            }
            try expect(try await scene.found("\"green tea\""), equals: ["a green tea"], "a quotation")
            try expect(try await scene.found("gree*"), equals: ["greenish tea", "tea, green", "a green tea"], "gree*")
            try expect(
                try await scene.found("tea gre*"), equals: ["greenish tea", "tea, green", "a green tea"], "both")
            try expect(try await scene.found("日本"), equals: ["日本語"], "letters that nothing parts")
            try expect(try await scene.found("語日"), equals: [], "in another order")
        },
        offering("An edited message must be found by its newest text and not by an older one") {
            (scene, _: any StoreWithSearch) in
            let id = try await scene.make(with: [])
            let message = try await scene.post(Scene.ada, id, "ketle is on").messageID
            try await scene.perform(Scene.ada, id, .edit(message, content: "kettel is on"))
            try await scene.perform(Scene.ada, id, .edit(message, content: "kettle is on"))
            for word in ["kettle", "on"] {
                try expect(try await scene.found(word), equals: ["kettle is on"], "by its newest text")
            }
            for word in ["ketle", "kettel"] { try expect(try await scene.found(word), equals: [], "by an older one") }
        },
        offering("a deleted message must not be found, by what it was or had been") { (scene, _: any StoreWithSearch) in
            let id = try await scene.make(with: [])
            try await scene.post(Scene.ada, id, "a plain secret")
            let message = try await scene.post(Scene.ada, id, "my secret").messageID
            try await scene.perform(Scene.ada, id, .edit(message, content: "our secret"))
            try await scene.perform(Scene.ada, id, .delete(message))
            for (word, wanted) in [("secret", ["a plain secret"]), ("my", []), ("our", [])] {
                try expect(try await scene.found(word), equals: wanted, word)
            }
        },
        offering("Only what the user may see must be found: its stays, while it is a member") {
            (scene, _: any StoreWithSearch) in
            let id = try await scene.make(with: [Scene.bob])
            try await scene.post(Scene.ada, id, "tea before")
            try await scene.perform(Scene.ada, id, .add(Scene.cai, .member))
            try await scene.post(Scene.ada, id, "tea during")
            try await scene.perform(Scene.ada, id, .remove(Scene.cai))
            try await scene.post(Scene.ada, id, "tea between")
            try expect(try await scene.found("tea", by: Scene.cai), equals: [], "by who was removed")
            try await scene.perform(Scene.ada, id, .add(Scene.cai, .member))
            try await scene.post(Scene.ada, id, "tea again")
            try expect(
                try await scene.found("tea", by: Scene.cai), equals: ["tea again", "tea during"], "by who is back")
            try expect(try await scene.found("tea", by: Scene.dee), equals: [], "by a stranger")
            try expect(try await scene.found("tea", by: Scene.bob).count, equals: 4, "by who was there all the time")
        },
        offering("one conversation alone, when asked for") { (scene, _: any StoreWithSearch) in
            let (a, b) = (try await scene.make(with: []), try await scene.make(by: Scene.bob, with: []))
            try await scene.post(Scene.ada, a, "tea here")
            try await scene.post(Scene.bob, b, "tea there")
            try expect(try await scene.found("tea", in: a), equals: ["tea here"], "in its own")
            for id in [b, ConversationID("nowhere")] {
                try expect(try await scene.found("tea", in: id), equals: [], "in \(id)")
            }
        },
        offering("Pages that follow from one another must hold each message once, whatever comes meanwhile") {
            (scene, store: any StoreWithSearch) in
            let id = try await scene.make(with: [])
            for number in 1...12 { try await scene.post(Scene.ada, id, number % 3 == 0 ? "coffee" : "tea \(number)") }
            var (found, before): ([String], Pos?) = ([], nil)
            repeat {
                let search = Search(try SearchQuery("tea"), for: Scene.ada, before: before)
                let page = try await store.search(search, limit: 3)
                try expect(page.messages.count <= 3, "a page of \(page.messages.count)")
                found += page.messages.map(\.content)
                try expect(page.next ?? 0 < before ?? .max, "\(page.next ?? 0) follows \(before ?? .max)")
                before = page.next
                try await scene.post(Scene.ada, id, "tea meanwhile")
            } while before != nil
            try expect(found, equals: [11, 10, 8, 7, 5, 4, 2, 1].map { "tea \($0)" }, "all pages together")
        },
        offering("from anywhere, with any limit at all, what is found is a page") {
            (scene, store: any StoreWithSearch) in
            let id = try await scene.make(with: [])
            try await scene.post(Scene.ada, id, "tea")
            for before: Pos? in [nil, .min, -1, 0, 1, 2, 3, .max] {
                for limit in [.min, 0, 1, .max] {
                    let search = Search(try SearchQuery("tea"), for: Scene.ada, before: before)
                    let page = try await store.search(search, limit: limit)
                    let count = limit > 0 && before ?? 9 > 2 ? 1 : 0
                    try expect(page.messages.count, equals: count, "\(limit) before \(before ?? 0)")
                }
            }
        },
        offering("signs of all kinds do no harm: quotes, operators, nothing at all") {
            (scene, _: any StoreWithSearch) in
            let id = try await scene.make(with: [])
            for text in ["\"", "' OR 1", "tea\u{0}cup", "", "*", "NEAR(x)"] where !text.isEmpty {
                try await scene.post(Scene.ada, id, text)
            }
            try expect(try await scene.found("OR"), equals: ["' OR 1"], "an operator")
            try expect(try await scene.found("near"), equals: ["NEAR(x)"], "another")
            try expect(try await scene.found("cup"), equals: ["tea\u{0}cup"], "behind a zero")
        },
        offering("the longest words and texts of very many words are found") { (scene, _: any StoreWithSearch) in
            let id = try await scene.make(with: [])
            let long = String(repeating: "w", count: 200)
            let many = (0..<5000).map { "n\($0)" }.joined(separator: " ")
            try await scene.post(Scene.ada, id, long)
            try await scene.post(Scene.ada, id, many)
            try expect(try await scene.found(long), equals: [long], "a long word")
            try expect(try await scene.found("n4999 \"n17 n18\""), equals: [many], "two of many")
        },
    ]
}

extension Scene {
    /// All pages of what is found; nothing in a store that does not search.
    func search(
        _ words: String, by user: UserID = ada, in conversation: ConversationID? = nil
    ) async throws -> [Message] {
        guard let store = store as? any StoreWithSearch else { return [] }
        var (found, before): ([Message], Pos?) = ([], nil)
        repeat {
            let search = Search(try SearchQuery(words), for: user, in: conversation, before: before)
            let page = try await store.search(search, limit: 100)
            found += page.messages
            before = page.next
        } while before != nil
        return found
    }

    /// The contents of them.
    func found(
        _ words: String, by user: UserID = ada, in conversation: ConversationID? = nil
    ) async throws -> [String] {
        try await search(words, by: user, in: conversation).map(\.content)
    }
}
