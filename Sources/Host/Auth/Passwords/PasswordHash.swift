import ChatWire

/// A stored password hash in the text form of the Password Hashing Competition:
/// `$scrypt$ln=15,r=8,p=1$salt$hash`, the last two in base64 without padding.
struct PasswordHash: Equatable, Sendable {
    /// In bytes. RFC 7914 leaves both open; 16 random bytes do not repeat, and 32 are the strength of SHA-256.
    static let saltBytes = 16
    static let hashBytes = 32
    /// In bytes; ours have 89.
    static let longestText = 256

    let parameters: ScryptParameters
    let salt: [UInt8]
    let hash: [UInt8]

    init(parameters: ScryptParameters, salt: [UInt8], hash: [UInt8]) {
        self.parameters = parameters
        self.salt = salt
        self.hash = hash
    }

    /// What is hashed against when nobody has the name: the same work, and an answer that no password gives.
    static func nobody(_ parameters: ScryptParameters) -> PasswordHash {
        PasswordHash(
            parameters: parameters, salt: [UInt8](repeating: 0, count: saltBytes),
            hash: [UInt8](repeating: 0, count: hashBytes))
    }

    var text: String {
        func base64(_ bytes: [UInt8]) -> String { String(decoding: Base64.standard.encode(bytes), as: UTF8.self) }
        return "$scrypt$ln=\(parameters.logN),r=\(parameters.r),p=\(parameters.p)$\(base64(salt))$\(base64(hash))"
    }

    /// Nil for any other form, and for a cost past ``ScryptParameters``'s bounds.
    init?(_ text: String) {
        guard text.utf8.count <= Self.longestText else { return nil }
        let fields = text.utf8.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        guard fields.count == 5, fields[0].isEmpty, fields[1].elementsEqual("scrypt".utf8) else { return nil }
        let costs = fields[2].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard costs.count == 3, let logN = Self.cost("ln=", costs[0]), let r = Self.cost("r=", costs[1]),
            let p = Self.cost("p=", costs[2]), let parameters = ScryptParameters(logN: logN, r: r, p: p),
            let salt = Base64.standard.decode(fields[3]), (8...64).contains(salt.count),
            let hash = Base64.standard.decode(fields[4]), (16...64).contains(hash.count)
        else { return nil }
        self.init(parameters: parameters, salt: salt, hash: hash)
    }

    /// A plain number below a thousand after its name.
    private static func cost(_ name: String, _ field: Substring.UTF8View) -> Int? {
        guard field.starts(with: name.utf8) else { return nil }
        let digits = field.dropFirst(name.utf8.count)
        guard (1...3).contains(digits.count) else { return nil }
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value
    }
}
