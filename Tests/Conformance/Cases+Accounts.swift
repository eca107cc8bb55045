import ChatKernel

extension StoreConformance {
    static let accounts: [ConformanceCase] = [
        ConformanceCase("an account is found as it was saved, and as it was replaced") { harness in
            let scene = try await Scene.open(harness)
            var user = User(
                id: UserID("x"), username: "Xenia", email: "Xenia@example.org", passwordHash: "$h", isSuperuser: true,
                createdAt: scene.now)
            try await scene.store.save(user)
            try expect(try await scene.store.user(user.id), equals: user, "the account")
            user.email = nil
            user.passwordHash = nil
            user.isActive = false
            user.isSuperuser = false
            user.updatedAt = scene.now.advanced(bySeconds: 5)
            try await scene.store.save(user)
            try expect(try await scene.store.user(user.id), equals: user, "the account replaced")
            try expect(try await scene.store.user(UserID("nobody")), equals: nil, "one that is not there")
            guard try await scene.reopen() else { return }
            try expect(try await scene.store.user(user.id), equals: user, "the account after reopening")
        },
        ConformanceCase("a username, and an address, is taken without regard to case; then nothing changes") {
            harness in
            let scene = try await Scene.open(harness)
            let one = User(id: UserID("1"), username: "Öle", email: "O@x.org", createdAt: scene.now)
            try await scene.store.save(one)
            for (name, email) in [("öLE", nil), ("other", "o@X.ORG")] {
                let other = User(id: UserID("2"), username: name, email: email, createdAt: scene.now)
                do {
                    try await scene.store.save(other)
                    throw ConformanceFailure("\(name), \(email ?? "no address") was saved")
                } catch let error as StoreError {
                    try expect(error.code, equals: .conflict, "the refusal of \(name)")
                }
                try expect(try await scene.store.user(other.id), equals: nil, "the account of \(name)")
            }
            try await scene.store.save(User(id: UserID("2"), username: "other", createdAt: scene.now))
            try await scene.store.save(User(id: UserID("3"), username: "third", createdAt: scene.now))
        },
        ConformanceCase("a username does not change once made") { harness in
            let scene = try await Scene.open(harness)
            do {
                try await scene.store.save(User(id: Scene.ada, username: "eve", createdAt: scene.now))
                throw ConformanceFailure("ada became eve")
            } catch let error as StoreError {
                try expect(error.code, equals: .conflict, "the refusal")
            }
            try expect(try await scene.store.user(Scene.ada)?.username, equals: "ada", "the name")
        },
        ConformanceCase("accounts are found by name, by how a name begins, and in order") { harness in
            let scene = try await Scene.open(harness)
            for (name, isActive) in [("Zoe", true), ("a_b", true), ("a%c", true), ("abc", true), ("abd", false)] {
                try await scene.store.save(
                    User(id: UserID("of \(name)"), username: name, isActive: isActive, createdAt: scene.now))
            }
            func names(_ query: UserQuery, _ limit: Int = 100) async throws -> [String] {
                try await scene.store.users(query, limit: limit).map(\.username)
            }
            try expect(try await names(.username("zOE")), equals: ["Zoe"], "by name")
            try expect(try await names(.username("zo")), equals: [], "by half a name")
            try expect(try await names(.prefix("A")), equals: ["a%c", "a_b", "abc", "ada"], "that begin with a")
            try expect(try await names(.prefix("a_")), equals: ["a_b"], "that begin with a_")
            try expect(try await names(.prefix("%")), equals: [], "that begin with %")
            try expect(try await names(.prefix("a"), 2), equals: ["a%c", "a_b"], "two that begin with a")
            let all = ["a%c", "a_b", "abc", "abd", "ada", "bob", "cai", "dee", "Zoe"]
            try expect(try await names(.all(after: nil)), equals: all, "all")
            try expect(try await names(.all(after: "ADA"), 2), equals: ["bob", "cai"], "two behind ada")
            try expect(try await names(.all(after: nil), 0), equals: [], "none of them")
            try expect(try await names(.disabled(since: scene.now)), equals: ["abd"], "disabled")
            let later = scene.now.advanced(bySeconds: 1)
            try expect(try await names(.disabled(since: later)), equals: [], "disabled later")
            try await scene.store.save(
                User(id: UserID("of abc"), username: "abc", isActive: false, createdAt: scene.now, updatedAt: later))
            try expect(try await names(.disabled(since: later)), equals: ["abc"], "disabled since")
        },
        ConformanceCase("a disabled account keeps its place in history and can be enabled again") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            try await scene.post(Scene.bob, id, "a")
            var bob = try require(try await scene.store.user(Scene.bob), "bob")
            bob.isActive = false
            try await scene.store.save(bob)
            try expect(try await scene.log(id).last?.author.username, equals: "bob", "the author")
            try expect(try await scene.see(id, as: Scene.ada).participants.count, equals: 2, "the members")
            try await scene.perform(Scene.ada, id, .remove(Scene.bob))
            let add = Draft.Proposal.add(Scene.bob, .member)
            try expect(try await scene.refusal(of: Scene.ada, id, add), equals: .unknownUser, "to add bob again")
            bob.isActive = true
            try await scene.store.save(bob)
            try await scene.perform(Scene.ada, id, add)
        },
    ]
}
