/// What a connection could not send yet: references to shared buffers, and how far into the first one it got (pure).
struct SendQueue {
    /// Buffers from `head` on are unsent; none of them is empty.
    private(set) var chunks: [[UInt8]] = []
    private(set) var head = 0
    /// Bytes of the first buffer that are sent already.
    private(set) var offset = 0
    private(set) var bytes = 0

    var isEmpty: Bool { bytes == 0 }

    /// Adds a buffer. Only the first one may be partly sent already, by `start` bytes.
    mutating func append(_ chunk: [UInt8], from start: Int = 0) {
        assert(start == 0 || isEmpty)
        guard chunk.count > start else { return }
        if isEmpty { offset = start }
        chunks.append(chunk)
        bytes &+= chunk.count &- start
    }

    /// Forgets bytes that were sent.
    mutating func advance(_ sent: Int) {
        var rest = min(sent, bytes)
        bytes &-= rest
        while rest > 0 {
            let left = chunks[head].count &- offset
            guard rest >= left else {
                offset &+= rest
                return
            }
            rest &-= left
            chunks[head] = []
            head &+= 1
            offset = 0
            if head == chunks.count {
                chunks.removeAll(keepingCapacity: false)
                head = 0
            } else if head >= 64, head &* 2 >= chunks.count {
                chunks.removeFirst(head)
                head = 0
            }
        }
    }
}
