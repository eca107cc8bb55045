import ChatKernel

extension StoreConformance {
    static let life: [ConformanceCase] = [
        ConformanceCase("a new store is empty") { harness in
            let store = try await harness.makeStore()
            try expect(try await store.head().pos, equals: 0, "the head")
            try expect(try await store.users(.all(after: nil), limit: 9), equals: [], "the accounts")
        },
        ConformanceCase("The epoch must outlive reopening") { harness in
            let scene = try await Scene.open(harness)
            let epoch = try await scene.store.head().epoch
            guard try await scene.reopen() else { return }
            try expect(try await scene.store.head().epoch, equals: epoch, "the epoch")
        },
        ConformanceCase("The epoch must be new for a store that was made anew") { harness in
            let one = try await harness.makeStore().head().epoch
            let two = try await harness.makeStore().head().epoch
            try expect(one != two, "two stores have the epoch \(one)")
        },
        ConformanceCase("The head must never go backwards") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            var last: Pos = 0
            for round in 0..<4 {
                for index in 0..<5 {
                    let message = try await scene.post(Scene.ada, id, "\(round) \(index)").messageID
                    let head = try await scene.store.head().pos
                    try expect(head > last, "the head went from \(last) to \(head)")
                    last = head
                    if index == 4 {
                        last = try await scene.perform(Scene.ada, id, .delete(message)).pos
                    }
                }
                guard try await scene.reopen() else { return }
                try expect(try await scene.store.head().pos, equals: last, "the head after reopening")
            }
        },
        ConformanceCase("what was committed is all there after reopening, and goes on from there") { harness in
            let scene = try await Scene.open(harness)
            let (a, b) = (try await scene.make(with: [Scene.bob]), try await scene.make(with: [Scene.bob, Scene.cai]))
            for index in 0..<12 {
                try await scene.post(index % 3 == 0 ? Scene.bob : Scene.ada, index % 2 == 0 ? a : b, "\(index)")
            }
            try await scene.perform(Scene.bob, b, .read(through: 99))
            func everything() async throws -> [String] {
                [
                    "\(try await scene.log(a))", "\(try await scene.log(b))", "\(try await scene.feed(Scene.bob))",
                    "\(try await scene.store.conversations(of: Scene.bob, after: nil, limit: 9))",
                    "\(try await scene.store.conversations(of: Scene.cai, after: nil, limit: 9))",
                    "\(try await scene.store.messages(.newest(b, spans: .everything, offset: 1), limit: 3))",
                    "\(String(describing: try await scene.store.standing(of: Scene.bob, in: b)))",
                    "\(try await scene.store.users(.all(after: nil), limit: 9))", "\(try await scene.store.head())",
                ]
            }
            let before = try await everything()
            guard try await scene.reopen() else { return }
            for (now, then) in zip(try await everything(), before) { try expect(now, equals: then, "a read") }
            let next = try await scene.post(Scene.cai, b, "next")
            try expect(next.seq, equals: 8, "the next seq")
            try expect(next.pos, equals: 16, "the next pos")
        },
        ConformanceCase("What this store promises must not change while it is open") { harness in
            let scene = try await Scene.open(harness)
            let before = scene.store.guarantees
            try await scene.post(Scene.ada, try await scene.make(with: []), "a")
            try expect(scene.store.guarantees, equals: before, "the guarantees")
            try expect(before.largestContent >= 65_536, "it takes only \(before.largestContent) bytes")
        },
        ConformanceCase("whatever comes after close must throw closed") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let message = try await scene.post(Scene.ada, id, "a").messageID
            let store = scene.store
            await store.close()
            let user = User(id: Scene.ada, username: "ada", createdAt: scene.now)
            let draft = scene.text(Scene.ada, id, "x")
            let calls: [(String, () async throws -> Void)] = [
                ("head", { _ = try await store.head() }),
                ("commit", { _ = try await store.commit([draft], at: scene.now) }),
                ("entries", { _ = try await store.entries(in: .conversation(id, after: 0), limit: 1) }),
                ("a user's entries", { _ = try await store.entries(in: .user(Scene.ada, after: 0), limit: 1) }),
                ("standing", { _ = try await store.standing(of: Scene.ada, in: id) }),
                ("conversation", { _ = try await store.conversation(id, for: Scene.ada) }),
                ("conversations", { _ = try await store.conversations(of: Scene.ada, after: nil, limit: 1) }),
                ("messages", { _ = try await store.messages(.id(message), limit: 1) }),
                ("users", { _ = try await store.users(.id(Scene.ada), limit: 1) }),
                ("save", { try await store.save(user) }),
            ]
            for (name, call) in calls {
                do {
                    try await call()
                    throw ConformanceFailure("\(name) did not throw")
                } catch let error as StoreError {
                    try expect(error.code, equals: .closed, "what \(name) threw")
                }
            }
        },
    ]
}
