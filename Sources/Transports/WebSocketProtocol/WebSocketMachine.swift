/// The receiving side of one WebSocket connection (RFC 6455): the peer's bytes in, one event at a time out.
///
/// It owns no descriptor and no clock, and no read buffer either: the driver's buffer is unmasked in place, and a message that lies
/// whole in it is answered as a range of it, without a copy. The driver does this when bytes have arrived:
///
///     var at = 0
///     while true {
///         switch machine.next(in: &bytes, from: &at) {
///         case .needBytes: …keep bytes[at...] as they are, append what arrives next, begin again with at = 0 there
///         case .text(let range): …use bytes[range] now
///         …
///
/// The bytes from `at` on may have been unmasked already, and the machine knows how far: they must come back unchanged, at the front,
/// followed by new ones. They are at most `longestRemainder` bytes. A data frame that is longer and has not arrived whole, and every
/// fragment, moves into the machine's own buffer instead, which grows with what really arrived and never with what a header announced.
///
/// Text is checked as it arrives, also in the middle of a frame. After a `close` or a `violation` everything further is swallowed.
/// Any bytes whatever end in events; nothing traps but an `at` outside of the buffer.
public struct WebSocketMachine: ~Copyable, Sendable {
    /// Ranges are of the driver's buffer, and valid until it is changed.
    public enum Event: Equatable, Sendable {
        /// Everything that can be judged has been: append more to `bytes[at...]` and call again.
        case needBytes
        /// A whole message of valid UTF-8.
        case text(Range<Int>)
        /// A whole message of bytes.
        case binary(Range<Int>)
        /// A whole message that came in pieces. Its bytes are in `message`: `takeMessage()` hands them over, and whatever is not taken is gone
        /// when the next message begins. Text is valid UTF-8.
        case assembled(isText: Bool)
        /// To be answered by a pong with the same payload, of 125 bytes at most. Of several only the last needs an answer (section 5.5.3).
        case ping(Range<Int>)
        /// The answer to a ping, or an unasked sign of life.
        case pong(Range<Int>)
        /// The peer's last frame. The code, if there is one, may be sent back as it is; the reason is valid UTF-8 of 123 bytes at most.
        case close(CloseCode?, reason: Range<Int>)
        /// The peer broke the rules: send a close with `closeCode`, then close.
        case violation(PeerViolation)
    }

    /// The most bytes that `.needBytes` leaves with the driver: one short of a frame that is not worth a buffer of our own.
    public static var longestRemainder: Int { 4_095 }

    private enum Phase: Sendable {
        case header
        case payload
        case ended
    }

    private let limits: WebSocketLimits
    private let peerMasks: Bool
    private var phase = Phase.header

    /// The frame under way.
    private var frame = FrameHeader(opcode: .continuation, isFinal: true, payload: 0, mask: 0)
    /// Payload bytes of it not yet consumed; the mask in `frame` stands at the first that is still masked.
    private var remaining = 0
    /// How many of those lie unmasked and checked at the front of the driver's buffer.
    private var ready = 0
    /// Whether the frame goes to `message`.
    private var isSwallowed = false

    /// The message under way. Control frames leave all of this alone.
    private var isText = false
    private var fragments = 0
    /// At a boundary whenever a message begins: no text ends elsewhere, and bytes do not touch it.
    private var utf8 = UTF8Validator()

    /// What has been gathered of a message that came in pieces; after `.assembled` the whole of it.
    public private(set) var message: [UInt8] = []

    /// - Parameter role: whose machine it is; the peer is the other one.
    public init(as role: WebSocketRole = .server, limits: WebSocketLimits = WebSocketLimits()) {
        self.limits = limits
        peerMasks = role == .server
    }

    /// The bytes announced by `.assembled`; the machine keeps none of their memory.
    public mutating func takeMessage() -> [UInt8] {
        let taken = message
        message = []
        return taken
    }

    /// The next event in `bytes[offset...]`; `offset` moves past what the driver need not keep.
    public mutating func next(in bytes: inout MutableRawSpan, from offset: inout Int) -> Event {
        precondition(offset >= 0 && offset <= bytes.byteCount, "the offset lies outside of the buffer")
        while true {
            switch phase {
            case .header:
                let expected = FrameHeader.Expectation(
                    isMasked: peerMasks, insideMessage: fragments > 0, mayContinue: fragments < limits.fragments,
                    frameBytes: limits.frameBytes,
                    messageBytesLeft: fragments > 0 ? limits.messageBytes &- message.count : limits.messageBytes)
                switch FrameHeader.read(bytes.bytes, at: offset, expecting: expected) {
                case .needBytes: return .needBytes
                case .violation(let violation): return fail(violation, in: bytes, from: &offset)
                case .header(let header, let length):
                    offset &+= length
                    begin(header)
                }
            case .payload:
                if let event = takePayload(in: &bytes, from: &offset) { return event }
            case .ended:
                offset = bytes.byteCount
                return .needBytes
            }
        }
    }

