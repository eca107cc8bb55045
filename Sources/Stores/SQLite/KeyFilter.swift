/// A Bloom filter over hashes: says for certain that one is not among them, or that it may be.
///
/// Blocked: all the bits of a hash are in eight words, so that a question costs one cache miss; about ten bits a hash, so that
/// one in a hundred of those that are not there is looked up in vain. The words are kept in the file: never change the way
/// they are chosen.
struct KeyFilter: Sendable {
    private var words: [UInt64]
    private static let blockWords = 8
    private static let probes = 6

    init(capacity: Int) {
        let blocks = max(1, capacity * 10 / (Self.blockWords * 64) + 1)
        words = [UInt64](repeating: 0, count: blocks * Self.blockWords)
    }

    mutating func insert(_ hash: UInt64) {
        let (start, bits) = place(hash)
        var rest = bits
        for _ in 0..<Self.probes {
            words[start &+ Int(rest & 7)] |= 1 &<< (rest &>> 3 & 63)
            rest &>>= 9
        }
    }

    func mayContain(_ hash: UInt64) -> Bool {
        let (start, bits) = place(hash)
        var rest = bits
        for _ in 0..<Self.probes {
            if words[start &+ Int(rest & 7)] & 1 &<< (rest &>> 3 & 63) == 0 { return false }
            rest &>>= 9
        }
        return true
    }

    /// The block by the upper half of the hash, the bits in it by all of it mixed once more.
    private func place(_ hash: UInt64) -> (start: Int, bits: UInt64) {
        let blocks = UInt64(words.count / Self.blockWords)
        let block = Int(((hash &>> 32) &* blocks) &>> 32)
        return (block &* Self.blockWords, (hash &* 0x9E37_79B9_7F4A_7C15) &>> 8)
    }

    // MARK: As bytes

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.count * 8)
        for word in words { for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word &>> UInt64(shift * 8))) } }
        return bytes
    }

    /// Nil for bytes that are no filter's.
    init?(bytes: [UInt8]) {
        guard !bytes.isEmpty, bytes.count.isMultiple(of: Self.blockWords * 8) else { return nil }
        words = []
        words.reserveCapacity(bytes.count / 8)
        for start in stride(from: 0, to: bytes.count, by: 8) {
            words.append((0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) &<< UInt64($1 * 8) })
        }
    }
}
