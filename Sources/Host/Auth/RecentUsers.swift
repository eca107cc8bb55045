import ChatKernel

/// The accounts that tokens were lately shown for, so that a client's hundred requests are not a hundred queries.
///
/// Believed for two seconds, so that a disabled account is refused within two seconds; and bounded, by two generations
/// of which the older is dropped whole. Pure; time is an argument, in monotonic nanoseconds.
struct RecentUsers {
    static let lifetime: Int64 = 2_000_000_000

    struct Record {
        let user: UserReference
        let isActive: Bool
        let isSuperuser: Bool

        init(_ user: User) {
            self.user = user.reference
            isActive = user.isActive
            isSuperuser = user.isSuperuser
        }
    }

    private let generation: Int
    private var young: [UserID: (Record, until: Int64)] = [:]
    private var old: [UserID: (Record, until: Int64)] = [:]

    /// - Parameter capacity: in accounts, some 200 bytes each.
    init(capacity: Int = 8192) { generation = max(1, capacity / 2) }

    var count: Int { young.count + old.count }

    func find(_ id: UserID, at now: Int64) -> (record: Record, until: Int64)? {
        guard let found = young[id] ?? old[id], now < found.until else { return nil }
        return found
    }

    /// - Parameter asked: when the store was asked, which is the moment the answer is certain for.
    /// - Returns: until when it is believed.
    @discardableResult
    mutating func insert(_ record: Record, asked: Int64) -> Int64 {
        if young.count >= generation, young[record.user.id] == nil { (old, young) = (young, [:]) }
        let until = asked &+ Self.lifetime
        young[record.user.id] = (record, until)
        return until
    }
}
