import COpenSSL

/// One half or both of a key pair, read from PEM. OpenSSL's keys may be used by many threads once they are made.
@safe final class AsymmetricKey: Sendable {
    enum Half {
        case `public`
        case `private`
    }

    let half: Half
    private nonisolated(unsafe) let handle: OpaquePointer

    /// Reads `-----BEGIN PUBLIC KEY-----` (RFC 7468 section 13) or a private key without a pass phrase.
    init(pem: [UInt8], half: Half) throws(KeyProblem) {
        defer { ERR_clear_error() }
        let found: OpaquePointer? = unsafe pem.withUnsafeBufferPointer { pem in
            guard let bio = unsafe BIO_new_mem_buf(pem.baseAddress, Int32(truncatingIfNeeded: pem.count)) else {
                return nil
            }
            defer { unsafe BIO_free(bio) }
            return switch half {
            case .public: unsafe PEM_read_bio_PUBKEY(bio, nil, noPassPhrase, nil)
            case .private: unsafe PEM_read_bio_PrivateKey(bio, nil, noPassPhrase, nil)
            }
        }
        guard let found = unsafe found else {
            throw KeyProblem(
                detail: half == .public
                    ? "is not a PEM public key (\"-----BEGIN PUBLIC KEY-----\")"
                    : "is not a PEM private key without a pass phrase (\"-----BEGIN PRIVATE KEY-----\")")
        }
        unsafe handle = found
        self.half = half
    }

    deinit { unsafe EVP_PKEY_free(handle) }

    /// Whether the key is of this kind: `RSA`, `EC`, `ED25519`.
    func isA(_ kind: String) -> Bool { unsafe EVP_PKEY_is_a(handle, kind) == 1 }

    var bits: Int { Int(unsafe EVP_PKEY_get_bits(handle)) }

    /// The curve's name in OpenSSL, as in `prime256v1`; empty for keys that have none.
    var curve: String {
        var name = [CChar](repeating: 0, count: 64)
        var length = 0
        let found = unsafe name.withUnsafeMutableBufferPointer { name in
            unsafe EVP_PKEY_get_group_name(handle, name.baseAddress, name.count, &length)
        }
        ERR_clear_error()
        guard found == 1, length <= name.count else { return "" }
        return String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The digest a signature is made over; Ed25519 has its own.
    enum Digest {
        case sha256
        case builtIn

        fileprivate var method: OpaquePointer? {
            switch self {
            case .sha256: unsafe EVP_sha256()
            case .builtIn: nil
            }
        }
    }

    /// Whether OpenSSL accepts the signature, in OpenSSL's form (DER for curves).
    func isValid(_ signature: [UInt8], over input: [UInt8], digest: Digest) -> Bool {
        defer { ERR_clear_error() }
        guard let context = DigestContext(),
            unsafe EVP_DigestVerifyInit(context.handle, nil, digest.method, nil, handle) == 1
        else { return false }
        return unsafe EVP_DigestVerify(context.handle, signature, signature.count, input, input.count) == 1
    }

    /// A signature in OpenSSL's form; nil when this is a public half.
    func sign(_ input: [UInt8], digest: Digest) -> [UInt8]? {
        defer { ERR_clear_error() }
        guard half == .private, let context = DigestContext(),
            unsafe EVP_DigestSignInit(context.handle, nil, digest.method, nil, handle) == 1
        else { return nil }
        var length = 0
        guard unsafe EVP_DigestSign(context.handle, nil, &length, input, input.count) == 1 else { return nil }
        var signature = [UInt8](repeating: 0, count: length)
        let made = unsafe signature.withUnsafeMutableBufferPointer { signature in
            unsafe EVP_DigestSign(context.handle, signature.baseAddress, &length, input, input.count)
        }
        guard made == 1, length <= signature.count else { return nil }
        signature.removeLast(signature.count - length)
        return signature
    }
}

/// Without a callback OpenSSL would ask the terminal for a pass phrase.
private func noPassPhrase(
    _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?
) -> Int32 { -1 }

/// One signature's working state.
@safe private struct DigestContext: ~Copyable {
    let handle: OpaquePointer

    init?() {
        guard let made = unsafe EVP_MD_CTX_new() else { return nil }
        unsafe handle = made
    }

    deinit { unsafe EVP_MD_CTX_free(handle) }
}
