/// The number in a close frame (RFC 6455 section 7.4, the IANA registry, and our own 4400 to 4599).
///
/// | code | meaning | may the client come back with the same request? |
/// | --- | --- | --- |
/// | 1000 | normal closure | nothing to repeat |
/// | 1001 | going away | yes |
/// | 1002, 1003, 1007 | broken protocol, a kind of data we do not take, broken UTF-8 | no |
/// | 1008, 1009 | against a policy, too big | no |
/// | 1011, 1012, 1013, 1014 | internal error, restart, try later, bad gateway | yes |
/// | 4400 to 4499 | 4401 token, 4403 removed, 4404 unknown | no: the range is the rule |
/// | 4500 to 4599 | 4500 internal, 4503 draining, 4529 rate | yes: the range is the rule |
public struct CloseCode: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let normal = CloseCode(rawValue: 1000)
    public static let goingAway = CloseCode(rawValue: 1001)
    public static let protocolError = CloseCode(rawValue: 1002)
    public static let unsupportedData = CloseCode(rawValue: 1003)
    public static let invalidData = CloseCode(rawValue: 1007)
    public static let policyViolation = CloseCode(rawValue: 1008)
    public static let messageTooBig = CloseCode(rawValue: 1009)
    public static let internalError = CloseCode(rawValue: 1011)
    public static let serviceRestart = CloseCode(rawValue: 1012)
    public static let tryAgainLater = CloseCode(rawValue: 1013)
    public static let badGateway = CloseCode(rawValue: 1014)

    public static let badToken = CloseCode(rawValue: 4401)
    public static let removed = CloseCode(rawValue: 4403)
    public static let unknownConversation = CloseCode(rawValue: 4404)
    public static let chatInternal = CloseCode(rawValue: 4500)
    public static let draining = CloseCode(rawValue: 4503)
    public static let rateLimited = CloseCode(rawValue: 4529)

    /// Whether the code may stand in a close frame, in either direction. 1004, 1005, 1006 and 1015 are reserved for what never
    /// was on the wire; 0 to 999, 1016 to 2999 and everything from 5000 on mean nothing (RFC 6455 section 7.4.2).
    public var mayBeSent: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    /// What a client is to make of it.
    public enum Retry: Sendable {
        /// Connect again, after a pause, with the same request.
        case later
        /// The same request would end the same way.
        case notUnchanged
        /// The code says nothing about it.
        case unspecified
    }

    public var retry: Retry {
        switch rawValue {
        case 1001, 1011...1014, 4500...4599: .later
        case 1002, 1003, 1007...1010, 4400...4499: .notUnchanged
        default: .unspecified
        }
    }
}
