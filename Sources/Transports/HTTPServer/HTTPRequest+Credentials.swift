public import ChatHTTP1
public import ChatKernel

extension HTTPRequest {
    /// What the request shows to say who asks: `?token=`, `?ticket=` or `Authorization: Bearer …` (RFC 6750 section 2.1; the
    /// scheme in any case). Nil when there is none, or more than one such field.
    ///
    /// - Parameters:
    ///   - query: the request's own.
    ///   - inQuery: whether credentials may stand in the query: where browsers cannot set a header. Never logged.
    public func credentials(_ query: QueryItems, inQuery: Bool) -> Credentials? {
        if inQuery, let token = query.first("token") { return .token(token) }
        if inQuery, let ticket = query.first("ticket") { return .ticket(ticket) }
        return bearerToken.map { .token($0) }
    }
}
