/// The keys met so far in one object, to find the one that comes twice.
///
/// Linear while they are few; then a set, whose hash is seeded, so that a hostile object costs no quadratic time.
struct JSONKeys {
    private var few: [Key] = []
    private var many: Set<Key> = []

    /// False when the key was there already.
    mutating func insert(_ text: String) -> Bool {
        let key = Key(text: text)
        guard many.isEmpty else { return many.insert(key).inserted }
        guard !few.contains(key) else { return false }
        few.append(key)
        if few.count > 16 { many = Set(few) }
        return true
    }

    /// Compared by bytes: to `String`, two spellings of "é" are equal, to JSON they are two keys.
    private struct Key: Hashable {
        let text: String

        static func == (a: Key, b: Key) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

        func hash(into hasher: inout Hasher) {
            for byte in text.utf8 { hasher.combine(byte) }
            hasher.combine(UInt8(0xFF))
        }
    }
}
