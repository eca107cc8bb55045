/// The head of a frame (RFC 6455 section 5.2), read strictly: a client's with its mask, a server's without.
///
///      byte 0               byte 1             0, 2 or 8 bytes          4 bytes
///     +-----+------+--------+------+----------+------------------------+----------+
///     | FIN | RSV  | opcode | MASK | length 7 | length 16 or 64 (BE)   | mask key |
///     +-----+------+--------+------+----------+------------------------+----------+
///
/// Each byte is judged as soon as it is there, in the order of the wire: what a peer is told never depends on how its bytes were cut,
/// and nothing is buffered for a frame that will be refused.
struct FrameHeader: Sendable {
    var opcode: Opcode
    var isFinal: Bool
    /// Payload in bytes, within the limits.
    var payload: Int
    /// In the byte order of memory; 0 for none.
    var mask: UInt32

    /// The longest head: two bytes, a length of eight, a mask of four.
    static let longest = 14

    /// What may come next, as far as the head of a frame can break it.
    struct Expectation {
        /// The peer is a client.
        var isMasked: Bool
        var insideMessage: Bool
        var mayContinue: Bool
        var frameBytes: Int
        var messageBytesLeft: Int
    }

    enum Reading {
        case needBytes
        case header(FrameHeader, length: Int)
        case violation(PeerViolation)
    }

    @inline(__always)
    static func read(_ bytes: RawSpan, at offset: Int, expecting expected: Expectation) -> Reading {
        let available = bytes.byteCount &- offset
        guard available >= 1 else { return .needBytes }
        let first = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
        guard first & 0x70 == 0 else { return .violation(.reservedBitSet) }
        guard let opcode = Opcode(rawValue: first & 0x0F) else { return .violation(.unknownOpcode) }
        let isFinal = first & 0x80 != 0
        if opcode.isControl {
            guard isFinal else { return .violation(.fragmentedControlFrame) }
        } else if opcode == .continuation {
            guard expected.insideMessage else { return .violation(.unexpectedContinuation) }
            guard expected.mayContinue else { return .violation(.tooManyFragments) }
        } else {
            guard !expected.insideMessage else { return .violation(.interruptedMessage) }
        }

        guard available >= 2 else { return .needBytes }
        let second = unsafe bytes.unsafeLoad(fromByteOffset: offset &+ 1, as: UInt8.self)
        guard (second & 0x80 != 0) == expected.isMasked else {
            return .violation(expected.isMasked ? .unmaskedFrame : .maskedFrame)
        }
        let short = second & 0x7F
        if opcode.isControl, short > 125 { return .violation(.longControlFrame) }

        let declared: UInt64
        var length = 2
        switch short {
        case 126:
            guard available >= 4 else { return .needBytes }
            declared = UInt64(
                UInt16(bigEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ 2, as: UInt16.self)))
            guard declared > 125 else { return .violation(.paddedLength) }
            length = 4
        case 127:
            guard available >= 10 else { return .needBytes }
            declared = UInt64(
                bigEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ 2, as: UInt64.self))
            guard declared >> 63 == 0 else { return .violation(.lengthOverflow) }
            guard declared > 0xFFFF else { return .violation(.paddedLength) }
            length = 10
        default:
            declared = UInt64(short)
        }
        if !opcode.isControl {
            // Compared before it is ever converted: after this it is an `Int` that fits what we are willing to hold.
            guard declared <= UInt64(expected.frameBytes) else { return .violation(.frameTooBig) }
            guard declared <= UInt64(expected.messageBytesLeft) else { return .violation(.messageTooBig) }
        }

        guard expected.isMasked else {
            // A mask of zeros takes nothing off.
            let header = FrameHeader(opcode: opcode, isFinal: isFinal, payload: Int(declared), mask: 0)
            return .header(header, length: length)
        }
        guard available >= length &+ 4 else { return .needBytes }
        let mask = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ length, as: UInt32.self)
        let header = FrameHeader(opcode: opcode, isFinal: isFinal, payload: Int(declared), mask: mask)
        return .header(header, length: length &+ 4)
    }
}
