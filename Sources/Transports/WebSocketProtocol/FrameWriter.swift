/// The sending side: frames as a server writes them, never masked and never fragmented (RFC 6455 section 5.2).
///
/// There is no state in it. One frame's bytes serve every reader, and the frames of a whole batch are written one behind the other
/// into one buffer of exactly the sum of their `frameLength`s:
///
///     let joined = [UInt8](capacity: total) { out in
///         for payload in payloads { FrameWriter.append(.text, payload, to: &out) }
///     }
public enum FrameWriter {
    /// Bytes in front of a payload of so many bytes: 2, 4 or 10.
    public static func headerLength(payload: Int) -> Int {
        payload <= 125 ? 2 : payload <= 0xFFFF ? 4 : 10
    }

    /// Bytes of a whole frame.
    public static func frameLength(payload: Int) -> Int {
        headerLength(payload: payload) + payload
    }

    /// Writes the head of a frame whose payload the caller writes next. `out` must have `headerLength(payload:)` bytes free.
    public static func appendHeader(_ opcode: Opcode, payload: Int, to out: inout OutputSpan<UInt8>) {
        appendHeader(opcode, payload: payload, isMasked: false, to: &out)
    }

    /// - Parameter isMasked: a client's frame, whose mask the caller writes next.
    @inline(__always)
    static func appendHeader(_ opcode: Opcode, payload: Int, isMasked: Bool, to out: inout OutputSpan<UInt8>) {
        precondition(!opcode.isControl || payload <= 125, "a control frame has at most 125 bytes")
        out.append(0x80 | opcode.rawValue)
        let masked: UInt8 = isMasked ? 0x80 : 0
        switch headerLength(payload: payload) {
        case 2: out.append(masked | UInt8(truncatingIfNeeded: payload))
        case 4:
            out.append(masked | 126)
            out.append(UInt8(truncatingIfNeeded: payload >> 8))
            out.append(UInt8(truncatingIfNeeded: payload))
        default:
            out.append(masked | 127)
            let length = UInt64(payload)
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                out.append(UInt8(truncatingIfNeeded: length >> shift))
            }
        }
    }

    /// Writes one frame. `out` must have `frameLength(payload:)` bytes free.
    public static func append(_ opcode: Opcode, _ payload: RawSpan, to out: inout OutputSpan<UInt8>) {
        appendHeader(opcode, payload: payload.byteCount, to: &out)
        copy(payload, to: &out)
    }

    /// Writes one frame behind what is there; reserve the sum of a batch's frames beforehand.
    public static func append(_ opcode: Opcode, _ payload: RawSpan, to out: inout [UInt8]) {
        out.append(addingCapacity: frameLength(payload: payload.byteCount)) { span in
            append(opcode, payload, to: &span)
        }
    }

    /// One frame in a buffer of its size.
    public static func frame(_ opcode: Opcode, _ payload: RawSpan) -> [UInt8] {
        [UInt8](capacity: frameLength(payload: payload.byteCount)) { span in
            append(opcode, payload, to: &span)
        }
    }

    /// A whole text message; the caller vouches for its UTF-8.
    public static func text(_ payload: [UInt8]) -> [UInt8] { unsafe frame(.text, payload.span.bytes) }

    /// A whole binary message.
    public static func binary(_ payload: [UInt8]) -> [UInt8] { unsafe frame(.binary, payload.span.bytes) }

    /// A ping; at most 125 bytes.
    public static func ping(_ payload: [UInt8] = []) -> [UInt8] { unsafe frame(.ping, payload.span.bytes) }

    /// A pong; it repeats the payload of the ping, at most 125 bytes.
    public static func pong(_ payload: [UInt8] = []) -> [UInt8] { unsafe frame(.pong, payload.span.bytes) }

    /// A close. A code that must not be on the wire (1005 "there was none", above all) gives a close without a body; a reason of more
    /// than 123 bytes is cut between two characters.
    public static func close(_ code: CloseCode?, reason: String = "") -> [UInt8] {
        guard let code, code.mayBeSent else { return frame(.close, RawSpan()) }
        var payload = [UInt8(truncatingIfNeeded: code.rawValue >> 8), UInt8(truncatingIfNeeded: code.rawValue)]
        for scalar in reason.unicodeScalars {
            guard payload.count + UTF8.width(scalar) <= 125 else { break }
            payload.append(contentsOf: String(scalar).utf8)
        }
        return unsafe frame(.close, payload.span.bytes)
    }

    private static func copy(_ payload: RawSpan, to out: inout OutputSpan<UInt8>) {
        precondition(payload.byteCount <= out.freeCapacity, "the buffer is too small for the frame")
        unsafe out.withUnsafeMutableBufferPointer { buffer, initialized in
            let whole = UnsafeMutableRawBufferPointer(buffer)
            let free = unsafe UnsafeMutableRawBufferPointer(rebasing: whole[initialized...])
            unsafe payload.withUnsafeBytes { unsafe free.copyMemory(from: $0) }
            initialized += payload.byteCount
        }
    }
}
