import COpenSSL

/// HS256, HS384 and HS512 (RFC 7518 section 3.2).
struct HMACKey: Signer {
    /// Shorter secrets are refused: somebody who holds one token tries them all at home.
    static let leastBytes = 16
    /// Shorter secrets are warned of: RFC 7518 asks for a key as long as the digest.
    static let advisedBytes = 32

    private enum Digest {
        case sha256
        case sha384
        case sha512
    }

    private let secret: [UInt8]
    private let digest: Digest

    init(secret: [UInt8], algorithm: TokenAlgorithm) throws(KeyProblem) {
        switch algorithm {
        case .hs256: digest = .sha256
        case .hs384: digest = .sha384
        case .hs512: digest = .sha512
        case .rs256, .es256, .edDSA:
            throw KeyProblem(detail: "\(algorithm.rawValue) takes a key pair, not a secret")
        }
        guard secret.count >= Self.leastBytes else {
            throw KeyProblem(detail: "a secret has at least \(Self.leastBytes) bytes, better \(Self.advisedBytes)")
        }
        // RFC 8725 section 2.1: a public key used as a secret is a secret that everybody knows.
        guard !secret.starts(with: Array("-----BEGIN".utf8)) else {
            throw KeyProblem(detail: "a PEM key is no secret for \(algorithm.rawValue)")
        }
        self.secret = secret
    }

    func sign(_ input: [UInt8]) -> [UInt8]? {
        defer { ERR_clear_error() }
        let method =
            switch digest {
            case .sha256: unsafe EVP_sha256()
            case .sha384: unsafe EVP_sha384()
            case .sha512: unsafe EVP_sha512()
            }
        var code = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        let made = unsafe code.withUnsafeMutableBufferPointer { code in
            unsafe HMAC(
                method, secret, Int32(truncatingIfNeeded: secret.count), input, input.count, code.baseAddress, &length)
                != nil
        }
        guard made, Int(length) <= code.count else { return nil }
        code.removeLast(code.count - Int(length))
        return code
    }

    func isValid(_ signature: [UInt8], over input: [UInt8]) -> Bool {
        guard let expected = sign(input) else { return false }
        return constantTimeEqual(signature, expected)
    }
}

/// Whether two byte strings are the same, in a time that depends on their lengths only.
func constantTimeEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    return unsafe CRYPTO_memcmp(a, b, a.count) == 0
}

/// The same of two texts, eight bytes at a time.
func constantTimeEqual(_ a: String, _ b: String) -> Bool {
    guard a.utf8.count == b.utf8.count else { return false }
    let (a, b) = unsafe (a.utf8.span.bytes, b.utf8.span.bytes)
    var difference: UInt64 = 0
    var at = 0
    // Any bit pattern is a number, and the bounds are those of both.
    while a.byteCount - at >= 8 {
        difference |=
            unsafe a.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
            ^ b.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
        at += 8
    }
    while at < a.byteCount {
        difference |= UInt64(
            unsafe a.unsafeLoad(fromByteOffset: at, as: UInt8.self) ^ b.unsafeLoad(fromByteOffset: at, as: UInt8.self))
        at += 1
    }
    return difference == 0
}
