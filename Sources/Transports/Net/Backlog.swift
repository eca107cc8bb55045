/// What a stream has to send and its peer has not taken, and since when nothing. Exists only while there is something, so that an
/// idle stream does not carry it.
final class Backlog {
    private var queue = SendQueue()
    /// When the peer last took something, in monotonic nanoseconds.
    private(set) var since: Int64
    /// How long the peer may take nothing while the stream closes, in nanoseconds; nil when another deadline stands.
    var stallLimit: Int64?

    /// - Parameter sent: how many bytes of the chunks are sent already.
    init(_ chunks: some Collection<[UInt8]>, sent: Int, now: Int64) {
        since = now
        var skip = sent
        for chunk in chunks {
            let part = min(skip, chunk.count)
            skip &-= part
            queue.append(chunk, from: part)
        }
    }

    var bytes: Int { queue.bytes }

    var isEmpty: Bool { queue.isEmpty }

    /// When the peer will have taken nothing for too long, if nothing more happens.
    var stallsAt: Int64? { stallLimit.map { since &+ $0 } }

    func append(_ chunk: [UInt8]) { queue.append(chunk) }

    /// Sends with one call what the socket takes; the number of bytes, or as a negative one its `errno`.
    func send(on socket: borrowing StreamSocket, now: Int64) -> Int {
        let sent = socket.write(gathering: queue.chunks[queue.head...], offset: queue.offset)
        guard sent >= 0 else { return sent }
        queue.advance(sent)
        since = now
        return sent
    }
}
