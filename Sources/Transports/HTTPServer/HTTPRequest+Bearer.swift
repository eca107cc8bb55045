import ChatHTTP1

extension HTTPRequest {
    /// The token of `Authorization: Bearer …` (RFC 6750 section 2.1; the scheme in any case). Nil when there is none, or more
    /// than one such field.
    public var bearerToken: String? {
        head.only("Authorization").flatMap { value in
            let (scheme, bytes) = ("bearer ".utf8.span, value.utf8.span)
            guard bytes.count > scheme.count else { return nil }
            for at in scheme.indices where bytes[at] != scheme[at] {
                guard bytes[at] | 0x20 == scheme[at], scheme[at] != UInt8(ascii: " ") else { return nil }
            }
            return String(Substring(value.utf8.dropFirst(scheme.count)))
        }
    }
}
