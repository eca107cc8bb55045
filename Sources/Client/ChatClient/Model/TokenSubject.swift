import ChatKernel
import ChatWire

extension UserID {
    /// Whose token it is: `sub`, which is the user's identifier (`protocol.md` section 8). Nil for a token that is no JWT (RFC 7519), as a
    /// host may have of its own. Nothing is verified: that is the server's business.
    init?(subjectOf token: String) {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let json = Base64.url.decode(parts[1]), let claims = try? JSONValue(parsing: json),
            let subject = try? claims.name("sub", limit: Self.limit)
        else { return nil }
        self.init(subject)
    }
}
