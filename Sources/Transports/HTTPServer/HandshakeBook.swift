/// How many TLS handshakes are under way (pure).
struct HandshakeBook {
    private let limit: Int
    private var underWay = 0
    /// There were as many as may be, and half of them are not over yet.
    private(set) var isCrowded = false

    /// - Parameter limit: 0 for none.
    init(limit: Int) { self.limit = limit == 0 ? .max : limit }

    /// Counts one in; whether there are as many as may be now.
    mutating func begin() -> Bool {
        underWay += 1
        guard underWay == limit else { return false }
        isCrowded = true
        return true
    }

    /// Counts one out; whether there were as many as may be.
    mutating func end() -> Bool {
        let wasFull = underWay == limit
        underWay -= 1
        if underWay <= limit / 2 { isCrowded = false }
        return wasFull
    }
}
