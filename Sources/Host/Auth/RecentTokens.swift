import ChatKernel

/// Whom the tokens lately shown belong to, so that a client that asks again and again is known at once.
///
/// Believed for as long as the account is, see ``RecentUsers``; the end of the token is the caller's to look at. Bounded, by two
/// generations of which the older is dropped whole. Found by a hash whose key is the process's own, and compared in a time
/// that does not depend on where two tokens differ: whoever guesses learns nothing of the tokens that are here. Pure;
/// time is an argument, in monotonic nanoseconds.
struct RecentTokens {
    private struct Entry {
        let token: String
        let identity: Identity
        let until: Int64
    }

    private let generation: Int
    private var young: [Int: Entry] = [:]
    private var old: [Int: Entry] = [:]

    /// - Parameter capacity: in tokens, some 500 bytes each.
    init(capacity: Int = 8192) { generation = max(1, capacity / 2) }

    var count: Int { young.count + old.count }

    func find(_ token: String, at now: Int64) -> (identity: Identity, until: Int64)? {
        let hash = Self.hash(token)
        guard let entry = young[hash] ?? old[hash], now < entry.until, constantTimeEqual(entry.token, token) else {
            return nil
        }
        return (entry.identity, entry.until)
    }

    /// Of the end alone: there is the signature, which no two tokens share.
    private static func hash(_ token: String) -> Int {
        var hasher = Hasher()
        let bytes = token.utf8.span
        // The hasher reads them and keeps none.
        unsafe bytes.extracting(last: 32).withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    mutating func insert(_ token: String, _ identity: Identity, until: Int64) {
        let hash = Self.hash(token)
        if young.count >= generation, young[hash] == nil { (old, young) = (young, [:]) }
        young[hash] = Entry(token: token, identity: identity, until: until)
    }
}
