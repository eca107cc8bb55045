import ChatKernel

/// Looks at all there is in two stores.
struct Comparison {
    /// A read, and what it is of.
    struct Probe {
        let what: String
        private let read: (any Store) async throws(StoreError) -> AnyHashable

        init<T: Hashable>(_ what: String, _ read: @escaping (any Store) async throws(StoreError) -> T) {
            self.what = what
            self.read = { (store) throws(StoreError) in AnyHashable(try await read(store)) }
        }

        /// How what was found differs from what was wanted, in a sentence.
        func difference(_ found: any Store, _ wanted: any Store) async throws(StoreError) -> String? {
            let one = try await read(found)
            let other = try await read(wanted)
            return one == other ? nil : "\(what): \(one) instead of \(other)"
        }
    }

    let probes: [Probe]

    init(_ history: History) {
        let spans = [Span(from: 1)]
        var probes = [
            Probe("the head") { (store) throws(StoreError) in try await store.head().pos },
            Probe("the users") { (store) throws(StoreError) in try await store.users(.all(after: nil), limit: 100) },
        ]
        for id in history.conversations {
            probes += [
                Probe("the entries of \(id)") { (store) throws(StoreError) in
                    try await store.entries(in: .conversation(id, after: 0), limit: 10_000)
                },
                Probe("the messages of \(id)") { (store) throws(StoreError) in
                    try await store.messages(.newest(id, spans: spans, offset: 0), limit: 10_000)
                },
            ]
        }
        for user in history.accounts.map(\.id) {
            probes += [
                Probe("the entries for \(user)") { (store) throws(StoreError) in
                    try await store.entries(in: .user(user, after: 0), limit: 10_000)
                },
                Probe("the conversations of \(user)") { (store) throws(StoreError) in
                    try await store.conversations(of: user, after: nil, limit: 100)
                },
                Probe("what \(user) finds") { (store) throws(StoreError) in
                    try await store.search("text", for: user) + store.search("edi*", for: user)
                },
            ]
            probes += history.conversations.map { id in
                Probe("the standing of \(user) in \(id)") { (store) throws(StoreError) in
                    try await store.standing(of: user, in: id)
                }
            }
        }
        self.probes = probes
    }

    /// The first thing in which they differ; nil when there is none.
    func difference(_ found: any Store, _ wanted: any Store) async throws(StoreError) -> String? {
        for probe in probes { if let text = try await probe.difference(found, wanted) { return text } }
        return nil
    }
}
