import CLinux

/// A connected socket without TLS: the one place where bytes and the descriptor meet, and so the seam for TLS.
///
/// Counts are of bytes; a negative one is an `errno`.
struct PlainSocket: ~Copyable {
    private var descriptor: Descriptor

    /// Buffers one gathering call takes. The kernel would take 1,024; the list of them lives on the stack.
    static let buffersPerCall = 64

    private static var sendFlags: Int32 { Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT) }

    init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    var number: Int32 { descriptor.number }

    mutating func close() { descriptor.close() }

    /// Reads into a range of the buffer. 0 at the end of input.
    func read(into buffer: ReadBuffer, _ range: Range<Int>) -> Int {
        let bytes = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[range])
        while true {
            let count = unsafe recv(number, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT))
            if count >= 0 { return count }
            if chat_errno() != EINTR { return -Int(chat_errno()) }
        }
    }

    func write(_ bytes: [UInt8]) -> Int {
        unsafe bytes.withUnsafeBytes { bytes in
            while true {
                let count = unsafe send(number, bytes.baseAddress, bytes.count, Self.sendFlags)
                if count >= 0 { return count }
                if chat_errno() != EINTR { return -Int(chat_errno()) }
            }
        }
    }

    /// Sends the first 64 buffers with one call, the first of them from `offset` on.
    func write(gathering chunks: ArraySlice<[UInt8]>, offset: Int) -> Int {
        unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.buffersPerCall) { vectors in
            unsafe gather(chunks, at: chunks.startIndex, offset: offset, into: vectors, count: 0)
        }
    }

    /// Each level pins one buffer, so all of them are pinned when the call is made.
    private func gather(
        _ chunks: ArraySlice<[UInt8]>, at index: Int, offset: Int, into vectors: UnsafeMutableBufferPointer<iovec>,
        count: Int
    ) -> Int {
        guard index < chunks.endIndex, count < Self.buffersPerCall else {
            return unsafe write(vectors, count: count)
        }
        return unsafe chunks[index].withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, bytes.count > offset else {
                return unsafe gather(chunks, at: index &+ 1, offset: 0, into: vectors, count: count)
            }
            unsafe vectors[count] = iovec(
                iov_base: UnsafeMutableRawPointer(mutating: start + offset), iov_len: bytes.count &- offset)
            return unsafe gather(chunks, at: index &+ 1, offset: 0, into: vectors, count: count &+ 1)
        }
    }

    private func write(_ vectors: UnsafeMutableBufferPointer<iovec>, count: Int) -> Int {
        var message = unsafe msghdr()
        unsafe message.msg_iov = vectors.baseAddress
        unsafe message.msg_iovlen = count
        while true {
            let sent = unsafe sendmsg(number, &message, Self.sendFlags)
            if sent >= 0 { return sent }
            if chat_errno() != EINTR { return -Int(chat_errno()) }
        }
    }

    /// Tells the peer that nothing more will come. False when it is gone already.
    func endOutput() -> Bool {
        shutdown(number, Int32(SHUT_WR)) == 0
    }

    /// The `errno` the system keeps for the socket, or 0.
    func pendingError() -> Int32 {
        var code: Int32 = 0
        var size = socklen_t(4)
        unsafe getsockopt(number, SOL_SOCKET, SO_ERROR, &code, &size)
        return code
    }
}
