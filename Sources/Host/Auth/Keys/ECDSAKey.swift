/// ES256: ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4). Tokens hold `r || s`, 32 bytes each; OpenSSL speaks DER.
struct ECDSAKey: Signer {
    private let key: AsymmetricKey

    init(_ key: AsymmetricKey) throws(KeyProblem) {
        guard key.isA("EC"), key.curve == "prime256v1" else {
            throw KeyProblem(detail: "ES256 takes a key on the curve P-256")
        }
        self.key = key
    }

    func isValid(_ signature: [UInt8], over input: [UInt8]) -> Bool {
        guard let pair = ECDSASignature(raw: signature) else { return false }
        return key.isValid(pair.der, over: input, digest: .sha256)
    }

    func sign(_ input: [UInt8]) -> [UInt8]? {
        key.sign(input, digest: .sha256).flatMap { ECDSASignature(der: $0)?.raw }
    }
}

/// A signature on P-256, in its two spellings.
///
/// ```
/// raw   r (32, big-endian) | s (32)
/// DER   30 len | 02 len r | 02 len s        integers signed, in the fewest bytes (ITU-T X.690 section 8.3)
/// ```
struct ECDSASignature: Equatable {
    /// `r || s`, 64 bytes.
    let raw: [UInt8]

    init?(raw: [UInt8]) {
        guard raw.count == 64 else { return nil }
        self.raw = raw
    }

    init?(der: [UInt8]) {
        var rest = der[...]
        // Both integers take at most 33 bytes, so that every length is one byte.
        guard rest.popFirst() == 0x30, let length = rest.popFirst(), Int(length) == rest.count,
            let r = Self.takeInteger(&rest), let s = Self.takeInteger(&rest), rest.isEmpty
        else { return nil }
        raw = r + s
    }

    var der: [UInt8] {
        let body = Self.integer(raw.prefix(32)) + Self.integer(raw.suffix(32))
        return [0x30, UInt8(truncatingIfNeeded: body.count)] + body
    }

    private static func integer(_ magnitude: ArraySlice<UInt8>) -> [UInt8] {
        var digits = Array(magnitude.drop { $0 == 0 })
        if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
        return [0x02, UInt8(truncatingIfNeeded: digits.count)] + digits
    }

    private static func takeInteger(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard rest.popFirst() == 0x02, let length = rest.popFirst(), Int(length) <= rest.count else { return nil }
        let digits = rest.prefix(Int(length)).drop { $0 == 0 }
        rest = rest.dropFirst(Int(length))
        guard digits.count <= 32 else { return nil }
        return [UInt8](repeating: 0, count: 32 - digits.count) + digits
    }
}
