import ChatHTTP1

/// Which web pages may use this server. A browser says where a page came from (`Origin`, RFC 6454), and other programs
/// do not: those pass, for they need no page's permission to do as they like.
///
/// A page of this server's own always may. Another's may when it is on the list; then REST's answers carry what the
/// Fetch standard asks for. There are no cookies here, so this protects little that a token does not; it keeps
/// other people's pages from using a token they have been given by mistake.
public struct OriginPolicy: Sendable {
    private let allowed: Set<String>

    /// - Parameter allowed: origins without a path, such as `https://app.example.org`.
    public init(allowed: [String]) { self.allowed = Set(allowed.map { $0.lowercased() }) }

    /// The origin to name in the answer; nil for a request that needs none.
    enum Verdict: Equatable {
        case pass
        case share(with: String)
        case refuse
    }

    func judge(_ head: RequestHead) -> Verdict {
        let origins = head.all("Origin")
        guard let origin = origins.first?.lowercased() else { return .pass }
        guard origins.count == 1 else { return .refuse }
        if let host = head.host?.lowercased(), origin == "http://" + host || origin == "https://" + host {
            return .pass
        }
        return allowed.contains(origin) ? .share(with: origins[0]) : .refuse
    }

    /// The route, for those who may.
    public func guarding(_ route: Route) -> Route {
        switch route.handler {
        case .respond(let handle):
            Route(route.method, route.pattern, .respond { shared(await handle($0), $0.head) })
        case .immediate(let handle):
            Route(route.method, route.pattern, .immediate { shared(handle($0), $0.head) })
        case .upgrade(let decide):
            Route(
                route.method, route.pattern,
                .upgrade { request, loop in
                    judge(request.head) == .refuse ? .refuse(Self.refusal) : await decide(request, loop)
                })
        case .exchange:
            route
        }
    }

    /// Pages that may not read the answer get it all the same, as the Fetch standard has it: it is the browser that keeps
    /// it from them.
    private func shared(_ response: HTTPResponse, _ head: RequestHead) -> HTTPResponse {
        guard case .share(let origin) = judge(head) else { return response }
        var response = response
        response.fields += [
            HTTPField(name: "Access-Control-Allow-Origin", value: origin),
            HTTPField(name: "Access-Control-Expose-Headers", value: "Link, Retry-After"),
            HTTPField(name: "Vary", value: "Origin"),
        ]
        return response
    }

    /// Answers to the browser's question before it sends a request with a token or a JSON body (a preflight), one
    /// for each pattern.
    public func preflights(for routes: [Route]) -> [Route] {
        guard !allowed.isEmpty else { return [] }
        var methods: [String: [String]] = [:]
        for route in routes { methods[route.pattern, default: []].append(route.method) }
        return methods.keys.sorted().map { pattern in
            let list = (methods[pattern] ?? []).sorted().joined(separator: ", ")
            return Route(
                "OPTIONS", pattern,
                .immediate { request in
                    var response = HTTPResponse(
                        status: 204, fields: [HTTPField(name: "Allow", value: list + ", OPTIONS")])
                    guard case .share(let origin) = judge(request.head) else { return response }
                    response.fields += [
                        HTTPField(name: "Access-Control-Allow-Origin", value: origin),
                        HTTPField(name: "Access-Control-Allow-Methods", value: list),
                        HTTPField(
                            name: "Access-Control-Allow-Headers",
                            value: "Authorization, Content-Type, Idempotency-Key"),
                        HTTPField(name: "Access-Control-Max-Age", value: "600"),
                        HTTPField(name: "Vary", value: "Origin"),
                    ]
                    return response
                })
        }
    }

    private static let refusal = HTTPResponse(
        status: 403, fields: [HTTPField(name: "Content-Type", value: "application/json")],
        body: Array(#"{"detail":"Pages of this origin may not connect here.","code":"forbidden"}"#.utf8))
}
