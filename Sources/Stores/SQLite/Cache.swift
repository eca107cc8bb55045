/// What can be read again from the file, kept near in two generations: when the young one is full it becomes the old
/// one, and what of the old was not touched meanwhile is forgotten. Holds at most twice `limit`.
struct Cache<Key: Hashable & Sendable, Kept: Sendable>: Sendable {
    private let limit: Int
    private var young: [Key: Kept] = [:]
    private var old: [Key: Kept] = [:]

    init(limit: Int) { self.limit = limit }

    mutating func value(for key: Key) -> Kept? {
        if let value = young[key] { return value }
        guard let value = old[key] else { return nil }
        insert(value, for: key)
        return value
    }

    mutating func insert(_ value: Kept, for key: Key) {
        young[key] = value
        if young.count >= limit {
            old = young
            young = [:]
        }
    }

    mutating func removeAll() {
        young = [:]
        old = [:]
    }
}
