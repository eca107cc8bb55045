/// An origin in a config, in the one form in which a browser says it (RFC 6454 section 6.2): `scheme://host`, or
/// `scheme://host:port` where the port is not the scheme's own. Any other would never be met, so it is a mistake.
struct AllowedOrigin: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        text = try value.decode(String.self)
        if let fault = Self.fault(in: text) {
            throw DecodingError.dataCorruptedError(in: value, debugDescription: fault)
        }
    }

    private static let form = "must be an origin without a path, such as https://app.example.org"

    private static func fault(in text: String) -> String? {
        let schemes = [("https://", "443"), ("http://", "80")]
        guard let (scheme, ownPort) = schemes.first(where: { text.hasPrefix($0.0) }) else { return form }
        let rest = text.dropFirst(scheme.count)
        guard !rest.contains("*") else { return "there is no “*” in an origin: name each by itself" }
        guard rest.utf8.allSatisfy({ $0 < 0x80 }) else {
            return "must be in ASCII, as browsers say it: a host name with other letters begins with xn--"
        }
        let (host, port) = split(rest)
        guard isHost(host) else { return form }
        guard let port else { return nil }
        guard port != ownPort else { return "must be without :\(ownPort), which browsers leave out" }
        guard let number = UInt16(port), number > 0, String(number) == port else {
            return "a port is a number from 1 to 65535"
        }
        return nil
    }

    /// The host, an IPv6 address with its brackets, and what is behind the colon after it.
    private static func split(_ text: Substring) -> (host: Substring, port: Substring?) {
        let end = text.hasPrefix("[") ? text.firstIndex(of: "]") ?? text.endIndex : text.startIndex
        guard let colon = text[end...].firstIndex(of: ":") else { return (text, nil) }
        return (text[..<colon], text[colon...].dropFirst())
    }

    private static func isHost(_ host: Substring) -> Bool {
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = host.dropFirst().dropLast()
            return !address.isEmpty && address.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        }
        return !host.isEmpty && host.allSatisfy { $0.isLetter || $0.isNumber || "-._".contains($0) }
    }
}