    private mutating func begin(_ header: FrameHeader) {
        frame = header
        remaining = header.payload
        ready = 0
        isSwallowed = false
        phase = .payload
        switch header.opcode {
        case .continuation:
            fragments &+= 1
            isSwallowed = true
        case .text, .binary:
            isText = header.opcode == .text
            if !message.isEmpty { message = [] }
            if !header.isFinal {
                fragments = 1
                isSwallowed = true
            }
        case .close, .ping, .pong: break
        }
    }

    /// Unmasks and checks what is there of the payload. Nil: the frame ended, and there is no event in it.
    private mutating func takePayload(in bytes: inout MutableRawSpan, from offset: inout Int) -> Event? {
        let arrived = min(bytes.byteCount &- offset, remaining)
        if arrived > ready {
            let fresh = (offset &+ ready)..<(offset &+ arrived)
            let isASCII = bytes.unmask(fresh, with: &frame.mask)
            if isText, !frame.opcode.isControl, !(isASCII && utf8.isAtBoundary) {
                guard utf8.accept(bytes.bytes, in: fresh) else {
                    return fail(.invalidText, in: bytes, from: &offset)
                }
            }
        }
        if arrived < remaining, remaining > Self.longestRemainder { isSwallowed = true }
        if isSwallowed {
            gather(bytes.bytes, in: offset..<(offset &+ arrived))
            offset &+= arrived
            remaining &-= arrived
            guard remaining == 0 else { return .needBytes }
        } else {
            guard arrived == remaining else {
                ready = arrived
                return .needBytes
            }
        }
        phase = .header
        let payload = offset..<(offset &+ remaining)
        offset = payload.upperBound
        return ended(payload, in: bytes, from: &offset)
    }

    /// The event of a frame that has arrived whole; `payload` is where it lies, unless it was swallowed.
    @inline(__always)
    private mutating func ended(
        _ payload: Range<Int>, in bytes: borrowing MutableRawSpan, from offset: inout Int
    ) -> Event? {
        switch frame.opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong(payload)
        case .close: return close(payload, in: bytes, from: &offset)
        case .text, .binary, .continuation:
            guard frame.isFinal else { return nil }
            fragments = 0
            if isText, !utf8.isAtBoundary { return fail(.invalidText, in: bytes, from: &offset) }
            if isSwallowed { return .assembled(isText: isText) }
            return isText ? .text(payload) : .binary(payload)
        }
    }

    private mutating func close(
        _ payload: Range<Int>, in bytes: borrowing MutableRawSpan, from offset: inout Int
    ) -> Event {
        if payload.isEmpty {
            end(in: bytes, from: &offset)
            return .close(nil, reason: payload)
        }
        guard payload.count >= 2 else { return fail(.truncatedCloseCode, in: bytes, from: &offset) }
        let number = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: payload.lowerBound, as: UInt16.self)
        let code = CloseCode(rawValue: UInt16(bigEndian: number))
        guard code.mayBeSent else { return fail(.invalidCloseCode, in: bytes, from: &offset) }
        let reason = (payload.lowerBound &+ 2)..<payload.upperBound
        var utf8 = UTF8Validator()
        guard utf8.accept(bytes.bytes, in: reason), utf8.isAtBoundary else {
            return fail(.invalidCloseReason, in: bytes, from: &offset)
        }
        end(in: bytes, from: &offset)
        return .close(code, reason: reason)
    }

    private mutating func fail(
        _ violation: PeerViolation, in bytes: borrowing MutableRawSpan, from offset: inout Int
    ) -> Event {
        end(in: bytes, from: &offset)
        return .violation(violation)
    }

    /// Nothing further is read, and nothing is kept.
    private mutating func end(in bytes: borrowing MutableRawSpan, from offset: inout Int) {
        phase = .ended
        message = []
        offset = bytes.byteCount
    }

    /// Appends to `message`. It doubles as bytes arrive, but not past what the message can still become.
    private mutating func gather(_ bytes: RawSpan, in range: Range<Int>) {
        guard !range.isEmpty else { return }
        let needed = message.count &+ range.count
        if needed > message.capacity {
            let largest = frame.isFinal ? message.count &+ remaining : limits.messageBytes
            message.reserveCapacity(min(max(needed, message.capacity &* 2), max(needed, largest)))
        }
        unsafe bytes.extracting(range).withUnsafeBytes { unsafe message.append(contentsOf: $0) }
    }
}
