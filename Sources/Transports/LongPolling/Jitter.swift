/// Shortens waits, each by something else, so that a herd that came together does not come back together.
struct Jitter {
    private var turn: UInt64 = 0

    /// More than nine tenths of a wait, and at most all of it. Multiples of the golden ratio spread any number of them evenly.
    mutating func shortened(_ wait: Int64) -> Int64 {
        turn &+= 0x9E37_79B9_7F4A_7C15
        return wait - Int64(UInt64(max(0, wait) / 10).multipliedFullWidth(by: turn).high)
    }
}
