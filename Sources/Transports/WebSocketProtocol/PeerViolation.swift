/// What the peer did that RFC 6455 or our limits forbid. The driver answers with `closeCode`, then closes.
///
/// A plain enum without payload: it costs nothing in an event, and a test can name it.
public enum PeerViolation: Error, Equatable, Sendable, CaseIterable {
    case reservedBitSet
    case unknownOpcode
    case fragmentedControlFrame
    case unexpectedContinuation
    case interruptedMessage
    case tooManyFragments
    case unmaskedFrame
    case maskedFrame
    case longControlFrame
    case paddedLength
    case lengthOverflow
    case frameTooBig
    case messageTooBig
    case invalidText
    case truncatedCloseCode
    case invalidCloseCode
    case invalidCloseReason

    /// The code for the close frame that ends the connection.
    public var closeCode: CloseCode {
        switch self {
        case .invalidText, .invalidCloseReason: .invalidData
        case .frameTooBig, .messageTooBig: .messageTooBig
        case .tooManyFragments: .policyViolation
        default: .protocolError
        }
    }

    /// A sentence for the close frame and for an operator. Never holds a byte of what the peer sent; at most 123 bytes.
    public var detail: String {
        switch self {
        case .reservedBitSet: "a reserved bit is set, and no extension was negotiated"
        case .unknownOpcode: "unknown opcode"
        case .fragmentedControlFrame: "a control frame must not be fragmented"
        case .unexpectedContinuation: "continuation without a message to continue"
        case .interruptedMessage: "a new message began before the last one ended"
        case .tooManyFragments: "the message has too many fragments"
        case .unmaskedFrame: "a client must mask its frames"
        case .maskedFrame: "a server must not mask its frames"
        case .longControlFrame: "a control frame has at most 125 bytes"
        case .paddedLength: "the length is not in its shortest form"
        case .lengthOverflow: "the length has its top bit set"
        case .frameTooBig: "the frame is too big"
        case .messageTooBig: "the message is too big"
        case .invalidText: "the text is not UTF-8"
        case .truncatedCloseCode: "a close frame has no body or at least two bytes"
        case .invalidCloseCode: "the close code must not be sent"
        case .invalidCloseReason: "the reason of the close is not UTF-8"
        }
    }
}
