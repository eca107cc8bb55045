import ChatFaults
import ChatKernel
import ChatSQLite
import ChatSimulation
import Testing

/// The whole way from a sender to the disk and back.
@Suite("A kernel over a disk that fails")
struct KernelTests {
    private static let (ann, bob) = (UserID("ann"), UserID("bob"))
    private static let refusal = ChatError(
        .storeUnavailable, "The store cannot be written just now.", retryAfterMilliseconds: 1000)

    @Test(
        "a message whose sync or write failed is refused with a time to retry, and no reader ever sees it",
        arguments: [
            Fault(.sync, of: ".db-wal"), Fault(.sync, .forgetting, of: ".db-wal"), Fault(.write, of: ".db-wal"),
            Fault(.write, .full, of: ".db-wal"), Fault(.write, .full, of: ".db-wal", after: 1),
        ])
    func refused(fault: Fault) async throws {
        let disk = try FaultyDisk()
        try await serve(disk) { kernel, room in
            let live = try await kernel.entries(in: room, as: Self.bob, after: 1)
            try await kernel.perform(.post(room, content: "one", clientID: ClientID("1")), as: Self.ann)
            disk.plan(fault)
            await #expect(throws: Self.refusal) {
                try await kernel.perform(.post(room, content: "two", clientID: ClientID("2")), as: Self.ann)
            }
            #expect(disk.isThrough)
            #expect(kernel.metrics.read().failedBatches == 1)
            #expect(try await contents(kernel.entries(in: room, as: Self.bob, after: 1), 1) == ["one"])
            try await kernel.perform(.post(room, content: "three", clientID: ClientID("3")), as: Self.ann)
            // The sender does as it was told: the message is new, not a repetition.
            let again = try await kernel.perform(.post(room, content: "two", clientID: ClientID("2")), as: Self.ann)
            guard case .committed = again else { throw StoreError(.damaged, "\(again)") }
            #expect(try await contents(live, 3) == ["one", "three", "two"], "live")
            #expect(try await contents(kernel.entries(in: room, as: Self.bob, after: 1), 3) == ["one", "three", "two"])
        }
        // What a power cut leaves.
        var dice = Dice(seed: 1)
        let left = try FaultyDisk(files: disk.state.cut(&dice))
        try await serve(left) { kernel, room in
            let found = try await contents(kernel.entries(in: room, as: Self.bob, after: 1), 3)
            #expect(found == ["one", "three", "two"])
        }
    }

    @Test("a full disk refuses each message, readers go on, and writing resumes as soon as there is room")
    func full() async throws {
        let disk = try FaultyDisk()
        try await serve(disk) { kernel, room in
            let live = try await kernel.entries(in: room, as: Self.bob, after: 1)
            try await kernel.perform(.post(room, content: "before"), as: Self.ann)
            #expect(kernel.isStoreWritable)
            disk.setRoom(0)
            for _ in 0..<5 {
                await #expect(throws: Self.refusal) {
                    let large = String(repeating: "x", count: 60_000)
                    try await kernel.perform(.post(room, content: large), as: Self.ann)
                }
                #expect(try await contents(kernel.entries(in: room, as: Self.bob, after: 1), 1) == ["before"])
                let history = try await kernel.messages(in: room, as: Self.bob, limit: 9)
                #expect(history.map(\.content) == ["before"])
            }
            #expect(kernel.metrics.read().failedBatches == 5)
            #expect(!kernel.isStoreWritable, "the last word")
            disk.setRoom(nil)
            try await kernel.perform(.post(room, content: "after"), as: Self.ann)
            #expect(kernel.isStoreWritable)
            #expect(try await contents(live, 2) == ["before", "after"])
        }
    }

    @Test("whether the store can be written is found out also when nobody writes", .timeLimit(.minutes(15)))
    func trial() async throws {
        let disk = try FaultyDisk()
        try await serve(disk) { kernel, room in
            disk.plan(Fault(.sync, times: .max))
            await #expect(throws: Self.refusal) { try await kernel.perform(.post(room, content: "a"), as: Self.ann) }
            #expect(!kernel.isStoreWritable)
            await kernel.settled()
            #expect(!kernel.isStoreWritable, "still")
            disk.plan()
            // Who asks has it tried, and is told what came of the last trial: as a monitor does, until it is well.
            while !kernel.isStoreWritable {
                try Task.checkCancellation()
                await Task.yield()
            }
            #expect(kernel.metrics.read().failedBatches == 1, "trials are not counted")
        }
    }

    // MARK: A kernel that runs

    private func serve(
        _ disk: FaultyDisk, _ body: @escaping @Sendable (Kernel, ConversationID) async throws -> Void
    ) async throws {
        let store = try await SQLiteStore.open(SQLiteStoreSettings(path: disk.folder.path + "/chat.db"))
        let kernel = Kernel(store: store, authenticator: Nobody(), time: SimulatedTime())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await kernel.run() }
            if try await store.user(Self.ann) == nil {
                for id in [Self.ann, Self.bob] {
                    try await store.save(User(id: id, username: id.text, createdAt: Timestamp(microseconds: 0)))
                }
                let details = ConversationDetails(isGroup: true)
                try await kernel.perform(.createConversation(details, participants: [Self.bob]), as: Self.ann)
            }
            let room = try #require(try await kernel.conversations(of: Self.ann, limit: 1).first).id
            do { try await body(kernel, room) } catch { Issue.record(error) }
            group.cancelAll()
        }
        await store.close()
    }

    private func contents(_ entries: Subscription, _ count: Int) async throws -> [String] {
        var found: [String] = []
        for try await entry in entries {
            if case .message(let posted) = entry.change { found.append(posted.content) }
            if found.count == count { break }
        }
        return found
    }
}
