/// What a stream has read and its handler has not consumed, and whether it wants more (pure, but for the buffer).
struct Intake {
    /// Comes first the next time.
    private(set) var leftover: [UInt8] = []
    /// The handler wants nothing for now.
    var isPaused = false
    /// The peer sends no more.
    var isOver = false
    /// What is left is about to be offered again.
    var isOffering = false

    /// What is left is offered before more is read. A peer that sends faster than its handler takes shall wait, not overflow.
    var holdsBack: Bool { isOffering && !leftover.isEmpty }

    /// Ends an offer; whether there was one.
    mutating func takeOffer() -> Bool {
        defer { isOffering = false }
        return isOffering
    }

    /// Copies what is left to the front of a buffer; how much it is. It stays what it is until it is kept anew or forgotten.
    func restore(to buffer: ReadBuffer) -> Int {
        if !leftover.isEmpty { buffer.restore(leftover) }
        return leftover.count
    }

    /// Keeps a part of a buffer, and nothing else.
    mutating func keep(_ range: Range<Int>, of buffer: ReadBuffer) { leftover = buffer.copy(range) }

    mutating func forget() {
        if !leftover.isEmpty { leftover = [] }
    }
}
