/// The opening handshake as the server judges it (RFC 6455 section 4.2): is this request an upgrade that we take?
///
/// Host, request body, origin and credentials are other people's business. Extensions are never negotiated, so `Sec-WebSocket-Extensions`
/// is not even read. The digest is the driver's, because a core imports nothing: SHA-1 of `acceptInput` goes through `acceptValue`.
public enum Handshake {
    public enum Verdict: Sendable, Equatable {
        /// Upgrade. `protocols` are the subprotocols the client offers, in its order of preference.
        case accept(key: String, protocols: [String])
        case refuse(Refusal)
    }

    /// An ordinary response in place of the upgrade.
    public struct Refusal: Error, Sendable, Equatable {
        public var status: Int
        public var detail: String
        /// Header fields that must go with the status.
        public var fields: [Field]

        public init(status: Int, detail: String, fields: [Field] = []) {
            self.status = status
            self.detail = detail
            self.fields = fields
        }
    }

    public struct Field: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Judges a request of HTTP 1.`minorVersion`. `values` answers all values of the fields with a name, which is given in lower case, in the
    /// order of the request and without blanks around them; none if there is no such field.
    public static func judge(method: String, minorVersion: Int, values: (_ name: String) -> [String]) -> Verdict {
        guard method == "GET" else {
            return .refuse(Refusal(status: 405, detail: "a WebSocket begins with GET", fields: [Field("Allow", "GET")]))
        }
        // HTTP/1.0 has no upgrades: there the field must be ignored (RFC 9110 section 7.8).
        guard minorVersion >= 1, lists(values("upgrade"), "websocket"), lists(values("connection"), "upgrade") else {
            return .refuse(upgradeRequired("this is a WebSocket endpoint"))
        }
        guard values("sec-websocket-version") == ["13"] else {
            return .refuse(upgradeRequired("only version 13 of WebSocket is spoken here"))
        }
        let keys = values("sec-websocket-key")
        guard keys.count == 1, let key = keys.first, Base64.isSixteenBytes(key) else {
            return .refuse(bad("Sec-WebSocket-Key must be 16 bytes in base64, once"))
        }
        var protocols: [String] = []
        for element in elements(of: values("sec-websocket-protocol")) {
            guard element.utf8.allSatisfy(isTokenByte) else {
                return .refuse(bad("Sec-WebSocket-Protocol must be a list of tokens"))
            }
            protocols.append(String(element))
        }
        return .accept(key: key, protocols: protocols)
    }

    /// What to take the SHA-1 of for `Sec-WebSocket-Accept` (section 4.2.2).
    public static func acceptInput(key: String) -> [UInt8] {
        Array(key.utf8) + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
    }

    /// The value of `Sec-WebSocket-Accept`, from the 20 bytes of the digest.
    public static func acceptValue(digest: [UInt8]) -> String {
        Base64.encode(digest)
    }

    /// The fields of the 101 response. `chosen` must be one of the protocols the client offered; nil means that none is spoken.
    public static func responseFields(accept: String, protocol chosen: String?) -> [Field] {
        var fields = [
            Field("Upgrade", "websocket"), Field("Connection", "Upgrade"), Field("Sec-WebSocket-Accept", accept),
        ]
        if let chosen { fields.append(Field("Sec-WebSocket-Protocol", chosen)) }
        return fields
    }

    /// 426 must name what to upgrade to (RFC 9110 section 15.5.22), and here the version as well (RFC 6455 section 4.4).
    private static func upgradeRequired(_ detail: String) -> Refusal {
        Refusal(
            status: 426, detail: detail,
            fields: [
                Field("Upgrade", "websocket"), Field("Connection", "Upgrade"), Field("Sec-WebSocket-Version", "13"),
            ])
    }

    private static func bad(_ detail: String) -> Refusal {
        Refusal(status: 400, detail: detail)
    }

    /// `word` is of small letters. Compared by bytes: to `String`, the sign for Kelvin is a k as well.
    static func lists(_ values: [String], _ word: String) -> Bool {
        elements(of: values).contains { $0.utf8.elementsEqual(word.utf8) { $0 | 0x20 == $1 } }
    }

    /// The elements of a comma-separated list over one or several fields; empty ones do not count (RFC 9110 section 5.6.1).
    private static func elements(of values: [String]) -> [String] {
        values.flatMap { value in
            value.utf8.split(separator: UInt8(ascii: ",")).compactMap { element in
                let trimmed = element.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
                return trimmed.isEmpty ? nil : String(decoding: trimmed, as: UTF8.self)
            }
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// `tchar` (RFC 9110 section 5.6.2).
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "^")...UInt8(ascii: "z"), UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"),
            UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "|"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
