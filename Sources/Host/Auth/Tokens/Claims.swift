public import ChatKernel
import ChatWire

/// What a token says (RFC 7519 section 4.1), as far as we ask.
public struct Claims: Hashable, Sendable {
    /// `sub`: 1 to 128 bytes.
    public let subject: UserID
    /// `exp`, which we demand.
    public let expiresAt: Timestamp
    let notBefore: Timestamp?
    let issuedAt: Timestamp?
    let issuer: String?
    let audiences: [String]
    /// What an account made for this subject may be called, best first.
    let names: [String]

    /// Reads the middle part of a token whose signature holds. Nil when a claim is missing or not what it must be.
    public init?(_ bytes: [UInt8]) {
        guard let claims = try? JSONValue(parsing: bytes), case .string(let subject)? = claims["sub"],
            (1...UserID.limit).contains(subject.utf8.count), let expiresAt = claims["exp"].flatMap(Self.moment)
        else { return nil }
        self.subject = UserID(subject)
        self.expiresAt = expiresAt
        guard let notBefore = Self.optional(claims["nbf"], Self.moment),
            let issuedAt = Self.optional(claims["iat"], Self.moment),
            let issuer = Self.optional(claims["iss"], Self.text), let audiences = Self.texts(claims["aud"])
        else { return nil }
        self.notBefore = notBefore
        self.issuedAt = issuedAt
        self.issuer = issuer
        self.audiences = audiences
        names = ["username", "preferred_username", "name"].compactMap { claims[$0].flatMap(Self.text) }
    }

    /// Absent is fine; present and unreadable is not (the outer nil).
    private static func optional<Value>(_ claim: JSONValue?, _ read: (JSONValue) -> Value?) -> Value?? {
        guard let claim else { return .some(nil) }
        return read(claim).map { .some($0) }
    }

    private static func text(_ value: JSONValue) -> String? {
        if case .string(let text) = value { text } else { nil }
    }

    /// `aud` is one text or a list of them (RFC 7519 section 4.1.3).
    private static func texts(_ value: JSONValue?) -> [String]? {
        switch value {
        case nil: return []
        case .string(let text): return [text]
        case .array(let elements):
            let texts = elements.compactMap(text)
            return texts.count == elements.count ? texts : nil
        default: return nil
        }
    }

    /// A NumericDate (RFC 7519 section 2): seconds since 1970, whole or not, up to the year 9999.
    private static func moment(_ value: JSONValue) -> Timestamp? {
        guard case .number(let number) = value else { return nil }
        let last: Int64 = 253_402_300_799
        if let seconds = number.int64 {
            return (0...last).contains(seconds) ? Timestamp(microseconds: seconds * 1_000_000) : nil
        }
        let seconds = number.double
        guard seconds >= 0, seconds <= Double(last) else { return nil }
        return Timestamp(microseconds: Int64(seconds * 1_000_000))
    }
}
