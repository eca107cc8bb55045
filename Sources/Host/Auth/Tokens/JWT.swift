import ChatWire

/// A token in compact form (RFC 7515 section 3.1), taken apart and not believed: nothing in it may be acted upon before
/// the signature holds, but for `alg` and `kid`, which choose among the keys we have and never say how to use one.
///
/// ```
/// base64url(header) . base64url(claims) . base64url(signature)
/// \_________ what is signed __________/
/// ```
public struct JWT: Sendable {
    /// In bytes. A token travels in a request line of at most 8 KiB, or in a header's block.
    public static let limit = 8192

    let algorithm: String
    let keyID: String?
    let signed: [UInt8]
    let claims: [UInt8]
    let signature: [UInt8]

    /// Nil for anything that is not three parts of strict base64url with a JSON header that we know how to honour.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.limit else { return nil }
        let bytes = Array(text.utf8)
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }), let header = Base64.url.decode(parts[0]),
            let claims = Base64.url.decode(parts[1]), let signature = Base64.url.decode(parts[2]),
            let fields = try? JSONValue(parsing: header), case .string(let algorithm)? = fields["alg"]
        else { return nil }
        // `crit` names what a reader must understand, and we understand none of it (RFC 7515 section 4.1.11). `b64`
        // would change what is signed (RFC 7797); it must come with `crit`, and is refused also when it does not.
        guard fields["crit"] == nil, fields["b64"] == nil else { return nil }
        switch fields["kid"] {
        case nil: keyID = nil
        case .string(let id): keyID = id
        default: return nil
        }
        self.algorithm = algorithm
        signed = Array(bytes[..<parts[1].endIndex])
        self.claims = claims
        self.signature = signature
    }
}
