import ChatHTTP1

extension HTTPRequest {
    /// The token of `Authorization: Bearer …` (RFC 6750 section 2.1; the scheme in any case). Nil when there is none, or more
    /// than one such field.
    public var bearerToken: String? {
        let values = head.all("Authorization")
        guard values.count == 1, let value = values.first else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
