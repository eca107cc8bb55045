import ChatHTTP1

/// Finds the handler for a method and a path (pure).
struct Router: Sendable {
    enum Match: Sendable {
        case found(Route.Handler, PathParameters)
        /// The path exists, the method does not: what does, sorted, for `Allow`.
        case wrongMethod(allow: [String])
        /// OPTIONS, which needs no handler.
        case options(allow: [String])
        case notFound
    }

    /// Deeper paths match nothing: no pattern is deeper, and each segment costs a string.
    private static let segmentLimit = 32

    private final class Node: Sendable {
        struct Endpoint: Sendable {
            var names: [String]
            var handler: Route.Handler
        }

        let literals: [String: Node]
        let parameter: Node?
        typealias Endpoints = [String: Endpoint]

        let endpoints: Endpoints

        /// Builds the tree below a point from the routes that reach it.
        init(_ routes: [(segments: ArraySlice<Segment>, route: Route, names: [String])]) {
            var literal: [String: [(segments: ArraySlice<Segment>, route: Route, names: [String])]] = [:]
            var variable: [(segments: ArraySlice<Segment>, route: Route, names: [String])] = []
            var here: [String: Endpoint] = [:]
            for entry in routes {
                switch entry.segments.first {
                case nil: here[entry.route.method] = Endpoint(names: entry.names, handler: entry.route.handler)
                case .literal(let text):
                    literal[text, default: []].append((entry.segments.dropFirst(), entry.route, entry.names))
                case .parameter: variable.append((entry.segments.dropFirst(), entry.route, entry.names))
                }
            }
            literals = literal.mapValues(Node.init)
            parameter = variable.isEmpty ? nil : Node(variable)
            endpoints = here
        }
    }

    private enum Segment: Hashable, Sendable {
        case literal(String)
        case parameter(String)
    }

    private let root: Node
    /// Places without parameters, by their path as it is mostly written.
    private let plain: [String: Node.Endpoints]

    init(_ routes: [Route]) throws(RouteConflict) {
        var seen: Set<[String]> = []
        var entries: [(segments: ArraySlice<Segment>, route: Route, names: [String])] = []
        for route in routes {
            let segments = try Self.segments(of: route)
            let shape = segments.map { segment in
                if case .literal(let text) = segment { text } else { "{}" }
            }
            guard seen.insert([route.method] + shape).inserted else {
                throw RouteConflict(
                    method: route.method, pattern: route.pattern, detail: "another route has this place")
            }
            let names = segments.compactMap { segment in
                if case .parameter(let name) = segment { name } else { nil }
            }
            entries.append((segments[...], route, names))
        }
        root = Node(entries)
        var plain: [String: Node.Endpoints] = [:]
        for route in routes where !route.pattern.contains(where: { "{%".contains($0) }) {
            plain[route.pattern, default: [:]][route.method] = Node.Endpoint(names: [], handler: route.handler)
        }
        self.plain = plain
    }

    func match(method: String, path: String) -> Match {
        // `OPTIONS *` asks about the server as a whole.
        if path == "*" { return .options(allow: ["GET", "HEAD", "OPTIONS"]) }
        if let here = plain[path], let chosen = here[method] { return .found(chosen.handler, PathParameters()) }
        guard let segments = Self.decoded(path) else { return .notFound }
        var values: [String] = []
        guard let endpoints = Self.find(segments[...], root, &values) else { return .notFound }
        let chosen = endpoints[method] ?? (method == "HEAD" ? endpoints["GET"] : nil)
        if let chosen { return .found(chosen.handler, PathParameters(names: chosen.names, values: values)) }
        var allow = Set(endpoints.keys).union(["OPTIONS"])
        if allow.contains("GET") { allow.insert("HEAD") }
        return method == "OPTIONS" ? .options(allow: allow.sorted()) : .wrongMethod(allow: allow.sorted())
    }

    private static func find(
        _ segments: ArraySlice<String>, _ node: Node, _ values: inout [String]
    ) -> [String: Node.Endpoint]? {
        guard let first = segments.first else { return node.endpoints.isEmpty ? nil : node.endpoints }
        if let next = node.literals[first], let found = find(segments.dropFirst(), next, &values) { return found }
        guard let next = node.parameter else { return nil }
        values.append(first)
        if let found = find(segments.dropFirst(), next, &values) { return found }
        values.removeLast()
        return nil
    }

    /// The decoded segments, or nil when one of them could mean something else to somebody else: empty, `.`, `..`, or with a
    /// slash or a control byte that was escaped.
    private static func decoded(_ path: String) -> [String]? {
        guard path.utf8.first == UInt8(ascii: "/") else { return nil }
        if path == "/" { return [] }
        let pieces = path.dropFirst().split(separator: "/", maxSplits: segmentLimit, omittingEmptySubsequences: false)
        guard pieces.count <= segmentLimit else { return nil }
        var segments: [String] = []
        for piece in pieces {
            guard let text = PercentCoding.decode(piece, plusIsSpace: false), !text.isEmpty, text != ".", text != "..",
                text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") })
            else { return nil }
            segments.append(text)
        }
        return segments
    }

    private static func segments(of route: Route) throws(RouteConflict) -> [Segment] {
        func conflict(_ detail: String) -> RouteConflict {
            RouteConflict(method: route.method, pattern: route.pattern, detail: detail)
        }
        guard route.pattern.hasPrefix("/") else { throw conflict("a pattern begins with a slash") }
        guard route.pattern != "/" else { return [] }
        var segments: [Segment] = []
        for piece in route.pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard !piece.isEmpty else { throw conflict("a segment is empty") }
            if piece.hasPrefix("{"), piece.hasSuffix("}"), piece.count > 2 {
                segments.append(.parameter(String(piece.dropFirst().dropLast())))
            } else {
                guard !piece.contains("{"), !piece.contains("}") else { throw conflict("a brace inside a segment") }
                segments.append(.literal(String(piece)))
            }
        }
        return segments
    }
}
