import ChatHTTP1

/// Which web pages may use this server. A browser says where a page came from (`Origin`, RFC 6454), and other programs
/// do not: those pass, for they need no page's permission to do as they like.
///
/// A page of this server's own always may. Another's may when it is on the list; then every answer carries what the Fetch
/// standard asks for, the server's own refusals too, so that the page can read why. There are no cookies here, so this
/// protects little that a token does not; it keeps other people's pages from using a token they have been given by
/// mistake.
public struct OriginPolicy: Sendable {
    private let allowed: Set<String>

    /// - Parameter allowed: origins without a path, such as `https://app.example.org`. `null`, which many pages share,
    ///   and `*` are none.
    public init(allowed: [String]) {
        self.allowed = Set(allowed.map { $0.lowercased() }).subtracting(["null", "*"])
    }

    /// The origin to name in the answer; nil for a request that needs none.
    enum Verdict: Equatable {
        case pass
        case share(with: String)
        case refuse
    }

    func judge(_ head: RequestHead) -> Verdict {
        let origins = head.all("Origin")
        guard let origin = origins.first?.lowercased() else { return .pass }
        // Outside ASCII there is no origin, but there are letters that fold to those of one.
        guard origins.count == 1, origins[0].utf8.allSatisfy({ $0 < 0x80 }) else { return .refuse }
        if let host = head.host?.lowercased(), origin == "http://" + host || origin == "https://" + host {
            return .pass
        }
        return allowed.contains(origin) ? .share(with: origins[0]) : .refuse
    }

    /// What this answer needs besides, for the page that asked.
    ///
    /// Pages that may not read the answer get it all the same, as the Fetch standard has it: it is the browser that keeps
    /// it from them. Never with credentials: tokens are in the request, and there are no cookies to allow.
    /// - Parameter head: nil when the request could not be read; then nobody knows whose it is.
    func fields(for response: HTTPResponse, to head: RequestHead?) -> [HTTPField] {
        guard !allowed.isEmpty else { return [] }
        // On all answers, or a cache would show one origin what was meant for another.
        var fields = [HTTPField(name: "Vary", value: "Origin")]
        guard let head, case .share(let origin) = judge(head) else { return fields }
        fields.append(HTTPField(name: "Access-Control-Allow-Origin", value: origin))
        if head.method == "OPTIONS", head.first("Access-Control-Request-Method") != nil,
            let methods = response.fields.first("Allow")
        {
            fields += [
                HTTPField(name: "Access-Control-Allow-Methods", value: methods),
                HTTPField(
                    name: "Access-Control-Allow-Headers", value: "Authorization, Content-Type, Idempotency-Key"),
                HTTPField(name: "Access-Control-Max-Age", value: "600"),
            ]
        } else {
            fields.append(HTTPField(name: "Access-Control-Expose-Headers", value: "Link, Retry-After"))
        }
        return fields
    }
}
